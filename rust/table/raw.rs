// SPDX-License-Identifier: GPL-2.0

//! Raw sockets: each that matches gets the packet.

use core::marker::PhantomData;

use kernel::prelude::*;

use super::{Answer, Entry, Outcome, Several, Table};
use crate::net::{
    allowance::Allowance,
    inet::{self, Family, RawKey},
    namespace::{Namespace, Net},
    socket::{Borrowed, Sock, SockCommon},
};

/// The raw sockets of a family.
pub(crate) struct Raw<F>(PhantomData<F>);

impl<F: Family> Several for Raw<F> {
    type Of = Net;
    type Key = RawKey<F>;
    type Entry<'n> = Borrowed<'n, Sock>;

    /// A key without a device is for sockets that are bound to any.
    fn for_each<'n>(
        namespace: Namespace<'n>,
        key: &RawKey<F>,
        allowance: &Allowance,
        mut f: impl FnMut(&Self::Entry<'n>) -> Result,
    ) -> Result {
        inet::raw_sockets_asked_for(namespace, *key, allowance).try_for_each(|socket| f(&socket))
    }
}

/// Who gets a packet.
pub(crate) enum RawAnswer<'n> {
    /// This socket alone.
    One(Borrowed<'n, Sock>),
    /// More than one.
    Multiple,
    /// None.
    None,
}

impl<F: Family> Table for Raw<F> {
    type Of = Net;
    type Key = RawKey<F>;
    type Answer<'n> = RawAnswer<'n>;

    fn lookup<'n>(namespace: Namespace<'n>, key: &RawKey<F>) -> RawAnswer<'n> {
        let mut sockets = inet::raw_sockets(namespace, *key);
        match (sockets.next(), sockets.next()) {
            (Some(socket), None) => RawAnswer::One(socket),
            (Some(_), Some(_)) => RawAnswer::Multiple,
            (None, _) => RawAnswer::None,
        }
    }
}

impl Answer for RawAnswer<'_> {
    fn outcome(&self) -> Outcome {
        match self {
            Self::One(socket) => Entry::outcome(socket),
            Self::Multiple => Outcome::Multiple,
            Self::None => Outcome::None,
        }
    }

    fn socket(&self) -> Option<&SockCommon> {
        self.full().map(|socket| -> &SockCommon { socket })
    }

    fn full(&self) -> Option<&Sock> {
        match self {
            Self::One(socket) => Some(socket),
            Self::Multiple | Self::None => None,
        }
    }
}

impl Entry for Borrowed<'_, Sock> {
    fn outcome(&self) -> Outcome {
        if self.is_connected() {
            Outcome::Connected
        } else {
            Outcome::Unconnected
        }
    }

    fn full(&self) -> &Sock {
        self
    }
}
