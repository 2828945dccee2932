// SPDX-License-Identifier: GPL-2.0

//! Events: who listens is told of changed modes, and of packets without a socket.
//!
//! An event of a namespace goes to those who listen in it and to those who listen in the initial
//! one.

use kernel::ffi::c_int;
use kernel::{
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        global_lock, GlobalGuard, SetOnce,
    },
};

use super::device_name::put_device_name;
use crate::{
    bindings::{self, *},
    dispute,
    instance::{Instance, UNWATCHED},
    miss,
    mode::Mode,
    net::{
        genetlink::{self, Message},
        namespace::{Alive, Governed, Held, Listed, Net},
        periodic,
        pernet::{Living, Slot},
        queue, rcu,
    },
    uapi::log,
};

/// The places of the groups in the list of the family.
const MISS: u32 = NSMUX_NLGRP_MISS;
const NAMESPACE: u32 = NSMUX_NLGRP_NAMESPACE;

global_lock! {
    // SAFETY: `prepare` initialises it before anything can use it.
    /// Whether the family is registered: held while something is told.
    unsafe(uninit) static IS_OPEN: Mutex<bool> = false;
}

global_lock! {
    // SAFETY: `prepare` initialises it before anything can use it.
    /// Whether the instances stay: held while devices are given counters. Who is told an event waits
    /// for the other lock, and so does who asks with that of all requests held.
    unsafe(uninit) static STAY: Mutex<bool> = true;
}

/// Whether that is prepared.
static IS_PREPARED: SetOnce<()> = SetOnce::new();

/// Prepares what is used while the first instances are made, unless it is.
pub(super) fn prepare() {
    if IS_PREPARED.populate(()) {
        // SAFETY: Nobody has come here before: there is no family yet whose events could be told.
        unsafe { IS_OPEN.init() };
        // SAFETY: As above, nor an instance.
        unsafe { STAY.init() };
    }
    queue::prepare();
}

/// Has events told from now on: the family is registered.
pub(super) fn open() {
    *IS_OPEN.lock() = true;
}

/// Has no events told any more, and no devices given counters: the family is about to go, and the
/// instances behind it. May sleep.
pub(super) fn close() {
    *IS_OPEN.lock() = false;
    *STAY.lock() = false;
}

/// What tells the events, for as long as anything can be noted: to be made before the first instance,
/// and dropped behind the last one.
pub(super) struct Teller;

impl Drop for Teller {
    fn drop(&mut self) {
        periodic::cancel();
    }
}

/// Until when listeners are counted again, by the clock of [`periodic::seconds`].
static COUNT_UNTIL: Atomic<u64> = Atomic::new(0);
/// In how many tenths of a second they are counted again.
static PAUSE: Atomic<u32> = Atomic::new(1);
/// How long after somebody has joined a group listeners are counted, in seconds: somebody is a member
/// a moment after having joined.
const PATIENCE: u64 = 6;

/// Somebody is about to join a group.
///
/// Who that is, is not said. If the socket is of the namespace that the process is in, and not only
/// in its hands, misses are noted there from now on; otherwise when listeners are counted.
pub(super) extern "C" fn joined(group: c_int) -> c_int {
    if group == MISS as c_int {
        if let Ok(held) = Held::of_current() {
            let net = held.alive();
            if net.is_administered_by_current() {
                // SAFETY: The instances last as long as the family, and the namespace is held.
                let instance = unsafe { Slot::<Instance>::of(&net) };
                mark(&miss::Count::begin(), &net, instance);
            }
        }
    }
    left(group);
    0
}

/// Somebody has left a group.
pub(super) extern "C" fn left(group: c_int) {
    if group == MISS as c_int {
        COUNT_UNTIL.store(periodic::seconds() + PATIENCE, Relaxed);
        PAUSE.store(1, Relaxed);
        periodic::wake();
    }
}

/// Notes that somebody listens in a namespace.
fn mark(count: &miss::Count, net: &Net, instance: &Instance) {
    count.heard(instance.miss());
    if *net == *Alive::initial() {
        count.heard_everywhere();
    }
}

