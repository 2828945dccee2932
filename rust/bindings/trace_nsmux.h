/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of nsmux. The codes are the discriminants of the enumerations of the same names in Rust, which takes them from here.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nsmux

#ifndef NSMUX_CODES
#define NSMUX_CODES
enum nsmux_direction {
	NSMUX_RECEIVE,
	NSMUX_TRANSMIT,
};

enum nsmux_resolved_by {
	NSMUX_BY_SOCKET,
	NSMUX_BY_DEVICE,
	NSMUX_BY_HOOK,
};

enum nsmux_protocol {
	NSMUX_TCP,
	NSMUX_UDP,
	NSMUX_TCP6,
	NSMUX_UDP6,
};

enum nsmux_outcome {
	NSMUX_ESTABLISHED,
	NSMUX_TIME_WAIT,
	NSMUX_REQUEST,
	NSMUX_LISTENER,
	NSMUX_CONNECTED,
	NSMUX_UNCONNECTED,
	NSMUX_AMBIGUOUS,
	NSMUX_MULTIPLE,
	NSMUX_NONE,
};
#endif /* NSMUX_CODES */

#if !defined(TRACE_NSMUX_H) || defined(TRACE_HEADER_MULTI_READ)
#define TRACE_NSMUX_H

#include <linux/tracepoint.h>

TRACE_DEFINE_ENUM(NSMUX_RECEIVE);
TRACE_DEFINE_ENUM(NSMUX_TRANSMIT);
TRACE_DEFINE_ENUM(NSMUX_BY_SOCKET);
TRACE_DEFINE_ENUM(NSMUX_BY_DEVICE);
TRACE_DEFINE_ENUM(NSMUX_BY_HOOK);
TRACE_DEFINE_ENUM(NSMUX_TCP);
TRACE_DEFINE_ENUM(NSMUX_UDP);
TRACE_DEFINE_ENUM(NSMUX_TCP6);
TRACE_DEFINE_ENUM(NSMUX_UDP6);
TRACE_DEFINE_ENUM(NSMUX_ESTABLISHED);
TRACE_DEFINE_ENUM(NSMUX_TIME_WAIT);
TRACE_DEFINE_ENUM(NSMUX_REQUEST);
TRACE_DEFINE_ENUM(NSMUX_LISTENER);
TRACE_DEFINE_ENUM(NSMUX_CONNECTED);
TRACE_DEFINE_ENUM(NSMUX_UNCONNECTED);
TRACE_DEFINE_ENUM(NSMUX_AMBIGUOUS);
TRACE_DEFINE_ENUM(NSMUX_MULTIPLE);
TRACE_DEFINE_ENUM(NSMUX_NONE);

/* One second-level lookup: in which namespace, found how, and what it gave. */
TRACE_EVENT(nsmux_lookup,
	TP_PROTO(u64 netns, u8 direction, u8 by, u8 protocol, u8 outcome, u64 socket, u16 sport, u16 dport),

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
			{ NSMUX_RECEIVE, "receive" },
			{ NSMUX_TRANSMIT, "transmit" }),
		__print_symbolic(__entry->by,
			{ NSMUX_BY_SOCKET, "socket" },
			{ NSMUX_BY_DEVICE, "device" },
			{ NSMUX_BY_HOOK, "hook" }),
		__print_symbolic(__entry->protocol,
			{ NSMUX_TCP, "tcp" },
			{ NSMUX_UDP, "udp" },
			{ NSMUX_TCP6, "tcp6" },
			{ NSMUX_UDP6, "udp6" }),
		__print_symbolic(__entry->outcome,
			{ NSMUX_ESTABLISHED, "established" },
			{ NSMUX_TIME_WAIT, "time-wait" },
			{ NSMUX_REQUEST, "request" },
			{ NSMUX_LISTENER, "listener" },
			{ NSMUX_CONNECTED, "connected" },
			{ NSMUX_UNCONNECTED, "unconnected" },
			{ NSMUX_AMBIGUOUS, "ambiguous" },
			{ NSMUX_MULTIPLE, "multiple" },
			{ NSMUX_NONE, "none" }),
		__entry->socket, __entry->sport, __entry->dport)
);

#endif /* TRACE_NSMUX_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace_nsmux
#include <trace/define_trace.h>
