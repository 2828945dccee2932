// SPDX-License-Identifier: GPL-2.0

//! What the kernel's own lookups say to a question: each is charged before it is made, and what it finds
//! is told at once.

use kernel::prelude::*;

use super::{
    entry,
    question::{Arrival, OnDevice},
};
use crate::{
    bindings::*,
    net::{
        allowance::Allowance,
        genetlink::Message,
        inet::{udp_chains, BoundDevices, BoundOnly, Family, Port, Tuple},
        namespace::Namespace,
        socket::{Sock, SockCommon},
    },
    table::{
        tcp::Tcp,
        udp::{Udp, UdpKey},
        Answer, Outcome, Table,
    },
};

/// What a lookup takes, in steps of the allowance, and what each socket that it goes over.
const LOOKUP: u32 = 32;
const SCORE: u32 = 2;
/// What the first lookup may take at most if it is more than is left: it cannot stop halfway, and is made
/// in the read-side section of all that the question does.
const FIRST: u32 = 1 << 13;

/// What was told so far.
pub(super) struct Answers<'a, 'm> {
    message: &'a mut Message<'m>,
    /// How many sockets there are.
    pub(super) count: u32,
    /// The outcome of the first lookup, or of the first that found a socket.
    first: Option<Outcome>,
    has_looked_up: bool,
    allowance: &'a Allowance,
}

impl<'a, 'm> Answers<'a, 'm> {
    /// Nothing yet, for a question in one namespace.
    pub(super) fn new(message: &'a mut Message<'m>, allowance: &'a Allowance) -> Self {
        Self {
            message,
            count: 0,
            first: None,
            has_looked_up: false,
            allowance,
        }
    }

    /// Counts a lookup that goes over so many sockets; `false` if it is one too many. The first one may
    /// take more than is left, unless other requests wait.
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
        let is_made = is_first && steps <= FIRST;
        match is_made {
            true => self.allowance.owe(steps),
            false => self.allowance.leave_out(),
        }
        is_made
    }

    /// Tells of the socket of a tuple, and if that has no device, of those that are bound to one; as
    /// far as they are meant. A lookup that finds none goes over so many more as are `missed`.
    pub(super) fn put_each<F: Family, A: Answer>(
        &mut self,
        tuple: &Tuple<F>,
        devices: &BoundDevices,
        missed: u32,
        look_up: &dyn Fn(&Tuple<F>) -> A,
        is_meant: &dyn Fn(&SockCommon) -> bool,
    ) -> Result {
        let sockets = devices.sockets().saturating_add(missed);
        if !self.may_look_up(sockets) {
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
            if !self.may_look_up(sockets) {
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
    pub(super) fn put_listeners<F: Family>(
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
        self.put_each(&tuple, &devices, 0, &look_up, &|socket| {
            F::is_local_end(socket, &tuple)
        })
    }

    /// Tells of those who only hold the port at this very address.
    pub(super) fn put_held<F: Family>(
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
        self.put_bound(&BoundOnly::find(namespace, &tuple, allowance, &|socket| {
            F::is_local_end(socket, &tuple)
        }))
    }

    /// Tells of the socket of UDP at this very address and device.
    pub(super) fn put_datagrams<F: Family>(
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

    /// Tells of those who only hold a port.
    pub(super) fn put_bound(&mut self, bound: &BoundOnly<'_>) -> Result {
        let before = self.count;
        for socket in bound.sockets() {
            self.put(Outcome::Bound, Some(socket), Some(socket))?;
        }
        self.count = before.saturating_add(bound.count);
        Ok(())
    }

    /// Tells of a socket that a lookup found, or that it found none.
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
        self.allowance.spend(entry::TELL);
        entry::put_any(self.message, outcome, socket, full)
    }

    /// What was found, in one word.
    pub(super) fn outcome(&self) -> Outcome {
        match (self.count, self.first) {
            (0 | 1, Some(outcome)) => outcome,
            (0, None) => Outcome::None,
            _ => Outcome::Multiple,
        }
    }

    /// Writes what was found, in one word, and how many sockets if there is more than one.
    pub(super) fn finish(self) -> Result<Outcome> {
        if self.count > 1 {
            self.message.put_u32(NSMUX_A_LOOKUP_SOCKETS, self.count)?;
        }
        entry::put_outcome(self.message, self.outcome())?;
        Ok(self.outcome())
    }
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
