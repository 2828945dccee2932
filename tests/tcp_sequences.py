#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What TCP does when its peer does not behave as usual: segment by segment,
with the socket that each is for or from, in every mode that looks.

The far end is played through a tun device. What the stack answers is checked
in each sequence, so it shows that the mux was in nobody's way, too.
"""

import contextlib
import errno
import itertools
import socket

from lib import program, status, tcp_table
from lib.identity import socket_cookie
from lib.lifetime import wait_until
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.packet import ACK, FIN, PSH, RST, SYN, URG
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

PORT, PEER_PORT = 80, 40000
IN, OUT = "receive", "transmit"
# Of linux/tcp.h.
TCP_FASTOPEN = 23
# Servers take data with the first segment, and want no cookie (net/tcp.h); and
# what is out of place is answered each time.
SETTINGS = {"tcp_fastopen": 0x202, "tcp_invalid_ratelimit": 0}


class Play:
    """A namespace, the far end of one connection, and what was seen of it."""

    def __init__(self, observed, family, port):
        self.observed, self.family, self.port = observed, family, port
        self.peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                            port)

    def listener(self):
        """A server."""
        return self.observed.namespace.listener(NEAR[self.family], self.port,
                                                self.family)

    @contextlib.contextmanager
    def served(self):
        """A server, and a connection that it has accepted. What was seen until
        then is forgotten."""
        with self.listener() as server:
            self.peer.connect()
            with server.accept()[0] as child:
                self.observed.trace.clear()
                yield child

    @contextlib.contextmanager
    def calling(self):
        """A client, whose first segment the peer has got."""
        with self.observed.namespace.open_socket(
                self.family, socket.SOCK_STREAM) as sock:
            sock.bind((NEAR[self.family], self.port))
            sock.setblocking(False)
            sock.connect_ex((FAR[self.family], PEER_PORT))
            self.peer.receive(SYN)
            yield sock

    def state(self):
        """That of the connection, as the kernel tells it; None without one."""
        found = tcp_table.states(self.observed.namespace)
        return found.get((self.port, PEER_PORT))

    def reach(self, state):
        """Wait until it is that."""
        wait_until(lambda: self.state() == state, f"state {state} is reached")

    def request(self):
        """The cookie of the request that was seen."""
        return self.observed.trace.lookups(outcome="request")[0].socket

    def seen(self, directions):
        """Direction, outcome and socket of each segment of this connection.
        What the near end has sent again, because the peer took its time, is
        there once."""
        return [step for step, _ in itertools.groupby(
            (lookup.direction, lookup.outcome, lookup.socket)
            for lookup in self.observed.trace.lookups()
            if self.port in (lookup.sport, lookup.dport)
            and lookup.direction in directions)]

    def check(self, *steps, directions=(IN, OUT)):
        """These were seen, and nothing else; nothing was disputed."""
        wait_until(lambda: len(self.seen(directions)) >= len(steps),
                   "all are seen")
        now = status.read(self.observed.namespace)
        ksft_eq(self.seen(directions), list(steps), now.mode)
        for key in ((IN, "demux-other"), (OUT, "sender-other"),
                    (IN, "disagree"), (OUT, "disagree")):
            ksft_eq(now.counts[key], 0, key)
        status.check_sums(now)


def syn_again(play):
    """The same first segment twice: the second is for the request."""
    with play.listener() as server:
        play.peer.half_open()
        play.peer.sequence -= 1
        play.peer.half_open()
        play.peer.send(ACK)
        with server.accept()[0] as child:
            asked = socket_cookie(child)
            play.check((IN, "listener", socket_cookie(server)),
                       (OUT, "request", asked), (IN, "request", asked),
                       (OUT, "request", asked), (IN, "request", asked))


def simultaneous_open(play):
    """Both call each other."""
    with play.calling() as sock:
        play.peer.send(SYN)
        play.peer.receive(SYN | ACK)
        ksft_eq(play.state(), tcp_table.SYN_RECV)
        play.peer.send(ACK)
        play.reach(tcp_table.ESTABLISHED)
        own = "established", socket_cookie(sock)
        play.check((OUT, *own), (IN, *own), (OUT, *own), (IN, *own))


def time_wait_again(play):
    """A new connection with the ends of one that is in TIME_WAIT."""
    with play.listener() as server:
        play.peer.connect()
        child = server.accept()[0]
        closed = socket_cookie(child)
        child.close()
        play.peer.close_after_near_end()
        play.reach(tcp_table.TIME_WAIT)
        play.observed.trace.clear()
        play.peer.sequence += 100000
        play.peer.half_open()
        play.peer.send(ACK)
        with server.accept()[0] as child:
            asked = socket_cookie(child)
            play.check((IN, "time-wait", closed), (OUT, "request", asked),
                       (IN, "request", asked))


def challenge(play):
    """A SYN in the middle, and a reset that is not exactly where it should be:
    the near end asks whether that was meant, and nothing ends."""
    with play.served() as child:
        for flags, away in ((SYN, 0), (RST, 100)):
            before = play.peer.sequence
            play.peer.sequence += away
            play.peer.send(flags)
            play.peer.sequence = before
            play.peer.receive(ACK)
        play.peer.send_data(b"still here")
        ksft_eq(child.recv(100), b"still here")
        own = "established", socket_cookie(child)
        play.check(*[(IN, *own), (OUT, *own)] * 3)


def fast_open(play):
    """Data with the first segment: the child is there before the handshake is
    over, and it is the child that answers."""
    with play.listener() as server:
        server.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
        play.peer.send(SYN, b"question")
        play.peer.receive(SYN | ACK)
        with server.accept()[0] as child:
            ksft_eq(child.recv(100), b"question")
            ksft_eq(play.state(), tcp_table.SYN_RECV)
            play.peer.send(ACK)
            play.reach(tcp_table.ESTABLISHED)
            own = "established", socket_cookie(child)
            play.check((IN, "listener", socket_cookie(server)), (OUT, *own),
                       (IN, *own))


def urgent(play):
    """Urgent data is the connection's as any other is."""
    with play.served() as child:
        play.peer.send(PSH | ACK | URG, b"!", urgent=1)
        play.peer.receive(ACK)
        ksft_eq(child.recv(10, socket.MSG_OOB), b"!")
        own = "established", socket_cookie(child)
        play.check((IN, *own), (OUT, *own))


