# SPDX-License-Identifier: GPL-2.0
"""The list of the kernel's selftests that are run, and what each needs.

A name is the place in tools/testing/selftests of the kernel's source, and arguments if there are
any.
"""

from dataclasses import dataclass, field

from environment.failure import Failure

# An emulated processor is some twenty times as slow as one of today.
SECONDS = 600
LONG = 1800


@dataclass(frozen=True)
class Test:
    """One test."""

    name: str
    # After so many it counts as failed.
    seconds: int = SECONDS
    environment: dict = field(default_factory=dict)
    # Whether it changes what the initial network namespace alone has.
    initial: bool = False
    # Whether others would disturb it, or it them.
    alone: bool = False
    # How many times longer than it says its timeouts are.
    slower: int = 1
    # Why it does not pass here, with nsmux or without.
    reason: str = ""


def named(collection, names, **options):
    """Tests of one collection that have the same needs."""
    return [Test(f"{collection}/{name}", **options) for name in names.split()]


# In the order in which they are begun: what takes long comes first, so that no single one is left
# for the end.
MPTCP = named("net/mptcp", """
    mptcp_connect.sh mptcp_join.sh simult_flows.sh mptcp_connect_mmap.sh mptcp_connect_sendfile.sh
    mptcp_connect_checksum.sh
""", seconds=LONG) + named("net/mptcp", """
    mptcp_sockopt.sh diag.sh pm_netlink.sh userspace_pm.sh
""")

NET = named("net", """
    fib_tests.sh rtnetlink.sh vrf-xfrm-tests.sh udpgso_bench.sh pmtu.sh udpgro.sh fib_nexthops.sh
    icmp_redirect.sh test_vxlan_vnifiltering.sh srv6_end_next_csid_l3vpn_test.sh xfrm_policy.sh
    test_vxlan_mdb.sh tcp_fastopen_backup_key.sh
""", seconds=LONG) + named("net", """
    so_netns_cookie reuseport_bpf reuseport_bpf_cpu reuseport_addr_any.sh reuseport_dualstack
    reuseaddr_conflict reuseaddr_ports_exhausted.sh stress_reuseport_listen.sh
    bind_bhash.sh bind_wildcard bind_timewait sk_bind_sendto_listen sk_connect_zero_addr
    sk_so_peek_off so_incoming_cpu test_so_rcv.sh tcp_port_share
    ip_local_port_range.sh udpgso.sh udpgro_fwd.sh udpgro_frglist.sh udpgro_bench.sh
    udp_splice_checksum ipv6_fragmentation icmp_rfc4884
    cmsg_so_mark.sh cmsg_so_priority.sh cmsg_time.sh
    fin_ack_lat.sh psock_snd.sh run_afpackettests run_netsocktests skf_net_off.sh msg_zerocopy.sh
    txtimestamp.sh rxtimestamp.sh ipv6_flowlabel.sh ipv6_flowlabel_mgr tun tap
    fib_rule_tests.sh fib-onlink-tests.sh fib_nexthop_multiprefix.sh fib_nexthop_nongw.sh
    route_localnet.sh route_hint.sh broadcast_ether_dst.sh
    broadcast_pmtu.sh vrf_strict_mode_test.sh vrf_route_leaking.sh sctp_vrf.sh
    srv6_encap_lookup_l3vpn_test.sh srv6_end_dt46_l3vpn_test.sh srv6_end_dt4_l3vpn_test.sh
    srv6_end_dt6_l3vpn_test.sh srv6_end_dx4_netfilter_test.sh srv6_end_dx6_netfilter_test.sh
    srv6_end_flavors_test.sh srv6_end_x_next_csid_l3vpn_test.sh srv6_hencap_red_l3vpn_test.sh
    srv6_hl2encap_red_l2vpn_test.sh srv6_iptunnel_cache.sh
    l2tp.sh gre_gso.sh gre_ipv6_lladdr.sh ip6_gre_headroom.sh ip6_tunnel.sh fou_mcast_encap.sh
    double_udp_encap.sh l2_tos_ttl_inherit.sh
    test_vxlan_fdb_changelink.sh test_vxlan_nh.sh test_vxlan_nolocalbypass.sh
    test_vxlan_under_vrf.sh test_vxlan_vnifilter_notify.sh
    big_tcp.sh xfrm_state.sh veth.sh arp_ndisc_evict_nocarrier.sh arp_ndisc_untracked_subnets.sh
    ndisc_unsolicited_na_test.sh traceroute.sh test_ingress_egress_chaining.sh nat6to4.sh
    ecmp_rehash.sh tcp_ecmp_failover.sh io_uring_zerocopy_tx.sh
""") + [
    Test("net/icmp.sh", slower=10, reason="not known yet: tcpdump does not see the answer"),
    Test("net/cmsg_ip.sh", LONG, reason="ran for 300 s only, on a loaded machine"),
    Test("net/unicast_extensions.sh", LONG, reason="ran for 300 s only, on a loaded machine"),
    Test("net/tls", LONG, reason="limits of 30 s in its parts; 300 s only, on a loaded machine"),
    # The sizes of buffers that it changes are those of the initial namespace.
    Test("net/netns-sysctl.sh", initial=True, alone=True),
    # A fragment that is a second late is too late for it.
    Test("net/ip_defrag.sh", alone=True),
    Test("net/netns-name.sh", reason="wants netdevsim, which the stock kernel has not"),
    Test("net/tfo_passive.sh", reason="wants netdevsim"),
    Test("net/amt.sh", reason="the stock kernel has no AMT"),
    Test("net/bareudp.sh", reason="the stock kernel has no BAREUDP"),
]

