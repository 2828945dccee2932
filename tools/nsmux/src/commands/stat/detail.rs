// SPDX-License-Identifier: GPL-2.0

//! All counters of a namespace, in the shape of /proc/net/nsmux.

use comfy_table::{Cell, Color};

use super::Figure;
use crate::error::Error;
use crate::names::Names;
use crate::netlink::counters::{outcomes, Traffic};
use crate::netlink::namespace::Namespace;
use crate::netlink::spec::{Direction, Outcome, Protocol};
use crate::output::columns::{Columns, Kind};
use crate::output::number::Numbers;
use crate::output::Output;

/// Shows them.
pub(super) fn show<N: Figure>(
    output: &mut Output,
    namespace: &Namespace,
    traffic: &Traffic<N>,
    names: &Names,
) -> Result<(), Error> {
    output.line(format_args!(
        "{}  cookie {}  inode {}  mode {}",
        names.label(namespace.inode),
        namespace.cookie,
        namespace.inode,
        namespace.mode
    ))?;
    for columns in blocks(traffic, output.numbers) {
        output.line("")?;
        output.columns(columns)?;
    }
    Ok(())
}

/// How namespaces were found, then what lookups found in each direction.
pub(in crate::commands) fn blocks<N: Figure>(
    traffic: &Traffic<N>,
    numbers: Numbers,
) -> Vec<Columns> {
    let mut blocks = vec![resolved(traffic, numbers)];
    blocks.extend(
        Direction::ALL
            .iter()
            .map(|direction| lookups(*direction, traffic, numbers)),
    );
    blocks
}

fn resolved<N: Figure>(traffic: &Traffic<N>, numbers: Numbers) -> Columns {
    let mut columns = Columns::new(&[
        ("RESOLVED", Kind::Text),
        ("BY SOCKET", Kind::Number),
        ("BY DEVICE", Kind::Number),
        ("BY HOOK", Kind::Number),
        ("DISAGREE", Kind::Number),
        ("UNPARSED", Kind::Number),
        ("FRAGMENT", Kind::Number),
        ("NO TABLE", Kind::Number),
    ]);
    for direction in Direction::ALL {
        let counters = traffic.of(*direction);
        let disagree = Cell::new(counters.disagree.show(numbers));
        columns.row([
            Cell::new(direction),
            Cell::new(counters.by_socket.show(numbers)),
            Cell::new(counters.by_device.show(numbers)),
            Cell::new(counters.by_hook.show(numbers)),
            match counters.disagree == N::default() {
                true => disagree,
                false => disagree.fg(Color::Red),
            },
            Cell::new(counters.unparsed.show(numbers)),
            Cell::new(counters.fragment.show(numbers)),
            Cell::new(counters.no_table.show(numbers)),
        ]);
    }
    columns
}

/// A row for each protocol, a column for each outcome, and a dash where none can be.
fn lookups<N: Figure>(direction: Direction, traffic: &Traffic<N>, numbers: Numbers) -> Columns {
    let heading = |text: &str| text.to_uppercase().replace('-', " ");
    let mut headings = vec![(heading(direction.name()), Kind::Text)];
    headings.push(("PACKETS".to_string(), Kind::Number));
    headings.extend(
        Outcome::ALL
            .iter()
            .map(|outcome| (heading(outcome.name()), Kind::Number)),
    );
    let headings: Vec<_> = headings
        .iter()
        .map(|(text, kind)| (text.as_str(), *kind))
        .collect();
    let mut columns = Columns::new(&headings);
    let lookups = &traffic.of(direction).lookups;
    for protocol in Protocol::ALL {
        let packets = lookups.of_protocol(*protocol);
        let mut cells = vec![Cell::new(protocol), Cell::new(packets.show(numbers))];
        cells.extend(Outcome::ALL.iter().map(|outcome| {
            if outcomes(*protocol).contains(outcome) {
                Cell::new(lookups.get(*protocol, *outcome).show(numbers))
            } else {
                Cell::new("-")
            }
        }));
        columns.row(cells);
    }
    columns
}
