// SPDX-License-Identifier: GPL-2.0

//! `lookup`: whose is this key, in one namespace or in all?

use kernel::ffi::c_int;
use kernel::{prelude::*, sync::rcu};

use super::{namespace, selector, Asked};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        genetlink::{Attribute, Attributes, Message, Part, Refusal},
        inet::{Family, Port, Tuple, V4, V6},
        namespace::{Listed, Namespace},
    },
    table::{
        tcp::Tcp,
        udp::{Udp, UdpKey},
        Answer, Outcome, Table,
    },
};

const NETNS: u16 = NSMUX_A_LOOKUP_NETNS as u16;
const TABLE: u16 = NSMUX_A_LOOKUP_TABLE as u16;
const LOCAL_ADDRESS: u16 = NSMUX_A_LOOKUP_LOCAL_ADDRESS as u16;
const LOCAL_PORT: u16 = NSMUX_A_LOOKUP_LOCAL_PORT as u16;
const REMOTE_ADDRESS: u16 = NSMUX_A_LOOKUP_REMOTE_ADDRESS as u16;
const REMOTE_PORT: u16 = NSMUX_A_LOOKUP_REMOTE_PORT as u16;
const DEVICE: u16 = NSMUX_A_LOOKUP_DEVICE as u16;
const SLAVE: u16 = NSMUX_A_LOOKUP_SLAVE as u16;

/// Looks a key up in one namespace.
pub(super) fn answer(request: &Asked<'_>, message: &mut Message<'_>) -> Result<(), Refusal> {
    let key = Key::of(request.attributes())?;
    selector::with_selected(request, NETNS, |net| {
        key.look_up(net, message)?;
        Ok(())
    })
}

/// Looks a key up in the namespaces that the request names, or in all that the requester may see,
/// and answers for those in which something was found.
pub(super) fn dump(part: &mut Part<'_, Instance>) -> Result<bool, Refusal> {
    let attributes = part.request.attributes();
    let key = Key::of(attributes)?;
    if selector::selectors(attributes, NETNS).next().is_none() {
        return namespace::each(part, |part, net| add(part, &key, net));
    }
    let done = part.progress.entries as usize;
    for selector in selector::selectors(attributes, NETNS).skip(done) {
        let held = selector::resolve(&part.request, selector)?;
        if part.request.may_administer(held.listed().net()) && !add(part, &key, held.listed())? {
            return Ok(false);
        }
        part.progress.entries += 1;
    }
    Ok(true)
}

fn add(part: &mut Part<'_, Instance>, key: &Key, net: Listed<'_>) -> Result<bool, Refusal> {
    part.add_if(|_, message| Ok(key.look_up(net, message)? != Outcome::None))
}

/// A table, and a key for it.
enum Key {
    TcpV4(Tuple<V4>, Scope),
    TcpV6(Tuple<V6>, Scope),
    UdpV4(Tuple<V4>),
    UdpV6(Tuple<V6>),
}

/// Which TCP sockets a key can mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Those with a connection to the other end, or else a listener.
    All,
    /// Listeners, as the key does not tell the other end.
    Listeners,
}

impl Key {
    fn of(attributes: Attributes<'_>) -> Result<Self, Refusal> {
        let table = required(attributes, TABLE)?.u32()?;
        let local = required(attributes, LOCAL_ADDRESS)?;
        let scope = match attributes.get(REMOTE_ADDRESS) {
            Some(_) => Scope::All,
            None => Scope::Listeners,
        };
        Ok(match (table, local.bytes().len()) {
            (NSMUX_TABLE_TCP, 4) => Self::TcpV4(tuple(attributes, local)?, scope),
            (NSMUX_TABLE_TCP, 16) => Self::TcpV6(tuple(attributes, local)?, scope),
            (NSMUX_TABLE_UDP, 4) => Self::UdpV4(tuple(attributes, local)?),
            (NSMUX_TABLE_UDP, 16) => Self::UdpV6(tuple(attributes, local)?),
            _ => {
                let text = c"an address has 4 bytes (IPv4) or 16 (IPv6)";
                return Err(Refusal::of(local, EINVAL, text));
            }
        })
    }

    /// Looks the key up, and writes what was found.
    fn look_up(&self, listed: Listed<'_>, message: &mut Message<'_>) -> Result<Outcome> {
        let net = listed.net();
        let guard = rcu::read_lock();
        Namespace::branded(net, (&guard).into(), |namespace| {
            message.put_uint(NSMUX_A_LOOKUP_NETNS_COOKIE, net.cookie())?;
            message.put_u32(NSMUX_A_LOOKUP_NETNS_INODE, net.inode())?;
            match self {
                Self::TcpV4(tuple, scope) => look_up_tcp(namespace, tuple, *scope, message),
                Self::TcpV6(tuple, scope) => look_up_tcp(namespace, tuple, *scope, message),
                Self::UdpV4(tuple) => look_up_udp(namespace, *tuple, message),
                Self::UdpV6(tuple) => look_up_udp(namespace, *tuple, message),
            }
        })
    }
}

