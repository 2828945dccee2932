// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family: its numbers, its messages, and a socket to exchange them.

pub(crate) mod acknowledgement;
pub(crate) mod answer;
pub(crate) mod attribute;
pub(crate) mod connection;
pub(crate) mod counters;
pub(crate) mod event;
pub(crate) mod message;
pub(crate) mod namespace;
pub(crate) mod query;
#[cfg(test)]
pub(crate) mod recorded;
pub(crate) mod socket;
pub(crate) mod spec;

pub(crate) use connection::Connection;
