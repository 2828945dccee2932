# SPDX-License-Identifier: GPL-2.0
"""Shows that the module works on a kernel without network namespaces, if the first level is
compiled out, and says what it needs if it is not.
"""

from environment import disk
from environment.built_kernel import BuiltEnvironment, Recipe
from environment.failure import Failure
from kernel_module import module, scratch
from machine import boot
from tool import crate

OPTION = "NET_NS"
RECIPE = Recipe("undivided-kernel", "a kernel without network namespaces", "about 5 minutes",
                disk.UNDIVIDED, module.PROJECT / "scripts/environment/undivided.config",
                ("LOCALVERSION=-nsmux-undivided",))
EXCHANGE = module.PROJECT / "tests/without_namespaces/exchange.py"
PLACE = "nsmux/exchange.py"


def is_ready(environment):
    """Whether the kernel is there."""
    return BuiltEnvironment(environment, RECIPE).is_ready()


def verdicts(environment, source=module.PROJECT):
    """Every result, by name, with what is wrong in lines: none, if all is well."""
    undivided = BuiltEnvironment(environment, RECIPE).ready()
    with scratch.copy(undivided, source) as directory:
        tool = crate.build(environment)
        results = {
            "the missing option is named": refusal(undivided, directory),
            "the module is built": attempt(undivided, directory, "noop"),
        }
        if not results["the module is built"]:
            results["packets are looked up"] = exchange(undivided, directory, tool)
        return results


def attempt(environment, directory, first_level):
    """What the build says if it fails."""
    try:
        module.run_make(environment, directory, "modules",
                        variables=[f"NSMUX_FIRST_LEVEL={first_level}"])
    except Failure as failure:
        return failure.problem.splitlines()
    return []


def refusal(environment, directory):
    """What is wrong with how the build fails that needs the option."""
    said = attempt(environment, directory, "pointer")
    if any(f"CONFIG_{OPTION}" in line for line in said):
        return []
    return ["the option is not named:"] + said


def exchange(environment, directory, tool):
    """What is wrong with a run of the module and the tool in a guest with that kernel."""
    told, trouble = [], []
    run = boot.Run(command=["python3", f"/{PLACE}"], contents=[
        ("nsmux/nsmux.ko", directory / module.MODULE), ("usr/bin/nsmux", tool), (PLACE, EXCHANGE)])
    status = boot.boot(environment, run, told.append, trouble.append)
    if status == 0:
        return []
    output = b"".join(told).decode(errors="replace")
    return [f"exit status {status}", *output.splitlines(), *"\n".join(trouble).splitlines()]
