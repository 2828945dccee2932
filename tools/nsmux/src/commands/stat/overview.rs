// SPDX-License-Identifier: GPL-2.0

//! A line for each namespace.

use comfy_table::{Cell, Color};

use super::Figure;
use crate::names::Names;
use crate::netlink::counters::Traffic;
use crate::netlink::namespace::Namespace;
use crate::output::columns::{Columns, Kind};
use crate::output::number::Numbers;

/// The places of the columns that a narrow terminal can do without.
const BY_SOCKET: usize = 4;
const BY_DEVICE: usize = 5;
const BY_HOOK: usize = 6;
const FRAGMENTS: usize = 9;

/// The lines.
pub(super) fn columns<N: Figure>(
    namespaces: &[Namespace],
    figures: &[&Traffic<N>],
    names: &Names,
    numbers: Numbers,
) -> Columns {
    let mut columns = Columns::new(&[
        ("NETNS", Kind::Text),
        ("MODE", Kind::Whole),
        ("RECEIVED", Kind::Number),
        ("SENT", Kind::Number),
        ("BY SOCKET", Kind::Number),
        ("BY DEVICE", Kind::Number),
        ("BY HOOK", Kind::Number),
        ("MISSES", Kind::Number),
        ("UNPARSED", Kind::Number),
        ("FRAGMENTS", Kind::Number),
        ("NO TABLE", Kind::Number),
        ("DISAGREE", Kind::Number),
    ])
    .spare(&[BY_HOOK, BY_SOCKET, BY_DEVICE, FRAGMENTS]);
    for (namespace, traffic) in namespaces.iter().zip(figures) {
        let (receive, transmit) = (&traffic.receive, &traffic.transmit);
        let cell = |figure: N| Cell::new(figure.show(numbers));
        let notable = |figure: N, colour| match figure == N::default() {
            true => cell(figure),
            false => cell(figure).fg(colour),
        };
        columns.row([
            Cell::new(names.label(namespace.inode)),
            super::super::list::mode_cell(namespace.mode),
            cell(receive.packets()),
            cell(transmit.packets()),
            cell(receive.by_socket + transmit.by_socket),
            cell(receive.by_device + transmit.by_device),
            cell(receive.by_hook + transmit.by_hook),
            notable(receive.misses(), Color::Yellow),
            notable(receive.unparsed + transmit.unparsed, Color::Yellow),
            cell(receive.fragment + transmit.fragment),
            cell(receive.no_table + transmit.no_table),
            notable(traffic.disagreements(), Color::Red),
        ]);
    }
    columns
}
