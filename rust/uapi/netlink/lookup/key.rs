// SPDX-License-Identifier: GPL-2.0

//! What a request asks for.

use kernel::ffi::c_int;
use kernel::prelude::*;

use crate::{
    bindings::*,
    net::{
        device,
        genetlink::{Attribute, Attributes, Refusal},
        inet::{Family, Port, RawKey, Tuple, V4, V6},
        vsock::End,
    },
    table::{
        netdev::NetdevKey,
        netlink::{NetlinkKey, To},
        packet::PacketKey,
        udp::UdpKey,
        unix,
        vsock::VsockKey,
    },
};

const TABLE: u16 = NSMUX_A_LOOKUP_TABLE as u16;
const LOCAL_ADDRESS: u16 = NSMUX_A_LOOKUP_LOCAL_ADDRESS as u16;
const LOCAL_PORT: u16 = NSMUX_A_LOOKUP_LOCAL_PORT as u16;
const REMOTE_ADDRESS: u16 = NSMUX_A_LOOKUP_REMOTE_ADDRESS as u16;
const REMOTE_PORT: u16 = NSMUX_A_LOOKUP_REMOTE_PORT as u16;
const DEVICE: u16 = NSMUX_A_LOOKUP_DEVICE as u16;
const SLAVE: u16 = NSMUX_A_LOOKUP_SLAVE as u16;
const NAME: u16 = NSMUX_A_LOOKUP_NAME as u16;
const PROTOCOL: u16 = NSMUX_A_LOOKUP_PROTOCOL as u16;
const GROUP: u16 = NSMUX_A_LOOKUP_GROUP as u16;
const PORT_ID: u16 = NSMUX_A_LOOKUP_PORT_ID as u16;
const LOCAL_CID: u16 = NSMUX_A_LOOKUP_LOCAL_CID as u16;
const LOCAL_VSOCK_PORT: u16 = NSMUX_A_LOOKUP_LOCAL_VSOCK_PORT as u16;
const REMOTE_CID: u16 = NSMUX_A_LOOKUP_REMOTE_CID as u16;
const REMOTE_VSOCK_PORT: u16 = NSMUX_A_LOOKUP_REMOTE_VSOCK_PORT as u16;

/// A table of network namespaces, and a key for it.
pub(super) enum Key {
    TcpV4(TcpKey<V4>),
    TcpV6(TcpKey<V6>),
    UdpV4(UdpKey<V4>),
    UdpV6(UdpKey<V6>),
    RawV4(RawKey<V4>),
    RawV6(RawKey<V6>),
    Packet(PacketKey),
    Unix(unix::Name),
    Netlink(NetlinkKey),
    Vsock(VsockKey),
    Netdev(NetdevKey),
}

/// What is asked of TCP.
pub(super) struct TcpKey<F: Family> {
    pub(super) tuple: Tuple<F>,
    pub(super) scope: Scope,
}

/// Which TCP sockets a key can mean.
pub(super) enum Scope {
    /// Those with a connection to the other end, or else a listener.
    All,
    /// Listeners, as the key does not tell the other end.
    Listeners,
}

/// The table that a request names.
pub(super) fn table(attributes: Attributes<'_>) -> Result<u32, Refusal> {
    Ok(required(attributes, TABLE)?.u32()?)
}

impl Key {
    /// Takes the key from a request; not that of the table of processes.
    pub(super) fn of(attributes: Attributes<'_>) -> Result<Self, Refusal> {
        match table(attributes)? {
            NSMUX_TABLE_PACKET => packet(attributes),
            NSMUX_TABLE_UNIX => local(attributes),
            NSMUX_TABLE_NETLINK => netlink(attributes),
            NSMUX_TABLE_VSOCK => vsock(attributes),
            NSMUX_TABLE_NETDEV => netdev(attributes),
            table => internet(attributes, table),
        }
    }

