#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who may ask what, and that nobody is told more.

    initial user namespace: the initial network namespace, `plain`
        container: its network namespace, `second`
            nested: its network namespace

A command for a network namespace takes CAP_NET_ADMIN in the user namespace
that owns it; a dump leaves out what that forbids.
"""

import contextlib
import os
import socket
import struct

from lib import kernel_module, program, status
from lib.identity import namespace_cookie, socket_cookie
from lib.netlink_family import NEEDS_ADMINISTRATOR, Nsmux, key, named
from lib.netlink_message import ACK, DUMP, RawSocket, attribute, request
from lib.privileges import (enter, ordinary_user, outcome, root_of, run_as,
                            user_with_own_user_namespace)
from lib.topology import Namespace, ip_batch
from net.lib.py import UserNetNS, ksft_eq, ksft_exit, ksft_run, ksft_true

DENIED = ("EPERM", NEEDS_ADMINISTRATOR)
GROUPS = ("miss", "namespace")
# Every network namespace has a loopback device, and it is the first one.
LOOPBACK = {"table": "netdev", "device": 1}
COMMANDS = {"lookup": key("tcp", ("127.0.0.1", 1)), "namespace-get": {},
            "mode-set": {"mode": "observe"}, "counters-reset": {},
            "socket-get": {"cookie": 1 << 60}}
NO_SOCKET = ("ENOENT", "no socket has this cookie")


def own_cookie():
    """The cookie of the network namespace of the calling thread."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return namespace_cookie(sock)


def attempts(*cookies):
    """What becomes of every command for the own namespace (None) and for
    those with these cookies."""
    with Nsmux() as nsmux:
        return {(command, cookie): outcome(lambda: nsmux.do(
            command, asked | ({"netns": {"cookie": cookie}} if cookie
                              else {})))
                for command, asked in COMMANDS.items()
                for cookie in (None, *cookies)}


def visible():
    """The namespaces that each dump tells."""
    with Nsmux() as nsmux:
        return ({told["cookie"] for told in nsmux.dump("namespace-get", {})},
                {told["netns-cookie"]
                 for told in nsmux.dump("lookup", LOOPBACK)})


def joining():
    """What becomes of joining each group."""
    results = {}
    for group in GROUPS:
        with Nsmux() as nsmux:
            try:
                nsmux.ntf_subscribe(group)
                results[group] = "joined"
            except PermissionError:
                results[group] = "refused"
    return results


def check_attempts(results, allowed):
    """Every command works for the namespaces that are allowed and for no
    others; None is the caller's own."""
    for (command, cookie), result in results.items():
        told = f"{command} for {cookie}: {result}"
        if cookie not in allowed:
            ksft_eq(result, DENIED, told)
        elif command == "socket-get":
            ksft_eq(result, NO_SOCKET, told)
        elif command in ("mode-set", "counters-reset"):
            ksft_eq(result, "done", told)
        else:
            ksft_eq(type(result), dict, told)


class World:
    """The namespaces of all these tests."""

    def __init__(self, stack):
        self.plain = stack.enter_context(Namespace())
        self.container = stack.enter_context(UserNetNS())
        self.initial = own_cookie()
        self.inside = run_as(root_of(self.container), own_cookie)
        self.second = self._made_by_container(stack, os.CLONE_NEWNET)
        self.nested = self._made_by_container(
            stack, os.CLONE_NEWUSER | os.CLONE_NEWNET)

    def _made_by_container(self, stack, kinds):
        """A network namespace that the container's root has made; it is held
        open here, since that process is gone."""
        ready, go_on = os.pipe(), os.pipe()
        child = os.fork()
        if not child:
            root_of(self.container)()
            os.unshare(kinds)
            os.write(ready[1], b"%d" % own_cookie())
            os.read(go_on[0], 1)
            os._exit(0)
        cookie = int(os.read(ready[0], 100))
        stack.enter_context(open(f"/proc/{child}/ns/net", "rb"))
        os.write(go_on[1], b"!")
        os.waitpid(child, 0)
        for end in ready + go_on:
            os.close(end)
        return cookie

    def all(self):
        """The cookies of all of them."""
        return {self.initial, self.plain.cookie, self.inside, self.second,
                self.nested}


def test_root(world):
    """Root of the initial user namespace may see and do everything."""
    mode = status.read().mode
    try:
        check_attempts(attempts(*world.all()), world.all() | {None})
    finally:
        with Nsmux() as nsmux:
            nsmux.do("mode-set", {"mode": mode})
    for dump in visible():
        ksft_eq(world.all() - dump, set())
    ksft_eq(joining(), dict.fromkeys(GROUPS, "joined"))


