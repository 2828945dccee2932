/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nsmux.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _UAPI_LINUX_NSMUX_H
#define _UAPI_LINUX_NSMUX_H

#define NSMUX_FAMILY_NAME	"nsmux"
#define NSMUX_FAMILY_VERSION	1

/**
 * enum nsmux_mode - What nsmux does in a namespace.
 * @NSMUX_MODE_OFF: Nothing.
 * @NSMUX_MODE_OBSERVE: Look every packet up, and count what was found.
 * @NSMUX_MODE_VERIFY: The same, and compare with what the kernel has found
 *   itself.
 * @NSMUX_MODE_STEER: Hand the socket that was found to the stack, which then
 *   looks for none.
 */
enum nsmux_mode {
	NSMUX_MODE_OFF,
	NSMUX_MODE_OBSERVE,
	NSMUX_MODE_VERIFY,
	NSMUX_MODE_STEER,
};

enum nsmux_direction {
	NSMUX_DIRECTION_RECEIVE,
	NSMUX_DIRECTION_TRANSMIT,
	NSMUX_DIRECTION_ARP_RECEIVE,
	NSMUX_DIRECTION_ARP_TRANSMIT,
};

/**
 * enum nsmux_dispute - Which answer of the kernel's differs from what was
 *   found.
 * @NSMUX_DISPUTE_EARLY_DEMUX: The socket that a received packet bore already.
 * @NSMUX_DISPUTE_SENDER: The TCP connection that transmits the packet.
 */
enum nsmux_dispute {
	NSMUX_DISPUTE_EARLY_DEMUX,
	NSMUX_DISPUTE_SENDER,
};

/*
 * Where the namespace of a packet was read.
 */
enum nsmux_resolved_by {
	NSMUX_RESOLVED_BY_SOCKET,
	NSMUX_RESOLVED_BY_DEVICE,
	NSMUX_RESOLVED_BY_HOOK,
};

/**
 * enum nsmux_table - A table that a key can be looked up in.
 * @NSMUX_TABLE_TCP: Connections, and if there is none, listeners. Without a
 *   remote address only listeners, and if there is none, sockets that are only
 *   bound.
 * @NSMUX_TABLE_UDP: Sockets with a peer and without.
 * @NSMUX_TABLE_RAW: Raw sockets of a protocol over IP; all that match get a
 *   packet.
 * @NSMUX_TABLE_PACKET: Packet sockets; all that listen on a device get its
 *   packets.
 * @NSMUX_TABLE_UNIX: Local sockets, by the name that they were bound to.
 * @NSMUX_TABLE_NETLINK: Netlink sockets, by a group that they are a member of,
 *   or by port. Without both, which groups of the protocol have members.
 * @NSMUX_TABLE_VSOCK: Sockets between virtual machines and their hosts.
 * @NSMUX_TABLE_NETDEV: Network devices, by index or by name.
 * @NSMUX_TABLE_PID: Processes of a PID namespace, by their number in it.
 * @NSMUX_TABLE_SCTP: Associations, and if there is none, sockets that wait for
 *   one. Without a remote address only the latter.
 * @NSMUX_TABLE_MPTCP: Connections, by the ends of their first subflow. Without
 *   a remote address all that have the local end.
 */
enum nsmux_table {
	NSMUX_TABLE_TCP,
	NSMUX_TABLE_UDP,
	NSMUX_TABLE_RAW,
	NSMUX_TABLE_PACKET,
	NSMUX_TABLE_UNIX,
	NSMUX_TABLE_NETLINK,
	NSMUX_TABLE_VSOCK,
	NSMUX_TABLE_NETDEV,
	NSMUX_TABLE_PID,
	NSMUX_TABLE_SCTP,
	NSMUX_TABLE_MPTCP,
};

/*
 * A table, and the family of the packets that are looked up in it; error is
 * what an error of ICMP quotes.
 */
