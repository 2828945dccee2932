# SPDX-License-Identifier: GPL-2.0
"""The states of TCP sockets, as /proc/net/tcp and tcp6 tell them."""

(ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE,
 CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING) = range(1, 12)


def states(namespace):
    """Maps (local port, remote port) to the state of that socket."""
    found = {}
    with namespace.enter():
        for name in ("tcp", "tcp6"):
            with open(f"/proc/thread-self/net/{name}",
                      encoding="ascii") as file:
                next(file)
                for _, local, remote, state, *_ in map(str.split, file):
                    ports = (int(end.rpartition(":")[2], 16)
                             for end in (local, remote))
                    found[tuple(ports)] = int(state, 16)
    return found
