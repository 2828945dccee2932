#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`nsmux lookup`: the sockets that it names are those that we opened."""

import contextlib
import os
import socket
import subprocess

from lib import program, tool
from lib.identity import socket_cookie
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_in, ksft_true

PORT = 8080
GROUP_LINK = 1
ETH_P_LLDP = 0x88CC


def only(answers, netns):
    """The one answer about a namespace."""
    [answer] = [answer for answer in answers if answer["netns"] == netns.name]
    ksft_eq(answer["netns_cookie"], netns.cookie)
    return answer


def check_socket(answer, sock, outcome, **expected):
    """It tells of this socket, which this process holds."""
    [told] = answer["sockets"]
    ksft_eq((answer["outcome"], told["kind"]), (outcome, outcome))
    ksft_eq(told["cookie"], socket_cookie(sock))
    ksft_eq(told["inode"], os.fstat(sock.fileno()).st_ino)
    ksft_in({"pid": os.getpid(), "comm": own_name()}, told["holders"])
    ksft_eq({name: told[name] for name in expected}, expected)


def own_name():
    """What this process calls itself."""
    with open("/proc/self/comm", encoding="ascii") as file:
        return file.read().strip()


@contextlib.contextmanager
def two():
    """Two namespaces, in which only the loopback device is up."""
    with Namespace() as first, Namespace() as second:
        for namespace in (first, second):
            namespace.ip("link set lo up")
        yield first, second


def test_listeners_in_every_namespace():
    """One command finds the same address in two namespaces, each with its own socket."""
    with two() as namespaces:
        listeners = [namespace.listener("127.0.0.1", PORT) for namespace in namespaces]
        answers = tool.ask("lookup", "tcp", f"127.0.0.1:{PORT}")
        for namespace, listener in zip(namespaces, listeners):
            check_socket(only(answers, namespace), listener, "listener", family="ipv4",
                         type="stream", local=f"127.0.0.1:{PORT}", remote=None, uid=0)


def test_both_ends():
    """With the other end it is the connection, and for another end the listener."""
    with two() as (namespace, _), namespace.listener("127.0.0.1", PORT) as listener:
        with namespace.open_socket(kind=socket.SOCK_STREAM) as client:
            client.connect(("127.0.0.1", PORT))
            server, (_, port) = listener.accept()
            with server:
                asked = ["lookup", "tcp", f"127.0.0.1:{PORT}", "from"]
                where = ["--netns", namespace.name]
                [answer] = tool.ask(*asked, f"127.0.0.1:{port}", *where)
                check_socket(answer, server, "established", remote=f"127.0.0.1:{port}")
                [answer] = tool.ask(*asked, "127.0.0.1:1", *where)
                check_socket(answer, listener, "listener")


def test_any_address_is_both_families():
    """A star stands for whoever holds the port, of either family and at whatever address."""
    with two() as (namespace, _):
        with namespace.udp(port=PORT) as four, \
                namespace.udp(port=PORT, family=socket.AF_INET6) as six:
            answers = tool.ask("lookup", "udp", f"*:{PORT}", "--netns", namespace.name)
            ksft_eq({told["cookie"] for answer in answers for told in answer["sockets"]},
                    {socket_cookie(four), socket_cookie(six)})
        with namespace.udp("127.0.0.53", PORT) as resolver:
            resolver.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            asked = ["lookup", "udp", "--netns", namespace.name]
            with namespace.enter():
                index = socket.if_nametoindex("lo")
            for end in (f"*:{PORT}", f"*%lo:{PORT}", f"127.0.0.53:{PORT}", f"127.0.0.53%lo:{PORT}",
                        f"127.0.0.53%{index}:{PORT}", f"[::ffff:127.0.0.53]:{PORT}"):
                [answer] = tool.ask(*asked, end)
                check_socket(answer, resolver, "unconnected", device=index, device_name="lo",
                             local=f"127.0.0.53:{PORT}")
            result = tool.run(*asked, f"*:{PORT}")
            ksft_in("lo", result.text.splitlines()[1].split())
            tool.ask(*asked, f"127.0.0.53%nothere:{PORT}", expected=tool.NOT_FOUND)
            tool.check_fails(tool.run(*asked, f"127.0.0.53%lo:{PORT}", "--device", "2"), tool.USAGE,
                             "one device")


