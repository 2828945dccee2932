#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures time, part by part, and writes all figures to build/bench/results.json."""

import argparse
import json
import sys

from bench import namespaces, native, packets, pages, surroundings
from bench.guest import BUILD
from environment import provision
from environment.failure import Failure, report
from kernel_module.module import PROJECT

RESULTS = BUILD / "results.json"
SCHEMA = 2


# Each measures, given the environment, and has a table and a picture of what it has found.
PARTS = {"native": native, "packets": packets, "namespaces": namespaces}


def show(name, part):
    """Prints the table, and draws the picture."""
    print("\n".join(PARTS[name].table(part)))
    picture = BUILD / f"{name}.svg"
    picture.write_text(PARTS[name].picture(part), encoding="utf-8")
    print(f"\nplot: {picture.relative_to(PROJECT)}\n")


def main(arguments):
    """Measures, writes, shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part",
                        help=f"one of {', '.join(PARTS)}; without any, all of them")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        raise Failure(f"there is no part {unknown[0]}", f"There are: {', '.join(PARTS)}")
    environment = provision.ready()
    results = {"schema": SCHEMA, "machine": surroundings.machine(), "parts": {}}
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in options.parts or PARTS:
        results["parts"][name] = PARTS[name].measure(environment)
        results["machine"]["load"].append(surroundings.load())
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("\n".join(surroundings.lines(results["machine"])))
    for name, part in results["parts"].items():
        show(name, part)
    print(f"all figures: {RESULTS.relative_to(PROJECT)}")
    if list(results["parts"]) == list(PARTS):
        pages.write(PARTS, results)
        print(f"tables and plots for the documentation: {pages.FOLDER.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
