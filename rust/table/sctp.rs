// SPDX-License-Identifier: GPL-2.0

//! SCTP: the association between two ends, or the endpoints that wait for one.

use core::marker::PhantomData;

use kernel::prelude::*;

use super::{Entry, Outcome, Several};
use crate::net::{
    allowance::Allowance,
    device::NetDevice,
    inet::{Family, Tuple},
    namespace::{Namespace, Net},
    sctp::{self, Endpoint},
    socket::Sock,
};

/// On how many devices an association is looked for, if none is named.
const DEVICES: usize = 64;
/// What it takes to look for one, in steps of the allowance, beside one for each that is like it.
const ASSOCIATION: u32 = 32;

/// The SCTP sockets; those of both families, which may have associations of both.
pub(crate) struct Sctp<F>(PhantomData<F>);

/// A socket that was found.
pub(crate) struct SctpEntry<'n, F: Family> {
    endpoint: Endpoint<'n>,
    /// The ends of its association; none of a socket that waits for one.
    pub(crate) association: Option<Tuple<F>>,
}

impl<F: Family> Several for Sctp<F> {
    type Of = Net;
    /// Port 0 of the other end stands for none: then listeners alone are looked for.
    type Key = Tuple<F>;
    type Entry<'n> = SctpEntry<'n, F>;

    fn for_each<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<F>,
        allowance: &Allowance,
        mut f: impl FnMut(&SctpEntry<'n, F>) -> Result,
    ) -> Result {
        // Of a socket that is bound to none of them, or to one; 0 stands for one that is not named.
        let devices = [0, tuple.device, tuple.slave];
        if tuple.remote_port.number() != 0 {
            let most = sctp::most_alike(namespace);
            let none = core::iter::once(0);
            let named = devices.into_iter().filter(|device| *device != 0);
            // An association is looked up on a device that is known: without one, on each.
            let others = NetDevice::all(namespace)
                .take(if tuple.device == 0 { DEVICES } else { 0 })
                .map(NetDevice::index);
            let asked = Iterator::chain(none, named).map(|device| (device, true));
            let others = others.map(|device| (device, false));
            for (device, is_asked) in Iterator::chain(asked, others) {
                if allowance.is_spent() {
                    return Ok(());
                }
                // What was asked for is looked up whatever it takes, as the kernel does with a packet.
                if is_asked {
                    allowance.spend(ASSOCIATION);
                    allowance.owe(most);
                } else if allowance.covers(ASSOCIATION.saturating_add(most)) {
                    allowance.spend(ASSOCIATION.saturating_add(most));
                } else {
                    allowance.leave_out();
                    break;
                }
                let mut is_found = false;
                sctp::association(namespace, tuple, device, |endpoint| {
                    is_found = true;
                    f(&SctpEntry {
                        endpoint,
                        association: Some(*tuple),
                    })
                })?;
                if is_found {
                    return Ok(());
                }
            }
        }
        sctp::for_each_endpoint(namespace, tuple.local_port, allowance, |endpoint| {
            let device = endpoint.socket.bound_device();
            let is_meant = (tuple.device == 0 || devices.contains(&device))
                && endpoint.has_address(F::any_family(&tuple.local), allowance);
            if !is_meant {
                return Ok(());
            }
            f(&SctpEntry {
                endpoint,
                association: None,
            })
        })
    }
}

impl<F: Family> Entry for SctpEntry<'_, F> {
    fn outcome(&self) -> Outcome {
        match self.association {
            Some(_) => Outcome::Established,
            None => Outcome::Listener,
        }
    }

    fn full(&self) -> &Sock {
        &self.endpoint.socket
    }
}