enum nsmux_protocol {
	NSMUX_PROTOCOL_TCP,
	NSMUX_PROTOCOL_UDP,
	NSMUX_PROTOCOL_TCP6,
	NSMUX_PROTOCOL_UDP6,
	NSMUX_PROTOCOL_RAW,
	NSMUX_PROTOCOL_RAW6,
	NSMUX_PROTOCOL_ERROR,
	NSMUX_PROTOCOL_ERROR6,
};

/**
 * enum nsmux_outcome - What a lookup found.
 * @NSMUX_OUTCOME_ESTABLISHED: A socket with a connection of TCP or MPTCP, in
 *   whatever state it is, or with an association of SCTP.
 * @NSMUX_OUTCOME_TIME_WAIT: A TCP connection in TIME_WAIT.
 * @NSMUX_OUTCOME_REQUEST: A TCP connection that is being asked for.
 * @NSMUX_OUTCOME_LISTENER: A listener of TCP or SCTP.
 * @NSMUX_OUTCOME_CONNECTED: A UDP socket with a peer.
 * @NSMUX_OUTCOME_UNCONNECTED: A UDP socket without a peer.
 * @NSMUX_OUTCOME_AMBIGUOUS: One of a reuseport group; which one gets a packet
 *   is decided with the packet at hand.
 * @NSMUX_OUTCOME_MULTIPLE: Any number of sockets: the packet is for a group or
 *   for all, or several match what was asked.
 * @NSMUX_OUTCOME_FOREIGN: A socket of another namespace, which a BPF program
 *   chose.
 * @NSMUX_OUTCOME_NONE: Nothing.
 * @NSMUX_OUTCOME_MEMBER: A netlink socket that is a member of the group, or of
 *   any, or has the port.
 * @NSMUX_OUTCOME_DEVICE: A network device.
 * @NSMUX_OUTCOME_PROCESS: A process.
 * @NSMUX_OUTCOME_BOUND: A TCP socket that is bound and neither listens nor is
 *   connected: nobody sends to it, but it holds the port.
 */
enum nsmux_outcome {
	NSMUX_OUTCOME_ESTABLISHED,
	NSMUX_OUTCOME_TIME_WAIT,
	NSMUX_OUTCOME_REQUEST,
	NSMUX_OUTCOME_LISTENER,
	NSMUX_OUTCOME_CONNECTED,
	NSMUX_OUTCOME_UNCONNECTED,
	NSMUX_OUTCOME_AMBIGUOUS,
	NSMUX_OUTCOME_MULTIPLE,
	NSMUX_OUTCOME_FOREIGN,
	NSMUX_OUTCOME_NONE,
	NSMUX_OUTCOME_MEMBER,
	NSMUX_OUTCOME_DEVICE,
	NSMUX_OUTCOME_PROCESS,
	NSMUX_OUTCOME_BOUND,
};

enum {
	NSMUX_A_NETNS_FD = 1,
	NSMUX_A_NETNS_PID,
	NSMUX_A_NETNS_NSID,
	NSMUX_A_NETNS_COOKIE,

	__NSMUX_A_NETNS_MAX,
	NSMUX_A_NETNS_MAX = (__NSMUX_A_NETNS_MAX - 1)
};

