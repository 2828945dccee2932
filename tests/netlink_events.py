#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The groups miss and namespace: who is told what, and how often.

That an event does not come is seen by one that is sent after it and does
come: netlink keeps the order.
"""

import contextlib
import os
import socket
import time

from lib import kernel_module, lookup_trace, packet, program, status
from lib.descriptors import descriptors
from lib.lifetime import wait_until
from lib.netlink_family import Nsmux, named, opened_in
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.packet import SYN
from lib.topology import FAMILIES, FAR, NEAR, Namespace
from lib.tun_device import tun
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_ge, ksft_pr,
                        ksft_variants)

PORT, PEER_PORT = 53, 40000
BURST = 300
# Between two events of a namespace is a tenth of a second, less the part of
# a tick that has gone by when the clock is set.
INTERVAL = 0.09
# Of linux/netlink.h; Python has no names for them.
NETLINK_GENERIC = 16
SOL_NETLINK, ADD_MEMBERSHIP, DROP_MEMBERSHIP = 270, 1, 2
# More members than are found in one count.
TOO_MANY = 3000
WORK_EVENT = "events/workqueue/workqueue_execute_start"
WORK = "function nsmux_periodic_work"


@contextlib.contextmanager
def listener(group, namespace=None):
    """A member of the group, in a namespace or in the initial one."""
    with opened_in(namespace) if namespace else Nsmux() as nsmux:
        # Who joins from within is heard at once.
        with namespace.enter() if namespace else contextlib.nullcontext():
            nsmux.ntf_subscribe(group)
        yield nsmux


def event(nsmux, name):
    """The next event, which has to come and to be of that name."""
    for message in nsmux.poll_ntf(duration=20):
        ksft_eq(message["name"], name)
        return message["msg"]
    raise TimeoutError(f"{name} does not come")


def mode_event(namespace, mode):
    """What a change of the mode is told as."""
    inode = os.stat(f"/run/netns/{namespace.name}").st_ino
    return {"cookie": namespace.cookie, "inode": inode, "mode": mode}


def test_mode_changes():
    """Told to those in the namespace and in the initial one, in order."""
    with Namespace() as namespace, listener("namespace") as initial, \
            listener("namespace", namespace) as inside, Nsmux() as nsmux:
        namespace.set_mode("observe")
        nsmux.do("mode-set", named(namespace) | {"mode": "off"})
        nsmux.do("mode-set", named(namespace) | {"mode": "observe"})
        for member in (initial, inside):
            for mode in ("observe", "off", "observe"):
                ksft_eq(event(member, "namespace-mode-ntf"),
                        mode_event(namespace, mode))


def test_mode_that_stays():
    """Setting the mode that is set already is no event."""
    with Namespace() as namespace, listener("namespace", namespace) as nsmux:
        namespace.set_mode("off")
        namespace.set_mode("observe")
        namespace.set_mode("observe")
        namespace.set_mode("off")
        for mode in ("observe", "off"):
            ksft_eq(event(nsmux, "namespace-mode-ntf"),
                    mode_event(namespace, mode))


def test_not_of_other_namespaces():
    """Who listens in one namespace is not told of another."""
    with Namespace() as one, Namespace() as other, \
            listener("namespace", one) as nsmux:
        other.set_mode("observe")
        one.set_mode("observe")
        ksft_eq(event(nsmux, "namespace-mode-ntf"),
                mode_event(one, "observe"))


def test_groups_are_apart():
    """A member of one group is not told the events of the other."""
    with observed_tun() as observed, \
            listener("namespace", observed.namespace) as modes, \
            listener("miss", observed.namespace) as misses:
        miss(observed)
        ksft_eq(event(misses, "miss-ntf")["local-port"], PORT)
        observed.namespace.set_mode("off")
        observed.namespace.set_mode("observe")
        for mode in ("off", "observe"):
            ksft_eq(event(modes, "namespace-mode-ntf"),
                    mode_event(observed.namespace, mode))
        miss(observed, PEER_PORT + 1)
        ksft_eq(event(misses, "miss-ntf")["remote-port"], PEER_PORT + 1)


def miss(observed, port=PEER_PORT, family=FAMILIES[0]):
    """A datagram that nobody waits for, from that port."""
    observed.tun.send(packet.udp(FAR[family], port, NEAR[family], PORT))


@ksft_variants([KsftNamedVariant(f"{protocol}_{variant.name}", protocol,
                                 *variant.params)
                for protocol in ("tcp", "udp") for variant in FAMILY_VARIANTS])
def test_miss(protocol, family):
    """Whom it came from and to, and where; told inside and outside."""
    with observed_tun() as observed, listener("miss") as initial, \
            listener("miss", observed.namespace) as inside:
        ends = FAR[family], PEER_PORT, NEAR[family], PORT
        observed.tun.send(packet.udp(*ends) if protocol == "udp" else
                          packet.tcp(*ends, SYN))
        with observed.namespace.enter():
            index = socket.if_nametoindex("tun0")
        told = {"netns-cookie": observed.namespace.cookie,
                "protocol": protocol + ("6" if ":" in NEAR[family] else ""),
                "local-address": NEAR[family], "local-port": PORT,
                "remote-address": FAR[family], "remote-port": PEER_PORT,
                "device": index, "device-name": "tun0", "count": 1}
        for member in (initial, inside):
            ksft_eq(event(member, "miss-ntf"), told)


def test_found_is_no_miss():
    """A packet that has a socket is not told, in whatever way it has."""
    family = FAMILIES[0]
    with observed_tun() as observed, \
            listener("miss", observed.namespace) as nsmux:
        with observed.namespace.udp("", PORT) as sock:
            miss(observed)
            ksft_eq(sock.recv(10), b"?")
        observed.tun.send(packet.ip(FAR[family], NEAR[family], 253, b"?"))
        miss(observed, PEER_PORT + 1)
        told = event(nsmux, "miss-ntf")
        ksft_eq((told["remote-port"], told["count"]), (PEER_PORT + 1, 1))


def test_misses_of_other_namespaces():
    """A miss elsewhere is told in the initial namespace and there only."""
    with observed_tun() as observed, observed_tun() as other, \
            listener("miss") as initial, \
            listener("miss", observed.namespace) as inside:
        miss(other)
        ksft_eq(event(initial, "miss-ntf")["netns-cookie"],
                other.namespace.cookie)
        miss(observed)
        for member in (initial, inside):
            ksft_eq(event(member, "miss-ntf")["netns-cookie"],
                    observed.namespace.cookie)


def test_rate():
    """However many there are, events are seldom and leave none out.

    Each tells how many there were since the one before. One that tells the
    very packet that was sent last has told them all.
    """
    with observed_tun() as observed, \
            listener("miss", observed.namespace) as nsmux:
        begin = time.monotonic()
        for _ in range(BURST):
            miss(observed)
        sent, told, events = BURST, 0, 0
        port = None
        while port is None or port != PEER_PORT + sent:
            miss(observed, PEER_PORT + sent + 1)
            sent += 1
            # It was noted, or another one was there already; which is told
            # then, and after it this one has room.
            message = event(nsmux, "miss-ntf")
            port = message["remote-port"]
            told += message["count"]
            events += 1
        took = time.monotonic() - begin
        ksft_eq(told, sent)
        ksft_ge(took / INTERVAL + 1, events,
                f"{sent} misses in {took:.2f} s")


@contextlib.contextmanager
def periodic_work():
    """How often the module's work was done since, by the kernel's tracer."""
    instance = lookup_trace.TRACEFS / "instances/nsmux-events"
    instance.mkdir()
    try:
        (instance / WORK_EVENT / "enable").write_text("1", "ascii")
        yield lambda: (instance / "trace").read_text("utf-8").count(WORK)
        (instance / WORK_EVENT / "enable").write_text("0", "ascii")
    finally:
        instance.rmdir()


def test_without_a_listener():
    """Nothing is noted before somebody listens: no event of the past, and
    nothing is done."""
    kernel_module.rmmod()
    kernel_module.insmod()
    with observed_tun() as observed, periodic_work() as done:
        miss(observed)
        wait_until(lambda: status.read(observed.namespace).counts[
            "receive", "udp", "none"] == 1, "it is counted")
        ksft_eq(done(), 0)
        with listener("miss", observed.namespace) as nsmux:
            miss(observed, PEER_PORT + 1)
            told = event(nsmux, "miss-ntf")
            ksft_eq((told["remote-port"], told["count"]), (PEER_PORT + 1, 2))
        ksft_ge(done(), 1)


def test_noted_where_it_is_heard():
    """Who listens in one namespace has nothing noted in another."""
    with observed_tun() as one, observed_tun() as other, \
            listener("miss", one.namespace) as heard:
        miss(other)
        miss(one)
        ksft_eq(event(heard, "miss-ntf")["netns-cookie"],
                one.namespace.cookie)
        with listener("miss", other.namespace) as late:
            miss(other, PEER_PORT + 1)
            told = event(late, "miss-ntf")
            ksft_eq((told["remote-port"], told["count"]), (PEER_PORT + 1, 2))


def test_joined_from_elsewhere():
    """A socket of a namespace that is used from outside of it is found when
    listeners are counted."""
    with observed_tun() as observed, opened_in(observed.namespace) as nsmux:
        nsmux.ntf_subscribe("miss")

        def told():
            miss(observed)
            return list(nsmux.poll_ntf(duration=0.2))

        wait_until(told, "it is told")


def test_no_longer_heard():
    """When the last listener has gone, nothing is noted any more."""
    with observed_tun() as observed:
        def first_told():
            with listener("miss", observed.namespace) as nsmux:
                miss(observed, PEER_PORT + 1)
                return event(nsmux, "miss-ntf")["remote-port"]

        def is_forgotten():
            # Listeners are counted again when one has left.
            time.sleep(2 * INTERVAL)
            miss(observed)
            return first_told() == PEER_PORT + 1

        ksft_eq(first_told(), PEER_PORT + 1)
        wait_until(is_forgotten, "nothing is noted any more")


def number_of(group):
    """The number of the group among those of all families."""
    with Nsmux() as nsmux:
        return nsmux.nlproto.get_mcast_id(group, nsmux.mcast_groups)


def test_in_and_out():
    """Who joins and leaves all the time does not put the work off, which tells
    everybody's events."""
    number = number_of("miss")
    with Namespace() as restless, opened_in(restless) as nsmux, \
            periodic_work() as done:
        def go_on(duration):
            """Join and leave; the longest time between two of these."""
            begin = last = time.monotonic()
            longest = 0
            while last < begin + duration:
                for option in (ADD_MEMBERSHIP, DROP_MEMBERSHIP):
                    nsmux.sock.setsockopt(SOL_NETLINK, option, number)
                now = time.monotonic()
                longest, last = max(longest, now - last), now
            return longest

        def is_busy():
            """Whether there was no pause in which the work could be done
            that had been put off each time."""
            go_on(0.01)
            begin = time.monotonic()
            before = done()
            longest = max(time.monotonic() - begin, go_on(4 * INTERVAL))
            times.append(done() - before)
            return longest < 0.6 * INTERVAL

        times = []
        wait_until(is_busy, "there was no pause", deadline=60)
        ksft_ge(times[-1], 1)


