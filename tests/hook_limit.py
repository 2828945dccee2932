#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A namespace that has no room for nsmux's hooks.

The kernel allows so many hooks at one place and not one more; a real reason
for which observing cannot begin, and one that can be made and taken away.
"""

import errno
import subprocess

from lib import hook_list, kernel_module, program, status
from lib.topology import Namespace, read_sysctl
from net.lib.py import (KsftNamedVariant, cmd, ksft_eq, ksft_raises,
                        ksft_variants)

# MAX_HOOK_COUNT of net/netfilter/core.c.
MAX_HOOKS = 1024
PLACES = [(family, hook) for family in ("ip", "ip6", "arp")
          for hook in ("input", "output")]
VARIANTS = [KsftNamedVariant(f"{family}_{hook}", family, hook)
            for family, hook in PLACES]


def load_if_needed():
    """These tests begin with the module loaded."""
    if not kernel_module.loaded():
        kernel_module.insmod()


def fill(namespace, family, hook):
    """Take all the room that there is at one place."""
    rules = [f"add table {family} full"] + [
        f"add chain {family} full c{number} "
        f"{{ type filter hook {hook} priority 0; }}"
        for number in range(MAX_HOOKS)]
    with namespace.enter():
        subprocess.run(["nft", "-f", "-"], input="\n".join(rules), text=True,
                       check=True)


def empty(namespace, family):
    """Give the room back."""
    with namespace.enter():
        cmd(f"nft delete table {family} full")


@ksft_variants(VARIANTS)
def test_sysctl(family, hook):
    """The write fails, no hook stays, and it works when there is room."""
    load_if_needed()
    with Namespace() as namespace:
        fill(namespace, family, hook)
        with ksft_raises(OSError) as error:
            namespace.set_mode("observe")
        ksft_eq(error.exception and error.exception.errno, errno.E2BIG)
        with namespace.enter():
            ksft_eq(read_sysctl("net/nsmux/mode"), "off")
        ksft_eq(hook_list.hooks(namespace), [])
        empty(namespace, family)
        namespace.set_mode("observe")
        ksft_eq(len(hook_list.hooks(namespace)), len(PLACES))


def test_load():
    """Loading goes on without the namespace, which stays in mode off."""
    load_if_needed()
    with Namespace() as namespace, Namespace() as other:
        fill(namespace, "ip6", "output")
        kernel_module.rmmod()
        kernel_module.insmod("mode=observe")
        ksft_eq(status.read(namespace).mode, "off")
        ksft_eq(hook_list.hooks(namespace), [])
        ksft_eq(status.read(other).mode, "observe")
        kernel_module.rmmod()
        kernel_module.insmod()


if __name__ == "__main__":
    program.run_alone(globals())
