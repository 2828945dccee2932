# SPDX-License-Identifier: GPL-2.0
"""A root directory that is another one with something added, which alone takes room."""

import os

from environment.chroot import BuildRoot, enter_command

# The mount is gone with the command, as all that `enter` mounts.
MOUNT = 'mount -t overlay -o "$1" overlay "$2" && shift 2 && exec "$@"'


def options(lower, upper):
    """The options of mount that show `lower` with what is in `upper` over it; what is written goes
    there."""
    text = f"lowerdir={lower},upperdir={upper}/added,workdir={upper}/work"
    # Who is not root outside may not set the attributes that an overlay keeps by default.
    return text if os.geteuid() == 0 else f"{text},userxattr"


def prepare(path):
    """Makes the directories that an overlay needs."""
    for name in ("added", "work", "whole"):
        (path / name).mkdir(parents=True, exist_ok=True)


class OverlayRoot(BuildRoot):
    """The root `lower` with what lies in the folder `path` added."""

    def __init__(self, lower, path):
        super().__init__(lower.path, lower.visible)
        self.folder = path

    def command(self, command, paths=(), environment=None):
        """The host's argument vector for a command inside."""
        whole = self.folder / "whole"
        before = ["sh", "-c", MOUNT, "sh", options(self.path, self.folder), whole]
        return enter_command(whole, command, self.visible + list(paths), environment, before)
