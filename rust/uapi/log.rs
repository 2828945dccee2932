// SPDX-License-Identifier: GPL-2.0

//! The kernel's log: what an operator should see without asking.

use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

use crate::{
    account::{Dispute, Protocol},
    dispute::{self, Disputed},
    net::{inet::Port, namespace::Net, periodic, socket::Address},
};

/// How many disputes are told within [`WHILE`]: the log is not to be flooded, neither when all
/// namespaces have one nor by somebody who changes the mode to and fro.
const MOST: u32 = 5;
/// In seconds.
const WHILE: u64 = 10;

/// How many may still be told, until [`WHILE`] after [`BEGIN`]. Both are used by the periodic work
/// alone.
static LEFT: Atomic<u32> = Atomic::new(MOST);
/// When the first of them was told, by the clock of [`periodic::seconds`].
static BEGIN: Atomic<u64> = Atomic::new(0);

/// Whether one more may be told now; otherwise the namespaces wait for their turns. In the periodic
/// work.
pub(crate) fn has_room() -> bool {
    if periodic::seconds().saturating_sub(BEGIN.load(Relaxed)) >= WHILE {
        LEFT.store(MOST, Relaxed);
    }
    LEFT.load(Relaxed) > 0
}

/// Tells the dispute of a namespace, if there is one still. In the periodic work, when there is room.
pub(crate) fn tell_dispute(net: &Net, dispute: &dispute::Dispute) {
    let Some(disputed) = dispute.take() else {
        return;
    };
    let left = LEFT.load(Relaxed);
    if left == MOST {
        BEGIN.store(periodic::seconds(), Relaxed);
    }
    LEFT.store(left.saturating_sub(1), Relaxed);
    tell(net, &disputed);
}

/// Tells of a packet for which two answers differ.
fn tell(net: &Net, disputed: &Disputed) {
    let kernel = match disputed.with {
        Dispute::EarlyDemux => "it bears",
        Dispute::Sender => "its sender is",
    };
    pr_warn!(
        "namespace {}: {} packet, here {}, there {}: found socket {}, but {} socket {}\n",
        net.cookie(),
        name(disputed.protocol),
        End(disputed.local),
        End(disputed.remote),
        disputed.found,
        kernel,
        disputed.kernel,
    );
}

fn name(protocol: Protocol) -> &'static str {
    Protocol::ALL
        .into_iter()
        .find(|(it, _)| *it as u8 == protocol as u8)
        .map_or("", |(_, name)| name)
}

/// An end, as people write it.
struct End((Address, Port));

impl kernel::fmt::Display for End {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        let (address, port) = self.0;
        match address {
            Address::V4(bytes) => write!(f, "{}", core::net::Ipv4Addr::from(bytes))?,
            Address::V6(bytes) => write!(f, "[{}]", core::net::Ipv6Addr::from(bytes))?,
        }
        write!(f, ":{}", port.number())
    }
}