def test_root_of_a_container(world):
    """What its user namespace owns, and what those below it own."""
    own = {world.inside, world.second, world.nested}
    check_attempts(run_as(root_of(world.container),
                          lambda: attempts(*world.all())), own | {None})
    for dump in run_as(root_of(world.container), visible):
        ksft_eq(dump, own)
    ksft_eq(run_as(root_of(world.container), joining),
            dict.fromkeys(GROUPS, "joined"))


def test_sockets_of_a_container(world):
    """Its root finds sockets by their cookies in what it may see."""
    def search(*cookies):
        with Nsmux() as nsmux:
            return [[told["netns-cookie"] for told in
                     nsmux.dump("socket-get", {"cookie": cookie})]
                    for cookie in cookies]

    def inside():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            return search(socket_cookie(sock), socket_cookie(outside))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.bind(("127.0.0.1", 0))
        ksft_eq(search(socket_cookie(outside)), [[world.initial]])
        ksft_eq(run_as(root_of(world.container), inside),
                [[world.inside], []])


def test_root_of_a_container_in_another_namespace(world):
    """The same root in a network namespace that is not its own."""
    def become():
        enter(world.container.user_ns_path)

    own = {world.inside, world.second, world.nested}
    check_attempts(run_as(become, lambda: attempts(*world.all())), own)
    for dump in run_as(become, visible):
        ksft_eq(dump, own)
    ksft_eq(run_as(become, joining), dict.fromkeys(GROUPS, "refused"))


def test_ordinary_user(world):
    """Nothing at all, the own namespace included; dumps are empty."""
    check_attempts(run_as(ordinary_user, lambda: attempts(*world.all())), ())
    ksft_eq(run_as(ordinary_user, visible), (set(), set()))
    ksft_eq(run_as(ordinary_user, joining), dict.fromkeys(GROUPS, "refused"))


def test_user_in_a_user_namespace(world):
    """All capabilities in a user namespace that owns nothing are no help."""
    become = user_with_own_user_namespace
    check_attempts(run_as(become, lambda: attempts(*world.all())), ())
    ksft_eq(run_as(become, visible), (set(), set()))
    ksft_eq(run_as(become, joining), dict.fromkeys(GROUPS, "refused"))


def test_user_in_a_nested_user_namespace(world):
    """Below a container: not the container's, but what it made itself."""
    def become():
        root_of(world.container)()
        os.unshare(os.CLONE_NEWUSER)

    def with_own_namespace():
        os.unshare(os.CLONE_NEWNET)
        return own_cookie(), attempts(*world.all()), visible(), joining()

    check_attempts(run_as(become, lambda: attempts(*world.all())), ())
    ksft_eq(run_as(become, visible), (set(), set()))
    own, tried, dumps, joined = run_as(become, with_own_namespace)
    check_attempts(tried, {None})
    ksft_eq(dumps, ({own}, {own}))
    ksft_eq(joined, dict.fromkeys(GROUPS, "joined"))


def test_however_it_is_named(world):
    """No way to name a namespace is a way around."""
    with open("/proc/self/ns/net", "rb") as outside:
        with open(world.container.net_ns_path, "rb") as inside:
            os.setns(inside.fileno(), 0)
        try:
            ip_batch(f"netns set {world.plain.name} 77")
        finally:
            os.setns(outside.fileno(), 0)
        ways = {"fd": outside.fileno(), "pid": os.getpid(),
                "cookie": world.initial, "nsid": 77}

        def ask():
            with Nsmux() as nsmux:
                return {way: outcome(lambda: nsmux.do(
                    "namespace-get", {"netns": {way: value}}))
                        for way, value in ways.items()}

        ksft_eq(run_as(root_of(world.container), ask),
                dict.fromkeys(ways, DENIED))


def test_one_answer(world):
    """Who may not see all is not told which cookies, processes and numbers
    there are: one answer for those of others and for none."""
    ways = [{"cookie": world.initial}, {"cookie": world.plain.cookie},
            {"cookie": 1 << 60}, {"cookie": world.plain.cookie + 1000000},
            {"pid": os.getpid()}, {"pid": 1}, {"pid": (1 << 22) - 7},
            {"nsid": 78}, {"nsid": 1234567}]

    def ask():
        with Nsmux() as nsmux:
            return ([outcome(lambda: nsmux.do(
                        command, asked | {"netns": way}))
                     for command, asked in COMMANDS.items() for way in ways],
                    [outcome(lambda: nsmux.dump(
                        "lookup", LOOPBACK | {"netns": [way]}))
                     for way in ways],
                    [outcome(lambda: nsmux.dump(
                        "socket-get", {"cookie": 1, "netns": [way]}))
                     for way in ways])

    with Namespace() as other, open("/proc/self/ns/net", "rb") as outside:
        with open(world.container.net_ns_path, "rb") as inside:
            os.setns(inside.fileno(), 0)
        try:
            ip_batch(f"netns set {other.name} 78")
        finally:
            os.setns(outside.fileno(), 0)
        for become in (root_of(world.container), ordinary_user,
                       user_with_own_user_namespace):
            single, *dumps = run_as(become, ask)
            ksft_eq(set(single), {DENIED})
            for dump in dumps:
                # Nothing is told.
                ksft_eq(dump, ["done"] * len(ways))
    # A descriptor is the caller's own.
    with open("/proc/self/status", "rb") as file:
        ksft_eq(run_as(ordinary_user, lambda: outcome(lambda: Nsmux().do(
            "namespace-get", {"netns": {"fd": file.fileno()}})))[0], "EINVAL")


