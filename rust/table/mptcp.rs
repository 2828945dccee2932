// SPDX-License-Identifier: GPL-2.0

//! MPTCP: connections, by the ends of the subflow that they began with.
//!
//! Not one of those tables that are looked into within a read-side section.

use core::marker::PhantomData;

use kernel::prelude::*;

use super::{Entry, Outcome};
use crate::net::{
    allowance::Allowance,
    inet::{Family, Tuple},
    mptcp,
    namespace::Alive,
    socket::{Owned, Sock},
};

/// The MPTCP connections of a family.
pub(crate) struct Mptcp<F>(PhantomData<F>);

impl<F: Family> Mptcp<F> {
    /// Calls `f` with each connection that has these ends, until it fails; port 0 of the other end stands
    /// for all that there are. As [`mptcp::for_each_connection`].
    pub(crate) fn for_each(
        namespace: Alive<'_>,
        tuple: &Tuple<F>,
        allowance: &Allowance,
        mut f: impl FnMut(&Owned<'_, Sock>) -> Result,
    ) -> Result {
        mptcp::for_each_connection(namespace, allowance, |socket| {
            let is_meant = if tuple.remote_port.number() == 0 {
                F::is_local_end(socket, tuple)
            } else {
                F::are_ends(socket, tuple)
            };
            let devices = [0, tuple.device, tuple.slave];
            let is_there = tuple.device == 0 || devices.contains(&socket.bound_device());
            if is_meant && is_there {
                f(socket)?;
            }
            Ok(())
        })
    }
}

/// A connection of MPTCP; what other tables give with a reference is no [`Entry`].
impl Entry for Owned<'_, Sock> {
    fn outcome(&self) -> Outcome {
        Outcome::Established
    }

    fn full(&self) -> &Sock {
        self
    }
}
