// SPDX-License-Identifier: GPL-2.0

//! What is told of that which was found.

use kernel::{ffi::c_int, prelude::*};

use super::super::device_name::put_device_name;
use crate::{
    bindings::*,
    net::{
        allowance::Allowance,
        device::NetDevice,
        genetlink::Message,
        inet::Family,
        namespace::{Namespace, Net},
        netlink_socket::{MembersOf, Membership, NetlinkSocket, KEPT},
        packet_socket::PacketSocket,
        rcu,
        socket::{Borrowed, Connection, Owned, Sock, SockCommon},
        unix::UnixSocket,
        vsock::{End, VsockSocket},
    },
    table::{
        netdev::NetdevAnswer, sctp::SctpEntry, vsock::VsockAnswer, Answer, Entry, Outcome, Several,
    },
};

/// How many sockets are told in one answer at most: as many as fit into it for sure.
pub(super) const SOCKETS_TOLD: u32 = KEPT as u32;
/// What it takes to tell a socket, with the name of its device, in steps of the allowance.
pub(super) const TELL: u32 = 48;

/// Writes a socket of the Internet's protocols, and what it is.
pub(in super::super) fn put_socket(
    message: &mut Message<'_>,
    outcome: Outcome,
    socket: &Sock,
) -> Result {
    put_outcome(message, outcome)?;
    put_any(message, outcome, socket, Some(socket))
}

/// Writes a TCP connection, and what it is.
pub(in super::super) fn put_connection(
    message: &mut Message<'_>,
    connection: &Connection<'_>,
) -> Result {
    let (outcome, full) = match connection {
        Connection::Established(socket) => (Outcome::Established, Some(&**socket)),
        Connection::TimeWait(_) => (Outcome::TimeWait, None),
        Connection::Request(_) => (Outcome::Request, None),
    };
    put_outcome(message, outcome)?;
    put_any(message, outcome, connection.common(), full)
}

/// Writes an entry of a table of which several can match, and what it is.
pub(in super::super) fn put_entry(message: &mut Message<'_>, entry: &dyn Told) -> Result {
    put_outcome(message, entry.outcome())?;
    put_told(message, entry)
}

pub(super) fn put_any(
    message: &mut Message<'_>,
    outcome: Outcome,
    socket: &SockCommon,
    full: Option<&Sock>,
) -> Result {
    message.nest(NSMUX_A_LOOKUP_SOCKET, |message| {
        put_kind(message, outcome, socket)?;
        put_ends(message, socket)?;
        full.map_or(Ok(()), |full| put_full(message, full))
    })
}

fn put_told(message: &mut Message<'_>, entry: &dyn Told) -> Result {
    message.nest(NSMUX_A_LOOKUP_SOCKET, |message| {
        put_kind(message, entry.outcome(), entry.full())?;
        put_full(message, entry.full())?;
        entry.put(message)
    })
}

/// Writes the entries of a table of which several can match.
pub(super) fn put_several<'n, T>(
    message: &mut Message<'_>,
    namespace: Namespace<'n, T::Of>,
    key: &T::Key,
    allowance: &Allowance,
) -> Result<Outcome>
where
    T: Several,
    T::Entry<'n>: Told,
{
    let mut tally = Tally::new(message, allowance);
    T::for_each(namespace, key, allowance, |entry| tally.add(entry))?;
    tally.finish()
}

/// What was told of a table so far: the same code for all tables.
pub(super) struct Tally<'a, 'm> {
    message: &'a mut Message<'m>,
    allowance: &'a Allowance,
    found: u32,
    outcome: Outcome,
}

impl<'a, 'm> Tally<'a, 'm> {
    /// Nothing yet.
    pub(super) fn new(message: &'a mut Message<'m>, allowance: &'a Allowance) -> Self {
        Self {
            message,
            allowance,
            found: 0,
            outcome: Outcome::None,
        }
    }

    /// Counts an entry, and tells of it if it is one of the first.
    pub(super) fn add(&mut self, entry: &dyn Told) -> Result {
        self.found = self.found.saturating_add(1);
        self.outcome = match self.found {
            1 => entry.outcome(),
            _ => Outcome::Multiple,
        };
        if self.found > SOCKETS_TOLD {
            return Ok(());
        }
        self.allowance.spend(TELL);
        put_told(self.message, entry)
    }

