// SPDX-License-Identifier: GPL-2.0

//! The name of a local socket, as a user writes it and as it is shown: a path, or `@` and an
//! abstract name. Any byte can be in it, which [`spelling`] tells how to write.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::spelling;

/// As many bytes fit into a `struct sockaddr_un`.
const LONGEST: usize = 108;

/// The bytes of a name as the kernel knows it: an abstract one begins with a zero.
pub(crate) fn parse(text: OsString) -> Result<Vec<u8>, String> {
    let text = text.into_vec();
    let mut name = spelling::parse(&text)?;
    if text.is_empty() {
        return Err("a path is needed, or @ and an abstract name".to_string());
    }
    // One that is written as a byte begins a path.
    if text.starts_with(b"@") {
        name[0] = 0;
    }
    if name.len() > LONGEST {
        return Err(format!(
            "the name of a local socket has at most {LONGEST} bytes"
        ));
    }
    Ok(name)
}

/// Whether it is a path, which leads to a socket from every network namespace.
pub(crate) fn is_path(name: &[u8]) -> bool {
    !matches!(name, [] | [0, ..])
}

/// Shows a name so that it can be typed again; `-` if there is none.
pub(crate) fn show(name: &[u8]) -> String {
    match name {
        [] => "-".to_string(),
        [0, rest @ ..] => format!("@{}", spelling::show(rest)),
        // These stand for something else there.
        [first @ b'@', rest @ ..] | [first @ b'-', rest @ ..] => {
            let mut text = String::new();
            spelling::escape(&mut text, &[*first]);
            text + &spelling::show(rest)
        }
        path => spelling::show(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abstract_name_begins_with_a_zero() {
        assert_eq!(parse("@/run/x".into()).unwrap(), b"\0/run/x");
        assert_eq!(parse(r"\0/run/x".into()).unwrap(), b"\0/run/x");
        assert_eq!(parse("/run/x".into()).unwrap(), b"/run/x");
        assert_eq!(parse("@".into()).unwrap(), b"\0");
        assert_eq!(parse(r"\x40x".into()).unwrap(), b"@x");
        assert!(parse("".into()).is_err());
        assert!(parse("a".repeat(108).into()).is_ok());
        assert!(parse("a".repeat(109).into()).is_err());
        assert!(parse(format!("@{}", r"\0".repeat(107)).into()).is_ok());
    }

    #[test]
    fn what_was_written_is_shown() {
        for text in ["@/run/x", "/run/x", "@", "-"] {
            let name = parse(text.into()).unwrap();
            assert_eq!(parse(show(&name).into()).unwrap(), name);
        }
        let names: [&[u8]; 9] = [
            b"\0srv",
            b"\0srv\0",
            b"\0srv\0\0",
            b"\0srv\x01",
            b"\0\0srv",
            b"@srv",
            b"srv",
            b"-",
            b"\0\\0",
        ];
        for name in names {
            assert_eq!(parse(show(name).into()).unwrap(), name);
        }
        assert_eq!(show(b"\0a\0b\x1b"), r"@a\x00b\x1b");
        assert_eq!(show(b""), "-");
    }

    #[test]
    fn a_path_is_no_abstract_name() {
        assert!(is_path(b"/run/x"));
        assert!(!is_path(b"\0/run/x"));
    }
}
