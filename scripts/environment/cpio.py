# SPDX-License-Identifier: GPL-2.0
"""Writes archives in the "newc" format of cpio, which the kernel unpacks as its initramfs.

Everything belongs to root whoever builds it. Several archives may follow one another in one
file: the kernel unpacks them in turn, later ones over earlier ones.
"""

import os
import stat

# Each part of an archive starts at a multiple of this many bytes.
ALIGNMENT = 4


class Archive:
    """An archive under construction; use it as a context manager, which closes it properly."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.inode = 0
        self.names = set()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self._entry("TRAILER!!!", 0, b"", 1)
            # The kernel expects further archives at such a boundary.
            self.file.write(b"\0" * (-self.file.tell() % 512))
        self.file.close()

    def __contains__(self, name):
        return name.strip("/") in self.names

    def _entry(self, name, mode, data, links, mtime=0):
        encoded = os.fsencode(name) + b"\0"
        self.inode += 1
        fields = (
            self.inode, mode, 0, 0, links, int(mtime), len(data), 0, 0, 0, 0, len(encoded), 0,
        )
        self.file.write(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
        self._pad()
        self.file.write(data)
        self._pad()

    def _pad(self):
        self.file.write(b"\0" * (-self.file.tell() % ALIGNMENT))

    def directory(self, name, mode=0o755):
        """Adds a directory and all its parents, unless they are there already."""
        name = name.strip("/")
        if not name or name in self.names:
            return
        self.directory(os.path.dirname(name))
        self.names.add(name)
        self._entry(name, stat.S_IFDIR | mode, b"", 2)

    def data(self, name, data, mode=0o644, mtime=0):
        """Adds a regular file with the given content."""
        name = name.strip("/")
        if name in self.names:
            return
        self.directory(os.path.dirname(name))
        self.names.add(name)
        self._entry(name, stat.S_IFREG | mode, data, 1, mtime)

    def symlink(self, name, target):
        """Adds a symbolic link."""
        name = name.strip("/")
        if name in self.names:
            return
        self.directory(os.path.dirname(name))
        self.names.add(name)
        self._entry(name, stat.S_IFLNK | 0o777, os.fsencode(target), 1)

    def path(self, name, source):
        """Adds a file, link or directory (without its content) of this machine under `name`."""
        status = os.lstat(source)
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISLNK(status.st_mode):
            self.symlink(name, os.readlink(source))
        elif stat.S_ISDIR(status.st_mode):
            self.directory(name, mode)
        elif stat.S_ISREG(status.st_mode):
            with open(source, "rb") as file:
                self.data(name, file.read(), mode, status.st_mtime)

    def tree(self, name, source, skip=lambda path: False):
        """Adds a file or a whole directory of this machine under `name`."""
        if skip(str(source)):
            return
        name = name.strip("/")
        self.path(name, source)
        if os.path.isdir(source) and not os.path.islink(source):
            for entry in sorted(os.listdir(source)):
                self.tree(f"{name}/{entry}", os.path.join(source, entry), skip)
