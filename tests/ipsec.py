#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""XFRM: a packet is seen as it was made, and once more in its envelope.

Both are transmitted for the socket that made the first; what is received is
seen in its envelope and out of it.
"""

import socket

from lib import program
from lib.exchange import PACKETS, exchange
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, veth_pair
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_ge, ksft_variants

FAMILIES = (("ipv4", socket.AF_INET), ("ipv6", socket.AF_INET6))
VARIANTS = [KsftNamedVariant(f"{protocol}_{mode}_{name}", protocol, mode,
                             family)
            for protocol in ("esp", "ah") for mode in ("transport", "tunnel")
            for name, family in FAMILIES]
ALGORITHM = {"esp": "aead rfc4106(gcm(aes)) 0x" + "5a" * 20 + " 128",
             "ah": "auth-trunc hmac(sha256) 0x" + "5a" * 32 + " 128"}
LENGTH = {socket.AF_INET: 32, socket.AF_INET6: 128}


def protect(namespace, here, there, protocol, mode, family):
    """All between the two addresses goes in envelopes, both ways."""
    lines = []
    for source, destination, spi, direction in (
            (here, there, 0x100 + (here > there), "out"),
            (there, here, 0x100 + (there > here), "in")):
        lines.append(
            f"xfrm state add src {source} dst {destination} proto {protocol} "
            f"spi {spi} reqid 1 mode {mode} {ALGORITHM[protocol]}")
        template = (f"tmpl src {source} dst {destination} proto {protocol} "
                    f"reqid 1")
        lines.append(
            f"xfrm policy add src {source}/{LENGTH[family]} dst "
            f"{destination}/{LENGTH[family]} dir {direction} {template} "
            f"mode {mode}")
    namespace.ip(*lines)


@ksft_variants(VARIANTS)
def test_protected(protocol, mode, family):
    """Each packet twice in each direction, in the usual ways."""
    with veth_pair("observe") as (near, far):
        protect(near, NEAR[family], FAR[family], protocol, mode, family)
        protect(far, FAR[family], NEAR[family], protocol, mode, family)
        watched = [Resolution(namespace) for namespace in (near, far)]
        exchange(near, far, FAR[family], family)
        for resolution in watched:
            resolution.check(receive={"by-device": 2 * PACKETS},
                             transmit={"by-socket": 2 * PACKETS})
            counts = resolution.counts()
            # AH is an extension header to IPv6: what is transmitted can be
            # read behind it, what is received not before its check.
            readable = (protocol, mode, family) == ("ah", "transport",
                                                    socket.AF_INET6)
            ksft_ge(counts.get(("receive", "no-table"), 0), PACKETS,
                    "envelopes")
            ksft_eq(counts.get(("transmit", "no-table"), 0) < PACKETS,
                    readable, "envelopes")
            rows = resolution.rows("udp", "tcp", "udp6", "tcp6")
            ksft_eq({key: count for key, count in rows.items()
                     if key[2] == "none"}, {})


if __name__ == "__main__":
    program.run(globals())