    /// Writes how many there are, and what they are.
    pub(super) fn finish(self) -> Result<Outcome> {
        self.message.put_u32(NSMUX_A_LOOKUP_SOCKETS, self.found)?;
        put_outcome(self.message, self.outcome)?;
        Ok(self.outcome)
    }
}

/// Writes the first members of a group of netlink, and how many there are.
pub(super) fn put_members(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    found: &MembersOf,
) -> Result<Outcome> {
    let members = found.membership().members;
    found.each_socket(namespace, |socket| put_told(message, socket))?;
    let outcome = match members {
        0 => Outcome::None,
        1 => Outcome::Member,
        _ => Outcome::Multiple,
    };
    message.put_u32(NSMUX_A_LOOKUP_SOCKETS, members)?;
    put_outcome(message, outcome)?;
    Ok(outcome)
}

/// Writes which groups of netlink have members.
pub(super) fn put_membership(
    message: &mut Message<'_>,
    membership: &Membership,
) -> Result<Outcome> {
    let outcome = match membership.members {
        0 => Outcome::None,
        _ => Outcome::Member,
    };
    message.put_u32(NSMUX_A_LOOKUP_SOCKETS, membership.members)?;
    put_outcome(message, outcome)?;
    for group in membership.groups() {
        message.put_u32(NSMUX_A_LOOKUP_MEMBER_GROUP, group)?;
    }
    Ok(outcome)
}

/// Writes the answer of vsock.
pub(super) fn put_vsock(message: &mut Message<'_>, answer: &VsockAnswer<'_>) -> Result<Outcome> {
    let outcome = answer.outcome();
    put_outcome(message, outcome)?;
    if let Some(socket) = &answer.0 {
        message.nest(NSMUX_A_LOOKUP_SOCKET, |message| {
            put_kind(message, outcome, socket)?;
            put_full(message, socket)?;
            put_vsock_ends(message, socket)
        })?;
    }
    Ok(outcome)
}

/// Writes the answer of the table of devices.
pub(super) fn put_device(
    message: &mut Message<'_>,
    answer: &NetdevAnswer<'_>,
    section: rcu::Section<'_>,
) -> Result<Outcome> {
    put_outcome(message, answer.outcome())?;
    if let Some(device) = answer.0 {
        message.nest(NSMUX_A_LOOKUP_INTERFACE, |message| {
            message.put_u32(NSMUX_A_INTERFACE_INDEX, device.index() as u32)?;
            message.put_string(NSMUX_A_INTERFACE_NAME, device.name().bytes())?;
            match device.master(section).map(NetDevice::index) {
                Some(index) => message.put_u32(NSMUX_A_INTERFACE_MASTER, index as u32),
                None => Ok(()),
            }
        })?;
    }
    Ok(answer.outcome())
}

/// Writes what was found, in one word.
pub(super) fn put_outcome(message: &mut Message<'_>, outcome: Outcome) -> Result {
    message.put_u32(NSMUX_A_LOOKUP_OUTCOME, outcome as u32)
}

/// Writes what every socket has.
fn put_kind(message: &mut Message<'_>, outcome: Outcome, socket: &SockCommon) -> Result {
    message.put_u32(NSMUX_A_SOCKET_KIND, outcome as u32)?;
    message.put_uint(NSMUX_A_SOCKET_COOKIE, socket.cookie())?;
    message.put(NSMUX_A_SOCKET_FAMILY, &socket.family().to_ne_bytes())?;
    let guard = rcu::read_lock();
    let net = socket.net((&guard).into());
    message.put_uint(NSMUX_A_SOCKET_NETNS_COOKIE, net.cookie())?;
    put_bound_device(message, net, socket.bound_device())
}

/// Writes the device that a socket is bound to: its index, and what it is called in the socket's
/// namespace if it is still there.
fn put_bound_device(message: &mut Message<'_>, net: &Net, index: c_int) -> Result {
    let Ok(device @ 1..) = u32::try_from(index) else {
        return Ok(());
    };
    message.put_u32(NSMUX_A_SOCKET_DEVICE, device)?;
    let guard = rcu::read_lock();
    match net.in_list((&guard).into()) {
        Some(listed) => put_device_name(message, NSMUX_A_SOCKET_DEVICE_NAME, listed, index),
        None => Ok(()),
    }
}

