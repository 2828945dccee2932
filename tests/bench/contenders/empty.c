// SPDX-License-Identifier: GPL-2.0
/* What netfilter's dispatch costs: hooks that do nothing. */
#include "contenders.h"

static unsigned int accept(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

static const struct nf_hook_ops ops[] = {
	HOOK(4, IN, accept), HOOK(6, IN, accept),
	HOOK(4, OUT, accept), HOOK(6, OUT, accept),
};

const struct contender empty_in = {
	.name = "empty-in", .ops = ops, .number = 2,
};

const struct contender empty_both = {
	.name = "empty-both", .ops = ops, .number = 4,
};
