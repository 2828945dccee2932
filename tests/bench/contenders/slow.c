// SPDX-License-Identifier: GPL-2.0
/* What netfilter has for the purpose: the lookup of its "socket" match. */
#include <linux/percpu.h>
#include <net/inet_hashtables.h>
#include <net/netfilter/nf_socket.h>

#include "contenders.h"

static DEFINE_PER_CPU(unsigned long, found);

static unsigned int count(struct sock *sk)
{
	if (sk) {
		sock_gen_put(sk);
		this_cpu_inc(found);
	}
	return NF_ACCEPT;
}

static unsigned int receive4(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	return count(nf_sk_lookup_slow_v4(state->net, skb, state->in));
}

static unsigned int receive6(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	return count(nf_sk_lookup_slow_v6(state->net, skb, state->in));
}

static const struct nf_hook_ops ops[] = {
	HOOK(4, IN, receive4), HOOK(6, IN, receive6),
};

const struct contender slow = {
	.name = "slow", .ops = ops, .number = ARRAY_SIZE(ops),
};
