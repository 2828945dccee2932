#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The unit tests in rust/net/, run by the kernel's KUnit.

They are in the module where the kernel has KUnit, as the debug kernel has.
"""

import re
from pathlib import Path

from lib import program
from net.lib.py import KsftSkipEx, ksft_eq, ksft_pr

SUITES = Path("/sys/kernel/debug/kunit")
# "ok 1 name" or "not ok 1 name", within a suite.
RESULT = re.compile(r"^    (ok|not ok) \d+ (\w+)", re.MULTILINE)
NAMES = {"rust_net_address", "rust_net_allowance", "rust_net_attribute",
         "rust_net_device_name", "rust_net_list", "rust_net_mailbox",
         "rust_net_port_ends", "rust_net_queue", "rust_net_reference"}


def run(suite):
    """Has a suite run; its results by the names of the tests."""
    (suite / "run").write_text("now", encoding="ascii")
    text = (suite / "results").read_text(encoding="utf-8")
    results = {name: result for result, name in RESULT.findall(text)}
    planned = re.search(r"^    1\.\.(\d+)$", text, re.MULTILINE).group(1)
    ksft_eq(len(results), int(planned), f"all of {suite.name} were run")
    return results


def test_suites():
    """Each test of each suite passes."""
    if not SUITES.exists():
        raise KsftSkipEx("the kernel has no KUnit")
    suites = {suite.name: suite for suite in SUITES.glob("rust_net_*")}
    ksft_eq(set(suites), NAMES, "what the module has")
    for name, suite in sorted(suites.items()):
        for test, result in run(suite).items():
            ksft_pr(f"{name}.{test}: {result}")
            ksft_eq(result, "ok", f"{name}.{test}")


if __name__ == "__main__":
    program.run(globals())