enum {
	NSMUX_A_LOOKUP_NETNS = 1,
	NSMUX_A_LOOKUP_TABLE,
	NSMUX_A_LOOKUP_LOCAL_ADDRESS,
	NSMUX_A_LOOKUP_LOCAL_PORT,
	NSMUX_A_LOOKUP_REMOTE_ADDRESS,
	NSMUX_A_LOOKUP_REMOTE_PORT,
	NSMUX_A_LOOKUP_DEVICE,
	NSMUX_A_LOOKUP_SLAVE,
	NSMUX_A_LOOKUP_OUTCOME,
	NSMUX_A_LOOKUP_SOCKET,
	NSMUX_A_LOOKUP_NETNS_COOKIE,
	NSMUX_A_LOOKUP_NETNS_INODE,
	NSMUX_A_LOOKUP_NAME,
	NSMUX_A_LOOKUP_PROTOCOL,
	NSMUX_A_LOOKUP_GROUP,
	NSMUX_A_LOOKUP_PORT_ID,
	NSMUX_A_LOOKUP_LOCAL_CID,
	NSMUX_A_LOOKUP_LOCAL_VSOCK_PORT,
	NSMUX_A_LOOKUP_REMOTE_CID,
	NSMUX_A_LOOKUP_REMOTE_VSOCK_PORT,
	NSMUX_A_LOOKUP_NUMBER,
	NSMUX_A_LOOKUP_PIDNS,
	NSMUX_A_LOOKUP_SOCKETS,
	NSMUX_A_LOOKUP_INTERFACE,
	NSMUX_A_LOOKUP_PROCESS,
	NSMUX_A_LOOKUP_COOKIE,
	NSMUX_A_LOOKUP_MEMBER_GROUP,
	NSMUX_A_LOOKUP_DEVICE_NAME,

	__NSMUX_A_LOOKUP_MAX,
	NSMUX_A_LOOKUP_MAX = (__NSMUX_A_LOOKUP_MAX - 1)
};

enum {
	NSMUX_A_INTERFACE_INDEX = 1,
	NSMUX_A_INTERFACE_NAME,
	NSMUX_A_INTERFACE_MASTER,

	__NSMUX_A_INTERFACE_MAX,
	NSMUX_A_INTERFACE_MAX = (__NSMUX_A_INTERFACE_MAX - 1)
};

enum {
	NSMUX_A_PROCESS_NUMBER = 1,
	NSMUX_A_PROCESS_OWN_NUMBER,
	NSMUX_A_PROCESS_PIDNS_INODE,
	NSMUX_A_PROCESS_COMMAND,

	__NSMUX_A_PROCESS_MAX,
	NSMUX_A_PROCESS_MAX = (__NSMUX_A_PROCESS_MAX - 1)
};

enum {
	NSMUX_A_SOCKET_COOKIE = 1,
	NSMUX_A_SOCKET_FAMILY,
	NSMUX_A_SOCKET_LOCAL_ADDRESS,
	NSMUX_A_SOCKET_LOCAL_PORT,
	NSMUX_A_SOCKET_REMOTE_ADDRESS,
	NSMUX_A_SOCKET_REMOTE_PORT,
	NSMUX_A_SOCKET_DEVICE,
	NSMUX_A_SOCKET_INODE,
	NSMUX_A_SOCKET_UID,
	NSMUX_A_SOCKET_MARK,
	NSMUX_A_SOCKET_KIND,
	NSMUX_A_SOCKET_NETNS_COOKIE,
	NSMUX_A_SOCKET_TYPE,
	NSMUX_A_SOCKET_PROTOCOL,
	NSMUX_A_SOCKET_NAME,
	NSMUX_A_SOCKET_PORT_ID,
	NSMUX_A_SOCKET_LOCAL_CID,
	NSMUX_A_SOCKET_LOCAL_VSOCK_PORT,
	NSMUX_A_SOCKET_REMOTE_CID,
	NSMUX_A_SOCKET_REMOTE_VSOCK_PORT,
	NSMUX_A_SOCKET_DEVICE_NAME,

	__NSMUX_A_SOCKET_MAX,
	NSMUX_A_SOCKET_MAX = (__NSMUX_A_SOCKET_MAX - 1)
};

enum {
	NSMUX_A_NAMESPACE_NETNS = 1,
	NSMUX_A_NAMESPACE_COOKIE,
	NSMUX_A_NAMESPACE_INODE,
	NSMUX_A_NAMESPACE_NSID,
	NSMUX_A_NAMESPACE_MODE,
	NSMUX_A_NAMESPACE_DEVICES,
	NSMUX_A_NAMESPACE_TABLE,
	NSMUX_A_NAMESPACE_COUNTERS,

	__NSMUX_A_NAMESPACE_MAX,
	NSMUX_A_NAMESPACE_MAX = (__NSMUX_A_NAMESPACE_MAX - 1)
};

