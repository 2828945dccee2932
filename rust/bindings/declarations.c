// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel offers only as a C macro or inline function: the tracepoint, the module's
 * parameter and version, delayed work, references and per-CPU accessors. Nothing here is on the
 * path of a packet where rust/net/percpu.rs has an instruction for counting.
 */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "bindings.h"

MODULE_VERSION(NSMUX_VERSION);

static const struct kernel_param_ops nsmux_mode_ops = {
	.set = nsmux_mode_set,
	.get = nsmux_mode_get,
};

module_param_cb(mode, &nsmux_mode_ops, NULL, 0644);
MODULE_PARM_DESC(mode, "off (default), observe, verify or steer: for all namespaces at load, for new ones from then on");

unsigned long rust_helper_percpu_sum(const unsigned long __percpu *counter)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(counter, cpu));
	return sum;
}

void rust_helper_this_cpu_inc(unsigned long __percpu *counter)
{
	this_cpu_inc(*counter);
}

struct net *rust_helper_maybe_get_net(struct net *net)
{
	return maybe_get_net(net);
}

void rust_helper_put_net(struct net *net)
{
	put_net(net);
}

struct hlist_head *rust_helper_raw_bucket(struct raw_hashinfo *table, struct net *net, u32 protocol)
{
	return &table->ht[raw_hashfunc(net, protocol)];
}

u32 rust_helper_ipv6_portaddr_hash(const struct net *net, const struct in6_addr *addr6, u32 port)
{
	return ipv6_portaddr_hash(net, addr6, port);
}

unsigned long rust_helper_nl_table_lock(void)
{
	unsigned long flags;

	read_lock_irqsave(&nl_table_lock, flags);
	return flags;
}

void rust_helper_nl_table_unlock(unsigned long flags)
{
	read_unlock_irqrestore(&nl_table_lock, flags);
}

/* As netlink_lookup(); rust/net/netlink_socket.rs tries whether the key still looks like this. */
struct sock *rust_helper_netlink_find(struct rhashtable *ports, struct net *net, u32 port)
{
	struct { u64 cookie; u32 port; } key = { net->net_cookie, port };

	return rhashtable_lookup(ports, &key, ports->p);
}

bool rust_helper_skb_is_gso(const struct sk_buff *skb)
{
	return skb_is_gso(skb);
}

DECLARE_DELAYED_WORK(periodic_item, nsmux_periodic_work);
DEFINE_IRQ_WORK(periodic_bell, periodic_woken);