def test_bound():
    """Who holds a port and does nothing with it, in the kernel's word for it."""
    with two() as (namespace, _):
        with namespace.open_socket(kind=socket.SOCK_STREAM) as sock:
            sock.bind(("", PORT))
            [answer] = tool.ask("lookup", "tcp", f"*:{PORT}", "--netns", namespace.name)
            check_socket(answer, sock, "bound", local=f"0.0.0.0:{PORT}", device_name=None)
            told = subprocess.run(["ss", "-N", namespace.name, "-B", "-H", "-t", "-n"], check=True,
                                  capture_output=True, text=True).stdout
            ksft_eq(len(told.splitlines()), 1)
            ksft_in(f"0.0.0.0:{PORT}", told)


def test_ways_to_name_a_namespace():
    """Each way leads to the same one."""
    with two() as (namespace, other), namespace.listener("127.0.0.1", PORT) as listener, \
            other.listener("127.0.0.1", PORT):
        with namespace.enter():
            process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        with process:
            for way in (namespace.name, f"/run/netns/{namespace.name}", process.pid,
                        f"pid:{process.pid}", f"cookie:{namespace.cookie}"):
                [answer] = tool.ask("lookup", "tcp", f"127.0.0.1:{PORT}", "--netns", way)
                check_socket(answer, listener, "listener")
            process.stdin.close()
        both = tool.ask("lookup", "tcp", f"127.0.0.1:{PORT}", "--netns", namespace.name,
                        "--netns", other.name)
        ksft_eq(len(both), 2)


def test_raw():
    """Every raw socket of the protocol, and none of another."""
    with two() as (namespace, _):
        with namespace.open_socket(kind=socket.SOCK_RAW, protocol=socket.IPPROTO_ICMP) as icmp, \
                namespace.open_socket(kind=socket.SOCK_RAW, protocol=socket.IPPROTO_IGMP):
            answers = tool.ask("lookup", "raw", "icmp", "127.0.0.1")
            check_socket(only(answers, namespace), icmp, "unconnected", family="ipv4",
                         type="raw", protocol=socket.IPPROTO_ICMP, local="0.0.0.0")


def test_packet():
    """Packet sockets on a device by its name, which has another index elsewhere."""
    with two() as (namespace, other):
        other.ip("link add d0 type dummy", "link add d1 type dummy")
        namespace.ip("link add d1 type dummy", "link set d1 up")
        with namespace.open_socket(socket.AF_PACKET, socket.SOCK_RAW,
                                   socket.htons(ETH_P_LLDP)) as sock, \
                other.open_socket(socket.AF_PACKET, socket.SOCK_RAW,
                                  socket.htons(ETH_P_LLDP)) as elsewhere:
            sock.bind(("d1", ETH_P_LLDP))
            elsewhere.bind(("d1", ETH_P_LLDP))
            answers = tool.ask("lookup", "packet", "dev", "d1")
            for where, expected in ((namespace, sock), (other, elsewhere)):
                with where.enter():
                    index = socket.if_nametoindex("d1")
                check_socket(only(answers, where), expected, "unconnected", family="packet",
                             device=index)
            tool.check_fails(
                tool.run("lookup", "packet", "dev", "d1", "--protocol", "arp"),
                tool.NOT_FOUND, "packet dev d1: nothing")


def test_unix():
    """An abstract name is each namespace's own; a path is shown as it was bound."""
    name = f"nsmux-{os.getpid()}"
    with two() as namespaces, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(namespace.open_socket(socket.AF_UNIX))
                   for namespace in namespaces]
        for sock in sockets:
            sock.bind(f"\0{name}")
        answers = tool.ask("lookup", "unix", f"@{name}")
        for namespace, sock in zip(namespaces, sockets):
            check_socket(only(answers, namespace), sock, "unconnected", family="unix",
                         type="dgram", name=f"@{name}")
        listener = stack.enter_context(
            namespaces[0].open_socket(socket.AF_UNIX, socket.SOCK_STREAM))
        path = f"/run/{name}.socket"
        listener.bind(path)
        stack.callback(os.unlink, path)
        listener.listen()
        [answer] = tool.ask("lookup", "unix", path)
        check_socket(answer, listener, "listener", name=path)


