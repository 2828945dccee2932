# SPDX-License-Identifier: GPL-2.0
"""The stock kernel's image and modules, and a source tree that can build a module for it.

The distribution's headers leave out what Rust modules need; the source of the same version has
all that it takes to make it again with the same compilers and the same configuration.
"""

import json
import re
from pathlib import Path

from environment.cache import digest
from environment.failure import Failure
from environment.logged import run_logged

# Source that no configuration for a guest compiles, half of it all. Kconfig files and makefiles
# stay, since every configuration reads them.
LEFT_OUT = (
    "arch/[!ux]*.[chS] arch/[!ux]*.dts* arch/xtensa/*.[chS] drivers/accel/*.[ch] "
    "drivers/gpu/drm/*/*.[ch] drivers/infiniband/*.[ch] drivers/media/*.[ch] "
    "drivers/staging/*.[ch] sound/*.[ch] tools/perf/pmu-events/arch"
).split()

# Unpacks the source from its package without keeping the archive that is inside.
UNPACK = """
set -e -o pipefail
mkdir "$1"
dpkg-deb --fsys-tarfile "$0"/linux-source-*.deb |
    tar --extract --to-stdout --wildcards '*/linux-source-*.tar.xz' |
    xz --decompress --stdout |
    tar --extract --directory="$1" --strip-components=1 --no-same-owner "${@:2}"
"""

# Lines of a configuration that only tell with what it was made.
VERSION_LINE = re.compile(r"^CONFIG_\w*_VERSION(_TEXT)?=|^#")


def image_key(choice):
    """Changes with anything that changes the image."""
    return digest(Path(__file__), choice)


def tree_key(choice, root_key):
    """Changes with anything that changes the prepared tree."""
    return digest(Path(__file__), choice, root_key)


def build_image(path, root, packages, log, lock):
    """Unpacks the kernel, its modules and its build files, without installing anything."""
    for package in sorted(packages.glob("*.deb")):
        if not package.name.startswith("linux-source-"):
            run_logged(root.command(["dpkg-deb", "--extract", package, path]), log, lock)


class Image:
    """An unpacked kernel: the place of its parts."""

    def __init__(self, path, release):
        self.path = path
        self.release = release
        self.modules = path / "usr/lib/modules" / release
        self.headers = path / "usr/src" / f"linux-headers-{release}"
        candidates = [self.modules / "vmlinuz", path / "boot" / f"vmlinuz-{release}"]
        self.kernel = next((file for file in candidates if file.exists()), candidates[0])


def compiler(headers):
    """The C compiler that the kernel was built with, without the distribution's wrapper."""
    text = (headers / ".config").read_text()
    return re.search(r'^CONFIG_CC_VERSION_TEXT="(\S+)', text, re.MULTILINE).group(1)


def make_arguments(image, version):
    """The variables of make that give modules the packaged kernel's release and compiler."""
    c_compiler = compiler(image.headers)
    host_compiler = c_compiler.rsplit("-linux-gnu-", maxsplit=1)[-1]
    suffix = image.release[len(version):]
    return [f"CC={c_compiler}", f"HOSTCC={host_compiler}", f"LOCALVERSION={suffix}"]


def settings(file):
    """The lines of a configuration that mean something."""
    return {line for line in file.read_text().splitlines() if not VERSION_LINE.match(line)}


def check_configuration(source, headers):
    """The same options give the same structures: anything else would corrupt memory."""
    ours, theirs = settings(source / ".config"), settings(headers / ".config")
    if ours != theirs:
        different = ", ".join(sorted(ours ^ theirs)[:10])
        raise Failure(
            f"the prepared kernel tree differs from the packaged kernel: {different}",
            "A tool in the build root is missing or differs from the one the kernel was built "
            "with. Try a newer kernel (make distclean, then again) or pin another one with "
            "KERNEL_VERSION=….",
        )


def kernel_version(source):
    """The version in the kernel's makefile, such as 7.3.4."""
    text = (source / "Makefile").read_text()
    fields = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$", text, re.MULTILINE))
    return "{VERSION}.{PATCHLEVEL}.{SUBLEVEL}".format(**fields)


def left_out(packages):
    """The options of tar that leave out what is never used."""
    top = next(packages.glob("linux-source-*.deb")).name.split("_")[0]
    return ["--anchored"] + [f"--exclude={top}/{pattern}" for pattern in LEFT_OUT]


def build_tree(path, root, packages, image, log, lock):
    """Unpacks the source and prepares it for building modules."""

    def run(*command):
        run_logged(root.command(command), log, lock)

    run("bash", "-c", UNPACK, packages, path, *left_out(packages))
    (path / ".config").write_bytes((image.headers / ".config").read_bytes())
    arguments = make_arguments(image, kernel_version(path))
    make = 'exec make -C "$0" -j"$(nproc)" "$@"'
    run("sh", "-c", make, path, *arguments, "olddefconfig")
    check_configuration(path, image.headers)
    run("sh", "-c", make, path, *arguments, "modules_prepare")
    made = (path / "include/generated/utsrelease.h").read_text()
    if made != (image.headers / "include/generated/utsrelease.h").read_text():
        raise Failure(f"the prepared kernel tree calls itself {made.strip()}, not {image.release}")
    # With its type information at hand, the module gets its own.
    for name in ("Module.symvers", "vmlinux"):
        if (image.headers / name).exists():
            (path / name).write_bytes((image.headers / name).read_bytes())
    (path / "nsmux-make-arguments.json").write_text(json.dumps(arguments))
