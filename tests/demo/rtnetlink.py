# SPDX-License-Identifier: GPL-2.0
"""Links, addresses, neighbours and routes, asked for with rtnetlink.

One process of ip(8) in each of hundreds of namespaces would take longer than
the whole demo under emulation. Here a namespace costs one socket, and one
message for all that it needs.
"""
import os
import socket
import struct

NLM_F_REQUEST, NLM_F_ACK = 0x1, 0x4
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
NLMSG_ERROR = 2
NLA_F_NESTED = 0x8000
RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEIGH = 16, 20, 24, 28

IFF_UP = 1
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MASTER = 1, 3, 10
IFLA_LINKINFO, IFLA_NET_NS_FD = 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
VETH_INFO_PEER = 1
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
IFA_F_NODAD = 2
NDA_DST, NDA_LLADDR = 1, 2
NUD_NOARP, NUD_PERMANENT = 0x40, 0x80
NTF_MASTER = 4
AF_BRIDGE = 7
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_VIA = 1, 4, 5, 18
RTNH_F_ONLINK = 4
RT_TABLE_MAIN, RTPROT_STATIC, RTN_UNICAST = 254, 4, 1

# The acknowledgements of this many requests fit into the default buffer of
# the socket, with room to spare.
BATCH = 64


def attribute(kind, payload):
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind) + payload + bytes(-length % 4)


def nested(kind, *attributes):
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def packed(address):
    """The family of an address, and its bytes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def link_header(index, flags=IFF_UP):
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


class Rtnetlink:
    """The requests for one namespace: the one that the caller is in.

    They are collected, and sent by commit() or at the end of the with block.
    """

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    socket.NETLINK_ROUTE)
        self.requests = []

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _traceback):
        with self.socket:
            if kind is None:
                self.commit()

    def _request(self, what, kind, body, flags=NLM_F_CREATE | NLM_F_EXCL):
        self.requests.append((what, kind, flags, body))
        if len(self.requests) == BATCH:
            self.commit()

    def commit(self):
        """Send what was collected; raise OSError for the first refusal."""
        if not self.requests:
            return
        messages = [
            struct.pack("=IHHII", 16 + len(body), kind,
                        NLM_F_REQUEST | NLM_F_ACK | flags, number, 0) + body
            for number, (_, kind, flags, body) in enumerate(self.requests)]
        self.socket.send(b"".join(messages))
        missing = len(messages)
        while missing:
            answer = self.socket.recv(65536)
            at = 0
            while at < len(answer):
                length, kind, _, number, _ = struct.unpack_from("=IHHII",
                                                                answer, at)
                if kind == NLMSG_ERROR:
                    error, = struct.unpack_from("=i", answer, at + 16)
                    if error:
                        raise OSError(-error, os.strerror(-error),
                                      self.requests[number][0])
                    missing -= 1
                at += (length + 3) & ~3
        self.requests.clear()

    def up(self, index):
        self._request(f"setting link {index} up", RTM_NEWLINK,
                      link_header(index), flags=0)

    def bridge(self, name, index, mac):
        self._request(
            f"adding bridge {name}", RTM_NEWLINK,
            link_header(index)
            + attribute(IFLA_IFNAME, name.encode() + b"\0")
            + attribute(IFLA_ADDRESS, mac)
            + nested(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"bridge")))

    def veth(self, name, index, mac, peer, master=None):
        """A pair of devices; peer is (namespace fd, name, index, mac)."""
        netns, peer_name, peer_index, peer_mac = peer
        port = attribute(IFLA_MASTER, struct.pack("=i", master)) \
            if master else b""
        # A peer cannot be up before the device that it leads to exists.
        other_end = (
            link_header(peer_index, flags=0)
            + attribute(IFLA_IFNAME, peer_name.encode() + b"\0")
            + attribute(IFLA_ADDRESS, peer_mac)
            + attribute(IFLA_NET_NS_FD, struct.pack("=i", netns)))
        self._request(
            f"adding veth {name}", RTM_NEWLINK,
            link_header(index)
            + attribute(IFLA_IFNAME, name.encode() + b"\0")
            + attribute(IFLA_ADDRESS, mac) + port
            + nested(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"veth"),
                     nested(IFLA_INFO_DATA,
                            attribute(VETH_INFO_PEER, other_end))))

    def address(self, index, address, length):
        family, raw = packed(address)
        self._request(
            f"adding address {address}", RTM_NEWADDR,
            struct.pack("=BBBBi", family, length, IFA_F_NODAD, 0, index)
            + attribute(IFA_LOCAL, raw) + attribute(IFA_ADDRESS, raw))

    def neighbour(self, index, address, mac):
        family, raw = packed(address)
        self._request(
            f"adding neighbour {address}", RTM_NEWNEIGH,
            struct.pack("=BxHiHBB", family, 0, index, NUD_PERMANENT, 0, 0)
            + attribute(NDA_DST, raw) + attribute(NDA_LLADDR, mac))

    def bridge_entry(self, port, mac):
        """What is behind a port of a bridge, so that nothing is flooded."""
        self._request(
            f"adding the bridge entry of {mac.hex(':')}", RTM_NEWNEIGH,
            struct.pack("=BxHiHBB", AF_BRIDGE, 0, port,
                        NUD_NOARP, NTF_MASTER, 0)
            + attribute(NDA_LLADDR, mac))

    def route(self, destination, index, gateway):
        """A route by a gateway that needs no address of its own network.

        destination is an address, or "default4" or "default6".
        """
        via, gateway_raw = packed(gateway)
        if destination.startswith("default"):
            family = socket.AF_INET if destination == "default4" \
                else socket.AF_INET6
            length, to = 0, b""
        else:
            family, raw = packed(destination)
            length, to = 8 * len(raw), attribute(RTA_DST, raw)
        if via == family:
            by = attribute(RTA_GATEWAY, gateway_raw)
        else:
            by = attribute(RTA_VIA, struct.pack("=H", via) + gateway_raw)
        self._request(
            f"adding route {destination}", RTM_NEWROUTE,
            struct.pack("=BBBBBBBBI", family, length, 0, 0, RT_TABLE_MAIN,
                        RTPROT_STATIC, 0, RTN_UNICAST, RTNH_F_ONLINK)
            + to + by + attribute(RTA_OIF, struct.pack("=i", index)))