def test_any_byte_in_a_name():
    """Abstract names that differ in a zero, or in what no terminal shows, are told apart."""
    names = [b"srv", b"srv\0", b"srv".ljust(107, b"\0"), b"srv\x01", b"srv\n", b"srv\xff",
             b"srv\\x00", b"srv\\", b"@srv", b"", b"\0"]
    with two() as (namespace, _), contextlib.ExitStack() as stack:
        where = ["--netns", namespace.name]
        sockets = {}
        for name in names:
            sock = stack.enter_context(namespace.open_socket(socket.AF_UNIX, socket.SOCK_STREAM))
            sock.bind(b"\0" + name)
            sockets[socket_cookie(sock)] = sock
        shown = {}
        for cookie, sock in sockets.items():
            [answer] = tool.ask("lookup", "cookie", cookie, *where)
            [told] = answer["sockets"]
            shown[cookie] = told["name"]
            [answer] = tool.ask("lookup", "unix", told["name"], *where)
            check_socket(answer, sock, "unconnected", name=told["name"])
        ksft_eq(len(set(shown.values())), len(names))
        ksft_true(all(name.isprintable() for name in shown.values()), shown)
        for written in (r"@srv\0", r"@srv\x00"):
            [answer] = tool.ask("lookup", "unix", written, *where)
            ksft_eq(answer["sockets"][0]["name"], r"@srv\x00")
        tool.check_fails(tool.run("lookup", "unix", r"@srv\q", *where), tool.USAGE, "backslash")


def test_a_path_that_begins_as_an_abstract_name():
    """A file called @x is another name than the abstract one, in and out."""
    with two() as (namespace, _), contextlib.ExitStack() as stack:
        name = f"@nsmux-{os.getpid()}"
        abstract, path = (stack.enter_context(namespace.open_socket(socket.AF_UNIX))
                          for _ in range(2))
        abstract.bind("\0" + name[1:])
        stack.callback(os.chdir, os.getcwd())
        os.chdir("/run")
        path.bind(name)
        stack.callback(os.unlink, f"/run/{name}")
        for sock, written in ((abstract, name), (path, r"\x40" + name[1:])):
            [answer] = tool.ask("lookup", "unix", written, "--netns", namespace.name)
            check_socket(answer, sock, "unconnected", name=written)


def test_a_path_is_for_all_namespaces():
    """That none is bound to it in a namespace does not mean that its processes find none."""
    path = f"/run/nsmux-{os.getpid()}.socket"
    with two() as (first, second), first.open_socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(path)
        try:
            sock.listen()
            with second.open_socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.connect(path)
                asked = ["lookup", "unix", path, "--netns", second.name]
                [answer] = tool.ask(*asked, expected=tool.NOT_FOUND)
                ksft_eq((answer["outcome"], answer["reach"]), ("none", "file"))
                result = tool.run(*asked)
                ksft_eq(result.status, tool.NOT_FOUND)
                ksft_in("can connect", result.errors)
                ksft_in(f"bound in {first.name}\n", result.errors)
            found = tool.run("lookup", "unix", path)
            ksft_eq(found.status, tool.FOUND)
            ksft_in("can connect", found.errors)
            [answer] = tool.ask("lookup", "unix", path)
            check_socket(answer, sock, "listener", name=path)
        finally:
            os.unlink(path)
        result = tool.run("lookup", "unix", f"@{path}", "--netns", second.name)
        ksft_eq(result.errors, "")
        [answer] = tool.ask("lookup", "unix", f"@{path}", "--netns", second.name,
                            expected=tool.NOT_FOUND)
        ksft_eq(answer["reach"], "namespace")


