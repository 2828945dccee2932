# SPDX-License-Identifier: GPL-2.0
"""Shows that the module builds for a kernel without network namespaces, if the first level is
compiled out, and says what it needs if it is not.

The kernel tree is a copy of the one of the stock kernel, configured and prepared again.
"""

import json

from environment.failure import Failure
from environment.logged import run_logged
from environment.progress import step
from kernel_module import module, scratch

OPTION = "NET_NS"


def tree(environment):
    """Where the tree is or will be."""
    return environment.cache.entry("kernel-tree", f"without-net-ns-{environment.tree.name}")


def is_ready(environment):
    """Whether it is there."""
    return tree(environment).exists()


def verdicts(environment, source=module.PROJECT):
    """Every result, by name, with what is wrong in lines: none, if all is well."""
    place = tree(environment)
    if not place.exists():
        with environment.cache.locked(), step("preparing a kernel tree without NET_NS, 150 s"):
            environment.cache.make("kernel-tree", place.name.partition("kernel-tree-")[2],
                                   lambda path: prepare(environment, path))
    environment.cache.mark_used([place])
    with scratch.copy(environment, source) as directory:
        return {
            "the missing option is named": refusal(environment, directory, place),
            "the module is built": attempt(environment, directory, place, "noop"),
        }


def attempt(environment, directory, place, first_level):
    """What the build says if it fails."""
    try:
        module.run_make(environment, directory, "modules", tree=place,
                        variables=[f"NSMUX_FIRST_LEVEL={first_level}"])
    except Failure as failure:
        return failure.problem.splitlines()
    return []


def refusal(environment, directory, place):
    """What is wrong with how the build fails that needs the option."""
    said = attempt(environment, directory, place, "pointer")
    if any(f"CONFIG_{OPTION}" in line for line in said):
        return []
    return ["the option is not named:"] + said


def prepare(environment, path):
    """Makes the tree at a path."""
    log = environment.cache.path / "logs/kernel-tree-without-net-ns.log"

    def run(*command):
        run_logged(environment.root.command(command), log, environment.cache.lock)

    run("cp", "--archive", "--reflink=auto", environment.tree, path)
    run("sh", "-c", 'cd "$0" && exec scripts/config --disable "$1"', path, OPTION)
    arguments = json.loads((path / "nsmux-make-arguments.json").read_text())
    for target in ("olddefconfig", "modules_prepare"):
        run("sh", "-c", 'exec make -C "$0" -j"$(nproc)" "$@"', path, *arguments, target)
    if f"CONFIG_{OPTION}=y" in (path / ".config").read_text().splitlines():
        raise Failure(f"another option of the kernel asks for CONFIG_{OPTION}")
