// SPDX-License-Identifier: GPL-2.0

//! Messages of the family: a request that is sent, a reply or an event that comes in.

use netlink_packet_generic::{GenlFamily, GenlHeader};
use netlink_packet_utils::{DecodeError, Emitable, ParseableParametrized};

use super::attribute::{attributes, Attribute, Received};
use super::spec::{Command, FAMILY, VERSION};

/// A request to the kernel.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What is asked for.
    pub(crate) command: Command,
    /// The details.
    pub(crate) attributes: Vec<Attribute>,
}

impl GenlFamily for Request {
    fn family_name() -> &'static str {
        FAMILY
    }

    fn command(&self) -> u8 {
        self.command as u8
    }

    fn version(&self) -> u8 {
        VERSION
    }
}

impl Emitable for Request {
    fn buffer_len(&self) -> usize {
        self.attributes.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attributes.as_slice().emit(buffer)
    }
}

/// A reply or an event: the bytes of its attributes, not yet read.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The number of the command.
    pub(crate) command: u8,
    attributes: Vec<u8>,
}

impl Reply {
    /// Whether nothing is told.
    pub(crate) fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The attributes in it.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Result<Received<'_>, DecodeError>> {
        attributes(&self.attributes)
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Reply {
    fn parse_with_param(bytes: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        Ok(Reply {
            command: header.cmd,
            attributes: bytes.to_vec(),
        })
    }
}

/// What a reply tells, read from its attributes.
pub(crate) trait FromAttributes: Sized {
    /// Reads them; attributes that are not known are from a newer module and are passed over.
    fn from_attributes<'a>(
        attributes: impl Iterator<Item = Result<Received<'a>, DecodeError>>,
    ) -> Result<Self, DecodeError>;
}
