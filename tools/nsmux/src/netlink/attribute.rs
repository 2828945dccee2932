// SPDX-License-Identifier: GPL-2.0

//! Attributes as they lie in a message: written from values, read into values.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_utils::nla::{Nla, NlaBuffer, NlasIterator, NLA_F_NESTED, NLA_HEADER_SIZE};
use netlink_packet_utils::parsers::{parse_i32, parse_u16, parse_u16_be, parse_u32, parse_u64};
use netlink_packet_utils::{DecodeError, Emitable};

/// The value of an attribute of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    U16Be(u16),
    U32(u32),
    S32(i32),
    Uint(u64),
    Address(IpAddr),
    Bytes(Vec<u8>),
    Nest(Vec<Attribute>),
}

/// An attribute of a request: its number in the attribute set, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    number: u16,
    value: Value,
}

impl Attribute {
    /// A port, in network byte order.
    pub(crate) fn port(number: u16, port: u16) -> Self {
        Attribute {
            number,
            value: Value::U16Be(port),
        }
    }

    /// A 32-bit number.
    pub(crate) fn u32(number: u16, value: u32) -> Self {
        Attribute {
            number,
            value: Value::U32(value),
        }
    }

    /// A signed 32-bit number.
    pub(crate) fn s32(number: u16, value: i32) -> Self {
        Attribute {
            number,
            value: Value::S32(value),
        }
    }

    /// A number that takes 4 bytes if it fits, else 8.
    pub(crate) fn uint(number: u16, value: u64) -> Self {
        Attribute {
            number,
            value: Value::Uint(value),
        }
    }

    /// The 4 or 16 bytes of an address.
    pub(crate) fn address(number: u16, address: IpAddr) -> Self {
        Attribute {
            number,
            value: Value::Address(address),
        }
    }

    /// Bytes as they are.
    pub(crate) fn bytes(number: u16, bytes: &[u8]) -> Self {
        Attribute {
            number,
            value: Value::Bytes(bytes.to_vec()),
        }
    }

    /// Attributes of another set.
    pub(crate) fn nest(number: u16, attributes: Vec<Attribute>) -> Self {
        Attribute {
            number,
            value: Value::Nest(attributes),
        }
    }
}

impl Nla for Attribute {
    fn value_len(&self) -> usize {
        match &self.value {
            Value::U16Be(_) => 2,
            Value::U32(_) | Value::S32(_) => 4,
            Value::Uint(value) => match u32::try_from(*value) {
                Ok(_) => 4,
                Err(_) => 8,
            },
            Value::Address(IpAddr::V4(_)) => 4,
            Value::Address(IpAddr::V6(_)) => 16,
            Value::Bytes(bytes) => bytes.len(),
            Value::Nest(attributes) => attributes.as_slice().buffer_len(),
        }
    }

    fn kind(&self) -> u16 {
        match self.value {
            Value::Nest(_) => self.number | NLA_F_NESTED,
            _ => self.number,
        }
    }

    fn emit_value(&self, buffer: &mut [u8]) {
        match &self.value {
            Value::U16Be(value) => buffer.copy_from_slice(&value.to_be_bytes()),
            Value::U32(value) => buffer.copy_from_slice(&value.to_ne_bytes()),
            Value::S32(value) => buffer.copy_from_slice(&value.to_ne_bytes()),
            Value::Uint(value) => match u32::try_from(*value) {
                Ok(value) => buffer.copy_from_slice(&value.to_ne_bytes()),
                Err(_) => buffer.copy_from_slice(&value.to_ne_bytes()),
            },
            Value::Address(IpAddr::V4(address)) => buffer.copy_from_slice(&address.octets()),
            Value::Address(IpAddr::V6(address)) => buffer.copy_from_slice(&address.octets()),
            Value::Bytes(bytes) => buffer.copy_from_slice(bytes),
            Value::Nest(attributes) => attributes.as_slice().emit(buffer),
        }
    }
}

/// An attribute of an answer.
pub(crate) struct Received<'a> {
    number: u16,
    value: &'a [u8],
}

