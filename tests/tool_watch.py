#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`nsmux watch`, `mode`, `reset` and `stat`: what happens, as it is told."""

import contextlib
import json
import re

from lib import program, status, tool
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_in, ksft_lt, ksft_ne, ksft_true

PORT = 9
MISSES = 3
# Numbers have all their digits up to 9999.
MANY = 12_000
GROUP = "generic:nsmux/namespace"


@contextlib.contextmanager
def watching(*arguments):
    """It watches, and has joined its groups."""
    def watchers():
        answers = json.loads(tool.run("lookup", "netlink", GROUP, "--json").text)
        return {holder["pid"] for answer in answers for told in answer["sockets"]
                for holder in told["holders"]}

    with tool.start("watch", *arguments) as process:
        try:
            while process.pid not in watchers():
                if process.poll() is not None:
                    raise RuntimeError(process.stderr.read())
            yield process
        finally:
            process.kill()


def miss(namespace, sender):
    """Send what no socket takes, in a namespace with the loopback device up."""
    with namespace.enter():
        sender.sendto(b"", ("127.0.0.1", PORT))


@contextlib.contextmanager
def observed():
    """A namespace that observes, with a sender in it."""
    with Namespace() as namespace:
        namespace.ip("link set lo up")
        namespace.set_mode("observe")
        with namespace.udp("127.0.0.1") as sender:
            yield namespace, sender


def test_misses():
    """A packet without a socket: where, what and from whom."""
    with observed() as (namespace, sender):
        with watching("--json", "--netns", namespace.name, "--count", "1") as watch:
            miss(namespace, sender)
            told = json.loads(watch.stdout.readline())
            tool.check_documented(told, "watch")
            ksft_eq((told["event"], told["netns"], told["netns_cookie"], told["protocol"]),
                    ("miss", namespace.name, namespace.cookie, "udp"))
            ksft_eq((told["local"], told["remote"], told["count"]),
                    (f"127.0.0.1:{PORT}", f"127.0.0.1:{sender.getsockname()[1]}", 1))
            ksft_eq((told["device"], told["device_name"]), (1, "lo"))
            ksft_eq(watch.wait(), tool.FOUND)


def test_mode_changes():
    """Each change, by the tool or by anybody else."""
    with Namespace() as namespace:
        with watching("--json", "--netns", namespace.name) as watch:
            tool.run("mode", "set", "observe", "--netns", namespace.name)
            namespace.set_mode("off")
            for mode in ("observe", "off"):
                told = json.loads(watch.stdout.readline())
                tool.check_documented(told, "watch")
                ksft_eq((told["event"], told["mode"], told["netns_cookie"]),
                        ("mode", mode, namespace.cookie))


def test_for_people():
    """The same as lines, without colours off a terminal."""
    with observed() as (namespace, sender):
        with watching("--netns", namespace.name, "--count", "2") as watch:
            miss(namespace, sender)
            line = watch.stdout.readline()
            ksft_true(re.fullmatch(
                rf"[\d:.]+Z  {namespace.name} +miss  udp +127\.0\.0\.1:{PORT} from "
                rf"127\.0\.0\.1:{sender.getsockname()[1]}  on lo.*\n", line), line)
            namespace.set_mode("off")
            line = watch.stdout.readline()
            ksft_true(re.fullmatch(rf"[\d:.]+Z  {namespace.name} +mode  off\n", line), line)
            ksft_eq(watch.wait(), tool.FOUND)


def test_only_what_was_named():
    """Events of another namespace are not told."""
    with observed() as (namespace, sender), observed() as (other, stranger):
        with watching("--json", "--netns", namespace.name, "--count", "1") as watch:
            miss(other, stranger)
            miss(namespace, sender)
            told = json.loads(watch.stdout.readline())
            ksft_eq(told["netns_cookie"], namespace.cookie)


def test_mode():
    """Shown and set, in one namespace and in all."""
    with Namespace() as namespace, Namespace() as other:
        [told] = tool.ask("mode", "--netns", namespace.name)
        ksft_eq((told["netns"], told["cookie"], told["mode"]),
                (namespace.name, namespace.cookie, "off"))
        changed = tool.ask("mode", "set", "observe", "--netns", namespace.name, "--netns",
                           f"cookie:{other.cookie}", command="changed")
        ksft_eq(changed, [namespace.name, f"cookie:{other.cookie}"])
        for where in (namespace, other):
            ksft_eq(status.read(where).mode, "observe")
        changed = tool.ask("mode", "set", "off", "--all", command="changed")
        for where in (namespace, other):
            ksft_in(where.name, changed)
            ksft_eq(status.read(where).mode, "off")
        result = tool.run("mode", "set", "observe", "--netns", namespace.name)
        ksft_eq((result.status, result.text), (tool.FOUND, f"{namespace.name}: mode observe\n"))


def test_stat_and_reset():
    """What was counted, rates of it, and counting from 0 again."""
    with observed() as (namespace, sender):
        for _ in range(MISSES):
            miss(namespace, sender)
        where = ["--netns", namespace.name]
        [told] = tool.ask("stat", *where)
        ksft_eq(told["counters"]["receive"]["lookups"]["udp"]["none"], MISSES)
        with tool.start("stat", *where, "--watch", "0.1", "--count", "2", "--json") as stat:
            told = json.loads(stat.stdout.readline())
            tool.check_documented(told, "period")
            ksft_lt(0, told["seconds"])
            ksft_eq([one["netns"] for one in told["namespaces"]], [namespace.name])
            ksft_eq(stat.wait(), tool.FOUND)
        ksft_eq(tool.ask("reset", *where, command="changed"), [namespace.name])
        [told] = tool.ask("stat", *where)
        ksft_eq(told["counters"]["receive"]["lookups"]["udp"]["none"], 0)


def test_numbers_for_people():
    """Short ones to read, and with --raw all their digits."""
    with observed() as (namespace, sender):
        with namespace.enter():
            for _ in range(MANY):
                sender.sendto(b"", ("127.0.0.1", PORT))
        where = ["--netns", namespace.name]
        ksft_in(" 12.0 k ", tool.run("stat", *where).text)
        raw = tool.run("stat", *where, "--raw").text
        ksft_in(f" {MANY} ", raw)
        ksft_eq(re.findall(r"\d k", raw), [])


def test_list():
    """What `list` says of a namespace is what the system says."""
    with Namespace() as namespace:
        namespace.ip("link set lo up", "link add d0 type dummy")
        [told] = tool.ask("list", "--netns", namespace.name)
        ksft_eq((told["netns"], told["names"], told["cookie"], told["devices"], told["mode"]),
                (namespace.name, [namespace.name], namespace.cookie,
                 len(namespace.devices) + 1, "off"))
        ksft_eq(told["process"], None)
        with tool.start("watch", within=namespace) as process:
            try:
                [told] = tool.ask("list", "--netns", process.pid)
                ksft_eq(told["process"], {"pid": process.pid, "comm": "nsmux", "count": 1})
            finally:
                process.kill()
        everything = tool.ask("list")
        ksft_ne([one for one in everything if one["netns"] == namespace.name], [])


def test_doctor():
    """All is well, and it says what it looked at."""
    told = tool.ask("doctor")
    ksft_eq({one["verdict"] for one in told} - {"ok", "warn"}, set())
    ksft_in("module", {one["check"] for one in told})


if __name__ == "__main__":
    program.run(globals())
