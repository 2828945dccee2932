// SPDX-License-Identifier: GPL-2.0

//! What a lookup found.

use netlink_packet_utils::DecodeError;
use serde::Serialize;

use super::attribute::Received;
use super::message::FromAttributes;
use super::socket::Socket;
use super::spec::{self, Outcome, Table};

/// A network device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Interface {
    /// Its index.
    pub(crate) index: u32,
    /// Its name.
    pub(crate) name: String,
    /// The index of the device that it is a part of.
    pub(crate) master: Option<u32>,
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Process {
    /// Its number in the PID namespace that was looked in.
    pub(crate) number: Option<u32>,
    /// Its number in the caller's PID namespace.
    pub(crate) own_number: Option<u32>,
    /// The inode number of the PID namespace that was looked in.
    pub(crate) pidns_inode: Option<u32>,
    /// What it calls itself.
    pub(crate) command: Option<String>,
}

/// A group of netlink that has members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    /// Its number.
    pub(crate) number: u32,
    /// What it is called, if it has a name of its own.
    pub(crate) name: Option<&'static str>,
}

/// What was found in one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    /// The network namespace that was looked in; none for processes.
    pub(crate) netns_cookie: Option<u64>,
    /// Its inode number.
    pub(crate) netns_inode: Option<u32>,
    /// The table that was looked in.
    pub(crate) table: Table,
    /// What was found.
    pub(crate) outcome: Outcome,
    /// How many sockets match, in a table where several can.
    pub(crate) matching: Option<u32>,
    /// The socket, or as many of them as fit into a message.
    #[serde(skip)]
    pub(crate) sockets: Vec<Socket>,
    /// The network device, if it is one.
    pub(crate) interface: Option<Interface>,
    /// The process, if it is one.
    pub(crate) process: Option<Process>,
    /// The groups that have members, if that was asked.
    pub(crate) groups: Vec<Group>,
    /// Whether there was more to go over than one answer may: sockets may be missing.
    pub(crate) incomplete: bool,
}

impl FromAttributes for Answer {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut table = None;
        let mut outcome = None;
        let mut answer = Answer {
            netns_cookie: None,
            netns_inode: None,
            table: Table::Tcp,
            outcome: Outcome::None,
            matching: None,
            sockets: Vec::new(),
            interface: None,
            process: None,
            groups: Vec::new(),
            incomplete: false,
        };
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::lookup::NETNS_COOKIE => answer.netns_cookie = Some(attribute.uint()?),
                spec::lookup::NETNS_INODE => answer.netns_inode = Some(attribute.u32()?),
                spec::lookup::TABLE => table = Some(attribute.u32()?.try_into()?),
                spec::lookup::OUTCOME => outcome = Some(attribute.u32()?.try_into()?),
                spec::lookup::SOCKETS => answer.matching = Some(attribute.u32()?),
                spec::lookup::SOCKET => {
                    answer
                        .sockets
                        .push(Socket::from_attributes(attribute.nest())?);
                }
                spec::lookup::INTERFACE => {
                    answer.interface = Some(Interface::from_attributes(attribute.nest())?);
                }
                spec::lookup::PROCESS => {
                    answer.process = Some(Process::from_attributes(attribute.nest())?);
                }
                spec::lookup::MEMBER_GROUP => answer.groups.push(Group {
                    number: attribute.u32()?,
                    name: None,
                }),
                spec::lookup::INCOMPLETE => answer.incomplete = true,
                _ => {}
            }
        }
        let without = |what: &str| DecodeError::from(format!("an answer without {what}"));
        answer.table = table.ok_or_else(|| without("a table"))?;
        answer.outcome = outcome.ok_or_else(|| without("an outcome"))?;
        if answer.table != Table::Pid {
            answer.netns_cookie.ok_or_else(|| without("a namespace"))?;
            answer
                .netns_inode
                .ok_or_else(|| without("an inode number"))?;
        }
        Ok(answer)
    }
}

impl FromAttributes for Interface {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut interface = Interface::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::interface::INDEX => interface.index = attribute.u32()?,
                spec::interface::NAME => interface.name = attribute.text(),
                spec::interface::MASTER => interface.master = Some(attribute.u32()?),
                _ => {}
            }
        }
        Ok(interface)
    }
}

impl FromAttributes for Process {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut process = Process::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::process::NUMBER => process.number = Some(attribute.u32()?),
                spec::process::OWN_NUMBER => process.own_number = Some(attribute.u32()?),
                spec::process::PIDNS_INODE => process.pidns_inode = Some(attribute.u32()?),
                spec::process::COMMAND => process.command = Some(attribute.text()),
                _ => {}
            }
        }
        Ok(process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::attribute::attributes;
    use crate::netlink::recorded::{bytes, COOKIE, INODE};
    use crate::netlink::socket::{End, Family};

    fn read(name: &str) -> Answer {
        Answer::from_attributes(attributes(&bytes(name))).unwrap()
    }

    #[test]
    fn a_listener() {
        let answer = read("listener-reply");
        assert_eq!(
            (answer.netns_cookie, answer.netns_inode),
            (Some(COOKIE), Some(INODE))
        );
        assert_eq!(
            (answer.table, answer.outcome),
            (Table::Tcp, Outcome::Listener)
        );
        let [socket] = answer.sockets.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!(socket.cookie, 1);
        assert_eq!(socket.family, Some(Family::Ipv4));
        assert_eq!(
            socket.local,
            Some(End::Port("127.0.0.1:8080".parse().unwrap()))
        );
        assert_eq!(
            (socket.remote, socket.uid, socket.mark),
            (None, Some(0), None)
        );
        assert!(socket.inode.is_some());
        assert_eq!(read("everywhere-reply").outcome, Outcome::Listener);
    }

    #[test]
    fn a_connection() {
        let answer = read("established-reply");
        assert_eq!(answer.outcome, Outcome::Established);
        let socket = &answer.sockets[0];
        assert_eq!(
            socket.remote,
            Some(End::Port("127.0.0.1:4242".parse().unwrap()))
        );
        // Nobody has accepted it yet.
        assert_eq!(socket.inode, None);
    }

    #[test]
    fn nothing() {
        let answer = read("ipv6-reply");
        assert_eq!((answer.table, answer.outcome), (Table::Udp, Outcome::None));
        assert_eq!(answer.sockets, []);
    }

    #[test]
    fn an_answer_that_is_cut_short_is_an_error_or_says_less() {
        let whole = bytes("listener-reply");
        for length in 0..whole.len() {
            // Cut between two attributes, what is missing must be what may be missing.
            if let Ok(answer) = Answer::from_attributes(attributes(&whole[..length])) {
                assert_eq!((answer.sockets, length), (vec![], 32));
            }
        }
    }
}
