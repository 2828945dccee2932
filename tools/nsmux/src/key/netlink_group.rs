// SPDX-License-Identifier: GPL-2.0

//! Whom a netlink message is for, as a user writes it: `route:link`, `generic:nsmux/miss`,
//! `route:port:812`; or a protocol alone, `route`.

use std::fmt;
use std::str::FromStr;

use super::protocol::number;

const ROUTE: u32 = 0;
const SOCK_DIAG: u32 = 4;
const XFRM: u32 = 6;
const AUDIT: u32 = 9;
const NETFILTER: u32 = 12;
const GENERIC: u32 = 16;

/// The `NETLINK_*` of `linux/netlink.h` that the kernel still has.
const PROTOCOLS: &[(&str, u32)] = &[
    ("route", ROUTE),
    ("usersock", 2),
    ("sock-diag", SOCK_DIAG),
    ("nflog", 5),
    ("xfrm", XFRM),
    ("selinux", 7),
    ("iscsi", 8),
    ("audit", AUDIT),
    ("fib-lookup", 10),
    ("connector", 11),
    ("netfilter", NETFILTER),
    ("kobject-uevent", 15),
    ("generic", GENERIC),
    ("scsitransport", 18),
    ("ecryptfs", 19),
    ("rdma", 20),
    ("crypto", 21),
    ("smc", 22),
];

/// The names of a protocol's groups, beginning with group 1; an empty one is not in use.
fn groups(protocol: u32) -> &'static [&'static str] {
    match protocol {
        ROUTE => &[
            "link",
            "notify",
            "neigh",
            "tc",
            "ipv4-ifaddr",
            "ipv4-mroute",
            "ipv4-route",
            "ipv4-rule",
            "ipv6-ifaddr",
            "ipv6-mroute",
            "ipv6-route",
            "ipv6-ifinfo",
            "",
            "",
            "",
            "",
            "",
            "ipv6-prefix",
            "ipv6-rule",
            "nd-useropt",
            "phonet-ifaddr",
            "phonet-route",
            "dcb",
            "ipv4-netconf",
            "ipv6-netconf",
            "mdb",
            "mpls-route",
            "nsid",
            "mpls-netconf",
            "ipv4-mroute-r",
            "ipv6-mroute-r",
            "nexthop",
            "brvlan",
            "mctp-ifaddr",
            "tunnel",
            "stats",
        ],
        SOCK_DIAG => &[
            "inet-tcp-destroy",
            "inet-udp-destroy",
            "inet6-tcp-destroy",
            "inet6-udp-destroy",
        ],
        XFRM => &[
            "acquire", "expire", "sa", "policy", "aevents", "report", "migrate", "mapping",
        ],
        AUDIT => &["readlog"],
        NETFILTER => &[
            "conntrack-new",
            "conntrack-update",
            "conntrack-destroy",
            "conntrack-exp-new",
            "conntrack-exp-update",
            "conntrack-exp-destroy",
            "nftables",
            "acct-quota",
            "nftrace",
        ],
        _ => &[],
    }
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetlinkGroup {
    /// The protocol of netlink.
    pub(crate) protocol: u32,
    /// Its receivers.
    pub(crate) to: To,
    text: String,
}

/// The receivers of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// The members of any group of the protocol.
    Any,
    /// The members of the group with this number.
    Group(u32),
    /// The members of a group of a family of generic netlink; the kernel tells its number.
    Family {
        /// The family.
        family: String,
        /// The group's name in it.
        group: String,
    },
    /// The holder of a port.
    Port(u32),
}

impl FromStr for NetlinkGroup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (protocol, receivers) = match text.split_once(':') {
            Some((protocol, receivers)) => (protocol, Some(receivers)),
            None => (text, None),
        };
        let protocol = protocol_number(protocol)?;
        Ok(NetlinkGroup {
            protocol,
            to: receivers.map_or(Ok(To::Any), |receivers| to(protocol, receivers))?,
            text: text.to_string(),
        })
    }
}

fn protocol_number(text: &str) -> Result<u32, String> {
    let named = PROTOCOLS.iter().find(|(name, _)| *name == text);
    named
        .map(|(_, protocol)| *protocol)
        .or_else(|| number(text))
        .ok_or_else(|| {
            let names: Vec<_> = PROTOCOLS.iter().map(|(name, _)| *name).collect();
            format!(
                "`{text}` is not a protocol of netlink: {}",
                names.join(", ")
            )
        })
}

