// SPDX-License-Identifier: GPL-2.0

//! Protocols by name or number: those over IP and those over Ethernet.

/// A name is that of a constant in a header of the kernel, in lower case.
type Names = &'static [(&'static str, u32)];

/// The `IPPROTO_*` of `linux/in.h` and `linux/in6.h` of which raw sockets are made.
const INTERNET: Names = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("pim", 103),
    ("comp", 108),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
    ("mpls", 137),
    ("ethernet", 143),
    ("raw", 255),
];

/// The `ETH_P_*` of `linux/if_ether.h` for which people listen.
const ETHERNET: Names = &[
    ("ip", 0x0800),
    ("arp", 0x0806),
    ("8021q", 0x8100),
    ("ipv6", 0x86dd),
    ("slow", 0x8809),
    ("pae", 0x888e),
    ("lldp", 0x88cc),
];

/// A protocol over IP.
pub(crate) fn internet(text: &str) -> Result<u32, String> {
    by_name_or_number(INTERNET, text, u8::MAX.into())
        .ok_or_else(|| format!("`{text}` is not a protocol over IP, by name or number"))
}

/// A protocol over Ethernet.
pub(crate) fn ethernet(text: &str) -> Result<u32, String> {
    by_name_or_number(ETHERNET, text, u16::MAX.into())
        .ok_or_else(|| format!("`{text}` is not a protocol over Ethernet, by name or number"))
}

fn by_name_or_number(names: Names, text: &str, largest: u32) -> Option<u32> {
    let named = names.iter().find(|(name, _)| *name == text);
    named
        .map(|(_, number)| *number)
        .or_else(|| number(text))
        .filter(|number| *number <= largest)
}

/// A number, decimal or after 0x hexadecimal.
pub(super) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::header::constants;

    #[test]
    fn names_and_numbers() {
        assert_eq!(internet("icmp"), Ok(1));
        assert_eq!(internet("255"), Ok(255));
        assert!(internet("256").is_err());
        assert_eq!(ethernet("0x88cc"), Ok(0x88cc));
        assert_eq!(ethernet("ip"), Ok(2048));
        assert!(ethernet("65536").is_err());
        assert!(ethernet("appletalk").is_err());
    }

    #[test]
    fn the_headers_have_the_same_names() {
        let mut protocols = constants("in.h", "IPPROTO_");
        protocols.extend(constants("in6.h", "IPPROTO_"));
        for (name, number) in INTERNET {
            assert_eq!(protocols.get(*name), Some(number), "{name}");
        }
        let types = constants("if_ether.h", "ETH_P_");
        for (name, number) in ETHERNET {
            assert_eq!(types.get(*name), Some(number), "{name}");
        }
    }
}
