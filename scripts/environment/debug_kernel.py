# SPDX-License-Identifier: GPL-2.0
"""A kernel of the same source that finds mistakes which the stock kernel passes over.

It is built once, by the build root's tools and the LLVM that is added to a copy of them: with
KASAN, Rust asks for clang. Only `make test-debug` makes and uses these.
"""

import json
import re
from pathlib import Path

from environment import disk, guest_modules, provision
from environment.cache import digest
from environment.chroot import BuildRoot, check_privilege
from environment.failure import Failure
from environment.logged import run_logged
from environment.progress import step

FRAGMENT = Path(__file__).with_name("debug.config")
FRAGMENTS = (FRAGMENT, provision.TESTS_CONFIG)

# The version whose LLVM is the one of the distribution's rustc too.
LLVM = 19
PACKAGES = [f"{name}-{LLVM}" for name in ("clang", "lld", "llvm")]
MAKE_ARGUMENTS = [f"LLVM=-{LLVM}", "LOCALVERSION=-nsmux-debug"]
# Warnings about a source that is not ours cost a tenth of the time.
KERNEL_ONLY = ["KCFLAGS=-w"]
INSTALLED = "installed"

OPTION = re.compile(r"^(CONFIG_\w+)=(.*)$", re.MULTILINE)


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


def wanted_options():
    """Option -> value. There are no modules: what the tests want as one is built in."""
    options = {}
    for file in FRAGMENTS:
        for name, value in OPTION.findall(file.read_text(encoding="utf-8")):
            options[name] = "y" if value == "m" else value
    return options


def check_configuration(path):
    """An option that others do not allow is left out without a word."""
    made = dict(OPTION.findall((path / ".config").read_text(encoding="utf-8")))
    missing = [f"{name}={value}" for name, value in wanted_options().items()
               if made.get(name, "n") != value]
    if missing:
        raise Failure(f"the debug kernel cannot have {' '.join(missing)}",
                      "Mend scripts/environment/debug.config or tests/config.")


def build_tree(path, root, stock_tree, log, lock):
    """Builds the kernel at `path`, from the sources in the stock kernel's tree."""

    def make(*targets):
        run_logged(root.command(["sh", "-c", 'exec make -C "$0" -j"$(nproc)" "$@"', path]
                                + MAKE_ARGUMENTS + KERNEL_ONLY + list(targets)), log, lock)

    run_logged(root.command(["cp", "--archive", "--reflink=auto", stock_tree, path]), log, lock)
    make("mrproper")
    fragment = path / "nsmux.config"
    fragment.write_text("".join(f"{name}={value}\n" for name, value in wanted_options().items()),
                        encoding="utf-8")
    make(f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig")
    check_configuration(path)
    make("bzImage", "modules")
    make("modules_install", f"INSTALL_MOD_PATH={path / INSTALLED}")
    (path / "nsmux-make-arguments.json").write_text(json.dumps(MAKE_ARGUMENTS), encoding="utf-8")


class Image:
    """The built kernel: the place of its parts."""

    def __init__(self, tree):
        self.path = tree
        self.kernel = tree / "arch/x86/boot/bzImage"

    @property
    def modules(self):
        """The directory with the list of what is built in."""
        return next((self.path / INSTALLED / "lib/modules").iterdir())


class DebugEnvironment:
    """The parts for a run on this kernel, made from those for the stock kernel."""

    def __init__(self, stock):
        self.stock = stock
        self.cache = stock.cache
        root_key = digest(PACKAGES, stock.root_key)
        self.root = BuildRoot(self.cache.entry("debug-root", root_key), stock.root.visible)
        tree_key = digest(Path(__file__), wanted_options(), stock.tree.name, root_key)
        self.tree = self.cache.entry("debug-kernel", tree_key)
        self.image = Image(self.tree)
        modules_key = guest_modules.key(tree_key, self.tree.name, provision.TESTS_CONFIG)
        self.modules = self.cache.entry("guest-modules", modules_key)

    @property
    def layers(self):
        """The parts of the initramfs that do not change from run to run."""
        return self.stock.layers[:2] + [self.modules]

    def ready(self):
        """Makes what is missing, and returns this object."""
        entries = [self.root.path, self.tree, self.modules]
        if not all(entry.exists() for entry in entries):
            check_privilege()
            with self.cache.locked():
                self._make()
        self.cache.mark_used(entries)
        return self

    def _make(self):
        disk.check(self.cache.path, disk.DEBUG)
        if not self.root.path.exists():
            with step("adding LLVM to a copy of the build root, about 40 s"):
                self._entry(self.root.path, build_root, self.stock.root)
        if not self.tree.exists():
            with step("building the debug kernel, about 15 minutes"):
                self._entry(self.tree, build_tree, self.root, self.stock.tree)
        self._entry(self.modules, guest_modules.build, self.root, self.tree, self.image.modules,
                    provision.TESTS_CONFIG)

    def _entry(self, entry, build, *arguments):
        kind, _, key = entry.name.rpartition("-")
        log = self.cache.path / "logs" / f"{kind}.log"
        self.cache.make(kind, key, lambda path: build(path, *arguments, log, self.cache.lock))


def ready():
    """The environment, made first where it is not there yet."""
    return DebugEnvironment(provision.ready()).ready()
