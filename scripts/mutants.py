#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Breaks the module or the tool, one way at a time, and shows which test notices.

Each file in tests/mutants/ is one way: what is wrong then, the tests that must notice, and texts
to replace, each of which stands once in the sources of both. A mutant that no test notices is a
failure, and so is one that no longer applies.
"""

import argparse
import json
import os
import queue
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from environment import provision
from environment.failure import Failure, report
from kernel_module import module, scratch
from machine import accelerator
from machine.session import Limits
from selftests import on_host
from selftests.ktap import Counter
from selftests.run import Manner, run_tests
from tool import crate

PROJECT = Path(__file__).resolve().parent.parent
MUTANTS = PROJECT / "tests/mutants"

# What a mutant breaks is in one of these.
SOURCES = ("rust", "tools/nsmux/src")

# A mutant may hang its guest: that is noticed too, but not for as long as in a real run. What fails
# with ten thousand namespaces does with some hundred, which are made sooner.
BROKEN = Manner(limits=Limits(total=600, silence=150), prefix=["env", "NSMUX_NAMESPACES=600"])

# The tests on the module as it is: all of them in one guest.
UNBROKEN = Manner()

# Run by the build root's Python: a host's may be too old to read this format.
PARSE = ("import json, sys, tomllib\n"
         "print(json.dumps([tomllib.load(open(path, 'rb')) for path in sys.argv[1:]]))")

# What the kernel says when something is badly wrong.
TROUBLE = re.compile(r"BUG:|WARNING:|Oops|refcount_t:|panic|stall|unreferenced|blocked for more")


class BuildFailure(Failure):
    """What is broken does not even build."""


class NotRun(Failure):
    """The guest did not come as far as the tests: nothing is known."""


class Noticed(Exception):
    """A test has failed: nothing more has to be known of this mutant."""


@dataclass
class Mutant:
    """One way to break the module or the tool."""

    name: str
    what: str
    tests: list
    changes: list

    def apply(self, tree):
        """Breaks the copy. Returns what the changed files said before."""
        before = {}
        for change in self.changes:
            texts = {path: path.read_text(encoding="utf-8")
                     for source in SOURCES for path in (tree / source).rglob("*.rs")}
            found = [path for path, text in texts.items() if change["old"] in text]
            if len(found) != 1 or texts[found[0]].count(change["old"]) != 1:
                restore(before)
                raise Failure(
                    f"the mutant {self.name} does not apply: this is not once in the sources:\n"
                    + change["old"],
                    f"Bring tests/mutants/{self.name}.toml up to date with them.")
            before.setdefault(found[0], texts[found[0]])
            found[0].write_text(texts[found[0]].replace(change["old"], change["new"]),
                                encoding="utf-8")
        return before


def restore(before):
    """Takes the changes back."""
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


def select(names, run=subprocess.run):
    """The mutants of these names, or all. `run` runs Python to read their files."""
    mutants = {path.stem: path for path in sorted(MUTANTS.glob("*.toml"))}
    unknown = set(names) - set(mutants)
    if unknown:
        raise Failure(f"there is no mutant {' '.join(sorted(unknown))}",
                      f"There are: {' '.join(mutants)}")
    chosen = names or list(mutants)
    parsed = run(["python3", "-c", PARSE] + [mutants[name] for name in chosen],
                 stdout=subprocess.PIPE, check=True)
    return [Mutant(name, content["what"], content["tests"], content["change"])
            for name, content in zip(chosen, json.loads(parsed.stdout))]


def build(environment, tree, changed=()):
    """Builds the module of that copy, and the tool if one of its files was changed."""
    built = tree / crate.BUILD / "nsmux"
    built.unlink(missing_ok=True)
    try:
        # A mutant may well make the compiler warn of what is not used any more.
        module.run_make(environment, tree, "modules")
        if any(path.is_relative_to(tree / crate.CRATE) for path in changed):
            crate.build(environment, tree)
    except Failure as failure:
        raise BuildFailure(failure.problem) from failure


def failures(environment, tree, tests, manner, at_once=False):
    """The results that failed with what is built of that copy: the first only, or all."""
    here, in_guest = on_host.select(tests)
    failed = on_host.run(environment, here, tree, lambda line: None).failures
    if in_guest and not (failed and at_once):
        failed += failures_in_guest(environment, tree, in_guest, manner, at_once)
    return failed


def failures_in_guest(environment, tree, tests, manner, at_once):
    """Those in a guest, which is ended when no more has to be known."""
    seen = Counter()
    output = bytearray()
    trouble = []

    def watch(data):
        output.extend(data)
        seen.feed(data)
        if at_once and seen.failures:
            raise Noticed

    try:
        tool = tree / crate.BUILD / "nsmux"
        if tool.exists():
            manner = replace(manner, contents=[("usr/bin/nsmux", tool)])
        whole = run_tests(environment, tests, tree / module.MODULE, watch, manner,
                          on_trouble=trouble.append)
    except Noticed:
        return seen.failures
    if whole.failures and not at_once:
        log = environment.cache.path / "logs/unbroken.log"
        log.write_bytes(output)
        print(f"nsmux: all that the tests said on the module as it is: {log}", flush=True)
    if b"TAP version" not in output:
        raise NotRun(f"the tests {' '.join(tests)} did not run:\n" + "\n".join(trouble))
    # A broken module may have ended its guest before any test could fail: the log says how.
    return [f"the guest: {reason(trouble)}" if name.startswith("the guest") else name
            for name in sorted(whole.failures, key=lambda name: "planned" in name)]


def reason(trouble):
    """The line of the guest's trouble that says what it was."""
    lines = "\n".join(trouble).splitlines() or ["nothing was said"]
    return next((line.strip() for line in lines if TROUBLE.search(line)), lines[0])


