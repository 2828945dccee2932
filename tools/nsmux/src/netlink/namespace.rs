// SPDX-License-Identifier: GPL-2.0

//! A namespace, as the kernel tells about it.

use netlink_packet_core::DecodeError;
use serde::Serialize;

use super::attribute::Received;
use super::counters::{Directed, Traffic};
use super::message::FromAttributes;
use super::spec::{self, Direction, Mode, Table};

/// A table of a namespace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TableUse {
    /// Which one.
    pub(crate) table: Table,
    /// The memory is this namespace's alone.
    pub(crate) private: bool,
    /// How many buckets it has.
    pub(crate) size: u32,
    /// How many sockets of the namespace there are.
    pub(crate) sockets: u32,
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
                    match read.direction {
                        Direction::Receive => counters.receive = read.counters,
                        Direction::Transmit => counters.transmit = read.counters,
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
    let mut sockets = 0;
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number() {
            spec::table::TABLE => table = Table::try_from(attribute.u32()?).ok(),
            spec::table::PRIVATE => private = true,
            spec::table::SIZE => size = attribute.u32()?,
            spec::table::SOCKETS => sockets = attribute.u32()?,
            _ => {}
        }
    }
    Ok(table.map(|table| TableUse {
        table,
        private,
        size,
        sockets,
    }))
}
