// SPDX-License-Identifier: GPL-2.0

//! `namespace-get`, `mode-set` and `counters-reset`.

use kernel::{prelude::*, sync::rcu};

use super::{event, selector, Asked};
use crate::{
    account::{Account, Dispute, Event, Left, Protocol, DIRECTIONS},
    bindings::*,
    instance::Instance,
    mode::Mode,
    net::{
        allowance::Allowance,
        chains::Chains,
        genetlink::{Message, Part, Refusal},
        hashtables::Hashtable,
        namespace::{Alive, Listed, Numbers},
    },
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

const NETNS: u16 = NSMUX_A_NAMESPACE_NETNS as u16;
const MODE: u16 = NSMUX_A_NAMESPACE_MODE as u16;

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
pub(super) fn answer<'a>(
    request: &Asked<'a>,
    message: &mut Message<'_>,
) -> Result<(), Refusal<'a>> {
    selector::with_selected(request, NETNS, |net| {
        let allowance = request.allowance();
        allowance.spend(DESCRIBE);
        let mut numbers = Numbers::with_capacity(1)?;
        numbers.want(&net);
        let is_whole = numbers.look(request.net(), allowance);
        if !is_whole && !allowance.is_alone() {
            let text =
                c"there are too many requests in one packet to tell about one more namespace";
            return Err(Refusal::new(E2BIG, text));
        }
        let chains = chains(request, net);
        let guard = rcu::read_lock();
        let listed = net.listed((&guard).into());
        Ok(describe(
            request,
            listed,
            message,
            numbers.of(&net),
            &chains,
        )?)
    })
}

/// The chains of a namespace's tables of TCP and UDP, as far as the requester may know them.
///
/// How full a table is that others share, and which of one's own sockets make its chains longer, says
/// something about the others: it is for who administers them all.
fn chains(request: &Asked<'_>, net: Alive<'_>) -> [Option<Chains>; 2] {
    // One request of a packet has them at most, unless it has done much already.
    let allowance = request.allowance();
    if !(allowance.is_alone() && allowance.covers(CHAINS)) {
        return [None, None];
    }
    let sees_all = request.may_administer(&Alive::initial());
    let (is_tcp_private, is_udp_private) = {
        let guard = rcu::read_lock();
        let listed = net.listed((&guard).into());
        (
            Hashtable::tcp(listed).is_private,
            Hashtable::udp(listed).is_private,
        )
    };
    [
        (sees_all || is_tcp_private).then(|| Chains::of_tcp(net)),
        (sees_all || is_udp_private).then(|| Chains::of_udp(net)),
    ]
}

/// What has to be left of an allowance for going over chains.
const CHAINS: u32 = Allowance::CALL / 2;
/// What it takes to tell about a namespace, in steps of the allowance, and how many of its devices
/// are counted in one.
const DESCRIBE: u32 = 1024;
const DEVICES: u32 = 4;
/// For how many namespaces at a time the numbers are looked at, and what an allowance has to cover for
/// that.
const AT_ONCE: usize = 64;
const BATCH: u32 = 1 << 15;
/// What it may take to find them, and about how many of them can be told in any case.
const FIND: u32 = 1 << 13;
const TELL: u32 = 8;

/// Tells about all that the requester may see: about as many in a part as their numbers are looked
/// for at a time.
pub(super) fn dump<'a>(part: &mut Part<'a, Instance>) -> Result<bool, Refusal<'a>> {
    let allowance = part.request.allowance();
    if !allowance.covers(BATCH) {
        allowance.exhaust();
        return Ok(false);
    }
    let rest = allowance.left().saturating_sub(FIND);
    let begin = part.progress.cookie;
    let mut numbers = Numbers::with_capacity(AT_ONCE)?;
    let are_all = each_leaving(part, rest, |_, net| Ok(numbers.want(&net)))?;
    if !numbers.is_empty() {
        let end = core::mem::replace(&mut part.progress.cookie, begin);
        let allowance = part.request.allowance();
        let namespace = part.request.net();
        let most = allowance.left().saturating_sub(TELL * DESCRIBE);
        let is_whole = allowance.spend_in(most, |allowance| numbers.look(namespace, allowance));
        if !is_whole && part.is_first() {
            allowance.exhaust();
            return Ok(false);
        }
        let mut is_past = false;
        let are_told = each(part, |part, net| {
            is_past = net.cookie() > end;
            if is_past {
                return Ok(false);
            }
            part.request.allowance().spend(DESCRIBE);
            let number = numbers.of(&net);
            part.add(|request, message| Ok(describe(request, net, message, number, &[None, None])?))
        })?;
        if !is_past {
            return Ok(are_told);
        }
    }
    if !are_all {
        part.request.allowance().exhaust();
    }
    Ok(are_all)
}

