// SPDX-License-Identifier: GPL-2.0

//! Local sockets: one of each type may have an abstract name, and any number a path that is not
//! the same file any more.

use kernel::prelude::*;

use super::{Entry, Outcome, Several};
use crate::net::{
    allowance::Allowance,
    namespace::{Namespace, Net},
    socket::Sock,
    unix::{self, UnixSocket},
};

/// The local sockets.
pub(crate) struct Unix;

/// A path, or a zero and an abstract name.
pub(crate) struct Name {
    bytes: [u8; 108],
    length: usize,
}

impl Name {
    /// Takes a name; `None` if it is longer than one can be, or empty as that of a socket that was
    /// not bound.
    pub(crate) fn new(name: &[u8]) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let mut bytes = [0; 108];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        let length = name.len();
        Some(Self { bytes, length })
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Several for Unix {
    type Of = Net;
    type Key = Name;
    type Entry<'n> = UnixSocket<'n>;

    fn for_each<'n>(
        namespace: Namespace<'n>,
        key: &Name,
        allowance: &Allowance,
        mut f: impl FnMut(&UnixSocket<'n>) -> Result,
    ) -> Result {
        unix::for_each(namespace, allowance, |socket| {
            if socket.is_bound() && socket.name() == key.bytes() {
                f(socket)?;
            }
            Ok(())
        })
    }
}

impl Entry for UnixSocket<'_> {
    fn outcome(&self) -> Outcome {
        if self.is_listening() {
            Outcome::Listener
        } else if self.is_connected() {
            Outcome::Connected
        } else {
            Outcome::Unconnected
        }
    }

    fn full(&self) -> &Sock {
        self
    }
}
