// SPDX-License-Identifier: GPL-2.0

//! The members of groups of netlink.
//!
//! All namespaces share the list of them. It is gone through once for as many namespaces as a part
//! of the dump looks into, and not once for each.

use kernel::{prelude::*, sync::rcu};

use super::{super::Asked, crowded, entry, key::Groups, put_namespace, NETNS};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        allowance::Allowance,
        genetlink::{Message, Part, Refusal},
        namespace::{Alive, Listed},
        netlink_socket::{Members, MembersOf, Wanted},
    },
    table::Outcome,
    uapi::netlink::{namespace, selector},
};

/// For how many namespaces at a time.
const AT_ONCE: usize = 64;
/// What has to be left of an allowance to begin with as many, and what it may take to find them.
const BATCH: u32 = 1 << 14;
const FIND: u32 = 1 << 13;
/// For whom this is not enough, a whole part of a dump is not.
const ENOUGH: u32 = Allowance::CALL - 2 * FIND;

/// Tells which members one namespace has: of one group, or which groups have any.
pub(super) fn answer<'a>(
    request: &Asked<'a>,
    message: &mut Message<'_>,
    groups: &Groups,
) -> Result<(), Refusal<'a>> {
    selector::with_selected(request, NETNS, |net| {
        let allowance = request.allowance();
        if !allowance.is_alone() {
            return Err(crowded());
        }
        let members = look(of_one(net)?, groups, allowance).map_err(refusal)?;
        let guard = rcu::read_lock();
        for (listed, found) in members.each((&guard).into()) {
            put(message, listed, groups, found)?;
        }
        Ok(())
    })
}

/// The same for one of the namespaces that a dump names.
pub(super) fn add<'a>(
    part: &mut Part<'a, Instance>,
    net: Alive<'_>,
    groups: &Groups,
) -> Result<bool, Refusal<'a>> {
    match look_in_part(part, of_one(net)?, groups)? {
        Some(members) => tell(part, groups, &members, |_, _| {}),
        None => Ok(false),
    }
}

/// The same for each namespace that the requester may see.
pub(super) fn dump<'a>(
    part: &mut Part<'a, Instance>,
    groups: &Groups,
) -> Result<bool, Refusal<'a>> {
    while part.request.allowance().covers(BATCH) {
        let begin = part.progress.cookie;
        let mut wanted = Wanted::with_capacity(AT_ONCE)?;
        let rest = part.request.allowance().left().saturating_sub(FIND);
        let are_all = namespace::each_leaving(part, rest, |_, net| Ok(wanted.add(&net)))?;
        let end = core::mem::replace(&mut part.progress.cookie, begin);
        let Some(members) = look_in_part(part, wanted, groups)? else {
            return Ok(false);
        };
        if !tell(part, groups, &members, |part, net| {
            part.progress.cookie = net.cookie();
        })? {
            return Ok(false);
        }
        part.progress.cookie = end;
        if are_all {
            return Ok(true);
        }
    }
    part.request.allowance().exhaust();
    Ok(false)
}

fn of_one(net: Alive<'_>) -> Result<Wanted> {
    let mut wanted = Wanted::with_capacity(1)?;
    wanted.add(&net);
    Ok(wanted)
}

fn look(wanted: Wanted, groups: &Groups, allowance: &Allowance) -> Result<Members> {
    wanted.look(groups.protocol, groups.group, allowance)
}

/// Looks for members; `None` if that has to wait for the next part of the dump.
fn look_in_part<'a>(
    part: &Part<'a, Instance>,
    wanted: Wanted,
    groups: &Groups,
) -> Result<Option<Members>, Refusal<'a>> {
    let allowance = part.request.allowance();
    let is_enough = allowance.covers(ENOUGH);
    match look(wanted, groups, allowance) {
        Err(error) if error == E2BIG && !(is_enough && allowance.is_alone()) => {
            allowance.exhaust();
            Ok(None)
        }
        Err(error) => Err(refusal(error)),
        Ok(members) => Ok(Some(members)),
    }
}

fn refusal(error: Error) -> Refusal<'static> {
    if error == E2BIG {
        let text = c"the list of all namespaces' members is too long to go through";
        return Refusal::new(E2BIG, text);
    }
    error.into()
}

/// Tells of those that were found, and notes each that was told.
fn tell<'a>(
    part: &mut Part<'a, Instance>,
    groups: &Groups,
    members: &Members,
    mut note: impl FnMut(&mut Part<'a, Instance>, Listed<'_>),
) -> Result<bool, Refusal<'a>> {
    let guard = rcu::read_lock();
    let found = members.each((&guard).into());
    for (listed, found) in found.filter(|(_, found)| found.membership().members > 0) {
        let is_told = part.add(|_, message| {
            put(message, listed, groups, found)?;
            Ok(())
        })?;
        if !is_told {
            return Ok(false);
        }
        note(part, listed);
    }
    Ok(true)
}

fn put(
    message: &mut Message<'_>,
    listed: Listed<'_>,
    groups: &Groups,
    found: &MembersOf,
) -> Result<Outcome> {
    put_namespace(message, &listed)?;
    message.put_u32(NSMUX_A_LOOKUP_TABLE, NSMUX_TABLE_NETLINK)?;
    match groups.group {
        Some(_) => listed.branded(|namespace| entry::put_members(message, namespace, found)),
        None => entry::put_membership(message, found.membership()),
    }
}
