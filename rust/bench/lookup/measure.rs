// SPDX-License-Identifier: GPL-2.0

//! How long lookups take: nsmux's, from the net device on, and the kernel's functions.

use core::{
    arch::asm,
    ptr::from_ref, //
};
use kernel::{
    ffi::c_int,
    prelude::*,
    time::{Instant, Monotonic},
};

use crate::{
    batches::{each, sorted, BATCHES},
    direct::Timed,
    net::{
        device::NetDevice,
        inet::{Family, Tuple},
        namespace::{Held, Net},
        rcu::{self, Section},
        socket::SockCommon,
    },
    table::{Answer, Outcome},
};

/// Lookups that are timed together: few enough that most batches are over before something else
/// wants the processor.
const LOOKUPS: usize = 2048;
const WARM_UP: usize = 8;

/// A packet that is looked up, as the question has it.
pub(crate) struct Asked<F: Family> {
    pub(crate) namespace: Held,
    pub(crate) device: c_int,
    pub(crate) tuple: Tuple<F>,
}

/// The same in a read-side section: what nsmux begins with is the device, and what the kernel's
/// functions are given the namespace.
struct Packet<'a, K> {
    device: &'a NetDevice,
    net: &'a Net,
    key: K,
}

impl<'a, K> Packet<'a, K> {
    fn new<F: Family>(asked: &'a Asked<F>, section: Section<'a>, key: K) -> Result<Self> {
        let listed = asked.namespace.alive().listed(section);
        let device = listed.branded(|namespace| {
            NetDevice::by_index(namespace, asked.device).map(from_ref::<NetDevice>)
        });
        let device = device.ok_or(ENODEV)?;
        Ok(Self {
            // SAFETY: It was found in the section, for all of which it is valid.
            device: unsafe { &*device },
            net: listed.net(),
            key,
        })
    }
}

/// What came out: picoseconds for each lookup.
pub(crate) struct Figures {
    pub(crate) direct: u64,
    /// The same, with the namespace of the device: as the kernel's protocols call the functions.
    pub(crate) by_device: u64,
    pub(crate) nsmux: u64,
    pub(crate) again: u64,
    /// Of the same packet again and again, and without waiting for the last answer: as BPF's helpers
    /// can be timed.
    pub(crate) direct_repeated: u64,
    pub(crate) nsmux_repeated: u64,
}

/// Looks up all packets, in turns by each way. Fails if one does not find what it has to.
pub(crate) fn measure<F: Family, T: Timed<F>>(
    asked: &[Asked<F>],
    expected: Outcome,
) -> Result<Figures> {
    let guard = rcu::read_lock();
    let section = Section::from(&guard);
    let mut packets = KVec::with_capacity(asked.len(), GFP_ATOMIC)?;
    for one in asked {
        packets.push(Packet::new(one, section, T::key(one.tuple))?, GFP_ATOMIC)?;
    }
    let direct = |packet: &Packet<'_, T::Key>| {
        // SAFETY: In a section, and somebody holds the namespace.
        unsafe { T::direct(packet.net, &packet.key) }.addr()
    };
    let by_device = |packet: &Packet<'_, T::Key>| {
        let listed = packet.device.net(section);
        // SAFETY: As above.
        unsafe { T::direct(listed.net(), &packet.key) }.addr()
    };
    let nsmux = |packet: &Packet<'_, T::Key>| {
        let listed = packet.device.net(section);
        listed.branded(|namespace| address_of(&T::lookup(namespace, &packet.key)))
    };
    for packet in &packets {
        let listed = packet.device.net(section);
        let outcome = listed.branded(|namespace| T::lookup(namespace, &packet.key).outcome());
        if outcome != expected {
            return Err(EILSEQ);
        }
    }
    let is_there = expected != Outcome::None;
    let mut times = [[0; BATCHES]; 6];
    for number in 0..WARM_UP + BATCHES {
        let round = [
            batch(&packets, is_there, |packets| one_by_one(packets, direct))?,
            batch(&packets, is_there, |packets| one_by_one(packets, by_device))?,
            batch(&packets, is_there, |packets| one_by_one(packets, nsmux))?,
            batch(&packets, is_there, |packets| one_by_one(packets, direct))?,
            batch(&packets, is_there, |packets| repeatedly(packets, direct))?,
            batch(&packets, is_there, |packets| repeatedly(packets, nsmux))?,
        ];
        let Some(slot) = number.checked_sub(WARM_UP) else {
            continue;
        };
        for (times, time) in times.iter_mut().zip(round) {
            times[slot] = time;
        }
    }
    let [direct, by_device, nsmux, again, direct_repeated, nsmux_repeated] = times.map(middle);
    Ok(Figures {
        direct,
        by_device,
        nsmux,
        again,
        direct_repeated,
        nsmux_repeated,
    })
}

/// The mean of the middle half. The clock of user-mode Linux goes in steps of 256 ns, which the
/// median alone would go in as well.
fn middle(mut times: [u64; BATCHES]) -> u64 {
    let half = sorted(&mut times)
        .get(BATCHES / 4..BATCHES - BATCHES / 4)
        .unwrap_or(&[]);
    half.iter().sum::<u64>() / (half.len() as u64).max(1)
}

/// Where the socket is that was found; 0 for none. Which of both it is, is a branch, as it is for a
/// packet: the processor need not wait for what was compared.
#[inline(always)]
fn address_of(answer: &impl Answer) -> usize {
    match answer.socket() {
        Some(socket) => known_to_nobody(from_ref::<SockCommon>(socket).addr()),
        None => known_to_nobody(0),
    }
}

/// The time of a batch, in which so many of the packets as there have to be have a socket.
fn batch<P>(packets: &[P], is_there: bool, look_up: impl Fn(&[P]) -> usize) -> Result<u64> {
    let lookups = passes(packets) * packets.len();
    if lookups == 0 {
        return Err(EINVAL);
    }
    let begin = Instant::<Monotonic>::now();
    let found = look_up(packets);
    let time = each(begin, lookups);
    if found == if is_there { lookups } else { 0 } {
        Ok(time)
    } else {
        Err(EILSEQ)
    }
}

/// How many times each packet is looked up in a batch.
fn passes<P>(packets: &[P]) -> usize {
    LOOKUPS.checked_div(packets.len()).unwrap_or(0)
}

/// How many packets have a socket. The next packet is not known before the address of this one's
/// socket is, so lookups that find one do not overlap.
#[inline(never)]
fn one_by_one<P>(packets: &[P], look_up: impl Fn(&P) -> usize) -> usize {
    let mut found = 0;
    for _ in 0..passes(packets) {
        let mut next = 0;
        while let Some(packet) = packets.get(next) {
            let socket = known_to_nobody(look_up(packet));
            found += usize::from(socket != 0);
            // Always the next one: sockets have even addresses.
            next += 1 + (socket & 1);
        }
    }
    found
}

/// The same, of each packet many times, and as many at once as the processor likes.
#[inline(never)]
fn repeatedly<P>(packets: &[P], look_up: impl Fn(&P) -> usize) -> usize {
    let mut found = 0;
    for packet in packets {
        for _ in 0..passes(packets) {
            found += usize::from(known_to_nobody(look_up(packet)) != 0);
        }
    }
    found
}

/// The same number, of which the compiler does not know what it is, or when it may be had.
#[inline(always)]
fn known_to_nobody(mut number: usize) -> usize {
    // SAFETY: There is no instruction.
    unsafe { asm!("/* {} */", inout(reg) number, options(nomem, nostack, preserves_flags)) };
    number
}
