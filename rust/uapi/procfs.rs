// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/nsmux`: the mode and the counters of the reader's namespace, for people and for
//! `awk`.

use kernel::{
    ffi::c_ulong,
    seq_file::{seq_print, SeqFile},
};

use crate::{
    account::{Account, Event, Protocol, DIRECTIONS},
    instance::Instance,
    net::{pernet::Slot, procfs::File},
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

/// `/proc/net/nsmux`
pub(crate) const FILE: File<Instance> = File {
    name: c"nsmux",
    show,
};

const EVENTS: [(Event, &str); 7] = [
    (Event::Resolved(ResolvedBy::Socket), "by-socket"),
    (Event::Resolved(ResolvedBy::Device), "by-device"),
    (Event::Resolved(ResolvedBy::Hook), "by-hook"),
    (Event::Disagreement, "disagree"),
    (Event::Unparsed, "unparsed"),
    (Event::LaterFragment, "fragment"),
    (Event::NoTable, "no-table"),
];

fn show(slot: &Slot<Instance>, file: &SeqFile) {
    let account = slot.account();
    seq_print!(file, "mode {}\n", slot.mode().name());
    seq_print!(file, "namespace {}\n", slot.net().cookie());
    show_resolved(account, file);
    for (direction, name) in DIRECTIONS {
        show_lookups(account, file, direction, name);
    }
}

fn show_resolved(account: &Account, file: &SeqFile) {
    seq_print!(file, "\n{:<9}", "resolved");
    for (_, name) in EVENTS {
        seq_print!(file, " {:>11}", name);
    }
    for (direction, name) in DIRECTIONS {
        seq_print!(file, "\n{:<9}", name);
        for (event, _) in EVENTS {
            seq_print!(file, " {:>11}", account.read(direction, event));
        }
    }
    seq_print!(file, "\n");
}

fn show_lookups(account: &Account, file: &SeqFile, direction: Direction, name: &str) {
    seq_print!(file, "\n{:<9} {:>11}", name, "packets");
    for (_, name) in Outcome::ALL {
        seq_print!(file, " {:>11}", name);
    }
    for (protocol, name) in Protocol::ALL {
        // Each counter is read once, so that a line adds up also while packets come in.
        let counts = Outcome::ALL
            .map(|(outcome, _)| account.read(direction, Event::Lookup(protocol, outcome)));
        let packets: c_ulong = counts.into_iter().fold(0, c_ulong::wrapping_add);
        seq_print!(file, "\n{:<9} {:>11}", name, packets);
        for ((outcome, _), count) in Outcome::ALL.into_iter().zip(counts) {
            if protocol.can_have(outcome) {
                seq_print!(file, " {:>11}", count);
            } else {
                seq_print!(file, " {:>11}", "-");
            }
        }
    }
    seq_print!(file, "\n");
}