/// Changes the mode of a namespace, and tells those who listen; see [`Instance::set_mode`]. From then
/// on each device counts. May sleep, and takes RTNL.
pub(crate) fn change_mode(slot: Living<'_, Instance>, to: Mode) -> Result {
    if to != Mode::Off && slot.net().is_reached() {
        Instance::watch_devices(slot)?;
    }
    Instance::set_mode(slot, to, || tell_mode(slot.net(), to))
}

/// The same for a request, for which everybody waits who registers a family: the devices, of which
/// there may be many, are given their counters a tenth of a second later. May sleep.
pub(super) fn change_mode_soon(slot: Living<'_, Instance>, to: Mode) -> Result {
    let turn = match to {
        Mode::Off => None,
        Mode::Observe | Mode::Verify | Mode::Steer => Some(slot.watch_later(slot.net().cookie())?),
    };
    Instance::set_mode(slot, to, || tell_mode(slot.net(), to))?;
    if let Some(turn) = turn {
        turn.add();
    }
    Ok(())
}

/// Tells that the mode of a namespace was changed. May sleep.
fn tell_mode(net: Alive<'_>, mode: Mode) {
    let initial = Some(Alive::initial()).filter(|initial| **initial != *net);
    let to = [Some(net), initial].into_iter().flatten();
    let is_open = IS_OPEN.lock();
    if *is_open {
        let command = NSMUX_CMD_NAMESPACE_MODE_NTF;
        tell(&is_open, to, NAMESPACE, command, &|message| {
            message.put_uint(NSMUX_A_NAMESPACE_COOKIE, net.cookie())?;
            message.put_u32(NSMUX_A_NAMESPACE_INODE, net.inode())?;
            message.put_u32(NSMUX_A_NAMESPACE_MODE, mode as u32)
        });
    }
}

/// Tells a message to those who listen in these namespaces, while the family is registered.
fn tell<'a>(
    _is_open: &Open,
    to: impl Iterator<Item = Alive<'a>>,
    group: u32,
    command: u32,
    fill: &dyn Fn(&mut Message<'_>) -> Result,
) {
    let family = &raw const bindings::nsmux_nl_family;
    // SAFETY: The family is registered while the lock is held and it is open.
    if !unsafe { genetlink::has_listeners(family, group) } {
        return;
    }
    for net in to {
        // Events are lost for want of memory, the listener's or ours, as all of netlink's are.
        // SAFETY: As above.
        let _ = unsafe { genetlink::notify(family, net, group, command, fill) };
    }
}

/// How many namespaces are told of in one go, before other work has its turn.
const AT_ONCE: usize = 256;
/// In how many tenths of a second it is seen whether the log has room again.
const LOG: u32 = 10;

/// Tells the misses and disputes that were noted, of one namespace after the other, and gives devices
/// their counters.
#[no_mangle]
extern "C" fn nsmux_periodic_work(_item: *mut bindings::work_struct) {
    periodic::begin();
    let waits = [
        count_again(),
        tell_misses(),
        tell_disputes(),
        watch_devices(),
    ];
    if let Some(tenths) = waits.into_iter().flatten().min() {
        periodic::schedule(tenths);
    }
}

/// Counts listeners for a while after somebody has joined; gives in how many tenths of a second
/// there is more to do.
fn count_again() -> Option<u32> {
    if periodic::seconds() >= COUNT_UNTIL.load(Relaxed) {
        return None;
    }
    count_listeners();
    let pause = PAUSE.load(Relaxed);
    PAUSE.store(pause.saturating_mul(2), Relaxed);
    Some(pause)
}

/// Tells misses; gives the same.
fn tell_misses() -> Option<u32> {
    miss::NOTED.begin();
    (0..AT_ONCE)
        .map_while(|_| miss::NOTED.take())
        .for_each(|cookie| with_instance(cookie, tell_miss));
    match (miss::NOTED.is_waiting(), miss::NOTED.has_more()) {
        (true, _) => Some(0),
        (false, true) => Some(1),
        (false, false) => None,
    }
}

/// Tells as many disputes as the log has room for; gives the same.
fn tell_disputes() -> Option<u32> {
    dispute::NOTED.begin();
    while log::has_room() {
        let Some(cookie) = dispute::NOTED.take() else {
            break;
        };
        with_instance(cookie, |_, net, instance| {
            if let Some(dispute) = instance.dispute() {
                log::tell_dispute(&net, dispute);
            }
        });
    }
    (dispute::NOTED.is_waiting() || dispute::NOTED.has_more()).then_some(LOG)
}

