// SPDX-License-Identifier: GPL-2.0

//! The ways to name a namespace on the command line, and in a request.
//!
//! As with iproute2 a name comes first, whatever it looks like. Where the same text says something
//! else as well, of another namespace, neither is taken.

mod way;

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::Error;
use crate::names::run_directory;
use crate::netlink::acknowledgement::Refusal;
use crate::netlink::attribute::Attribute;
use crate::netlink::spec;
use crate::spelling;
use way::{Number, Way};

/// A namespace as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    text: String,
    form: Form,
}

/// What the text says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// A file that refers to it, by a path that has a slash.
    Path(PathBuf),
    /// A name in the run directory, or what else the text says.
    Word { name: Vec<u8>, way: Option<Way> },
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = if text.contains('/') {
            Form::Path(text.into())
        } else if text.is_empty() || text == "." || text == ".." {
            return Err("a name, a path, a pid, cookie:N or nsid:N is needed".to_string());
        } else {
            Form::Word {
                name: spelling::parse(text.as_bytes())?,
                way: Way::parse(text)?,
            }
        };
        Ok(Selector {
            text: text.to_string(),
            form,
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Selector {
    /// That of a task, as the label of a namespace says it.
    pub(crate) fn process(text: &str, comm: &str, pid: u32) -> Self {
        let comm = comm.to_string();
        Self::word(text, Way::Process { comm, pid })
    }

    /// That of a container.
    pub(crate) fn container(text: &str) -> Self {
        Self::word(text, Way::Container)
    }

    fn word(text: &str, way: Way) -> Self {
        Selector {
            text: text.to_string(),
            form: Form::Word {
                name: text.as_bytes().to_vec(),
                way: Some(way),
            },
        }
    }

    /// Whether it says a name in the run directory and can say nothing else.
    pub(crate) fn is_name_only(&self) -> bool {
        matches!(self.form, Form::Word { way: None, .. })
    }

    /// Opens what has to be open while a request refers to it.
    pub(crate) fn open(&self) -> Result<Target, Error> {
        let reference = match &self.form {
            Form::Path(path) => self.open_file(&written(path))?,
            Form::Word { name, way } => self.open_word(name, way.as_ref())?,
        };
        Ok(Target {
            name: self.text.clone(),
            reference,
        })
    }

    fn open_word(&self, name: &[u8], way: Option<&Way>) -> Result<Reference, Error> {
        let path = run_directory::path(name);
        let number = match way {
            Some(way) => way.resolve(&self.text)?,
            None => None,
        };
        if !run_directory::has(name) {
            return number.map(Reference::Number).ok_or_else(|| self.nowhere());
        }
        if let Some(number) = number {
            let other = number.inode();
            if other.is_some() && other != run_directory::inode(&path) {
                return Err(self.says_two(number));
            }
        }
        self.open_file(&path)
    }

    fn open_file(&self, path: &Path) -> Result<Reference, Error> {
        let file = run_directory::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => self.nowhere(),
            _ => Error::io(format!("open {}", path.display()))(error),
        })?;
        file.map(Reference::File)
            .ok_or_else(|| Error::NotANamespace(self.text.clone()))
    }

    fn nowhere(&self) -> Error {
        Error::NoSuchNamespace(self.text.clone())
    }

    /// The text is a name, and says something else that is not the same.
    fn says_two(&self, number: Number) -> Error {
        let is_free = |text: &String| !run_directory::has(text.as_bytes());
        let mut ways = (0..).map(|zeroes| number.written(zeroes));
        let number = ways.find(is_free).unwrap_or_default();
        let directory = run_directory::DIRECTORY;
        Error::Usage(format!(
            "`{0}` says two things: write {directory}/{0} for the name, or {number}",
            self.text
        ))
    }
}

/// The file that is meant by a path: it, or if there is none, the one that it spells.
fn written(path: &Path) -> PathBuf {
    if path.symlink_metadata().is_ok() {
        return path.to_path_buf();
    }
    match spelling::parse(path.as_os_str().as_bytes()) {
        Ok(name) => OsStr::from_bytes(&name).into(),
        Err(_) => path.to_path_buf(),
    }
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
    Number(Number),
}

