# SPDX-License-Identifier: GPL-2.0
"""Compares the runs, and tells what is a sign of a mistake of nsmux's."""

import sys

from upstream import record
from upstream.result import newly_failing

WITHOUT = "none"


def lines(name, modes, without):
    """What is wrong with one test, in lines; `modes` is mode -> its results, and `without` what is
    known of it without nsmux, of this run or an earlier one."""
    for mode, results in modes.items():
        made = results.get(name)
        if made is None:
            yield f"{mode}: it was not run to its end"
            continue
        if mode == WITHOUT:
            continue
        for what in ("disagreements", "disputes"):
            if made.counted[what]:
                yield f"{mode}: {made.counted[what]} {what}: {made.counted['where']}"
        if without:
            worse, parts = newly_failing(without, made)
            if worse:
                yield f"{mode}: {made.verdict}; without nsmux: {without.verdict}"
            yield from (f"{mode}: only with nsmux fails: {part}" for part in parts)


def tell(kept, names, wanted):
    """Writes KTAP for these tests. Returns the exit status."""
    modes = {mode: record.results(kept, mode) for mode in wanted}
    without = record.results(kept, WITHOUT)
    bad = 0
    print("KTAP version 1")
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        found = list(lines(name, modes, without.get(name)))
        for line in found:
            print(f"# {line}")
        ends = " ".join(f"{mode}:{results[name].verdict}"
                        for mode, results in modes.items() if name in results)
        # What fails alike is not nsmux's: it is in the table, with its reason.
        all_pass = all(name in results and results[name].verdict == "passed"
                       for results in modes.values())
        directive = "" if all_pass or found else " # SKIP it does not pass without nsmux"
        print(f"{'not ok' if found else 'ok'} {number} {name} {ends}{directive}")
        bad += bool(found)
    for mode in wanted:
        watched = kept["modes"][mode]["watched"]
        for what in ("disagreements", "disputes"):
            if watched.get(what):
                print(f"# {mode}: {watched[what]} {what} in namespaces without a name: "
                      f"{watched['where']}")
                bad += 1
        for trouble in kept["modes"][mode]["trouble"]:
            print(f"# {mode}: the kernel's log:\n{trouble}", file=sys.stderr)
    print(f"{len(names) - bad} tests are alike, {bad} are not")
    return 1 if bad else 0
