// SPDX-License-Identifier: GPL-2.0

//! `socket-get`: which socket has this cookie?

use kernel::prelude::*;

use super::{
    lookup::{self, put_connection, put_entry, put_socket, required, NETNS},
    selector, Asked,
};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        by_cookie::{self, Seen},
        genetlink::{Message, Part, Refusal},
        namespace::{Alive, Listed},
    },
    table::Outcome,
};

const COOKIE: u16 = NSMUX_A_LOOKUP_COOKIE as u16;

/// How many namespaces a dump may name. Each of them may take a way through the tables that all
/// share.
const NAMED: usize = 16;

/// Looks among the sockets of one namespace.
pub(super) fn answer(request: &Asked<'_>, message: &mut Message<'_>) -> Result<(), Refusal> {
    let attribute = required(request.attributes(), COOKIE)?;
    let cookie = attribute.uint()?;
    selector::with_selected(request, NETNS, |net| {
        by_cookie::find(net, cookie, false, |net, seen| put(message, net, &seen))
            .ok_or(Refusal::of(attribute, ENOENT, c"no socket has this cookie"))?
            .map_err(Refusal::from)
    })
}

/// Looks among those of all namespaces that the request names, or that the requester may see.
pub(super) fn dump(part: &mut Part<'_, Instance>) -> Result<bool, Refusal> {
    let cookie = required(part.request.attributes(), COOKIE)?.uint()?;
    let mut selectors = selector::selectors(part.request.attributes(), NETNS);
    if let Some(attribute) = selectors.nth(NAMED) {
        let text = c"a socket is looked for in 16 namespaces that are named, or in all";
        return Err(Refusal::of(attribute, EINVAL, text));
    }
    let selectors = selector::selectors(part.request.attributes(), NETNS);
    // Who may not see the initial namespace does not have it gone through for the others.
    let everywhere = selectors.count() == 0 && part.request.may_administer(&Alive::initial());
    lookup::each_selected(part, |part, listed| {
        let Some(held) = listed.hold() else {
            return Ok(true);
        };
        part.add_if(|request, message| {
            by_cookie::find(held.alive(), cookie, everywhere, |net, seen| {
                if !request.may_administer(&net) {
                    return Ok::<bool, Error>(false);
                }
                put(message, net, &seen)?;
                Ok(true)
            })
            .unwrap_or(Ok(false))
            .map_err(Refusal::from)
        })
    })
}

/// Writes where the socket was found, and what it is.
fn put(message: &mut Message<'_>, net: Listed<'_>, seen: &Seen<'_, '_>) -> Result {
    lookup::put_namespace(message, &net)?;
    message.put_u32(
        NSMUX_A_LOOKUP_TABLE,
        match seen {
            Seen::Connection(_) | Seen::Listener(_) => NSMUX_TABLE_TCP,
            Seen::Udp(_) => NSMUX_TABLE_UDP,
            Seen::Raw(_) => NSMUX_TABLE_RAW,
            Seen::Packet(_) => NSMUX_TABLE_PACKET,
            Seen::Unix(_) => NSMUX_TABLE_UNIX,
            Seen::Netlink(_) => NSMUX_TABLE_NETLINK,
        },
    )?;
    match seen {
        Seen::Connection(connection) => put_connection(message, connection),
        Seen::Listener(socket) => put_socket(message, Outcome::Listener, socket),
        Seen::Udp(socket) if socket.is_connected() => {
            put_socket(message, Outcome::Connected, socket)
        }
        Seen::Udp(socket) => put_socket(message, Outcome::Unconnected, socket),
        Seen::Raw(socket) => put_entry(message, *socket),
        Seen::Packet(socket) => put_entry(message, *socket),
        Seen::Unix(socket) => put_entry(message, *socket),
        Seen::Netlink(socket) => put_entry(message, *socket),
    }
}
