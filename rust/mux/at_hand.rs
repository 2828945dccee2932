// SPDX-License-Identifier: GPL-2.0

//! The socket at hand: a packet whose socket somebody knows already is looked up in no table.
//!
//! What transmits a packet is named by the state of the hook. What a received packet bears was found
//! by early demultiplexing, or chosen by TPROXY or a BPF program, and is what the stack will take for
//! it (`inet_steal_sock()`).

use crate::{
    net::{
        delivery::{Borne, Given},
        inet::{self, Family, Fragment},
        netfilter::{Received, Transmitted},
        packet::Packet,
        socket::{AnyKind, Sock, SockCommon},
    },
    resolve::Resolved,
    table::Outcome,
};

/// A socket that is known without a lookup.
pub(crate) struct AtHand<'n> {
    /// The table that it is of.
    pub(crate) of: Of,
    /// What it is, in one word.
    pub(crate) outcome: Outcome,
    /// The socket; none of another namespace.
    pub(crate) socket: Option<&'n SockCommon>,
}

/// A table of the sockets at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// That of TCP.
    Tcp,
    /// That of UDP.
    Udp,
    /// That of raw sockets.
    Raw,
}

impl Of {
    /// By the number of the protocol.
    #[inline(always)]
    fn protocol(protocol: u8) -> Option<Self> {
        match protocol {
            inet::TCP => Some(Self::Tcp),
            inet::UDP => Some(Self::Udp),
            _ => None,
        }
    }
}

/// Who gave a received packet its socket.
///
/// What it is, and whether a reference came with it, says so, but for two: a connection that TPROXY has
/// found looks as if early demultiplexing had, and so does a socket of UDP with a peer that a BPF program
/// has chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivenBy {
    /// Early demultiplexing: it finds what has a peer, and of IPv4 the one receiver of a group.
    EarlyDemux,
    /// TPROXY or a BPF program.
    Choice,
}

/// The socket that a received packet of TCP or UDP bears; `None` if it bears none. Any context.
#[inline(always)]
pub(crate) fn borne<'n, F: Family>(
    received: &Received<'n, F>,
    protocol: u8,
) -> Option<(AtHand<'n>, GivenBy)> {
    let of = Of::protocol(protocol)?;
    let (outcome, socket, by) = match received.borne() {
        Borne::None => return None,
        Borne::Foreign => (Outcome::Foreign, None, GivenBy::Choice),
        Borne::Own(given) => {
            let (outcome, by) = judge::<F>(&given, protocol, &received.packet)?;
            (outcome, Some(given.socket), by)
        }
    };
    let at_hand = AtHand {
        of,
        outcome,
        socket,
    };
    Some((at_hand, by))
}

/// What a packet of a protocol bears, and who gave it that; `None` if it is of another protocol.
#[inline(always)]
fn judge<F: Family>(
    given: &Given<'_>,
    protocol: u8,
    packet: &Packet<'_>,
) -> Option<(Outcome, GivenBy)> {
    // That of TCP gives a reference.
    let found_as_tcp = if given.is_prefetched {
        GivenBy::Choice
    } else {
        GivenBy::EarlyDemux
    };
    let Some(full) = given.socket.as_full() else {
        return Some((remnant(given.socket), found_as_tcp));
    };
    if full.protocol() != u16::from(protocol) {
        return None;
    }
    let (outcome, by) = match (protocol, full.is_connected(), full.is_listening()) {
        (inet::TCP, _, false) => return Some((Outcome::Established, found_as_tcp)),
        (inet::TCP, _, true) => (Outcome::Listener, GivenBy::Choice),
        (_, true, _) => return Some((Outcome::Connected, GivenBy::EarlyDemux)),
        (_, false, _) if F::FINDS_RECEIVER_EARLY && packet.is_for_group() => {
            (Outcome::Unconnected, GivenBy::EarlyDemux)
        }
        (_, false, _) => (Outcome::Unconnected, GivenBy::Choice),
    };
    if given.is_prefetched && full.is_in_reuseport_group() {
        return Some((Outcome::Ambiguous, by));
    }
    Some((outcome, by))
}

/// Who transmits a packet.
pub(crate) enum Sent<'n> {
    /// A socket of one of the tables, or of a packet of TCP or UDP none.
    By(AtHand<'n>),
    /// A socket of a protocol that has no table here, the kernel itself, or nobody.
    NoTable,
    /// Nobody, and the packet is a fragment, and not the first of its packet.
    LaterFragment,
    /// Nobody, and a header is cut short or contradicts itself.
    Unparsed,
}

