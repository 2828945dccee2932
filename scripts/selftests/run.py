# SPDX-License-Identifier: GPL-2.0
"""Runs tests in one guest with the kernel's own runner."""

import secrets
import shutil

from kernel_module.module import MODULE, PROJECT
from machine import boot
from machine.session import Limits
from selftests import tree
from selftests.ktap import Counter

PLACE = "nsmux/kselftest"

# The runner ends a test after the time in tests/settings; this must be longer than that.
LIMITS = Limits(total=1800, silence=240)


def run_tests(environment, names=(), module=PROJECT / MODULE, on_output=boot.print_output,
              limits=LIMITS, counter=None):
    """Runs the named tests, or all. Returns the counted results, together with those before.

    All that is wrong is counted: a failed test, a guest without a verdict, trouble in its log.
    """
    counter = counter or Counter()
    scratch = environment.cache.path / "runs" / f"kselftest-{secrets.token_hex(8)}"
    try:
        tree.install(environment, scratch)
        command = [f"/{PLACE}/run_kselftest.sh"]
        for name in tree.select(scratch, names):
            command += ["-t", name]

        def take(data):
            on_output(data)
            counter.feed(data)

        contents = [("nsmux/nsmux.ko", module), (PLACE, scratch)] + boot.default_contents()
        run = boot.Run(command=command, contents=contents, limits=limits)
        status = boot.boot(environment, run, take)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    counter.close()
    if status is None:
        counter.add_failure("the guest (see above)")
    elif status != 0 and counter.failed == 0:
        counter.add_failure(f"the test runner (exit status {status})")
    return counter
