// SPDX-License-Identifier: GPL-2.0
/*
 * The least that a lookup takes: headers without options, in the linear part,
 * the device's namespace, the kernel's functions, one counter. It does not
 * know what it found, nor how.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/percpu.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/udp.h>

#include "contenders.h"

static DEFINE_PER_CPU(unsigned long, found);

static unsigned int receive4(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct net *net = dev_net_rcu(skb->dev);
	const struct iphdr *header = ip_hdr(skb);
	const struct udphdr *ports = (const void *)(header + 1);
	int dif = skb->dev->ifindex;
	struct sock *sk;

	if (skb_headlen(skb) < sizeof(*header) + sizeof(*ports))
		return NF_ACCEPT;
	if (header->protocol == IPPROTO_UDP) {
		sk = __udp4_lib_lookup(net, header->saddr, ports->source,
				       header->daddr, ports->dest, dif, 0,
				       NULL);
	} else if (header->protocol == IPPROTO_TCP) {
		sk = __inet_lookup_established(net, header->saddr,
					       ports->source, header->daddr,
					       ntohs(ports->dest), dif, 0);
		if (sk)
			sock_gen_put(sk);
		else
			sk = __inet_lookup_listener(net, NULL, 0, header->saddr,
						    ports->source,
						    header->daddr,
						    ntohs(ports->dest), dif, 0);
	} else {
		return NF_ACCEPT;
	}
	if (sk)
		this_cpu_inc(found);
	return NF_ACCEPT;
}

static unsigned int receive6(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct net *net = dev_net_rcu(skb->dev);
	const struct ipv6hdr *header = ipv6_hdr(skb);
	const struct udphdr *ports = (const void *)(header + 1);
	int dif = skb->dev->ifindex;
	struct sock *sk;

	if (skb_headlen(skb) < sizeof(*header) + sizeof(*ports))
		return NF_ACCEPT;
	if (header->nexthdr == IPPROTO_UDP) {
		sk = __udp6_lib_lookup(net, &header->saddr, ports->source,
				       &header->daddr, ports->dest, dif, 0,
				       NULL);
	} else if (header->nexthdr == IPPROTO_TCP) {
		sk = __inet6_lookup_established(net, &header->saddr,
						ports->source, &header->daddr,
						ntohs(ports->dest), dif, 0);
		if (sk)
			sock_gen_put(sk);
		else
			sk = inet6_lookup_listener(net, NULL, 0, &header->saddr,
						   ports->source,
						   &header->daddr,
						   ntohs(ports->dest), dif, 0);
	} else {
		return NF_ACCEPT;
	}
	if (sk)
		this_cpu_inc(found);
	return NF_ACCEPT;
}

static const struct nf_hook_ops ops[] = {
	HOOK(4, IN, receive4), HOOK(6, IN, receive6),
};

const struct contender direct = {
	.name = "direct", .ops = ops, .number = ARRAY_SIZE(ops),
};
