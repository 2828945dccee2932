# SPDX-License-Identifier: GPL-2.0
"""Client, router, bridge and servers, connected as plan.py draws it.

The router translates without any state: it needs no connection tracking to
know whom a packet is for. On the way in, the route of the outer address leads
to the server's link, and the destination becomes the one inner address as the
last thing before the packet leaves. On the way back, the port that the packet
comes in by (on the bridge: its Ethernet source) tells whose it is, and the
source becomes that server's outer address.

All neighbours are given: the servers cannot be asked for by an address that
all of them have, and so many others would overflow the neighbour table, which
all namespaces share and which holds 1024 that were not given.
"""
import subprocess

import plan
from namespaces import enter, home, write_sysctl
from rtnetlink import Rtnetlink

# Indices of devices can be chosen, so none has to be asked for.
LOOPBACK = 1
UPLINK = 2
BRIDGE = 3
BRIDGE_NAME = "bridge"
CLIENT_MAC = bytes.fromhex("020000010002")


def quiet_ipv6():
    """Devices made from here on get no link-local address and ask nothing."""
    write_sysctl("ipv6/conf/default/addr_gen_mode", 1)


def add_links(namespaces, servers):
    """All devices: those of the router, with their other ends."""
    with home():
        for name in [plan.CLIENT, plan.ROUTER] + [server.name
                                                  for server in servers]:
            enter(namespaces[name])
            quiet_ipv6()
        enter(namespaces[plan.ROUTER])
        with Rtnetlink() as net:
            net.up(LOOPBACK)
            net.veth("uplink", UPLINK, plan.GATEWAY_MAC,
                     (namespaces[plan.CLIENT], "eth0", UPLINK, CLIENT_MAC))
            net.bridge(BRIDGE_NAME, BRIDGE, plan.GATEWAY_MAC)
            for server in servers:
                add_link(net, namespaces[server.name], server)


def add_link(net, netns, server):
    net.veth(server.port_device, server.port_index, plan.GATEWAY_MAC,
             (netns, "eth0", UPLINK, server.mac),
             master=BRIDGE if server.bridged else None)
    if server.bridged:
        net.bridge_entry(server.port_index, server.mac)


def configure(namespaces, servers):
    """Addresses, routes and rules, now that all devices are there.

    The router comes last: it has a route for every server, and whenever a
    link comes up the kernel walks all of them.
    """
    with home():
        enter(namespaces[plan.CLIENT])
        configure_client()
        for server in servers:
            enter(namespaces[server.name])
            configure_server()
        enter(namespaces[plan.ROUTER])
        configure_router(servers)
        translate(servers)


def configure_client():
    with Rtnetlink() as net:
        net.up(LOOPBACK)
        net.up(UPLINK)
        net.address(UPLINK, plan.CLIENT4, 24)
        net.address(UPLINK, plan.CLIENT6, 64)
        net.neighbour(UPLINK, plan.ROUTER4, plan.GATEWAY_MAC)
        net.neighbour(UPLINK, plan.ROUTER6, plan.GATEWAY_MAC)
        net.route("default4", UPLINK, plan.ROUTER4)
        net.route("default6", UPLINK, plan.ROUTER6)


def configure_server():
    with Rtnetlink() as net:
        net.up(LOOPBACK)
        net.up(UPLINK)
        net.address(UPLINK, plan.INNER4, 32)
        net.address(UPLINK, plan.INNER6, 128)
        net.neighbour(UPLINK, plan.GATEWAY, plan.GATEWAY_MAC)
        net.route("default4", UPLINK, plan.GATEWAY)
        net.route("default6", UPLINK, plan.GATEWAY)


def configure_router(servers):
    write_sysctl("ipv4/ip_forward", 1)
    write_sysctl("ipv6/conf/all/forwarding", 1)
    with Rtnetlink() as net:
        net.address(UPLINK, plan.ROUTER4, 24)
        net.address(UPLINK, plan.ROUTER6, 64)
        net.neighbour(UPLINK, plan.CLIENT4, CLIENT_MAC)
        net.neighbour(UPLINK, plan.CLIENT6, CLIENT_MAC)
        for server in servers:
            device = BRIDGE if server.bridged else server.port_index
            net.neighbour(device, server.nexthop, server.mac)
            net.route(server.outer4, device, server.nexthop)
            net.route(server.outer6, device, server.nexthop)


def translate(servers):
    rules = (
        ruleset("ip", "ipv4_addr", plan.INNER4, plan.OUTER4_NETWORK,
                servers, lambda server: server.outer4)
        + ruleset("ip6", "ipv6_addr", plan.INNER6, plan.OUTER6_NETWORK,
                  servers, lambda server: server.outer6))
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def ruleset(family, address_type, inner, network, servers, outer):
    by_port = ", ".join(f'"{server.port_device}" : {outer(server)}'
                        for server in servers if not server.bridged)
    by_mac = ", ".join(f'{server.mac.hex(":")} : {outer(server)}'
                       for server in servers if server.bridged)
    return f"""
table {family} nsmux {{
    map by_port {{
        type ifname : {address_type}
        {elements(by_port)}
    }}
    map by_mac {{
        type ether_addr : {address_type}
        {elements(by_mac)}
    }}
    chain prerouting {{
        type filter hook prerouting priority raw
        {family} saddr {inner} {family} saddr set iifname map @by_port
        {family} saddr {inner} {family} saddr set ether saddr map @by_mac
    }}
    chain postrouting {{
        type filter hook postrouting priority raw
        {family} daddr {network} {family} daddr set {inner}
    }}
}}
"""


def elements(pairs):
    return f"elements = {{ {pairs} }}" if pairs else ""
