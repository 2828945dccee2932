#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures time, part by part, and writes all figures to build/bench/results.json."""

import argparse
import sys

from bench import (
    lookup, namespaces, native, packets, pages, per_instruction, report as designs, surroundings,
    two_processors,
)
from bench.guest import BUILD
from bench.results import Results
from environment import provision
from environment.failure import Failure, report
from kernel_module.module import PROJECT

RESULTS = BUILD / "results.json"


# Each measures, given the environment, and has a table and a picture of what it has found.
PARTS = {"lookup": lookup, "native": native, "packets": packets,
         "per-instruction": per_instruction, "two-processors": two_processors,
         "namespaces": namespaces}
# And some have several, and one report together.
ALL = {**PARTS, **designs.PARTS}
# What each page of the documentation takes its figures from.
PAGES = (PARTS, designs.PARTS)


def pictures(name, part, others):
    """What a part draws: name -> picture, or None where another part is missing for it."""
    return ({name: PARTS[name].picture(part, *others)} if name in PARTS
            else designs.PARTS[name].pictures(part))


def show(name, parts):
    """Prints the table, and draws the pictures."""
    part, others = parts[name], pages.beside(ALL[name], parts)
    print("\n".join(ALL[name].table(part, *others)) + "\n")
    for picture, drawn in pictures(name, part, others).items():
        if drawn is None:
            continue
        file = BUILD / f"{picture}.svg"
        file.write_text(drawn, encoding="utf-8")
        print(f"plot: {file.relative_to(PROJECT)}")
    print()


def record(contents):
    """Gives the documentation what it has to be given of these parts."""
    parts = contents["parts"]
    if set(PARTS) <= set(parts):
        pages.write(PARTS, {**contents, "parts": {name: parts[name] for name in PARTS}})
    if set(designs.PARTS) <= set(parts):
        designs.write(pages.FOLDER, contents)
    print(f"tables and plots for the documentation: {pages.FOLDER.relative_to(PROJECT)}")


def main(arguments):
    """Measures, writes, shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part",
                        help=f"one of {', '.join(ALL)}; without any, all of them")
    parser.add_argument("--record", action="store_true",
                        help="give the documentation the figures of these parts")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.parts if name not in ALL]
    if unknown:
        raise Failure(f"there is no part {unknown[0]}", f"There are: {', '.join(ALL)}")
    chosen = set(options.parts or ALL)
    if options.record and not any(set(page) <= chosen for page in PAGES):
        raise Failure("no page of the documentation has all its figures from these parts",
                      " or ".join(f"T='--record {' '.join(page)}'" for page in PAGES))
    environment = provision.ready()
    results = Results(RESULTS)
    for name in options.parts or ALL:
        results.add(name, ALL[name].measure(environment))
    print("\n".join(surroundings.lines(results.contents["machine"])))
    for name in results.parts:
        show(name, results.parts)
    print(f"all figures: {RESULTS.relative_to(PROJECT)}")
    if options.record or list(results.parts) == list(ALL):
        record(results.contents)
    return 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
