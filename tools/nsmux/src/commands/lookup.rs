// SPDX-License-Identifier: GPL-2.0

//! `nsmux lookup`: which sockets have this name.

use std::collections::{HashMap, HashSet};

use comfy_table::{Cell, Color};
use serde::Serialize;

use crate::address;
use crate::cli::{LookupTable, Tuple};
use crate::error::{Error, Status};
use crate::names::socket_owner::{self, Holder};
use crate::names::Names;
use crate::netlink::answer::{Answer, Socket};
use crate::netlink::query::{self, Key};
use crate::netlink::spec::{Outcome, Table};
use crate::netlink::Connection;
use crate::output::columns::{Columns, Kind};
use crate::output::Output;
use crate::selector;

/// An answer with the names that belong to it.
#[derive(Debug, Serialize)]
struct Described {
    netns: String,
    #[serde(flatten)]
    answer: Answer,
    holders: Vec<Holder>,
}

/// Looks a key up and shows what was found.
pub(super) fn run(table: LookupTable, output: &mut Output) -> Result<Status, Error> {
    let (table, tuple) = table.parts();
    let keys = keys(table, &tuple)?;
    let mut connection = Connection::open()?;
    let answers = distinct(ask(&mut connection, &keys, &tuple)?);
    let found = answers.iter().any(|answer| answer.outcome != Outcome::None);
    let described = describe(answers);
    if output.json {
        output.json(&described)?;
    } else if !described.is_empty() {
        output.columns(columns(&described, table))?;
    }
    if !found && tuple.place.netns.len() != 1 {
        // Not to be seen and not to be there are two answers.
        let namespaces =
            query::namespaces(&mut connection, &selector::open_all(&tuple.place.netns)?)?;
        eprintln!(
            "nsmux: {table} {}: no socket in any of {} namespaces",
            tuple.local,
            namespaces.len()
        );
    }
    Ok(if found {
        Status::Found
    } else {
        Status::NotFound
    })
}

/// The keys that a tuple stands for: one for each family that its addresses can be of.
fn keys(table: Table, tuple: &Tuple) -> Result<Vec<Key>, Error> {
    let remote = tuple.remote().map_err(Error::Usage)?;
    let remote = remote.and_then(|end| end.addresses().first().copied());
    let keys: Vec<Key> = tuple
        .local
        .addresses()
        .into_iter()
        .filter(|local| remote.is_none_or(|remote| remote.is_ipv4() == local.is_ipv4()))
        .map(|local| Key {
            table,
            local,
            remote,
            device: tuple.device,
            slave: tuple.slave,
        })
        .collect();
    if keys.is_empty() {
        return Err(Error::Usage(
            "both ends must be of one family, IPv4 or IPv6".to_string(),
        ));
    }
    Ok(keys)
}

/// Asks in one namespace for what is there, else for all namespaces in which there is something.
fn ask(connection: &mut Connection, keys: &[Key], tuple: &Tuple) -> Result<Vec<Answer>, Error> {
    let targets = selector::open_all(&tuple.place.netns)?;
    let mut answers = Vec::new();
    for key in keys {
        match targets.as_slice() {
            [target] => answers.push(query::lookup(connection, target, key)?),
            targets => answers.extend(query::lookup_all(connection, targets, key)?),
        }
    }
    Ok(answers)
}

/// The same socket can be found by both families; nothing can be, too.
fn distinct(answers: Vec<Answer>) -> Vec<Answer> {
    let mut seen = HashSet::new();
    let found_in: HashSet<u64> = answers
        .iter()
        .filter(|answer| answer.outcome != Outcome::None)
        .map(|answer| answer.netns_cookie)
        .collect();
    answers
        .into_iter()
        .filter(|answer| {
            answer.outcome != Outcome::None || !found_in.contains(&answer.netns_cookie)
        })
        .filter(|answer| {
            let socket = answer.socket.as_ref().map(|socket| socket.cookie);
            seen.insert((answer.netns_cookie, answer.outcome, socket))
        })
        .collect()
}

fn describe(answers: Vec<Answer>) -> Vec<Described> {
    let names = Names::collect();
    let sockets = answers
        .iter()
        .filter_map(|answer| answer.socket.as_ref()?.inode)
        .collect();
    let namespaces = answers.iter().map(|answer| answer.netns_inode).collect();
    let mut holders: HashMap<u64, Vec<Holder>> = socket_owner::holders(&sockets, &namespaces);
    let mut described: Vec<Described> = answers
        .into_iter()
        .map(|answer| {
            let inode = answer.socket.as_ref().and_then(|socket| socket.inode);
            Described {
                netns: names.label(answer.netns_inode),
                holders: inode
                    .and_then(|inode| holders.remove(&inode))
                    .unwrap_or_default(),
                answer,
            }
        })
        .collect();
    described.sort_by_key(|described| natural(&described.netns));
    described
}

/// Lets web10 follow web9.
fn natural(name: &str) -> (String, u64, String) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (
        stem.to_string(),
        name[stem.len()..].parse().unwrap_or(0),
        name.to_string(),
    )
}

fn columns(answers: &[Described], table: Table) -> Columns {
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
    for Described {
        netns,
        answer,
        holders,
    } in answers
    {
        let outcome = match answer.outcome {
            Outcome::None => Cell::new(answer.outcome).fg(Color::Red),
            Outcome::Ambiguous | Outcome::Multiple | Outcome::Foreign => {
                Cell::new(answer.outcome).fg(Color::Yellow)
            }
            outcome => Cell::new(outcome).fg(Color::Green),
        };
        let [local, remote, uid, device, cookie] = socket_cells(answer.socket.as_ref());
        let processes: Vec<String> = holders
            .iter()
            .map(|holder| format!("{}[{}]", holder.comm, holder.pid))
            .collect();
        columns.row([
            Cell::new(netns),
            Cell::new(table),
            outcome,
            Cell::new(local),
            Cell::new(remote),
            Cell::new(uid),
            Cell::new(device),
            Cell::new(cookie),
            Cell::new(processes.join(",")),
        ]);
    }
    columns
}

fn socket_cells(socket: Option<&Socket>) -> [String; 5] {
    let Some(socket) = socket else {
        return ["-"; 5].map(str::to_string);
    };
    let number = |number: Option<u32>| number.map_or("-".to_string(), |number| number.to_string());
    [
        address::show(socket.local),
        address::show(socket.remote),
        number(socket.uid),
        number(socket.device),
        socket.cookie.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(netns_cookie: u64, outcome: Outcome, socket: Option<u64>) -> Answer {
        Answer {
            netns_cookie,
            netns_inode: 7,
            table: Table::Udp,
            outcome,
            socket: socket.map(|cookie| Socket {
                cookie,
                ..Socket::default()
            }),
        }
    }

    #[test]
    fn one_socket_found_twice_is_shown_once() {
        let answers = vec![
            answer(1, Outcome::Unconnected, Some(5)),
            answer(2, Outcome::None, None),
            answer(1, Outcome::Unconnected, Some(5)),
            answer(1, Outcome::Unconnected, Some(6)),
            answer(2, Outcome::None, None),
        ];
        assert_eq!(distinct(answers).len(), 3);
    }

    #[test]
    fn nothing_in_one_family_is_no_news() {
        let answers = vec![
            answer(1, Outcome::None, None),
            answer(1, Outcome::Unconnected, Some(5)),
        ];
        assert_eq!(
            distinct(answers),
            [answer(1, Outcome::Unconnected, Some(5))]
        );
    }

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["web10", "web9", "db", "web"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["db", "web", "web9", "web10"]);
    }
}
