# SPDX-License-Identifier: GPL-2.0
"""The kernel's own selftests, built from the unpacked source, and a guest that has what they want.

Only `make test-upstream` makes and uses these.
"""

import shutil
from pathlib import Path

from environment import disk, guest_modules, overlay, provision, upstream_root, upstream_userland
from environment.cache import digest
from environment.chroot import check_privilege
from environment.logged import run_logged
from environment.progress import step

KIND = "upstream-tests"
SCRIPT = Path(__file__).with_suffix(".sh")
MODULES = "upstream-modules"

# Folders of tools/testing/selftests; the first has what the others need.
COLLECTIONS = ("net/lib", "net", "net/af_unix", "net/mptcp", "net/netfilter", "net/tcp_ao")

# Where a test says in no file that it wants these.
OPTIONS = Path(__file__).with_name("upstream.config")


def build(path, root, tree, log, lock):
    """Builds the tests at `path`."""
    scratch = path / "scratch"
    overlay.prepare(scratch)
    options = overlay.options(tree, scratch)
    run_logged(root.command([SCRIPT, tree, options, path / "tree", *COLLECTIONS], [SCRIPT]),
               log, lock)
    shutil.rmtree(scratch)
    with open(path / "tree/config", "a", encoding="utf-8") as config:
        config.write(OPTIONS.read_text(encoding="utf-8"))


class UpstreamEnvironment:
    """The parts for a run of these tests, made from those for the stock kernel."""

    def __init__(self, stock):
        self.stock = stock
        self.cache = stock.cache
        self.tree = stock.tree
        self.image = stock.image
        root_key = upstream_root.key(stock.root_key)
        self.root = overlay.OverlayRoot(stock.root,
                                        self.cache.entry(upstream_root.KIND, root_key))
        self.tests = self.cache.entry(
            KIND, digest(Path(__file__), SCRIPT, OPTIONS, COLLECTIONS, stock.tree.name, root_key))
        self.userland = self.cache.entry(upstream_userland.KIND, upstream_userland.key(root_key))
        self.modules = self.cache.entry(
            MODULES, digest(Path(guest_modules.__file__), self.image.path.name, self.tests.name))

    @property
    def layers(self):
        """The parts of the initramfs that do not change from run to run."""
        return [self.stock.layers[0], self.userland, self.modules]

    @property
    def entries(self):
        """All that has to be there."""
        return [self.root.folder, self.tests, self.userland, self.modules]

    def ready(self):
        """Makes what is missing, and returns this object."""
        if not all(entry.exists() for entry in self.entries):
            check_privilege()
            with self.cache.locked():
                disk.check(self.cache.path, disk.UPSTREAM)
                self.make()
        self.cache.mark_used(self.entries)
        return self

    def make(self):
        """Makes what is missing, under the lock."""
        if not self.root.folder.exists():
            with step("adding the tools of the kernel's selftests to the build root, about 40 s"):
                self.entry(self.root.folder, upstream_root.build, self.stock.root)
        if not self.tests.exists():
            with step("building the kernel's selftests, about 3 minutes"):
                self.entry(self.tests, build, self.root, self.tree)
        self.entry(self.userland, upstream_userland.build, self.root)
        self.entry(self.modules, guest_modules.build, self.stock.root, self.tree,
                   self.image.modules, self.tests / "tree/config")

    def entry(self, entry, make, *arguments):
        """Makes one part."""
        kind, _, key = entry.name.rpartition("-")
        log = self.cache.path / "logs" / f"{kind}.log"
        self.cache.make(kind, key, lambda path: make(path, *arguments, log, self.cache.lock))


def ready():
    """The environment, made first where it is not there yet."""
    return UpstreamEnvironment(provision.ready()).ready()
