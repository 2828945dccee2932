// SPDX-License-Identifier: GPL-2.0

//! What there is beside the tables: sockets, devices, the process that runs, and packets.

use core::cell::Cell;
use kernel::prelude::*;

use crate::sockets::{Ends, Key, Sockets};

/// A net device, as far as a lookup reads it: one cache line.
#[repr(align(64))]
pub(crate) struct Device {
    /// A pointer to its namespace.
    pub(crate) namespace: usize,
    /// The number of its namespace, for those who have no pointer.
    pub(crate) id: u32,
}

/// What runs while a packet is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// The process that sends it.
    Process,
    /// A softirq that has interrupted whatever process it was.
    Softirq,
    /// A timer that sends it again, above whatever process it was.
    Timer,
    /// A thread of the kernel's, which belongs to no namespace.
    KernelThread,
    /// The reply to an ARP request, which no process has asked for.
    Arp,
}

impl Context {
    pub(crate) const ALL: [Self; 5] = [
        Self::Process,
        Self::Softirq,
        Self::Timer,
        Self::KernelThread,
        Self::Arp,
    ];
}

/// A packet. Nothing in it says which namespace it belongs to but its device.
#[derive(Clone, Copy)]
pub(crate) struct Packet {
    /// The ends, as the socket has them, in no namespace.
    pub(crate) key: Key,
    pub(crate) device: usize,
    pub(crate) context: Context,
}

impl Packet {
    /// A packet that is received.
    pub(crate) fn new(device: usize, ends: Ends) -> Self {
        Self {
            key: Key::new(0, ends),
            device,
            context: Context::Softirq,
        }
    }
}

/// All of it.
pub(crate) struct World {
    pub(crate) sockets: Sockets,
    /// One for each namespace.
    pub(crate) devices: VVec<Device>,
    /// The namespace that is stashed in the process that runs.
    pub(crate) current: Cell<usize>,
}

impl World {
    /// Namespaces which all have the same names. Sockets come in the order of their namespaces;
    /// `copies` of each have the same key.
    pub(crate) fn new(
        namespaces: usize,
        sockets: usize,
        copies: usize,
        ends: fn(usize) -> Ends,
    ) -> Result<Self> {
        let mut world = Self {
            sockets: Sockets::with_capacity(namespaces * sockets * copies)?,
            devices: VVec::with_capacity(namespaces, GFP_KERNEL)?,
            current: Cell::new(0),
        };
        for namespace in 0..namespaces {
            let device = Device {
                namespace,
                id: number(namespace),
            };
            world.devices.push(device, GFP_KERNEL)?;
            for n in 0..sockets * copies {
                world.sockets.push(Key::new(namespace, ends(n / copies)))?;
            }
        }
        Ok(world)
    }

    /// The device of a packet.
    #[inline(always)]
    pub(crate) fn device(&self, packet: &Packet) -> Option<&Device> {
        self.devices.get(packet.device)
    }
}

/// The number by which a namespace is known: namespaces come and go, so numbers are not dense.
fn number(namespace: usize) -> u32 {
    (namespace as u32)
        .wrapping_mul(2_654_435_761)
        .wrapping_add(1)
}
