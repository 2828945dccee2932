// SPDX-License-Identifier: GPL-2.0

//! Messages between the kernel's own YNL library and the module, as `fixtures/record.py` saw them.

use super::attribute::Attribute;
use super::message::Request;
use netlink_packet_utils::Emitable;

const RECORDED: &str = include_str!("../../fixtures/recorded.txt");

/// The bytes of the message with this name.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let hex = RECORDED
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("{name} was not recorded"));
    (0..hex.len())
        .step_by(2)
        .map(|place| u8::from_str_radix(&hex[place..place + 2], 16).unwrap())
        .collect()
}

/// The bytes of a request's attributes.
pub(crate) fn emitted(request: &Request) -> Vec<u8> {
    let attributes: &[Attribute] = &request.attributes;
    let mut bytes = vec![0; attributes.buffer_len()];
    attributes.emit(&mut bytes);
    bytes
}

/// The cookie of the namespace that was recorded.
pub(crate) const COOKIE: u64 = 11;
/// Its inode number.
pub(crate) const INODE: u32 = 0xf000_0122;
