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

/// How many may still be told, until [`WHILE`] after [`BEGIN`]. These three are used by the periodic
/// work alone.
static LEFT: Atomic<u32> = Atomic::new(MOST);
/// When the first of them was told, by the clock of [`periodic::seconds`].
static BEGIN: Atomic<u64> = Atomic::new(0);
/// The cookie of the namespace whose dispute was told last; 0 if all have had their turn.
static LAST: Atomic<u64> = Atomic::new(0);

/// One round through all namespaces, in the order of their cookies, to tell their disputes.
///
/// Where there were too many, the next round goes on behind the last one that was told, lest those
/// who come first be heard alone.
pub(crate) struct Round {
    now: u64,
    left: u32,
}

impl Round {
    /// Begins one, in the periodic work.
    pub(crate) fn begin() -> Self {
        let now = periodic::seconds();
        let is_over = now.saturating_sub(BEGIN.load(Relaxed)) >= WHILE;
        let left = if is_over { MOST } else { LEFT.load(Relaxed) };
        Self { now, left }
    }

    /// Tells the dispute of a namespace, if there is one and it is not one too many.
    pub(crate) fn tell(&mut self, net: &Net, dispute: &dispute::Dispute) {
        if self.left == 0 || net.cookie() <= LAST.load(Relaxed) {
            return;
        }
        let Some(disputed) = dispute.take() else {
            return;
        };
        if self.left == MOST {
            BEGIN.store(self.now, Relaxed);
        }
        self.left -= 1;
        LEFT.store(self.left, Relaxed);
        LAST.store(net.cookie(), Relaxed);
        tell(net, &disputed);
    }

    /// All namespaces were there.
    pub(crate) fn end(self) {
        if self.left > 0 {
            LAST.store(0, Relaxed);
        }
    }
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
