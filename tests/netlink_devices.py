#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""lookup: questions, which unlike packets have no device.

Who holds an address and a port, whatever device that is bound to; and on a
device that is named, and has another index in each namespace.
"""

import contextlib
import errno
import socket

from lib import program
from lib.identity import socket_cookie
from lib.netlink_family import Nsmux, check_refused, key, named, opened_in
from lib.observed import FAMILY_VARIANTS
from lib.port_holders import (ANY, KIND, PORT, check, hold, index_of,
                              two_with_a_device)
from lib.topology import LOOPBACK, Namespace
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_in, ksft_true,
                        ksft_variants)

TRANSPORTS = [KsftNamedVariant(f"{table}_{variant.name}", table,
                               *variant.params)
              for table in KIND for variant in FAMILY_VARIANTS]


@ksft_variants(TRANSPORTS)
def test_on_a_device(table, family):
    """Bound to a device, it is found without one, and by the device's name."""
    asked = key(table, (LOOPBACK[family], PORT))
    with two_with_a_device() as namespaces, Nsmux() as nsmux:
        sockets = [hold(namespace, table, family, "d0")
                   for namespace in namespaces]
        for more in ({}, {"device-name": b"d0"}):
            answers = {answer["netns-cookie"]: answer
                       for answer in nsmux.dump("lookup", asked | more)}
            for namespace, sock in zip(namespaces, sockets):
                check(answers[namespace.cookie], namespace, KIND[table],
                      KIND[table], sock)
        first, second = namespaces
        for more in ({"device-name": b"d1"}, {"device-name": b"lo"},
                     {"device": index_of(second, "d0")}):
            check(nsmux.do("lookup", asked | named(first) | more), first,
                  "none", None)
        check(nsmux.do("lookup", asked | named(second)
                       | {"device-name": b"d1"}), second, "none", None)
        check(nsmux.do("lookup", asked | named(second)
                       | {"device": index_of(second, "d0")}), second,
              KIND[table], KIND[table], sockets[1])


@ksft_variants(TRANSPORTS)
def test_any_address_on_a_device(table, family):
    """The address may be none, of the question as of the socket."""
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux:
        with hold(namespace, table, family, "d0") as sock:
            check(nsmux.do("lookup", key(table, (ANY[family], PORT))),
                  namespace, KIND[table], KIND[table], sock)
        with hold(namespace, table, family, "lo", LOOPBACK[family]) as sock:
            check(nsmux.do("lookup", key(table, (LOOPBACK[family], PORT))),
                  namespace, KIND[table], KIND[table], sock)
            check(nsmux.do("lookup", key(table, (ANY[family], PORT))),
                  namespace, "none", None)
        check(nsmux.do("lookup", key(table, (LOOPBACK[family], PORT))),
              namespace, "none", None)


@ksft_variants(TRANSPORTS)
def test_on_several_devices(table, family):
    """One for each device, and the one for all others; a group is one."""
    asked = key(table, (LOOPBACK[family], PORT))
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        sockets = {device: stack.enter_context(
            hold(namespace, table, family, device))
            for device in ("d0", "lo")}
        if table == "udp":
            # Of TCP none listens beside one that is bound to a device.
            sockets[None] = stack.enter_context(
                hold(namespace, table, family))
        check(nsmux.do("lookup", asked), namespace, "multiple", KIND[table],
              *sockets.values())
        for name, device in (("d0", "d0"), ("lo", "lo"), ("d1", None)):
            answer = nsmux.do("lookup", asked | {"device-name": name.encode()})
            if device in sockets:
                check(answer, namespace, KIND[table], KIND[table],
                      sockets[device])
            else:
                check(answer, namespace, "none", None)
        if table == "udp":
            with namespace.udp(family=family) as client:
                client.sendto(b"?", (LOOPBACK[family], PORT))
            ksft_eq(sockets["lo"].recv(9), b"?")
        for sock in sockets.values():
            sock.close()
        group = [stack.enter_context(
            hold(namespace, table, family, "d0", reuse=True))
            for _ in range(3)]
        answer = nsmux.do("lookup", asked)
        ksft_eq(answer["outcome"], "ambiguous")
        [told] = answer["socket"]
        ksft_in(told["cookie"], [socket_cookie(sock) for sock in group])
        ksft_eq(told["device-name"], "d0")


def test_more_devices_than_are_told():
    """How many there are is said, as with all tables of several."""
    count = 20
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip(*(f"link add d{n} type dummy" for n in range(count)))
        for number in range(count):
            stack.enter_context(
                hold(namespace, "udp", socket.AF_INET, f"d{number}"))
        answer = nsmux.do("lookup", key("udp", ("127.0.0.1", PORT)))
        # As many devices as are asked for are looked at.
        ksft_eq((answer["outcome"], answer["sockets"]), ("multiple", 16))
        ksft_true(1 < len(answer["socket"]) < 16)


@ksft_variants(FAMILY_VARIANTS)
def test_name_of_a_slave(family):
    """A packet that a slave receives arrives on its L3 master.

        vrf-red: dummy0
    """
    asked = key("udp", (LOOPBACK[family], PORT))
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip("link add vrf-red type vrf table 10",
                     "link add dummy0 type dummy",
                     "link set dummy0 master vrf-red")
        sockets = {device: stack.enter_context(
            hold(namespace, "udp", family, device))
            for device in ("vrf-red", "dummy0")}
        for device, sock in sockets.items():
            check(nsmux.do("lookup", asked | {"device-name": device.encode()}),
                  namespace, "unconnected", "unconnected", sock)
        check(nsmux.do("lookup", asked), namespace, "multiple", "unconnected",
              *sockets.values())
        sockets["dummy0"].close()
        check(nsmux.do("lookup", asked | {"device-name": b"dummy0"}),
              namespace, "unconnected", "unconnected", sockets["vrf-red"])


ASKED = key("udp", ("127.0.0.1", PORT))
ONE_WAY = "a device is named by its index or by its name"
REFUSED = {
    "twice": ({"device": 1, "device-name": b"lo"}, ".device"),
    "slave_of_a_name": ({"slave": 1, "device-name": b"lo"}, ".slave"),
}


@ksft_variants([KsftNamedVariant(name, *case)
                for name, case in REFUSED.items()])
def test_named_twice(more, blamed):
    """A device is named once."""
    with Nsmux() as nsmux:
        check_refused(lambda: nsmux.do("lookup", ASKED | more), errno.EINVAL,
                      ONE_WAY, blamed)


def test_names_of_no_device():
    """Empty, too long, with a zero in it; and one with a zero at its end."""
    with Nsmux() as nsmux:
        for name in (b"", b"\0", b"a\0b", b"0123456789abcdef"):
            check_refused(
                lambda name=name: nsmux.do("lookup",
                                           ASKED | {"device-name": name}),
                errno.EINVAL, "a device cannot have this name", ".device-name")
        check_refused(lambda: nsmux.do("lookup", ASKED
                                       | {"device-name": bytes(17)}),
                      errno.ERANGE, "binary attribute size out of range",
                      ".device-name")
        with Namespace() as namespace, opened_in(namespace) as inside, \
                hold(namespace, "udp", socket.AF_INET, "lo") as sock:
            check(inside.do("lookup", ASKED | {"device-name": b"lo\0"}),
                  namespace, "unconnected", "unconnected", sock)


if __name__ == "__main__":
    program.run(globals())
