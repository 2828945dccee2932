// SPDX-License-Identifier: GPL-2.0

//! A network device, as a user names it: `eth0`, or its index.

use std::fmt;
use std::str::FromStr;

/// The longest name that the kernel gives, without the zero at its end.
const LONGEST: usize = 15;

/// A network device of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// By its index.
    Index(u32),
    /// By its name, or another one that it has.
    Name(String),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse() {
                Ok(index) if (1..=i32::MAX as u32).contains(&index) => Ok(Device::Index(index)),
                _ => Err(format!("`{text}` is not the index of a device")),
            };
        }
        let forbidden = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
        if text.is_empty() || text == "." || text == ".." || text.contains(forbidden) {
            Err(format!("a device cannot be called `{text}`"))
        } else if text.len() > LONGEST {
            Err(format!("a device's name has at most {LONGEST} bytes"))
        } else {
            Ok(Device::Name(text.to_string()))
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Index(index) => index.fmt(f),
            Device::Name(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_index_and_by_name() {
        assert_eq!("3".parse(), Ok(Device::Index(3)));
        assert_eq!("eth0".parse(), Ok(Device::Name("eth0".to_string())));
        assert_eq!("eth0.7".parse(), Ok(Device::Name("eth0.7".to_string())));
        for text in [
            "",
            "0",
            "99999999999",
            "a/b",
            "eth 0",
            "..",
            "0123456789abcdef",
        ] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
    }
}
