// SPDX-License-Identifier: GPL-2.0

//! No first level at all: compiled out, there is one namespace.

use kernel::prelude::*;

use crate::{
    design::{First, Space},
    world::{Packet, World},
};

/// Every packet belongs to the only namespace.
pub(crate) struct Noop;

impl First for Noop {
    const MOST: usize = 1;

    fn new<T>(_: &mut [Space<T>]) -> Result<Self> {
        Ok(Self)
    }

    #[inline(always)]
    fn find<T>(&self, _: &World, _: &Packet, _: &[Space<T>]) -> Option<usize> {
        Some(0)
    }

    fn bytes(&self, _: usize) -> usize {
        0
    }
}
