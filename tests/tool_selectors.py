#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Naming a namespace: what the tool calls it leads to it, and nothing to another one.

Which namespace a file or a task is of says the kernel: stat(2) of the file.
"""

import contextlib
import ctypes
import os
import subprocess
import threading

from lib import program, tool
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_in, ksft_true

DIRECTORY = "/run/netns"
CLONE_NEWNET = 0x40000000


def inode_of(task):
    """The namespace of a task, by its inode number."""
    return os.stat(f"/proc/{task}/ns/net").st_ino


@contextlib.contextmanager
def named(name):
    """A namespace of this name, its inode number."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield os.stat(os.path.join(os.fsencode(DIRECTORY), os.fsencode(name))).st_ino
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@contextlib.contextmanager
def entry(name):
    """A place for something else among the names."""
    path = f"{DIRECTORY}/{name}"
    os.makedirs(DIRECTORY, exist_ok=True)
    try:
        yield path
    finally:
        os.unlink(path)


@contextlib.contextmanager
def process(*command):
    """A process that waits, in the namespace that the caller is in or that it makes."""
    with subprocess.Popen([*command, "cat"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as waiting:
        # It answers, so it is what it is to be.
        waiting.stdin.write(b"\n")
        waiting.stdin.flush()
        waiting.stdout.readline()
        yield waiting.pid
        waiting.stdin.close()


@contextlib.contextmanager
def thread_elsewhere():
    """The number of a thread of this process, alone in a namespace."""
    ready, done, told = threading.Event(), threading.Event(), []

    def live():
        libc = ctypes.CDLL(None, use_errno=True)
        told.append(libc.unshare(CLONE_NEWNET) or threading.get_native_id())
        ready.set()
        done.wait()

    thread = threading.Thread(target=live)
    thread.start()
    ready.wait()
    try:
        yield told[0]
    finally:
        done.set()
        thread.join()


def label_of(inode):
    """What `list` calls the namespace with this number."""
    [label] = [told["netns"] for told in tool.ask("list") if told["inode"] == inode]
    return label


def leads_to(selector):
    """Where a selector leads."""
    [told] = tool.ask("mode", "--netns", selector)
    return told["inode"]


def test_a_number_that_is_a_name():
    """Of a name and a process elsewhere with the same number, neither is taken."""
    with process() as pid, named(str(pid)) as inode:
        number = str(pid)
        label = label_of(inode)
        ksft_eq(leads_to(label), inode)
        before = {told["inode"]: told["mode"] for told in tool.ask("mode")}
        tool.check_fails(tool.run("mode", "set", "steer", "--netns", number), tool.USAGE,
                         f"`{number}` says two things", f"{DIRECTORY}/{number}", f"pid:{number}")
        ksft_eq({told["inode"]: told["mode"] for told in tool.ask("mode")}, before)
        ksft_eq(leads_to(f"{DIRECTORY}/{number}"), inode)
        ksft_eq(leads_to(f"pid:{number}"), inode_of(pid))
        ksft_eq(tool.run("mode", "set", "observe", "--netns", label).status, tool.FOUND)
        after = {told["inode"]: told["mode"] for told in tool.ask("mode")}
        ksft_eq(after, before | {inode: "observe"})


def test_a_number_that_says_one_thing():
    """A name alone, a process alone, and both of one namespace."""
    with process("unshare", "--net") as pid:
        ksft_eq(leads_to(pid), inode_of(pid))
        with entry(str(pid)) as path:
            os.symlink(f"/proc/{pid}/ns/net", path)
            ksft_eq(leads_to(pid), inode_of(pid))
    # Numbers are not used again so soon.
    with named(str(pid)) as inode:
        ksft_eq(leads_to(pid), inode)
    with named("0") as inode:
        ksft_eq(leads_to("0"), inode)
    tool.check_fails(tool.run("mode", "--netns", pid), tool.NOT_FOUND,
                     f"{pid}:", "`nsmux list` shows those that you may see")


def test_prefixes():
    """A name that looks like another way to say a namespace is not taken for it."""
    with Namespace() as other:
        with other.enter():
            number = os.stat("/proc/thread-self/ns/net").st_ino
        with open("/proc/1/comm", encoding="utf-8") as file:
            first = f"{file.read().strip()}[1]"
        for name, written, expected in (
                (f"cookie:{other.cookie}", f"cookie:0{other.cookie}", number),
                (f"net:[{number}]", f"cookie:{other.cookie}", number),
                ("pid:1", "pid:01", inode_of(1)), (first, "pid:1", inode_of(1))):
            with named(name) as inode:
                ksft_eq(leads_to(label_of(inode)), inode)
                result = tool.run("mode", "--netns", name)
                tool.check_fails(result, tool.USAGE, "says two things",
                                 f"{DIRECTORY}/{name}", written)
                ksft_eq(leads_to(written), expected)
                ksft_eq(leads_to(f"{DIRECTORY}/{name}"), inode)
                ksft_eq(leads_to(label_of(expected)), expected)


def test_odd_names():
    """Spaces, control characters, bytes that are no text, backslashes, options."""
    names = [b"a b", b"a,b", b"a\nb", b"a\x1b[2Jb", b"a\xffb", b"a\\x0ab", b"a\\b", b"-x",
             b"--json", b"docker:x", b"9" * 30, "hör".encode()]
    with contextlib.ExitStack() as stack:
        inodes = {name: stack.enter_context(named(name)) for name in names}
        labels = {told["inode"]: told["netns"] for told in tool.ask("list")}
        for name, inode in inodes.items():
            label = labels[inode]
            ksft_eq(leads_to(label), inode, f"{name} is called {label}")
            ksft_true(label.isprintable(), label)
        ksft_eq(len(set(labels.values())), len(labels))


def test_every_label():
    """Whoever lives there, or nobody: what a namespace is called leads to it."""
    with Namespace() as namespace, process("unshare", "--net") as pid, \
            thread_elsewhere() as thread:
        with named("nsmux-forgotten") as forgotten:
            keep = os.open(f"{DIRECTORY}/nsmux-forgotten", os.O_RDONLY)
        listed = tool.ask("list")
        labels = {told["inode"]: told["netns"] for told in listed}
        ksft_eq(labels[forgotten], f"net:[{forgotten}]")
        ksft_eq(labels[inode_of(pid)], f"cat[{pid}]")
        ksft_eq(labels[inode_of(thread)].rpartition("[")[2], f"{thread}]")
        ksft_in(namespace.name, labels.values())
        for inode, label in labels.items():
            ksft_eq(leads_to(label), inode, label)
        os.close(keep)
    tool.check_fails(tool.run("mode", "--netns", f"net:[{forgotten}]"), tool.NOT_FOUND)
    tool.check_fails(tool.run("mode", "--netns", f"cat[{os.getpid()}]"), tool.NOT_FOUND)


def unit_of(task):
    """The innermost service or scope that it is in; none in a kernel without control groups."""
    try:
        with open(f"/proc/{task}/cgroup", encoding="utf-8") as file:
            parts = [part.rstrip() for part in file.read().split("/")]
    except FileNotFoundError:
        return None
    return next((part for part in reversed(parts) if part.endswith((".service", ".scope"))), None)


def test_threads():
    """A namespace that only a thread is in is its process's; all others are as they were."""
    with open("/proc/self/comm", encoding="utf-8") as file:
        name = file.read().strip()
    own = [told["process"] for told in tool.ask("list") if told["inode"] == inode_of("self")]
    with thread_elsewhere() as thread, thread_elsewhere() as second:
        told = {one["inode"]: one for one in tool.ask("list")}
        for task in (thread, second):
            ksft_eq(told[inode_of(task)]["process"],
                    {"pid": os.getpid(), "comm": name, "count": 1})
            ksft_eq(told[inode_of(task)]["unit"], unit_of(task))
            # The tool's own process is among those of that namespace.
        ksft_eq([told[inode_of("self")]["process"]], own)
        ksft_eq(leads_to(f"pid:{thread}"), inode_of(thread))


def test_files_that_are_no_namespace():
    """Status 2, and the file that was named, however many were."""
    with Namespace() as namespace, entry("nsmux-left-over") as left, \
            entry("nsmux-dangling") as dangling:
        with open(left, "x", encoding="utf-8"):
            pass
        os.symlink("/proc/4194303/ns/net", dangling)
        for file in ("/dev/null", "/etc", "/proc/self/ns/uts", "/proc/self/status",
                     "nsmux-left-over", left):
            for others in ([], ["--netns", namespace.name]):
                where = [*others, "--netns", file]
                for command in (["list"], ["mode", "set", "off"], ["lookup", "udp", "*:9"]):
                    tool.check_fails(tool.run(*command, *where), tool.USAGE,
                                     f"{file}: not a file of a network namespace")
        for file in ("nsmux-dangling", dangling, "/dev/null/netns"):
            tool.check_fails(tool.run("list", "--netns", file), tool.NOT_FOUND,
                             f"{file}: no such namespace")


if __name__ == "__main__":
    program.run(globals())