impl<'a> Received<'a> {
    /// Its number in the attribute set.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.value
    }

    /// A port, in network byte order.
    pub(crate) fn port(&self) -> Result<u16, DecodeError> {
        parse_u16_be(self.value)
    }

    /// A 16-bit number.
    pub(crate) fn u16(&self) -> Result<u16, DecodeError> {
        parse_u16(self.value)
    }

    /// A 32-bit number.
    pub(crate) fn u32(&self) -> Result<u32, DecodeError> {
        parse_u32(self.value)
    }

    /// A signed 32-bit number.
    pub(crate) fn s32(&self) -> Result<i32, DecodeError> {
        parse_i32(self.value)
    }

    /// A number of 4 or 8 bytes.
    pub(crate) fn uint(&self) -> Result<u64, DecodeError> {
        match self.value {
            value @ [_, _, _, _] => parse_u32(value).map(u64::from),
            value => parse_u64(value),
        }
    }

    /// A text that ends with a zero. The names of devices and processes are bytes that anybody may
    /// have chosen: what is not UTF-8 is replaced, since one name must not spoil a whole answer.
    pub(crate) fn text(&self) -> String {
        let bytes = self.value.strip_suffix(&[0]).unwrap_or(self.value);
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// An address of 4 or 16 bytes.
    pub(crate) fn address(&self) -> Result<IpAddr, DecodeError> {
        if let Ok(octets) = <[u8; 4]>::try_from(self.value) {
            Ok(Ipv4Addr::from(octets).into())
        } else if let Ok(octets) = <[u8; 16]>::try_from(self.value) {
            Ok(Ipv6Addr::from(octets).into())
        } else {
            Err(format!("an address of {} bytes", self.value.len()).into())
        }
    }

    /// Attributes of another set.
    pub(crate) fn nest(&self) -> impl Iterator<Item = Result<Received<'a>, DecodeError>> {
        attributes(self.value)
    }
}

/// The attributes that lie here one after the other.
pub(crate) fn attributes(
    bytes: &[u8],
) -> impl Iterator<Item = Result<Received<'_>, DecodeError>> + use<'_> {
    NlasIterator::new(bytes).map(|attribute| {
        let attribute: NlaBuffer<&[u8]> = attribute?;
        let number = attribute.kind();
        let end = NLA_HEADER_SIZE + attribute.value_length();
        let value = &attribute.into_inner()[NLA_HEADER_SIZE..end];
        Ok(Received { number, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(attributes: &[Attribute]) -> Vec<u8> {
        let mut buffer = vec![0; attributes.buffer_len()];
        attributes.emit(&mut buffer);
        buffer
    }

    #[test]
    fn a_uint_takes_what_it_needs() {
        assert_eq!(
            bytes(&[Attribute::uint(4, 4097)]),
            [8, 0, 4, 0, 1, 16, 0, 0]
        );
        assert_eq!(
            bytes(&[Attribute::uint(4, 1 << 32)]),
            [12, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0]
        );
    }

    #[test]
    fn a_port_is_padded_and_in_network_order() {
        assert_eq!(
            bytes(&[Attribute::port(4, 8080)]),
            [6, 0, 4, 0, 0x1f, 0x90, 0, 0]
        );
    }

    #[test]
    fn what_was_written_is_read() {
        let address: IpAddr = "fd00::2".parse().unwrap();
        let written = bytes(&[
            Attribute::address(1, address),
            Attribute::nest(2, vec![Attribute::s32(3, -1), Attribute::uint(4, u64::MAX)]),
        ]);
        let read: Vec<_> = attributes(&written).collect::<Result<_, _>>().unwrap();
        assert_eq!(read[0].address().unwrap(), address);
        assert_eq!(read[1].number(), 2);
        let nested: Vec<_> = read[1].nest().collect::<Result<_, _>>().unwrap();
        assert_eq!(nested[0].s32().unwrap(), -1);
        assert_eq!(nested[1].uint().unwrap(), u64::MAX);
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let written = bytes(&[Attribute::u32(1, 7)]);
        assert!(attributes(&written[..6]).next().unwrap().is_err());
        let short = [6, 0, 1, 0, 9, 9, 0, 0];
        let read = attributes(&short).next().unwrap().unwrap();
        assert!(read.u32().is_err());
        assert!(read.uint().is_err());
        assert!(read.address().is_err());
    }
}
