#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs all checks of the source, or those that are named, and shows what each finds."""

import sys
from concurrent.futures import ThreadPoolExecutor

from checks import (
    c_sources, documentation, licences, listings, python_sources, rust_imports, rust_sources,
    shell_sources, tool_sources,
)
from checks.sources import Sources
from environment import provision
from environment.failure import Failure, report
from selftests import on_host

# Those that take longest come first.
CHECKS = {
    "clippy": rust_sources.clippy,
    "rustdoc": rust_sources.documentation,
    "compile fail": on_host.findings("compile_fail"),
    "examples": on_host.findings("examples"),
    "compiled out": on_host.findings("compiled_out"),
    "packet path": on_host.findings("packet_path"),
    "listings": listings.findings,
    "tool clippy": tool_sources.clippy,
    "tool tests": tool_sources.unit_tests,
    "tool rustdoc": tool_sources.documentation,
    "tool rustfmt": tool_sources.formatting,
    "sphinx": documentation.sphinx,
    "unit tests": python_sources.unit_tests,
    "flake8": python_sources.flake8,
    "shellcheck": shell_sources.shellcheck,
    "checkpatch": c_sources.checkpatch,
    "rustfmt": rust_sources.formatting,
    "imports": rust_imports.cycles,
    "netlink codes": c_sources.netlink_codes,
    "lines of C": c_sources.lines,
    "licences": licences.lines,
}

# Two processors are the least that a machine has; the checks of Rust keep one busy each.
AT_ONCE = 2


def run_one(check, sources):
    """What a check finds; one that cannot run has found that."""
    try:
        return check(sources)
    except Failure as failure:
        return failure.problem.splitlines()


def main(names):
    """All checks run, whatever the others find."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise Failure(f"there is no check {unknown[0]}", f"There are: {', '.join(CHECKS)}")
    sources = Sources(provision.ready())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {name: pool.submit(run_one, CHECKS[name], sources) for name in names or CHECKS}
        failed = 0
        for name, future in running.items():
            found = future.result()
            print(f"{'FAIL' if found else 'ok  '}  {name}", flush=True)
            for line in found:
                print(f"      {line}")
            failed += bool(found)
    print(f"{len(running) - failed} checks are good, {failed} are not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
