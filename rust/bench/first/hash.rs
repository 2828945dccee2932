// SPDX-License-Identifier: GPL-2.0

//! A hash of the namespace (Salim): "If i had 256 hash buckets with 1024 namespaces, it is still not
//! too much of an overhead."

use kernel::prelude::*;

use crate::{
    design::{First, Space},
    world::{Packet, World},
};

/// The buckets: of 8 bytes each, they take half a page.
const BUCKETS: usize = 256;

/// Chains of namespaces, found by the number that the device has.
pub(crate) struct Hash(KBox<[usize; BUCKETS]>);

impl First for Hash {
    fn new<T>(spaces: &mut [Space<T>]) -> Result<Self> {
        let mut heads = KBox::new([usize::MAX; BUCKETS], GFP_KERNEL)?;
        for (place, space) in spaces.iter_mut().enumerate() {
            space.next = core::mem::replace(&mut heads[bucket(space.id)], place);
        }
        Ok(Self(heads))
    }

    #[inline(always)]
    fn find<T>(&self, world: &World, packet: &Packet, spaces: &[Space<T>]) -> Option<usize> {
        let id = world.device(packet)?.id;
        let mut place = self.0[bucket(id)];
        loop {
            // The last one of a chain has a next that is in no array.
            let space = spaces.get(place)?;
            if space.id == id {
                return Some(place);
            }
            place = space.next;
        }
    }

    fn bytes(&self, namespaces: usize) -> usize {
        // The number in each device, and number and next in each namespace.
        size_of::<[usize; BUCKETS]>() + namespaces * (2 * size_of::<u32>() + size_of::<usize>())
    }
}

/// As `hash_32()`: the highest bits of a product.
#[inline(always)]
fn bucket(id: u32) -> usize {
    (id.wrapping_mul(0x61c8_8647) >> (u32::BITS - BUCKETS.ilog2())) as usize
}
