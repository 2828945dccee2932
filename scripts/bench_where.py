#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Shows which functions execute how many instructions for one packet of a kind.

The packet is traced twice, with nsmux or another contender in its way, and with something else or
nothing; a table has both, and each gets a flame graph.
"""

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from bench import breakdown, contenders, flame, guest, question, stacks, trace
from bench.figures import KINDS, MODES
from environment import provision
from environment.failure import Failure, report
from environment.progress import step
from kernel_module import module

# The system calls that a packet is sent with, and a byte is taken with; and what they return to.
CALLS = {"tcp": ["__x64_sys_sendto", "__x64_sys_recvfrom"]}
CALL = ["__x64_sys_sendmmsg"]
END = {"do_syscall_64", "x64_sys_call"}


def measure(environment, options, contender, contents):
    """The stacks of one packet, with how many instructions were executed in each."""
    symbols, addresses = trace.Tracer(environment, contents).record(
        options.kind, options.family, *question.WAYS[options.way], contender)
    found = Counter()
    for call in CALLS.get(options.kind, CALL):
        windows = list(stacks.windows(addresses, stacks.Symbols(symbols), call, END))
        if not windows:
            raise Failure(f"no packet was traced: {call} is not among {len(addresses)} addresses")
        found += stacks.typical(windows).stacks
    return breakdown.readable(environment, found)


def main(arguments):
    """Traces, tells and draws."""
    parser = question.parser(__doc__)
    parser.add_argument("--kind", choices=KINDS, default="udp")
    parser.add_argument("--with", dest="present", choices=question.CONTENDERS, default=MODES[1])
    parser.add_argument("--without", choices=question.CONTENDERS, default=MODES[0])
    options = parser.parse_args(arguments)
    environment = provision.ready()
    module.build(environment)
    contents = contenders.build(environment)
    guest.prepared(environment)
    names = [options.present, options.without]
    with step("tracing a packet in two guests, about 60 s"), ThreadPoolExecutor() as pool:
        both = list(pool.map(
            lambda name: measure(environment, options, name, contents), names))
    packet = question.packet(options.kind, options)
    print(f"instructions of one packet: {packet}")
    print("\n".join(breakdown.table(*both, names)))
    for name, found in zip(names, both):
        file = guest.BUILD / f"where-{packet.replace(' ', '-').lower()}-{name}.svg"
        title = f"{packet}, {name}: {sum(found.values()):,} instructions"
        file.write_text(flame.svg(found, title, breakdown.is_ours), encoding="utf-8")
        print(f"flame graph: {file.relative_to(module.PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
