// SPDX-License-Identifier: GPL-2.0

//! `socket-get`: which socket has this cookie?

use kernel::{prelude::*, sync::rcu};

use super::{
    lookup::{self, put_connection, put_entry, put_socket, required, NETNS},
    selector, Asked,
};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        by_cookie::{self, Part as Search, Place, Seen},
        genetlink::{Message, Part, Progress, Refusal},
        namespace::{Held, Listed, Net},
    },
    table::Outcome,
};

const COOKIE: u16 = NSMUX_A_LOOKUP_COOKIE as u16;

/// How many namespaces a dump may name.
const NAMED: usize = 16;
/// What it takes to come to the next namespace, in steps of the allowance.
const NAMESPACE: u32 = 16;

/// Where a search is, as `entries` of its progress: in the tables that are shared, of which the place is;
/// behind the namespace of the cookie; or in the tables of that namespace, of which the place is then.
const SHARED: u32 = 0;
const BEHIND: u32 = 1;
const INSIDE: u32 = 2;

/// Is called with a socket that has the cookie; tells of it, if it is one that is meant. The same type
/// for one namespace and for all: the search is compiled once.
type Found<'f> = &'f mut dyn FnMut(Listed<'_>, Seen<'_, '_>) -> Option<Result>;

/// Looks among the sockets of one namespace.
pub(super) fn answer<'a>(
    request: &Asked<'a>,
    message: &mut Message<'_>,
) -> Result<(), Refusal<'a>> {
    let attribute = required(request.attributes(), COOKIE)?;
    let cookie = attribute.uint()?;
    selector::with_selected(request, NETNS, |net| {
        let allowance = request.allowance();
        let found: Found<'_> =
            &mut |found, seen| (*found == *net).then(|| put(message, found, &seen));
        let shared = by_cookie::among_shared(&mut Place::default(), cookie, allowance, &mut *found);
        let part = match shared {
            Search::Done => {
                by_cookie::among_own(net, &mut Place::default(), cookie, allowance, found)
            }
            part => part,
        };
        match part {
            Search::Found(written) => Ok(written?),
            Search::Done => {
                let text = c"no socket has this cookie";
                Err(Refusal::of(attribute, ENOENT, text))
            }
            Search::Paused => {
                let text = c"there is too much to go through for one answer: a dump takes its time";
                Err(Refusal::of(attribute, E2BIG, text))
            }
        }
    })
}

/// Looks among those of all namespaces that the request names, or that the requester may see.
pub(super) fn dump<'a>(part: &mut Part<'a, Instance>) -> Result<bool, Refusal<'a>> {
    let attributes = part.request.attributes();
    let cookie = required(attributes, COOKIE)?.uint()?;
    if let Some(attribute) = selector::selectors(attributes, NETNS).nth(NAMED) {
        let text = c"a socket is looked for in 16 namespaces that are named, or in all";
        return Err(Refusal::of(attribute, EINVAL, text));
    }
    if part.request.allowance().is_spent() {
        return Ok(false);
    }
    let named = Named::of(part)?;
    let mut progress = *part.progress;
    let mut is_at_end = false;
    let is_told = part.add_if(|request, message| {
        let found: Found<'_> = &mut |net, seen| {
            let is_meant = net.is_reached() && named.have(&net) && request.may_administer(&net);
            is_meant.then(|| put(message, net, &seen))
        };
        match search(request, &named, cookie, &mut progress, found) {
            Search::Found(written) => {
                written?;
                is_at_end = true;
                Ok(true)
            }
            Search::Done => {
                is_at_end = true;
                Ok(false)
            }
            Search::Paused => Ok(false),
        }
    })?;
    *part.progress = progress;
    Ok(is_told && is_at_end)
}

/// Goes on with the search of a dump: through the tables that are shared, then through those of
/// each namespace.
fn search(
    request: &Asked<'_>,
    named: &Named,
    cookie: u64,
    progress: &mut Progress,
    found: Found<'_>,
) -> Search<Result> {
    let allowance = request.allowance();
    if progress.entries == SHARED {
        match by_cookie::among_shared(&mut progress.place, cookie, allowance, &mut *found) {
            Search::Done => {}
            part => return part,
        }
        pass(progress, 0);
    }
    while !allowance.is_spent() {
        let Some(held) = next(request, named, progress) else {
            return if allowance.is_spent() {
                Search::Paused
            } else {
                Search::Done
            };
        };
        let net = held.alive();
        match by_cookie::among_own(net, &mut progress.place, cookie, allowance, &mut *found) {
            Search::Done => {}
            part => return part,
        }
        pass(progress, net.cookie());
    }
    Search::Paused
}

/// Notes that all is done up to a namespace.
fn pass(progress: &mut Progress, cookie: u64) {
    progress.entries = BEHIND;
    progress.cookie = cookie;
    progress.place = Place::default();
}

/// Notes that a namespace is begun, unless it was left in the middle and the search goes on there.
fn enter(progress: &mut Progress, cookie: u64) {
    if progress.entries != INSIDE || progress.cookie != cookie {
        pass(progress, cookie);
        progress.entries = INSIDE;
    }
}

/// The next namespace that is meant and may be seen, which is the one that was left in the middle if that
/// is still there; `None` if there is none, or the allowance is spent.
fn next(request: &Asked<'_>, named: &Named, progress: &mut Progress) -> Option<Held> {
    let allowance = request.allowance();
    while !allowance.is_spent() {
        let guard = rcu::read_lock();
        let pause = allowance.pause();
        let mut is_last = true;
        let done = match progress.entries {
            INSIDE => progress.cookie.saturating_sub(1),
            _ => progress.cookie,
        };
        for listed in Listed::after(done, (&guard).into()) {
            if allowance.is_at(pause) {
                is_last = false;
                break;
            }
            allowance.spend(NAMESPACE);
            if listed.is_reached() && named.have(&listed) && request.may_administer(&listed) {
                if let Some(held) = listed.hold() {
                    enter(progress, listed.cookie());
                    return Some(held);
                }
            }
            pass(progress, listed.cookie());
        }
        if is_last {
            break;
        }
    }
    None
}

/// The cookies of the namespaces that a request names; all are meant if it names none.
struct Named(Option<[u64; NAMED]>);

impl Named {
    fn of<'a>(part: &Part<'a, Instance>) -> Result<Self, Refusal<'a>> {
        let selectors = || selector::selectors(part.request.attributes(), NETNS);
        if selectors().next().is_none() {
            return Ok(Self(None));
        }
        let mut cookies = [0; NAMED];
        for (cookie, selector) in cookies.iter_mut().zip(selectors()) {
            if part.is_at_beginning() {
                selector::precheck(&part.request, selector)?;
            }
            // One that is not there has died since, or the requester may not see it.
            if let Ok(held) = selector::select(&part.request, selector) {
                *cookie = held.alive().cookie();
            }
        }
        Ok(Self(Some(cookies)))
    }

    fn have(&self, net: &Net) -> bool {
        self.0.is_none_or(|cookies| cookies.contains(&net.cookie()))
    }
}

/// Writes where the socket was found, and what it is.
fn put(message: &mut Message<'_>, net: Listed<'_>, seen: &Seen<'_, '_>) -> Result {
    lookup::put_namespace(message, &net)?;
    message.put_u32(
        NSMUX_A_LOOKUP_TABLE,
        match seen {
            Seen::Connection(_) | Seen::Listener(_) | Seen::Bound(_) => NSMUX_TABLE_TCP,
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
        Seen::Bound(socket) => put_socket(message, Outcome::Bound, socket),
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
