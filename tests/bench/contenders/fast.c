// SPDX-License-Identifier: GPL-2.0
/*
 * What nsmux does in mode observe, with the same counters, written to be fast.
 *
 * Received: if the headers have the common form, a socket that the packet bears
 * is the answer; else the kernel's functions are asked in the namespace of the
 * packet's device. Transmitted: the sender is the answer. A namespace and each
 * of its devices have counters of each processor. What is not usual is only
 * counted: a contender need not be right about what is not sent to it.
 *
 * Each kind of packets has a function of its own, so that none saves registers
 * for another one's sake. They are jumped to, if the compiler does not find out
 * that they always return the same (NOIPA), and need not be traceable.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jump_label.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/ip.h>
#include <net/route.h>
#include <net/udp.h>

#include "contenders.h"

enum protocol { TCP, UDP, TCP6, UDP6, PROTOCOLS };

enum outcome {
	FOUND_ESTABLISHED, FOUND_TIME_WAIT, FOUND_REQUEST, FOUND_LISTENER,
	FOUND_CONNECTED, FOUND_UNCONNECTED, FOUND_AMBIGUOUS, FOUND_MULTIPLE,
	FOUND_FOREIGN, FOUND_NONE, OUTCOMES
};

enum direction { RECEIVE, TRANSMIT, DIRECTIONS };

enum other { UNUSUAL, SPECIAL, EARLY_DEMUX, CHOSEN, OTHERS };

struct counters {
	unsigned long lookups[DIRECTIONS][PROTOCOLS][OUTCOMES];
	unsigned long others[DIRECTIONS][OTHERS];
};

struct device_counters {
	unsigned long lookups[OUTCOMES];
};

#define DEVICES 64

struct account {
	struct counters __percpu *counters;
	struct device_counters __percpu *devices[DEVICES];
};

/* As the tracepoint of nsmux: a no-op instruction. */
static DEFINE_STATIC_KEY_FALSE(traced);

static noinline __cold void trace(enum outcome outcome, const struct sock *sk)
{
	pr_info("outcome %d, socket %p\n", outcome, sk);
}

static notrace NOIPA __cold unsigned int unusual(const struct account *account,
						 enum direction direction,
						 enum other other)
{
	this_cpu_inc(account->counters->others[direction][other]);
	return NF_ACCEPT;
}

static __always_inline void count(const struct account *account,
				  enum direction direction,
				  enum protocol protocol, enum outcome outcome,
				  const struct sock *sk)
{
	this_cpu_inc(account->counters->lookups[direction][protocol][outcome]);
	if (static_branch_unlikely(&traced))
		trace(outcome, sk);
}

/* The namespace's counter, and the device's. */
static __always_inline unsigned int told(const struct account *account,
					 const struct sk_buff *skb,
					 enum protocol protocol,
					 enum outcome outcome,
					 const struct sock *sk)
{
	struct device_counters __percpu *counters;
	unsigned int index = skb->dev->ifindex;

	count(account, RECEIVE, protocol, outcome, sk);
	if (likely(index < DEVICES)) {
		counters = account->devices[index];
		if (likely(counters))
			this_cpu_inc(counters->lookups[outcome]);
	}
	return NF_ACCEPT;
}

/* Whether netfilter says another namespace, or somebody listens to devices. */
static __always_inline bool is_special(const struct net *net,
				       const struct nf_hook_state *state)
{
	return unlikely(net != state->net) ||
	       unlikely(net->packet.sklist.first);
}

static __always_inline enum outcome of_datagram(const struct sock *sk)
{
	if (sk->sk_state == TCP_ESTABLISHED)
		return FOUND_CONNECTED;
	return unlikely(sk->sk_reuseport) ? FOUND_AMBIGUOUS : FOUND_UNCONNECTED;
}

/* inet_sdif() and inet6_sdif(), of a packet that is there. */
static __always_inline int slave4(const struct sk_buff *skb)
{
	return unlikely(ipv4_l3mdev_skb(IPCB(skb)->flags)) ? IPCB(skb)->iif : 0;
}

static __always_inline int slave6(const struct sk_buff *skb)
{
	return unlikely(ipv6_l3mdev_skb(IP6CB(skb)->flags)) ? IP6CB(skb)->iif :
							      0;
}

