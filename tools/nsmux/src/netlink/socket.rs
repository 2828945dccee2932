// SPDX-License-Identifier: GPL-2.0

//! A socket, as answers tell of it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use netlink_packet_utils::DecodeError;
use serde::{Serialize, Serializer};

use super::attribute::Received;
use super::message::FromAttributes;
use super::spec::{self, Outcome};
use crate::address;
use crate::key::local_name;
use crate::key::vsock_end::VsockEnd;

/// A socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Socket {
    /// As SO_COOKIE tells it.
    pub(crate) cookie: u64,
    /// What it is in its table.
    pub(crate) kind: Option<Outcome>,
    /// As the socket was made.
    pub(crate) family: Option<Family>,
    /// As the socket was made.
    #[serde(rename = "type")]
    pub(crate) sort: Option<Sort>,
    /// As the socket was made.
    pub(crate) protocol: Option<u32>,
    /// The end where the socket is.
    pub(crate) local: Option<End>,
    /// The other end.
    pub(crate) remote: Option<End>,
    /// What a local socket was bound to; an abstract name begins with `@`.
    #[serde(serialize_with = "as_text")]
    pub(crate) name: Option<Vec<u8>>,
    /// The port of a netlink socket.
    pub(crate) port_id: Option<u32>,
    /// The index of the device that it is bound to.
    pub(crate) device: Option<u32>,
    /// What that is called in the namespace where the socket was made, if it is still there.
    pub(crate) device_name: Option<String>,
    /// Its inode number, if a process holds it.
    pub(crate) inode: Option<u64>,
    /// Its owner.
    pub(crate) uid: Option<u32>,
    /// Its mark.
    pub(crate) mark: Option<u32>,
    /// The namespace that it was made in.
    pub(crate) netns_cookie: Option<u64>,
}

/// The address family of a socket, an `AF_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is called as the kernel calls it")]
pub(crate) enum Family {
    Unix = 1,
    Ipv4 = 2,
    Ipv6 = 10,
    Netlink = 16,
    Packet = 17,
    Vsock = 40,
}

impl Family {
    fn from_number(number: u16) -> Option<Self> {
        use Family::*;
        [Unix, Ipv4, Ipv6, Netlink, Packet, Vsock]
            .into_iter()
            .find(|family| *family as u16 == number)
    }
}

/// What kind of transport a socket is, a `SOCK_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each is called as the kernel calls it")]
pub(crate) enum Sort {
    Stream = 1,
    Dgram = 2,
    Raw = 3,
    Rdm = 4,
    Seqpacket = 5,
    Dccp = 6,
    Packet = 10,
}

impl Sort {
    fn from_number(number: u16) -> Option<Self> {
        use Sort::*;
        [Stream, Dgram, Raw, Rdm, Seqpacket, Dccp, Packet]
            .into_iter()
            .find(|sort| *sort as u16 == number)
    }
}

/// One end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// An address and a port.
    Port(SocketAddr),
    /// An address alone, of a raw socket.
    Address(IpAddr),
    /// A machine and a port.
    Vsock(VsockEnd),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Port(end) => address::show(Some(*end)).fmt(f),
            End::Address(address) => address.fmt(f),
            End::Vsock(end) => end.fmt(f),
        }
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A port of 0 is a star for people only.
            End::Port(end) => serializer.collect_str(end),
            End::Address(address) => serializer.collect_str(address),
            End::Vsock(end) => serializer.collect_str(end),
        }
    }
}

fn as_text<S: Serializer>(name: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    let shown = name.as_deref().filter(|name| !name.is_empty());
    shown.map(local_name::show).serialize(serializer)
}

impl FromAttributes for Socket {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut socket = Socket::default();
        let mut local = Endpoint::default();
        let mut remote = Endpoint::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::socket::COOKIE => socket.cookie = attribute.uint()?,
                spec::socket::FAMILY => socket.family = Family::from_number(attribute.u16()?),
                spec::socket::LOCAL_ADDRESS => local.address = Some(attribute.address()?),
                spec::socket::LOCAL_PORT => local.port = Some(attribute.port()?),
                spec::socket::REMOTE_ADDRESS => remote.address = Some(attribute.address()?),
                spec::socket::REMOTE_PORT => remote.port = Some(attribute.port()?),
                spec::socket::DEVICE => socket.device = Some(attribute.u32()?),
                spec::socket::DEVICE_NAME => socket.device_name = Some(attribute.text()),
                spec::socket::INODE => socket.inode = Some(attribute.uint()?),
                spec::socket::UID => socket.uid = Some(attribute.u32()?),
                spec::socket::MARK => socket.mark = Some(attribute.u32()?),
                spec::socket::KIND => socket.kind = Some(attribute.u32()?.try_into()?),
                spec::socket::NETNS_COOKIE => socket.netns_cookie = Some(attribute.uint()?),
                spec::socket::TYPE => socket.sort = Sort::from_number(attribute.u16()?),
                spec::socket::PROTOCOL => socket.protocol = Some(attribute.u32()?),
                spec::socket::NAME => socket.name = Some(attribute.bytes().to_vec()),
                spec::socket::PORT_ID => socket.port_id = Some(attribute.u32()?),
                spec::socket::LOCAL_CID => local.cid = Some(attribute.u32()?),
                spec::socket::LOCAL_VSOCK_PORT => local.vsock_port = Some(attribute.u32()?),
                spec::socket::REMOTE_CID => remote.cid = Some(attribute.u32()?),
                spec::socket::REMOTE_VSOCK_PORT => remote.vsock_port = Some(attribute.u32()?),
                _ => {}
            }
        }
        socket.local = local.end();
        socket.remote = remote.end();
        Ok(socket)
    }
}

/// An end that comes in several attributes.
#[derive(Default)]
struct Endpoint {
    address: Option<IpAddr>,
    port: Option<u16>,
    cid: Option<u32>,
    vsock_port: Option<u32>,
}

impl Endpoint {
    fn end(self) -> Option<End> {
        match (self.address, self.port, self.vsock_port) {
            (Some(address), Some(port), _) => Some(End::Port(SocketAddr::new(address, port))),
            (Some(address), None, _) => Some(End::Address(address)),
            (None, _, Some(port)) => Some(End::Vsock(VsockEnd::told(self.cid, port))),
            (None, _, None) => None,
        }
    }
}
