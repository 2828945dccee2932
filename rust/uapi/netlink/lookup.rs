// SPDX-License-Identifier: GPL-2.0

//! `lookup`: whose is this key, in one namespace or in all?

mod answers;
mod connections;
mod entry;
mod key;
mod members;
mod process;
mod question;
mod tables;
mod transport;

pub(super) use self::{
    entry::{put_connection, put_entry, put_socket},
    key::required,
    members::Block,
};

use kernel::{prelude::*, sync::rcu};

use self::tables::{look_up, Key, QUESTION};
use super::{namespace, selector, Asked};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        allowance::Allowance,
        genetlink::{Message, Part, Refusal},
        namespace::{Alive, Listed, Net},
    },
};

pub(super) const NETNS: u16 = NSMUX_A_LOOKUP_NETNS as u16;

/// Looks a key up in one namespace.
pub(super) fn answer<'a>(
    request: &Asked<'a>,
    message: &mut Message<'_>,
) -> Result<(), Refusal<'a>> {
    let attributes = request.attributes();
    match key::table(attributes)? {
        NSMUX_TABLE_PID => return process::answer(request, message),
        NSMUX_TABLE_MPTCP => return connections::answer(request, message),
        _ => {}
    }
    if let Some(groups) = key::groups(attributes)? {
        return members::answer(request, message, &groups);
    }
    let key = Key::of(attributes)?;
    selector::with_selected(request, NETNS, |net| {
        let guard = rcu::read_lock();
        let listed = net.listed((&guard).into());
        let allowance = request.allowance();
        // Not by what it would take here: that says how much there is of others.
        if !(allowance.is_alone() || key.is_counted() && allowance.covers(QUESTION)) {
            return Err(crowded());
        }
        allowance.spend_in(QUESTION, |allowance| {
            look_up(&key, listed, message, allowance)?;
            if allowance.is_alone() || !allowance.is_spent() {
                return Ok(());
            }
            Err(crowded())
        })
    })
}

/// Refuses a request that has too little of what a packet may take.
fn crowded() -> Refusal<'static> {
    let text = c"there are too many requests in one packet to go through a table for this one";
    Refusal::new(E2BIG, text)
}

/// Looks a key up in the namespaces that the request names, or in all that the requester may see,
/// and answers for those in which something was found.
pub(super) fn dump<'a>(part: &mut Part<'a, Instance>) -> Result<bool, Refusal<'a>> {
    let attributes = part.request.attributes();
    match key::table(attributes)? {
        NSMUX_TABLE_PID => return process::dump(part),
        NSMUX_TABLE_MPTCP => return connections::dump(part),
        _ => {}
    }
    if let Some(groups) = key::groups(attributes)? {
        return members::dump(part, &groups);
    }
    let key = Key::of(attributes)?;
    let add = |part: &mut Part<'a, Instance>, net: Listed<'_>| {
        let allowance = part.request.allowance();
        if !(allowance.is_alone() && allowance.covers(QUESTION)) {
            allowance.exhaust();
            return Ok(false);
        }
        part.add_if(|request, message| {
            request.allowance().spend_in(QUESTION, |allowance| {
                Ok(look_up(&key, net, message, allowance)?)
            })
        })
    };
    if attributes.get(NETNS).is_none() {
        return namespace::each(part, add);
    }
    each_named(part, |part, net| {
        let guard = rcu::read_lock();
        add(part, net.listed((&guard).into()))
    })
}

/// How many namespaces a request may name: whoever has more to name may see them all, mostly.
const NAMED: usize = 1024;
/// What it takes to find a namespace by what a request calls it, in steps of the allowance.
const SELECT: u32 = 32;

/// Calls `add` with each namespace that the request names, as far as the requester may see them. A
/// name of none is refused before anything is told, if the requester may know.
fn each_named<'a>(
    part: &mut Part<'a, Instance>,
    mut add: impl FnMut(&mut Part<'a, Instance>, Alive<'_>) -> Result<bool, Refusal<'a>>,
) -> Result<bool, Refusal<'a>> {
    let attributes = part.request.attributes();
    let mut selectors = selector::selectors(attributes, NETNS);
    let done = part.progress.entries as usize;
    // Whoever names as many gets on: a whole part is enough to check them all, and to ask in one.
    const { assert!(NAMED as u32 * SELECT <= Allowance::CALL) };
    const { assert!(SELECT + QUESTION <= Allowance::CALL) };
    if !part.progress.is_checked {
        if let Some(attribute) = selectors.nth(NAMED) {
            let text = c"a request names 1024 namespaces at most";
            return Err(Refusal::of(attribute, EINVAL, text));
        }
        let named = selector::selectors(attributes, NETNS).count() as u32;
        if !part
            .request
            .allowance()
            .covers(named.saturating_mul(SELECT))
        {
            part.request.allowance().exhaust();
            return Ok(false);
        }
        for selector in selector::selectors(attributes, NETNS) {
            selector::precheck(&part.request, selector)?;
            part.request.allowance().spend(SELECT);
        }
        part.progress.is_checked = true;
    }
    for selector in selector::selectors(attributes, NETNS).skip(done) {
        if part.request.allowance().is_spent() {
            return Ok(false);
        }
        part.request.allowance().spend(SELECT);
        // One that is not there has died since, or the requester may not see it.
        if let Ok(held) = selector::select(&part.request, selector) {
            if !add(part, held.alive())? {
                return Ok(false);
            }
        }
        part.progress.entries += 1;
    }
    Ok(true)
}

/// Writes where something was looked up.
pub(super) fn put_namespace(message: &mut Message<'_>, net: &Net) -> Result {
    message.put_uint(NSMUX_A_LOOKUP_NETNS_COOKIE, net.cookie())?;
    message.put_u32(NSMUX_A_LOOKUP_NETNS_INODE, net.inode())
}
