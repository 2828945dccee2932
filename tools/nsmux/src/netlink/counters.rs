// SPDX-License-Identifier: GPL-2.0

//! What nsmux counts in a namespace: numbers since the last reset, or rates between two samples.

use std::ops::Add;

use netlink_packet_utils::DecodeError;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::attribute::Received;
use super::message::FromAttributes;
use super::spec::{self, Direction, Outcome, Protocol};

/// How often lookups of each protocol had each outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lookups<N>([[N; Outcome::ALL.len()]; Protocol::ALL.len()]);

impl<N: Copy + Default + Add<Output = N>> Lookups<N> {
    /// Of this protocol, with this outcome.
    pub(crate) fn get(&self, protocol: Protocol, outcome: Outcome) -> N {
        self.0[protocol as usize][outcome as usize]
    }

    /// Of this protocol, with any outcome.
    pub(crate) fn of_protocol(&self, protocol: Protocol) -> N {
        sum(self.0[protocol as usize])
    }

    /// Of any protocol, with this outcome.
    pub(crate) fn of_outcome(&self, outcome: Outcome) -> N {
        sum(self.0.map(|outcomes| outcomes[outcome as usize]))
    }
}

impl<N: Serialize> Serialize for Lookups<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Outcomes<'a, N>(Protocol, &'a [N]);

        impl<N: Serialize> Serialize for Outcomes<'_, N> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                for outcome in outcomes(self.0) {
                    map.serialize_entry(outcome, &self.1[*outcome as usize])?;
                }
                map.end()
            }
        }

        let mut map = serializer.serialize_map(None)?;
        for protocol in Protocol::ALL {
            let counts = &self.0[*protocol as usize];
            map.serialize_entry(protocol, &Outcomes(*protocol, counts))?;
        }
        map.end()
    }
}

/// What a lookup of this protocol can find.
pub(crate) fn outcomes(protocol: Protocol) -> &'static [Outcome] {
    use Outcome::*;
    match protocol {
        Protocol::Tcp | Protocol::Tcp6 => &[
            Established,
            TimeWait,
            Request,
            Listener,
            Ambiguous,
            Foreign,
            None,
        ],
        Protocol::Raw | Protocol::Raw6 => &[Connected, Unconnected, Multiple],
        Protocol::Error | Protocol::Error6 => &[
            Established,
            TimeWait,
            Request,
            Connected,
            Unconnected,
            Ambiguous,
            Foreign,
            None,
        ],
        Protocol::Udp | Protocol::Udp6 => {
            &[Connected, Unconnected, Ambiguous, Multiple, Foreign, None]
        }
    }
}

/// What a lookup of any protocol can find for a packet.
pub(crate) fn packet_outcomes() -> impl Iterator<Item = Outcome> {
    Outcome::ALL.iter().copied().filter(|outcome| {
        Protocol::ALL
            .iter()
            .any(|protocol| outcomes(*protocol).contains(outcome))
    })
}

/// What was counted in one direction.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub(crate) struct Counters<N> {
    /// Packets whose namespace was read from the socket.
    pub(crate) by_socket: N,
    /// Packets whose namespace was read from the device.
    pub(crate) by_device: N,
    /// Packets that had neither.
    pub(crate) by_hook: N,
    /// Packets resolved to another namespace than netfilter's.
    pub(crate) disagree: N,
    /// Packets with a header that is cut short or contradicts itself.
    pub(crate) unparsed: N,
    /// Fragments that are not the first of their packet.
    pub(crate) fragment: N,
    /// Packets of a protocol without a table.
    pub(crate) no_table: N,
    /// Packets that a routing header sends on.
    pub(crate) routed: N,
    /// Packets that the stack drops before it looks for a socket.
    pub(crate) dropped: N,
    /// Packets that packet sockets on their device have as well.
    pub(crate) tapped: N,
    /// Packets that bore their socket, which early demultiplexing had found.
    pub(crate) early_demux: N,
    /// Packets that bore their socket, which TPROXY or a BPF program had chosen.
    pub(crate) chosen: N,
    /// Packets that were handed a socket.
    pub(crate) steered: N,
    /// Packets whose socket is of a kind that is not handed over.
    pub(crate) left_kind: N,
    /// Packets whose device gives them to another one after all hooks.
    pub(crate) left_device: N,
    /// Packets that are fragments, or have extension headers.
    pub(crate) left_form: N,
    /// Packets for which early demultiplexing has found another socket.
    pub(crate) dispute_early_demux: N,
    /// Packets under whose tuple another socket is found than the one that sends them.
    pub(crate) dispute_sender: N,
    /// Packets for which two sockets of UDP have the same two ends, and the other one is found.
    pub(crate) twin: N,
    /// All others: what their lookup found.
    #[serde(bound = "N: Serialize")]
    pub(crate) lookups: Lookups<N>,
}

