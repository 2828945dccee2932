#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures the time of packets on the running kernel, and not in user-mode Linux.

Asks before it loads a module. All figures go to build/bench/host.json.
"""

import argparse
import sys
from pathlib import Path

from bench import host, native, packets, surroundings
from bench.guest import BUILD
from bench.intervals import LEAST
from bench.results import Results
from environment.failure import Failure, report
from environment.progress import step
from kernel_module.module import PROJECT

RESULTS = BUILD / "host.json"
PARTS = {"native": native, "packets": packets}


def main(arguments):
    """Checks, asks, measures, shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part",
                        help=f"one of {', '.join(PARTS)}; without any, both")
    parser.add_argument("--built", type=Path, metavar="FOLDER",
                        help="take nsmux.ko, nsmux_contenders.ko, counted.so and native.so from "
                        "there, and build nothing")
    parser.add_argument("--runs", type=int, metavar="NUMBER",
                        help=f"not as many runs as boots elsewhere, but so many: {LEAST} at least")
    parser.add_argument("--turns", type=int, metavar="NUMBER",
                        help="not as many turns of each run as elsewhere, but so many")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        raise Failure(f"HOST=1 has no part {unknown[0]}", f"There are: {', '.join(PARTS)}")
    if options.runs is not None and options.runs < LEAST:
        raise Failure(f"{options.runs} runs are too few: it takes {LEAST}")
    host.check(options.built)
    chosen = {name: PARTS[name] for name in options.parts or PARTS}
    plan = {name: (options.runs or part.BOOTS, options.turns or part.TURNS)
            for name, part in chosen.items()}
    seconds = sum(runs * (2 + turns * chosen[name].TURN) for name, (runs, turns) in plan.items())
    if not host.agreed(seconds / 60):
        print("nsmux: nothing was loaded")
        return 1
    folder = host.prepared(options.built)
    results = Results(RESULTS)
    for name, part in chosen.items():
        runs, turns = plan[name]
        with step(f"measuring {name} in {runs} runs"):
            found, last = host.measured(folder, f"{name}.py", runs, turns)
        results.add(name, dict(last, **part.summary(found)))
    print("\n".join(surroundings.lines(results.contents["machine"])))
    for name, part in results.parts.items():
        print("\n".join(PARTS[name].table(part)) + "\n")
        picture = BUILD / f"host-{name}.svg"
        picture.write_text(PARTS[name].picture(part), encoding="utf-8")
        print(f"plot: {picture.relative_to(PROJECT)}\n")
    print(f"all figures: {RESULTS.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
