// SPDX-License-Identifier: GPL-2.0

//! The ways to name a namespace on the command line, and in a request.

use std::fmt;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::Error;
use crate::names::run_directory;
use crate::netlink::attribute::Attribute;
use crate::netlink::spec;

/// A namespace as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    /// By a name in the run directory.
    Name(String),
    /// By a file that refers to it.
    Path(PathBuf),
    /// By a process in it.
    Pid(u32),
    /// By the number that this namespace knows it by.
    Nsid(i32),
    /// By its cookie.
    Cookie(u64),
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |what: &str| format!("`{text}` is not a {what}");
        if let Some(cookie) = text.strip_prefix("cookie:") {
            match cookie.parse() {
                Ok(0) | Err(_) => Err(number("cookie: a number above 0 follows `cookie:`")),
                Ok(cookie) => Ok(Selector::Cookie(cookie)),
            }
        } else if let Some(nsid) = text.strip_prefix("nsid:") {
            match nsid.parse() {
                Ok(nsid) if nsid >= 0 => Ok(Selector::Nsid(nsid)),
                _ => Err(number("nsid: a number from 0 follows `nsid:`")),
            }
        } else if let Some(pid) = text.strip_prefix("pid:") {
            match pid.parse() {
                Ok(0) | Err(_) => Err(number("process: a number above 0 follows `pid:`")),
                Ok(pid) => Ok(Selector::Pid(pid)),
            }
        } else if text.contains('/') {
            Ok(Selector::Path(text.into()))
        } else if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            match text.parse() {
                Ok(0) | Err(_) => Err(number("process")),
                Ok(pid) => Ok(Selector::Pid(pid)),
            }
        } else if text.is_empty() || text == "." || text == ".." {
            Err("a name, a path, a pid, cookie:N or nsid:N is needed".to_string())
        } else {
            Ok(Selector::Name(text.to_string()))
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Name(name) => f.write_str(name),
            Selector::Path(path) => path.display().fmt(f),
            Selector::Pid(pid) => write!(f, "pid:{pid}"),
            Selector::Nsid(nsid) => write!(f, "nsid:{nsid}"),
            Selector::Cookie(cookie) => write!(f, "cookie:{cookie}"),
        }
    }
}

impl Selector {
    /// Opens what has to be open while a request refers to it.
    pub(crate) fn open(&self) -> Result<Target, Error> {
        let reference = match self {
            Selector::Name(name) => Reference::File(open(&run_directory::path(name), self)?),
            Selector::Path(path) => Reference::File(open(path, self)?),
            Selector::Pid(pid) => Reference::Pid(*pid),
            Selector::Nsid(nsid) => Reference::Nsid(*nsid),
            Selector::Cookie(cookie) => Reference::Cookie(*cookie),
        };
        Ok(Target {
            name: self.to_string(),
            reference,
        })
    }
}

fn open(path: &Path, selector: &Selector) -> Result<File, Error> {
    File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::NoSuchNamespace(selector.to_string()),
        _ => Error::io(format!("open {}", path.display()))(error),
    })
}

/// Opens all of them.
pub(crate) fn open_all(selectors: &[Selector]) -> Result<Vec<Target>, Error> {
    selectors.iter().map(Selector::open).collect()
}

/// A namespace that requests can be about.
#[derive(Debug)]
pub(crate) struct Target {
    name: String,
    reference: Reference,
}

/// How a request refers to a namespace.
#[derive(Debug)]
enum Reference {
    File(File),
    Pid(u32),
    Nsid(i32),
    Cookie(u64),
}

impl Target {
    /// A namespace that the kernel told about, by its cookie.
    pub(crate) fn told(name: String, cookie: u64) -> Self {
        Target {
            name,
            reference: Reference::Cookie(cookie),
        }
    }

    /// The attribute of this number that names the namespace.
    pub(crate) fn nest(&self, number: u16) -> Attribute {
        use spec::netns::{COOKIE, FD, NSID, PID};
        let way = match &self.reference {
            Reference::File(file) => Attribute::u32(FD, file.as_raw_fd().unsigned_abs()),
            Reference::Pid(pid) => Attribute::u32(PID, *pid),
            Reference::Nsid(nsid) => Attribute::s32(NSID, *nsid),
            Reference::Cookie(cookie) => Attribute::uint(COOKIE, *cookie),
        };
        Attribute::nest(number, vec![way])
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_understood() {
        let cases = [
            ("web1", Selector::Name("web1".to_string())),
            ("/run/netns/web1", Selector::Path("/run/netns/web1".into())),
            ("./web1", Selector::Path("./web1".into())),
            ("812", Selector::Pid(812)),
            ("pid:812", Selector::Pid(812)),
            ("nsid:0", Selector::Nsid(0)),
            ("cookie:18446744073709551615", Selector::Cookie(u64::MAX)),
            ("8a", Selector::Name("8a".to_string())),
        ];
        for (text, selector) in cases {
            assert_eq!(text.parse::<Selector>().unwrap(), selector, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "0",
            "pid:0",
            "pid:x",
            "nsid:-1",
            "nsid:",
            "cookie:0",
            "cookie:-1",
            "99999999999",
            "..",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_not_there() {
        let error = "/nonexistent/netns"
            .parse::<Selector>()
            .unwrap()
            .open()
            .unwrap_err();
        assert_eq!(error.status(), crate::error::Status::NotFound);
    }
}
