// SPDX-License-Identifier: GPL-2.0

//! The directory in which `ip netns` keeps the names of namespaces: one mount for each.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::spelling;

/// Where the names are.
pub(crate) const DIRECTORY: &str = "/run/netns";

/// Where the namespace of this name is.
pub(crate) fn path(name: &[u8]) -> PathBuf {
    Path::new(DIRECTORY).join(OsStr::from_bytes(name))
}

/// Whether there is such a name, wherever it leads.
pub(crate) fn has(name: &[u8]) -> bool {
    path(name).symlink_metadata().is_ok()
}

/// Inode number and name of each, the name as it is written.
pub(crate) fn names() -> Vec<(u32, String)> {
    let Ok(entries) = fs::read_dir(DIRECTORY) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = spelling::show(entry.file_name().as_bytes());
            Some((inode(&entry.path())?, name))
        })
        .collect()
}

/// Opens a file that refers to a namespace; none if it is another kind of file.
pub(crate) fn open(path: &Path) -> io::Result<Option<File>> {
    fs::metadata(path)?;
    match inode(path) {
        Some(_) => File::open(path).map(Some),
        None => Ok(None),
    }
}

/// The inode number of the namespace that a file refers to; none if it is another kind of file. One
/// that is left over when its mount is gone is on another file system. Nothing is opened: that can
/// have effects.
pub(crate) fn inode(path: &Path) -> Option<u32> {
    let own = fs::metadata("/proc/self/ns/net").ok()?;
    let file = fs::metadata(path).ok()?;
    (file.dev() == own.dev())
        .then(|| u32::try_from(file.ino()).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_namespace_has_the_number_of_one() {
        let own = inode(Path::new("/proc/self/ns/net"));
        assert_eq!(own, super::super::process::namespace_of("self"));
        for path in ["/dev/null", "/proc", "/nonexistent"] {
            assert_eq!(inode(Path::new(path)), None, "{path}");
        }
    }
}
