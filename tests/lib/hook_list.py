# SPDX-License-Identifier: GPL-2.0
"""The netfilter hooks that nsmux has set in a namespace, by nft's word."""

import re

from net.lib.py import KsftSkipEx, cmd

FAMILY = re.compile(r"^family (\w+) ")
PLACE = re.compile(r"^\thook (\w+) ")
HOOK = re.compile(r"^\t\t([+-]?\d+) .*\[nsmux\]$")


def hooks(namespace):
    """(family, hook, priority) of each of nsmux's hooks."""
    if cmd("modprobe nfnetlink_hook", fail=False).ret:
        raise KsftSkipEx("the kernel cannot list its hooks: "
                         "CONFIG_NETFILTER_NETLINK_HOOK is not set")
    with namespace.enter():
        listed = cmd("nft list hooks").stdout
    found, family, place = [], None, None
    for line in listed.splitlines():
        if match := FAMILY.match(line):
            family = match[1]
        elif match := PLACE.match(line):
            place = match[1]
        elif match := HOOK.match(line):
            found.append((family, place, int(match[1])))
    return found
