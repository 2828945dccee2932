/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one header from which bindgen makes the bindings; bindings.txt names the items that are
 * taken from it.
 */
#include <linux/ipv6.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/nstree.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file_net.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/sock_diag.h>
#include <linux/sysctl.h>
#include <linux/utsname.h>
#include <linux/vm_sockets.h>
#include <linux/workqueue.h>
#include <generated/utsrelease.h>
#include <net/af_unix.h>
#include <net/af_vsock.h>
#include <net/genetlink.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/inet_timewait_sock.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/raw.h>
#include <net/rawv6.h>
#include <net/request_sock.h>
#include <net/route.h>
#include <net/sctp/sctp.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <net/transp_v6.h>
#include <net/udp.h>

/* Not for modules, but nowhere else is said how these tables and their entries are laid out. */
#include <net/mptcp/protocol.h>
#include <net/netlink/af_netlink.h>
#include <net/packet/internal.h>
#include <net/unix/af_unix.h>

/* rust/net/sctp.rs takes the link of an address for the address, */
static_assert(offsetof(struct sctp_sockaddr_entry, list) == 0);
/* as rust/net/mptcp.rs takes a connection for its socket, and rust/net/vsock.rs a socket. */
static_assert(offsetof(struct mptcp_sock, sk) == 0);
static_assert(offsetof(struct vsock_sock, sk) == 0);

/* For the types alone: functions that are found by name are called as their prototypes say. */
struct module_functions {
	typeof(sctp_for_each_endpoint) *sctp_for_each_endpoint;
	typeof(sctp_transport_lookup_process) *sctp_transport_lookup_process;
	typeof(vsock_find_bound_socket_net) *vsock_find_bound_socket_net;
	typeof(vsock_find_connected_socket_net) *vsock_find_connected_socket_net;
	typeof(mptcp_token_iter_next) *mptcp_token_iter_next;
};

#include "netlink.h"
#include "trace_nsmux.h"

/* What bindgen does not evaluate, or does not see into. */
enum {
	RUST_CONST_IPSKB_L3SLAVE = IPSKB_L3SLAVE,
	RUST_CONST_GENL_HDRLEN = GENL_HDRLEN,
	RUST_CONST_RAW_BUCKETS = RAW_HTABLE_SIZE,
	RUST_CONST_UNIX_BUCKETS = UNIX_HASH_SIZE,
	RUST_CONST_VMADDR_CID_ANY = VMADDR_CID_ANY,
	RUST_CONST_SK_NODE = offsetof(struct sock, __sk_common.skc_node),
	RUST_CONST_SK_PORTADDR_NODE = offsetof(struct sock, __sk_common.skc_portaddr_node),
	RUST_CONST_SK_BIND_NODE = offsetof(struct sock, __sk_common.skc_bind_node),
	RUST_CONST_PROTO_SOCKETS = offsetof(struct proto, sockets_allocated),
	RUST_CONST_TENTH = HZ / 10,
	RUST_CONST_WORK_ANYWHERE = WORK_CPU_UNBOUND,
	RUST_CONST_NET_TREE_NODE = offsetof(struct net, ns.ns_tree_node.ns_node),
	RUST_CONST_NET_LIST_ENTRY = offsetof(struct net, ns.ns_tree_node.ns_list_entry),
};

/* Defined in declarations.c, for Rust: inline functions that are more than the read of a field. */
unsigned long rust_helper_percpu_sum(const unsigned long __percpu *counter);
void rust_helper_this_cpu_inc(unsigned long __percpu *counter);
struct net *rust_helper_maybe_get_net(struct net *net);
void rust_helper_put_net(struct net *net);
bool rust_helper_skb_is_gso(const struct sk_buff *skb);
struct hlist_head *rust_helper_raw_bucket(struct raw_hashinfo *table, struct net *net, u32 proto);
struct sock *rust_helper_netlink_find(struct rhashtable *ports, struct net *net, u32 port);
u32 rust_helper_ipv6_portaddr_hash(const struct net *net, const struct in6_addr *addr6, u32 port);
unsigned long rust_helper_nl_table_lock(void);
void rust_helper_nl_table_unlock(unsigned long flags);
extern struct delayed_work periodic_item;
extern struct irq_work periodic_bell;

/* Defined in Rust, for declarations.c: uapi/parameter.rs, uapi/netlink/event.rs, periodic.rs. */
int nsmux_mode_set(const char *value, const struct kernel_param *parameter);
int nsmux_mode_get(char *page, const struct kernel_param *parameter);
void nsmux_periodic_work(struct work_struct *work);
void periodic_woken(struct irq_work *work);
