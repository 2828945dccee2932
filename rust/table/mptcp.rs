// SPDX-License-Identifier: GPL-2.0

//! MPTCP: connections, by the ends of the subflow that they began with.

use core::marker::PhantomData;

use kernel::prelude::*;

use super::{Entry, Outcome, Several};
use crate::net::{
    allowance::Allowance,
    inet::{Family, Tuple},
    mptcp,
    namespace::{Namespace, Net},
    socket::{Owned, Sock},
};

/// The MPTCP connections of a family.
pub(crate) struct Mptcp<F>(PhantomData<F>);

impl<F: Family> Several for Mptcp<F> {
    type Of = Net;
    /// Port 0 of the other end stands for all that there are.
    type Key = Tuple<F>;
    type Entry<'n> = Owned<'n, Sock>;

    fn for_each<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<F>,
        allowance: &Allowance,
        mut f: impl FnMut(&Owned<'n, Sock>) -> Result,
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
