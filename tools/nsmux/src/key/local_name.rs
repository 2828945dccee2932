// SPDX-License-Identifier: GPL-2.0

//! The name of a local socket, as a user writes it and as it is shown: a path, or `@` and an
//! abstract name.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::names::printable;

/// As many bytes fit into a `struct sockaddr_un`.
const LONGEST: usize = 108;

/// The bytes of a name as the kernel knows it: an abstract one begins with a zero.
pub(crate) fn parse(text: OsString) -> Result<Vec<u8>, String> {
    let mut name = text.into_vec();
    match name.first_mut() {
        None => return Err("a path is needed, or @ and an abstract name".to_string()),
        Some(first) if *first == b'@' => *first = 0,
        Some(_) => {}
    }
    if name.len() > LONGEST {
        return Err(format!(
            "the name of a local socket has at most {LONGEST} bytes"
        ));
    }
    Ok(name)
}

/// Shows a name; what a terminal cannot show as a question mark.
pub(crate) fn show(name: &[u8]) -> String {
    match name {
        [] => "-".to_string(),
        [0, rest @ ..] => format!("@{}", printable(&String::from_utf8_lossy(rest))),
        path => printable(&String::from_utf8_lossy(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abstract_name_begins_with_a_zero() {
        assert_eq!(parse("@/run/x".into()).unwrap(), b"\0/run/x");
        assert_eq!(parse("/run/x".into()).unwrap(), b"/run/x");
        assert_eq!(parse("@".into()).unwrap(), b"\0");
        assert!(parse("".into()).is_err());
        assert!(parse("a".repeat(108).into()).is_ok());
        assert!(parse("a".repeat(109).into()).is_err());
    }

    #[test]
    fn what_was_written_is_shown() {
        for text in ["@/run/x", "/run/x", "@"] {
            assert_eq!(show(&parse(text.into()).unwrap()), text);
        }
        assert_eq!(show(b"\0a\0b\x1b"), "@a?b?");
        assert_eq!(show(b""), "-");
    }
}
