# SPDX-License-Identifier: GPL-2.0
"""Runs tests in one guest with the kernel's own runner."""

import secrets
import shutil
import sys
from dataclasses import dataclass, field

from kernel_module import designs
from kernel_module.module import MODULE, PROJECT
from machine import boot, qemu
from machine.session import Limits
from selftests import tree
from selftests.ktap import Counter

PLACE = "nsmux/kselftest"


@dataclass
class Manner:
    """How the tests are run: as here on the stock kernel, elsewhere with differences."""

    # The runner ends a test after the time in tests/settings; this must be longer than that.
    limits: Limits = field(default_factory=lambda: Limits(total=1800, silence=240))
    # What runs the runner, options for the runner, and what has to be in the guest for them.
    prefix: list = field(default_factory=list)
    options: list = field(default_factory=list)
    contents: list = field(default_factory=list)
    # More words for the kernel's command line.
    boot: str = ""
    megabytes: int = qemu.MEGABYTES


def run_tests(environment, names=(), module=PROJECT / MODULE, on_output=boot.print_output,
              manner=Manner(), counter=None, on_trouble=boot.print_trouble):
    """Runs the named tests, or all. Returns the counted results, together with those before.

    All that is wrong is counted: a failed test, a guest without a verdict, trouble in its log.
    """
    counter = counter or Counter()
    scratch = environment.cache.path / "runs" / f"kselftest-{secrets.token_hex(8)}"
    try:
        tree.install(environment, scratch)
        command = manner.prefix + [f"/{PLACE}/run_kselftest.sh"] + manner.options
        for name in tree.select(names):
            command += ["-t", name]

        def take(data):
            on_output(data)
            counter.feed(data)

        contents = [("nsmux/nsmux.ko", module), (PLACE, scratch)] + manner.contents
        contents += boot.default_contents()
        if designs.wanted(names):
            contents.append((designs.PLACE, designs.build(environment, module.parent)))
        run = boot.Run(command=command, contents=contents, boot=manner.boot, limits=manner.limits,
                       megabytes=manner.megabytes)
        status = boot.boot(environment, run, take, on_trouble)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    counter.close()
    if status is None:
        counter.add_failure("the guest (see above)")
    elif status != 0 and counter.failed == 0:
        counter.add_failure(f"the test runner (exit status {status})")
    return counter


def conclude(results):
    """Tells what failed, and the one line that a run ends with. Returns the exit status."""
    sys.stdout.flush()
    if results.failures:
        print("\nFailed:", *results.failures, sep="\n    ")
    print(f"\n{results.summary()}")
    return 0 if results.passed and not results.failed else 1
