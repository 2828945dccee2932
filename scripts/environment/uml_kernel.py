# SPDX-License-Identifier: GPL-2.0
"""User-mode Linux of the same source: a kernel that is a program, and runs at full speed.

Where there is no virtualisation, everything else that boots is emulated, and its time means
nothing. It is built once, when the first benchmark that measures time is asked for.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from environment import disk, provision
from environment.built_kernel import (
    KERNEL_ONLY, OPTION, BuiltEnvironment, Recipe, check_configuration,
)
from environment.cache import digest
from environment.logged import run_logged
from environment.progress import step

# It is linked at a fixed address without a table of offsets, and its loader of modules knows no
# relocation of one: rustc makes them unless it is told that all data can be reached directly.
RUST_FLAGS = "-Crelocation-model=pie -Zdirect-access-external-data=yes"


@dataclass(frozen=True)
class UmlRecipe(Recipe):
    """A kernel that has no machine to drive and no tests to run."""

    def options(self):
        """Option -> value, of the fragment alone."""
        return dict(OPTION.findall(self.fragment.read_text(encoding="utf-8")))


RECIPE = UmlRecipe("uml-kernel", "user-mode Linux", "about 5 minutes", disk.UML,
                   Path(__file__).with_name("uml.config"),
                   ("ARCH=um", "LOCALVERSION=-nsmux-um", f"KRUSTFLAGS={RUST_FLAGS}"))


def build_tree(path, root, stock_tree, recipe, log, lock):
    """Builds the kernel at `path`, from the sources in the stock kernel's tree."""

    def make(*targets):
        run_logged(root.command(["sh", "-c", 'exec make -C "$0" -j"$(nproc)" "$@"', path]
                                + list(recipe.make_arguments) + KERNEL_ONLY + list(targets)),
                   log, lock)

    run_logged(root.command(["cp", "--archive", "--reflink=auto", stock_tree, path]), log, lock)
    # What the tree was prepared for is another architecture.
    run_logged(root.command(["make", "-C", path, "mrproper"]), log, lock)
    fragment = path / "nsmux.config"
    fragment.write_text("".join(f"{name}={value}\n" for name, value in recipe.options().items()),
                        encoding="utf-8")
    make(f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig")
    check_configuration(path, recipe.options())
    make("linux", "modules")
    (path / "nsmux-make-arguments.json").write_text(json.dumps(recipe.make_arguments),
                                                    encoding="utf-8")


class UmlEnvironment(BuiltEnvironment):
    """The parts for a run of this kernel, whose userland is the build root itself."""

    def __init__(self, stock):
        super().__init__(stock, RECIPE, root_key=digest(Path(__file__), stock.root_key))
        self.kernel = self.tree / "linux"

    @property
    def entries(self):
        """All that has to be there."""
        return [self.root.path, self.tree]

    def make(self):
        """Makes what is missing, under the lock."""
        if not self.tree.exists():
            with step(f"building {self.recipe.title}, {self.recipe.duration}"):
                self.entry(self.tree, build_tree, self.root, self.stock.tree, self.recipe)


def ready():
    """The environment, made first where it is not there yet."""
    return UmlEnvironment(provision.ready()).ready()
