// SPDX-License-Identifier: GPL-2.0

//! What a request asks for.

use kernel::ffi::c_int;
use kernel::prelude::*;

use super::question::{Arrival, Place, Question};
use crate::{
    bindings::*,
    net::{
        device,
        genetlink::{Attribute, Attributes, Refusal},
        inet::{Family, Port, RawKey, Tuple},
        vsock::End,
    },
    table::{netdev::NetdevKey, netlink::NetlinkKey, packet::PacketKey, unix, vsock::VsockKey},
};

const TABLE: u16 = NSMUX_A_LOOKUP_TABLE as u16;
const LOCAL_ADDRESS: u16 = NSMUX_A_LOOKUP_LOCAL_ADDRESS as u16;
const LOCAL_PORT: u16 = NSMUX_A_LOOKUP_LOCAL_PORT as u16;
const REMOTE_ADDRESS: u16 = NSMUX_A_LOOKUP_REMOTE_ADDRESS as u16;
const REMOTE_PORT: u16 = NSMUX_A_LOOKUP_REMOTE_PORT as u16;
const DEVICE: u16 = NSMUX_A_LOOKUP_DEVICE as u16;
const DEVICE_NAME: u16 = NSMUX_A_LOOKUP_DEVICE_NAME as u16;
const SLAVE: u16 = NSMUX_A_LOOKUP_SLAVE as u16;
const NAME: u16 = NSMUX_A_LOOKUP_NAME as u16;
const PROTOCOL: u16 = NSMUX_A_LOOKUP_PROTOCOL as u16;
const GROUP: u16 = NSMUX_A_LOOKUP_GROUP as u16;
const PORT_ID: u16 = NSMUX_A_LOOKUP_PORT_ID as u16;
const LOCAL_CID: u16 = NSMUX_A_LOOKUP_LOCAL_CID as u16;
const LOCAL_VSOCK_PORT: u16 = NSMUX_A_LOOKUP_LOCAL_VSOCK_PORT as u16;
const REMOTE_CID: u16 = NSMUX_A_LOOKUP_REMOTE_CID as u16;
const REMOTE_VSOCK_PORT: u16 = NSMUX_A_LOOKUP_REMOTE_VSOCK_PORT as u16;

/// Why a device is not named twice.
const ONE_WAY: &CStr = c"a device is named by its index or by its name";

/// What is asked of TCP.
pub(super) struct Ends<F: Family> {
    pub(super) tuple: Tuple<F>,
    /// Whether the request tells the other end. If it does not, no connection is meant.
    pub(super) has_remote: bool,
}

/// A group of netlink whose members are asked for.
pub(super) struct Groups {
    pub(super) protocol: u32,
    /// Counted from 1; all of them if there is none.
    pub(super) group: Option<u32>,
}

