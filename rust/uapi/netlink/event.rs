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
        global_lock, rcu,
    },
};

use crate::{
    bindings::{self, *},
    instance::Instance,
    miss::{self, Missed},
    mode::Mode,
    net::{
        genetlink::{self, Message},
        namespace::{Alive, Held, Listed},
        periodic,
        pernet::{Living, Slot},
    },
    uapi::log,
};

/// The places of the groups in the list of the family.
const MISS: u32 = NSMUX_NLGRP_MISS;
const NAMESPACE: u32 = NSMUX_NLGRP_NAMESPACE;

/// How many namespaces are gone over in one read-side section.
const AT_ONCE: usize = 64;

global_lock! {
    // SAFETY: `prepare` initialises it before anything can use it.
    /// Whether the family is registered: held while something is told.
    unsafe(uninit) static IS_OPEN: Mutex<bool> = false;
}

/// Prepares what is used while the first instances are made.
pub(super) fn prepare() {
    // SAFETY: Called once, when the module is initialised.
    unsafe { IS_OPEN.init() };
}

/// Has events told from now on: the family is registered.
pub(super) fn open() {
    *IS_OPEN.lock() = true;
    // Somebody may have joined in between.
    periodic::schedule();
}

/// Has no events told any more: the family is about to go. May sleep.
pub(super) fn close() {
    *IS_OPEN.lock() = false;
}

/// Waits for what may still look for misses: nobody can join any more. May sleep.
pub(super) fn stop() {
    periodic::cancel();
}

/// Somebody has joined a group.
pub(super) extern "C" fn joined(group: c_int) -> c_int {
    if group == MISS as c_int {
        miss::want(true);
        periodic::schedule();
    }
    0
}

/// Changes the mode of a namespace, and tells those who listen; see [`Instance::set_mode`]. May sleep.
pub(crate) fn change_mode(slot: Living<'_, Instance>, to: Mode) -> Result {
    Instance::set_mode(slot, to, || tell_mode(slot.net(), to))
}

/// Tells that the mode of a namespace was changed. May sleep.
fn tell_mode(net: Alive<'_>, mode: Mode) {
    if mode == Mode::Verify {
        let is_open = IS_OPEN.lock();
        // Otherwise it is begun when the family is registered.
        if *is_open {
            periodic::schedule();
        }
    }
    tell(net, NAMESPACE, NSMUX_CMD_NAMESPACE_MODE_NTF, |message| {
        message.put_uint(NSMUX_A_NAMESPACE_COOKIE, net.cookie())?;
        message.put_u32(NSMUX_A_NAMESPACE_INODE, net.inode())?;
        message.put_u32(NSMUX_A_NAMESPACE_MODE, mode as u32)
    });
}

/// Tells a message to those who listen in `net` and in the initial namespace.
fn tell(net: Alive<'_>, group: u32, command: u32, fill: impl Fn(&mut Message<'_>) -> Result) {
    let is_open = IS_OPEN.lock();
    if !*is_open {
        return;
    }
    let initial = Some(Alive::initial()).filter(|initial| **initial != *net);
    for to in [Some(net), initial].into_iter().flatten() {
        if is_heard(to, group) {
            // Events are lost for want of memory, the listener's or ours, as all of netlink's are.
            // SAFETY: The family is registered while the lock is held and it is open.
            let _ = unsafe {
                genetlink::notify(
                    &raw const bindings::nsmux_nl_family,
                    to,
                    group,
                    command,
                    &fill,
                )
            };
        }
    }
}

fn is_heard(net: Alive<'_>, group: u32) -> bool {
    let guard = rcu::read_lock();
    has_listeners(net.listed((&guard).into()), group)
}

fn has_listeners(net: Listed<'_>, group: u32) -> bool {
    // SAFETY: The family is a static, and its groups keep their places until after `stop`, which is
    // called when it has been unregistered: in between nobody listens.
    unsafe { genetlink::has_listeners(&raw const bindings::nsmux_nl_family, net, group) }
}

/// How often misses are looked for without a listener before that is given up, some seconds:
/// somebody is a member of a group a moment after having joined it.
const PATIENCE: u32 = 50;

/// Tells the misses and disputes that were noted, and does so again while somebody listens or there
/// may be disputes.
#[no_mangle]
extern "C" fn nsmux_periodic_work() {
    static ALONE: Atomic<u32> = Atomic::new(0);

    let alone = match tell_noted() {
        Ok(Awaited {
            is_heard: false,
            is_verified: false,
        }) => ALONE.load(Relaxed) + 1,
        Ok(Awaited { is_heard, .. }) => {
            miss::want(is_heard);
            0
        }
        // Without memory nothing is known, and the notes stay.
        Err(_) => 0,
    };
    ALONE.store(alone, Relaxed);
    if alone < PATIENCE {
        periodic::schedule();
    } else {
        ALONE.store(0, Relaxed);
        miss::want(false);
    }
}

/// What makes another round necessary.
#[derive(Clone, Copy)]
struct Awaited {
    /// Somebody listens for misses.
    is_heard: bool,
    /// The mode of some namespace is verify.
    is_verified: bool,
}

/// Tells what was noted in all namespaces, and what may still be.
fn tell_noted() -> Result<Awaited> {
    let mut awaited = Awaited {
        is_heard: is_heard(Alive::initial(), MISS),
        is_verified: false,
    };
    let mut round = log::Round::begin();
    let mut cookie = 0;
    loop {
        let mut notes = KVec::with_capacity(AT_ONCE, GFP_KERNEL)?;
        let mut seen = 0;
        let guard = rcu::read_lock();
        for listed in Listed::after(cookie, (&guard).into()).take(AT_ONCE) {
            seen += 1;
            cookie = listed.net().cookie();
            awaited.is_heard |= has_listeners(listed, MISS);
            // SAFETY: The instances last as long as the family, and the namespace is listed.
            let instance = unsafe { Slot::<Instance>::of(listed.net()) };
            awaited.is_verified |= instance.mode() == Mode::Verify;
            round.tell(listed.net(), instance.dispute());
            let note = instance.miss().take(|| instance.account().misses());
            if let (Some((missed, count)), Some(held)) = (note, listed.hold()) {
                notes.push_within_capacity((held, missed, count as u64))?;
            }
        }
        drop(guard);
        for (held, missed, count) in &notes {
            tell_miss(held, missed, *count);
        }
        if seen < AT_ONCE {
            round.end();
            return Ok(awaited);
        }
    }
}

fn tell_miss(held: &Held, missed: &Missed, count: u64) {
    let net = held.alive();
    tell(net, MISS, NSMUX_CMD_MISS_NTF, |message| {
        message.put_uint(NSMUX_A_MISS_NETNS_COOKIE, net.cookie())?;
        message.put_u32(NSMUX_A_MISS_PROTOCOL, missed.protocol as u32)?;
        let (address, port) = missed.local;
        message.put(NSMUX_A_MISS_LOCAL_ADDRESS, address.bytes())?;
        message.put(NSMUX_A_MISS_LOCAL_PORT, &port.to_header())?;
        let (address, port) = missed.remote;
        message.put(NSMUX_A_MISS_REMOTE_ADDRESS, address.bytes())?;
        message.put(NSMUX_A_MISS_REMOTE_PORT, &port.to_header())?;
        message.put_u32(NSMUX_A_MISS_DEVICE, missed.device)?;
        message.put_uint(NSMUX_A_MISS_COUNT, count)
    });
}
