# SPDX-License-Identifier: GPL-2.0
"""The kernel's own packet counters of a namespace, free of nsmux."""

from pathlib import Path

FILES = ("snmp", "netstat")


def read(namespace):
    """All counters, by names such as Udp.InErrors or Ip6.InDelivers."""
    counters = {}
    with namespace.enter():
        net = Path("/proc/thread-self/net")
        for file in FILES:
            lines = (net / file).read_text(encoding="ascii").splitlines()
            for names, values in zip(lines[::2], lines[1::2], strict=True):
                group, *names = names.split()
                counters.update(
                    (group.rstrip(":") + "." + name, int(value))
                    for name, value in zip(names, values.split()[1:],
                                           strict=True))
        for line in (net / "snmp6").read_text(encoding="ascii").splitlines():
            name, value = line.split()
            group = name[:name.index("6") + 1]
            counters[group + "." + name[len(group):]] = int(value)
    return counters


def changes(before, after):
    """The counters that changed, and by how much.

    Those of kinds of ICMP messages are not there before the first one.
    """
    return {name: count - before.get(name, 0)
            for name, count in after.items() if count != before.get(name, 0)}
