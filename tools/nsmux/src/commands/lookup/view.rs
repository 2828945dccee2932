// SPDX-License-Identifier: GPL-2.0

//! What was found, for people.

use comfy_table::{Cell, Color};

use super::{Described, Held};
use crate::address;
use crate::key::local_name;
use crate::netlink::socket::{End, Socket};
use crate::netlink::spec::{Outcome, Table};
use crate::output::columns::{Columns, Kind};

const NOTHING: &str = "-";

/// The columns that suit the table.
pub(super) fn columns(answers: &[Described]) -> Columns {
    match answers.first().map(|first| first.answer.table) {
        Some(Table::Netdev) => devices(answers),
        Some(Table::Pid) => processes(answers),
        _ if answers
            .iter()
            .any(|described| !described.answer.groups.is_empty()) =>
        {
            groups(answers)
        }
        _ => sockets(answers),
    }
}

/// Tells of sockets that did not fit into the kernel's answer, or that it did not look for.
pub(super) fn warn_of_untold(described: &Described) {
    if let (true, Some(netns)) = (described.answer.incomplete, &described.netns) {
        let more = "there is more to go over than one answer may: some sockets may be missing";
        eprintln!("nsmux: {netns}: {more}");
    }
    if !described.answer.groups.is_empty() {
        return;
    }
    let told = described.sockets.len();
    if let (Some(matching), Some(netns)) = (described.answer.matching, &described.netns) {
        if matching as usize > told {
            eprintln!("nsmux: {netns}: {matching} sockets match, {told} of them are shown");
        }
    }
}

fn sockets(answers: &[Described]) -> Columns {
    let mut columns = Columns::new(&[
        ("NETNS", Kind::Text),
        ("TABLE", Kind::Text),
        ("OUTCOME", Kind::Whole),
        ("LOCAL", Kind::Whole),
        ("REMOTE", Kind::Whole),
        ("UID", Kind::Number),
        ("DEVICE", Kind::Number),
        ("COOKIE", Kind::Number),
        ("PROCESS", Kind::Text),
    ]);
    for described in answers {
        let mut row = |outcome, cells: [String; 6]| {
            let first = [
                netns(described),
                Cell::new(described.answer.table),
                colour(outcome),
            ];
            columns.row(first.into_iter().chain(cells.map(Cell::new)));
        };
        for held in &described.sockets {
            let outcome = held.socket.kind.unwrap_or(described.answer.outcome);
            row(outcome, socket_cells(held));
        }
        if described.sockets.is_empty() {
            row(described.answer.outcome, [NOTHING; 6].map(str::to_string));
        }
    }
    columns
}

fn netns(described: &Described) -> Cell {
    Cell::new(described.netns.as_deref().unwrap_or(NOTHING))
}

fn colour(outcome: Outcome) -> Cell {
    let colour = match outcome {
        Outcome::None => Color::Red,
        Outcome::Ambiguous | Outcome::Multiple | Outcome::Foreign => Color::Yellow,
        _ => Color::Green,
    };
    Cell::new(outcome).fg(colour)
}

fn socket_cells(Held { socket, holders }: &Held) -> [String; 6] {
    let processes: Vec<String> = holders
        .iter()
        .map(|holder| format!("{}[{}]", holder.comm, holder.pid))
        .collect();
    [
        local(socket),
        remote(socket),
        number(socket.uid),
        device(socket),
        socket.cookie.to_string(),
        processes.join(","),
    ]
}

fn local(socket: &Socket) -> String {
    match (socket.local, &socket.name, socket.port_id) {
        (Some(end), _, _) => end.to_string(),
        (None, Some(name), _) => local_name::show(name),
        (None, None, Some(port)) => format!("port:{port}"),
        (None, None, None) => NOTHING.to_string(),
    }
}

fn remote(socket: &Socket) -> String {
    match (socket.remote, socket.local) {
        (Some(end), _) => end.to_string(),
        (None, Some(End::Port(_) | End::Vsock(_))) => address::show(None),
        (None, Some(End::Address(_))) => "*".to_string(),
        (None, None) => NOTHING.to_string(),
    }
}

/// What the device is called, or its index if it is not there any more.
fn device(socket: &Socket) -> String {
    match &socket.device_name {
        Some(name) => crate::names::printable(name),
        None => number(socket.device),
    }
}

fn number(number: Option<u32>) -> String {
    number.map_or(NOTHING.to_string(), |number| number.to_string())
}

fn groups(answers: &[Described]) -> Columns {
    let mut columns = Columns::new(&[
        ("NETNS", Kind::Text),
        ("GROUP", Kind::Number),
        ("NAME", Kind::Whole),
    ]);
    for described in answers {
        for group in &described.answer.groups {
            columns.row([
                netns(described),
                Cell::new(group.number),
                Cell::new(group.name.unwrap_or(NOTHING)).fg(Color::Green),
            ]);
        }
    }
    columns
}

fn devices(answers: &[Described]) -> Columns {
    let mut columns = Columns::new(&[
        ("NETNS", Kind::Text),
        ("DEVICE", Kind::Whole),
        ("INDEX", Kind::Number),
        ("MASTER", Kind::Number),
    ]);
    for described in answers {
        let cells = match &described.answer.interface {
            Some(device) => [
                Cell::new(crate::names::printable(&device.name)).fg(Color::Green),
                Cell::new(device.index),
                Cell::new(number(device.master)),
            ],
            None => [
                colour(Outcome::None),
                Cell::new(NOTHING),
                Cell::new(NOTHING),
            ],
        };
        columns.row([netns(described)].into_iter().chain(cells));
    }
    columns
}

fn processes(answers: &[Described]) -> Columns {
    let mut columns = Columns::new(&[
        ("PIDNS", Kind::Whole),
        ("PID", Kind::Number),
        ("PID HERE", Kind::Number),
        ("COMMAND", Kind::Text),
    ]);
    for process in answers
        .iter()
        .filter_map(|described| described.answer.process.as_ref())
    {
        let command = process.command.as_deref().map(crate::names::printable);
        columns.row([
            Cell::new(
                process
                    .pidns_inode
                    .map_or(NOTHING.to_string(), |n| format!("pid:[{n}]")),
            ),
            Cell::new(number(process.number)),
            Cell::new(number(process.own_number)),
            Cell::new(command.as_deref().unwrap_or(NOTHING)).fg(Color::Green),
        ]);
    }
    columns
}
