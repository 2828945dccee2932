// SPDX-License-Identifier: GPL-2.0

//! The tables that can be asked by people: a line each.

use kernel::prelude::*;

use super::{
    entry::{self, put_several},
    key::{self, Ends},
    put_namespace,
    question::{tell_several, Question},
    transport::{tell_tcp, tell_tcp_port, tell_udp, tell_udp_port},
};
use crate::{
    bindings::*,
    net::{
        allowance::Allowance,
        genetlink::{Attributes, Message, Refusal},
        inet::{Port, RawKey, Tuple, V4, V6},
        namespace::{Listed, Namespace},
    },
    table::{
        netdev::{Netdev, NetdevKey},
        netlink::{Netlink, NetlinkKey},
        packet::{Packet, PacketKey},
        raw::Raw,
        sctp::Sctp,
        unix::{self, Unix},
        vsock::{Vsock, VsockKey},
        Outcome, Table,
    },
};

/// Makes `Key` of the lines of the list: the code of a table, a variant and what it holds; whether a
/// request for the table has such a key; how that is read; and what looks it up and tells of it.
macro_rules! tables {
    ($($code:ident: $name:ident($key:ty) if $has:expr, $read:expr => $tell:expr;)*) => {
        /// A table of network namespaces, and a key for it.
        pub(super) enum Key {
            $($name($key),)*
        }

        impl Key {
            /// Takes the key from a request; not that of the tables of processes and of MPTCP.
            pub(super) fn of(attributes: Attributes<'_>) -> Result<Self, Refusal<'_>> {
                let table = key::table(attributes)?;
                $(
                    if table == $code && $has(attributes)? {
                        return Ok(Self::$name($read(attributes)?));
                    }
                )*
                Err(Refusal::new(EOPNOTSUPP, c"this table cannot be asked"))
            }

            /// The code of the table.
            fn table(&self) -> u32 {
                match self {
                    $(Self::$name(_) => $code,)*
                }
            }

            fn tell(
                &self,
                namespace: Namespace<'_>,
                message: &mut Message<'_>,
                allowance: &Allowance,
            ) -> Result<Outcome> {
                match self {
                    $(Self::$name(key) => $tell(message, namespace, key, allowance),)*
                }
            }
        }
    };
}

tables! {
    NSMUX_TABLE_TCP: TcpPort(Question<Port>) if key::is_port, key::port => tell_tcp_port;
    NSMUX_TABLE_TCP: TcpV4(Question<Ends<V4>>) if key::is_of::<V4>, key::tcp => tell_tcp;
    NSMUX_TABLE_TCP: TcpV6(Question<Ends<V6>>) if key::is_of::<V6>, key::tcp => tell_tcp;
    NSMUX_TABLE_UDP: UdpPort(Question<Port>) if key::is_port, key::port => tell_udp_port;
    NSMUX_TABLE_UDP: UdpV4(Question<Tuple<V4>>) if key::is_of::<V4>, key::udp => tell_udp;
    NSMUX_TABLE_UDP: UdpV6(Question<Tuple<V6>>) if key::is_of::<V6>, key::udp => tell_udp;
    NSMUX_TABLE_RAW: RawV4(Question<RawKey<V4>>) if key::is_of::<V4>, key::raw => tell_several::<Raw<V4>>;
    NSMUX_TABLE_RAW: RawV6(Question<RawKey<V6>>) if key::is_of::<V6>, key::raw => tell_several::<Raw<V6>>;
    NSMUX_TABLE_SCTP: SctpV4(Question<Tuple<V4>>) if key::is_of::<V4>, key::ends => tell_several::<Sctp<V4>>;
    NSMUX_TABLE_SCTP: SctpV6(Question<Tuple<V6>>) if key::is_of::<V6>, key::ends => tell_several::<Sctp<V6>>;
    NSMUX_TABLE_PACKET: Packet(Question<PacketKey>) if key::always, key::packet => tell_several::<Packet>;
    NSMUX_TABLE_UNIX: Unix(unix::Name) if key::always, key::local => put_several::<Unix>;
    NSMUX_TABLE_NETLINK: Netlink(NetlinkKey) if key::always, key::netlink => put_several::<Netlink>;
    NSMUX_TABLE_VSOCK: Vsock(VsockKey) if key::always, key::vsock => tell_vsock;
    NSMUX_TABLE_NETDEV: Netdev(NetdevKey) if key::always, key::netdev => tell_netdev;
}

impl Key {
    /// Whether what it takes is known beforehand, or can be stopped: not in the chains of vsock, which
    /// nobody counts, nor in those of SCTP, which the kernel goes through.
    pub(super) fn is_counted(&self) -> bool {
        !matches!(self, Self::Vsock(_) | Self::SctpV4(_) | Self::SctpV6(_))
    }

    /// What it takes at least.
    fn least(&self) -> u32 {
        match self {
            Self::Unix(_) => BUCKETS,
            Self::Vsock(_) => CHAIN,
            _ => KEY,
        }
    }
}

/// The most that a question takes in a namespace, in steps of the allowance, beside what the kernel's own
/// lookups take.
pub(super) const QUESTION: u32 = 6 << 10;
/// What it takes to look for something at all; in tables whose buckets are all looked into; and in that of
/// vsock, whose 251 chains the sockets of all namespaces are in.
const KEY: u32 = 32;
const BUCKETS: u32 = 128;
const CHAIN: u32 = 1 << 11;

/// Looks a key up, and writes what was found, and whether something was left out; `false` if that is
/// nothing. As far as the allowance goes.
pub(super) fn look_up(
    key: &Key,
    listed: Listed<'_>,
    message: &mut Message<'_>,
    allowance: &Allowance,
) -> Result<bool> {
    allowance.spend(key.least());
    let outcome = listed.branded(|namespace| {
        put_namespace(message, namespace.object())?;
        message.put_u32(NSMUX_A_LOOKUP_TABLE, key.table())?;
        key.tell(namespace, message, allowance)
    })?;
    if allowance.is_incomplete() {
        message.put_flag(NSMUX_A_LOOKUP_INCOMPLETE)?;
    }
    Ok(outcome != Outcome::None || allowance.is_incomplete())
}

fn tell_vsock(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    key: &VsockKey,
    _: &Allowance,
) -> Result<Outcome> {
    entry::put_vsock(message, &Vsock::lookup(namespace, key))
}

fn tell_netdev(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    key: &NetdevKey,
    _: &Allowance,
) -> Result<Outcome> {
    let answer = Netdev::lookup(namespace, key);
    entry::put_device(message, &answer, namespace.section())
}
