#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""namespace-get and counters-reset: what there is to know of a namespace.

What is told is compared with what the kernel says elsewhere: in sysctl, in
procfs and by the namespace's own sockets.
"""

import errno
import os
import socket

from lib import program, status
from lib.netlink_family import (Nsmux, check_refused, named, opened_in)
from lib.topology import (FAMILIES, FAR, NEAR, Namespace, ip_batch,
                          read_sysctl, veth_pair)
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_in, ksft_not_in,
                        ksft_true, ksft_variants)

PORT = 7


def inode(namespace):
    """The inode number of a namespace of ours."""
    return os.stat(f"/run/netns/{namespace.name}").st_ino


def get(namespace, nsmux=None):
    """What is told of a namespace."""
    if nsmux:
        return nsmux.do("namespace-get", named(namespace))
    with Nsmux() as mine:
        return get(namespace, mine)


# The columns of procfs that have other names than their attributes.
COLUMNS = {"dispute-sender": "sender-other",
           "dispute-early-demux": "demux-other"}


def counted(answer):
    """The counters of an answer, under the names that lib.status has."""
    counts = {}
    for side in answer["counters"]:
        direction = side["direction"]
        for name, value in side.items():
            if name == "lookups":
                for row in value:
                    counts[direction, row["protocol"], row["outcome"]] = row[
                        "packets"]
            elif name != "direction":
                counts[direction, COLUMNS.get(name, name)] = value
    return counts


def shown(namespace):
    """The same of /proc/net/nsmux; of lookups what is not 0."""
    return {key: count for key, count in status.read(namespace).counts.items()
            if len(key) == 2 or count and key[2] != "packets"}


def test_who_it_is():
    """Cookie, inode, mode and devices; no number where it has none."""
    with Namespace() as namespace, Nsmux() as nsmux, \
            opened_in(namespace) as own:
        for answer in (get(namespace, nsmux), own.do("namespace-get", {})):
            ksft_eq({name: answer.get(name) for name in
                     ("cookie", "inode", "mode", "devices", "nsid")},
                    {"cookie": namespace.cookie, "inode": inode(namespace),
                     "mode": "off", "devices": len(namespace.devices),
                     "nsid": None})
            ksft_eq(set(counted(answer).values()), {0})
        namespace.ip("link add dummy0 type dummy", "link add dummy1 type dummy")
        namespace.set_mode("observe")
        answer = get(namespace, nsmux)
        ksft_eq((answer["devices"], answer["mode"]),
                (len(namespace.devices) + 2, "observe"))


def test_number():
    """The nsid is the number that the caller's own namespace knows."""
    with Namespace() as namespace, Namespace() as caller, Nsmux() as other, \
            opened_in(caller) as nsmux:
        with caller.enter():
            ip_batch(f"netns set {namespace.name} 77")
        ksft_eq(get(namespace, nsmux).get("nsid"), 77)
        ksft_eq(get(namespace, other).get("nsid"), None)
        told = {answer["cookie"]: answer.get("nsid")
                for answer in nsmux.dump("namespace-get", {})}
        ksft_eq(told[namespace.cookie], 77)


def tables(answer):
    """The tables of an answer by their names."""
    return {table["table"]: table for table in answer["table"]}


def sizes(namespace):
    """Buckets of the tables; negative, says the kernel, if they are shared."""
    with namespace.enter():
        return {"tcp": int(read_sysctl("net/ipv4/tcp_ehash_entries")),
                "udp": int(read_sysctl("net/ipv4/udp_hash_entries"))}


def test_tables():
    """Size of the tables, and whether they are the namespace's own."""
    with Namespace() as parent:
        parent.sysctl("net/ipv4/tcp_child_ehash_entries", 64)
        parent.sysctl("net/ipv4/udp_child_hash_entries", 128)
        with parent.enter():
            child = Namespace()
        with child:
            expected = {"tcp": 64, "udp": 128}
            ksft_eq(sizes(child), expected)
            for namespace, private in ((parent, False), (child, True)):
                ksft_eq({name: (table["size"], table.get("private", False))
                         for name, table in tables(get(namespace)).items()},
                        {name: (abs(size), private)
                         for name, size in sizes(namespace).items()})


def sockets_in_use(namespace):
    """TCP's sockets of both families, says the kernel."""
    total = 0
    with namespace.enter():
        for name, label in (("sockstat", "TCP:"), ("sockstat6", "TCP6:")):
            path = f"/proc/thread-self/net/{name}"
            with open(path, encoding="ascii") as file:
                total += next(int(words[2]) for words in
                              map(str.split, file) if words[0] == label)
    return total


def test_sockets():
    """As many sockets of TCP as the namespace has, and no others."""
    with Namespace() as namespace, Namespace() as other, \
            other.listener("", PORT):
        ksft_eq(tables(get(namespace))["tcp"]["sockets"], 0)
        with namespace.listener("", PORT), namespace.udp("", PORT), \
                namespace.listener("", PORT, socket.AF_INET6):
            ksft_eq(sockets_in_use(namespace), 2)
            ksft_eq(tables(get(namespace))["tcp"]["sockets"], 2)


def exchange(near, far):
    """Packets of all kinds: found, not found, and without a table."""
    for family in FAMILIES:
        with far.listener(FAR[family], PORT, family) as listener, \
                far.udp(FAR[family], PORT, family) as server, \
                near.udp(NEAR[family], PORT, family) as client, \
                near.open_socket(family, socket.SOCK_STREAM) as stream:
            stream.connect((FAR[family], PORT))
            with listener.accept()[0] as child:
                child.send(b"?")
                ksft_eq(stream.recv(10), b"?")
            client.sendto(b"?", (FAR[family], PORT))
            server.sendto(*server.recvfrom(10))
            client.recv(10)
            client.sendto(b"?", (FAR[family], PORT + 1))


