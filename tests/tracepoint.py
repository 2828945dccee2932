#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The tracepoint that tells of each lookup."""

import re

from lib import lookup_trace, packet, program, status
from lib.lookup_trace import EVENT, TRACEFS, Lookup
from lib.observed import check_account, observed_tun
from lib.topology import FAMILIES, FAR, NEAR
from net.lib.py import ksft_eq, ksft_ge, ksft_in, ksft_not_in

PORT, PEER_PORT = 53, 40000


def send(observed, count=1):
    """Datagrams of both families that nobody waits for."""
    for family in FAMILIES * count:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT))


def test_format():
    """What is printed has the fields that programs rely on, in order."""
    text = (TRACEFS / EVENT / "format").read_text(encoding="ascii")
    printed = re.search(r'^print fmt: "(.*?)"', text, re.MULTILINE)[1]
    ksft_eq(tuple(re.findall(r"(\w+)=%", printed)), Lookup._fields)
    for name in (*status.PROTOCOLS, *status.OUTCOMES, *status.DIRECTIONS,
                 *(how.removeprefix("by-") for how in status.HOW)):
        ksft_in(f'"{name}"', text)
    ksft_not_in("NSMUX_", text, "names that only the module knows")


def test_no_pointers():
    """No address of the kernel's memory is in the record."""
    text = (TRACEFS / EVENT / "format").read_text(encoding="ascii")
    fields = re.findall(r"^\tfield:(.*?);", text, re.MULTILINE)
    ksft_ge(len(fields), len(Lookup._fields))
    for field in fields:
        ksft_not_in("*", field)


def test_switched_off():
    """Nothing is recorded unless the event is switched on."""
    with observed_tun() as observed:
        send(observed)
        seen = observed.trace.lookups()
        ksft_eq(len(seen), len(FAMILIES))
        observed.trace.switch(False)
        send(observed)
        ksft_eq(observed.trace.lookups(), seen)
        observed.trace.switch(True)
        send(observed)
        ksft_eq(len(observed.trace.lookups()), 2 * len(FAMILIES))


def test_two_captures():
    """Two people who look at the same time see the same."""
    with observed_tun() as observed, \
            lookup_trace.capture(observed.namespace) as other:
        send(observed, 10)
        ksft_eq(other.lookups(), observed.trace.lookups())
        check_account(observed)


def test_filter():
    """The kernel filters by the event's own fields."""
    with observed_tun() as observed:
        observed.trace.filter("sport == 1234")
        send(observed)
        ksft_eq(observed.trace.lookups(), [])
        observed.trace.filter(f"sport == {PEER_PORT} && dport == {PORT}")
        send(observed)
        ksft_eq([(lookup.sport, lookup.dport)
                 for lookup in observed.trace.lookups()],
                [(PEER_PORT, PORT)] * len(FAMILIES))


if __name__ == "__main__":
    program.run(globals())
