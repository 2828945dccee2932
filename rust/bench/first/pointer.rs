// SPDX-License-Identifier: GPL-2.0

//! A pointer in the object (Biederman): the device knows its namespace.

use kernel::prelude::*;

use crate::{
    design::{First, Space},
    world::{Packet, World},
};

/// Follows the device's pointer.
pub(crate) struct Pointer;

impl First for Pointer {
    fn new<T>(_: &mut [Space<T>]) -> Result<Self> {
        Ok(Self)
    }

    #[inline(always)]
    fn find<T>(&self, world: &World, packet: &Packet, _: &[Space<T>]) -> Option<usize> {
        Some(world.device(packet)?.namespace)
    }

    fn bytes(&self, namespaces: usize) -> usize {
        // In each namespace's device.
        namespaces * size_of::<usize>()
    }
}