def judge(environment, tree, mutant):
    """What becomes of the mutant, and that in words."""
    start = time.monotonic()
    before = mutant.apply(tree)
    try:
        build(environment, tree, before)
        # The one that should notice comes first. The others are asked if it did not.
        noticed = next(filter(None, (failures(environment, tree, [test], BROKEN, at_once=True)
                                     for test in mutant.tests)), [])
    except BuildFailure as failure:
        return "do not build", failure.problem
    except NotRun as failure:
        return "not judged", failure.problem
    finally:
        restore(before)
    seconds = time.monotonic() - start
    if not noticed:
        return "survived", f"NOT NOTICED by {' '.join(mutant.tests)} ({seconds:.0f} s)"
    return "noticed", f"noticed by {noticed[0]} ({seconds:.0f} s)"


def judge_all(environment, mutants, workers, is_known_good):
    """Yields for each mutant what became of it; several are judged at a time.

    Meanwhile the tests are run on the module as it is, unless somebody knows that they pass: one
    that fails then has noticed nothing.
    """
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    with ExitStack() as stack:
        trees = queue.SimpleQueue()
        for _ in range(workers):
            trees.put(stack.enter_context(scratch.copy(environment)))
        pool = stack.enter_context(ThreadPoolExecutor(workers))
        stack.callback(pool.shutdown, cancel_futures=True)

        def in_a_tree(do, *arguments):
            tree = trees.get()
            try:
                return do(environment, tree, *arguments)
            finally:
                trees.put(tree)

        unbroken = [] if is_known_good else [pool.submit(in_a_tree, judge_unbroken, tests)]
        judged = {pool.submit(in_a_tree, judge, mutant): mutant for mutant in mutants}
        if unbroken:
            print(f"nsmux: at the same time, on the module as it is: {' '.join(tests)}", flush=True)
        for future in as_completed([*unbroken, *judged]):
            result = future.result()
            if future in judged:
                yield judged[future], *result


def judge_unbroken(environment, tree, tests):
    """Fails if a test fails without any mutant: then it shows nothing."""
    build(environment, tree)
    failed = failures(environment, tree, tests, UNBROKEN)
    if failed:
        raise Failure(f"these fail without any mutant: {' '.join(failed)}", "Mend them first.")


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", help="a mutant (default: all in tests/mutants/)")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count(), 4), metavar="NUMBER",
                        help="judge so many at a time (default: %(default)s)")
    parser.add_argument("--known-good", action="store_true",
                        help="`make test` has passed: do not run its tests without a mutant too")
    options = parser.parse_args(arguments)
    environment = provision.ready()
    mutants = select(options.name, environment.root.run)
    accelerator.choose(environment)
    crate.build(environment)
    results = {"noticed": [], "survived": [], "do not build": [], "not judged": []}
    for number, (mutant, result, told) in enumerate(
            judge_all(environment, mutants, options.jobs, options.known_good), 1):
        results[result].append(mutant.name)
        print(f"{number:>3}/{len(mutants)} {mutant.name}: {mutant.what}\n        {told}",
              flush=True)
    counts = ", ".join(f"{len(names)} {result}" for result, names in results.items())
    rest = [name for result, names in results.items() if result != "noticed" for name in names]
    print(f"\nmutants: {counts}", *rest, sep="\n    ")
    return 0 if len(results["noticed"]) == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