/* nsmux takes every state of a connection this way; only one is sent. */
static __always_inline unsigned int borne(const struct account *account,
					  const struct sk_buff *skb,
					  const struct net *net, u8 next,
					  enum protocol protocol)
{
	const struct sock *sk = skb->sk;

	if (unlikely(sock_net(sk) != net) ||
	    unlikely(sk->sk_state != TCP_ESTABLISHED) ||
	    unlikely(sk->sk_protocol != next))
		return unusual(account, RECEIVE, CHOSEN);
	this_cpu_inc(account->counters->others[RECEIVE][EARLY_DEMUX]);
	return told(account, skb, protocol,
		    next == IPPROTO_UDP ? FOUND_CONNECTED : FOUND_ESTABLISHED,
		    sk);
}

/* As the headers say, and no more than there is. */
static __always_inline bool is_whole_tcp(const struct tcphdr *tcp,
					 unsigned int payload)
{
	return likely(tcp->doff >= 5) && likely(tcp->doff * 4 <= payload);
}

static __always_inline bool is_whole_udp(const struct udphdr *udp,
					 unsigned int payload)
{
	unsigned int length = ntohs(udp->len);

	return likely(length >= sizeof(*udp)) && likely(length <= payload);
}

static notrace NOIPA unsigned int udp4(const struct account *account,
				       const struct sk_buff *skb,
				       struct net *net,
				       const struct iphdr *header,
				       const struct udphdr *udp)
{
	const struct rtable *rt = skb_rtable(skb);
	struct sock *sk;

	if (unlikely(rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return told(account, skb, UDP, FOUND_MULTIPLE, NULL);
	sk = __udp4_lib_lookup(net, header->saddr, udp->source, header->daddr,
			       udp->dest, rt->rt_iif ?: skb->skb_iif,
			       slave4(skb), NULL);
	if (unlikely(!sk))
		return told(account, skb, UDP, FOUND_NONE, NULL);
	if (unlikely(sock_net(sk) != net))
		return told(account, skb, UDP, FOUND_FOREIGN, NULL);
	return told(account, skb, UDP, of_datagram(sk), sk);
}

static notrace NOIPA unsigned int listener4(const struct account *account,
					    const struct sk_buff *skb,
					    struct net *net,
					    const struct iphdr *header,
					    const struct tcphdr *tcp)
{
	struct sock *sk;

	sk = __inet_lookup_listener(net, NULL, 0, header->saddr, tcp->source,
				    header->daddr, ntohs(tcp->dest),
				    inet_iif(skb), slave4(skb));
	if (!sk)
		return told(account, skb, TCP, FOUND_NONE, NULL);
	if (unlikely(sock_net(sk) != net))
		return told(account, skb, TCP, FOUND_FOREIGN, NULL);
	if (unlikely(sk->sk_reuseport))
		return told(account, skb, TCP, FOUND_AMBIGUOUS, sk);
	return told(account, skb, TCP, FOUND_LISTENER, sk);
}

static notrace NOIPA unsigned int tcp4(const struct account *account,
				       const struct sk_buff *skb,
				       struct net *net,
				       const struct iphdr *header,
				       const struct tcphdr *tcp)
{
	struct sock *sk;

	sk = __inet_lookup_established(net, header->saddr, tcp->source,
				       header->daddr, ntohs(tcp->dest),
				       inet_iif(skb), slave4(skb));
	if (!sk)
		return listener4(account, skb, net, header, tcp);
	if (unlikely(sock_net(sk) != net))
		told(account, skb, TCP, FOUND_FOREIGN, NULL);
	else if (unlikely(sk->sk_state == TCP_TIME_WAIT))
		told(account, skb, TCP, FOUND_TIME_WAIT, sk);
	else if (unlikely(sk->sk_state == TCP_NEW_SYN_RECV))
		told(account, skb, TCP, FOUND_REQUEST, sk);
	else
		told(account, skb, TCP, FOUND_ESTABLISHED, sk);
	sock_gen_put(sk);
	return NF_ACCEPT;
}

static unsigned int receive4(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct net *net = dev_net_rcu(skb->dev);
	const struct iphdr *header = ip_hdr(skb);
	const struct udphdr *udp = (const void *)(header + 1);
	const struct tcphdr *tcp = (const void *)(header + 1);
	unsigned int there = skb_headlen(skb);

	if (is_special(net, state))
		return unusual(priv, RECEIVE, SPECIAL);
	/* Version 4, no options; no fragment. */
	if (unlikely(*(const u8 *)header != 0x45) ||
	    unlikely(header->frag_off & ~htons(IP_DF)))
		return unusual(priv, RECEIVE, UNUSUAL);
	if (header->protocol == IPPROTO_TCP) {
		if (unlikely(there < sizeof(*header) + sizeof(*tcp)) ||
		    !is_whole_tcp(tcp, skb->len - sizeof(*header)) ||
		    unlikely(skb->pkt_type != PACKET_HOST))
			return unusual(priv, RECEIVE, UNUSUAL);
		if (skb->sk)
			return borne(priv, skb, net, IPPROTO_TCP, TCP);
		return tcp4(priv, skb, net, header, tcp);
	}
	if (unlikely(header->protocol != IPPROTO_UDP) ||
	    unlikely(there < sizeof(*header) + sizeof(*udp)) ||
	    !is_whole_udp(udp, skb->len - sizeof(*header)))
		return unusual(priv, RECEIVE, UNUSUAL);
	if (skb->sk)
		return borne(priv, skb, net, IPPROTO_UDP, UDP);
	return udp4(priv, skb, net, header, udp);
}

static notrace NOIPA unsigned int udp6(const struct account *account,
				       const struct sk_buff *skb,
				       struct net *net,
				       const struct ipv6hdr *header,
				       const struct udphdr *udp)
{
	struct sock *sk;

	if (unlikely(ipv6_addr_is_multicast(&header->daddr)))
		return told(account, skb, UDP6, FOUND_MULTIPLE, NULL);
	sk = __udp6_lib_lookup(net, &header->saddr, udp->source, &header->daddr,
			       udp->dest, inet6_iif(skb), slave6(skb),
			       NULL);
	if (unlikely(!sk))
		return told(account, skb, UDP6, FOUND_NONE, NULL);
	if (unlikely(sock_net(sk) != net))
		return told(account, skb, UDP6, FOUND_FOREIGN, NULL);
	return told(account, skb, UDP6, of_datagram(sk), sk);
}

static notrace NOIPA unsigned int listener6(const struct account *account,
					    const struct sk_buff *skb,
					    struct net *net,
					    const struct ipv6hdr *header,
					    const struct tcphdr *tcp)
{
	struct sock *sk;

	sk = inet6_lookup_listener(net, NULL, 0, &header->saddr, tcp->source,
				   &header->daddr, ntohs(tcp->dest),
				   inet6_iif(skb), slave6(skb));
	if (!sk)
		return told(account, skb, TCP6, FOUND_NONE, NULL);
	if (unlikely(sock_net(sk) != net))
		return told(account, skb, TCP6, FOUND_FOREIGN, NULL);
	if (unlikely(sk->sk_reuseport))
		return told(account, skb, TCP6, FOUND_AMBIGUOUS, sk);
	return told(account, skb, TCP6, FOUND_LISTENER, sk);
}

static notrace NOIPA unsigned int tcp6(const struct account *account,
				       const struct sk_buff *skb,
				       struct net *net,
				       const struct ipv6hdr *header,
				       const struct tcphdr *tcp)
{
	struct sock *sk;

	sk = __inet6_lookup_established(net, &header->saddr, tcp->source,
					&header->daddr, ntohs(tcp->dest),
					inet6_iif(skb), slave6(skb));
	if (!sk)
		return listener6(account, skb, net, header, tcp);
	if (unlikely(sock_net(sk) != net))
		told(account, skb, TCP6, FOUND_FOREIGN, NULL);
	else if (unlikely(sk->sk_state == TCP_TIME_WAIT))
		told(account, skb, TCP6, FOUND_TIME_WAIT, sk);
	else if (unlikely(sk->sk_state == TCP_NEW_SYN_RECV))
		told(account, skb, TCP6, FOUND_REQUEST, sk);
	else
		told(account, skb, TCP6, FOUND_ESTABLISHED, sk);
	sock_gen_put(sk);
	return NF_ACCEPT;
}

static unsigned int receive6(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct net *net = dev_net_rcu(skb->dev);
	const struct ipv6hdr *header = ipv6_hdr(skb);
	const struct udphdr *udp = (const void *)(header + 1);
	const struct tcphdr *tcp = (const void *)(header + 1);
	unsigned int there = skb_headlen(skb);

	if (is_special(net, state))
		return unusual(priv, RECEIVE, SPECIAL);
	if (header->nexthdr == IPPROTO_TCP) {
		if (unlikely(there < sizeof(*header) + sizeof(*tcp)) ||
		    !is_whole_tcp(tcp, skb->len - sizeof(*header)) ||
		    unlikely(skb->pkt_type != PACKET_HOST))
			return unusual(priv, RECEIVE, UNUSUAL);
		if (skb->sk)
			return borne(priv, skb, net, IPPROTO_TCP, TCP6);
		return tcp6(priv, skb, net, header, tcp);
	}
	if (unlikely(header->nexthdr != IPPROTO_UDP) ||
	    unlikely(there < sizeof(*header) + sizeof(*udp)) ||
	    !is_whole_udp(udp, skb->len - sizeof(*header)))
		return unusual(priv, RECEIVE, UNUSUAL);
	if (skb->sk)
		return borne(priv, skb, net, IPPROTO_UDP, UDP6);
	return udp6(priv, skb, net, header, udp);
}

static __always_inline unsigned int sent(const struct account *account,
					 const struct nf_hook_state *state,
					 u8 next, enum protocol tcp,
					 enum protocol udp)
{
	const struct sock *sk = state->sk;
	enum outcome outcome;

	if (unlikely(!sk) || unlikely(sock_net(sk) != state->net) ||
	    unlikely(dev_net_rcu(state->out) != state->net) ||
	    unlikely(sk->sk_state == TCP_TIME_WAIT) ||
	    unlikely(sk->sk_state == TCP_NEW_SYN_RECV) ||
	    unlikely(sk->sk_type == SOCK_RAW) ||
	    unlikely(sk->sk_protocol != next))
		return unusual(account, TRANSMIT, UNUSUAL);
	if (next == IPPROTO_TCP) {
		outcome = unlikely(sk->sk_state == TCP_LISTEN) ?
				  FOUND_LISTENER : FOUND_ESTABLISHED;
		count(account, TRANSMIT, tcp, outcome, sk);
	} else {
		outcome = sk->sk_state == TCP_ESTABLISHED ?
				  FOUND_CONNECTED : FOUND_UNCONNECTED;
		count(account, TRANSMIT, udp, outcome, sk);
	}
	return NF_ACCEPT;
}

static unsigned int transmit4(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	return sent(priv, state, ip_hdr(skb)->protocol, TCP, UDP);
}

static unsigned int transmit6(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	return sent(priv, state, ipv6_hdr(skb)->nexthdr, TCP6, UDP6);
}

static void fast_close(void *priv)
{
	struct account *account = priv;
	int index;

	for (index = 0; index < DEVICES; index++)
		free_percpu(account->devices[index]);
	free_percpu(account->counters);
	kfree(account);
}

/* Devices that come later are not counted: this is to be measured only. */
static void *fast_open(struct net *net)
{
	struct account *account = kzalloc(sizeof(*account), GFP_KERNEL);
	int index;

	if (!account)
		return NULL;
	account->counters = alloc_percpu(struct counters);
	if (!account->counters)
		goto failed;
	for (index = 1; index < DEVICES; index++) {
		struct net_device *dev = dev_get_by_index(net, index);

		if (!dev)
			continue;
		account->devices[index] = alloc_percpu(struct device_counters);
		dev_put(dev);
		if (!account->devices[index])
			goto failed;
	}
	return account;
failed:
	fast_close(account);
	return NULL;
}

static const struct nf_hook_ops ops[] = {
	HOOK(4, IN, receive4), HOOK(6, IN, receive6),
	HOOK(4, OUT, transmit4), HOOK(6, OUT, transmit6),
};

const struct contender fast = {
	.name = "fast", .ops = ops, .number = ARRAY_SIZE(ops),
	.open = fast_open, .close = fast_close,
};
