// SPDX-License-Identifier: GPL-2.0

//! The connections of MPTCP.
//!
//! The kernel's way through them is for one namespace at a time, goes through a table that all share, and
//! cannot be stopped: each namespace is held meanwhile, without a read-side section. Where MPTCP was never
//! used, it is not taken.

use kernel::{prelude::*, sync::rcu};

use super::{
    super::Asked,
    crowded, each_named,
    entry::Tally,
    key, put_namespace,
    question::{tell_nothing, OnDevice, Question},
    NETNS,
};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        allowance::Allowance,
        genetlink::{Attributes, Message, Part, Refusal},
        inet::{Family, Tuple, V4, V6},
        mptcp,
        namespace::{Alive, Held},
    },
    table::{mptcp::Mptcp, Outcome},
    uapi::netlink::{namespace, selector},
};

/// The most that it may take to go over the connections of a namespace, in steps of the allowance; what is
/// left to find the namespace; and what it takes to go through the table: all the rest, so that a part of a
/// dump does it once. It takes less, but for a table that is full.
const CONNECTIONS: u32 = 6 << 10;
const SELECT: u32 = 1 << 10;
const TABLE: u32 = Allowance::CALL - CONNECTIONS - SELECT;

/// Whether there may be anything to go through for a namespace.
fn was_ever_used(net: Alive<'_>) -> bool {
    let guard = rcu::read_lock();
    mptcp::were_ever(net.listed((&guard).into()))
}

/// The ends of connections.
enum Key {
    V4(Question<Tuple<V4>>),
    V6(Question<Tuple<V6>>),
}

impl Key {
    fn of(attributes: Attributes<'_>) -> Result<Self, Refusal<'_>> {
        Ok(match key::is_of::<V4>(attributes)? {
            true => Self::V4(key::ends(attributes)?),
            false => Self::V6(key::ends(attributes)?),
        })
    }

    /// Looks for it in a namespace; `false` if nothing was found, nor left out.
    fn look_up(
        &self,
        net: Alive<'_>,
        message: &mut Message<'_>,
        allowance: &Allowance,
    ) -> Result<bool> {
        put_namespace(message, &net)?;
        message.put_u32(NSMUX_A_LOOKUP_TABLE, NSMUX_TABLE_MPTCP)?;
        let outcome = match self {
            Self::V4(question) => tell(net, question, message, allowance)?,
            Self::V6(question) => tell(net, question, message, allowance)?,
        };
        if allowance.is_incomplete() {
            message.put_flag(NSMUX_A_LOOKUP_INCOMPLETE)?;
        }
        Ok(outcome != Outcome::None || allowance.is_incomplete())
    }

    /// Adds a namespace to a dump, if something was found there; `false` if it has to wait for the next
    /// part.
    fn add<'a>(&self, part: &mut Part<'a, Instance>, net: Alive<'_>) -> Result<bool, Refusal<'a>> {
        if !was_ever_used(net) {
            return Ok(true);
        }
        let allowance = part.request.allowance();
        if !(allowance.is_alone() && allowance.covers(TABLE + CONNECTIONS)) {
            allowance.exhaust();
            return Ok(false);
        }
        part.add_if(|request, message| {
            request.allowance().spend(TABLE);
            request.allowance().spend_in(CONNECTIONS, |allowance| {
                Ok(self.look_up(net, message, allowance)?)
            })
        })
    }
}

/// Writes which connections of a namespace have these ends.
fn tell<F: Family>(
    net: Alive<'_>,
    question: &Question<Tuple<F>>,
    message: &mut Message<'_>,
    allowance: &Allowance,
) -> Result<Outcome> {
    let guard = rcu::read_lock();
    let listed = net.listed((&guard).into());
    let arrival = listed.branded(|namespace| question.place.arrival(namespace));
    drop(guard);
    let Some(arrival) = arrival else {
        return tell_nothing(message);
    };
    let mut tally = Tally::new(message, allowance);
    if was_ever_used(net) {
        let tuple = question.key.on(arrival);
        Mptcp::for_each(net, &tuple, allowance, |socket| tally.add(socket))?;
    }
    tally.finish()
}

/// Looks for connections in one namespace.
pub(super) fn answer<'a>(
    request: &Asked<'a>,
    message: &mut Message<'_>,
) -> Result<(), Refusal<'a>> {
    let key = Key::of(request.attributes())?;
    selector::with_selected(request, NETNS, |net| {
        let allowance = request.allowance();
        let is_short = !was_ever_used(net) && allowance.covers(CONNECTIONS);
        if !(allowance.is_alone() || is_short) {
            return Err(crowded());
        }
        allowance.spend_in(CONNECTIONS, |allowance| {
            Ok(key.look_up(net, message, allowance).map(|_| ())?)
        })
    })
}

/// Looks for connections in the namespaces that a dump names, or that the requester may see.
pub(super) fn dump<'a>(part: &mut Part<'a, Instance>) -> Result<bool, Refusal<'a>> {
    let attributes = part.request.attributes();
    let key = Key::of(attributes)?;
    if attributes.get(NETNS).is_some() {
        return each_named(part, |part, net| key.add(part, net));
    }
    loop {
        let mut next: Option<Held> = None;
        let are_all = namespace::each(part, |_, listed| {
            if mptcp::were_ever(listed) {
                next = listed.hold();
            }
            Ok(next.is_none())
        })?;
        let Some(held) = next else {
            return Ok(are_all);
        };
        if !key.add(part, held.alive())? {
            return Ok(false);
        }
        part.progress.cookie = held.alive().cookie();
    }
}
