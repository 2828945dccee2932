// SPDX-License-Identifier: GPL-2.0
/*
 * What nsmux does not do: counters that all processors write, each in a cache
 * line of its own.
 */
#include <linux/atomic.h>
#include <linux/cache.h>

#include "contenders.h"

#define COUNTERS	8

static struct {
	atomic_long_t seen;
} ____cacheline_aligned counters[COUNTERS];

static unsigned int count(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	int i;

	for (i = 0; i < COUNTERS; i++)
		atomic_long_inc(&counters[i].seen);
	return NF_ACCEPT;
}

static const struct nf_hook_ops ops[] = {
	HOOK(4, IN, count), HOOK(6, IN, count),
	HOOK(4, OUT, count), HOOK(6, OUT, count),
};

const struct contender shared = {
	.name = "shared", .ops = ops, .number = ARRAY_SIZE(ops),
};
