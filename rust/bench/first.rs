// SPDX-License-Identifier: GPL-2.0

//! Ways to find the namespace of a packet.

mod hash;
mod noop;
mod pointer;
mod stash;

pub(crate) use self::{
    hash::Hash,
    noop::Noop,
    pointer::Pointer,
    stash::{Exceptions, Stash},
};