def test_netlink():
    """Members of a group by its name, of any family of generic netlink too, and a port."""
    with two() as (namespace, _):
        with namespace.open_socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                   socket.NETLINK_ROUTE) as sock:
            sock.bind((0, 1 << (GROUP_LINK - 1)))
            port, _ = sock.getsockname()
            for receiver in ("route:link", "route:1", "0:link", f"route:port:{port}"):
                answers = tool.ask("lookup", "netlink", receiver, "--netns", namespace.name)
                check_socket(answers[0], sock, "member", family="netlink", port_id=port)
            [answer] = tool.ask("lookup", "netlink", "route", "--netns", namespace.name)
            ksft_eq((answer["outcome"], answer["matching"], answer["groups"]),
                    ("member", 1, [{"number": GROUP_LINK, "name": "link"}]))
            result = tool.run("lookup", "netlink", "route", "--netns", namespace.name)
            ksft_eq([line.split() for line in result.text.splitlines()],
                    [["NETNS", "GROUP", "NAME"], [namespace.name, str(GROUP_LINK), "link"]])
            ksft_eq(result.errors, "")
        watcher = tool.start("watch", within=namespace)
        with watcher:
            # It joins its groups one after the other.
            while tool.run("lookup", "netlink", "generic:nsmux/namespace").status:
                if watcher.poll() is not None:
                    raise RuntimeError(watcher.stderr.read())
            [answer] = tool.ask("lookup", "netlink", "generic:nsmux/namespace", "--netns",
                                namespace.name)
            ksft_eq([told["holders"] for told in answer["sockets"]],
                    [[{"pid": watcher.pid, "comm": "nsmux"}]])
            watcher.kill()


def test_sctp_and_mptcp():
    """A socket that waits for associations, and the ends of a connection."""
    with two() as (namespace, _), contextlib.ExitStack() as stack:
        def bound(protocol, port):
            sock = stack.enter_context(
                namespace.open_socket(kind=socket.SOCK_STREAM, protocol=protocol))
            sock.bind(("127.0.0.1", port))
            return sock

        listener, server = bound(socket.IPPROTO_SCTP, PORT), bound(socket.IPPROTO_MPTCP, PORT)
        listener.listen()
        server.listen()
        here, there = f"127.0.0.1:{PORT}", f"127.0.0.1:{PORT + 1}"
        answer = only(tool.ask("lookup", "sctp", here), namespace)
        check_socket(answer, listener, "listener", local=here)
        client = bound(socket.IPPROTO_MPTCP, PORT + 1)
        client.connect(("127.0.0.1", PORT))
        # The other end is none of MPTCP before data has come.
        client.send(b"?")
        child = stack.enter_context(server.accept()[0])
        child.recv(1)
        answer = only(tool.ask("lookup", "mptcp", here, "from", there), namespace)
        check_socket(answer, child, "established", local=here, remote=there)
        answer = only(tool.ask("lookup", "mptcp", there), namespace)
        check_socket(answer, client, "established", local=there, remote=here)


