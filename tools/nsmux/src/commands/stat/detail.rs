// SPDX-License-Identifier: GPL-2.0

//! All counters of a namespace.

use comfy_table::{Cell, Color};

use super::Figure;
use crate::error::Error;
use crate::names::Names;
use crate::netlink::counters::{outcomes, packet_outcomes, Traffic, OF_IP};
use crate::netlink::namespace::{Namespace, TableUse};
use crate::netlink::spec::{Direction, Protocol};
use crate::output::columns::{Columns, Kind};
use crate::output::number::Numbers;
use crate::output::Output;

/// Protocols that are shown even if there is not a packet of them.
const ALWAYS_SHOWN: [Protocol; 4] = [Protocol::Tcp, Protocol::Udp, Protocol::Tcp6, Protocol::Udp6];

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
    let blocks = blocks(traffic, output.numbers).into_iter();
    for columns in blocks.chain(chains(&namespace.tables, output.numbers)) {
        output.line("")?;
        output.columns(columns)?;
    }
    Ok(())
}

/// How namespaces were found, then what lookups found in each direction.
fn blocks<N: Figure>(traffic: &Traffic<N>, numbers: Numbers) -> Vec<Columns> {
    let mut blocks = vec![resolved(traffic, Direction::ALL, numbers)];
    blocks.extend(steered(traffic, numbers));
    blocks.extend(
        OF_IP
            .iter()
            .map(|direction| lookups(*direction, traffic, numbers)),
    );
    blocks
}

/// How namespaces were found.
pub(in crate::commands) fn resolved<N: Figure>(
    traffic: &Traffic<N>,
    directions: &[Direction],
    numbers: Numbers,
) -> Columns {
    let mut columns = Columns::new(&[
        ("RESOLVED BY", Kind::Text),
        ("SOCKET", Kind::Number),
        ("DEVICE", Kind::Number),
        ("HOOK", Kind::Number),
        ("DISAGREE", Kind::Number),
        ("UNPARSED", Kind::Number),
        ("FRAGMENT", Kind::Number),
        ("NO TABLE", Kind::Number),
        ("ROUTED", Kind::Number),
        ("DROPPED", Kind::Number),
    ]);
    for direction in directions {
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
            Cell::new(counters.routed.show(numbers)),
            Cell::new(counters.dropped.show(numbers)),
        ]);
    }
    columns
}

/// What became of packets in the modes that do more than observe, if there is anything to tell.
fn steered<N: Figure>(traffic: &Traffic<N>, numbers: Numbers) -> Option<Columns> {
    let mut columns = Columns::new(&[
        ("STEERED", Kind::Text),
        ("PACKETS", Kind::Number),
        ("KIND", Kind::Number),
        ("DEVICE", Kind::Number),
        ("FORM", Kind::Number),
        ("TAPPED", Kind::Number),
        ("EARLY DEMUX", Kind::Number),
        ("CHOSEN", Kind::Number),
        ("EARLY DEMUX DIFFERS", Kind::Number),
        ("SENDER DIFFERS", Kind::Number),
        ("TWIN", Kind::Number),
    ]);
    let mut anything = false;
    for direction in OF_IP {
        let counters = traffic.of(direction);
        let figures = [
            counters.steered,
            counters.left_kind,
            counters.left_device,
            counters.left_form,
            counters.tapped,
            counters.early_demux,
            counters.chosen,
            counters.dispute_early_demux,
            counters.dispute_sender,
            counters.twin,
        ];
        anything |= figures.iter().any(|figure| *figure != N::default());
        let cells = figures.map(|figure| Cell::new(figure.show(numbers)));
        columns.row(std::iter::once(Cell::new(direction)).chain(cells));
    }
    anything.then_some(columns)
}

/// How full the tables are, if the kernel has walked them.
fn chains(tables: &[TableUse], numbers: Numbers) -> Option<Columns> {
    let mut columns = Columns::new(&[
        ("TABLE", Kind::Text),
        ("MEMORY", Kind::Text),
        ("BUCKETS", Kind::Number),
        ("WALKED", Kind::Number),
        ("USED", Kind::Number),
        ("SOCKETS", Kind::Number),
        ("OWN", Kind::Number),
        ("LONGEST CHAIN", Kind::Number),
    ]);
    let mut anything = false;
    for table in tables {
        let Some(chains) = table.chains else { continue };
        anything = true;
        let memory = if table.private { "private" } else { "shared" };
        let figures = [
            table.size,
            chains.walked,
            chains.used,
            chains.entries,
            chains.own,
            chains.longest,
        ];
        let cells = figures.map(|figure| Cell::new(numbers.count(figure.into())));
        columns.row(
            [Cell::new(table.table), Cell::new(memory)]
                .into_iter()
                .chain(cells),
        );
    }
    anything.then_some(columns)
}

/// What lookups found in a direction: a row for each outcome, a column for each protocol, and a
/// dash where none can be.
pub(in crate::commands) fn lookups<N: Figure>(
    direction: Direction,
    traffic: &Traffic<N>,
    numbers: Numbers,
) -> Columns {
    let protocols: Vec<Protocol> = Protocol::ALL
        .iter()
        .copied()
        .filter(|protocol| {
            let counted = |direction| traffic.of(direction).lookups.of_protocol(*protocol);
            ALWAYS_SHOWN.contains(protocol) || OF_IP.map(counted) != [N::default(); 2]
        })
        .collect();
    let mut headings = vec![(direction.name().to_uppercase(), Kind::Text)];
    headings.extend(
        protocols
            .iter()
            .map(|protocol| (protocol.name().to_uppercase(), Kind::Number)),
    );
    let headings: Vec<_> = headings
        .iter()
        .map(|(text, kind)| (text.as_str(), *kind))
        .collect();
    let mut columns = Columns::new(&headings);
    let lookups = &traffic.of(direction).lookups;
    let mut row = |name: &str, figure: &dyn Fn(Protocol) -> Option<N>| {
        let figures = protocols.iter().map(|protocol| match figure(*protocol) {
            Some(figure) => Cell::new(figure.show(numbers)),
            None => Cell::new("-"),
        });
        columns.row(std::iter::once(Cell::new(name)).chain(figures));
    };
    row("packets", &|protocol| Some(lookups.of_protocol(protocol)));
    for outcome in packet_outcomes() {
        row(outcome.name(), &|protocol| {
            outcomes(protocol)
                .contains(&outcome)
                .then(|| lookups.get(protocol, outcome))
        });
    }
    columns
}
