# SPDX-License-Identifier: GPL-2.0
"""The generic netlink family nsmux, spoken by the kernel's own YNL library."""

import errno
import os
import socket
import sys
from pathlib import Path

from net.lib.py import NlError, YnlFamily, ksft_eq, ksft_true
from net.lib.py.ynl import SPEC_PATH
from .identity import namespace_cookie, socket_cookie

SPEC = "nsmux.yaml"
# Where it is installed, and where it is in a checkout.
PLACES = (SPEC_PATH, Path(__file__).parents[2] / "Documentation/netlink/specs")

# Of asm-generic/socket.h; Python has no name for it.
SO_PROTOCOL = 38

NEEDS_ADMINISTRATOR = ("needs CAP_NET_ADMIN in the user namespace that owns "
                       "the network namespace")
MISSING = "a required attribute is missing"


class Nsmux(YnlFamily):
    """A netlink socket of the calling thread's namespace."""

    def __init__(self, **options):
        path = next(place / SPEC for place in PLACES
                    if (place / SPEC).exists())
        super().__init__(str(path), schema="", **options)


def forget_number():
    """To be called when the module was loaded again.

    The library keeps the numbers of families, and this one has a new one.
    """
    library = sys.modules[YnlFamily.__module__]
    library.GenlProtocol.genl_family_name_to_id = {}


def opened_in(namespace, **options):
    """A netlink socket of that namespace."""
    with namespace.enter():
        return Nsmux(**options)


def named(namespace):
    """The attribute that names a namespace, by its cookie."""
    return {"netns": {"cookie": namespace.cookie}}


def key(table, local, remote=None, **more):
    """The attributes of a key; ends are pairs of address and port."""
    attributes = {"table": table, "local-address": local[0],
                  "local-port": local[1]}
    if remote:
        attributes |= {"remote-address": remote[0], "remote-port": remote[1]}
    return attributes | more


def check_refused(ask, error, text=None, blames=None, misses=None):
    """It is refused, with that error, and what the extended ack says of it.

    blames is the path of an attribute that is to blame, misses the name of
    one that is not there.
    """
    try:
        answer = ask()
    except NlError as refusal:
        told = refusal.nl_msg.extack or {}
        ksft_eq((errno.errorcode[refusal.error], told.get("msg"),
                 told.get("bad-attr"), told.get("miss-type")),
                (errno.errorcode[error], text, blames, misses),
                str(refusal))
    else:
        ksft_true(False, f"answered and not refused: {answer}")


def identity(sock, kind):
    """What an answer tells of a socket of a process, whatever it is."""
    status = os.fstat(sock.fileno())
    return {"kind": kind, "cookie": socket_cookie(sock),
            "family": int(sock.family), "type": int(sock.type),
            "protocol": sock.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL),
            "inode": status.st_ino, "uid": status.st_uid,
            "netns-cookie": namespace_cookie(sock)}