impl<N: Copy + Default + Add<Output = N>> Counters<N> {
    /// All packets.
    pub(crate) fn packets(&self) -> N {
        self.by_socket + self.by_device + self.by_hook
    }

    /// Packets for which there is no socket.
    pub(crate) fn misses(&self) -> N {
        self.lookups.of_outcome(Outcome::None)
    }

    /// Applies a function to each counter here and its like there.
    fn zip<M: Copy + Default>(&self, other: &Self, f: impl Fn(N, N) -> M) -> Counters<M> {
        let mut lookups = Lookups::default();
        for (protocol, counts) in self.lookups.0.iter().enumerate() {
            for (outcome, &count) in counts.iter().enumerate() {
                lookups.0[protocol][outcome] = f(count, other.lookups.0[protocol][outcome]);
            }
        }
        Counters {
            by_socket: f(self.by_socket, other.by_socket),
            by_device: f(self.by_device, other.by_device),
            by_hook: f(self.by_hook, other.by_hook),
            disagree: f(self.disagree, other.disagree),
            unparsed: f(self.unparsed, other.unparsed),
            fragment: f(self.fragment, other.fragment),
            no_table: f(self.no_table, other.no_table),
            routed: f(self.routed, other.routed),
            dropped: f(self.dropped, other.dropped),
            tapped: f(self.tapped, other.tapped),
            early_demux: f(self.early_demux, other.early_demux),
            chosen: f(self.chosen, other.chosen),
            steered: f(self.steered, other.steered),
            left_kind: f(self.left_kind, other.left_kind),
            left_device: f(self.left_device, other.left_device),
            left_form: f(self.left_form, other.left_form),
            dispute_early_demux: f(self.dispute_early_demux, other.dispute_early_demux),
            dispute_sender: f(self.dispute_sender, other.dispute_sender),
            twin: f(self.twin, other.twin),
            lookups,
        }
    }
}

/// The directions of packets with addresses of IP.
pub(crate) const OF_IP: [Direction; 2] = [Direction::Receive, Direction::Transmit];

/// What was counted in each direction.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub(crate) struct Traffic<N> {
    /// Into the namespace.
    #[serde(bound = "N: Serialize")]
    pub(crate) receive: Counters<N>,
    /// Out of it.
    #[serde(bound = "N: Serialize")]
    pub(crate) transmit: Counters<N>,
    /// Into it, to find neighbours.
    #[serde(bound = "N: Serialize")]
    pub(crate) arp_receive: Counters<N>,
    /// Out of it, to find neighbours.
    #[serde(bound = "N: Serialize")]
    pub(crate) arp_transmit: Counters<N>,
}

impl<N> Traffic<N> {
    /// Of one direction.
    pub(crate) fn of(&self, direction: Direction) -> &Counters<N> {
        match direction {
            Direction::Receive => &self.receive,
            Direction::Transmit => &self.transmit,
            Direction::ArpReceive => &self.arp_receive,
            Direction::ArpTransmit => &self.arp_transmit,
        }
    }

    /// Takes the counters of one direction.
    pub(super) fn put(&mut self, direction: Direction, counters: Counters<N>) {
        *match direction {
            Direction::Receive => &mut self.receive,
            Direction::Transmit => &mut self.transmit,
            Direction::ArpReceive => &mut self.arp_receive,
            Direction::ArpTransmit => &mut self.arp_transmit,
        } = counters;
    }
}

impl<N: Copy + Default + Add<Output = N>> Traffic<N> {
    /// All packets of both directions of IP.
    pub(crate) fn packets(&self) -> N {
        self.receive.packets() + self.transmit.packets()
    }

    /// Packets of all directions that were resolved to another namespace than netfilter's.
    pub(crate) fn disagreements(&self) -> N {
        let of = |direction: &Direction| self.of(*direction).disagree;
        Direction::ALL.iter().map(of).fold(N::default(), N::add)
    }
}

impl Traffic<u64> {
    /// How much a second it became more since an earlier sample. After a reset in between, what
    /// was counted since then.
    pub(crate) fn rate_since(&self, earlier: &Self, seconds: f64) -> Traffic<f64> {
        let rate = |now: u64, then: u64| {
            let more = now.checked_sub(then).unwrap_or(now);
            more as f64 / seconds
        };
        Traffic {
            receive: self.receive.zip(&earlier.receive, rate),
            transmit: self.transmit.zip(&earlier.transmit, rate),
            arp_receive: self.arp_receive.zip(&earlier.arp_receive, rate),
            arp_transmit: self.arp_transmit.zip(&earlier.arp_transmit, rate),
        }
    }
}

fn sum<N: Default + Add<Output = N>, const LENGTH: usize>(numbers: [N; LENGTH]) -> N {
    numbers.into_iter().fold(N::default(), N::add)
}