def test_one_answer_for_processes(_world):
    """The same of the table of processes."""
    def ask():
        with Nsmux() as nsmux:
            return {outcome(lambda: nsmux.do("lookup", {
                "table": "pid", "number": 1, "pidns": pid}))
                    for pid in (1, os.getpid(), (1 << 22) - 7)}

    ksft_eq(run_as(ordinary_user, ask),
            {("EPERM", NEEDS_ADMINISTRATOR.replace("network", "PID"))})


def test_shared_tables(world):
    """How full they are is told to those who administer all."""
    def told():
        with Nsmux() as nsmux:
            answer = nsmux.do("namespace-get",
                              {"netns": {"cookie": world.inside}})
        return {(table["table"], name)
                for table in answer["table"] for name in table}

    full = {(table, name) for table in ("tcp", "udp") for name in
            ("walked", "used", "entries", "own", "longest")}
    ksft_eq(full - told(), set())
    seen = run_as(root_of(world.container), told)
    ksft_eq(full & seen, set())
    ksft_eq({("tcp", "sockets"), ("tcp", "size"), ("udp", "size")} - seen,
            set())


def test_list_of_namespaces(world):
    """A list in a dump is passed over where the caller may not see."""
    def ask():
        with Nsmux() as nsmux:
            return [told["netns-cookie"] for told in nsmux.dump(
                "lookup", LOOPBACK | {"netns": [
                    {"cookie": cookie} for cookie in
                    (world.initial, world.inside, world.plain.cookie, world.second,
                     world.inside)]})]
    ksft_eq(run_as(root_of(world.container), ask),
            [world.inside, world.second, world.inside])


def test_socket_that_was_opened_by_another(world):
    """Both who opened a netlink socket and who uses it need the right."""
    def ask(nsmux):
        return outcome(lambda: nsmux.do("namespace-get", named(world.plain)))

    with Nsmux() as opened_by_root:
        ksft_eq(run_as(ordinary_user, lambda: ask(opened_by_root)), DENIED)
        ksft_eq(type(ask(opened_by_root)), dict)

    here, there = socket.socketpair()

    def send_socket():
        with RawSocket() as sock:
            socket.send_fds(there, [b"!"], [sock.fileno()])

    with here, there, Nsmux() as opened_by_user:
        run_as(ordinary_user, send_socket)
        descriptor, = socket.recv_fds(here, 1, 1)[1]
        os.dup2(descriptor, opened_by_user.sock.fileno())
        os.close(descriptor)
        ksft_eq(ask(opened_by_user), DENIED)


def words(data):
    """All numbers of 64 bits that attributes could hold."""
    return [struct.unpack_from("=Q", data, place)[0]
            for place in range(0, len(data) - 7, 4)]


def test_no_address_of_the_kernel(world):
    """No answer has a number that could be one: none begins with 17 ones."""
    with Nsmux() as nsmux, RawSocket() as raw, socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        place = {name: attr.value
                 for name, attr in nsmux.attr_sets["lookup"].items()}
        asked = (attribute(place["table"], struct.pack("=I", 0))
                 + attribute(place["local-address"], bytes((127, 0, 0, 1)))
                 + attribute(place["local-port"],
                             struct.pack("!H", sock.getsockname()[1])))
        cookie = attribute(place["cookie"],
                           struct.pack("=Q", socket_cookie(sock)))
        family = nsmux.nlproto.family_id
        number = {name: op.req_value for name, op in nsmux.ops.items()}
        seen = 0
        for name, body in (("lookup", asked), ("namespace-get", b""),
                           ("socket-get", cookie)):
            for flags in (0, DUMP):
                answers, end = raw.ask(request(family, number[name], body,
                                               flags=flags | ACK))
                ksft_eq(end.error, 0, end.text)
                ksft_true(answers, name)
                for answer in answers:
                    seen += 1
                    ksft_eq([hex(word) for word in words(answer.payload)
                             if word >> 47 == 0x1ffff], [], name)
        ksft_true(seen > len(world.all()))


if __name__ == "__main__":
    with kernel_module.required(), contextlib.ExitStack() as all_of_them:
        ksft_run(program.cases_of(globals()), args=(World(all_of_them),))
    ksft_exit()
