// SPDX-License-Identifier: GPL-2.0

//! What a lookup found.

use std::net::{IpAddr, SocketAddr};

use netlink_packet_core::DecodeError;
use serde::Serialize;

use super::attribute::Received;
use super::message::FromAttributes;
use super::spec::{self, Outcome, Table};

/// A socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Socket {
    /// As SO_COOKIE tells it.
    pub(crate) cookie: u64,
    /// `ipv4` or `ipv6`, as the socket was made.
    pub(crate) family: Option<Family>,
    /// The end where the socket is.
    pub(crate) local: Option<SocketAddr>,
    /// The other end.
    pub(crate) remote: Option<SocketAddr>,
    /// The index of the device that it is bound to.
    pub(crate) device: Option<u32>,
    /// Its inode number, if a process holds it.
    pub(crate) inode: Option<u64>,
    /// Its owner.
    pub(crate) uid: Option<u32>,
    /// Its mark.
    pub(crate) mark: Option<u32>,
}

/// The address family of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Family {
    /// AF_INET.
    Ipv4,
    /// AF_INET6.
    Ipv6,
}

impl Family {
    fn from_number(number: u16) -> Option<Self> {
        match number {
            2 => Some(Family::Ipv4),
            10 => Some(Family::Ipv6),
            _ => None,
        }
    }
}

/// What was found in one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    /// The namespace that was looked in.
    pub(crate) netns_cookie: u64,
    /// Its inode number.
    pub(crate) netns_inode: u32,
    /// The table that was looked in.
    pub(crate) table: Table,
    /// What was found.
    pub(crate) outcome: Outcome,
    /// The socket, if it is one.
    pub(crate) socket: Option<Socket>,
}

impl FromAttributes for Answer {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut netns_cookie = None;
        let mut netns_inode = None;
        let mut table = None;
        let mut outcome = None;
        let mut socket = None;
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::lookup::NETNS_COOKIE => netns_cookie = Some(attribute.uint()?),
                spec::lookup::NETNS_INODE => netns_inode = Some(attribute.u32()?),
                spec::lookup::TABLE => table = Some(attribute.u32()?.try_into()?),
                spec::lookup::OUTCOME => outcome = Some(attribute.u32()?.try_into()?),
                spec::lookup::SOCKET => socket = Some(Socket::from_attributes(attribute.nest())?),
                _ => {}
            }
        }
        let without = |what: &str| DecodeError::from(format!("an answer without {what}"));
        Ok(Answer {
            netns_cookie: netns_cookie.ok_or_else(|| without("a namespace"))?,
            netns_inode: netns_inode.ok_or_else(|| without("an inode number"))?,
            table: table.ok_or_else(|| without("a table"))?,
            outcome: outcome.ok_or_else(|| without("an outcome"))?,
            socket,
        })
    }
}

impl FromAttributes for Socket {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut socket = Socket::default();
        let mut local = Endpoint::default();
        let mut remote = Endpoint::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::socket::COOKIE => socket.cookie = attribute.uint()?,
                spec::socket::FAMILY => socket.family = Family::from_number(attribute.u16()?),
                spec::socket::LOCAL_ADDRESS => local.address = Some(attribute.address()?),
                spec::socket::LOCAL_PORT => local.port = attribute.port()?,
                spec::socket::REMOTE_ADDRESS => remote.address = Some(attribute.address()?),
                spec::socket::REMOTE_PORT => remote.port = attribute.port()?,
                spec::socket::DEVICE => socket.device = Some(attribute.u32()?),
                spec::socket::INODE => socket.inode = Some(attribute.uint()?),
                spec::socket::UID => socket.uid = Some(attribute.u32()?),
                spec::socket::MARK => socket.mark = Some(attribute.u32()?),
                _ => {}
            }
        }
        socket.local = local.whole();
        socket.remote = remote.whole();
        Ok(socket)
    }
}

/// An address and a port that come in two attributes.
#[derive(Default)]
pub(super) struct Endpoint {
    /// The address, once it was read.
    pub(super) address: Option<IpAddr>,
    /// The port.
    pub(super) port: u16,
}

impl Endpoint {
    /// Both together, if there was an address.
    pub(super) fn whole(self) -> Option<SocketAddr> {
        self.address
            .map(|address| SocketAddr::new(address, self.port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::attribute::attributes;
    use crate::netlink::recorded::{bytes, COOKIE, INODE};

    fn read(name: &str) -> Answer {
        Answer::from_attributes(attributes(&bytes(name))).unwrap()
    }

    #[test]
    fn a_listener() {
        let answer = read("listener-reply");
        assert_eq!((answer.netns_cookie, answer.netns_inode), (COOKIE, INODE));
        assert_eq!(
            (answer.table, answer.outcome),
            (Table::Tcp, Outcome::Listener)
        );
        let socket = answer.socket.unwrap();
        assert_eq!(socket.cookie, 1);
        assert_eq!(socket.family, Some(Family::Ipv4));
        assert_eq!(socket.local, Some("127.0.0.1:8080".parse().unwrap()));
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
        let socket = answer.socket.unwrap();
        assert_eq!(socket.remote, Some("127.0.0.1:4242".parse().unwrap()));
        // Nobody has accepted it yet.
        assert_eq!(socket.inode, None);
    }

    #[test]
    fn nothing() {
        let answer = read("ipv6-reply");
        assert_eq!((answer.table, answer.outcome), (Table::Udp, Outcome::None));
        assert_eq!(answer.socket, None);
    }

    #[test]
    fn an_answer_that_is_cut_short_is_an_error_or_says_less() {
        let whole = bytes("listener-reply");
        for length in 0..whole.len() {
            // Cut between two attributes, what is missing must be what may be missing.
            if let Ok(answer) = Answer::from_attributes(attributes(&whole[..length])) {
                assert_eq!((answer.socket, length), (None, 32));
            }
        }
    }
}