/// What packets mostly come from.
pub(crate) enum CommonSender {
    /// A connection of TCP, in whatever state it is.
    Connection,
    /// A socket of UDP with a peer.
    Connected,
    /// A socket of UDP without a peer.
    Unconnected,
}

/// What the sender of a packet is, if it is what packets mostly come from, and of the protocol that the
/// first header names. Everything else is [`sent`]. Any context.
#[inline(always)]
pub(crate) fn common_sender(sender: &SockCommon, protocol: u8) -> Option<CommonSender> {
    let (full, state) = sender.as_full_in_state()?;
    if full.is_raw() || full.protocol() != u16::from(protocol) {
        return None;
    }
    match protocol {
        inet::TCP if !state.is_listening() => Some(CommonSender::Connection),
        inet::UDP if state.is_connected() => Some(CommonSender::Connected),
        inet::UDP => Some(CommonSender::Unconnected),
        _ => None,
    }
}

/// The socket that transmits a packet, whatever it is. Any context.
#[cold]
#[inline(never)]
pub(crate) fn sent<'n, F: Family>(transmitted: Transmitted<'n, F>) -> Sent<'n> {
    let Some(sender) = transmitted.sender() else {
        return by_nobody(transmitted);
    };
    match sender.as_full() {
        Some(full) => by_full(transmitted, full, sender),
        None => by_tcp(remnant(sender), sender),
    }
}

/// What a socket is that is not a full one.
#[cold]
fn remnant(socket: &SockCommon) -> Outcome {
    if socket.is_request() {
        Outcome::Request
    } else {
        Outcome::TimeWait
    }
}

fn by_tcp(outcome: Outcome, sender: &SockCommon) -> Sent<'_> {
    Sent::By(AtHand {
        of: Of::Tcp,
        outcome,
        socket: Some(sender),
    })
}

/// By a full socket.
fn by_full<'n, F: Family>(
    transmitted: Transmitted<'n, F>,
    full: &'n Sock,
    sender: &'n SockCommon,
) -> Sent<'n> {
    if full.is_raw() && full.is_of_ip() && !full.is_of_kernel() {
        return Sent::By(AtHand {
            of: Of::Raw,
            outcome: if full.is_connected() {
                Outcome::Connected
            } else {
                Outcome::Unconnected
            },
            socket: Some(sender),
        });
    }
    let Ok(header) = transmitted.header(transmitted.packet.network_offset()) else {
        return Sent::Unparsed;
    };
    let Some(of) = Of::protocol(header.protocol) else {
        return Sent::NoTable;
    };
    if full.is_raw() && of == Of::Tcp {
        return by_kernel(transmitted);
    }
    if full.is_raw() || full.protocol() != u16::from(header.protocol) {
        // The sender of what is in the packet: no socket of this protocol sends it.
        return nobody(of);
    }
    let outcome = match (of, full.is_connected(), full.is_listening()) {
        (Of::Tcp, _, true) => Outcome::Listener,
        (Of::Tcp, _, false) => Outcome::Established,
        (_, true, _) => Outcome::Connected,
        (_, false, _) => Outcome::Unconnected,
    };
    Sent::By(AtHand {
        of,
        outcome,
        socket: Some(sender),
    })
}

/// By the kernel's socket for resets and for answers in TIME_WAIT, as IPv6 names it: for the one that
/// the packet is about, which IPv4 names itself.
fn by_kernel<'n, F: Family>(transmitted: Transmitted<'n, F>) -> Sent<'n> {
    let Some(about) = transmitted.borne() else {
        return nobody(Of::Tcp);
    };
    let outcome = match about.any_kind() {
        AnyKind::TimeWait(_) => Outcome::TimeWait,
        AnyKind::Request(_) => Outcome::Request,
        // The kernel's socket itself.
        AnyKind::Full(full) if full.is_raw() => return nobody(Of::Tcp),
        AnyKind::Full(full) if full.is_listening() => Outcome::Listener,
        AnyKind::Full(_) => Outcome::Established,
    };
    by_tcp(outcome, about)
}

/// By no socket of this namespace.
fn by_nobody<'n, F: Family>(transmitted: Transmitted<'n, F>) -> Sent<'n> {
    match transmitted.header(transmitted.packet.network_offset()) {
        Err(_) => Sent::Unparsed,
        Ok(header) if header.fragment == Fragment::Later => Sent::LaterFragment,
        Ok(header) => Of::protocol(header.protocol).map_or(Sent::NoTable, nobody),
    }
}

fn nobody<'n>(of: Of) -> Sent<'n> {
    Sent::By(AtHand {
        of,
        outcome: Outcome::None,
        socket: None,
    })
}
