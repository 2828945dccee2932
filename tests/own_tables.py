#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Whose tables a namespace has, how full they are, and who decides it."""

import contextlib
import socket

from lib import kernel_module, program
from lib.netlink_family import Nsmux, forget_number, named
from lib.topology import Namespace, read_sysctl, write_sysctl
from net.lib.py import ksft_eq, ksft_ge, ksft_in, ksft_lt

LOOPBACK = "127.0.0.1"
VARIABLES = {"tcp": "net/ipv4/tcp_child_ehash_entries",
             "udp": "net/ipv4/udp_child_hash_entries"}
# As many buckets as are looked at.
MOST = 32768


def tables(namespace):
    """What is told of its tables, by their names."""
    told = Nsmux().do("namespace-get", named(namespace))
    return {table["table"]: table for table in told["table"]}


def sizes(namespace):
    """The sizes of its own tables; those that it shares are left out."""
    return {name: table["size"] for name, table in tables(namespace).items()
            if "private" in table}


def child_of(parent):
    """A namespace that a process in another one makes."""
    with parent.enter():
        return Namespace()


@contextlib.contextmanager
def with_tables(tcp, udp):
    """A namespace with tables of these sizes."""
    with Namespace() as parent:
        parent.sysctl(VARIABLES["tcp"], tcp)
        parent.sysctl(VARIABLES["udp"], udp)
        with child_of(parent) as child:
            child.ip("link set lo up")
            yield child


def connections(namespace, stack, count):
    """Connections of the namespace to itself."""
    with namespace.listener(LOOPBACK, 7) as listener:
        for _ in range(count):
            client = stack.enter_context(
                namespace.open_socket(kind=socket.SOCK_STREAM))
            client.connect((LOOPBACK, 7))
            stack.enter_context(listener.accept()[0])


def test_shared():
    """Without a word of anyone the tables are those of all."""
    with Namespace() as one, Namespace() as other, \
            contextlib.ExitStack() as stack:
        for namespace in (one, other):
            namespace.ip("link set lo up")
        ksft_eq(sizes(one), {})
        connections(one, stack, 20)
        mine, others = tables(one)["tcp"], tables(other)["tcp"]
        ksft_eq(mine["size"], others["size"])
        ksft_eq(mine["walked"], min(mine["size"], MOST))
        ksft_ge(mine["entries"], mine["own"])
        ksft_eq(others["own"], 0)
        if mine["walked"] == mine["size"]:
            # Both ends of each are here.
            ksft_eq(mine["own"], 40)


def test_private_tcp():
    """Its own connections are all that is in a table of its own."""
    with with_tables(64, 256) as namespace, contextlib.ExitStack() as stack:
        ksft_eq(sizes(namespace), {"tcp": 64, "udp": 256})
        empty = tables(namespace)["tcp"]
        ksft_eq([empty[name] for name in ("walked", "used", "entries", "own",
                                          "longest")], [64, 0, 0, 0, 0])
        connections(namespace, stack, 100)
        full = tables(namespace)["tcp"]
        ksft_eq([full[name] for name in ("walked", "entries", "own")],
                [64, 200, 200])
        # Fewer buckets than sockets: some chain has as many as this.
        ksft_ge(full["longest"] * full["used"], 200)
        ksft_ge(full["longest"], 4)
        ksft_ge(64, full["used"])
        ksft_lt(full["longest"], 200)


def test_private_udp():
    """One chain is as long as a group that has one address."""
    with with_tables(64, 256) as namespace, contextlib.ExitStack() as stack:
        for _ in range(30):
            sock = stack.enter_context(namespace.open_socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind((LOOPBACK, 7))
        table = tables(namespace)["udp"]
        ksft_eq([table[name] for name in ("walked", "used", "entries", "own",
                                          "longest")], [256, 1, 30, 30, 30])


def test_dump():
    """A dump tells whose the tables are, and looks into none."""
    with with_tables(64, 256) as namespace:
        told = Nsmux().dump("namespace-get", {})
        one = next(each for each in told
                   if each["cookie"] == namespace.cookie)
        for table in one["table"]:
            ksft_in("private", table)
            ksft_eq("walked" in table, False)


def variables():
    """The sizes of the tables of namespaces that are made from here."""
    return {name: int(read_sysctl(path)) for name, path in VARIABLES.items()}


def test_parameters():
    """With them every namespace gets its own, and so does what it makes."""
    kernel_module.rmmod()
    write_sysctl(VARIABLES["udp"], 1024)
    try:
        before = variables()
        ksft_eq(before["tcp"], 0)
        with Namespace() as older:
            kernel_module.insmod("tcp_table_size=100", "udp_table_size=512")
            forget_number()
            ksft_eq(variables(), {"tcp": 100, "udp": 512})
            with Namespace() as child, child_of(child) as grandchild, \
                    child_of(older) as other:
                for namespace in (child, grandchild, other):
                    ksft_eq(sizes(namespace), {"tcp": 128, "udp": 512})
                ksft_eq(sizes(older), {"udp": 1024})
                older.sysctl(VARIABLES["tcp"], 77)
                kernel_module.rmmod()
                with older.enter():
                    ksft_eq(variables(), {"tcp": 77, "udp": 0},
                            "what was set meanwhile stays")
                with child.enter():
                    ksft_eq(variables(), {"tcp": 0, "udp": 0})
        ksft_eq(variables(), before)
    finally:
        write_sysctl(VARIABLES["udp"], 0)
        if not kernel_module.loaded():
            kernel_module.insmod()


def test_said_again():
    """Who sets a variable to what it is cannot be told from who does not."""
    kernel_module.rmmod()
    write_sysctl(VARIABLES["udp"], 1024)
    try:
        kernel_module.insmod("udp_table_size=512")
        write_sysctl(VARIABLES["udp"], 512)
        kernel_module.rmmod()
        ksft_eq(variables()["udp"], 1024)
    finally:
        write_sysctl(VARIABLES["udp"], 0)
        kernel_module.insmod()


def test_largest():
    """What sysctl takes is taken, and no more."""
    kernel_module.rmmod()
    for name, largest in (("tcp", 16 << 20), ("udp", 64 << 10)):
        write_sysctl(VARIABLES[name], largest)
        with contextlib.suppress(OSError):
            write_sysctl(VARIABLES[name], largest + 1)
        ksft_eq(variables()[name], largest, "by sysctl")
        write_sysctl(VARIABLES[name], 0)
        kernel_module.insmod(f"{name}_table_size={largest}")
        ksft_eq(variables()[name], largest, "by the parameter")
        kernel_module.rmmod()
        ksft_eq(variables()[name], 0)
    kernel_module.insmod()


def test_one_parameter():
    """What is not asked for is left alone."""
    kernel_module.rmmod()
    kernel_module.insmod("udp_table_size=512")
    ksft_eq(variables(), {"tcp": 0, "udp": 512})
    write_sysctl(VARIABLES["tcp"], 64)
    kernel_module.rmmod()
    ksft_eq(variables(), {"tcp": 64, "udp": 0})
    write_sysctl(VARIABLES["tcp"], 0)
    kernel_module.insmod()


def test_refused():
    """A size that sysctl would not take is not taken from elsewhere."""
    kernel_module.rmmod()
    for parameter in ("tcp_table_size=16777217", "udp_table_size=65537",
                      "tcp_table_size=-1"):
        result = kernel_module.insmod(parameter, fail=False)
        ksft_in("Invalid parameters", result.stderr, parameter)
        ksft_eq(variables(), {"tcp": 0, "udp": 0})
    kernel_module.insmod()


if __name__ == "__main__":
    program.run_alone(globals(), load_first=True)
