// SPDX-License-Identifier: GPL-2.0

//! The numbers and names of the generic netlink family, as
//! `Documentation/netlink/specs/nsmux.yaml` gives them.

use netlink_packet_utils::DecodeError;
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
        /// The same, and compare with what the kernel has found itself
        Verify = "verify",
        /// Hand the socket that was found to the stack, which then looks for none
        Steer = "steer",
    }
}

enumeration! {
    /// Which way a packet goes.
    Direction, "direction" {
        /// Into the namespace.
        Receive = "receive",
        /// Out of the namespace.
        Transmit = "transmit",
        /// Into the namespace, of the protocol that finds neighbours.
        ArpReceive = "arp-receive",
        /// Out of the namespace, of that protocol.
        ArpTransmit = "arp-transmit",
    }
}

enumeration! {
    /// A table that a key can be looked up in.
    Table, "table" {
        /// Connections and listeners.
        Tcp = "tcp",
        /// Sockets with a peer and without.
        Udp = "udp",
        /// Raw sockets of a protocol over IP.
        Raw = "raw",
        /// Packet sockets.
        Packet = "packet",
        /// Local sockets.
        Unix = "unix",
        /// Netlink sockets.
        Netlink = "netlink",
        /// Sockets between virtual machines and their hosts.
        Vsock = "vsock",
        /// Network devices.
        Netdev = "netdev",
        /// Processes.
        Pid = "pid",
        /// Associations of SCTP and sockets that wait for them.
        Sctp = "sctp",
        /// Connections of MPTCP.
        Mptcp = "mptcp",
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
        /// Anything over IPv4 that raw sockets want.
        Raw = "raw",
        /// Anything over IPv6 that raw sockets want.
        Raw6 = "raw6",
        /// An error of ICMP, about a packet of one of the sockets.
        Error = "error",
        /// The same of ICMPv6.
        Error6 = "error6",
    }
}

enumeration! {
    /// What a lookup found.
    Outcome, "outcome" {
        /// A socket with a connection of TCP or MPTCP, or an association of SCTP.
        Established = "established",
        /// A TCP connection in TIME_WAIT.
        TimeWait = "time-wait",
        /// A TCP connection that is being asked for.
        Request = "request",
        /// A socket that listens.
        Listener = "listener",
        /// A socket with a peer.
        Connected = "connected",
        /// A socket without a peer.
        Unconnected = "unconnected",
        /// One of a reuseport group.
        Ambiguous = "ambiguous",
        /// Any number of sockets, each of which gets the packet.
        Multiple = "multiple",
        /// A socket of another namespace, which a BPF program chose.
        Foreign = "foreign",
        /// Nothing.
        None = "none",
        /// A netlink socket that is a member of the group, or of any, or has the port.
        Member = "member",
        /// A network device.
        Device = "device",
        /// A process.
        Process = "process",
        /// A TCP socket that is bound, and neither listens nor is connected.
        Bound = "bound",
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
    /// Find a socket by its cookie.
    SocketGet = 7,
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
        OUTCOME, SOCKET, NETNS_COOKIE, NETNS_INODE, NAME, PROTOCOL, GROUP, PORT_ID, LOCAL_CID,
        LOCAL_VSOCK_PORT, REMOTE_CID, REMOTE_VSOCK_PORT, NUMBER, PIDNS, SOCKETS, INTERFACE, PROCESS,
        COOKIE, MEMBER_GROUP, DEVICE_NAME, INCOMPLETE,
    }
}
attributes! {
    /// A socket.
    socket {
        COOKIE, FAMILY, LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, REMOTE_PORT, DEVICE, INODE,
        UID, MARK, KIND, NETNS_COOKIE, TYPE, PROTOCOL, NAME, PORT_ID, LOCAL_CID, LOCAL_VSOCK_PORT,
        REMOTE_CID, REMOTE_VSOCK_PORT, DEVICE_NAME,
    }
}
attributes! {
    /// A network device.
    interface { INDEX, NAME, MASTER }
}
attributes! {
    /// A process.
    process { NUMBER, OWN_NUMBER, PIDNS_INODE, COMMAND }
}
attributes! {
    /// A namespace.
    namespace { NETNS, COOKIE, INODE, NSID, MODE, DEVICES, TABLE, COUNTERS }
}
attributes! {
    /// A table of a namespace.
    table { TABLE, PRIVATE, SIZE, SOCKETS, WALKED, USED, ENTRIES, OWN, LONGEST }
}
attributes! {
    /// What was counted in one direction.
    counters {
        DIRECTION, BY_SOCKET, BY_DEVICE, BY_HOOK, DISAGREE, UNPARSED, FRAGMENT, NO_TABLE, LOOKUPS,
        TAPPED, STEERED, EARLY_DEMUX, LEFT_KIND, LEFT_DEVICE, DISPUTE_EARLY_DEMUX,
        DISPUTE_SENDER, LEFT_FORM, ROUTED, DROPPED, CHOSEN, TWIN,
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
        COUNT, DEVICE_NAME,
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
            ("NSMUX_A_INTERFACE_", interface::NAMES),
            ("NSMUX_A_PROCESS_", process::NAMES),
            ("NSMUX_A_NAMESPACE_", namespace::NAMES),
            ("NSMUX_A_TABLE_", table::NAMES),
            ("NSMUX_A_COUNTERS_", counters::NAMES),
            ("NSMUX_A_LOOKUPS_", lookups::NAMES),
            ("NSMUX_A_MISS_", miss::NAMES),
        ] {
            assert_eq!(names, entries(prefix), "{prefix}");
        }
        assert_eq!(miss::DEVICE_NAME, 9);
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
            (Command::SocketGet, "SOCKET_GET"),
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
        let error = Outcome::try_from(14).unwrap_err().to_string();
        assert!(error.ends_with("unknown outcome 14"), "{error}");
    }
}
