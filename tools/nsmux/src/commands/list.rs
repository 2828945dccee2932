// SPDX-License-Identifier: GPL-2.0

//! `nsmux list`: the namespaces, and who lives in them.

use comfy_table::{Cell, Color};

use super::Described;
use crate::cli::Where;
use crate::error::{Error, Status};
use crate::names::{About, Names};
use crate::netlink::namespace::{Namespace, TableUse};
use crate::netlink::spec::{Mode, Table};
use crate::netlink::Connection;
use crate::output::columns::{Columns, Kind};
use crate::output::number::Numbers;
use crate::output::Output;
use crate::sample::Sample;
use crate::selector;

/// Shows the namespaces.
pub(super) fn run(place: &Where, output: &mut Output) -> Result<Status, Error> {
    let targets = selector::open_all(&place.netns)?;
    let mut connection = Connection::open()?;
    let sample = Sample::take(&mut connection, &targets)?;
    let names = Names::collect(About::Residents, super::inodes(&sample.namespaces));
    if output.json {
        let described: Vec<_> = sample
            .namespaces
            .iter()
            .map(|namespace| Described::new(namespace, &names))
            .collect();
        output.json(&described)?;
    } else {
        output.columns(columns(&sample.namespaces, &names, output.numbers))?;
    }
    Ok(Status::Found)
}

/// The places of the columns that a narrow terminal can do without.
const INODE: usize = 2;
const NSID: usize = 3;
const DEVICES: usize = 5;
const UDP: usize = 7;
const UNIT: usize = 10;

fn columns(namespaces: &[Namespace], names: &Names, numbers: Numbers) -> Columns {
    let mut columns = Columns::new(&[
        ("NETNS", Kind::Text),
        ("COOKIE", Kind::Number),
        ("INODE", Kind::Number),
        ("NSID", Kind::Number),
        ("MODE", Kind::Whole),
        ("DEVICES", Kind::Number),
        ("TCP", Kind::Number),
        ("UDP", Kind::Number),
        ("PROCESSES", Kind::Number),
        ("FIRST PROCESS", Kind::Text),
        ("UNIT", Kind::Text),
    ])
    .spare(&[INODE, UNIT, NSID, UDP, DEVICES]);
    for namespace in namespaces {
        let known = names.of(namespace.inode);
        let name = names.labels(namespace.inode).join(",");
        let (count, process) = match &known.process {
            Some(process) => (process.count.to_string(), process.to_string()),
            None => ("0".to_string(), "-".to_string()),
        };
        columns.row([
            Cell::new(name),
            Cell::new(namespace.cookie),
            Cell::new(namespace.inode),
            Cell::new(
                namespace
                    .nsid
                    .map_or("-".to_string(), |nsid| nsid.to_string()),
            ),
            mode_cell(namespace.mode),
            Cell::new(namespace.devices),
            Cell::new(use_of(namespace.table(Table::Tcp), numbers)),
            Cell::new(use_of(namespace.table(Table::Udp), numbers)),
            Cell::new(count),
            Cell::new(process),
            Cell::new(known.owner.unit.as_deref().unwrap_or("-")),
        ]);
    }
    columns
}

/// A mode, in its colour.
pub(super) fn mode_cell(mode: Mode) -> Cell {
    match mode {
        Mode::Off => Cell::new(mode).fg(Color::DarkGrey),
        Mode::Observe => Cell::new(mode).fg(Color::Green),
        Mode::Verify => Cell::new(mode).fg(Color::Cyan),
        Mode::Steer => Cell::new(mode).fg(Color::Yellow),
    }
}

/// Sockets and buckets of a table, with a star if the table is shared, and a dash for sockets that
/// the kernel does not count.
pub(super) fn use_of(table: Option<&TableUse>, numbers: Numbers) -> String {
    match table {
        Some(table) => {
            let sockets = table.sockets.map(|sockets| numbers.count(sockets.into()));
            let sockets = sockets.as_deref().unwrap_or("-");
            let shared = if table.private { "" } else { "*" };
            format!("{sockets}/{}{shared}", table.size)
        }
        None => "-".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_table_has_a_star() {
        let mut table = TableUse {
            table: Table::Tcp,
            private: true,
            size: 131_072,
            sockets: Some(12),
            chains: None,
        };
        let numbers = Numbers { raw: false };
        assert_eq!(use_of(Some(&table), numbers), "12/131072");
        table.private = false;
        assert_eq!(use_of(Some(&table), Numbers { raw: true }), "12/131072*");
        table.sockets = None;
        assert_eq!(use_of(Some(&table), numbers), "-/131072*");
        assert_eq!(use_of(None, numbers), "-");
    }
}
