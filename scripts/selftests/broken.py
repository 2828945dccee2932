# SPDX-License-Identifier: GPL-2.0
"""Shows that a run on the debug kernel notices mistakes, with a module that makes them.

Each kind of mistake in tests/broken/ has to be found in the log, in a piece that names the
function which made it.
"""

import re
import shutil
import tempfile
from pathlib import Path

from kernel_module.module import PROJECT, run_make
from machine import boot

SOURCE = PROJECT / "tests/broken"
PARAMETER = "/sys/module/nsmux_broken/parameters/make"
NAMESPACE = "nsmux-broken"

# What the kernel says of each. The lock's inversion comes first: lockdep ends with any other
# trouble.
FINDINGS = {
    "lock_inversion": r"possible circular locking dependency detected",
    "sleep_in_atomic": r"BUG: sleeping function called from invalid context",
    "use_after_free": r"BUG: KASAN: slab-use-after-free",
    "leak": r"unreferenced object 0x",
    "leak_namespace": r"ref_tracker: net_refcnt@\S+ was left",
}

# Within so many lines the function is named.
LINES = 60


def script():
    """What is run in the guest: all mistakes, each in a namespace that goes afterwards."""
    lines = ["set -e", "insmod /nsmux/nsmux_broken.ko", f"ip netns add {NAMESPACE}"]
    lines += [f"ip netns exec {NAMESPACE} sh -c 'echo {name} > {PARAMETER}'" for name in FINDINGS]
    return "\n".join(lines + [f"ip netns delete {NAMESPACE}"])


def missed(log):
    """The mistakes of which a text says nothing."""
    return [name for name, finding in FINDINGS.items()
            if not re.search(rf"{finding}(?:.*\n){{0,{LINES}}}?.*\b{name}\+0x", log)]


def verdicts(environment, manner):
    """Every kind of mistake, with what is wrong in lines: none, if it was noticed."""
    trouble = []
    with tempfile.TemporaryDirectory(dir=environment.cache.path / "runs") as folder:
        source = Path(shutil.copytree(SOURCE, f"{folder}/broken"))
        run_make(environment, source, "modules")
        run = boot.Run(
            command=manner.prefix + ["sh", "-c", script()], boot=manner.boot,
            contents=manner.contents + [("nsmux/nsmux_broken.ko", source / "nsmux_broken.ko")],
            limits=manner.limits, megabytes=manner.megabytes)
        boot.boot(environment, run, on_trouble=trouble.append)
    text = "\n".join(trouble)
    not_noticed = missed(text)
    return {name: ["not noticed; what was:", *text.splitlines()] if name in not_noticed else []
            for name in FINDINGS}
