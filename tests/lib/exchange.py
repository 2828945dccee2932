# SPDX-License-Identifier: GPL-2.0
"""Some questions and answers between two namespaces, over UDP and TCP."""

import socket

from net.lib.py import ksft_eq

PORT = 7
# The packets of each end, at least, received and transmitted.
PACKETS = 5


def exchange(near, far, far_address, family=socket.AF_INET, port=PORT):
    """One datagram there and back, and one connection with data both ways."""
    with far.udp("", port, family) as server, \
            near.open_socket(family) as client:
        client.sendto(b"question", (far_address, port))
        data, source = server.recvfrom(100)
        ksft_eq(data, b"question")
        server.sendto(b"answer", source)
        ksft_eq(client.recv(100), b"answer")
    with far.listener("", port, family) as listener, \
            near.open_socket(family, socket.SOCK_STREAM) as client:
        client.connect((far_address, port))
        with listener.accept()[0] as child:
            child.settimeout(20)
            client.sendall(b"question")
            ksft_eq(child.recv(100), b"question")
            child.sendall(b"answer")
            ksft_eq(client.recv(100), b"answer")
