#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who may read the status, and who may change the mode.

To change it takes CAP_NET_ADMIN in the user namespace that owns the network
namespace; to read takes nothing.
"""

import os

from lib import program, status
from lib.topology import Namespace
from net.lib.py import UserNetNS, cmd, ksft_eq, ksft_in, ksft_true

SYSCTL = "/proc/sys/net/nsmux/mode"
# echo of dash does not say why it could not write.
OBSERVE = f"echo observe | tee {SYSCTL}"
NOBODY = 65534


def setpriv(namespace, options, script):
    """Run a line of shell in the namespace with other privileges."""
    with namespace.enter():
        return cmd(["setpriv", *options.split(), "sh", "-c", script],
                   fail=False)


def check_mode(namespace, mode):
    """The mode, asked with all privileges."""
    ksft_eq(status.read(namespace).mode, mode)


def check_refused(result):
    """It failed for want of a privilege and for nothing else."""
    ksft_true(result.ret, "the write is refused")
    ksft_true("Permission denied" in result.stderr
              or "not permitted" in result.stderr, result.stderr)


def test_anybody_reads():
    """No privileges at all are enough to read."""
    nobody = f"--reuid {NOBODY} --regid {NOBODY} --clear-groups"
    with Namespace() as namespace:
        result = setpriv(namespace, nobody,
                         f"cat {SYSCTL} /proc/sys/net/nsmux/version && "
                         "cat /proc/net/nsmux")
        ksft_eq(result.ret, 0, result.stderr)
        ksft_in(status.read(namespace).text, result.stdout)


def test_nobody_writes():
    """An ordinary user may not write."""
    nobody = f"--reuid {NOBODY} --regid {NOBODY} --clear-groups"
    with Namespace() as namespace:
        result = setpriv(namespace, nobody, OBSERVE)
        check_refused(result)
        check_mode(namespace, "off")


def test_capability_without_being_root():
    """CAP_NET_ADMIN alone is enough."""
    admin = (f"--reuid {NOBODY} --regid {NOBODY} --clear-groups "
             "--inh-caps +net_admin --ambient-caps +net_admin")
    with Namespace() as namespace:
        result = setpriv(namespace, admin, OBSERVE)
        ksft_eq(result.ret, 0, result.stderr)
        check_mode(namespace, "observe")


def test_root_without_the_capability():
    """Being root is not enough without CAP_NET_ADMIN."""
    with Namespace() as namespace:
        result = setpriv(namespace, "--bounding-set -net_admin",
                         OBSERVE)
        check_refused(result)
        check_mode(namespace, "off")


def test_root_of_a_user_namespace():
    """A container's root sets the mode of its own network namespace."""
    with UserNetNS() as container:
        cmd(["sh", "-c", f"nsenter --user={container.user_ns_path} "
             f"--net={container.net_ns_path} --setuid=0 --setgid=0 -- "
             f"sh -c '{OBSERVE}'"])
        shown = cmd("cat /proc/net/nsmux", ns=container).stdout
        ksft_eq(status.Status(shown).mode, "observe")


def test_root_of_a_user_namespace_elsewhere():
    """The same root has no say in a network namespace that is not its."""
    with UserNetNS() as container, Namespace() as namespace:
        # The network namespace is entered first, while that is allowed. The
        # container's root is root outside as well, but without privileges.
        result = cmd(["nsenter", f"--net=/run/netns/{namespace.name}", "--",
                      "nsenter", f"--user={container.user_ns_path}",
                      "--setuid=0", "--setgid=0", "--",
                      "sh", "-c", OBSERVE], fail=False)
        check_refused(result)
        check_mode(namespace, "off")


def test_opened_before_leaving():
    """An open file is of the namespace in which it was opened."""
    with Namespace() as one, Namespace() as other:
        with one.enter():
            file = os.open(SYSCTL, os.O_WRONLY)
        with other.enter():
            os.write(file, b"observe")
        os.close(file)
        check_mode(one, "observe")
        check_mode(other, "off")


if __name__ == "__main__":
    program.run(globals())
