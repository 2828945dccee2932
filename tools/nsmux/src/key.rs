// SPDX-License-Identifier: GPL-2.0

//! What can be looked up: a table, and a key that it has.

pub(crate) mod device;
#[cfg(test)]
pub(crate) mod header;
pub(crate) mod local_name;
pub(crate) mod netlink_group;
pub(crate) mod protocol;
pub(crate) mod vsock_end;

use std::net::{IpAddr, SocketAddr};

use crate::netlink::attribute::Attribute;
use crate::netlink::spec::lookup::*;
use crate::netlink::spec::{Command, Table};
use device::Device;
use vsock_end::VsockEnd;

/// A table and a key, as a request says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A socket of TCP, UDP, SCTP or MPTCP, by its ends.
    Tuple {
        /// One of these.
        table: Table,
        /// The end where the socket is.
        local: SocketAddr,
        /// The other end.
        remote: Option<SocketAddr>,
        /// Where the packet comes from.
        arrival: Arrival,
    },
    /// Sockets of TCP or UDP of both families, by a port at whatever address.
    Port {
        /// One of these.
        table: Table,
        /// The port.
        port: u16,
        /// Where the packet comes from.
        arrival: Arrival,
    },
    /// Raw sockets, by a protocol over IP and addresses.
    Raw {
        /// The protocol.
        protocol: u32,
        /// The address where the socket is.
        local: IpAddr,
        /// The other one.
        remote: Option<IpAddr>,
        /// Where the packet comes from.
        arrival: Arrival,
    },
    /// Packet sockets, by a device.
    Packet {
        /// The device.
        device: Device,
        /// The Ethernet protocol, for sockets alone that listen to it or to all.
        protocol: Option<u32>,
    },
    /// Local sockets: a path, or a zero and an abstract name.
    Unix(Vec<u8>),
    /// Which groups of a protocol of netlink have members.
    NetlinkGroups {
        /// The protocol of netlink.
        protocol: u32,
    },
    /// Members of a group of netlink.
    NetlinkGroup {
        /// The protocol of netlink.
        protocol: u32,
        /// The group, from 1.
        group: u32,
    },
    /// The holder of a port of netlink.
    NetlinkPort {
        /// The protocol of netlink.
        protocol: u32,
        /// The port.
        port: u32,
    },
    /// A vsock socket, by its ends.
    Vsock {
        /// The end where the socket is.
        local: VsockEnd,
        /// The other end.
        remote: Option<VsockEnd>,
    },
    /// A network device.
    Netdev(Device),
    /// A process.
    Pid {
        /// Its number.
        number: u32,
        /// A process in the PID namespace where the number is meant.
        pidns: Option<u32>,
    },
    /// A socket of any table, by its cookie.
    Cookie(u64),
}

/// Where a packet comes from, if that matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The device that the packet arrives on.
    pub(crate) device: Option<Device>,
    /// The index of the slave, if that device is an L3 master.
    pub(crate) slave: Option<u32>,
}

impl Arrival {
    fn attributes(&self) -> impl Iterator<Item = Attribute> {
        let device = self.device.as_ref().map(on_device);
        let slave = self.slave.map(|index| Attribute::u32(SLAVE, index));
        device.into_iter().chain(slave)
    }
}

/// Names a device by what the user knows of it.
fn on_device(device: &Device) -> Attribute {
    match device {
        Device::Index(index) => Attribute::u32(DEVICE, *index),
        Device::Name(name) => Attribute::bytes(DEVICE_NAME, name.as_bytes()),
    }
}

impl Key {
    /// The command that looks it up.
    pub(crate) fn command(&self) -> Command {
        match self {
            Key::Cookie(_) => Command::SocketGet,
            _ => Command::Lookup,
        }
    }

    /// The table, if it is in one alone.
    fn table(&self) -> Option<Table> {
        Some(match self {
            Key::Tuple { table, .. } | Key::Port { table, .. } => *table,
            Key::Raw { .. } => Table::Raw,
            Key::Packet { .. } => Table::Packet,
            Key::Unix(_) => Table::Unix,
            Key::NetlinkGroups { .. } | Key::NetlinkGroup { .. } | Key::NetlinkPort { .. } => {
                Table::Netlink
            }
            Key::Vsock { .. } => Table::Vsock,
            Key::Netdev(_) => Table::Netdev,
            Key::Pid { .. } => Table::Pid,
            Key::Cookie(_) => return None,
        })
    }

    /// Whether it is the path of a local socket.
    pub(crate) fn is_path(&self) -> bool {
        matches!(self, Key::Unix(name) if local_name::is_path(name))
    }

    /// The attributes that say so.
    pub(crate) fn attributes(&self) -> Vec<Attribute> {
        let table = self
            .table()
            .map(|table| Attribute::u32(TABLE, table.into()));
        let mut all: Vec<Attribute> = table.into_iter().collect();
        match self {
            Key::Tuple {
                local,
                remote,
                arrival,
                ..
            } => {
                all.push(Attribute::address(LOCAL_ADDRESS, local.ip()));
                all.push(Attribute::port(LOCAL_PORT, local.port()));
                if let Some(remote) = remote {
                    all.push(Attribute::address(REMOTE_ADDRESS, remote.ip()));
                    all.push(Attribute::port(REMOTE_PORT, remote.port()));
                }
                all.extend(arrival.attributes());
            }
            Key::Port { port, arrival, .. } => {
                all.push(Attribute::port(LOCAL_PORT, *port));
                all.extend(arrival.attributes());
            }
            Key::Raw {
                protocol,
                local,
                remote,
                arrival,
            } => {
                all.push(Attribute::address(LOCAL_ADDRESS, *local));
                all.extend(remote.map(|remote| Attribute::address(REMOTE_ADDRESS, remote)));
                all.extend(arrival.attributes());
                all.push(Attribute::u32(PROTOCOL, *protocol));
            }
            Key::Packet { device, protocol } => {
                all.push(on_device(device));
                all.extend(protocol.map(|protocol| Attribute::u32(PROTOCOL, protocol)));
            }
            Key::Unix(name) => all.push(Attribute::bytes(NAME, name)),
            Key::NetlinkGroups { protocol } => all.push(Attribute::u32(PROTOCOL, *protocol)),
            Key::NetlinkGroup { protocol, group } => {
                all.push(Attribute::u32(PROTOCOL, *protocol));
                all.push(Attribute::u32(GROUP, *group));
            }
            Key::NetlinkPort { protocol, port } => {
                all.push(Attribute::u32(PROTOCOL, *protocol));
                all.push(Attribute::u32(PORT_ID, *port));
            }
            Key::Vsock { local, remote } => {
                all.extend(local.cid.map(|cid| Attribute::u32(LOCAL_CID, cid)));
                all.push(Attribute::u32(LOCAL_VSOCK_PORT, local.port));
                if let Some(remote) = remote {
                    all.extend(remote.cid.map(|cid| Attribute::u32(REMOTE_CID, cid)));
                    all.push(Attribute::u32(REMOTE_VSOCK_PORT, remote.port));
                }
            }
            Key::Netdev(Device::Index(index)) => all.push(Attribute::u32(DEVICE, *index)),
            Key::Netdev(Device::Name(name)) => {
                all.push(Attribute::bytes(NAME, name.as_bytes()));
            }
            Key::Pid { number, pidns } => {
                all.push(Attribute::u32(NUMBER, *number));
                all.extend(pidns.map(|pid| Attribute::u32(PIDNS, pid)));
            }
            Key::Cookie(cookie) => all.push(Attribute::uint(COOKIE, *cookie)),
        }
        all
    }
}
