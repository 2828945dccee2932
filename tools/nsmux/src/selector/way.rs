// SPDX-License-Identifier: GPL-2.0

//! What a word says besides a name in the run directory.

use crate::error::Error;
use crate::names::{control_group, process, About, Names};
use crate::netlink::{query, Connection};

use super::{Reference, Target};

/// A way to name a namespace that is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a number that the kernel is asked about.
    Number(Number),
    /// By its inode number, `net:[4026531833]`.
    Inode(u32),
    /// By a task in it, its name and its number, `init[1]`.
    Process { comm: String, pid: u32 },
    /// By a container, `docker:3f2a1c9d8e7b`.
    Container,
}

/// A number that names a namespace in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// Of a task in it.
    Pid(u32),
    /// By which this namespace knows it.
    Nsid(i32),
    /// Its cookie.
    Cookie(u64),
}

impl Way {
    /// What a word says; none if it can only be a name.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let number = |what: &str| format!("`{text}` is not a {what}");
        let way = if let Some(cookie) = text.strip_prefix("cookie:") {
            match digits(cookie) {
                Some(0) | None => {
                    return Err(number("cookie: a number above 0 follows `cookie:`"));
                }
                Some(cookie) => Way::Number(Number::Cookie(cookie)),
            }
        } else if let Some(nsid) = text.strip_prefix("nsid:") {
            match digits(nsid) {
                None => return Err(number("nsid: a number from 0 follows `nsid:`")),
                Some(nsid) => Way::Number(Number::Nsid(nsid)),
            }
        } else if let Some(pid) = text.strip_prefix("pid:") {
            match digits(pid) {
                Some(0) | None => {
                    return Err(number("process: a number above 0 follows `pid:`"));
                }
                Some(pid) => Way::Number(Number::Pid(pid)),
            }
        } else if let Some(pid) = digits(text).filter(|pid| *pid > 0) {
            Way::Number(Number::Pid(pid))
        } else if control_group::is_container(text) {
            Way::Container
        } else if let Some((comm, number)) = bracketed(text) {
            match comm {
                "net:" => Way::Inode(number),
                comm => Way::Process {
                    comm: comm.to_string(),
                    pid: number,
                },
            }
        } else {
            return Ok(None);
        };
        Ok(Some(way))
    }

    /// The number that leads to what this says; none if there is no such thing.
    pub(super) fn resolve(&self, text: &str) -> Result<Option<Number>, Error> {
        Ok(match self {
            Way::Number(number) => Some(*number),
            Way::Inode(inode) => query::namespaces(&mut Connection::open()?, &[])?
                .iter()
                .find(|namespace| namespace.inode == *inode)
                .map(|namespace| Number::Cookie(namespace.cookie)),
            Way::Process { comm, pid } => {
                (process::comm(*pid).as_ref() == Some(comm)).then_some(Number::Pid(*pid))
            }
            Way::Container => {
                let namespaces = query::namespaces(&mut Connection::open()?, &[])?;
                let inodes = namespaces.iter().map(|namespace| namespace.inode);
                let names = Names::collect(About::Labels, inodes);
                let mut all = names.of_container(text);
                match (all.next(), all.next()) {
                    (Some(known), None) => known
                        .process
                        .as_ref()
                        .map(|process| Number::Pid(process.task().1)),
                    _ => None,
                }
            }
        })
    }
}

impl Number {
    /// The inode number of the namespace, or one that none has if the user may not know it; none if
    /// there is nothing with this number.
    pub(super) fn inode(self) -> Option<u32> {
        match self {
            Number::Pid(pid) if !process::exists(pid) => None,
            Number::Pid(pid) => Some(process::namespace_of(pid).unwrap_or(0)),
            Number::Nsid(_) | Number::Cookie(_) => {
                let target = Target {
                    name: String::new(),
                    reference: Reference::Number(self),
                };
                let mut connection = Connection::open().ok()?;
                let namespace = query::namespace(&mut connection, &target).ok()?;
                Some(namespace.inode)
            }
        }
    }

    /// The same on the command line, with so many zeroes before its digits, which make another text
    /// of it.
    pub(super) fn written(self, zeroes: usize) -> String {
        let zeroes = "0".repeat(zeroes);
        match self {
            Number::Pid(pid) => format!("pid:{zeroes}{pid}"),
            Number::Nsid(nsid) => format!("nsid:{zeroes}{nsid}"),
            Number::Cookie(cookie) => format!("cookie:{zeroes}{cookie}"),
        }
    }
}

/// A number without a sign.
fn digits<N: std::str::FromStr>(text: &str) -> Option<N> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// What stands before a number in brackets, and the number.
fn bracketed(text: &str) -> Option<(&str, u32)> {
    let (before, number) = text.strip_suffix(']')?.rsplit_once('[')?;
    Some((before, digits(number).filter(|number| *number > 0)?))
}