impl Target {
    /// A namespace that the kernel told about, by its cookie.
    pub(crate) fn told(name: String, cookie: u64) -> Self {
        Target {
            name,
            reference: Reference::Number(Number::Cookie(cookie)),
        }
    }

    /// Whether the kernel blames the file: it is one of a namespace, but not of the network.
    pub(crate) fn is_blamed_as_file(&self, refusal: &Refusal) -> bool {
        let attribute = refusal.attribute.as_deref();
        matches!(self.reference, Reference::File(_)) && attribute == Some("netns.fd")
    }

    /// The attribute of this number that names the namespace.
    pub(crate) fn nest(&self, number: u16) -> Attribute {
        use spec::netns::{COOKIE, FD, NSID, PID};
        let way = match &self.reference {
            Reference::File(file) => Attribute::u32(FD, file.as_raw_fd().unsigned_abs()),
            Reference::Number(Number::Pid(pid)) => Attribute::u32(PID, *pid),
            Reference::Number(Number::Nsid(nsid)) => Attribute::s32(NSID, *nsid),
            Reference::Number(Number::Cookie(cookie)) => Attribute::uint(COOKIE, *cookie),
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
    use crate::error::Status;

    fn way(text: &str) -> Option<Way> {
        match text.parse::<Selector>().unwrap().form {
            Form::Word { way, .. } => way,
            form => panic!("{form:?}"),
        }
    }

    #[test]
    fn each_way_is_understood() {
        let process = |comm: &str, pid| Way::Process {
            comm: comm.to_string(),
            pid,
        };
        for (text, expected) in [
            ("812", Way::Number(Number::Pid(812))),
            ("pid:812", Way::Number(Number::Pid(812))),
            ("pid:0812", Way::Number(Number::Pid(812))),
            ("nsid:0", Way::Number(Number::Nsid(0))),
            (
                "cookie:18446744073709551615",
                Way::Number(Number::Cookie(u64::MAX)),
            ),
            ("net:[4026531833]", Way::Inode(4026531833)),
            ("init[1]", process("init", 1)),
            ("a b[c][12]", process("a b[c]", 12)),
            ("docker:3f2a", Way::Container),
            ("lxc:web[12]", Way::Container),
        ] {
            assert_eq!(way(text), Some(expected), "{text}");
        }
        for text in [
            "web1",
            "8a",
            "a b",
            "0",
            "99999999999",
            "a:b",
            "a[b]",
            "[0]",
        ] {
            assert_eq!(way(text), None, "{text}");
        }
        for text in ["/run/netns/web1", "./web1"] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.form, Form::Path(text.into()));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "pid:0",
            "pid:x",
            "pid:+1",
            "nsid:-1",
            "nsid:",
            "cookie:0",
            "cookie:-1",
            "..",
            r"a\b",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_what_is_written() {
        let selector: Selector = r"a\x0ab".parse().unwrap();
        let name = b"a\nb".to_vec();
        assert_eq!(selector.form, Form::Word { name, way: None });
        assert_eq!(written(Path::new("/dev/nul\\x6c")), Path::new("/dev/null"));
        assert_eq!(written(Path::new("/x\\y")), Path::new("/x\\y"));
    }

    #[test]
    fn a_file_has_to_be_a_namespace() {
        let status = |text: &str| {
            let opened = text.parse::<Selector>().unwrap().open();
            opened.map(|_| ()).map_err(|error| error.status())
        };
        assert_eq!(status("/proc/self/ns/net"), Ok(()));
        for text in [
            "/nonexistent/netns",
            "/dev/null/netns",
            "nsmux-no-such-name",
            "0",
        ] {
            assert_eq!(status(text), Err(Status::NotFound), "{text}");
        }
        for text in ["/dev/null", "/proc", "/proc/self/status"] {
            assert_eq!(status(text), Err(Status::Usage), "{text}");
        }
    }

    #[test]
    fn two_meanings_are_told_apart() {
        let selector: Selector = "812".parse().unwrap();
        assert_eq!(
            selector.says_two(Number::Pid(812)).to_string(),
            "`812` says two things: write /run/netns/812 for the name, or pid:812"
        );
        assert_eq!(Number::Cookie(7).written(2), "cookie:007");
    }
}
