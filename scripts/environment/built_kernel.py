# SPDX-License-Identifier: GPL-2.0
"""Kernels of the same source as the stock kernel, in configurations of our own.

They are small: what `small.config` and `tests/config` name, what another fragment adds or takes
away, and nothing else. There are no modules: what the tests want as one is built in. Each is
built once, when the first test that runs on it is asked for.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from environment import disk, guest_modules, provision
from environment.cache import digest
from environment.chroot import check_privilege
from environment.failure import Failure
from environment.logged import run_logged
from environment.progress import step

SMALL = Path(__file__).with_name("small.config")
# Warnings about a source that is not ours cost a tenth of the time.
KERNEL_ONLY = ["KCFLAGS=-w"]
INSTALLED = "installed"
OPTION = re.compile(r"^(CONFIG_\w+)=(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """What makes one kernel differ from another."""

    # What the cache calls it, and people.
    kind: str
    title: str
    # How long it takes to build on two processors, and how many megabytes.
    duration: str
    megabytes: int
    fragment: Path
    make_arguments: tuple = ()

    def options(self):
        """Option -> value; a later fragment has the last word."""
        options = {}
        for file in (SMALL, provision.TESTS_CONFIG, self.fragment):
            for name, value in OPTION.findall(file.read_text(encoding="utf-8")):
                options[name] = "y" if value == "m" else value
        return options


def check_configuration(path, options):
    """An option that others do not allow is left out without a word."""
    made = dict(OPTION.findall((path / ".config").read_text(encoding="utf-8")))
    missing = [f"{name}={value}" for name, value in options.items()
               if made.get(name, "n") != value]
    if missing:
        raise Failure(f"the kernel cannot have {' '.join(missing)}",
                      "Mend the fragments in scripts/environment, or tests/config.")


def build_tree(path, root, stock_tree, recipe, log, lock):
    """Builds the kernel at `path`, from the sources in the stock kernel's tree."""

    def make(*targets):
        run_logged(root.command(["sh", "-c", 'exec make -C "$0" -j"$(nproc)" "$@"', path]
                                + list(recipe.make_arguments) + KERNEL_ONLY + list(targets)),
                   log, lock)

    run_logged(root.command(["cp", "--archive", "--reflink=auto", stock_tree, path]), log, lock)
    make("mrproper")
    fragment = path / "nsmux.config"
    fragment.write_text("".join(f"{name}={value}\n" for name, value in recipe.options().items()),
                        encoding="utf-8")
    make(f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig")
    check_configuration(path, recipe.options())
    make("bzImage", "modules")
    make("modules_install", f"INSTALL_MOD_PATH={path / INSTALLED}")
    (path / "nsmux-make-arguments.json").write_text(json.dumps(recipe.make_arguments),
                                                    encoding="utf-8")


class Image:
    """The built kernel: the place of its parts."""

    def __init__(self, tree):
        self.path = tree
        self.kernel = tree / "arch/x86/boot/bzImage"

    @property
    def modules(self):
        """The directory with the list of what is built in."""
        return next((self.path / INSTALLED / "lib/modules").iterdir())


class BuiltEnvironment:
    """The parts for a run on such a kernel, made from those for the stock kernel."""

    def __init__(self, stock, recipe, root=None, root_key=None):
        self.stock = stock
        self.recipe = recipe
        self.cache = stock.cache
        self.root = root or stock.root
        tree_key = digest(Path(__file__), recipe.options(), recipe.make_arguments,
                          stock.tree.name, root_key or stock.root_key)
        self.tree = self.cache.entry(recipe.kind, tree_key)
        self.image = Image(self.tree)
        modules_key = guest_modules.key(tree_key, self.tree.name, provision.TESTS_CONFIG)
        self.modules = self.cache.entry("guest-modules", modules_key)

    @property
    def layers(self):
        """The parts of the initramfs that do not change from run to run."""
        return self.stock.layers[:2] + [self.modules]

    @property
    def entries(self):
        """All that has to be there."""
        return [self.root.path, self.tree, self.modules]

    def is_ready(self):
        """Whether it is all there."""
        return all(entry.exists() for entry in self.entries)

    def ready(self):
        """Makes what is missing, and returns this object."""
        if not self.is_ready():
            check_privilege()
            with self.cache.locked():
                disk.check(self.cache.path, self.recipe.megabytes)
                self.make()
        self.cache.mark_used(self.entries)
        return self

    def make(self):
        """Makes what is missing, under the lock."""
        if not self.tree.exists():
            with step(f"building {self.recipe.title}, {self.recipe.duration}"):
                self.entry(self.tree, build_tree, self.root, self.stock.tree, self.recipe)
        self.entry(self.modules, guest_modules.build, self.root, self.tree, self.image.modules,
                   provision.TESTS_CONFIG)

    def entry(self, entry, build, *arguments):
        """Makes one part."""
        kind, _, key = entry.name.rpartition("-")
        log = self.cache.path / "logs" / f"{kind}.log"
        self.cache.make(kind, key, lambda path: build(path, *arguments, log, self.cache.lock))
