# SPDX-License-Identifier: GPL-2.0
"""The build root: a directory with a Debian system that has every tool the project uses.

The host needs none of them, and every host uses the same ones: above all the very compilers
that the distribution's kernel was built with.
"""

from pathlib import Path

from environment.cache import digest
from environment.chroot import namespace_options
from environment.guest_userland import PACKAGES as GUEST_PACKAGES
from environment.logged import run_logged

RELEASE = "trixie"

# The kernel's own tools and compilers (Documentation/process/changes.rst and rust/quick-start.rst).
BUILD = (
    "make gcc-14 libc6-dev rustc rust-src bindgen pahole kmod bc bison flex libelf-dev libssl-dev "
    "xz-utils zstd rsync perl python3"
).split()
TOOL = ["cargo"]
CHECK = "rustfmt rust-clippy shellcheck flake8".split()
DOCUMENTATION = "python3-sphinx".split()
MACHINE = "qemu-system-x86".split()

# Documentation, translations, and the bulk of packages of which only a small part is used.
EXCLUDED = (
    "/usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/* "
    # static libraries of LLVM: bindgen uses the shared one
    "/usr/lib/llvm-*/lib/*.a "
    # the compiler's own source
    "/usr/src/rustc-*"
).split()

# Exceptions from these: the part of the compiler's source from which the kernel builds `core`.
INCLUDED = ["/usr/src/rustc-*/library/*"]

# The kernel comes from backports, whose line is the release's own with another suite.
BACKPORTS = (
    f'sed -n "s/ {RELEASE} main/ {RELEASE}-backports main/p" "$1/etc/apt/sources.list" '
    '> "$1/etc/apt/sources.list.d/backports.list"'
)


def packages():
    """All that is installed."""
    return sorted(set(BUILD + TOOL + CHECK + DOCUMENTATION + MACHINE + GUEST_PACKAGES))


def key():
    """Changes with anything that changes the result."""
    return digest(Path(__file__), packages())


def build(path, log, lock):
    """Makes the root at `path`."""
    command = ["setpriv", "--pdeathsig", "KILL", "unshare"] + namespace_options()
    command += [
        "mmdebstrap",
        "--mode=root",
        "--variant=apt",
        "--format=directory",
        # The lists are kept: they tell which kernels there are.
        "--skip=cleanup/apt/lists",
        # The root is made under another name and synced as a whole before it counts.
        "--dpkgopt=force-unsafe-io",
        '--aptopt=APT::Install-Recommends "0"',
        # A namespace of an ordinary user cannot always switch to apt's own user.
        '--aptopt=APT::Sandbox::User "root"',
        f"--setup-hook={BACKPORTS}",
        f"--include={','.join(packages())}",
    ]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED]
    command += [f"--dpkgopt=path-include={pattern}" for pattern in INCLUDED]
    run_logged(command + [RELEASE, path], log, lock)
