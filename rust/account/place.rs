// SPDX-License-Identifier: GPL-2.0

//! Where an event is counted.
//!
//! Counters that most packets change are each processor's own, and fit into four lines of its cache.
//! All others, of which there are more, are shared: of a flood of what is rare, a line goes to and fro
//! between processors, and a namespace on a machine with 128 of them costs a fraction of what it would
//! with all counters multiplied. The numbers are made when the crate is compiled, and only for what can
//! be.

use super::event::{Event, Protocol};
use crate::{
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

/// How many counters each processor has: 256 bytes of them.
pub(super) const COMMON: usize = 32;
/// How many all share.
pub(super) const RARE: usize = PLACES.rare;

/// The number of a counter: common ones first, then rare ones, and [`NOWHERE`] for what cannot be.
pub(super) type Place = u8;

/// What cannot be is not counted.
pub(super) const NOWHERE: Place = Place::MAX;

const DIRECTIONS: [Direction; 4] = [
    Direction::Receive,
    Direction::Transmit,
    Direction::ArpReceive,
    Direction::ArpTransmit,
];
const OTHERS: usize = Event::OTHERS.len();

/// A number for each event.
struct Places {
    lookups: [[[Place; Outcome::ALL.len()]; Protocol::ALL.len()]; 2],
    others: [[Place; OTHERS]; DIRECTIONS.len()],
    rare: usize,
}

const PLACES: Places = places();
static OTHER_PLACES: [[Place; OTHERS]; DIRECTIONS.len()] = PLACES.others;
static LOOKUPS: [[[Place; Outcome::ALL.len()]; Protocol::ALL.len()]; 2] = PLACES.lookups;
const _: () = assert!(COMMON + RARE < NOWHERE as usize);

/// Whether each processor counts it for itself.
const fn is_common(direction: Direction, event: Event) -> bool {
    use Outcome::{Ambiguous, Connected, Established, Listener, None, Unconnected};
    match (direction, event) {
        (Direction::Receive, Event::Lookup(Protocol::Tcp | Protocol::Tcp6, outcome)) => {
            matches!(outcome, Established | Listener | Ambiguous | None)
        }
        (Direction::Receive, Event::Lookup(Protocol::Udp | Protocol::Udp6, outcome)) => {
            matches!(outcome, Connected | Unconnected | Ambiguous | None)
        }
        (Direction::Transmit, Event::Lookup(Protocol::Tcp | Protocol::Tcp6, outcome)) => {
            matches!(outcome, Established | None)
        }
        (Direction::Transmit, Event::Lookup(Protocol::Udp | Protocol::Udp6, outcome)) => {
            matches!(outcome, Connected | Unconnected)
        }
        (
            Direction::Receive,
            Event::NoTable | Event::Tapped | Event::EarlyDemux | Event::Chosen | Event::Steered,
        ) => true,
        (Direction::Transmit, Event::NoTable | Event::Resolved(ResolvedBy::Device)) => true,
        _ => false,
    }
}

/// Whether it can be.
const fn can_be(direction: Direction, event: Event) -> bool {
    match (direction, event) {
        (Direction::Receive, Event::Resolved(ResolvedBy::Socket | ResolvedBy::Device)) => false,
        (Direction::Receive, _) => true,
        (Direction::Transmit, Event::Resolved(ResolvedBy::Socket)) => false,
        (Direction::Transmit, event) => matches!(
            event,
            Event::Resolved(_)
                | Event::Disagreement
                | Event::Unparsed
                | Event::LaterFragment
                | Event::NoTable
                | Event::Dispute(_)
                | Event::Twin
        ),
        (_, event) => matches!(
            event,
            Event::Resolved(_) | Event::Disagreement | Event::NoTable
        ),
    }
}

const fn places() -> Places {
    let mut places = Places {
        lookups: [[[NOWHERE; Outcome::ALL.len()]; Protocol::ALL.len()]; 2],
        others: [[NOWHERE; OTHERS]; DIRECTIONS.len()],
        rare: 0,
    };
    let mut common = 0;
    let mut way = 0;
    while way < DIRECTIONS.len() {
        let direction = DIRECTIONS[way];
        let mut protocol = 0;
        while way < 2 && protocol < Protocol::ALL.len() {
            let mut outcome = 0;
            while outcome < Outcome::ALL.len() {
                let event = Event::Lookup(Protocol::ALL[protocol].0, Outcome::ALL[outcome].0);
                let can = Protocol::ALL[protocol]
                    .0
                    .can_have(Outcome::ALL[outcome].0, direction);
                let place = &mut places.lookups[way][protocol][outcome];
                if can && is_common(direction, event) {
                    *place = common as Place;
                    common += 1;
                } else if can {
                    *place = (COMMON + places.rare) as Place;
                    places.rare += 1;
                }
                outcome += 1;
            }
            protocol += 1;
        }
        let mut other = 0;
        while other < OTHERS {
            let event = Event::OTHERS[other];
            assert!(event.number() == other);
            let place = &mut places.others[way][other];
            if can_be(direction, event) && is_common(direction, event) {
                *place = common as Place;
                common += 1;
            } else if can_be(direction, event) {
                *place = (COMMON + places.rare) as Place;
                places.rare += 1;
            }
            other += 1;
        }
        way += 1;
    }
    assert!(common <= COMMON);
    places
}

/// Where an event is counted in a direction.
#[inline(always)]
pub(super) fn place(direction: Direction, event: Event) -> Place {
    match (direction, event) {
        (Direction::Receive, Event::Lookup(protocol, outcome)) => {
            of_lookup(&LOOKUPS[0], protocol, outcome)
        }
        (Direction::Transmit, Event::Lookup(protocol, outcome)) => {
            of_lookup(&LOOKUPS[1], protocol, outcome)
        }
        // Packets of ARP are not looked up.
        (_, Event::Lookup(..)) => NOWHERE,
        (direction, event) => {
            let row = OTHER_PLACES.get(direction as usize);
            row.and_then(|row| row.get(event.number()))
                .map_or(NOWHERE, |place| *place)
        }
    }
}

#[inline(always)]
fn of_lookup(
    places: &[[Place; Outcome::ALL.len()]; Protocol::ALL.len()],
    protocol: Protocol,
    outcome: Outcome,
) -> Place {
    // What nobody looks packets up for is beyond the end.
    let row = places.get(protocol as usize);
    let place = row.and_then(|row| row.get(outcome as usize));
    place.map_or(NOWHERE, |place| *place)
}
