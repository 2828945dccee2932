// SPDX-License-Identifier: GPL-2.0

//! `nsmux lookup`: whose is this name?

mod request;
mod view;

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::cli::lookup::Wanted;
use crate::error::{Error, Status};
use crate::key::Key;
use crate::names::socket_owner::{self, Holder};
use crate::names::{About, Names};
use crate::netlink::answer::Answer;
use crate::netlink::query;
use crate::netlink::socket::Socket;
use crate::netlink::spec::Outcome;
use crate::netlink::Connection;
use crate::output::Output;
use crate::selector;

/// An answer with the names that belong to it.
#[derive(Debug, Serialize)]
struct Described {
    /// What people call the network namespace; none for processes.
    netns: Option<String>,
    #[serde(flatten)]
    answer: Answer,
    /// From where processes can reach the sockets.
    reach: Reach,
    sockets: Vec<Held>,
}

/// From where a process can reach what has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Reach {
    /// From the namespace where it was found.
    Namespace,
    /// From all in which the process can reach the file.
    File,
}

/// A socket with the processes that hold it.
#[derive(Debug, Serialize)]
struct Held {
    #[serde(flatten)]
    socket: Socket,
    holders: Vec<Holder>,
}

/// Looks a key up and shows what was found.
pub(super) fn run(wanted: &Wanted, output: &mut Output) -> Result<Status, Error> {
    let request = request::Request::new(wanted)?;
    let mut connection = Connection::open()?;
    let answers = request.ask(&mut connection)?;
    let found = answers.iter().any(|answer| answer.outcome != Outcome::None);
    let reach = match &request.path {
        Some(_) => Reach::File,
        None => Reach::Namespace,
    };
    let described = describe(answers, reach);
    if output.json {
        output.json(&described)?;
    } else if !described.is_empty() {
        output.columns(view::columns(&described))?;
        for answer in &described {
            view::warn_of_untold(answer);
        }
    }
    if let Some(path) = &request.path {
        say_reach(&mut connection, path, &described)?;
    }
    if found {
        return Ok(Status::Found);
    }
    if described.is_empty() {
        say_where(&mut connection, &request)?;
    }
    Ok(Status::NotFound)
}

/// A path leads to its socket from everywhere: that a namespace has none bound to it does not mean
/// that its processes find none.
fn say_reach(
    connection: &mut Connection,
    path: &Key,
    described: &[Described],
) -> Result<(), Error> {
    let text = "a path is no namespace's: whoever may open the file can connect, from all of them";
    eprintln!("nsmux: {text}");
    if described
        .iter()
        .all(|one| one.answer.outcome != Outcome::None)
    {
        return Ok(());
    }
    let bound = describe(query::lookup_all(connection, &[], path)?, Reach::File);
    let netns: Vec<String> = bound.into_iter().filter_map(|one| one.netns).collect();
    if !netns.is_empty() {
        eprintln!("nsmux: it is bound in {}", netns.join(", "));
    }
    Ok(())
}

/// Not to be seen and not to be there are two answers.
fn say_where(connection: &mut Connection, request: &request::Request) -> Result<(), Error> {
    let Some(place) = request.place else {
        eprintln!("nsmux: {}: nothing in any PID namespace", request.what);
        return Ok(());
    };
    let namespaces = query::namespaces(connection, &selector::open_all(&place.netns)?)?.len();
    match namespaces {
        1 => eprintln!("nsmux: {}: nothing in 1 namespace", request.what),
        _ => eprintln!(
            "nsmux: {}: nothing in any of {namespaces} namespaces",
            request.what
        ),
    }
    Ok(())
}

fn describe(answers: Vec<Answer>, reach: Reach) -> Vec<Described> {
    let sockets = answers
        .iter()
        .flat_map(|answer| &answer.sockets)
        .filter_map(|socket| socket.inode)
        .collect();
    let namespaces: HashSet<u32> = answers
        .iter()
        .filter_map(|answer| answer.netns_inode)
        .collect();
    let names = Names::collect(About::Labels, namespaces.iter().copied());
    let holders: HashMap<u64, Vec<Holder>> = socket_owner::holders(&sockets, &namespaces);
    let mut described: Vec<Described> = answers
        .into_iter()
        .map(|mut answer| Described {
            netns: answer.netns_inode.map(|inode| names.label(inode)),
            sockets: std::mem::take(&mut answer.sockets)
                .into_iter()
                .map(|socket| Held {
                    holders: socket
                        .inode
                        .and_then(|inode| holders.get(&inode).cloned())
                        .unwrap_or_default(),
                    socket,
                })
                .collect(),
            reach,
            answer,
        })
        .collect();
    described.sort_by_key(|described| described.netns.as_deref().map(natural));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["web10", "web9", "db", "web"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["db", "web", "web9", "web10"]);
    }
}