def window_probe(play):
    """Who may not send asks from time to time whether it may."""
    with play.served() as child:
        play.peer.send(ACK, window=0)
        next_byte = play.peer.expected
        child.send(b"answer")
        # One byte of long ago, and without it: that wants to be answered.
        probe = play.peer.receive(ACK)
        ksft_eq((probe.payload, probe.sequence + 1), (b"", next_byte))
        play.peer.expected = next_byte
        play.peer.send(ACK)
        ksft_eq(play.peer.receive(PSH).payload, b"answer")
        own = "established", socket_cookie(child)
        play.check((IN, *own), (OUT, *own), (IN, *own), (OUT, *own))


def reset_listener(play):
    """A listener is not impressed."""
    with play.listener() as server:
        play.peer.send(RST)
        play.check((IN, "listener", socket_cookie(server)))
        ksft_eq(play.state(), None)


def reset_request(play):
    """A request is given up, and the listener is there for the next one."""
    with play.listener() as server:
        play.peer.half_open()
        play.reach(tcp_table.SYN_RECV)
        play.peer.send(RST)
        play.reach(None)
        asked = play.request()
        play.check((IN, "listener", socket_cookie(server)),
                   (OUT, "request", asked), (IN, "request", asked))


def reset_call(play):
    """A call is refused."""
    with play.calling() as sock:
        ksft_eq(play.state(), tcp_table.SYN_SENT)
        play.peer.send(RST | ACK)
        play.reach(None)
        ksft_eq(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                errno.ECONNREFUSED)
        own = "established", socket_cookie(sock)
        play.check((OUT, *own), (IN, *own))


def establish(_, __):
    """Nothing more."""


def near_end_closes(play, child):
    """The near end says that it has no more to send."""
    child.shutdown(socket.SHUT_WR)
    play.peer.receive(FIN)


def and_is_answered(play, child):
    """The peer has seen that."""
    near_end_closes(play, child)
    play.peer.send(ACK)


def far_end_closes(play, _):
    """The peer has no more to send."""
    play.peer.send(FIN | ACK)
    play.peer.receive(ACK)


def both_close(play, child):
    """The peer, then the near end."""
    far_end_closes(play, child)
    near_end_closes(play, child)


def both_close_at_once(play, child):
    """The peer had not seen that the near end was closing."""
    before = play.peer.expected
    near_end_closes(play, child)
    play.peer.expected = before
    far_end_closes(play, child)


# How each state of a connection is reached.
REACHED = {"established": (tcp_table.ESTABLISHED, establish),
           "fin_wait1": (tcp_table.FIN_WAIT1, near_end_closes),
           "fin_wait2": (tcp_table.FIN_WAIT2, and_is_answered),
           "close_wait": (tcp_table.CLOSE_WAIT, far_end_closes),
           "last_ack": (tcp_table.LAST_ACK, both_close),
           "closing": (tcp_table.CLOSING, both_close_at_once)}


def reset_in(state, reach):
    """A reset ends a connection in that state, and was the connection's."""
    def reset(play):
        with play.served() as child:
            reach(play, child)
            play.reach(state)
            play.observed.trace.clear()
            play.peer.send(RST)
            play.reach(None)
            # What has been sent and not acknowledged may be sent again.
            play.check((IN, "established", socket_cookie(child)),
                       directions=(IN,))
    return reset


def reset_time_wait(play):
    """What is left of a connection goes as well (RFC 1337 says that it should
    not, and can be had)."""
    with play.served() as child:
        closed = socket_cookie(child)
        child.close()
        play.peer.close_after_near_end()
        play.reach(tcp_table.TIME_WAIT)
        play.observed.trace.clear()
        play.peer.send(RST)
        play.reach(None)
        play.check((IN, "time-wait", closed))


PLAYS = {play.__name__: play for play in (
    syn_again, simultaneous_open, time_wait_again, challenge, fast_open,
    urgent, window_probe, reset_listener, reset_request, reset_call,
    reset_time_wait)}
PLAYS |= {f"reset_{name}": reset_in(*how) for name, how in REACHED.items()}
VARIANTS = [KsftNamedVariant(f"{name}_{family.name}", play, *family.params)
            for name, play in PLAYS.items() for family in FAMILY_VARIANTS]


@ksft_variants(VARIANTS)
def test_sequence(play, family):
    """Each segment has the socket that it should have, in each mode."""
    with observed_tun() as observed:
        for name, value in SETTINGS.items():
            observed.namespace.sysctl(f"net/ipv4/{name}", value)
        for port, mode in enumerate(("observe", "verify", "steer"), PORT):
            observed.namespace.set_mode(mode)
            observed.trace.clear()
            play(Play(observed, family, port))


if __name__ == "__main__":
    program.run(globals())