fn to(protocol: u32, text: &str) -> Result<To, String> {
    let above_0 = |text: &str| number(text).filter(|number| *number > 0);
    if let Some(port) = text.strip_prefix("port:") {
        let port = above_0(port);
        return port
            .map(To::Port)
            .ok_or_else(|| format!("`{text}`: a port is a number above 0"));
    }
    if let (GENERIC, Some((family, group))) = (protocol, text.split_once('/')) {
        return Ok(To::Family {
            family: family.to_string(),
            group: group.to_string(),
        });
    }
    let names = groups(protocol);
    let place = names
        .iter()
        .position(|name| *name == text && !text.is_empty());
    let named = place.map(|place| place as u32 + 1);
    named
        .or_else(|| above_0(text))
        .map(To::Group)
        .ok_or_else(|| {
            let names: Vec<_> = names
                .iter()
                .copied()
                .filter(|name| !name.is_empty())
                .collect();
            match (protocol, names.as_slice()) {
                (GENERIC, _) => format!("`{text}` is not a group: FAMILY/GROUP, or a number"),
                (_, []) => format!("`{text}` is not a group: a number above 0"),
                (_, names) => format!("`{text}` is not a group: a number, or {}", names.join(", ")),
            }
        })
}

/// What a group of a protocol is called; generic netlink numbers its groups as they come.
pub(crate) fn name(protocol: u32, group: u32) -> Option<&'static str> {
    let place = usize::try_from(group.checked_sub(1)?).ok()?;
    let name = groups(protocol).get(place)?;
    Some(*name).filter(|name| !name.is_empty())
}

impl fmt::Display for NetlinkGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::header::constants;

    fn parse(text: &str) -> Result<(u32, To), String> {
        text.parse()
            .map(|group: NetlinkGroup| (group.protocol, group.to))
    }

    #[test]
    fn groups_and_ports() {
        assert_eq!(parse("route:link"), Ok((0, To::Group(1))));
        assert_eq!(parse("route:36"), Ok((0, To::Group(36))));
        assert_eq!(parse("0:nexthop"), Ok((0, To::Group(32))));
        assert_eq!(parse("netfilter:nftables"), Ok((12, To::Group(7))));
        assert_eq!(parse("route:port:812"), Ok((0, To::Port(812))));
        assert_eq!(parse("generic:16"), Ok((16, To::Group(16))));
        assert_eq!(parse("xfrm"), Ok((6, To::Any)));
        let family = To::Family {
            family: "nsmux".to_string(),
            group: "miss".to_string(),
        };
        assert_eq!(parse("generic:nsmux/miss"), Ok((16, family)));
    }

    #[test]
    fn groups_have_names() {
        assert_eq!(name(ROUTE, 1), Some("link"));
        assert_eq!(name(ROUTE, 36), Some("stats"));
        assert_eq!(name(ROUTE, 37), None);
        assert_eq!(name(ROUTE, 13), None);
        assert_eq!(name(ROUTE, 0), None);
        assert_eq!(name(GENERIC, 16), None);
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, words) in [
            ("rout", "sock-diag"),
            ("rout:link", "sock-diag"),
            ("route:links", "ipv4-ifaddr"),
            ("route:", "ipv4-ifaddr"),
            ("route:0", "ipv4-ifaddr"),
            ("route:port:0", "above 0"),
            ("generic:miss", "FAMILY/GROUP"),
            ("selinux:x", "a number above 0"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_headers_have_the_same_names() {
        let protocols = constants("netlink.h", "NETLINK_");
        for (name, number) in PROTOCOLS {
            assert_eq!(protocols.get(*name), Some(number), "{name}");
        }
        for (protocol, header, prefix) in [
            (ROUTE, "rtnetlink.h", "RTNLGRP_"),
            (SOCK_DIAG, "sock_diag.h", "SKNLGRP_"),
            (XFRM, "xfrm.h", "XFRMNLGRP_"),
            (AUDIT, "audit.h", "AUDIT_NLGRP_"),
            (NETFILTER, "netfilter/nfnetlink.h", "NFNLGRP_"),
        ] {
            let theirs = constants(header, prefix);
            for (place, name) in groups(protocol).iter().enumerate() {
                if !name.is_empty() {
                    assert_eq!(theirs.get(*name), Some(&(place as u32 + 1)), "{name}");
                }
            }
        }
    }
}
