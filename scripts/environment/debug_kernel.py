# SPDX-License-Identifier: GPL-2.0
"""A kernel of the same source that finds mistakes which the stock kernel passes over.

It is built once, by the build root's tools and the LLVM that is added to a copy of them: with
KASAN, Rust asks for clang. Only `make test-debug` makes and uses these.
"""

from pathlib import Path

from environment import disk, provision
from environment.built_kernel import BuiltEnvironment, Recipe
from environment.cache import digest
from environment.chroot import BuildRoot
from environment.logged import run_logged
from environment.progress import step

# The version whose LLVM is the one of the distribution's rustc too.
LLVM = 19
PACKAGES = [f"{name}-{LLVM}" for name in ("clang", "lld", "llvm")]
RECIPE = Recipe("debug-kernel", "the debug kernel", "about 7 minutes", disk.DEBUG,
                Path(__file__).with_name("debug.config"),
                (f"LLVM=-{LLVM}", "LOCALVERSION=-nsmux-debug"))


def build_root(path, root, log, lock):
    """Makes a copy of the build root with LLVM in it."""
    # Inside, so that an ordinary user may copy the files of the root's other users too.
    run_logged(root.command(["cp", "--archive", "--reflink=auto", "--one-file-system",
                             root.path, path]), log, lock)
    ours = BuildRoot(path, root.visible)
    for command in (["update", "--error-on=any"],
                    ["install", "--yes", "--no-install-recommends"] + PACKAGES,
                    ["clean"]):
        run_logged(ours.command(["apt-get"] + command), log, lock)


class DebugEnvironment(BuiltEnvironment):
    """The parts for a run on this kernel."""

    def __init__(self, stock):
        root_key = digest(PACKAGES, stock.root_key)
        root = BuildRoot(stock.cache.entry("debug-root", root_key), stock.root.visible)
        super().__init__(stock, RECIPE, root, root_key)

    def make(self):
        """Makes what is missing, under the lock."""
        if not self.root.path.exists():
            with step("adding LLVM to a copy of the build root, about 40 s"):
                self.entry(self.root.path, build_root, self.stock.root)
        super().make()


def ready():
    """The environment, made first where it is not there yet."""
    return DebugEnvironment(provision.ready()).ready()