@contextlib.contextmanager
def crowd(namespace, group, count):
    """So many members of the group in the namespace."""
    number = number_of(group)
    with descriptors(2 * count), contextlib.ExitStack() as stack, \
            namespace.enter():
        for _ in range(count):
            sock = stack.enter_context(socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC))
            sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, number)
        ksft_pr(f"{count} have joined")
        yield


def test_too_many_to_count():
    """Where there are more members than are looked at, each is told, and what
    nobody may listen to is noted as well."""
    with observed_tun() as observed, observed_tun() as other, \
            Namespace() as crowded, \
            listener("miss", observed.namespace) as first, \
            crowd(crowded, "miss", TOO_MANY), periodic_work() as done:
        # When it begins for the second time they were counted once.
        wait_until(lambda: done() > 1, "they are counted")
        miss(other)
        miss(observed)
        ksft_eq(event(first, "miss-ntf")["netns-cookie"],
                observed.namespace.cookie)
        with listener("miss", other.namespace) as late:
            miss(other, PEER_PORT + 1)
            told = event(late, "miss-ntf")
            ksft_eq((told["remote-port"], told["count"]), (PEER_PORT + 1, 1))


def test_first_come_first_served():
    """Who has told goes behind those who have not, whatever their cookies."""
    with contextlib.ExitStack() as stack:
        several = [stack.enter_context(observed_tun()) for _ in range(4)]
        initial = stack.enter_context(listener("miss"))
        order = several[::-1]
        for observed in order:
            miss(observed)
        told = [event(initial, "miss-ntf")["netns-cookie"] for _ in order]
        ksft_eq(told, [observed.namespace.cookie for observed in order])


def test_unloaded_with_listeners():
    """Members of a group do not keep the module; it can come back."""
    with listener("miss"), listener("namespace"), Namespace() as namespace, \
            listener("miss", namespace), tun(namespace) as device:
        namespace.set_mode("observe")
        for _ in range(BURST):
            device.send(packet.udp(FAR[FAMILIES[0]], PEER_PORT,
                                   NEAR[FAMILIES[0]], PORT))
        kernel_module.rmmod()
        ksft_eq(kernel_module.loaded(), False)
        kernel_module.insmod()
    with observed_tun() as observed, listener("miss") as nsmux:
        miss(observed)
        ksft_eq(event(nsmux, "miss-ntf")["count"], 1)


if __name__ == "__main__":
    program.run_alone(globals(), load_first=True)