    /// The code of the table.
    pub(super) fn table(&self) -> u32 {
        match self {
            Self::TcpV4(_) | Self::TcpV6(_) => NSMUX_TABLE_TCP,
            Self::UdpV4(_) | Self::UdpV6(_) => NSMUX_TABLE_UDP,
            Self::RawV4(_) | Self::RawV6(_) => NSMUX_TABLE_RAW,
            Self::Packet(_) => NSMUX_TABLE_PACKET,
            Self::Unix(_) => NSMUX_TABLE_UNIX,
            Self::Netlink(_) => NSMUX_TABLE_NETLINK,
            Self::Vsock(_) => NSMUX_TABLE_VSOCK,
            Self::Netdev(_) => NSMUX_TABLE_NETDEV,
        }
    }
}

/// An attribute that has to be there.
pub(in super::super) fn required(
    attributes: Attributes<'_>,
    number: u16,
) -> Result<Attribute<'_>, Refusal> {
    attributes.get(number).ok_or(Refusal::missing(number))
}

fn internet(attributes: Attributes<'_>, table: u32) -> Result<Key, Refusal> {
    let local = required(attributes, LOCAL_ADDRESS)?;
    Ok(match (table, local.bytes().len()) {
        (NSMUX_TABLE_TCP, 4) => Key::TcpV4(tcp(attributes, local)?),
        (NSMUX_TABLE_TCP, 16) => Key::TcpV6(tcp(attributes, local)?),
        (NSMUX_TABLE_UDP, 4) => Key::UdpV4(udp(attributes, local)?),
        (NSMUX_TABLE_UDP, 16) => Key::UdpV6(udp(attributes, local)?),
        (NSMUX_TABLE_RAW, 4) => Key::RawV4(raw(attributes, local)?),
        (NSMUX_TABLE_RAW, 16) => Key::RawV6(raw(attributes, local)?),
        _ => {
            let text = c"an address has 4 bytes (IPv4) or 16 (IPv6)";
            return Err(Refusal::of(local, EINVAL, text));
        }
    })
}

fn tcp<F: Family>(attributes: Attributes<'_>, local: Attribute<'_>) -> Result<TcpKey<F>, Refusal> {
    Ok(TcpKey {
        tuple: tuple(attributes, local)?,
        scope: match attributes.get(REMOTE_ADDRESS) {
            Some(_) => Scope::All,
            None => Scope::Listeners,
        },
    })
}

fn udp<F: Family>(attributes: Attributes<'_>, local: Attribute<'_>) -> Result<UdpKey<F>, Refusal> {
    let tuple = tuple::<F>(attributes, local)?;
    let to_many = F::is_multicast(&tuple.local);
    Ok(UdpKey { tuple, to_many })
}

fn raw<F: Family>(attributes: Attributes<'_>, local: Attribute<'_>) -> Result<RawKey<F>, Refusal> {
    let protocol = required(attributes, PROTOCOL)?;
    Ok(RawKey {
        protocol: u8::try_from(protocol.u32()?)
            .map_err(|_| Refusal::of(protocol, EINVAL, c"a protocol over IP has 8 bits"))?,
        local: address::<F>(local)?,
        remote: attributes
            .get(REMOTE_ADDRESS)
            .map_or(Ok(F::ANY), address::<F>)?,
        device: index(attributes, DEVICE)?,
        slave: index(attributes, SLAVE)?,
    })
}

fn tuple<F: Family>(attributes: Attributes<'_>, local: Attribute<'_>) -> Result<Tuple<F>, Refusal> {
    let remote = match (attributes.get(REMOTE_ADDRESS), attributes.get(REMOTE_PORT)) {
        (Some(remote), Some(port)) => (address::<F>(remote)?, Port::from_header(port.array()?)),
        (None, None) => (F::ANY, Port::from_number(0)),
        (Some(_), None) => return Err(Refusal::missing(REMOTE_PORT)),
        (None, Some(_)) => return Err(Refusal::missing(REMOTE_ADDRESS)),
    };
    Ok(Tuple {
        local: address::<F>(local)?,
        local_port: Port::from_header(required(attributes, LOCAL_PORT)?.array()?),
        remote: remote.0,
        remote_port: remote.1,
        device: index(attributes, DEVICE)?,
        slave: index(attributes, SLAVE)?,
    })
}

