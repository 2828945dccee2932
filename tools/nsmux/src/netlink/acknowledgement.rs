// SPDX-License-Identifier: GPL-2.0

//! The kernel's verdict on a request, with the reason that an extended ack gives.

use netlink_packet_core::{NLM_F_ACK_TLVS, NLM_F_CAPPED};
use netlink_packet_utils::nla::NLA_TYPE_MASK;
use netlink_packet_utils::DecodeError;

use super::attribute::attributes;
use super::spec;

const HEADER: usize = 16;
const GENERIC_HEADER: usize = 4;
const ATTRIBUTE_HEADER: usize = 4;

const MESSAGE: u16 = 1;
const OFFSET: u16 = 2;
const MISSING: u16 = 5;
const MISSING_IN: u16 = 6;

/// What the kernel did not like about a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The error number.
    pub(crate) errno: i32,
    /// The kernel's words.
    pub(crate) message: Option<String>,
    /// The attribute that it is about.
    pub(crate) attribute: Option<String>,
    /// The attribute that is not there.
    pub(crate) missing: Option<String>,
}

impl Refusal {
    /// Reads what follows the error number of an error message with these flags.
    pub(crate) fn of_error(
        errno: i32,
        flags: u16,
        rest: &[u8],
        request: &[u8],
    ) -> Result<Self, DecodeError> {
        if flags & NLM_F_ACK_TLVS == 0 {
            return Ok(Refusal {
                errno,
                ..Refusal::default()
            });
        }
        let copied = if flags & NLM_F_CAPPED != 0 {
            HEADER
        } else {
            request.len().next_multiple_of(4)
        };
        Self::of_done(errno, rest.get(copied..).unwrap_or_default(), request)
    }

    /// Reads the attributes after the error number that ends a dump.
    pub(crate) fn of_done(errno: i32, rest: &[u8], request: &[u8]) -> Result<Self, DecodeError> {
        let mut refusal = Refusal {
            errno,
            ..Refusal::default()
        };
        let mut missing = None;
        // Where it is missing: on top, unless a nest is named.
        let mut nest = path_to(request, 0);
        for attribute in attributes(rest) {
            let attribute = attribute?;
            match attribute.number() {
                MESSAGE => refusal.message = Some(attribute.text()),
                OFFSET => {
                    let path = path_to(request, attribute.u32()? as usize);
                    refusal.attribute = names(&path).map(|names| names.join("."));
                }
                MISSING => missing = Some(attribute.u32()? as u16),
                MISSING_IN => nest = path_to(request, attribute.u32()? as usize),
                _ => {}
            }
        }
        if let Some(number) = missing {
            nest.push(number);
            refusal.missing = names(&nest).map(|names| names.join("."));
        }
        Ok(refusal)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{message}")?,
            None => write!(f, "{}", std::io::Error::from_raw_os_error(self.errno))?,
        }
        if let Some(attribute) = &self.attribute {
            write!(f, " (attribute {attribute})")?;
        }
        if let Some(missing) = &self.missing {
            write!(f, " (attribute {missing} is missing)")?;
        }
        Ok(())
    }
}

/// The numbers of the attributes that contain the place with this offset, outermost first, and
/// before them the number of the command.
fn path_to(request: &[u8], offset: usize) -> Vec<u16> {
    let Some(&command) = request.get(HEADER) else {
        return Vec::new();
    };
    let mut path = vec![u16::from(command)];
    let mut start = HEADER + GENERIC_HEADER;
    let mut end = request.len();
    while let Some(&[l0, l1, n0, n1]) = request
        .get(start..end)
        .and_then(|rest| rest.first_chunk::<ATTRIBUTE_HEADER>())
    {
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        if length < ATTRIBUTE_HEADER || start > offset {
            break;
        }
        if offset < start + length {
            path.push(u16::from_ne_bytes([n0, n1]) & NLA_TYPE_MASK);
            if offset == start {
                break;
            }
            end = start + length;
            start += ATTRIBUTE_HEADER;
        } else {
            start += length.next_multiple_of(4);
        }
    }
    path
}

