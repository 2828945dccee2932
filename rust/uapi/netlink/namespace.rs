// SPDX-License-Identifier: GPL-2.0

//! `namespace-get`, `mode-set` and `counters-reset`.

use kernel::{prelude::*, sync::rcu};

use super::{selector, Asked};
use crate::{
    account::{Account, Dispute, Event, Left, Protocol, DIRECTIONS},
    bindings::*,
    instance::Instance,
    mode::Mode,
    net::{
        chains::Chains,
        genetlink::{Message, Part, Refusal},
        hashtables::Hashtable,
        namespace::Listed,
    },
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

const NETNS: u16 = NSMUX_A_NAMESPACE_NETNS as u16;
const MODE: u16 = NSMUX_A_NAMESPACE_MODE as u16;

/// How many namespaces are gone over in one read-side section.
const AT_ONCE: usize = 64;

/// The counters that are attributes of their own.
const EVENTS: [(Event, u32); 19] = [
    (
        Event::Resolved(ResolvedBy::Socket),
        NSMUX_A_COUNTERS_BY_SOCKET,
    ),
    (
        Event::Resolved(ResolvedBy::Device),
        NSMUX_A_COUNTERS_BY_DEVICE,
    ),
    (Event::Resolved(ResolvedBy::Hook), NSMUX_A_COUNTERS_BY_HOOK),
    (Event::Disagreement, NSMUX_A_COUNTERS_DISAGREE),
    (Event::Unparsed, NSMUX_A_COUNTERS_UNPARSED),
    (Event::LaterFragment, NSMUX_A_COUNTERS_FRAGMENT),
    (Event::NoTable, NSMUX_A_COUNTERS_NO_TABLE),
    (Event::Routed, NSMUX_A_COUNTERS_ROUTED),
    (Event::Dropped, NSMUX_A_COUNTERS_DROPPED),
    (Event::Tapped, NSMUX_A_COUNTERS_TAPPED),
    (Event::Steered, NSMUX_A_COUNTERS_STEERED),
    (Event::EarlyDemux, NSMUX_A_COUNTERS_EARLY_DEMUX),
    (Event::Chosen, NSMUX_A_COUNTERS_CHOSEN),
    (Event::Twin, NSMUX_A_COUNTERS_TWIN),
    (Event::Left(Left::Kind), NSMUX_A_COUNTERS_LEFT_KIND),
    (Event::Left(Left::Device), NSMUX_A_COUNTERS_LEFT_DEVICE),
    (Event::Left(Left::Form), NSMUX_A_COUNTERS_LEFT_FORM),
    (
        Event::Dispute(Dispute::EarlyDemux),
        NSMUX_A_COUNTERS_DISPUTE_EARLY_DEMUX,
    ),
    (
        Event::Dispute(Dispute::Sender),
        NSMUX_A_COUNTERS_DISPUTE_SENDER,
    ),
];

/// Tells about one namespace.
pub(super) fn answer(request: &Asked<'_>, message: &mut Message<'_>) -> Result<(), Refusal> {
    selector::with_selected(request, NETNS, |net| {
        let chains = [Chains::of_tcp(net), Chains::of_udp(net)];
        let guard = rcu::read_lock();
        Ok(describe(
            request,
            net.listed((&guard).into()),
            message,
            Some(&chains),
        )?)
    })
}

/// Tells about all that the requester may see.
pub(super) fn dump(part: &mut Part<'_, Instance>) -> Result<bool, Refusal> {
    each(part, |part, net| {
        part.add(|request, message| Ok(describe(request, net, message, None)?))
    })
}

/// Calls `add` with each namespace that the requester may see and that the dump has not done yet,
/// in the order of their cookies, until it gives `false`; `true` if all are done.
///
/// None is held: a namespace may die meanwhile, and is then left out. What was made meanwhile may
/// be left out as well.
pub(super) fn each(
    part: &mut Part<'_, Instance>,
    mut add: impl FnMut(&mut Part<'_, Instance>, Listed<'_>) -> Result<bool, Refusal>,
) -> Result<bool, Refusal> {
    loop {
        let guard = rcu::read_lock();
        let mut seen = 0;
        for net in Listed::after(part.progress.cookie, (&guard).into()).take(AT_ONCE) {
            seen += 1;
            let is_seen = net.is_reached() && part.request.may_administer(&net);
            if is_seen && !add(part, net)? {
                return Ok(false);
            }
            part.progress.cookie = net.cookie();
        }
        if seen < AT_ONCE {
            return Ok(true);
        }
    }
}

/// Changes the mode of a namespace.
pub(super) fn set_mode(request: &Asked<'_>) -> Result<(), Refusal> {
    let attribute = request
        .attributes()
        .get(MODE)
        .ok_or(Refusal::missing(MODE))?;
    let mode = Mode::from_number(attribute.u32()?)?;
    selector::with_selected(request, NETNS, |net| {
        Ok(super::change_mode(request.living(net), mode)?)
    })
}

/// Lets a namespace count from 0.
pub(super) fn reset_counters(request: &Asked<'_>) -> Result<(), Refusal> {
    selector::with_selected(request, NETNS, |net| {
        let reset = request.living(net).account().reset();
        reset.map_err(|error| Refusal::from(Error::from(error)))
    })
}

fn describe(
    request: &Asked<'_>,
    net: Listed<'_>,
    message: &mut Message<'_>,
    chains: Option<&[Chains; 2]>,
) -> Result {
    let [tcp, udp] = match chains {
        Some([tcp, udp]) => [Some(tcp), Some(udp)],
        None => [None, None],
    };
    let instance = request.slot(net);
    message.put_uint(NSMUX_A_NAMESPACE_COOKIE, net.cookie())?;
    message.put_u32(NSMUX_A_NAMESPACE_INODE, net.inode())?;
    if let Some(number) = request.net().number_of(&net) {
        message.put_u32(NSMUX_A_NAMESPACE_NSID, number)?;
    }
    message.put_u32(NSMUX_A_NAMESPACE_MODE, instance.mode() as u32)?;
    message.put_u32(NSMUX_A_NAMESPACE_DEVICES, net.count_devices())?;
    put_table(message, NSMUX_TABLE_TCP, &Hashtable::tcp(net), tcp)?;
    put_table(message, NSMUX_TABLE_UDP, &Hashtable::udp(net), udp)?;
    for (direction, _) in DIRECTIONS {
        message.nest(NSMUX_A_NAMESPACE_COUNTERS, |message| {
            put_counters(message, instance.account(), direction)
        })?;
    }
    Ok(())
}

fn put_table(
    message: &mut Message<'_>,
    number: u32,
    table: &Hashtable,
    chains: Option<&Chains>,
) -> Result {
    message.nest(NSMUX_A_NAMESPACE_TABLE, |message| {
        message.put_u32(NSMUX_A_TABLE_TABLE, number)?;
        if table.is_private {
            message.put_flag(NSMUX_A_TABLE_PRIVATE)?;
        }
        message.put_u32(NSMUX_A_TABLE_SIZE, table.buckets)?;
        if let Some(sockets) = table.sockets {
            message.put_u32(NSMUX_A_TABLE_SOCKETS, sockets)?;
        }
        if let Some(chains) = chains {
            message.put_u32(NSMUX_A_TABLE_WALKED, chains.walked)?;
            message.put_u32(NSMUX_A_TABLE_USED, chains.used)?;
            message.put_u32(NSMUX_A_TABLE_ENTRIES, chains.entries)?;
            message.put_u32(NSMUX_A_TABLE_OWN, chains.own)?;
            message.put_u32(NSMUX_A_TABLE_LONGEST, chains.longest)?;
        }
        Ok(())
    })
}

fn put_counters(message: &mut Message<'_>, account: &Account, direction: Direction) -> Result {
    message.put_u32(NSMUX_A_COUNTERS_DIRECTION, direction as u32)?;
    for (event, number) in EVENTS {
        message.put_uint(number, account.read(direction, event) as u64)?;
    }
    for (protocol, _) in Protocol::ALL {
        for (outcome, _) in Outcome::ALL {
            let packets = account.read(direction, Event::Lookup(protocol, outcome)) as u64;
            if packets == 0 {
                continue;
            }
            message.nest(NSMUX_A_COUNTERS_LOOKUPS, |message| {
                message.put_u32(NSMUX_A_LOOKUPS_PROTOCOL, protocol as u32)?;
                message.put_u32(NSMUX_A_LOOKUPS_OUTCOME, outcome as u32)?;
                message.put_uint(NSMUX_A_LOOKUPS_PACKETS, packets)
            })?;
        }
    }
    Ok(())
}
