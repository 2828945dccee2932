// SPDX-License-Identifier: GPL-2.0

//! Names that may have any byte in them, as text that says each of them: what is shown can be typed
//! again, no two names look alike, and no control character reaches a terminal.
//!
//! Text is as it is, but a backslash is written twice. A byte that is no text, or a control
//! character, is `\x` and two digits.

/// What to do about a backslash that says nothing.
const WANTED: &str = r"after a backslash comes another one, x and two digits, or 0";

/// The text for a name.
pub(crate) fn show(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str(r"\\"),
                c if c.is_control() => {
                    let mut bytes = [0; 4];
                    escape(&mut text, c.encode_utf8(&mut bytes).as_bytes());
                }
                c => text.push(c),
            }
        }
        escape(&mut text, chunk.invalid());
    }
    text
}

/// The same for any byte, also one that has a meaning where it stands.
pub(crate) fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push_str(&format!(r"\x{byte:02x}"));
    }
}

/// The name that a text says; `\0` is a zero, too.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut name = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = match (byte, after) {
            (b'\\', [b'\\', after @ ..]) => (b'\\', after),
            (b'\\', [b'0', after @ ..]) => (0, after),
            (b'\\', [b'x', high, low, after @ ..]) => ((digit(*high)? << 4) | digit(*low)?, after),
            (b'\\', _) => return Err(WANTED.to_string()),
            (byte, after) => (byte, after),
        };
        name.push(byte);
        rest = after;
    }
    Ok(name)
}

fn digit(byte: u8) -> Result<u8, String> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
        .ok_or_else(|| WANTED.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_says_each_byte() {
        let all: Vec<u8> = (0..=255).collect();
        let names: [&[u8]; 8] = [
            b"web1",
            b"a b",
            b"a\\x00",
            b"a\0",
            b"a\0\0",
            b"a\x1b[2J\n",
            "h\u{f6}r\u{85}".as_bytes(),
            &all,
        ];
        for name in names {
            let text = show(name);
            assert_eq!(parse(text.as_bytes()).unwrap(), name, "{text}");
            assert!(!text.chars().any(char::is_control), "{text}");
        }
    }

    #[test]
    fn text_is_as_it_is() {
        for text in ["web1", "/run/x", "a b", "hör", "\u{fffd}"] {
            assert_eq!(show(text.as_bytes()), text);
        }
        assert_eq!(show(b"srv\0\x01\xff\\"), r"srv\x00\x01\xff\\");
    }

    #[test]
    fn what_says_nothing_is_refused() {
        assert_eq!(parse(br"a\0\x41\\").unwrap(), b"a\0A\\");
        for text in [r"\", r"\a", r"\x", r"\x1", r"\xg0", r"\x-1"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
