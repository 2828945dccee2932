# SPDX-License-Identifier: GPL-2.0
"""How the packets of a namespace were resolved, from a moment on.

How many packets there were is known from what the test did. The kernel sends
reports of IPv6 multicast groups when it likes, and those are resolved as
almost all packets are: received ones by the device, transmitted ones by the
socket. There may be more of these than the test has made, but none that is
resolved in another way, and none on which the hook's state disagrees.
"""

import time

from net.lib.py import ksft_eq, ksft_ge
from . import status
from .patience import end_after

USUAL = {"receive": "by-device", "transmit": "by-socket"}


class Resolution:
    """The counts of a namespace since this was made."""

    def __init__(self, namespace):
        self.namespace = namespace
        self._before = status.read(namespace)

    def counts(self):
        """What has changed since then."""
        return status.read(self.namespace) - self._before

    def _hows(self):
        changed = self.counts()
        return {direction: {how: changed[direction, how]
                            for how in status.HOW
                            if (direction, how) in changed}
                for direction in status.DIRECTIONS}

    def check(self, deadline=20, **expected):
        """At least so many were received and transmitted in these ways.

        expected maps a direction to a map of ways, such as by-socket, to
        numbers of packets. A way that is not named has none, but for the
        usual one.
        """
        end = end_after(deadline)
        while not self._has(expected) and time.monotonic() < end:
            time.sleep(0.005)
        hows = self._hows()
        for direction, usual in USUAL.items():
            told, wanted = hows[direction], expected.get(direction, {})
            for how, count in wanted.items():
                ksft_ge(told.get(how, 0), count, f"{direction} {how}: {hows}")
            ksft_eq(set(told) - set(wanted) - {usual}, set(),
                    f"{direction}: {hows}")
        now = status.read(self.namespace)
        for direction in status.DIRECTIONS + status.ARP_DIRECTIONS:
            ksft_eq(now.counts[direction, "disagree"], 0, direction)
        status.check_sums(now)

    def _has(self, expected):
        hows = self._hows()
        return all(hows[direction].get(how, 0) >= count
                   for direction, ways in expected.items()
                   for how, count in ways.items())

    def rows(self, *protocols):
        """The lookups in these protocols: (direction, protocol, outcome)."""
        return {key: count for key, count in self.counts().items()
                if len(key) == 3 and key[1] in protocols
                and key[2] != "packets"}


def check_all(resolutions, count):
    """Both ends have received and transmitted so many in the usual ways."""
    for resolution in resolutions:
        resolution.check(receive={"by-device": count},
                         transmit={"by-socket": count})
