// SPDX-License-Identifier: GPL-2.0

//! The numbers and names of the generic netlink family, as
//! `Documentation/netlink/specs/nsmux.yaml` gives them.

use netlink_packet_core::DecodeError;
use serde::Serialize;

/// The name by which the kernel knows the family.
pub(crate) const FAMILY: &str = "nsmux";
/// The version of the family that this tool speaks.
pub(crate) const VERSION: u8 = 1;
/// The multicast group of packets that no socket takes.
pub(crate) const GROUP_MISS: &str = "miss";
/// The multicast group of changed modes.
pub(crate) const GROUP_NAMESPACE: &str = "namespace";

/// Makes an enumeration of the specification: its numbers, its names, and the way from one to the
/// other.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$entry_doc:meta])* $entry:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub(crate) enum $name {
            $($(#[$entry_doc])* #[serde(rename = $text)] $entry,)+
        }

        impl $name {
            /// All entries, in the order of their numbers.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$entry),+];

            /// The entry's name in the specification.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$entry => $text),+
                }
            }
        }

        impl TryFrom<u32> for $name {
            type Error = DecodeError;

            fn try_from(number: u32) -> Result<Self, DecodeError> {
                Self::ALL.get(number as usize).copied().ok_or_else(|| {
                    DecodeError::from(format!("unknown {} {number}", $what))
                })
            }
        }

        impl From<$name> for u32 {
            fn from(entry: $name) -> u32 {
                entry as u32
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

enumeration! {
    /// What nsmux does in a namespace.
    #[derive(clap::ValueEnum)]
    Mode, "mode" {
        /// Nothing
        Off = "off",
        /// Look every packet up, and count what was found
        Observe = "observe",
    }
}

enumeration! {
    /// Which way a packet goes.
    Direction, "direction" {
        /// Into the namespace.
        Receive = "receive",
        /// Out of the namespace.
        Transmit = "transmit",
    }
}

enumeration! {
    /// A table that a key can be looked up in.
    Table, "table" {
        /// Connections and listeners.
        Tcp = "tcp",
        /// Sockets with a peer and without.
        Udp = "udp",
    }
}

enumeration! {
    /// A table, and the family of the packets that are looked up in it.
    Protocol, "protocol" {
        /// TCP over IPv4.
        Tcp = "tcp",
        /// UDP over IPv4.
        Udp = "udp",
        /// TCP over IPv6.
        Tcp6 = "tcp6",
        /// UDP over IPv6.
        Udp6 = "udp6",
    }
}

enumeration! {
    /// What a lookup found.
    Outcome, "outcome" {
        /// A TCP socket with a connection.
        Established = "established",
        /// A TCP connection in TIME_WAIT.
        TimeWait = "time-wait",
        /// A TCP connection that is being asked for.
        Request = "request",
        /// A TCP listener.
        Listener = "listener",
        /// A UDP socket with a peer.
        Connected = "connected",
        /// A UDP socket without a peer.
        Unconnected = "unconnected",
        /// One of a reuseport group.
        Ambiguous = "ambiguous",
        /// Any number of sockets, for a packet to a group or to all.
        Multiple = "multiple",
        /// A socket of another namespace, which a BPF program chose.
        Foreign = "foreign",
        /// No socket.
        None = "none",
    }
}

/// A command, or an event, of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Command {
    /// Look a key up.
    Lookup = 1,
    /// Tell about namespaces.
    NamespaceGet = 2,
    /// Change what nsmux does in a namespace.
    ModeSet = 3,
    /// Count from 0 again.
    CountersReset = 4,
    /// Event: a mode was changed.
    NamespaceModeNtf = 5,
    /// Event: no socket for a packet.
    MissNtf = 6,
}

/// Names the attributes of a set, counted from 1 as the specification lists them.
macro_rules! attributes {
    ($(#[$doc:meta])* $set:ident { $first:ident $(, $attribute:ident)* $(,)? }) => {
        $(#[$doc])*
        #[allow(dead_code, reason = "a set is written down whole, although some are only for the kernel's other users")]
        pub(crate) mod $set {
            attributes!(@count 1u16; $first $($attribute)*);

            /// The names of the set's attributes, beginning with number 1.
            pub(crate) const NAMES: &[&str] = &[stringify!($first) $(, stringify!($attribute))*];
        }
    };
    (@count $number:expr; $attribute:ident $($rest:ident)*) => {
        #[doc = concat!("Number of the attribute ", stringify!($attribute), ".")]
        pub(crate) const $attribute: u16 = $number;
        attributes!(@count $number + 1; $($rest)*);
    };
    (@count $number:expr;) => {};
}

attributes! {
    /// Ways to name a namespace.
    netns { FD, PID, NSID, COOKIE }
}
attributes! {
    /// A key and where to look it up, and the answer.
    lookup {
        NETNS, TABLE, LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, REMOTE_PORT, DEVICE, SLAVE,
        OUTCOME, SOCKET, NETNS_COOKIE, NETNS_INODE,
    }
}
attributes! {
    /// A socket.
    socket {
        COOKIE, FAMILY, LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, REMOTE_PORT, DEVICE, INODE,
        UID, MARK,
    }
}
attributes! {
    /// A namespace.
    namespace { NETNS, COOKIE, INODE, NSID, MODE, DEVICES, TABLE, COUNTERS }
}
attributes! {
    /// A table of a namespace.
    table { TABLE, PRIVATE, SIZE, SOCKETS }
}
attributes! {
    /// What was counted in one direction.
    counters {
        DIRECTION, BY_SOCKET, BY_DEVICE, BY_HOOK, DISAGREE, UNPARSED, FRAGMENT, NO_TABLE, LOOKUPS,
    }
}
attributes! {
    /// How often a lookup of a protocol had an outcome.
    lookups { PROTOCOL, OUTCOME, PACKETS }
}
attributes! {
    /// A packet that no socket takes.
    miss {
        NETNS_COOKIE, PROTOCOL, LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, REMOTE_PORT, DEVICE,
        COUNT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header that the kernel's generator makes from the specification.
    const HEADER: &str = include_str!("../../../../rust/bindings/uapi/linux/nsmux.h");

    /// The names in the header between a line that begins so and the end of that enumeration,
    /// without this prefix.
    fn entries(prefix: &str) -> Vec<String> {
        HEADER
            .lines()
            .map(str::trim)
            .filter_map(|line| line.strip_prefix(prefix))
            .filter_map(|line| {
                line.strip_suffix(',')
                    .or_else(|| line.strip_suffix(" = 1,"))
            })
            .map(|name| name.trim_end_matches(" = 1").to_string())
            .collect()
    }

    fn check_enumeration<E: Copy + std::fmt::Display>(prefix: &str, all: &[E]) {
        let ours: Vec<String> = all
            .iter()
            .map(|entry| entry.to_string().to_uppercase().replace('-', "_"))
            .collect();
        assert_eq!(ours, entries(prefix), "{prefix}");
    }

    #[test]
    fn enumerations_are_the_specification_s() {
        check_enumeration("NSMUX_MODE_", Mode::ALL);
        check_enumeration("NSMUX_DIRECTION_", Direction::ALL);
        check_enumeration("NSMUX_TABLE_", Table::ALL);
        check_enumeration("NSMUX_PROTOCOL_", Protocol::ALL);
        check_enumeration("NSMUX_OUTCOME_", Outcome::ALL);
    }

    #[test]
    fn attributes_are_the_specification_s() {
        for (prefix, names) in [
            ("NSMUX_A_NETNS_", netns::NAMES),
            ("NSMUX_A_LOOKUP_", lookup::NAMES),
            ("NSMUX_A_SOCKET_", socket::NAMES),
            ("NSMUX_A_NAMESPACE_", namespace::NAMES),
            ("NSMUX_A_TABLE_", table::NAMES),
            ("NSMUX_A_COUNTERS_", counters::NAMES),
            ("NSMUX_A_LOOKUPS_", lookups::NAMES),
            ("NSMUX_A_MISS_", miss::NAMES),
        ] {
            assert_eq!(names, entries(prefix), "{prefix}");
        }
        assert_eq!(miss::COUNT, 8);
    }

    #[test]
    fn commands_are_the_specification_s() {
        let commands = [
            (Command::Lookup, "LOOKUP"),
            (Command::NamespaceGet, "NAMESPACE_GET"),
            (Command::ModeSet, "MODE_SET"),
            (Command::CountersReset, "COUNTERS_RESET"),
            (Command::NamespaceModeNtf, "NAMESPACE_MODE_NTF"),
            (Command::MissNtf, "MISS_NTF"),
        ];
        let header = entries("NSMUX_CMD_");
        assert_eq!(header.len(), commands.len());
        for (command, name) in commands {
            assert_eq!(header[command as usize - 1], name);
        }
    }

    #[test]
    fn names_are_the_specification_s() {
        for (name, value) in [
            ("FAMILY_NAME", format!("\"{FAMILY}\"")),
            ("FAMILY_VERSION", VERSION.to_string()),
            ("MCGRP_MISS", format!("\"{GROUP_MISS}\"")),
            ("MCGRP_NAMESPACE", format!("\"{GROUP_NAMESPACE}\"")),
        ] {
            let line = format!("#define NSMUX_{name}\t{value}");
            assert!(HEADER.lines().any(|l| l == line), "{line}");
        }
    }

    #[test]
    fn an_unknown_number_is_an_error() {
        assert_eq!(Outcome::try_from(9).unwrap(), Outcome::None);
        assert_eq!(
            Outcome::try_from(10).unwrap_err().to_string(),
            "unknown outcome 10"
        );
    }
}
