# SPDX-License-Identifier: GPL-2.0
"""What the kernel's own selftests need beside the build root: compilers' parts, and tools.

They are installed in an overlay: were they in the build root, everybody would have them, and all
that it has made would be made anew.
"""

from pathlib import Path

from environment import debian_kernel, overlay
from environment.build_root import RELEASE
from environment.cache import digest
from environment.failure import CommandFailure
from environment.logged import run_logged

KIND = "upstream-root"

# What they are built with.
BUILD = "clang-19 libcap-dev libmnl-dev libnuma-dev pkgconf zlib1g-dev".split()

# What they call in the guest.
RUN = (
    "bc conntrack ebtables ethtool file iperf3 iptables iputils-arping iputils-tracepath "
    "ipvsadm keyutils libcap2 libmnl0 libnuma1 lksctp-tools lsof ncat ndisc6 netbase netsniff-ng "
    "openssl "
    "psmisc python3-scapy sysvinit-utils traceroute wireguard-tools xxd"
).split()

# Newer than the release's, which the kernel's tests are ahead of.
NEWER = {"wireguard-tools"}

# Nothing that is installed is started.
NO_SERVICES = 'printf "#!/bin/sh\\nexit 101\\n" >"$0" && chmod +x "$0"'
POLICY = "/usr/sbin/policy-rc.d"


def names():
    """All packages, as apt-get wants to be told them."""
    return [f"{name}/{RELEASE}-backports" if name in NEWER else name
            for name in sorted(set(BUILD + RUN))]


def key(root_key):
    """Changes with anything that changes the result."""
    return digest(Path(__file__), Path(overlay.__file__), root_key)


def install(path, root, log, lock):
    """Installs the packages in an overlay at `path`."""
    overlay.prepare(path)
    inside = overlay.OverlayRoot(root, path)
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes"]
    for command in (["sh", "-c", NO_SERVICES, POLICY],
                    apt + ["install", "--no-install-recommends"] + names(),
                    apt + ["clean"]):
        run_logged(inside.command(command), log, lock)


def build(path, root, log, lock):
    """The same, with newer lists where a mirror has no longer what the lists name."""
    try:
        install(path, root, log, lock)
    except CommandFailure as failure:
        if not debian_kernel.GONE.search(failure.output):
            raise
        debian_kernel.refresh(root, log, lock)
        install(path, root, log, lock)
