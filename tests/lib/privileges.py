# SPDX-License-Identifier: GPL-2.0
"""Doing things as somebody else: in a child process, which gives up what it
has and cannot have it back."""

import errno
import os
import pickle

from net.lib.py import NlError

NOBODY = 65534


def start(function):
    """Call the function in a child process; gives a function that waits for
    it and returns what it returned."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            result = function()
        except BaseException as error:
            result = RuntimeError(f"in the child: {error!r}")
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(result, pipe)
        os._exit(0)
    os.close(writer)

    def wait():
        with os.fdopen(reader, "rb") as pipe:
            result = pickle.load(pipe)
        os.waitpid(child, 0)
        if isinstance(result, Exception):
            raise result
        return result

    return wait


def run_as(become, function):
    """What the function returns in a process that has called become()."""
    def work():
        become()
        return function()

    return start(work)()


def ordinary_user():
    """Nobody in particular, without any capability."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def user_with_own_user_namespace():
    """An ordinary user with all capabilities in a user namespace of its
    own."""
    ordinary_user()
    os.unshare(os.CLONE_NEWUSER)


def root_of(container):
    """The root of a container (UserNetNS), in its network namespace."""
    def become():
        enter(container.user_ns_path, container.net_ns_path)
        os.setgid(0)
        os.setuid(0)
    return become


def enter(*paths):
    """Enter the namespaces of these files."""
    for path in paths:
        with open(path, "rb") as file:
            os.setns(file.fileno(), 0)


def outcome(ask):
    """How a request ended, so that a child can tell it."""
    try:
        return ask() or "done"
    except NlError as refusal:
        told = refusal.nl_msg.extack or {}
        return errno.errorcode[refusal.error], told.get("msg")
