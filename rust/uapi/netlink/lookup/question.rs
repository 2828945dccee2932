// SPDX-License-Identifier: GPL-2.0

//! What is asked without a packet: such a question has no device, unless it names one.
//!
//! A device is named by its index, or by its name, which says one in each namespace. With a device
//! the answer is that of a packet which arrives on it. Without one, sockets that are bound to a device
//! count as well, and are told with it.

use kernel::ffi::c_int;
use kernel::prelude::*;

use super::{
    entry::{self, Told},
    key::Ends,
};
use crate::{
    bindings::*,
    net::{
        allowance::Allowance,
        device::{self, NetDevice},
        genetlink::Message,
        inet::{
            udp_chains, BoundDevices, BoundOnly, Family, Port, PortEnds, RawKey, Tuple, V4, V6,
        },
        namespace::{Namespace, Net},
        socket::{Address, Sock, SockCommon},
    },
    table::{
        packet::PacketKey,
        tcp::Tcp,
        udp::{Udp, UdpKey},
        Answer, Outcome, Several, Table,
    },
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
    fn arrival(&self, namespace: Namespace<'_>) -> Option<Arrival> {
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

/// Looks among the sockets of TCP: for a connection, if the other end is known, else for those who
/// wait for one, else for those who only hold the port.
pub(super) fn tell_tcp<F: Family>(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    question: &Question<Ends<F>>,
    allowance: &Allowance,
) -> Result<Outcome> {
    let Some(arrival) = question.place.arrival(namespace) else {
        return tell_nothing(message);
    };
    let tuple = question.key.tuple.on(arrival);
    let mut answers = Answers::new(message, allowance);
    if question.key.has_remote {
        let devices = BoundDevices::of_connections(namespace, &tuple, allowance);
        let look_up = |tuple: &_| Tcp::<F>::connection(namespace, tuple);
        answers.put_each(&tuple, &devices, 0, look_up, any)?;
    }
    if answers.count == 0 {
        let devices = BoundDevices::of_listeners(namespace, &tuple, allowance);
        let look_up = |tuple: &_| Tcp::<F>::listener(namespace, tuple);
        answers.put_each(&tuple, &devices, 0, look_up, any)?;
    }
    if answers.outcome() == Outcome::None && !question.key.has_remote {
        answers.put_bound(&BoundOnly::find(namespace, &tuple, allowance, |socket| {
            F::holds_local_end(socket, &tuple)
        }))?;
    }
    answers.finish()
}

/// Looks among the sockets of TCP at whatever address.
pub(super) fn tell_tcp_port(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    question: &Question<Port>,
    allowance: &Allowance,
) -> Result<Outcome> {
    let Some(arrival) = question.place.arrival(namespace) else {
        return tell_nothing(message);
    };
    let port = question.key;
    let ends = PortEnds::of_tcp(namespace, port, allowance);
    let mut answers = Answers::new(message, allowance);
    for (address, _) in ends.each() {
        match address {
            Address::V4(bytes) => answers.put_listeners::<V4>(namespace, &bytes, port, arrival)?,
            Address::V6(bytes) => answers.put_listeners::<V6>(namespace, &bytes, port, arrival)?,
        }
    }
    if answers.outcome() == Outcome::None {
        for (address, _) in ends.each() {
            match address {
                Address::V4(bytes) => answers.put_held::<V4>(namespace, &bytes, port, arrival)?,
                Address::V6(bytes) => answers.put_held::<V6>(namespace, &bytes, port, arrival)?,
            }
        }
    }
    answers.finish()
}

/// Looks among the sockets of UDP.
pub(super) fn tell_udp<F: Family>(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    question: &Question<Tuple<F>>,
    allowance: &Allowance,
) -> Result<Outcome> {
    let Some(arrival) = question.place.arrival(namespace) else {
        return tell_nothing(message);
    };
    let tuple = question.key.on(arrival);
    let to_many = F::names_many(namespace, &tuple);
    let mut answers = Answers::new(message, allowance);
    // Nothing is looked for if any number may get it.
    let (devices, missed) = match to_many {
        true => (BoundDevices::none(), 0),
        false => (
            BoundDevices::of_udp(namespace, &tuple, allowance),
            udp_chains::sockets_of_port(namespace, tuple.local_port),
        ),
    };
    let look_up = |tuple: &Tuple<F>| {
        let tuple = *tuple;
        Udp::<F>::lookup(namespace, &UdpKey { tuple, to_many })
    };
    answers.put_each(&tuple, &devices, missed, look_up, any)?;
    answers.finish()
}

/// Looks among the sockets of UDP at whatever address.
pub(super) fn tell_udp_port(
    message: &mut Message<'_>,
    namespace: Namespace<'_>,
    question: &Question<Port>,
    allowance: &Allowance,
) -> Result<Outcome> {
    let Some(arrival) = question.place.arrival(namespace) else {
        return tell_nothing(message);
    };
    let port = question.key;
    let mut answers = Answers::new(message, allowance);
    let ends = PortEnds::of_udp(namespace, port, allowance);
    for (address, device) in ends.each() {
        let bound = match device {
            0 => arrival,
            device if [0, device].contains(&arrival.device) || device == arrival.slave => {
                Arrival { device, slave: 0 }
            }
            _ => continue,
        };
        match address {
            Address::V4(bytes) => answers.put_datagrams::<V4>(namespace, &bytes, port, bound)?,
            Address::V6(bytes) => answers.put_datagrams::<V6>(namespace, &bytes, port, bound)?,
        }
    }
    answers.finish()
}

fn tell_nothing(message: &mut Message<'_>) -> Result<Outcome> {
    entry::put_outcome(message, Outcome::None)?;
    Ok(Outcome::None)
}

/// Takes every socket that a lookup finds.
fn any(_: &SockCommon) -> bool {
    true
}

/// The end of sockets that have no other one; `None` if the address is not of this family.
fn end<F: Family>(
    address: &[u8],
    port: Port,
    Arrival { device, slave }: Arrival,
) -> Option<Tuple<F>> {
    Some(Tuple {
        local: F::address(address)?,
        local_port: port,
        remote: F::ANY,
        remote_port: Port::from_number(0),
        device,
        slave,
    })
}

/// What a lookup takes, in steps of the allowance, and what each socket that it goes over.
const LOOKUP: u32 = 32;
const SCORE: u32 = 2;

/// What was told so far.
struct Answers<'a, 'm> {
    message: &'a mut Message<'m>,
    /// How many sockets there are.
    count: u32,
    /// The outcome of the first lookup, or of the first that found a socket.
    first: Option<Outcome>,
    has_looked_up: bool,
    /// What a lookup takes for which there was too little left.
    owed: u32,
    allowance: &'a Allowance,
}

impl<'a, 'm> Answers<'a, 'm> {
    fn new(message: &'a mut Message<'m>, allowance: &'a Allowance) -> Self {
        Self {
            message,
            count: 0,
            first: None,
            has_looked_up: false,
            owed: 0,
            allowance,
        }
    }

    /// Counts a lookup that goes over so many sockets; `false` if it is one too many. The first one is
    /// made, whatever it takes, unless other requests wait.
    fn may_look_up(&mut self, sockets: u32) -> bool {
        let is_first = !core::mem::replace(&mut self.has_looked_up, true);
        let steps = LOOKUP.saturating_add(sockets.saturating_mul(SCORE));
        if self.allowance.covers(steps) {
            self.allowance.spend(steps);
            return true;
        }
        if !self.allowance.is_alone() {
            self.allowance.exhaust();
            return false;
        }
        // This one may be left out; what comes after it need not be.
        self.allowance.spend(LOOKUP);
        if is_first {
            // What comes after this question.
            self.owed = steps.min(Allowance::CALL);
        }
        is_first
    }

    /// Tells of the socket of a tuple, and if that has no device, of those that are bound to one; as
    /// far as they are meant. A lookup that finds none goes over so many more as are `missed`.
    fn put_each<F: Family, A: Answer>(
        &mut self,
        tuple: &Tuple<F>,
        devices: &BoundDevices,
        missed: u32,
        look_up: impl Fn(&Tuple<F>) -> A,
        is_meant: impl Fn(&SockCommon) -> bool,
    ) -> Result {
        if !self.may_look_up(devices.sockets().saturating_add(missed)) {
            return Ok(());
        }
        let answer = look_up(tuple);
        match answer.socket() {
            Some(socket) if !is_meant(socket) => {}
            socket => self.put(answer.outcome(), socket, answer.full())?,
        }
        if tuple.device != 0 {
            return Ok(());
        }
        for device in devices.indexes() {
            if !self.may_look_up(devices.sockets()) {
                break;
            }
            let answer = look_up(&tuple.on(Arrival { device, slave: 0 }));
            // One that is bound to none was told before.
            let is_new = |socket: &&SockCommon| socket.bound_device() == device && is_meant(socket);
            if let Some(socket) = answer.socket().filter(is_new) {
                self.put(answer.outcome(), Some(socket), answer.full())?;
            }
        }
        Ok(())
    }

    /// Tells of those who listen at this very address.
    fn put_listeners<F: Family>(
        &mut self,
        namespace: Namespace<'_>,
        address: &[u8],
        port: Port,
        arrival: Arrival,
    ) -> Result {
        let Some(tuple) = end::<F>(address, port, arrival) else {
            return Ok(());
        };
        let allowance = self.allowance;
        let devices = BoundDevices::of_listeners(namespace, &tuple, allowance);
        let look_up = |tuple: &_| Tcp::<F>::listener(namespace, tuple);
        self.put_each(&tuple, &devices, 0, look_up, |socket| {
            F::is_local_end(socket, &tuple)
        })
    }

    /// Tells of those who only hold the port at this very address.
    fn put_held<F: Family>(
        &mut self,
        namespace: Namespace<'_>,
        address: &[u8],
        port: Port,
        arrival: Arrival,
    ) -> Result {
        let Some(tuple) = end::<F>(address, port, arrival) else {
            return Ok(());
        };
        let allowance = self.allowance;
        self.put_bound(&BoundOnly::find(namespace, &tuple, allowance, |socket| {
            F::is_local_end(socket, &tuple)
        }))
    }

    /// Tells of the socket of UDP at this very address and device.
    fn put_datagrams<F: Family>(
        &mut self,
        namespace: Namespace<'_>,
        address: &[u8],
        port: Port,
        arrival: Arrival,
    ) -> Result {
        let Some(tuple) = end::<F>(address, port, arrival) else {
            return Ok(());
        };
        if !self.may_look_up(udp_chains::sockets_of_end(namespace, &tuple)) {
            return Ok(());
        }
        // Sockets that are bound to the address of a group have it for theirs.
        let to_many = false;
        let answer = Udp::<F>::lookup(namespace, &UdpKey { tuple, to_many });
        let is_meant = |socket: &&SockCommon| {
            let device = socket.bound_device();
            F::is_local_end(socket, &tuple) && (device == arrival.device || device == 0)
        };
        match answer.socket().filter(is_meant) {
            Some(socket) => self.put(answer.outcome(), Some(socket), answer.full()),
            None => Ok(()),
        }
    }

    fn put_bound(&mut self, bound: &BoundOnly<'_>) -> Result {
        let before = self.count;
        for socket in bound.sockets() {
            self.put(Outcome::Bound, Some(socket), Some(socket))?;
        }
        self.count = before.saturating_add(bound.count);
        Ok(())
    }

    fn put(
        &mut self,
        outcome: Outcome,
        socket: Option<&SockCommon>,
        full: Option<&Sock>,
    ) -> Result {
        let Some(socket) = socket else {
            self.first = self
                .first
                .filter(|first| *first != Outcome::None)
                .or(Some(outcome));
            return Ok(());
        };
        if self.count == 0 {
            self.first = Some(outcome);
        }
        self.count = self.count.saturating_add(1);
        if self.count > entry::SOCKETS_TOLD {
            return Ok(());
        }
        entry::put_any(self.message, outcome, socket, full)
    }

    /// What was found, in one word.
    fn outcome(&self) -> Outcome {
        match (self.count, self.first) {
            (0 | 1, Some(outcome)) => outcome,
            (0, None) => Outcome::None,
            _ => Outcome::Multiple,
        }
    }

    /// Writes what was found, in one word, and how many sockets if there is more than one.
    fn finish(self) -> Result<Outcome> {
        if self.count > 1 {
            self.message.put_u32(NSMUX_A_LOOKUP_SOCKETS, self.count)?;
        }
        self.allowance.spend(self.owed);
        entry::put_outcome(self.message, self.outcome())?;
        Ok(self.outcome())
    }
}
