// SPDX-License-Identifier: GPL-2.0

//! Raw sockets: each that matches gets the packet.

use core::marker::PhantomData;

use kernel::prelude::*;

use super::{Entry, Outcome, Several};
use crate::net::{
    inet::{self, Family, RawKey},
    namespace::Namespace,
    socket::{Borrowed, Full},
};

/// The raw sockets of a family.
pub(crate) struct Raw<F>(PhantomData<F>);

impl<F: Family> Several for Raw<F> {
    type Key = RawKey<F>;
    type Entry<'n> = Borrowed<'n, Full>;

    fn for_each<'n>(
        namespace: Namespace<'n>,
        key: &RawKey<F>,
        f: impl FnMut(&Self::Entry<'n>) -> Result,
    ) -> Result {
        let mut f = f;
        inet::raw_sockets(namespace, *key).try_for_each(|socket| f(&socket))
    }
}

impl Entry for Borrowed<'_, Full> {
    fn outcome(&self) -> Outcome {
        if self.is_connected() {
            Outcome::Connected
        } else {
            Outcome::Unconnected
        }
    }

    fn full(&self) -> &Full {
        self
    }
}