/// The table that a request names.
pub(super) fn table(attributes: Attributes<'_>) -> Result<u32, Refusal<'_>> {
    Ok(required(attributes, TABLE)?.u32()?)
}

/// An attribute that has to be there.
pub(in super::super) fn required(
    attributes: Attributes<'_>,
    number: u16,
) -> Result<Attribute<'_>, Refusal<'_>> {
    attributes.get(number).ok_or(Refusal::missing(number))
}

/// For tables that have one kind of key.
pub(super) fn always(_: Attributes<'_>) -> Result<bool, Refusal<'_>> {
    Ok(true)
}

/// For tables that can be asked for a port at whatever address: whether that is asked.
pub(super) fn is_port(attributes: Attributes<'_>) -> Result<bool, Refusal<'_>> {
    let has = |number| attributes.get(number).is_some();
    let is_alone = !has(REMOTE_ADDRESS) && !has(REMOTE_PORT);
    Ok(!has(LOCAL_ADDRESS) && has(LOCAL_PORT) && is_alone)
}

/// A port at whatever address.
pub(super) fn port(attributes: Attributes<'_>) -> Result<Question<Port>, Refusal<'_>> {
    Ok(Question {
        key: Port::from_header(required(attributes, LOCAL_PORT)?.array()?),
        place: place(attributes)?,
    })
}

/// For tables that have a key of each family: whether the addresses are of this one. Those of IPv4
/// that are mapped are of IPv4, as they are for `inet_diag_find_one_icsk()`: sockets of IPv6 are
/// told with them.
pub(super) fn is_of<F: Family>(attributes: Attributes<'_>) -> Result<bool, Refusal<'_>> {
    let local = required(attributes, LOCAL_ADDRESS)?;
    let text = c"an address has 4 bytes (IPv4) or 16 (IPv6)";
    match local.bytes().len() {
        4 | 16 => Ok(F::address(unmapped(local.bytes())).is_some()),
        _ => Err(Refusal::of(local, EINVAL, text)),
    }
}

/// The bytes of an address of IPv4 that is mapped; others as they are.
fn unmapped(address: &[u8]) -> &[u8] {
    const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
    match address.strip_prefix(&MAPPED) {
        Some(address) if address.len() == 4 => address,
        _ => address,
    }
}

pub(super) fn tcp<F: Family>(attributes: Attributes<'_>) -> Result<Question<Ends<F>>, Refusal<'_>> {
    Ok(Question {
        key: Ends {
            tuple: tuple(attributes)?,
            has_remote: attributes.get(REMOTE_ADDRESS).is_some(),
        },
        place: place(attributes)?,
    })
}

pub(super) fn udp<F: Family>(
    attributes: Attributes<'_>,
) -> Result<Question<Tuple<F>>, Refusal<'_>> {
    Ok(Question {
        key: tuple(attributes)?,
        place: place(attributes)?,
    })
}

pub(super) fn raw<F: Family>(
    attributes: Attributes<'_>,
) -> Result<Question<RawKey<F>>, Refusal<'_>> {
    let local = required(attributes, LOCAL_ADDRESS)?;
    let protocol = required(attributes, PROTOCOL)?;
    Ok(Question {
        key: RawKey {
            protocol: u8::try_from(protocol.u32()?)
                .map_err(|_| Refusal::of(protocol, EINVAL, c"a protocol over IP has 8 bits"))?,
            local: address::<F>(local)?,
            remote: attributes
                .get(REMOTE_ADDRESS)
                .map_or(Ok(F::ANY), address::<F>)?,
            device: 0,
            slave: 0,
        },
        place: place(attributes)?,
    })
}

/// Two ends, on no device; port 0 of the other one if the request does not name it.
fn tuple<F: Family>(attributes: Attributes<'_>) -> Result<Tuple<F>, Refusal<'_>> {
    let local = required(attributes, LOCAL_ADDRESS)?;
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
        device: 0,
        slave: 0,
    })
}

/// The same of a protocol that has no port 0.
pub(super) fn ends<F: Family>(
    attributes: Attributes<'_>,
) -> Result<Question<Tuple<F>>, Refusal<'_>> {
    let question = udp::<F>(attributes)?;
    match attributes.get(REMOTE_PORT) {
        Some(port) if question.key.remote_port.number() == 0 => {
            Err(Refusal::of(port, EINVAL, c"the other end has a port"))
        }
        _ => Ok(question),
    }
}

fn address<F: Family>(attribute: Attribute<'_>) -> Result<F::Address, Refusal<'_>> {
    F::address(unmapped(attribute.bytes())).ok_or_else(|| {
        let text = c"both addresses have to be of one family";
        Refusal::of(attribute, EINVAL, text)
    })
}

/// The device that a request names, in whichever way, or none.
fn place(attributes: Attributes<'_>) -> Result<Place, Refusal<'_>> {
    let Some(name) = attributes.get(DEVICE_NAME) else {
        return Ok(Place::Index(Arrival {
            device: index(attributes, DEVICE)?,
            slave: index(attributes, SLAVE)?,
        }));
    };
    match attributes.get(DEVICE).or(attributes.get(SLAVE)) {
        Some(number) => Err(Refusal::of(number, EINVAL, ONE_WAY)),
        None => device_name(name).map(Place::Name),
    }
}

fn device_name(name: Attribute<'_>) -> Result<device::Name, Refusal<'_>> {
    let bytes = name.bytes();
    // As user space's strings may be, `nla_strscpy()`.
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let text = c"a device cannot have this name";
    device::Name::new(bytes).ok_or(Refusal::of(name, EINVAL, text))
}

/// The index of a device; 0 if the request names none.
fn index(attributes: Attributes<'_>, number: u16) -> Result<c_int, Refusal<'_>> {
    attributes.get(number).map_or(Ok(0), |attribute| {
        let text = c"the index of a device is not so large";
        c_int::try_from(attribute.u32()?).map_err(|_| Refusal::of(attribute, EINVAL, text))
    })
}

pub(super) fn packet(attributes: Attributes<'_>) -> Result<Question<PacketKey>, Refusal<'_>> {
    if attributes.get(DEVICE_NAME).is_none() {
        required(attributes, DEVICE)?;
    }
    let protocol = attributes.get(PROTOCOL).map(|attribute| {
        let text = c"a protocol over Ethernet has 16 bits";
        u16::try_from(attribute.u32()?).map_err(|_| Refusal::of(attribute, EINVAL, text))
    });
    Ok(Question {
        key: PacketKey {
            device: 0,
            protocol: protocol.transpose()?,
        },
        place: place(attributes)?,
    })
}

pub(super) fn local(attributes: Attributes<'_>) -> Result<unix::Name, Refusal<'_>> {
    let name = required(attributes, NAME)?;
    let text = c"the name of a local socket has 1 to 108 bytes";
    unix::Name::new(name.bytes()).ok_or(Refusal::of(name, EINVAL, text))
}

/// The group whose members a request asks for, or all; `None` if it asks for something else.
pub(super) fn groups(attributes: Attributes<'_>) -> Result<Option<Groups>, Refusal<'_>> {
    if table(attributes)? != NSMUX_TABLE_NETLINK {
        return Ok(None);
    }
    let group = attributes.get(GROUP);
    match (group, attributes.get(PORT_ID)) {
        (None, Some(_)) => Ok(None),
        (Some(_), Some(port)) => {
            let text = c"a message is for a group or for a port";
            Err(Refusal::of(port, EINVAL, text))
        }
        (_, None) => Ok(Some(Groups {
            protocol: netlink_protocol(attributes)?,
            group: group.map(Attribute::u32).transpose()?,
        })),
    }
}

pub(super) fn netlink(attributes: Attributes<'_>) -> Result<NetlinkKey, Refusal<'_>> {
    Ok(NetlinkKey {
        protocol: netlink_protocol(attributes)?,
        port: required(attributes, PORT_ID)?.u32()?,
    })
}

fn netlink_protocol(attributes: Attributes<'_>) -> Result<u32, Refusal<'_>> {
    let protocol = required(attributes, PROTOCOL)?;
    let number = protocol.u32()?;
    if number >= MAX_LINKS {
        let text = c"there is no such protocol of netlink";
        return Err(Refusal::of(protocol, EPROTONOSUPPORT, text));
    }
    Ok(number)
}

pub(super) fn vsock(attributes: Attributes<'_>) -> Result<VsockKey, Refusal<'_>> {
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
    Ok(VsockKey { local, remote })
}

pub(super) fn netdev(attributes: Attributes<'_>) -> Result<NetdevKey, Refusal<'_>> {
    Ok(match (attributes.get(DEVICE), attributes.get(NAME)) {
        (Some(_), None) => NetdevKey::Index(index(attributes, DEVICE)?),
        (None, Some(name)) => {
            let text = c"a device cannot have this name";
            let bytes = name.bytes();
            NetdevKey::Name(device::Name::new(bytes).ok_or(Refusal::of(name, EINVAL, text))?)
        }
        (None, None) => return Err(Refusal::missing(DEVICE)),
        (Some(_), Some(name)) => {
            return Err(Refusal::of(name, EINVAL, ONE_WAY));
        }
    })
}
