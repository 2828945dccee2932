#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Takes how many packets one processor passes, and two at once, in turns of
contenders: datagrams over loopback in one namespace, each processor between
sockets of its own.

Prints a line of JSON for each turn, contender -> packets a second of one
processor and of both, and a last one without figures.
"""
import argparse
import ctypes
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import contenders
from native import PORT, SOURCE_PORT, datagram_ends, library

PROCESSORS, FAMILY = 2, 4
# How long each is busy, and how many batches there are between two looks at the
# clock.
SECONDS, BATCHES = 0.15, 4
WARM_UP_TURNS = 1
CONTENDERS = {"off": contenders.NOTHING, "observe": contenders.OBSERVE,
              "shared": contenders.SHARED, "again": contenders.NOTHING}


class Worker:
    """A process that stays on a processor and sends when it is told to."""

    def __init__(self, processor, loaded):
        self.pipe, end = socket.socketpair()
        if os.fork() == 0:
            # Whatever happens, it is not to go on as its parent.
            try:
                self.pipe.close()
                os.sched_setaffinity(0, {processor})
                self.work(end, loaded, processor)
            except (OSError, RuntimeError) as error:
                print(f"{type(error).__name__}: {error}", flush=True)
            finally:
                os._exit(1)
        end.close()

    @staticmethod
    def work(end, loaded, processor):
        """Answer as long as somebody asks."""
        ends, name = datagram_ends(FAMILY, *(
            port + 2 * processor for port in (PORT, SOURCE_PORT)))
        numbers = [sock.fileno() for sock in ends]
        ticks = (ctypes.c_ulong * BATCHES)()
        while end.recv(1):
            begin = now = time.perf_counter()
            sent = 0
            while now < begin + SECONDS:
                if loaded.datagrams(*numbers, name, len(name), BATCHES, ticks):
                    raise RuntimeError("something did not arrive")
                sent += BATCHES * loaded.at_once()
                now = time.perf_counter()
            end.sendall(f"{sent / (now - begin)}\n".encode())

    def begin(self):
        """Have it send."""
        self.pipe.sendall(b"1")

    def rate(self):
        """Packets a second that it has sent."""
        return float(self.pipe.recv(64))


def rates(workers):
    """Packets a second of one of them, and of all at once."""
    found = []
    for busy in (workers[:1], workers):
        for worker in busy:
            worker.begin()
        found.append(round(sum(worker.rate() for worker in busy), 1))
    return found


def turn(workers):
    """Every contender once."""
    found = {}
    for name, contender in CONTENDERS.items():
        contender.put_up()
        found[name] = rates(workers)
        contender.take_down()
    return found


def main(options):
    """All turns."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name in ("nf_socket_ipv4", "nf_socket_ipv6"):
        subprocess.run(["modprobe", name], check=True)
    for name in ("nsmux_contenders", "nsmux"):
        subprocess.run(["insmod", f"/nsmux/{name}.ko"], check=True)
    loaded = library(Path(__file__).parent / "libraries/native.so")
    workers = [Worker(processor, loaded) for processor in range(PROCESSORS)]
    for number in range(-WARM_UP_TURNS, options.turns):
        figures = turn(workers)
        if number >= 0:
            print(json.dumps({"turn": number, "figures": figures}), flush=True)
    print(json.dumps({"kernel": os.uname().release}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("turns", type=int)
    main(parser.parse_args())
