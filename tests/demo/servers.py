# SPDX-License-Identifier: GPL-2.0
"""The servers: the same sockets in every namespace, in one process.

Whoever asks gets a line with the name and the cookie of the namespace:

    nsmux-0017 4113

The cookie comes from the kernel, by way of the socket that answers. A TCP
server closes first when it is told FAREWELL, so that its namespace keeps the
TIME_WAIT socket.
"""
import os
import select
import signal
import socket
import struct
import traceback

import plan
from namespaces import enter

SO_NETNS_COOKIE = 71
FAREWELL = b"goodbye\n"
# What each server has: listeners for TCP, and for UDP an unconnected socket
# with a connected one beside it; each of them for both families.
SOCKETS = 6


def netns_cookie(sock):
    raw = sock.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)
    return struct.unpack("=Q", raw)[0]


class ServerProcess:
    """A child process that serves all namespaces until stop()."""

    def __init__(self, namespaces, servers):
        ready, ready_child = os.pipe()
        alive_child, self.alive = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(ready)
            os.close(self.alive)
            serve_and_exit(namespaces, servers, ready_child, alive_child)
        os.close(ready_child)
        os.close(alive_child)
        with open(ready) as told:
            word = told.read()
        if word != "ready":
            self.stop()
            raise ChildProcessError(
                f"the servers did not start: {word or 'see above'}")

    def stop(self):
        """End the process: it watches the other end of the pipe."""
        if self.pid:
            os.close(self.alive)
            os.waitpid(self.pid, 0)
            self.pid = 0


def serve_and_exit(namespaces, servers, ready, alive):
    """The life of the child. It never returns into the parent's code."""
    # Signals are the parent's to handle: it closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    status = 1
    try:
        loop = Loop(alive)
        for server in servers:
            enter(namespaces[server.name])
            loop.open_sockets(server.name)
        os.write(ready, b"ready")
        os.close(ready)
        loop.run()
        status = 0
    except Exception:
        # Nothing above this catches it: the process ends right here.
        traceback.print_exc()
    finally:
        os._exit(status)


class Loop:
    """One epoll loop; each descriptor has the method that serves it."""

    def __init__(self, alive):
        self.alive = alive
        self.epoll = select.epoll()
        self.epoll.register(alive, select.EPOLLIN)
        self.serve = {}

    def watch(self, sock, method, answer):
        self.serve[sock.fileno()] = (method, sock, answer)
        self.epoll.register(sock.fileno(), select.EPOLLIN)

    def open_sockets(self, name):
        """The sockets of one server, in the namespace entered before."""
        for family, inner, client in (
                (socket.AF_INET, plan.INNER4, plan.CLIENT4),
                (socket.AF_INET6, plan.INNER6, plan.CLIENT6)):
            listener = new_socket(family, socket.SOCK_STREAM, inner)
            listener.listen()
            answer = f"{name} {netns_cookie(listener)}\n".encode()
            self.watch(listener, self.accept, answer)
            unconnected = new_socket(family, socket.SOCK_DGRAM, inner)
            self.watch(unconnected, self.datagram, answer)
            connected = new_socket(family, socket.SOCK_DGRAM, inner)
            connected.connect((client, plan.CONNECTED_PORT))
            self.watch(connected, self.datagram, answer)

    def run(self):
        while True:
            for fd, _ in self.epoll.poll():
                if fd == self.alive:
                    return
                method, sock, answer = self.serve[fd]
                method(sock, answer)

    def accept(self, listener, answer):
        connection, _ = listener.accept()
        connection.setblocking(False)
        self.watch(connection, self.converse, answer)

    def converse(self, connection, answer):
        question = connection.recv(4096)
        if question:
            connection.send(answer)
        if not question or question == FAREWELL:
            del self.serve[connection.fileno()]
            connection.close()

    def datagram(self, sock, answer):
        question, asker = sock.recvfrom(4096)
        # The question comes back too: it tells which one is answered.
        sock.sendto(question + answer, asker)


def new_socket(family, kind, address):
    sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, plan.PORT))
    return sock
