# SPDX-License-Identifier: GPL-2.0
"""Makes all that the project needs before it can build or boot, and says where it is.

Everything is found by names that depend on its inputs. When all of it is there, nothing is asked
of the network and nothing is run; else what is missing is made, under a lock.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from environment import build_root, crates, debian_kernel, disk, guest_init, guest_modules
from environment import guest_userland, kernel_tree
from environment.cache import PARTIAL, Cache, default_path, digest, remove
from environment.chroot import BuildRoot, check_privilege
from environment.failure import CommandFailure
from environment.progress import say, step

PROJECT = Path(__file__).resolve().parents[2]
TESTS_CONFIG = PROJECT / "tests/config"


class Environment:
    """The parts, each at the place where it is or will be."""

    def __init__(self, cache=None):
        self.cache = cache or Cache(default_path())
        self.pinned = os.environ.get("KERNEL_VERSION") or None
        self.root_key = build_root.key()
        self.root = BuildRoot(
            self.cache.entry("build-root", self.root_key), [self.cache.path, PROJECT]
        )

    # Where things are.

    @property
    def choice_file(self):
        """The file that tells which kernel was chosen."""
        return self.cache.entry("kernel-choice", digest(self.root_key, self.pinned))

    @property
    def choice(self):
        """The kernel that was chosen, or None before that."""
        if not self.choice_file.exists():
            return None
        return json.loads(self.choice_file.read_text(encoding="utf-8"))

    @property
    def image(self):
        """The unpacked stock kernel."""
        key = kernel_tree.image_key(self.choice)
        return kernel_tree.Image(self.cache.entry("kernel-image", key), self.choice["release"])

    @property
    def tree(self):
        """The kernel tree that modules are built with."""
        return self.cache.entry("kernel-tree", kernel_tree.tree_key(self.choice, self.root_key))

    @property
    def layers(self):
        """The parts of the initramfs that do not change from run to run."""
        keys = {
            "guest-init": guest_init.key(self.root_key),
            "guest-userland": guest_userland.key(self.root_key),
            "guest-modules": guest_modules.key(
                kernel_tree.image_key(self.choice), self.tree.name, TESTS_CONFIG
            ),
        }
        return [self.cache.entry(kind, key) for kind, key in keys.items()]

    @property
    def crates(self):
        """The sources of the crates that the tool is made of."""
        return self.cache.entry("crates", crates.sources_key(self.root_key))

    @property
    def compiled_crates(self):
        """The same, compiled."""
        return self.cache.entry("crates-compiled", crates.compiled_key(self.root_key))

    def missing(self):
        """What is still to be made, as names of kinds."""
        if not self.root.path.exists():
            return {"build-root", "kernel-choice", "kernel-image", "kernel-tree", "guest", "crates"}
        missing = set()
        if not self.crates.exists() or not self.compiled_crates.exists():
            missing.add("crates")
        if self.choice is None:
            return missing | {"kernel-choice", "kernel-image", "kernel-tree", "guest"}
        if not self.image.path.exists():
            missing.add("kernel-image")
        if not self.tree.exists():
            missing.add("kernel-tree")
        if not all(layer.exists() for layer in self.layers):
            missing.add("guest")
        return missing

    # Making them.

    def ready(self):
        """Makes what is missing, and returns this object."""
        if self.missing():
            check_privilege()
            with self.cache.locked():
                missing = self.missing()
                if missing:
                    self._check_disk(missing)
                    self._make()
                self.cache.forget_old()
            say("the set-up is complete")
        self.cache.mark_used([self.root.path, self.choice_file, self.image.path, self.tree,
                              self.crates, self.compiled_crates] + self.layers)
        return self

    def _check_disk(self, missing):
        megabytes = disk.GUEST
        if "build-root" in missing:
            megabytes += disk.BUILD_ROOT
        if "kernel-tree" in missing or "kernel-image" in missing:
            megabytes += disk.KERNEL
        if "crates" in missing:
            megabytes += disk.CRATES
        disk.check(self.cache.path, megabytes)

    def _log(self, name):
        return self.cache.path / "logs" / f"{name}.log"

    def _make(self):
        if not self.root.path.exists():
            with step("making the build root: Debian with all tools, about 80 s"):
                self._entry("build-root", self.root_key, build_root.build)
        with ThreadPoolExecutor() as pool:
            # These need the build root alone, and so pass while the kernel is downloaded.
            others = [
                pool.submit(self._make_crates),
                pool.submit(self._entry, "guest-init", guest_init.key(self.root_key),
                            guest_init.build, self.root),
                pool.submit(self._entry, "guest-userland", guest_userland.key(self.root_key),
                            guest_userland.build, self.root),
            ]  # fmt: skip
            self._make_kernel()
            for part in others:
                part.result()
        self._entry("guest-modules", self.layers[2].name.split("-")[-1], guest_modules.build,
                    self.root, self.tree, self.image.modules, TESTS_CONFIG)

    def _entry(self, kind, key, build, *arguments):
        """Makes one entry with `build(path, *arguments, log, lock)`."""
        log = self._log(kind)
        self.cache.make(kind, key, lambda path: build(path, *arguments, log, self.cache.lock))
        return self.cache.entry(kind, key)

    def _make_crates(self):
        if self.crates.exists() and self.compiled_crates.exists():
            return
        with step("downloading and compiling the tool's crates, about 90 s"):
            sources = self._entry("crates", crates.sources_key(self.root_key),
                                  crates.build_sources, self.root)
            self._entry("crates-compiled", crates.compiled_key(self.root_key),
                        crates.compile_all, self.root, sources)

    def _make_kernel(self):
        if self.choice is None:
            self._choose()
        if self.image.path.exists() and self.tree.exists():
            return
        packages = self._download()
        release = self.choice["release"]
        with step(f"unpacking kernel {release}"):
            self._entry("kernel-image", kernel_tree.image_key(self.choice),
                        kernel_tree.build_image, self.root, packages)
        with step("unpacking and preparing the kernel's source, about 120 s"):
            self._entry("kernel-tree", kernel_tree.tree_key(self.choice, self.root_key),
                        kernel_tree.build_tree, self.root, packages, self.image)
        remove(packages)

    def _choose(self):
        key = digest(self.root_key, self.pinned)
        self._entry("kernel-choice", key, debian_kernel.write_choice, self.root, self.pinned)
        say(f"chosen: kernel {self.choice['release']}, version {self.choice['version']}")

    def _download(self):
        """The packages of the chosen kernel; chooses again, once, if they are gone."""
        try:
            return self._download_chosen()
        except CommandFailure as failure:
            if not debian_kernel.GONE.search(failure.output):
                raise
            say(f"kernel {self.choice['version']} has gone from the mirror; refreshing the package "
                "lists and choosing again")
            remove(self.cache.entry("kernel-packages", digest(self.choice) + PARTIAL))
            debian_kernel.refresh(self.root, self._log("kernel-choice"), self.cache.lock)
            self.choice_file.unlink()
            self._choose()
            return self._download_chosen()

    def _download_chosen(self):
        with step(f"downloading kernel {self.choice['version']}, about 280 MB"):
            return self._entry("kernel-packages", digest(self.choice), debian_kernel.download,
                               self.root, self.choice)


def ready():
    """The environment, made first where it is not there yet."""
    return Environment().ready()