/// The counters of a direction, as one attribute has them.
pub(crate) struct Directed {
    /// Which direction; none for one that only a newer module has.
    pub(crate) direction: Option<Direction>,
    /// Its counters.
    pub(crate) counters: Counters<u64>,
}

impl FromAttributes for Directed {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut direction = None;
        let mut counters = Counters::default();
        for attribute in attributes {
            let attribute = attribute?;
            let counter = match attribute.number() {
                spec::counters::DIRECTION => {
                    direction = Some(Direction::try_from(attribute.u32()?).ok());
                    continue;
                }
                spec::counters::LOOKUPS => {
                    read_lookups(attribute.nest(), &mut counters.lookups)?;
                    continue;
                }
                spec::counters::BY_SOCKET => &mut counters.by_socket,
                spec::counters::BY_DEVICE => &mut counters.by_device,
                spec::counters::BY_HOOK => &mut counters.by_hook,
                spec::counters::DISAGREE => &mut counters.disagree,
                spec::counters::UNPARSED => &mut counters.unparsed,
                spec::counters::FRAGMENT => &mut counters.fragment,
                spec::counters::NO_TABLE => &mut counters.no_table,
                spec::counters::ROUTED => &mut counters.routed,
                spec::counters::DROPPED => &mut counters.dropped,
                spec::counters::TAPPED => &mut counters.tapped,
                spec::counters::STEERED => &mut counters.steered,
                spec::counters::EARLY_DEMUX => &mut counters.early_demux,
                spec::counters::CHOSEN => &mut counters.chosen,
                spec::counters::TWIN => &mut counters.twin,
                spec::counters::LEFT_KIND => &mut counters.left_kind,
                spec::counters::LEFT_DEVICE => &mut counters.left_device,
                spec::counters::LEFT_FORM => &mut counters.left_form,
                spec::counters::DISPUTE_EARLY_DEMUX => &mut counters.dispute_early_demux,
                spec::counters::DISPUTE_SENDER => &mut counters.dispute_sender,
                _ => continue,
            };
            *counter = attribute.uint()?;
        }
        let direction = direction.ok_or_else(|| DecodeError::from("counters of no direction"))?;
        Ok(Directed {
            direction,
            counters,
        })
    }
}

fn read_lookups<'a>(
    attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    lookups: &mut Lookups<u64>,
) -> Result<(), DecodeError> {
    let mut protocol = None;
    let mut outcome = None;
    let mut packets = 0;
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number() {
            spec::lookups::PROTOCOL => protocol = Some(attribute.u32()?),
            spec::lookups::OUTCOME => outcome = Some(attribute.u32()?),
            spec::lookups::PACKETS => packets = attribute.uint()?,
            _ => {}
        }
    }
    let (Some(protocol), Some(outcome)) = (protocol, outcome) else {
        return Err("lookups without a protocol or an outcome".into());
    };
    // A newer module may count more kinds than this tool has a place for.
    if let (Ok(protocol), Ok(outcome)) = (Protocol::try_from(protocol), Outcome::try_from(outcome))
    {
        lookups.0[protocol as usize][outcome as usize] = packets;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(listener: u64, none: u64) -> Counters<u64> {
        let mut counters = Counters {
            by_device: listener + none,
            ..Counters::default()
        };
        counters.lookups.0[Protocol::Tcp as usize][Outcome::Listener as usize] = listener;
        counters.lookups.0[Protocol::Udp6 as usize][Outcome::None as usize] = none;
        counters
    }

    #[test]
    fn sums() {
        let counters = counted(3, 4);
        assert_eq!(counters.packets(), 7);
        assert_eq!(counters.misses(), 4);
        assert_eq!(counters.lookups.of_protocol(Protocol::Tcp), 3);
        assert_eq!(counters.lookups.of_protocol(Protocol::Tcp6), 0);
    }

    #[test]
    fn a_rate_is_per_second_and_survives_a_reset() {
        let of = |receive| Traffic {
            receive,
            ..Traffic::default()
        };
        let rate = of(counted(30, 2)).rate_since(&of(counted(10, 5)), 2.0);
        assert_eq!(
            rate.receive.lookups.get(Protocol::Tcp, Outcome::Listener),
            10.0
        );
        assert_eq!(rate.receive.misses(), 1.0);
    }

    #[test]
    fn json_has_the_combinations_that_can_occur() {
        let json = serde_json::to_value(counted(1, 2)).unwrap();
        assert_eq!(json["lookups"]["tcp"]["listener"], 1);
        assert_eq!(json["lookups"]["udp6"]["none"], 2);
        assert!(json["lookups"]["udp"].get("listener").is_none());
        assert_eq!(json["by_device"], 3);
    }
}
