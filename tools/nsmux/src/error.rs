// SPDX-License-Identifier: GPL-2.0

//! What can go wrong, what to do about it, and the exit status that says so.

use std::fmt;
use std::io;

use netlink_packet_utils::DecodeError;
use rustix::io::Errno;

use crate::netlink::acknowledgement::Refusal;
use crate::selector::Target;

/// Exit statuses, as the manual lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Status {
    /// Done, or found.
    Found = 0,
    /// There is no such socket or namespace.
    NotFound = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The caller may not do that.
    NotAllowed = 3,
    /// nsmux.ko is not loaded.
    NoModule = 4,
    /// Anything else.
    Failed = 5,
    /// The reader of the output went away; as if SIGPIPE had ended the process.
    BrokenPipe = 128 + 13,
}

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Error {
    /// The kernel knows no such family.
    NotLoaded,
    /// The kernel refused a request.
    Refused(Refusal),
    /// The kernel refused a request about this namespace.
    RefusedFor(Refusal, String),
    /// There are namespaces, but none that the caller may see.
    NothingToSee,
    /// Nothing by this name.
    NoSuchNamespace(String),
    /// A file, named as one that refers to a namespace, that does not.
    NotANamespace(String),
    /// The arguments contradict each other.
    Usage(String),
    /// The kernel's answer makes no sense.
    Protocol(String),
    /// The system refused something.
    Io(String, io::Error),
}

impl Error {
    /// Makes an error of a failed attempt to do this.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |error| Error::Io(what, error)
    }

    /// Says which namespace the request was about.
    pub(crate) fn about(self, target: &Target) -> Self {
        match self {
            Error::Refused(refusal) if target.is_blamed_as_file(&refusal) => {
                Error::NotANamespace(target.to_string())
            }
            Error::Refused(refusal) => Error::RefusedFor(refusal, target.to_string()),
            error => error,
        }
    }

    /// The namespace of the request does not exist, or not any more.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Error::NoSuchNamespace(_) => true,
            Error::RefusedFor(refusal, _) => gone(refusal.errno),
            _ => false,
        }
    }

    /// The exit status that says so.
    pub(crate) fn status(&self) -> Status {
        match self {
            Error::NotLoaded => Status::NoModule,
            Error::NothingToSee => Status::NotAllowed,
            Error::NoSuchNamespace(_) => Status::NotFound,
            Error::Usage(_) | Error::NotANamespace(_) => Status::Usage,
            Error::Refused(refusal) | Error::RefusedFor(refusal, _)
                if not_allowed(refusal.errno) =>
            {
                Status::NotAllowed
            }
            Error::RefusedFor(refusal, _) if gone(refusal.errno) => Status::NotFound,
            Error::Io(_, error) => match error.kind() {
                io::ErrorKind::BrokenPipe => Status::BrokenPipe,
                io::ErrorKind::PermissionDenied => Status::NotAllowed,
                _ => Status::Failed,
            },
            _ => Status::Failed,
        }
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Error::NotLoaded => {
                Some("load it: `insmod nsmux.ko`, or `modprobe nsmux` once it is installed")
            }
            Error::Refused(refusal) | Error::RefusedFor(refusal, _)
                if not_allowed(refusal.errno) =>
            {
                Some("try it as root; `nsmux doctor` says what you may do")
            }
            Error::NothingToSee => Some("try it as root; `nsmux doctor` says what you may do"),
            Error::NoSuchNamespace(_) | Error::NotANamespace(_) => {
                Some("`nsmux list` shows those that you may see")
            }
            Error::RefusedFor(refusal, _) if gone(refusal.errno) => {
                Some("`nsmux list` shows those that you may see")
            }
            Error::Protocol(_) => Some("tool and module may be of different versions"),
            _ => None,
        }
    }
}

fn not_allowed(errno: i32) -> bool {
    [Errno::PERM, Errno::ACCESS]
        .iter()
        .any(|e| e.raw_os_error() == errno)
}

fn gone(errno: i32) -> bool {
    [Errno::NOENT, Errno::SRCH, Errno::BADF, Errno::NONET]
        .iter()
        .any(|e| e.raw_os_error() == errno)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotLoaded => f.write_str("nsmux.ko is not loaded"),
            Error::Refused(refusal) => refusal.fmt(f),
            Error::RefusedFor(refusal, target) => write!(f, "{target}: {refusal}"),
            Error::NothingToSee => f.write_str(
                "there is no namespace that you may see: that needs CAP_NET_ADMIN in the user \
                 namespace that owns it",
            ),
            Error::NoSuchNamespace(name) => write!(f, "{name}: no such namespace"),
            Error::NotANamespace(name) => {
                write!(f, "{name}: not a file of a network namespace")
            }
            Error::Usage(what) => f.write_str(what),
            Error::Protocol(what) => write!(f, "the kernel's answer cannot be read: {what}"),
            Error::Io(what, error) => write!(f, "cannot {what}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Error::Protocol(error.to_string())
    }
}

/// Writing the output failed.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Io("write the output".to_string(), error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(errno: Errno) -> Error {
        Error::Refused(Refusal {
            errno: errno.raw_os_error(),
            ..Refusal::default()
        })
    }

    fn about(errno: Errno) -> Error {
        refused(errno).about(&Target::told("web1".to_string(), 11))
    }

    #[test]
    fn each_error_has_its_status() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        for (error, status) in [
            (Error::NotLoaded, Status::NoModule),
            (Error::NothingToSee, Status::NotAllowed),
            (Error::NoSuchNamespace(String::new()), Status::NotFound),
            (Error::Usage(String::new()), Status::Usage),
            (Error::NotANamespace(String::new()), Status::Usage),
            (Error::Protocol(String::new()), Status::Failed),
            (pipe.into(), Status::BrokenPipe),
            (refused(Errno::PERM), Status::NotAllowed),
            (refused(Errno::INVAL), Status::Failed),
            // Without a namespace that it is about, it is not the namespace that is not there.
            (refused(Errno::NOENT), Status::Failed),
            (about(Errno::PERM), Status::NotAllowed),
            (about(Errno::NOENT), Status::NotFound),
            (about(Errno::SRCH), Status::NotFound),
            (about(Errno::INVAL), Status::Failed),
        ] {
            assert_eq!(error.status(), status, "{error:?}");
        }
    }

    #[test]
    fn what_is_refused_says_about_which_namespace() {
        assert!(about(Errno::PERM).to_string().starts_with("web1: "));
        assert!(about(Errno::NOENT).is_gone());
        assert!(!about(Errno::PERM).is_gone());
    }
}