def test_vsock():
    """A vsock listener, by its port and by machine and port."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as listener:
        listener.bind((socket.VMADDR_CID_ANY, PORT))
        listener.listen()
        for end in (PORT, f"local:{PORT}"):
            [answer] = tool.ask("lookup", "vsock", end)
            check_socket(answer, listener, "listener", family="vsock", local=f"*:{PORT}")


def test_netdev():
    """Devices by name, by another name, and by index."""
    with two() as (namespace, _):
        namespace.ip("link add b0 type bridge", "link add d0 type dummy",
                     "link set d0 master b0", "link property add dev d0 altname shop-window")
        with namespace.enter():
            bridge, index = socket.if_nametoindex("b0"), socket.if_nametoindex("d0")
        for device in ("d0", "shop-window"):
            answer = only(tool.ask("lookup", "netdev", device), namespace)
            ksft_eq(answer["interface"], {"index": index, "name": "d0", "master": bridge})
        [answer] = tool.ask("lookup", "netdev", index, "--netns", namespace.name)
        ksft_eq(answer["interface"]["name"], "d0")


def test_names_of_any_bytes():
    """What somebody calls a device or a process spoils no answer, and no terminal."""
    name = b"d\xff\x1b[2J"
    with two() as (namespace, other):
        subprocess.run(["ip", "-n", namespace.name, "link", "add", name, "index", "77", "type",
                        "dummy"], check=True)
        other.ip("link add d0 index 77 type dummy")
        shown = name.decode(errors="replace")
        for where, called in ((namespace, shown), (other, "d0")):
            answer = only(tool.ask("lookup", "netdev", 77), where)
            ksft_eq(answer["interface"]["name"], called)
        with namespace.udp("", PORT) as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
            answer = only(tool.ask("lookup", "udp", f"*:{PORT}"), namespace)
            check_socket(answer, bound, "unconnected", device=77, device_name=shown)
            for key in ("netdev", 77), ("udp", f"*:{PORT}"):
                text = tool.run("lookup", *key, "--netns", namespace.name).text
                ksft_in("d\ufffd?[2J", text)
    # Nobody else may call a process something.
    script = r"printf 'd\377\033[2J' > /proc/$$/comm; echo; read end"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        [answer] = tool.ask("lookup", "pid", process.pid)
        ksft_eq(answer["process"]["command"], shown)
        ksft_in("d\ufffd?[2J", tool.run("lookup", "pid", process.pid).text)
        process.stdin.close()


def test_pid():
    """A number is another process in each PID namespace."""
    with subprocess.Popen(["unshare", "--pid", "--fork", "--mount-proc", "cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as unshare:
        # It answers, so it is there.
        unshare.stdin.write(b"\n")
        unshare.stdin.flush()
        unshare.stdout.readline()
        found = {answer["process"]["command"]: answer["process"]
                 for answer in tool.ask("lookup", "pid", 1)}
        cat = found["cat"]
        ksft_eq((cat["number"], found["cat"] is not None), (1, True))
        ksft_eq(cat["pidns_inode"], os.stat(f"/proc/{cat['own_number']}/ns/pid").st_ino)
        [answer] = tool.ask("lookup", "pid", 1, "--pidns", cat["own_number"])
        ksft_eq(answer["process"], cat)
        unshare.stdin.close()


def test_cookie():
    """A socket of any table, where it is."""
    with two() as (namespace, other):
        with namespace.udp("127.0.0.1", PORT) as sock:
            cookie = socket_cookie(sock)
            for where in ([], ["--netns", namespace.name]):
                [answer] = tool.ask("lookup", "cookie", cookie, *where)
                ksft_eq((answer["netns"], answer["table"]), (namespace.name, "udp"))
                check_socket(answer, sock, "unconnected", local=f"127.0.0.1:{PORT}")
            tool.check_fails(tool.run("lookup", "cookie", cookie, "--netns", other.name),
                             tool.NOT_FOUND, f"cookie {cookie}: nothing in 1 namespace")


def test_more_than_fit():
    """That some of many are not shown is said."""
    with two() as (namespace, _), contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(namespace.open_socket(kind=socket.SOCK_RAW,
                                                      protocol=socket.IPPROTO_ICMP))
        asked = ["lookup", "raw", "icmp", "127.0.0.1", "--netns", namespace.name]
        [answer] = tool.ask(*asked)
        ksft_eq((answer["outcome"], answer["matching"]), ("multiple", 20))
        told = len(answer["sockets"])
        ksft_true(1 < told < 20, f"{told} told")
        result = tool.run(*asked)
        ksft_in(f"{namespace.name}: 20 sockets match, {told} of them are shown", result.errors)
        ksft_eq(len(result.text.splitlines()), told + 1)


def test_owner():
    """The user who made the socket."""
    with two() as (namespace, _):
        with namespace.enter(), socket.socket() as sock:
            os.fchown(sock.fileno(), 4242, -1)
            sock.bind(("127.0.0.1", PORT))
            sock.listen()
            [answer] = tool.ask("lookup", "tcp", f"127.0.0.1:{PORT}", "--netns", namespace.name)
            ksft_eq(answer["sockets"][0]["uid"], 4242)


if __name__ == "__main__":
    program.run(globals())