UNIX = named("net/af_unix", """
    diag_uid msg_oob scm_inq scm_pidfd unix_connect unix_connreset unix_listen
""") + [
    # They sleep for a moment and expect others to have done something meanwhile.
    Test("net/af_unix/so_peek_off", alone=True),
    Test("net/af_unix/scm_rights", alone=True,
         reason="one part or other: it expects garbage to be collected within 1 s"),
]

TCP_AO = named("net/tcp_ao", " ".join(
    f"{name}_{family}" for family in ("ipv4", "ipv6")
    for name in ("bench-lookups", "connect", "connect-deny", "icmps-accept", "icmps-discard",
                 "key-management", "restore", "rst", "self-connect", "seq-ext",
                 "setsockopt-closed", "unsigned-md5")))

NETFILTER = named("net/netfilter", """
    nft_nat.sh nft_queue.sh nft_flowtable.sh conntrack_resize.sh nft_fib.sh nft_synproxy.sh
""", seconds=LONG) + named("net/netfilter", """
    nft_tproxy_tcp.sh nft_tproxy_udp.sh
""", slower=10) + named("net/netfilter", """
    br_netfilter.sh br_netfilter_queue.sh bridge_brouter.sh conntrack_clash.sh
    conntrack_dump_flush.sh conntrack_icmp_related.sh conntrack_ipip_mtu.sh
    conntrack_reverse_clash.sh conntrack_sctp_collision.sh conntrack_tcp_unreplied.sh
    conntrack_vrf.sh ipvs.sh nf_nat_edemux.sh nft_conntrack_helper.sh nft_fib_nexthop.sh
    nft_meta.sh nft_nat_zones.sh rpath.sh vxlan_mtu_frag.sh xt_string.sh
""")

WIREGUARD = named("wireguard", "netns.sh", seconds=LONG)

FCNAL = [Test(f"net/fcnal-test.sh -t {part}", LONG) for part in """
    ipv4_ping ipv4_tcp ipv4_udp ipv4_bind ipv4_runtime ipv4_netfilter
    ipv6_ping ipv6_tcp ipv6_udp ipv6_bind ipv6_runtime ipv6_netfilter use_cases
""".split()]

ALL = FCNAL + MPTCP + WIREGUARD + NETFILTER + NET + UNIX + TCP_AO


def called(test):
    """What a person may call a test: by its place or without that, by its collection, or by what
    part of a program it is."""
    program, *arguments = test.name.split()
    folder, _, file = program.rpartition("/")
    return test.name, program, folder, file, file.removesuffix(".sh"), *arguments[-1:]


def select(names):
    """The tests that a person named, by name or collection; without any, all."""
    chosen = []
    for name in names:
        found = [test for test in ALL if name in called(test)]
        if not found:
            raise Failure(f"there is no test {name} in the list",
                          "scripts/upstream/tests.py has the list.")
        chosen += found
    return chosen or list(ALL)