def quiet(counts):
    """Without what the kernel sends by itself: multicast listener reports."""
    return {key: count for key, count in counts.items()
            if key[0] == "receive" or len(key) == 3}


def settled(namespace):
    """Answer and file of one moment, of a namespace that becomes quiet."""
    while True:
        before = shown(namespace)
        answer = get(namespace)
        if before == shown(namespace):
            return answer, before


def test_counters():
    """The same as in procfs, whatever was received and transmitted."""
    with veth_pair("observe") as (near, far):
        exchange(near, far)
        for namespace in (near, far):
            answer, expected = settled(namespace)
            told = counted(answer)
            ksft_eq({key: told.pop(key, None) for key in expected}, expected)
            # What ARP cannot have is no cell of the file.
            ksft_eq({key[0] for key, count in told.items()}
                    - set(status.ARP_DIRECTIONS), set())
            ksft_eq(set(told.values()), {0})
            ksft_true(expected["receive", "by-device"])
            ksft_true(expected["transmit", "by-socket"])
            for protocol in ("tcp", "udp", "tcp6", "udp6"):
                ksft_true([key for key in expected if protocol in key],
                          protocol)
        for protocol in ("error", "error6"):
            ksft_true([key for key in shown(near) if protocol in key],
                      protocol)


def test_dump():
    """All namespaces that there are, each as a single request tells it."""
    with Namespace() as one, Namespace() as two, Nsmux() as nsmux:
        answers = {answer["cookie"]: answer
                   for answer in nsmux.dump("namespace-get", {})}
        ksft_eq(list(answers), sorted(answers), "in the order of cookies")
        for namespace in (one, two):
            single = get(namespace, nsmux)
            for table in single["table"]:
                # What takes a look into the table is not told of all.
                for name in ("walked", "used", "entries", "own", "longest"):
                    del table[name]
            ksft_eq(answers.get(namespace.cookie), single)
        ksft_in(os.stat("/proc/self/ns/net").st_ino,
                [answer["inode"] for answer in answers.values()])
    with Nsmux() as nsmux:
        left = [answer["cookie"]
                for answer in nsmux.dump("namespace-get", {})]
        for namespace in (one, two):
            ksft_not_in(namespace.cookie, left, "deleted")


def test_reset():
    """A namespace counts from 0 again, and another one goes on."""
    with veth_pair("observe") as (near, far), Nsmux() as nsmux:
        exchange(near, far)
        _, kept = settled(far)
        settled(near)
        ksft_eq(nsmux.do("counters-reset", named(near)), None)
        for counts in (counted(get(near, nsmux)), status.read(near).counts):
            ksft_eq(set(quiet(counts).values()), {0})
        ksft_eq(quiet(shown(far)), quiet(kept))
        near.ip("link set lo up")
        with near.udp("127.0.0.1") as sock:
            sock.sendto(b"?", ("127.0.0.1", PORT))
        ksft_eq(counted(get(near, nsmux))["receive", "udp", "none"], 1)
        status.check_sums(status.read(near))


def test_reset_before_anything():
    """Where nothing was ever counted there is nothing to reset."""
    with Namespace() as namespace, opened_in(namespace) as own:
        ksft_eq(own.do("counters-reset", {}), None)
        ksft_eq(set(counted(get(namespace)).values()), {0})


WAY = "a namespace is named by exactly one of fd, pid, nsid and cookie"
REFUSED = {
    "no_way": ({}, "EINVAL", WAY, ".netns"),
    "two_ways": ({"pid": 1, "fd": 0}, "EINVAL", WAY, ".netns"),
    "closed_descriptor": (
        {"fd": 987654}, "EBADF",
        "the file descriptor is not one of a network namespace", ".netns.fd"),
    "no_process": ({"pid": 0x7fffffff}, "ESRCH", "there is no such process",
                   ".netns.pid"),
    "no_number": ({"nsid": 123456}, "ENOENT",
                  "no namespace has this number here", ".netns.nsid"),
    "no_cookie": ({"cookie": 1 << 60}, "ENOENT",
                  "there is no namespace with this cookie", ".netns.cookie"),
}


@ksft_variants([KsftNamedVariant(f"{command.replace('-', '_')}_{name}",
                                 command, *case)
                for command in ("namespace-get", "counters-reset")
                for name, case in REFUSED.items()])
def test_refused(command, way, error, *told):
    """What names no namespace, and what of it is to blame."""
    with Nsmux() as nsmux:
        check_refused(lambda: nsmux.do(command, {"netns": way}),
                      getattr(errno, error), *told)


@ksft_variants([KsftNamedVariant(command.replace("-", "_"), command)
                for command in ("namespace-get", "counters-reset")])
def test_one_only(command):
    """Two namespaces in one request are one too many."""
    with Nsmux() as nsmux, Namespace() as namespace:
        ways = {"netns": [named(namespace)["netns"]] * 2}
        # The description allows one, and so does the library.
        nsmux.attr_sets["namespace"]["netns"].is_multi = True
        check_refused(lambda: nsmux.do(command, ways), errno.EINVAL,
                      "only a dump takes more than one namespace", ".netns")


def test_dump_takes_no_attributes():
    """A dump is of all, and says so when it is asked for some."""
    with Nsmux() as nsmux, Namespace() as namespace:
        check_refused(
            lambda: nsmux.dump("namespace-get", named(namespace)),
            errno.EINVAL, "Unknown attribute type", ".netns")


if __name__ == "__main__":
    program.run(globals())
