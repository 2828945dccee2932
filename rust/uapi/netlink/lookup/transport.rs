// SPDX-License-Identifier: GPL-2.0

//! Questions about sockets of TCP and UDP: who holds an end, or a port at whatever address.

use kernel::prelude::*;

use super::{
    answers::Answers,
    key::Ends,
    question::{tell_nothing, Arrival, OnDevice, Question},
};
use crate::{
    net::{
        allowance::Allowance,
        genetlink::Message,
        inet::{udp_chains, BoundDevices, BoundOnly, Family, Port, PortEnds, Tuple, V4, V6},
        namespace::Namespace,
        socket::{Address, SockCommon},
    },
    table::{
        tcp::Tcp,
        udp::{Udp, UdpKey},
        Outcome, Table,
    },
};

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
        answers.put_each(&tuple, &devices, 0, &look_up, &any)?;
    }
    if answers.count == 0 {
        let devices = BoundDevices::of_listeners(namespace, &tuple, allowance);
        let look_up = |tuple: &_| Tcp::<F>::listener(namespace, tuple);
        answers.put_each(&tuple, &devices, 0, &look_up, &any)?;
    }
    if answers.outcome() == Outcome::None && !question.key.has_remote {
        answers.put_bound(&BoundOnly::find(namespace, &tuple, allowance, &|socket| {
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
    answers.put_each(&tuple, &devices, missed, &look_up, &any)?;
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

/// Takes every socket that a lookup finds.
fn any(_: &SockCommon) -> bool {
    true
}