fn address<F: Family>(attribute: Attribute<'_>) -> Result<F::Address, Refusal> {
    F::address(attribute.bytes()).ok_or_else(|| {
        let text = c"both addresses have to be of one family";
        Refusal::of(attribute, EINVAL, text)
    })
}

/// The index of a device; 0 if the request names none.
fn index(attributes: Attributes<'_>, number: u16) -> Result<c_int, Refusal> {
    attributes.get(number).map_or(Ok(0), |attribute| {
        let text = c"the index of a device is not so large";
        c_int::try_from(attribute.u32()?).map_err(|_| Refusal::of(attribute, EINVAL, text))
    })
}

fn packet(attributes: Attributes<'_>) -> Result<Key, Refusal> {
    required(attributes, DEVICE)?;
    let protocol = attributes.get(PROTOCOL).map(|attribute| {
        let text = c"a protocol over Ethernet has 16 bits";
        u16::try_from(attribute.u32()?).map_err(|_| Refusal::of(attribute, EINVAL, text))
    });
    Ok(Key::Packet(PacketKey {
        device: index(attributes, DEVICE)?,
        protocol: protocol.transpose()?,
    }))
}

fn local(attributes: Attributes<'_>) -> Result<Key, Refusal> {
    let name = required(attributes, NAME)?;
    let text = c"the name of a local socket has 1 to 108 bytes";
    unix::Name::new(name.bytes())
        .map(Key::Unix)
        .ok_or(Refusal::of(name, EINVAL, text))
}

fn netlink(attributes: Attributes<'_>) -> Result<Key, Refusal> {
    let protocol = required(attributes, PROTOCOL)?;
    let to = match (attributes.get(GROUP), attributes.get(PORT_ID)) {
        (Some(group), None) => To::Group(group.u32()?),
        (None, Some(port)) => To::Port(port.u32()?),
        (None, None) => return Err(Refusal::missing(GROUP)),
        (Some(_), Some(port)) => {
            let text = c"a message is for a group or for a port";
            return Err(Refusal::of(port, EINVAL, text));
        }
    };
    let number = protocol.u32()?;
    if number >= MAX_LINKS {
        let text = c"there is no such protocol of netlink";
        return Err(Refusal::of(protocol, EPROTONOSUPPORT, text));
    }
    Ok(Key::Netlink(NetlinkKey {
        protocol: number,
        to,
    }))
}

fn vsock(attributes: Attributes<'_>) -> Result<Key, Refusal> {
    let cid = |number| attributes.get(number).map(Attribute::u32).transpose();
    let local = End {
        cid: cid(LOCAL_CID)?.unwrap_or(End::ANY),
        port: required(attributes, LOCAL_VSOCK_PORT)?.u32()?,
    };
    let remote = match (cid(REMOTE_CID)?, cid(REMOTE_VSOCK_PORT)?) {
        (Some(cid), Some(port)) => Some(End { cid, port }),
        (None, None) => None,
        (Some(_), None) => return Err(Refusal::missing(REMOTE_VSOCK_PORT)),
        (None, Some(_)) => return Err(Refusal::missing(REMOTE_CID)),
    };
    Ok(Key::Vsock(VsockKey { local, remote }))
}

fn netdev(attributes: Attributes<'_>) -> Result<Key, Refusal> {
    let key = match (attributes.get(DEVICE), attributes.get(NAME)) {
        (Some(_), None) => NetdevKey::Index(index(attributes, DEVICE)?),
        (None, Some(name)) => {
            let text = c"a device cannot have this name";
            let bytes = name.bytes();
            NetdevKey::Name(device::Name::new(bytes).ok_or(Refusal::of(name, EINVAL, text))?)
        }
        (None, None) => return Err(Refusal::missing(DEVICE)),
        (Some(_), Some(name)) => {
            let text = c"a device is named by its index or by its name";
            return Err(Refusal::of(name, EINVAL, text));
        }
    };
    Ok(Key::Netdev(key))
}
