// SPDX-License-Identifier: GPL-2.0
/* What nsmux does not do: one counter that all processors write. */
#include <linux/atomic.h>

#include "contenders.h"

static atomic_long_t seen;

static unsigned int count(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	atomic_long_inc(&seen);
	return NF_ACCEPT;
}

static const struct nf_hook_ops ops[] = {
	HOOK(4, IN, count), HOOK(6, IN, count),
	HOOK(4, OUT, count), HOOK(6, OUT, count),
};

const struct contender shared = {
	.name = "shared", .ops = ops, .number = ARRAY_SIZE(ops),
};
