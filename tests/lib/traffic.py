# SPDX-License-Identifier: GPL-2.0
"""Traffic between two namespaces that runs while a test does other things.

Each stream is a thread of its own that asks, waits for the answer, and
compares it, one question after the other: what is lost or changed is seen
at once, and how far all streams have come can be waited for.
"""

import contextlib
import socket
import threading
import time

from net.lib.py import ksft_eq
from .patience import end_after
from .topology import FAMILIES, FAR

PORT = 7
# How often a transfer sends its question at once.
REPEAT = 2000


class Stream(threading.Thread):
    """Questions and answers over one pair of sockets, until told to stop."""

    def __init__(self, client, server):
        super().__init__(daemon=True)
        self.client = client
        self.server = server
        self.answers = 0
        self.error = None
        self.stopped = threading.Event()

    def run(self):
        try:
            while not self.stopped.is_set():
                question = b"question %08d" % self.answers
                self.ask(question)
                self.answers += 1
        except (OSError, ValueError) as error:
            self.error = f"question {self.answers}: {error!r}"

    def ask(self, question):
        """Send a question there and back."""
        self.client.send(question)
        data, source = self.server.recvfrom(100)
        if data != question:
            raise ValueError(f"{data} came, {question} was sent")
        if source:
            self.server.sendto(data, source)
        else:
            self.server.send(data)
        data = self.client.recv(100)
        if data != question:
            raise ValueError(f"{data} came back, {question} was sent")


class Transfer(Stream):
    """As much at a time as the connection takes, in one direction."""

    def __init__(self, client, server):
        super().__init__(client, server)
        client.setblocking(False)

    def ask(self, question):
        """Send it many times; it has to come as often and in order."""
        data = question * REPEAT
        sent, received = 0, b""
        while len(received) < len(data):
            if sent < len(data):
                # It is full: there is something to receive first.
                with contextlib.suppress(BlockingIOError):
                    sent += self.client.send(data[sent:])
            received += self.server.recv(len(data))
        if received != data:
            raise ValueError("what came is not what was sent")


class Traffic:
    """A TCP and a UDP stream of each family between two namespaces, which may
    be one; on demand a transfer over TCP as well."""

    def __init__(self, near, far, addresses=None, with_transfers=False):
        self._sockets = contextlib.ExitStack()
        self._addresses = addresses or FAR
        self.streams = []
        for family in FAMILIES:
            for connect in (self._udp, self._tcp):
                self.streams.append(Stream(*connect(near, far, family)))
            if with_transfers:
                self.streams.append(Transfer(*self._tcp(near, far, family)))

    def _udp(self, near, far, family):
        address = self._addresses[family]
        server = self._sockets.enter_context(far.udp(address, PORT, family))
        client = self._sockets.enter_context(near.open_socket(family))
        client.connect((address, PORT))
        return client, server

    def _tcp(self, near, far, family):
        address = self._addresses[family]
        with far.listener(address, PORT, family) as listener:
            client = self._sockets.enter_context(
                near.open_socket(family, socket.SOCK_STREAM))
            client.connect((address, PORT))
            child, _ = listener.accept()
        child.settimeout(20)
        return client, self._sockets.enter_context(child)

    def __enter__(self):
        for stream in self.streams:
            stream.start()
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stop, and close all sockets."""
        self.stop()
        self._sockets.close()

    def stop(self):
        """Let each stream finish its question."""
        for stream in self.streams:
            stream.stopped.set()
        for stream in self.streams:
            stream.join()

    def wait_for_progress(self, answers=3, deadline=30):
        """Wait until every stream has so many more answers, or failed."""
        goals = [stream.answers + answers for stream in self.streams]
        end = end_after(deadline)
        while time.monotonic() < end:
            if all(stream.error or stream.answers >= goal
                   for stream, goal in zip(self.streams, goals)):
                return
            time.sleep(0.005)
        raise TimeoutError("the traffic stands still")

    def check(self):
        """Stop, and find that nothing was lost or changed."""
        self.stop()
        ksft_eq([stream.error for stream in self.streams],
                [None] * len(self.streams))
