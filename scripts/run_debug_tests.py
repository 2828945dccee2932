#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the tests on a kernel that looks for mistakes of ours: memory, locks, references.

First it shows that this kernel finds such mistakes, in a module that is full of them.
"""

import argparse
import sys
from pathlib import Path

from environment import debug_kernel
from environment.failure import report
from kernel_module import module, scratch
from machine.session import Limits
from selftests import broken, on_host
from selftests.ktap import Counter
from selftests.run import Manner, conclude
from selftests.side_by_side import run_side_by_side
from tool import crate

AUDIT = Path(__file__).with_name("guest_audit") / "audit.py"
PLACE = "nsmux/audit.py"

# Everything takes ten times as long as on the stock kernel: each wait is longer, and the tests that
# do one thing very often do it less often.
SECONDS_PER_TEST = 1800
SLOWER = ["NSMUX_SLOWER=10", "NSMUX_TUPLES=33000", "NSMUX_MESSAGES=10000", "NSMUX_NAMESPACES=300"]
MANNER = Manner(
    # Half of them took 88 minutes; one alone may say nothing for as long as it may run.
    limits=Limits(total=14400, silence=SECONDS_PER_TEST),
    prefix=[f"/{PLACE}", "env"] + SLOWER,
    options=["--override-timeout", str(SECONDS_PER_TEST)],
    contents=[(PLACE, AUDIT)],
    # Every bad access is told, not only the first; and an emulated processor of a busy host
    # that stands still for a while is not the kernel's mistake. With five levels of page tables,
    # KASAN takes all addresses for wrong while the kernel still asks what processor it is on.
    # With as much memory as this, tables would be too large for one answer to go through them.
    # Tunnels are built in, and would put devices of theirs into every namespace.
    boot="kasan_multi_shot no5lvl fb_tunnels=none watchdog_thresh=60 kunit.enable=1 "
         "rcupdate.rcu_cpu_stall_timeout=120 thash_entries=32768 uhash_entries=2048",
    # The detectors take more than half of it.
    megabytes=6144,
)


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*",
                        help="a test, with or without suffix, or `broken` (default: all)")
    names = parser.parse_args(arguments).name
    environment = debug_kernel.ready()
    results = Counter()
    if "broken" in names or not names:
        on_host.tell(on_host.lines("broken", broken.verdicts(environment, MANNER)), results)
    in_guest = [name for name in names if name != "broken"]
    if in_guest or not names:
        crate.build(environment.stock)
        with scratch.copy(environment) as tree:
            built = module.build(environment, tree)
            results = run_side_by_side(environment, in_guest, built, MANNER, results)
    return conclude(results)


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
