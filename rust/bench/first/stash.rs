// SPDX-License-Identifier: GPL-2.0

//! Looked up once and stashed in the process that runs (OpenVZ).
//!
//! "I do not like the OpenVZ thing of doing the lookup once and then stashing the value in current and
//! the special casing the exceptions."

use core::hint::black_box;
use kernel::prelude::*;

use crate::{
    design::{First, Space},
    world::{Context, Packet, World},
};

/// Believes the process that runs, whatever runs. It is wrong wherever that process is not the
/// packet's: see [`cannot`](crate::cannot).
pub(crate) struct Stash;

impl First for Stash {
    fn new<T>(_: &mut [Space<T>]) -> Result<Self> {
        Ok(Self)
    }

    #[inline(always)]
    fn find<T>(&self, world: &World, _: &Packet, _: &[Space<T>]) -> Option<usize> {
        Some(world.current.get())
    }

    fn bytes(&self, _: usize) -> usize {
        0
    }
}

/// The same with its exceptions: whatever runs that is not a process of the packet's namespace
/// stashes the device's for as long as it takes, and puts back what was there.
pub(crate) struct Exceptions;

impl First for Exceptions {
    fn new<T>(_: &mut [Space<T>]) -> Result<Self> {
        Ok(Self)
    }

    #[inline(always)]
    fn find<T>(&self, world: &World, packet: &Packet, _: &[Space<T>]) -> Option<usize> {
        match packet.context {
            Context::Process => Some(world.current.get()),
            Context::Softirq | Context::Timer | Context::KernelThread | Context::Arp => {
                // Between the two, code runs that may look at it.
                let current = black_box(&world.current);
                let before = current.replace(world.device(packet)?.namespace);
                let found = black_box(current).get();
                current.set(before);
                Some(found)
            }
        }
    }

    fn bytes(&self, namespaces: usize) -> usize {
        // In each namespace's device. What each process has is not counted.
        namespaces * size_of::<usize>()
    }
}
