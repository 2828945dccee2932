// SPDX-License-Identifier: GPL-2.0

//! What is asked without a packet: such a question has no device, unless it names one.
//!
//! A device is named by its index, or by its name, which says one in each namespace. With a device
//! the answer is that of a packet which arrives on it. Without one, sockets that are bound to a device
//! count as well, and are told with it.

use kernel::ffi::c_int;
use kernel::prelude::*;

use super::entry::{self, Told};
use crate::{
    net::{
        allowance::Allowance,
        device::{self, NetDevice},
        genetlink::Message,
        inet::{Family, RawKey, Tuple},
        namespace::{Namespace, Net},
    },
    table::{packet::PacketKey, Outcome, Several},
};

/// A key, and on which device that may be.
pub(super) struct Question<K> {
    pub(super) key: K,
    pub(super) place: Place,
}

/// A device, as a request names it.
pub(super) enum Place {
    /// By its index, and that of the slave if it is an L3 master; 0 if none is named.
    Index(Arrival),
    /// By its name.
    Name(device::Name),
}

/// The indexes of a device and of the slave, if it is an L3 master; 0 for none.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) device: c_int,
    pub(super) slave: c_int,
}

impl Place {
    /// Where a packet would arrive in this namespace; `None` if it has no such device.
    pub(super) fn arrival(&self, namespace: Namespace<'_>) -> Option<Arrival> {
        let name = match self {
            Self::Index(arrival) => return Some(*arrival),
            Self::Name(name) => name,
        };
        let device = NetDevice::by_name(namespace, name)?;
        let index = device.index();
        let master = device.master(namespace.section());
        Some(match master.filter(|master| master.is_l3_master()) {
            Some(master) => Arrival {
                device: master.index(),
                slave: index,
            },
            None => Arrival {
                device: index,
                slave: 0,
            },
        })
    }
}

/// A key of a table in which sockets may be bound to devices.
pub(super) trait OnDevice {
    /// The same key for this device.
    fn on(&self, arrival: Arrival) -> Self;
}

impl<F: Family> OnDevice for Tuple<F> {
    fn on(&self, Arrival { device, slave }: Arrival) -> Self {
        Self {
            device,
            slave,
            ..*self
        }
    }
}

impl<F: Family> OnDevice for RawKey<F> {
    fn on(&self, Arrival { device, slave }: Arrival) -> Self {
        Self {
            device,
            slave,
            ..*self
        }
    }
}

impl OnDevice for PacketKey {
    fn on(&self, arrival: Arrival) -> Self {
        // A packet that a slave receives passes its packet sockets before it is the master's.
        let device = match arrival.slave {
            0 => arrival.device,
            slave => slave,
        };
        Self { device, ..*self }
    }
}

/// Looks in a table in which any number of sockets can match.
pub(super) fn tell_several<T>(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    question: &Question<T::Key>,
    allowance: &Allowance,
) -> Result<Outcome>
where
    T: Several<Of = Net>,
    T::Key: OnDevice,
    for<'n> T::Entry<'n>: Told,
{
    match question.place.arrival(namespace) {
        Some(arrival) => {
            entry::put_several::<T>(message, namespace, &question.key.on(arrival), allowance)
        }
        None => tell_nothing(message),
    }
}

/// There is no such device, and so nothing on it.
pub(super) fn tell_nothing(message: &mut Message<'_>) -> Result<Outcome> {
    entry::put_outcome(message, Outcome::None)?;
    Ok(Outcome::None)
}
