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
    question::{OnDevice, Question},
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
/// left to find the namespace; and with that the most that it may take to go through the table.
const CONNECTIONS: u32 = 6 << 10;
const SELECT: u32 = 1 << 10;
const THROUGH: u32 = Allowance::CALL - CONNECTIONS - SELECT;

/// What there is to go through for a namespace.
enum Way {
    /// Nothing: it has never had a socket of MPTCP.
    Nothing,
    /// The table, in so many steps.
    Table(u32),
    /// More than a call may take, or nobody knows how much.
    TooMuch,
}

impl Way {
    fn of(net: Alive<'_>) -> Self {
        let guard = rcu::read_lock();
        let was_ever_used = mptcp::were_ever(net.listed((&guard).into()));
        drop(guard);
        if !was_ever_used {
            return Self::Nothing;
        }
        match mptcp::steps(net) {
            Some(steps @ ..=THROUGH) => Self::Table(steps),
            _ => Self::TooMuch,
        }
    }

    /// What it takes, with the connections of the namespace, in steps of the allowance.
    fn most(&self) -> u32 {
        match self {
            Self::Table(steps) => steps + CONNECTIONS,
            Self::Nothing | Self::TooMuch => 0,
        }
    }
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
        way: &Way,
        message: &mut Message<'_>,
        allowance: &Allowance,
    ) -> Result<bool> {
        put_namespace(message, &net)?;
        message.put_u32(NSMUX_A_LOOKUP_TABLE, NSMUX_TABLE_MPTCP)?;
        allowance.spend_in(way.most(), |allowance| {
            let outcome = match (way, self) {
                (Way::Table(steps), key) => {
                    allowance.spend(*steps);
                    match key {
                        Self::V4(question) => tell(net, question, message, allowance)?,
                        Self::V6(question) => tell(net, question, message, allowance)?,
                    }
                }
                (Way::Nothing | Way::TooMuch, _) => Tally::new(message, allowance).finish()?,
            };
            let is_incomplete = match way {
                Way::Nothing => false,
                Way::Table(_) => allowance.is_incomplete(),
                Way::TooMuch => true,
            };
            if is_incomplete {
                message.put_flag(NSMUX_A_LOOKUP_INCOMPLETE)?;
            }
            Ok(outcome != Outcome::None || is_incomplete)
        })
    }

    /// Adds a namespace to a dump, if something was found there; `false` if it has to wait for the next
    /// part.
    fn add<'a>(&self, part: &mut Part<'a, Instance>, net: Alive<'_>) -> Result<bool, Refusal<'a>> {
        let way = Way::of(net);
        let allowance = part.request.allowance();
        match way {
            Way::Nothing => Ok(true),
            _ if !(allowance.is_alone() && allowance.covers(way.most())) => {
                allowance.exhaust();
                Ok(false)
            }
            _ => part.add_if(|request, message| {
                Ok(self.look_up(net, &way, message, request.allowance())?)
            }),
        }
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
    let mut tally = Tally::new(message, allowance);
    if let Some(arrival) = arrival {
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
        let (allowance, way) = (request.allowance(), Way::of(net));
        let is_short = matches!(way, Way::Nothing) && allowance.covers(CONNECTIONS);
        if !(allowance.is_alone() || is_short) {
            return Err(crowded());
        }
        Ok(key.look_up(net, &way, message, allowance).map(|_| ())?)
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
