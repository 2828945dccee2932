#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks the module, one way at a time, and shows which test notices.

Each file in tests/mutants/ is one way: what is wrong then, the tests that must notice, and texts
to replace, each of which stands once in the module. A mutant that no test notices is a failure,
and so is one that no longer applies.
"""

import argparse
import contextlib
import io
import re
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from environment import provision
from environment.failure import Failure, report
from kernel_module import module, scratch
from machine.session import Limits
from selftests import on_host
from selftests.run import Manner, run_tests

PROJECT = Path(__file__).resolve().parent.parent
MUTANTS = PROJECT / "tests/mutants"

# A mutant may hang its guest: that is noticed too, but not for as long as in a real run.
BROKEN = Manner(limits=Limits(total=900, silence=150))


# What the kernel says when something is badly wrong.
TROUBLE = re.compile(r"BUG:|WARNING:|Oops|refcount_t:|panic|stall|unreferenced|blocked for more")


class BuildFailure(Failure):
    """The broken module does not even build."""


@dataclass
class Mutant:
    """One way to break the module."""

    name: str
    what: str
    tests: list
    changes: list

    @classmethod
    def load(cls, path):
        """Reads a mutant's file."""
        with open(path, "rb") as file:
            content = tomllib.load(file)
        return cls(path.stem, content["what"], content["tests"], content["change"])

    def apply(self, tree):
        """Breaks the copy of the module. Returns what the changed files said before."""
        before = {}
        for change in self.changes:
            texts = {path: path.read_text(encoding="utf-8")
                     for path in (tree / "rust").rglob("*.rs")}
            found = [path for path, text in texts.items() if change["old"] in text]
            if len(found) != 1 or texts[found[0]].count(change["old"]) != 1:
                restore(before)
                raise Failure(
                    f"the mutant {self.name} does not apply: this is not once in the module:\n"
                    + change["old"],
                    f"Bring tests/mutants/{self.name}.toml up to date with the module.")
            before.setdefault(found[0], texts[found[0]])
            found[0].write_text(texts[found[0]].replace(change["old"], change["new"]),
                                encoding="utf-8")
        return before


def restore(before):
    """Takes the changes back."""
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def select(names):
    """The mutants of these names, or all."""
    mutants = {path.stem: path for path in sorted(MUTANTS.glob("*.toml"))}
    unknown = set(names) - set(mutants)
    if unknown:
        raise Failure(f"there is no mutant {' '.join(sorted(unknown))}",
                      f"There are: {' '.join(mutants)}")
    return [Mutant.load(mutants[name]) for name in names or mutants]


def failures(environment, tree, tests):
    """The results that failed with the module of that copy."""
    try:
        # A mutant may well make the compiler warn of what is not used any more.
        module.run_make(environment, tree, "modules")
    except Failure as failure:
        raise BuildFailure(failure.problem) from failure
    here, in_guest = on_host.select(tests)
    counter = on_host.run(environment, here, tree, lambda line: None)
    return told(counter, "") + (failures_in_guest(environment, tree, in_guest) if in_guest else [])


def failures_in_guest(environment, tree, tests):
    """Those in a guest."""
    output = bytearray()
    trouble = io.StringIO()
    # What a broken module does to its guest is told in one line, if nothing else is.
    with contextlib.redirect_stderr(trouble):
        counter = run_tests(environment, tests, tree / module.MODULE, output.extend, BROKEN)
    if b"TAP version" not in output or not counter.passed and not counter.failed:
        raise Failure(f"the tests {' '.join(tests)} did not run:\n{trouble.getvalue()}")
    return told(counter, trouble.getvalue())


def told(counter, trouble):
    """First the tests that failed by themselves, last those that a dead guest took with it."""
    names = [f"the guest: {reason(trouble)}" if name.startswith("the guest") else name
             for name in counter.failures]
    return sorted(names, key=lambda name: (name.startswith("the "), "planned" in name))


def reason(trouble):
    """The line of the guest's trouble that says what it was."""
    lines = trouble.splitlines() or ["nothing was said"]
    return next((line.strip() for line in lines if TROUBLE.search(line)), lines[0])


def judge(environment, tree, mutant):
    """What becomes of the mutant, and that in words."""
    before = mutant.apply(tree)
    try:
        noticed = failures(environment, tree, mutant.tests)
    except BuildFailure as failure:
        return "do not build", failure.problem
    finally:
        restore(before)
    if not noticed:
        return "survived", f"NOT NOTICED by {' '.join(mutant.tests)}"
    more = f" and {len(noticed) - 1} more" if noticed[1:] else ""
    return "noticed", f"noticed by {noticed[0]}{more}"


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", help="a mutant (default: all in tests/mutants/)")
    mutants = select(parser.parse_args(arguments).name)
    environment = provision.ready()
    results = {"noticed": [], "survived": [], "do not build": []}
    with scratch.copy(environment) as tree:
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        print(f"nsmux: the tests on the module as it is: {' '.join(tests)}", flush=True)
        failed = failures(environment, tree, tests)
        if failed:
            raise Failure(f"these fail without any mutant: {' '.join(failed)}", "Mend them first.")
        for number, mutant in enumerate(mutants, 1):
            start = time.monotonic()
            result, told = judge(environment, tree, mutant)
            results[result].append(mutant.name)
            print(f"{number:>3}/{len(mutants)} {mutant.name}: {mutant.what}\n"
                  f"        {told} ({time.monotonic() - start:.0f} s)", flush=True)
    counts = ", ".join(f"{len(names)} {result}" for result, names in results.items())
    print(f"\nmutants: {counts}", *results["survived"], *results["do not build"], sep="\n    ")
    return 0 if results["noticed"] == [mutant.name for mutant in mutants] else 1


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
