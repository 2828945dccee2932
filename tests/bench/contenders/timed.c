// SPDX-License-Identifier: GPL-2.0
/*
 * How many instructions the kernel's own lookup functions execute for each
 * received packet, giving the reference back included, if no one has found its
 * socket before. The time stamp counter counts instructions in the guest.
 *
 * A call has to put its arguments in place, which is the caller's business: so
 * the same call of a function that does nothing is taken off. An interrupt in
 * there would be taken off as well.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/irqflags.h>
#include <linux/moduleparam.h>
#include <linux/timex.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/udp.h>

#include "contenders.h"

/* User-mode Linux does without; nobody counts there. */
#ifdef CONFIG_UML
#define rdtsc get_cycles
#endif

static unsigned long instructions;
module_param(instructions, ulong, 0600);
MODULE_PARM_DESC(instructions, "what the lookups have taken since this was 0");

#define NOTHING(kind, ...)						\
static NOIPA struct sock *nothing_##kind(__VA_ARGS__)			\
{									\
	barrier();							\
	return NULL;							\
}

NOTHING(udp4, const struct net *net, __be32 saddr, __be16 sport, __be32 daddr,
	__be16 dport, int dif, int sdif, struct sk_buff *skb)
NOTHING(udp6, const struct net *net, const struct in6_addr *saddr, __be16 sport,
	const struct in6_addr *daddr, __be16 dport, int dif, int sdif,
	struct sk_buff *skb)
NOTHING(established4, const struct net *net, const __be32 saddr,
	const __be16 sport, const __be32 daddr, const u16 dport, const int dif,
	const int sdif)
NOTHING(established6, const struct net *net, const struct in6_addr *saddr,
	const __be16 sport, const struct in6_addr *daddr, const u16 dport,
	const int dif, const int sdif)
NOTHING(listener4, const struct net *net, struct sk_buff *skb, int doff,
	const __be32 saddr, const __be16 sport, const __be32 daddr,
	const unsigned short dport, const int dif, const int sdif)
NOTHING(listener6, const struct net *net, struct sk_buff *skb, int doff,
	const struct in6_addr *saddr, const __be16 sport,
	const struct in6_addr *daddr, const unsigned short dport, const int dif,
	const int sdif)

/* Calls both, and adds the difference; gives what the real one has found. */
#define TIMED(real, nothing, ...) ({					\
	unsigned long flags_, begin_, between_, end_;			\
	struct sock *found_;						\
									\
	local_irq_save(flags_);						\
	begin_ = rdtsc();						\
	barrier();							\
	nothing(__VA_ARGS__);						\
	barrier();							\
	between_ = rdtsc();						\
	barrier();							\
	found_ = real(__VA_ARGS__);					\
	barrier();							\
	end_ = rdtsc();							\
	local_irq_restore(flags_);					\
	instructions += (end_ - between_) - (between_ - begin_);	\
	found_;								\
})

static NOIPA void nothing_put(struct sock *sk)
{
	barrier();
}

static void put(struct sock *sk)
{
	unsigned long flags, begin, between;

	local_irq_save(flags);
	begin = rdtsc();
	barrier();
	nothing_put(sk);
	barrier();
	between = rdtsc();
	barrier();
	sock_gen_put(sk);
	barrier();
	instructions += (rdtsc() - between) - (between - begin);
	local_irq_restore(flags);
}

static unsigned int receive4(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct net *net = dev_net_rcu(skb->dev);
	const struct iphdr *header = ip_hdr(skb);
	const struct udphdr *ports = (const void *)(header + 1);
	const __be32 saddr = header->saddr, daddr = header->daddr;
	const __be16 sport = ports->source, dport = ports->dest;
	const u16 number = ntohs(dport);
	const int dif = skb->dev->ifindex;
	struct sock *sk;

	if (skb->sk)
		return NF_ACCEPT;
	if (header->protocol == IPPROTO_UDP) {
		TIMED(__udp4_lib_lookup, nothing_udp4, net, saddr, sport, daddr,
		      dport, dif, 0, NULL);
	} else if (header->protocol == IPPROTO_TCP) {
		sk = TIMED(__inet_lookup_established, nothing_established4,
			   net, saddr, sport, daddr, number, dif, 0);
		if (sk)
			put(sk);
		else
			TIMED(__inet_lookup_listener, nothing_listener4, net,
			      NULL, 0, saddr, sport, daddr, number, dif, 0);
	}
	return NF_ACCEPT;
}

static unsigned int receive6(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct net *net = dev_net_rcu(skb->dev);
	const struct ipv6hdr *header = ipv6_hdr(skb);
	const struct udphdr *ports = (const void *)(header + 1);
	const struct in6_addr *saddr = &header->saddr, *daddr = &header->daddr;
	const __be16 sport = ports->source, dport = ports->dest;
	const u16 number = ntohs(dport);
	const int dif = skb->dev->ifindex;
	struct sock *sk;

	if (skb->sk)
		return NF_ACCEPT;
	if (header->nexthdr == IPPROTO_UDP) {
		TIMED(__udp6_lib_lookup, nothing_udp6, net, saddr, sport, daddr,
		      dport, dif, 0, NULL);
	} else if (header->nexthdr == IPPROTO_TCP) {
		sk = TIMED(__inet6_lookup_established, nothing_established6,
			   net, saddr, sport, daddr, number, dif, 0);
		if (sk)
			put(sk);
		else
			TIMED(inet6_lookup_listener, nothing_listener6, net,
			      NULL, 0, saddr, sport, daddr, number, dif, 0);
	}
	return NF_ACCEPT;
}

static const struct nf_hook_ops ops[] = {
	HOOK(4, IN, receive4), HOOK(6, IN, receive6),
};

const struct contender timed = {
	.name = "timed", .ops = ops, .number = ARRAY_SIZE(ops),
};