fn look_up_tcp<F: Family>(
    namespace: Namespace<'_>,
    tuple: &Tuple<F>,
    scope: Scope,
    message: &mut Message<'_>,
) -> Result<Outcome> {
    let answer = match scope {
        Scope::All => Tcp::<F>::lookup(namespace, tuple),
        Scope::Listeners => Tcp::<F>::listener(namespace, tuple),
    };
    put_answer(message, NSMUX_TABLE_TCP, &answer)
}

fn look_up_udp<F: Family>(
    namespace: Namespace<'_>,
    tuple: Tuple<F>,
    message: &mut Message<'_>,
) -> Result<Outcome> {
    let key = UdpKey {
        tuple,
        to_many: F::is_multicast(&tuple.local),
    };
    put_answer(message, NSMUX_TABLE_UDP, &Udp::<F>::lookup(namespace, &key))
}

fn required(attributes: Attributes<'_>, number: u16) -> Result<Attribute<'_>, Refusal> {
    attributes.get(number).ok_or(Refusal::missing(number))
}

fn tuple<F: Family>(attributes: Attributes<'_>, local: Attribute<'_>) -> Result<Tuple<F>, Refusal> {
    let address = |attribute: Attribute<'_>| {
        F::address(attribute.bytes()).ok_or_else(|| {
            let text = c"both addresses have to be of one family";
            Refusal::of(attribute, EINVAL, text)
        })
    };
    let remote = match (attributes.get(REMOTE_ADDRESS), attributes.get(REMOTE_PORT)) {
        (Some(remote), Some(port)) => (address(remote)?, Port::from_header(port.array()?)),
        (None, None) => (F::ANY, Port::from_number(0)),
        (Some(_), None) => return Err(Refusal::missing(REMOTE_PORT)),
        (None, Some(_)) => return Err(Refusal::missing(REMOTE_ADDRESS)),
    };
    let index = |number| {
        attributes.get(number).map_or(Ok(0), |attribute| {
            c_int::try_from(attribute.u32()?).map_err(|_| {
                Refusal::of(attribute, EINVAL, c"the index of a device is not so large")
            })
        })
    };
    Ok(Tuple {
        local: address(local)?,
        local_port: Port::from_header(required(attributes, LOCAL_PORT)?.array()?),
        remote: remote.0,
        remote_port: remote.1,
        device: index(DEVICE)?,
        slave: index(SLAVE)?,
    })
}

fn put_answer(message: &mut Message<'_>, table: u32, answer: &impl Answer) -> Result<Outcome> {
    let outcome = answer.outcome();
    message.put_u32(NSMUX_A_LOOKUP_TABLE, table)?;
    message.put_u32(NSMUX_A_LOOKUP_OUTCOME, outcome as u32)?;
    if answer.socket().is_some() {
        message.nest(NSMUX_A_LOOKUP_SOCKET, |message| put_socket(message, answer))?;
    }
    Ok(outcome)
}

fn put_socket(message: &mut Message<'_>, answer: &impl Answer) -> Result {
    if let Some(socket) = answer.socket() {
        let (local, local_port) = socket.local();
        let (remote, remote_port) = socket.remote();
        message.put_uint(NSMUX_A_SOCKET_COOKIE, socket.cookie())?;
        message.put(NSMUX_A_SOCKET_FAMILY, &socket.family().to_ne_bytes())?;
        message.put(NSMUX_A_SOCKET_LOCAL_ADDRESS, local.bytes())?;
        message.put(NSMUX_A_SOCKET_LOCAL_PORT, &local_port.to_header())?;
        if remote_port.number() != 0 {
            message.put(NSMUX_A_SOCKET_REMOTE_ADDRESS, remote.bytes())?;
            message.put(NSMUX_A_SOCKET_REMOTE_PORT, &remote_port.to_header())?;
        }
        if let Ok(device @ 1..) = u32::try_from(socket.bound_device()) {
            message.put_u32(NSMUX_A_SOCKET_DEVICE, device)?;
        }
    }
    if let Some(socket) = answer.full() {
        if socket.inode() != 0 {
            message.put_uint(NSMUX_A_SOCKET_INODE, socket.inode())?;
        }
        message.put_u32(NSMUX_A_SOCKET_UID, socket.owner())?;
        if socket.mark() != 0 {
            message.put_u32(NSMUX_A_SOCKET_MARK, socket.mark())?;
        }
    }
    Ok(())
}
