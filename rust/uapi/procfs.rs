// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/nsmux`: the mode and the counters of the reader's namespace, for people and for
//! `awk`.

use kernel::{
    ffi::c_ulong,
    seq_file::{seq_print, SeqFile},
};

use crate::{
    account::{Account, Dispute, Event, Left, Protocol, DIRECTIONS},
    instance::Instance,
    net::{pernet::Slot, procfs::File},
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

/// `/proc/net/nsmux`
pub(crate) const FILE: File<Slot<Instance>> = File {
    name: c"nsmux",
    show,
};

/// What is counted of each packet.
const EVENTS: [(Event, &str); 12] = [
    (Event::Resolved(ResolvedBy::Socket), "by-socket"),
    (Event::Resolved(ResolvedBy::Device), "by-device"),
    (Event::Resolved(ResolvedBy::Hook), "by-hook"),
    (Event::Disagreement, "disagree"),
    (Event::Unparsed, "unparsed"),
    (Event::LaterFragment, "fragment"),
    (Event::NoTable, "no-table"),
    (Event::Routed, "routed"),
    (Event::Dropped, "dropped"),
    (Event::Tapped, "tapped"),
    (Event::EarlyDemux, "early-demux"),
    (Event::Chosen, "chosen"),
];

/// What the modes verify and steer count.
const MODES: [(Event, &str); 7] = [
    (Event::Dispute(Dispute::EarlyDemux), "demux-other"),
    (Event::Dispute(Dispute::Sender), "sender-other"),
    (Event::Twin, "twin"),
    (Event::Steered, "steered"),
    (Event::Left(Left::Kind), "left-kind"),
    (Event::Left(Left::Device), "left-device"),
    (Event::Left(Left::Form), "left-form"),
];

fn show(slot: &Slot<Instance>, file: &SeqFile) {
    let account = slot.account();
    seq_print!(file, "mode {}\n", slot.mode().name());
    seq_print!(file, "namespace {}\n", slot.net().cookie());
    show_events(account, file, "resolved", &EVENTS, &DIRECTIONS);
    let lookups = [DIRECTIONS[0], DIRECTIONS[1]];
    show_events(account, file, "modes", &MODES, &lookups);
    for (direction, name) in lookups {
        show_lookups(account, file, direction, name);
    }
}

fn show_events(
    account: &Account,
    file: &SeqFile,
    title: &str,
    events: &[(Event, &str)],
    directions: &[(Direction, &str)],
) {
    seq_print!(file, "\n{:<12}", title);
    for (_, name) in events {
        seq_print!(file, " {:>12}", name);
    }
    for (direction, name) in directions {
        seq_print!(file, "\n{:<12}", name);
        for (event, _) in events {
            seq_print!(file, " {:>12}", account.read(*direction, *event));
        }
    }
    seq_print!(file, "\n");
}

fn show_lookups(account: &Account, file: &SeqFile, direction: Direction, name: &str) {
    seq_print!(file, "\n{:<12} {:>12}", name, "packets");
    for (_, name) in Outcome::ALL {
        seq_print!(file, " {:>12}", name);
    }
    for (protocol, name) in Protocol::ALL {
        // Each counter is read once, so that a line adds up also while packets come in.
        let counts = Outcome::ALL
            .map(|(outcome, _)| account.read(direction, Event::Lookup(protocol, outcome)));
        let packets: c_ulong = counts.into_iter().fold(0, c_ulong::wrapping_add);
        seq_print!(file, "\n{:<12} {:>12}", name, packets);
        for ((outcome, _), count) in Outcome::ALL.into_iter().zip(counts) {
            if protocol.can_have(outcome, direction) {
                seq_print!(file, " {:>12}", count);
            } else {
                seq_print!(file, " {:>12}", "-");
            }
        }
    }
    seq_print!(file, "\n");
}
