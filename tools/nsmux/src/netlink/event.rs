// SPDX-License-Identifier: GPL-2.0

//! What the multicast groups tell.

use std::net::{IpAddr, SocketAddr};

use netlink_packet_utils::DecodeError;
use serde::Serialize;

use super::attribute::Received;
use super::message::{FromAttributes, Reply};
use super::spec::{self, Command, Mode, Protocol};

/// A namespace had no socket for a packet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Miss {
    /// The namespace.
    pub(crate) netns_cookie: u64,
    /// What the packet was.
    pub(crate) protocol: Option<Protocol>,
    /// Where it was sent to.
    pub(crate) local: Option<SocketAddr>,
    /// Where it came from.
    pub(crate) remote: Option<SocketAddr>,
    /// The index of the device on which it arrived.
    pub(crate) device: Option<u32>,
    /// What that device is called in the namespace, if it was still there.
    pub(crate) device_name: Option<String>,
    /// Misses in the namespace since the last event, this one included.
    pub(crate) count: u64,
}

/// The mode of a namespace was changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ModeChange {
    /// The namespace.
    pub(crate) netns_cookie: u64,
    /// Its inode number.
    pub(crate) netns_inode: u32,
    /// What nsmux does there from now on.
    pub(crate) mode: Mode,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// A packet that no socket takes.
    Miss(Miss),
    /// A changed mode.
    Mode(ModeChange),
}

impl Event {
    /// Reads an event; `None` for a kind that only a newer module has.
    pub(crate) fn read(reply: &Reply) -> Result<Option<Self>, DecodeError> {
        if reply.command == Command::MissNtf as u8 {
            Miss::from_attributes(reply.attributes()).map(|miss| Some(Event::Miss(miss)))
        } else if reply.command == Command::NamespaceModeNtf as u8 {
            ModeChange::from_attributes(reply.attributes()).map(|change| Some(Event::Mode(change)))
        } else {
            Ok(None)
        }
    }

    /// The namespace in which it happened.
    pub(crate) fn netns_cookie(&self) -> u64 {
        match self {
            Event::Miss(miss) => miss.netns_cookie,
            Event::Mode(change) => change.netns_cookie,
        }
    }
}

impl FromAttributes for Miss {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut miss = Miss {
            netns_cookie: 0,
            protocol: None,
            local: None,
            remote: None,
            device: None,
            device_name: None,
            count: 1,
        };
        let mut local = Endpoint::default();
        let mut remote = Endpoint::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::miss::NETNS_COOKIE => miss.netns_cookie = attribute.uint()?,
                spec::miss::PROTOCOL => miss.protocol = attribute.u32()?.try_into().ok(),
                spec::miss::LOCAL_ADDRESS => local.address = Some(attribute.address()?),
                spec::miss::LOCAL_PORT => local.port = attribute.port()?,
                spec::miss::REMOTE_ADDRESS => remote.address = Some(attribute.address()?),
                spec::miss::REMOTE_PORT => remote.port = attribute.port()?,
                spec::miss::DEVICE => miss.device = Some(attribute.u32()?),
                spec::miss::DEVICE_NAME => miss.device_name = Some(attribute.text()),
                spec::miss::COUNT => miss.count = attribute.uint()?,
                _ => {}
            }
        }
        if miss.netns_cookie == 0 {
            return Err("a miss without a namespace".into());
        }
        miss.local = local.whole();
        miss.remote = remote.whole();
        Ok(miss)
    }
}

impl FromAttributes for ModeChange {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut netns_cookie = None;
        let mut netns_inode = 0;
        let mut mode = None;
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::namespace::COOKIE => netns_cookie = Some(attribute.uint()?),
                spec::namespace::INODE => netns_inode = attribute.u32()?,
                spec::namespace::MODE => mode = Some(attribute.u32()?.try_into()?),
                _ => {}
            }
        }
        let (Some(netns_cookie), Some(mode)) = (netns_cookie, mode) else {
            return Err("a changed mode without a namespace or a mode".into());
        };
        Ok(ModeChange {
            netns_cookie,
            netns_inode,
            mode,
        })
    }
}

/// An address and a port that come in two attributes.
#[derive(Default)]
struct Endpoint {
    address: Option<IpAddr>,
    port: u16,
}

impl Endpoint {
    /// Both together, if there was an address.
    fn whole(self) -> Option<SocketAddr> {
        self.address
            .map(|address| SocketAddr::new(address, self.port))
    }
}
