/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of nsmux. The codes are those of the generic netlink family.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nsmux

#if !defined(TRACE_NSMUX_H) || defined(TRACE_HEADER_MULTI_READ)
#define TRACE_NSMUX_H

#include <linux/tracepoint.h>
#include <uapi/linux/nsmux.h>

TRACE_DEFINE_ENUM(NSMUX_DIRECTION_RECEIVE);
TRACE_DEFINE_ENUM(NSMUX_DIRECTION_TRANSMIT);
TRACE_DEFINE_ENUM(NSMUX_RESOLVED_BY_SOCKET);
TRACE_DEFINE_ENUM(NSMUX_RESOLVED_BY_DEVICE);
TRACE_DEFINE_ENUM(NSMUX_RESOLVED_BY_HOOK);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_TCP);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_UDP);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_TCP6);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_UDP6);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_RAW);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_RAW6);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_ERROR);
TRACE_DEFINE_ENUM(NSMUX_PROTOCOL_ERROR6);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_ESTABLISHED);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_TIME_WAIT);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_REQUEST);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_LISTENER);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_CONNECTED);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_UNCONNECTED);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_AMBIGUOUS);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_MULTIPLE);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_FOREIGN);
TRACE_DEFINE_ENUM(NSMUX_OUTCOME_NONE);

/* Whose a packet is: in which namespace, found how, and which socket it has. */
TRACE_EVENT(nsmux_lookup,
	TP_PROTO(u64 netns, u8 direction, u8 by, u8 protocol, u8 outcome, u64 socket,
		 u16 sport, u16 dport),

	TP_ARGS(netns, direction, by, protocol, outcome, socket, sport, dport),

	TP_STRUCT__entry(
		__field(u64, netns)
		__field(u64, socket)
		__field(u16, sport)
		__field(u16, dport)
		__field(u8, direction)
		__field(u8, by)
		__field(u8, protocol)
		__field(u8, outcome)
	),

	TP_fast_assign(
		__entry->netns = netns;
		__entry->socket = socket;
		__entry->sport = sport;
		__entry->dport = dport;
		__entry->direction = direction;
		__entry->by = by;
		__entry->protocol = protocol;
		__entry->outcome = outcome;
	),

	TP_printk("namespace=%llu direction=%s by=%s protocol=%s outcome=%s socket=%llu sport=%u dport=%u",
		__entry->netns,
		__print_symbolic(__entry->direction,
			{ NSMUX_DIRECTION_RECEIVE, "receive" },
			{ NSMUX_DIRECTION_TRANSMIT, "transmit" }),
		__print_symbolic(__entry->by,
			{ NSMUX_RESOLVED_BY_SOCKET, "socket" },
			{ NSMUX_RESOLVED_BY_DEVICE, "device" },
			{ NSMUX_RESOLVED_BY_HOOK, "hook" }),
		__print_symbolic(__entry->protocol,
			{ NSMUX_PROTOCOL_TCP, "tcp" },
			{ NSMUX_PROTOCOL_UDP, "udp" },
			{ NSMUX_PROTOCOL_TCP6, "tcp6" },
			{ NSMUX_PROTOCOL_UDP6, "udp6" },
			{ NSMUX_PROTOCOL_RAW, "raw" },
			{ NSMUX_PROTOCOL_RAW6, "raw6" },
			{ NSMUX_PROTOCOL_ERROR, "error" },
			{ NSMUX_PROTOCOL_ERROR6, "error6" }),
		__print_symbolic(__entry->outcome,
			{ NSMUX_OUTCOME_ESTABLISHED, "established" },
			{ NSMUX_OUTCOME_TIME_WAIT, "time-wait" },
			{ NSMUX_OUTCOME_REQUEST, "request" },
			{ NSMUX_OUTCOME_LISTENER, "listener" },
			{ NSMUX_OUTCOME_CONNECTED, "connected" },
			{ NSMUX_OUTCOME_UNCONNECTED, "unconnected" },
			{ NSMUX_OUTCOME_AMBIGUOUS, "ambiguous" },
			{ NSMUX_OUTCOME_MULTIPLE, "multiple" },
			{ NSMUX_OUTCOME_FOREIGN, "foreign" },
			{ NSMUX_OUTCOME_NONE, "none" }),
		__entry->socket, __entry->sport, __entry->dport)
);

#endif /* TRACE_NSMUX_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace_nsmux
#include <trace/define_trace.h>
