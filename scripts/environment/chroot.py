# SPDX-License-Identifier: GPL-2.0
"""Runs commands inside the build root.

As root this takes a mount namespace and chroot; an ordinary user gets the same inside a user
namespace. Everything that was mounted, and every process that was started, goes away with the
command, also when this program is killed.
"""

import os
import shutil
import subprocess
from pathlib import Path

from environment.failure import Failure

ENTER = Path(__file__).with_name("enter")

# What a command inside gets to see of the environment: the tools must not depend on the host's.
INSIDE = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    # The metadata of the `kernel` crate must not depend on where a person's toolchain lives.
    "RUSTC_BOOTSTRAP": "1",
}


def namespace_options():
    """The options of unshare(1) that let this user mount and chroot."""
    common = ["--mount", "--pid", "--fork", "--kill-child=KILL"]
    if os.geteuid() == 0:
        return common
    return ["--user", "--map-root-user", "--map-auto"] + common


def enter_command(root, command, paths=(), environment=None, before=()):
    """The argument vector that runs `command` in `root` with `paths` visible inside.

    `before` are words that run what follows them, in the same namespaces, before `root` is entered.
    """
    variables = dict(INSIDE, **(environment or {}))
    for name in ("TERM", "http_proxy", "https_proxy", "no_proxy"):
        if name in os.environ:
            variables.setdefault(name, os.environ[name])
    inside = ["env", "-i"] + [f"{name}={value}" for name, value in variables.items()]
    inside += ["sh", "-c", 'cd "$0" && exec "$@"', os.getcwd()] + [str(part) for part in command]
    visible = [str(path) for path in paths]
    return (
        ["setpriv", "--pdeathsig", "KILL", "unshare"]
        + namespace_options()
        + [str(part) for part in before]
        + [str(ENTER), str(root)]
        + visible
        + ["--"]
        + inside
    )


def check_privilege():
    """Fails with advice when this user may not make the namespaces that the build root needs."""
    for tool in ("unshare", "setpriv", "chroot", "mount"):
        if shutil.which(tool) is None:
            raise Failure(f"{tool} is missing", "Install util-linux and coreutils.")
    probe = subprocess.run(
        ["unshare"] + namespace_options() + ["true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode == 0:
        return
    if os.geteuid() == 0:
        advice = (
            "This machine or container forbids mounting. Give the container the capability "
            "CAP_SYS_ADMIN, or use another machine."
        )
    else:
        advice = (
            "Run as root, or let this user have user namespaces: install the package that has "
            "newuidmap (uidmap on Debian), give the user ranges in /etc/subuid and /etc/subgid, "
            "and allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
            "and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)."
        )
    raise Failure(f"cannot make namespaces: {probe.stderr.strip()}", advice)


class BuildRoot:
    """A root directory with the tools of one Debian release."""

    def __init__(self, path, visible=()):
        self.path = Path(path)
        self.visible = [Path(part) for part in visible]

    def command(self, command, paths=(), environment=None):
        """The host's argument vector for a command inside."""
        return enter_command(self.path, command, self.visible + list(paths), environment)

    def run(self, command, paths=(), environment=None, **options):
        """Runs a command inside and fails when it does."""
        options.setdefault("check", True)
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.command(command, paths, environment), **options)