enum {
	NSMUX_A_TABLE_TABLE = 1,
	NSMUX_A_TABLE_PRIVATE,
	NSMUX_A_TABLE_SIZE,
	NSMUX_A_TABLE_SOCKETS,
	NSMUX_A_TABLE_WALKED,
	NSMUX_A_TABLE_USED,
	NSMUX_A_TABLE_ENTRIES,
	NSMUX_A_TABLE_OWN,
	NSMUX_A_TABLE_LONGEST,

	__NSMUX_A_TABLE_MAX,
	NSMUX_A_TABLE_MAX = (__NSMUX_A_TABLE_MAX - 1)
};

enum {
	NSMUX_A_COUNTERS_DIRECTION = 1,
	NSMUX_A_COUNTERS_BY_SOCKET,
	NSMUX_A_COUNTERS_BY_DEVICE,
	NSMUX_A_COUNTERS_BY_HOOK,
	NSMUX_A_COUNTERS_DISAGREE,
	NSMUX_A_COUNTERS_UNPARSED,
	NSMUX_A_COUNTERS_FRAGMENT,
	NSMUX_A_COUNTERS_NO_TABLE,
	NSMUX_A_COUNTERS_LOOKUPS,
	NSMUX_A_COUNTERS_TAPPED,
	NSMUX_A_COUNTERS_STEERED,
	NSMUX_A_COUNTERS_EARLY_DEMUX,
	NSMUX_A_COUNTERS_LEFT_KIND,
	NSMUX_A_COUNTERS_LEFT_DEVICE,
	NSMUX_A_COUNTERS_DISPUTE_EARLY_DEMUX,
	NSMUX_A_COUNTERS_DISPUTE_SENDER,
	NSMUX_A_COUNTERS_LEFT_FORM,
	NSMUX_A_COUNTERS_ROUTED,
	NSMUX_A_COUNTERS_DROPPED,
	NSMUX_A_COUNTERS_CHOSEN,
	NSMUX_A_COUNTERS_TWIN,

	__NSMUX_A_COUNTERS_MAX,
	NSMUX_A_COUNTERS_MAX = (__NSMUX_A_COUNTERS_MAX - 1)
};

enum {
	NSMUX_A_LOOKUPS_PROTOCOL = 1,
	NSMUX_A_LOOKUPS_OUTCOME,
	NSMUX_A_LOOKUPS_PACKETS,

	__NSMUX_A_LOOKUPS_MAX,
	NSMUX_A_LOOKUPS_MAX = (__NSMUX_A_LOOKUPS_MAX - 1)
};

enum {
	NSMUX_A_MISS_NETNS_COOKIE = 1,
	NSMUX_A_MISS_PROTOCOL,
	NSMUX_A_MISS_LOCAL_ADDRESS,
	NSMUX_A_MISS_LOCAL_PORT,
	NSMUX_A_MISS_REMOTE_ADDRESS,
	NSMUX_A_MISS_REMOTE_PORT,
	NSMUX_A_MISS_DEVICE,
	NSMUX_A_MISS_COUNT,
	NSMUX_A_MISS_DEVICE_NAME,

	__NSMUX_A_MISS_MAX,
	NSMUX_A_MISS_MAX = (__NSMUX_A_MISS_MAX - 1)
};

enum {
	NSMUX_CMD_LOOKUP = 1,
	NSMUX_CMD_NAMESPACE_GET,
	NSMUX_CMD_MODE_SET,
	NSMUX_CMD_COUNTERS_RESET,
	NSMUX_CMD_NAMESPACE_MODE_NTF,
	NSMUX_CMD_MISS_NTF,
	NSMUX_CMD_SOCKET_GET,

	__NSMUX_CMD_MAX,
	NSMUX_CMD_MAX = (__NSMUX_CMD_MAX - 1)
};

#define NSMUX_MCGRP_MISS	"miss"
#define NSMUX_MCGRP_NAMESPACE	"namespace"

#endif /* _UAPI_LINUX_NSMUX_H */
