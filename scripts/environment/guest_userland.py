# SPDX-License-Identifier: GPL-2.0
"""The guest's user space: packages of the build root, with all that they depend on, as a cpio.

The packages are installed in the build root already, so nothing is downloaded or unpacked a
second time; their files are copied, less what no guest ever opens.
"""

import os
import re
from pathlib import Path

from environment import cpio
from environment.cache import digest

# What the tests, the demo and a person in the guest's shell call.
PACKAGES = (
    "base-files base-passwd bash bpftool coreutils dash diffutils ethtool findutils gawk grep "
    "gzip hostname iproute2 iputils-ping jq kmod less libc-bin libcap2-bin mawk ncurses-base "
    "mount netcat-openbsd nftables perl-base procps python3 python3-jsonschema "
    "python3-prometheus-client python3-yaml sed socat tar tcpdump tmux util-linux"
).split()

# Dependencies that serve installation only, and what hangs on them.
NOT_NEEDED = {"debconf", "debconf-2.0", "dpkg", "init-system-helpers", "media-types", "tzdata"}

# Documentation, translations, test suites, and what only a compiler wants.
SKIP = re.compile(
    r"^/usr/(share/(doc|man|info|locale|lintian|bug|i18n|gdb|common-licenses|zoneinfo|"
    r"bash-completion|menu|perl5/debconf|debconf|libc-bin)|include|lib/tmpfiles.d|lib/systemd|"
    r"lib/x86_64-linux-gnu/gconv|lib/python3[.0-9]*/(test|idlelib|tkinter|turtledemo|ensurepip|"
    r"pydoc_data|lib2to3|config-[^/]*)|lib/udev/hwdb.d)(/|$)|\.a$"
)

# Files that the packages' installation scripts made.
MADE_LATER = (
    "/etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/ld.so.cache /etc/alternatives "
    "/etc/nsswitch.conf"
).split()

# Directories of the root that no package lists, and its links into /usr.
DIRECTORIES = "/dev /proc /sys /run /tmp /root /var/lib /var/tmp /var/log /etc".split()
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
         "var/run": "/run"}


def installed_packages(root):
    """Name -> names that it depends on, each a list of alternatives; and name -> providers."""
    packages, providers = {}, {}
    for stanza in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", stanza, re.MULTILINE))
        if "installed" not in fields.get("Status", "").split():
            continue
        needs = []
        for name in ("Pre-Depends", "Depends"):
            for clause in filter(None, fields.get(name, "").split(",")):
                needs.append([re.split(r"[ :(]", part.strip())[0] for part in clause.split("|")])
        packages[fields["Package"]] = needs
        for name in filter(None, fields.get("Provides", "").split(",")):
            providers.setdefault(name.split()[0], []).append(fields["Package"])
    return packages, providers


def closure(root, wanted):
    """All packages that the wanted ones need in order to run."""
    packages, providers = installed_packages(root)
    found, queue = set(), list(wanted)
    while queue:
        name = queue.pop()
        if name in found:
            continue
        found.add(name)
        for alternatives in packages[name]:
            choices = [
                package
                for alternative in alternatives
                for package in [alternative] + providers.get(alternative, [])
                if package in packages
            ]
            if choices and choices[0] not in NOT_NEEDED:
                queue.append(choices[0])
    return sorted(found)


def package_files(root, package):
    """The paths that a package owns, as seen inside the root."""
    info = root / "var/lib/dpkg/info"
    for listing in (info / f"{package}.list", info / f"{package}:amd64.list"):
        if listing.exists():
            return [line for line in listing.read_text().splitlines() if line != "/."]
    raise FileNotFoundError(f"no list of files for package {package} in {info}")


def resolved(root, path):
    """The same path with links among its parents followed: /bin/ls becomes /usr/bin/ls."""
    parent = os.path.dirname(path)
    real = os.path.realpath(f"{root}{parent}")
    return os.path.join(os.path.relpath(real, os.path.realpath(root)), os.path.basename(path))


def compiled(root, path):
    """Python's compiled form of a source file, made when its package was installed."""
    if not path.endswith(".py"):
        return []
    folder, name = os.path.split(path)
    cache = Path(f"{root}{folder}/__pycache__")
    return [f"{folder}/__pycache__/{made.name}" for made in cache.glob(f"{name[:-3]}.cpython-*")]


def key(root_key):
    """Changes with anything that changes the result."""
    return digest(Path(__file__), Path(cpio.__file__), root_key)


def build(path, root, _log, _lock):
    """Writes the archive at `path`."""
    root = root.path
    path.mkdir()
    with cpio.Archive(path / "cpio") as archive:
        for name in DIRECTORIES:
            archive.directory(name)
        for name, target in LINKS.items():
            archive.symlink(name, target)
        for package in closure(root, PACKAGES):
            for path in package_files(root, package):
                for path_or_compiled in [path] + compiled(root, path):
                    if SKIP.search(path_or_compiled):
                        continue
                    name = resolved(root, path_or_compiled)
                    if name not in archive and os.path.lexists(root / name):
                        archive.path(name, root / name)
        for path in MADE_LATER:
            if os.path.lexists(f"{root}{path}"):
                archive.tree(path.strip("/"), f"{root}{path}")
