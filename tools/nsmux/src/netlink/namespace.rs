// SPDX-License-Identifier: GPL-2.0

//! A namespace, as the kernel tells about it.

use netlink_packet_utils::DecodeError;
use serde::Serialize;

use super::attribute::Received;
use super::counters::{Directed, Traffic};
use super::message::FromAttributes;
use super::spec::{self, Mode, Table};

/// A table of a namespace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TableUse {
    /// Which one.
    pub(crate) table: Table,
    /// The memory is this namespace's alone.
    pub(crate) private: bool,
    /// How many buckets it has.
    pub(crate) size: u32,
    /// How many sockets of the namespace there are, if the kernel counts them.
    pub(crate) sockets: Option<u32>,
    /// What is in its buckets, if the kernel has looked: it does when one namespace is asked for.
    pub(crate) chains: Option<Chains>,
}

/// What is in a table's buckets, whichever namespace's it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Chains {
    /// How many buckets were looked at.
    pub(crate) walked: u32,
    /// How many of them have a socket.
    pub(crate) used: u32,
    /// How many sockets they have.
    pub(crate) entries: u32,
    /// How many of these are the namespace's own.
    pub(crate) own: u32,
    /// How many sockets are in the longest chain.
    pub(crate) longest: u32,
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Namespace {
    /// Never used again while the system is up.
    pub(crate) cookie: u64,
    /// As the file in /proc/PID/ns has it.
    pub(crate) inode: u32,
    /// The number by which the caller's namespace knows it.
    pub(crate) nsid: Option<i32>,
    /// What nsmux does there.
    pub(crate) mode: Mode,
    /// How many devices it has.
    pub(crate) devices: u32,
    /// Its tables.
    pub(crate) tables: Vec<TableUse>,
    /// What was counted.
    #[serde(skip)]
    pub(crate) counters: Traffic<u64>,
}

impl Namespace {
    /// The use of one table.
    pub(crate) fn table(&self, table: Table) -> Option<&TableUse> {
        self.tables.iter().find(|known| known.table == table)
    }
}

impl FromAttributes for Namespace {
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError> {
        let mut cookie = None;
        let mut inode = None;
        let mut mode = None;
        let mut nsid = None;
        let mut devices = 0;
        let mut tables = Vec::new();
        let mut counters = Traffic::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number() {
                spec::namespace::COOKIE => cookie = Some(attribute.uint()?),
                spec::namespace::INODE => inode = Some(attribute.u32()?),
                spec::namespace::NSID => nsid = Some(attribute.s32()?),
                spec::namespace::MODE => mode = Some(attribute.u32()?.try_into()?),
                spec::namespace::DEVICES => devices = attribute.u32()?,
                spec::namespace::TABLE => tables.extend(read_table(attribute.nest())?),
                spec::namespace::COUNTERS => {
                    let read = Directed::from_attributes(attribute.nest())?;
                    if let Some(direction) = read.direction {
                        counters.put(direction, read.counters);
                    }
                }
                _ => {}
            }
        }
        Ok(Namespace {
            cookie: cookie.ok_or_else(|| DecodeError::from("a namespace without a cookie"))?,
            inode: inode.ok_or_else(|| DecodeError::from("a namespace without an inode"))?,
            mode: mode.ok_or_else(|| DecodeError::from("a namespace without a mode"))?,
            nsid,
            devices,
            tables,
            counters,
        })
    }
}

/// Reads the use of a table; `None` for a table that only a newer module has.
fn read_table<'a>(
    attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
) -> Result<Option<TableUse>, DecodeError> {
    let mut table = None;
    let mut private = false;
    let mut size = 0;
    let mut sockets = None;
    let mut walked = None;
    let mut chains = Chains::default();
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number() {
            spec::table::TABLE => table = Table::try_from(attribute.u32()?).ok(),
            spec::table::PRIVATE => private = true,
            spec::table::SIZE => size = attribute.u32()?,
            spec::table::SOCKETS => sockets = Some(attribute.u32()?),
            spec::table::WALKED => walked = Some(attribute.u32()?),
            spec::table::USED => chains.used = attribute.u32()?,
            spec::table::ENTRIES => chains.entries = attribute.u32()?,
            spec::table::OWN => chains.own = attribute.u32()?,
            spec::table::LONGEST => chains.longest = attribute.u32()?,
            _ => {}
        }
    }
    Ok(table.map(|table| TableUse {
        table,
        private,
        size,
        sockets,
        chains: walked.map(|walked| Chains { walked, ..chains }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::attribute::attributes;
    use crate::netlink::recorded::{bytes, COOKIE, INODE};
    use crate::netlink::spec::{Outcome, Protocol};

    #[test]
    fn what_the_kernel_tells() {
        let reply = bytes("namespace-reply");
        let namespace = Namespace::from_attributes(attributes(&reply)).unwrap();
        assert_eq!((namespace.cookie, namespace.inode), (COOKIE, INODE));
        assert_eq!((namespace.mode, namespace.devices), (Mode::Observe, 1));
        assert_eq!(namespace.nsid, None);
        let tcp = namespace.table(Table::Tcp).unwrap();
        assert_eq!(
            (tcp.private, tcp.size, tcp.sockets),
            (false, 32768, Some(3))
        );
        let udp = namespace.table(Table::Udp).unwrap();
        assert_eq!((udp.private, udp.size, udp.sockets), (false, 2048, None));
        assert_eq!(udp.chains, None);
        let receive = &namespace.counters.receive;
        assert_eq!((receive.by_device, receive.packets()), (3, 3));
        for outcome in [Outcome::Established, Outcome::Request, Outcome::Listener] {
            assert_eq!(receive.lookups.get(Protocol::Tcp, outcome), 1);
        }
        let transmit = &namespace.counters.transmit;
        assert_eq!(transmit.by_socket, 3);
        assert_eq!(transmit.lookups.get(Protocol::Tcp, Outcome::Established), 2);
    }

    #[test]
    fn what_is_cut_short_never_panics() {
        let whole = bytes("namespace-reply");
        for length in 0..whole.len() {
            let _ = Namespace::from_attributes(attributes(&whole[..length]));
            let mut broken = whole.clone();
            broken[length] ^= 0xff;
            let _ = Namespace::from_attributes(attributes(&broken));
        }
    }
}
