// SPDX-License-Identifier: GPL-2.0

//! From the command line to the requests that answer it.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::cli::lookup::{Tuple, Wanted};
use crate::cli::Where;
use crate::error::Error;
use crate::key::netlink_group::{self, NetlinkGroup, To};
use crate::key::Key;
use crate::netlink::answer::Answer;
use crate::netlink::query;
use crate::netlink::spec::{Outcome, Table};
use crate::netlink::Connection;
use crate::selector::{self, Target};

/// What is asked for.
pub(super) struct Request<'a> {
    /// The user's words for it.
    pub(super) what: String,
    /// The network namespaces; none for processes.
    pub(super) place: Option<&'a Where>,
    /// The key, if it is the path of a local socket.
    pub(super) path: Option<Key>,
    question: Question<'a>,
}

enum Question<'a> {
    /// Each of these keys.
    Keys(Vec<Key>),
    /// Members of this group, whose number may have to be asked for first, or of any.
    Group(&'a NetlinkGroup),
    /// A process.
    Process(Key),
}

impl<'a> Request<'a> {
    /// Understands the command line.
    pub(super) fn new(wanted: &'a Wanted) -> Result<Self, Error> {
        let one = |key| Question::Keys(vec![key]);
        let (what, place, question) = match wanted {
            Wanted::Tcp(tuple) => tuple_request(Table::Tcp, tuple)?,
            Wanted::Udp(tuple) => tuple_request(Table::Udp, tuple)?,
            Wanted::Sctp(tuple) => tuple_request(Table::Sctp, tuple)?,
            Wanted::Mptcp(tuple) => tuple_request(Table::Mptcp, tuple)?,
            Wanted::Raw(raw) => {
                let local = raw.local.address;
                let remote = raw.remote().map_err(Error::Usage)?.map(|host| host.address);
                if remote.is_some_and(|remote| !are_of_one_family(local, remote)) {
                    return Err(families_differ());
                }
                let key = Key::Raw {
                    protocol: raw.protocol,
                    local,
                    remote,
                    arrival: raw.arrival().map_err(Error::Usage)?,
                };
                let what = format!("raw {} {}", raw.protocol, raw.local);
                (what, Some(&raw.place), one(key))
            }
            Wanted::Packet(packet) => {
                let device = packet.device().map_err(Error::Usage)?;
                let what = format!("packet dev {device}");
                let protocol = packet.protocol;
                let key = Key::Packet { device, protocol };
                (what, Some(&packet.place), one(key))
            }
            Wanted::Unix(unix) => {
                let name = unix.name().map_err(Error::Usage)?;
                let what = format!("unix {}", crate::key::local_name::show(&name));
                (what, Some(&unix.place), one(Key::Unix(name)))
            }
            Wanted::Netlink(netlink) => (
                format!("netlink {}", netlink.group),
                Some(&netlink.place),
                Question::Group(&netlink.group),
            ),
            Wanted::Vsock(vsock) => {
                let key = Key::Vsock {
                    local: vsock.local,
                    remote: vsock.remote().map_err(Error::Usage)?,
                };
                (
                    format!("vsock {}", vsock.local),
                    Some(&vsock.place),
                    one(key),
                )
            }
            Wanted::Netdev(netdev) => (
                format!("netdev {}", netdev.device),
                Some(&netdev.place),
                one(Key::Netdev(netdev.device.clone())),
            ),
            Wanted::Pid(pid) => {
                let key = Key::Pid {
                    number: pid.number,
                    pidns: pid.pidns,
                };
                (format!("pid {}", pid.number), None, Question::Process(key))
            }
            Wanted::Cookie(cookie) => (
                format!("cookie {}", cookie.cookie),
                Some(&cookie.place),
                one(Key::Cookie(cookie.cookie)),
            ),
        };
        let path = match &question {
            Question::Keys(keys) => keys.iter().find(|key| key.is_path()).cloned(),
            _ => None,
        };
        Ok(Request {
            what,
            place,
            path,
            question,
        })
    }

    /// Asks, in one namespace for what is there, else for all in which there is something.
    pub(super) fn ask(&self, connection: &mut Connection) -> Result<Vec<Answer>, Error> {
        let targets = match self.place {
            Some(place) => selector::open_all(&place.netns)?,
            None => Vec::new(),
        };
        match &self.question {
            Question::Keys(keys) => {
                let mut answers = Vec::new();
                for key in keys {
                    answers.extend(look_up(connection, &targets, key)?);
                }
                Ok(distinct(answers))
            }
            Question::Group(group) => {
                let key = group_key(connection, group)?;
                let mut answers = look_up(connection, &targets, &key)?;
                for told in answers.iter_mut().flat_map(|answer| &mut answer.groups) {
                    told.name = netlink_group::name(group.protocol, told.number);
                }
                Ok(answers)
            }
            Question::Process(key) => process(connection, key),
        }
    }
}

type Parts<'a> = (String, Option<&'a Where>, Question<'a>);

