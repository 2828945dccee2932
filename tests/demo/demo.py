#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Hundreds of namespaces with one name, and a mux that tells them apart.

Makes N network namespaces that all have the same addresses and the same
ports, TCP and UDP, IPv4 and IPv6, with a real server in each; lets a real
client ask all of them through a router and a bridge (plan.py draws it); and
reports what nsmux saw: how it found the namespace of each packet, and what it
found in that namespace's own table. Everything is checked, and the exit
status is 0 only when all of it was right.

Needs root, veth, bridge and nf_tables, and about 0.4 MB of memory for each
namespace, beside 400 MB for the system.
"""
import argparse
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cost
import lookup
import plan
import topology
from clients import ask_tcp, ask_udp
from counters import read_quiet
from module import MODES, running, version
from namespaces import Namespaces, enter, home, read_sysctl
from report import print_table, print_verdict
from results import Results
from servers import SOCKETS, ServerProcess, netns_cookie

# Seconds until the last connection must have ended.
PATIENCE = 30


class Progress:
    """A line for each step as it goes on, with the time that it took."""

    def __init__(self):
        self.begin = None

    def step(self, what):
        self.end()
        print(f"  {what:<62}", end="", flush=True)
        self.begin = time.monotonic()

    def end(self):
        if self.begin:
            print(f"{time.monotonic() - self.begin:8.1f} s", flush=True)
            self.begin = None


def run(results, arguments, progress):
    """All but the report. Leaves nothing behind, whatever happens."""
    allow_descriptors((SOCKETS + 2) * len(results.servers) + 1000)
    namespaces = Namespaces()
    progress.step(f"loading nsmux, mode {results.mode}")
    with running(arguments.module, results.mode):
        results.version = version()
        try:
            show(results, namespaces, progress)
        finally:
            # A second interrupt must not leave namespaces behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            progress.step("cleaning up")
            namespaces.remove()
    progress.end()


def allow_descriptors(count):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(count, most)))


def show(results, namespaces, progress):
    servers = results.servers
    names = [server.name for server in servers]
    progress.step(f"making {len(servers):,} namespaces, client and router")
    namespaces.make(names + [plan.CLIENT, plan.ROUTER],
                    plan.TCP_ENTRIES, plan.UDP_ENTRIES)
    if results.mode == "steer":
        # nsmux is to be the only one who looks for sockets.
        namespaces.write_sysctl("ipv4/ip_early_demux", 0)
    progress.step("connecting them to the router and its bridge")
    topology.add_links(namespaces, servers)
    progress.step("giving all of them the same addresses")
    topology.configure(namespaces, servers)
    progress.step(f"opening {SOCKETS * len(servers):,} sockets")
    process = ServerProcess(namespaces, servers)
    with home():
        try:
            due = answers_due(results, namespaces)
            enter(namespaces[plan.CLIENT])
            ask(results.answers, due, results.rounds, progress)
            results.count_answers()
            wait_for_the_last_segment()
            progress.step("asking nsmux, and ss, who has the address")
            results.lookup = lookup.compare(names)
            results.problems += lookup.problems(results.lookup, len(names))
        finally:
            process.stop()
        progress.step("reading the counters")
        for name in names:
            enter(namespaces[name])
            results.add_server(name, *read_quiet())
        for name in (plan.CLIENT, plan.ROUTER):
            enter(namespaces[name])
            results.add_other(name, *read_quiet())
    progress.step("timing datagrams, with observe and without")
    results.cost = cost.measure(namespaces[names[0]],
                                namespaces[plan.CLIENT])


def answers_due(results, namespaces):
    """Who has to answer for each address, by family.

    The cookie comes from the namespace itself, by its name in /run/netns, and
    not from the server whose answer is to be checked.
    """
    due = {socket.AF_INET: {}, socket.AF_INET6: {}}
    for server in results.servers:
        enter(namespaces[server.name])
        with socket.socket() as sock:
            cookie = netns_cookie(sock)
        results.cookies[server.name] = cookie
        results.add_tables(server.name,
                           int(read_sysctl("ipv4/tcp_ehash_entries")),
                           int(read_sysctl("ipv4/udp_hash_entries")))
        answer = f"{server.name} {cookie}\n".encode()
        due[socket.AF_INET][server.outer4] = answer
        due[socket.AF_INET6][server.outer6] = answer
    return due


def ask(answers, due, rounds, progress):
    for family, addresses in due.items():
        name = "IPv6" if family == socket.AF_INET6 else "IPv4"
        progress.step(f"asking every one of them over UDP and {name}")
        for port in (plan.CONNECTED_PORT, plan.UNCONNECTED_PORT):
            ask_udp(answers, family, port, addresses, rounds)
        progress.step(f"asking every one of them over TCP and {name}")
        ask_tcp(answers, family, addresses, rounds)


def wait_for_the_last_segment():
    """Wait until the client has no connection left, so that all is counted.

    The servers close first: what they have left are TIME_WAIT sockets.
    """
    end = time.monotonic() + PATIENCE
    while any(len(Path("/proc/net", table).read_text().splitlines()) > 1
              for table in ("tcp", "tcp6")):
        if time.monotonic() > end:
            raise TimeoutError("a TCP connection of the client has not "
                               f"ended after {PATIENCE} s")
        time.sleep(0.05)


def number_of_namespaces(text):
    if not text.isdecimal() or not 1 <= int(text) <= plan.LARGEST:
        raise argparse.ArgumentTypeError(
            f"{text} is not a number of namespaces from 1 to {plan.LARGEST}")
    return int(text)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="demo.py", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument(
        "count", metavar="N", nargs="?", default=200,
        type=number_of_namespaces,
        help=f"how many namespaces, 1 to {plan.LARGEST} (200)")
    parser.add_argument(
        "--mode", choices=MODES, default="observe",
        help="what nsmux does in the namespaces (%(default)s)")
    parser.add_argument(
        "--module", metavar="FILE", type=Path,
        default=Path(__file__).resolve().parents[1] / "nsmux.ko",
        help="the module to load when none is loaded (%(default)s)")
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto",
        help="colours in the report (on a terminal)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if os.geteuid():
        sys.exit("nsmux demo: only root can make namespaces: run it with sudo")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    progress = Progress()
    results = Results(plan.servers(arguments.count), arguments.mode)
    try:
        run(results, arguments, progress)
        print_table(results, arguments.color)
        lookup.print_comparison(results.lookup)
    except KeyboardInterrupt:
        progress.end()
        results.problems.append("interrupted")
    except subprocess.CalledProcessError as error:
        progress.end()
        results.problems.append(f"{error.cmd[0]} failed, see above")
    except (OSError, ValueError) as error:
        progress.end()
        results.problems.append(str(error))
    print_verdict(results)
    return 1 if results.problems else 0


if __name__ == "__main__":
    sys.exit(main())