/// Gives the devices of a namespace their counters, of one at a time: it waits for RTNL, and for as
/// long as there are devices. Gives the same.
fn watch_devices() -> Option<u32> {
    UNWATCHED.begin();
    if let Some(cookie) = UNWATCHED.take() {
        let stay = STAY.lock();
        if let (true, Ok(held)) = (*stay, Held::from_cookie(cookie)) {
            // SAFETY: The instances stay while the lock is held and says so, and the namespace is held.
            let slot = unsafe { Living::<Instance>::of(held.alive()) };
            let done = match slot.mode() {
                Mode::Off => Ok(()),
                Mode::Observe | Mode::Verify | Mode::Steer => Instance::watch_devices(slot),
            };
            if let Err(error) = done {
                pr_warn!("namespace {}: devices do not count: {:?}\n", cookie, error);
            }
        }
    }
    (UNWATCHED.is_waiting() || UNWATCHED.has_more()).then_some(0)
}

/// The evidence that the family is registered.
type Open = GlobalGuard<IS_OPEN>;

/// Calls `f` with a namespace and what is kept for it, unless it has ended or the family is not
/// registered.
fn with_instance(cookie: u64, f: impl FnOnce(&Open, Alive<'_>, &Instance)) {
    let is_open = IS_OPEN.lock();
    if !*is_open {
        return;
    }
    if let Ok(held) = Held::from_cookie(cookie) {
        let net = held.alive();
        // SAFETY: The instances last longer than the family is open, and the namespace is held.
        f(&is_open, net, unsafe { Slot::<Instance>::of(&net) });
    }
}

/// Finds out where somebody listens for misses.
fn count_listeners() {
    let is_open = IS_OPEN.lock();
    if !*is_open {
        return;
    }
    let count = miss::Count::begin();
    let family = &raw const bindings::nsmux_nl_family;
    let heard = |listed: Listed<'_>| {
        // SAFETY: The instances last as long as the family, and the namespace is that of a process.
        let instance = unsafe { Slot::<Instance>::of(listed.net()) };
        mark(&count, listed.net(), instance);
    };
    // SAFETY: The family is registered while the lock is held and it is open.
    let all = unsafe { genetlink::for_each_listener(family, MISS, heard) };
    if all.is_err() {
        // Where there are too many to find them all, nobody is left out.
        count.heard_anywhere();
    }
    count.end();
}

fn tell_miss(is_open: &Open, net: Alive<'_>, instance: &Instance) {
    let Some((missed, count)) = instance.miss().take(|| instance.account().misses()) else {
        return;
    };
    let is_initial = *net == *Alive::initial();
    let is_heard = is_initial || instance.miss().is_heard() || miss::may_be_heard_anywhere();
    let here = is_heard.then_some(net);
    let initial = (!is_initial && miss::is_heard_everywhere()).then_some(Alive::initial());
    let to = [here, initial].into_iter().flatten();
    tell(is_open, to, MISS, NSMUX_CMD_MISS_NTF, &|message| {
        message.put_uint(NSMUX_A_MISS_NETNS_COOKIE, net.cookie())?;
        message.put_u32(NSMUX_A_MISS_PROTOCOL, missed.protocol as u32)?;
        let (address, port) = missed.local;
        message.put(NSMUX_A_MISS_LOCAL_ADDRESS, address.bytes())?;
        message.put(NSMUX_A_MISS_LOCAL_PORT, &port.to_header())?;
        let (address, port) = missed.remote;
        message.put(NSMUX_A_MISS_REMOTE_ADDRESS, address.bytes())?;
        message.put(NSMUX_A_MISS_REMOTE_PORT, &port.to_header())?;
        message.put_u32(NSMUX_A_MISS_DEVICE, missed.device)?;
        message.put_uint(NSMUX_A_MISS_COUNT, count as u64)?;
        let device = c_int::try_from(missed.device).unwrap_or(0);
        let guard = rcu::read_lock();
        let listed = net.listed((&guard).into());
        put_device_name(message, NSMUX_A_MISS_DEVICE_NAME, listed, device)
    });
}
