// SPDX-License-Identifier: GPL-2.0

//! Second level: which entry of the namespace's own table is it?
//!
//! The tables are the kernel's and are searched by the kernel's code; nothing is copied from it and
//! nothing kept beside it. A new table is a file here that implements [`Table`], or [`Several`] if
//! a key can mean any number of entries, and a line in the list of those that are asked: by packets
//! in [`mux`](crate::mux), by people in `tables` of [`uapi::netlink`](crate::uapi::netlink).

pub(crate) mod mptcp;
pub(crate) mod netdev;
pub(crate) mod netlink;
pub(crate) mod packet;
pub(crate) mod pid;
pub(crate) mod raw;
pub(crate) mod sctp;
pub(crate) mod tcp;
pub(crate) mod udp;
pub(crate) mod unix;
pub(crate) mod vsock;

use kernel::prelude::*;

use crate::{
    bindings,
    net::{
        allowance::Allowance,
        namespace::Namespace,
        socket::{Sock, SockCommon},
    },
};

/// A table of which each namespace has its own, or a part of its own.
pub(crate) trait Table {
    /// The kind of namespace.
    type Of;

    /// What an entry is looked up by.
    type Key;

    /// What a lookup gives: the type says what can be done with it, and who releases it.
    type Answer<'n>: Answer;

    /// Looks a key up. Any context.
    fn lookup<'n>(namespace: Namespace<'n, Self::Of>, key: &Self::Key) -> Self::Answer<'n>;
}

/// A table in which any number of entries can match a key, and each of them has what is looked up.
pub(crate) trait Several {
    /// The kind of namespace.
    type Of;

    /// What entries are looked up by.
    type Key;

    /// What an entry is.
    type Entry<'n>: Entry;

    /// Calls `f` with each entry that matches, until it fails. In a process; `f` must not sleep.
    fn for_each<'n>(
        namespace: Namespace<'n, Self::Of>,
        key: &Self::Key,
        allowance: &Allowance,
        f: impl FnMut(&Self::Entry<'n>) -> Result,
    ) -> Result;
}

/// What the entries of all such tables have in common.
pub(crate) trait Entry {
    /// What it is, in one word.
    fn outcome(&self) -> Outcome;

    /// The socket.
    fn full(&self) -> &Sock;
}

/// What all answers have in common.
pub(crate) trait Answer {
    /// What was found, in one word.
    fn outcome(&self) -> Outcome;

    /// The socket that was found, if it is one.
    fn socket(&self) -> Option<&SockCommon>;

    /// The same, if it is a full one.
    fn full(&self) -> Option<&Sock>;
}

/// What a lookup found, in one word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outcome {
    /// A TCP socket with a connection, in whatever state it is.
    Established = bindings::NSMUX_OUTCOME_ESTABLISHED as u8,
    /// A TCP connection in TIME_WAIT.
    TimeWait = bindings::NSMUX_OUTCOME_TIME_WAIT as u8,
    /// A TCP connection that is being asked for.
    Request = bindings::NSMUX_OUTCOME_REQUEST as u8,
    /// A TCP listener.
    Listener = bindings::NSMUX_OUTCOME_LISTENER as u8,
    /// A UDP socket with a peer.
    Connected = bindings::NSMUX_OUTCOME_CONNECTED as u8,
    /// A UDP socket without a peer.
    Unconnected = bindings::NSMUX_OUTCOME_UNCONNECTED as u8,
    /// One of a reuseport group: which one gets a packet is decided with the packet at hand.
    Ambiguous = bindings::NSMUX_OUTCOME_AMBIGUOUS as u8,
    /// Any number of sockets: the packet is for a group or for all.
    Multiple = bindings::NSMUX_OUTCOME_MULTIPLE as u8,
    /// A socket of another namespace, which a BPF program chose.
    Foreign = bindings::NSMUX_OUTCOME_FOREIGN as u8,
    /// Nothing.
    None = bindings::NSMUX_OUTCOME_NONE as u8,
    /// A netlink socket that is a member of the group, or has the port.
    Member = bindings::NSMUX_OUTCOME_MEMBER as u8,
    /// A network device.
    Device = bindings::NSMUX_OUTCOME_DEVICE as u8,
    /// A process.
    Process = bindings::NSMUX_OUTCOME_PROCESS as u8,
    /// A TCP socket that only holds its port.
    Bound = bindings::NSMUX_OUTCOME_BOUND as u8,
}

impl Outcome {
    /// All that a packet can have, in the order of their codes, with their names.
    pub(crate) const ALL: [(Self, &'static str); 10] = [
        (Self::Established, "established"),
        (Self::TimeWait, "time-wait"),
        (Self::Request, "request"),
        (Self::Listener, "listener"),
        (Self::Connected, "connected"),
        (Self::Unconnected, "unconnected"),
        (Self::Ambiguous, "ambiguous"),
        (Self::Multiple, "multiple"),
        (Self::Foreign, "foreign"),
        (Self::None, "none"),
    ];
}