/// What it takes to see whether the requester may see a namespace, in steps of the allowance.
const SEE: u32 = 16;

/// Calls `add` with each namespace that the requester may see and that the dump has not done yet,
/// in the order of their cookies, until it gives `false` or the allowance is spent; `true` if all
/// are done.
///
/// None is held: a namespace may die meanwhile, and is then left out. What was made meanwhile may
/// be left out as well.
pub(super) fn each<'a>(
    part: &mut Part<'a, Instance>,
    add: impl FnMut(&mut Part<'a, Instance>, Listed<'_>) -> Result<bool, Refusal<'a>>,
) -> Result<bool, Refusal<'a>> {
    each_leaving(part, 0, add)
}

/// The same, but stops when no more than a `rest` of the allowance is left.
pub(super) fn each_leaving<'a>(
    part: &mut Part<'a, Instance>,
    rest: u32,
    mut add: impl FnMut(&mut Part<'a, Instance>, Listed<'_>) -> Result<bool, Refusal<'a>>,
) -> Result<bool, Refusal<'a>> {
    while !part.request.allowance().is_spent() && part.request.allowance().covers(rest) {
        let guard = rcu::read_lock();
        let pause = part.request.allowance().pause();
        let mut is_last = true;
        for net in Listed::after(part.progress.cookie, (&guard).into()) {
            let allowance = part.request.allowance();
            if allowance.is_at(pause) || !allowance.covers(rest) {
                is_last = false;
                break;
            }
            allowance.spend(SEE);
            let is_seen = net.is_reached() && part.request.may_administer(&net);
            if is_seen && !add(part, net)? {
                return Ok(false);
            }
            part.progress.cookie = net.cookie();
        }
        if is_last {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes the mode of a namespace.
pub(super) fn set_mode<'a>(request: &Asked<'a>) -> Result<(), Refusal<'a>> {
    let attribute = request
        .attributes()
        .get(MODE)
        .ok_or(Refusal::missing(MODE))?;
    let mode = Mode::from_number(attribute.u32()?)?;
    selector::with_selected(request, NETNS, |net| {
        Ok(event::change_mode_soon(request.living(net), mode)?)
    })
}

/// Lets a namespace count from 0.
pub(super) fn reset_counters<'a>(request: &Asked<'a>) -> Result<(), Refusal<'a>> {
    selector::with_selected(request, NETNS, |net| {
        let reset = request.living(net).account().reset();
        reset.map_err(|error| Refusal::from(Error::from(error)))
    })
}

fn describe(
    request: &Asked<'_>,
    net: Listed<'_>,
    message: &mut Message<'_>,
    number: Option<u32>,
    [tcp, udp]: &[Option<Chains>; 2],
) -> Result {
    let instance = request.slot(net);
    message.put_uint(NSMUX_A_NAMESPACE_COOKIE, net.cookie())?;
    message.put_u32(NSMUX_A_NAMESPACE_INODE, net.inode())?;
    if let Some(number) = number {
        message.put_u32(NSMUX_A_NAMESPACE_NSID, number)?;
    }
    message.put_u32(NSMUX_A_NAMESPACE_MODE, instance.mode() as u32)?;
    let devices = net.count_devices();
    request.allowance().spend(devices / DEVICES);
    message.put_u32(NSMUX_A_NAMESPACE_DEVICES, devices)?;
    put_table(message, NSMUX_TABLE_TCP, &Hashtable::tcp(net), tcp.as_ref())?;
    put_table(message, NSMUX_TABLE_UDP, &Hashtable::udp(net), udp.as_ref())?;
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