/// Writes the ends of a socket of the Internet's protocols.
fn put_ends(message: &mut Message<'_>, socket: &SockCommon) -> Result {
    let (local, local_port) = socket.local();
    let (remote, remote_port) = socket.remote();
    message.put(NSMUX_A_SOCKET_LOCAL_ADDRESS, local.bytes())?;
    message.put(NSMUX_A_SOCKET_LOCAL_PORT, &local_port.to_header())?;
    if remote_port.number() != 0 {
        message.put(NSMUX_A_SOCKET_REMOTE_ADDRESS, remote.bytes())?;
        message.put(NSMUX_A_SOCKET_REMOTE_PORT, &remote_port.to_header())?;
    }
    Ok(())
}

/// Writes what full sockets have.
fn put_full(message: &mut Message<'_>, socket: &Sock) -> Result {
    message.put(NSMUX_A_SOCKET_TYPE, &socket.kind().to_ne_bytes())?;
    message.put_u32(NSMUX_A_SOCKET_PROTOCOL, socket.protocol().into())?;
    if socket.inode() != 0 {
        message.put_uint(NSMUX_A_SOCKET_INODE, socket.inode())?;
    }
    message.put_u32(NSMUX_A_SOCKET_UID, socket.owner())?;
    if socket.mark() != 0 {
        message.put_u32(NSMUX_A_SOCKET_MARK, socket.mark())?;
    }
    Ok(())
}

/// What a table tells of its entries beyond what all sockets have.
pub(in super::super) trait Told: Entry {
    /// Writes it.
    fn put(&self, message: &mut Message<'_>) -> Result;
}

/// A raw socket.
impl Told for Borrowed<'_, Sock> {
    fn put(&self, message: &mut Message<'_>) -> Result {
        message.put(NSMUX_A_SOCKET_LOCAL_ADDRESS, self.local().0.bytes())?;
        if self.is_connected() {
            message.put(NSMUX_A_SOCKET_REMOTE_ADDRESS, self.remote().0.bytes())?;
        }
        Ok(())
    }
}

/// A connection of MPTCP.
impl Told for Owned<'_, Sock> {
    fn put(&self, message: &mut Message<'_>) -> Result {
        put_ends(message, self)
    }
}

impl<F: Family> Told for SctpEntry<'_, F> {
    fn put(&self, message: &mut Message<'_>) -> Result {
        let Some(ends) = &self.association else {
            return put_ends(message, self.full());
        };
        let (local, remote) = (F::any_family(&ends.local), F::any_family(&ends.remote));
        message.put(NSMUX_A_SOCKET_LOCAL_ADDRESS, local.bytes())?;
        message.put(NSMUX_A_SOCKET_LOCAL_PORT, &ends.local_port.to_header())?;
        message.put(NSMUX_A_SOCKET_REMOTE_ADDRESS, remote.bytes())?;
        message.put(NSMUX_A_SOCKET_REMOTE_PORT, &ends.remote_port.to_header())
    }
}

impl Told for PacketSocket<'_> {
    fn put(&self, message: &mut Message<'_>) -> Result {
        let guard = rcu::read_lock();
        put_bound_device(message, self.net((&guard).into()), self.device())
    }
}

impl Told for UnixSocket<'_> {
    fn put(&self, message: &mut Message<'_>) -> Result {
        message.put(NSMUX_A_SOCKET_NAME, self.name())
    }
}

impl Told for NetlinkSocket<'_> {
    fn put(&self, message: &mut Message<'_>) -> Result {
        message.put_u32(NSMUX_A_SOCKET_PORT_ID, self.port())
    }
}

fn put_vsock_ends(message: &mut Message<'_>, socket: &VsockSocket<'_>) -> Result {
    let local = socket.local();
    message.put_u32(NSMUX_A_SOCKET_LOCAL_CID, local.cid)?;
    message.put_u32(NSMUX_A_SOCKET_LOCAL_VSOCK_PORT, local.port)?;
    let remote = socket.remote();
    if remote.cid != End::ANY {
        message.put_u32(NSMUX_A_SOCKET_REMOTE_CID, remote.cid)?;
        message.put_u32(NSMUX_A_SOCKET_REMOTE_VSOCK_PORT, remote.port)?;
    }
    Ok(())
}