/// The names of a command's attributes that these numbers mean, as the specification has them.
fn names(path: &[u16]) -> Option<Vec<String>> {
    let (&command, numbers) = path.split_first()?;
    let mut set = if command == spec::Command::Lookup as u16 {
        spec::lookup::NAMES
    } else {
        spec::namespace::NAMES
    };
    let mut names = Vec::new();
    for &number in numbers {
        let name = set.get(usize::from(number).checked_sub(1)?)?;
        names.push(name.to_lowercase().replace('_', "-"));
        // The only nest in a request.
        set = if *name == "NETNS" {
            spec::netns::NAMES
        } else {
            &[]
        };
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::attribute::Attribute;
    use crate::netlink::recorded;
    use netlink_packet_utils::Emitable;

    fn request(command: spec::Command, attributes: &[Attribute]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER + GENERIC_HEADER + attributes.buffer_len()];
        bytes[HEADER] = command as u8;
        attributes.emit(&mut bytes[HEADER + GENERIC_HEADER..]);
        bytes
    }

    fn emitted(attributes: &[Attribute]) -> Vec<u8> {
        let mut bytes = vec![0; attributes.buffer_len()];
        attributes.emit(&mut bytes);
        bytes
    }

    #[test]
    fn a_bad_attribute_is_named() {
        let request = request(
            spec::Command::Lookup,
            &[
                Attribute::u32(spec::lookup::TABLE, 9),
                Attribute::nest(
                    spec::lookup::NETNS,
                    vec![Attribute::s32(spec::netns::NSID, -4)],
                ),
            ],
        );
        let mut rest = vec![0; HEADER];
        rest.extend([12, 0, 1, 0]);
        rest.extend(b"no good\0");
        rest.extend(emitted(&[Attribute::u32(OFFSET, 32)]));
        let refusal =
            Refusal::of_error(34, NLM_F_ACK_TLVS | NLM_F_CAPPED, &rest, &request).unwrap();
        assert_eq!(refusal.to_string(), "no good (attribute netns.nsid)");
    }

    #[test]
    fn a_missing_attribute_is_named() {
        let request = request(spec::Command::ModeSet, &[]);
        let rest = emitted(&[Attribute::u32(MISSING, u32::from(spec::namespace::MODE))]);
        let refusal = Refusal::of_done(22, &rest, &request).unwrap();
        // Without the kernel's words there is the name of the error.
        let text = refusal.to_string();
        assert!(text.starts_with("Invalid argument"), "{text}");
        assert!(text.ends_with("(attribute mode is missing)"), "{text}");
    }

    #[test]
    fn a_whole_request_in_the_answer_is_passed_over() {
        let request = request(spec::Command::ModeSet, &[Attribute::port(1, 1)]);
        let mut rest = request.clone();
        rest.resize(request.len().next_multiple_of(4), 0);
        rest.extend([6, 0, 1, 0, b'x', 0, 0, 0]);
        let refusal = Refusal::of_error(22, NLM_F_ACK_TLVS, &rest, &request).unwrap();
        assert_eq!(refusal.message.as_deref(), Some("x"));
    }

    #[test]
    fn what_the_kernel_refuses() {
        for (name, command, errno, text) in [
            (
                "mode",
                spec::Command::ModeSet,
                2,
                "there is no namespace with this cookie (attribute netns.cookie)",
            ),
            (
                "reset",
                spec::Command::CountersReset,
                2,
                "no namespace has this number here (attribute netns.nsid)",
            ),
            (
                "descriptor",
                spec::Command::NamespaceGet,
                9,
                "the file descriptor is not one of a network namespace (attribute netns.fd)",
            ),
            (
                "missing",
                spec::Command::Lookup,
                22,
                "a required attribute is missing (attribute local-address is missing)",
            ),
        ] {
            let mut request = vec![0; HEADER + GENERIC_HEADER];
            request[HEADER] = command as u8;
            request.extend(recorded::bytes(&format!("{name}-request")));
            let error = recorded::bytes(&format!("{name}-error"));
            let code = i32::from_ne_bytes(*error.first_chunk().unwrap());
            assert_eq!(-code, errno);
            // The library asks for short errors, with no more than the request's header in it.
            let flags = NLM_F_ACK_TLVS | NLM_F_CAPPED;
            let refusal = Refusal::of_error(errno, flags, &error[4..], &request).unwrap();
            assert_eq!(refusal.to_string(), text);
        }
    }
}