/// The keys that a tuple stands for: one for each family that its addresses can be of.
fn tuple_request(table: Table, tuple: &Tuple) -> Result<Parts<'_>, Error> {
    let remote = tuple.remote().map_err(Error::Usage)?;
    let remote = remote.and_then(|end| end.addresses().first().copied());
    let arrival = tuple.arrival().map_err(Error::Usage)?;
    let what = format!("{table} {}", tuple.local);
    // Whoever it is that holds the port; but a connection has an address.
    let is_port = tuple.local.address.is_none() && remote.is_none();
    if is_port && matches!(table, Table::Tcp | Table::Udp) {
        let port = tuple.local.port;
        let key = Key::Port {
            table,
            port,
            arrival,
        };
        return Ok((what, Some(&tuple.place), Question::Keys(vec![key])));
    }
    let keys: Vec<Key> = tuple
        .local
        .addresses()
        .into_iter()
        .filter(|local| remote.is_none_or(|remote| are_of_one_family(local.ip(), remote.ip())))
        .map(|local| Key::Tuple {
            table,
            local,
            remote,
            arrival: arrival.clone(),
        })
        .collect();
    if keys.is_empty() {
        return Err(families_differ());
    }
    Ok((what, Some(&tuple.place), Question::Keys(keys)))
}

/// An address of IPv4 that is mapped is one of IPv4.
fn are_of_one_family(local: IpAddr, remote: IpAddr) -> bool {
    local.to_canonical().is_ipv4() == remote.to_canonical().is_ipv4()
}

fn families_differ() -> Error {
    Error::Usage("both ends must be of one family, IPv4 or IPv6".to_string())
}

fn look_up(
    connection: &mut Connection,
    targets: &[Target],
    key: &Key,
) -> Result<Vec<Answer>, Error> {
    match (targets, key) {
        // That there is no such socket is an answer, which only a dump gives.
        ([target], key) if !matches!(key, Key::Cookie(_)) => {
            query::lookup(connection, target, key).map(|answer| vec![answer])
        }
        (targets, key) => query::lookup_all(connection, targets, key),
    }
}

fn group_key(connection: &mut Connection, group: &NetlinkGroup) -> Result<Key, Error> {
    let protocol = group.protocol;
    Ok(match &group.to {
        To::Any => Key::NetlinkGroups { protocol },
        To::Group(group) => Key::NetlinkGroup {
            protocol,
            group: *group,
        },
        To::Port(port) => Key::NetlinkPort {
            protocol,
            port: *port,
        },
        To::Family { family, group } => Key::NetlinkGroup {
            protocol,
            group: connection.group_of(family, group)?,
        },
    })
}

/// Looks in the PID namespace that was named, or in all that the caller may see.
fn process(connection: &mut Connection, key: &Key) -> Result<Vec<Answer>, Error> {
    let everywhere = matches!(key, Key::Pid { pidns: None, .. });
    let answers = match everywhere {
        true => query::lookup_all(connection, &[], key)?,
        false => Vec::new(),
    };
    if !answers.is_empty() {
        return Ok(answers);
    }
    // Whoever may not look into the own namespace is told so.
    let answer = query::process(connection, key)?;
    Ok(Some(answer)
        .filter(|answer| answer.outcome != Outcome::None)
        .into_iter()
        .collect())
}

/// The same socket can be found by both families; nothing can be, too.
fn distinct(answers: Vec<Answer>) -> Vec<Answer> {
    let mut seen = HashSet::new();
    let found_in: HashSet<Option<u64>> = answers
        .iter()
        .filter(|answer| answer.outcome != Outcome::None)
        .map(|answer| answer.netns_cookie)
        .collect();
    // What one answer left out is missing from all of its namespace.
    let incomplete: HashSet<Option<u64>> = answers
        .iter()
        .filter(|answer| answer.incomplete)
        .map(|answer| answer.netns_cookie)
        .collect();
    answers
        .into_iter()
        .filter(|answer| {
            answer.outcome != Outcome::None || !found_in.contains(&answer.netns_cookie)
        })
        .filter(|answer| {
            let sockets: Vec<u64> = answer.sockets.iter().map(|socket| socket.cookie).collect();
            seen.insert((answer.netns_cookie, answer.outcome, sockets))
        })
        .map(|answer| Answer {
            incomplete: incomplete.contains(&answer.netns_cookie),
            ..answer
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::socket::Socket;

    fn answer(netns_cookie: u64, outcome: Outcome, socket: Option<u64>) -> Answer {
        Answer {
            netns_cookie: Some(netns_cookie),
            netns_inode: Some(7),
            table: Table::Udp,
            outcome,
            matching: None,
            sockets: socket
                .map(|cookie| Socket {
                    cookie,
                    ..Socket::default()
                })
                .into_iter()
                .collect(),
            interface: None,
            process: None,
            groups: Vec::new(),
            incomplete: false,
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
    fn what_one_family_left_out_is_missing() {
        let mut nothing = answer(1, Outcome::None, None);
        nothing.incomplete = true;
        let found = answer(1, Outcome::Unconnected, Some(5));
        let elsewhere = answer(2, Outcome::Unconnected, Some(6));
        let answers = distinct(vec![nothing, found, elsewhere]);
        let incomplete: Vec<bool> = answers.iter().map(|answer| answer.incomplete).collect();
        assert_eq!(incomplete, [true, false]);
    }
}
