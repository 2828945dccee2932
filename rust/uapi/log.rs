// SPDX-License-Identifier: GPL-2.0

//! The kernel's log: what an operator should see without asking.

use kernel::prelude::*;

use crate::{
    account::{Dispute, Protocol},
    dispute::Disputed,
    net::{inet::Port, namespace::Net, socket::Address},
};

/// Tells of a packet for which two answers differ.
pub(crate) fn disputed(net: &Net, disputed: &Disputed) {
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
