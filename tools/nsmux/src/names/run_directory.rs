// SPDX-License-Identifier: GPL-2.0

//! The directory in which `ip netns` keeps the names of namespaces: one mount for each.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::printable;

const DIRECTORY: &str = "/run/netns";

/// Where the namespace of this name is.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// Inode number and name of each.
pub(crate) fn names() -> Vec<(u32, String)> {
    // A file that is left over when its mount is gone is on another file system.
    let Ok(own) = fs::metadata("/proc/self/ns/net") else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(DIRECTORY) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let file = fs::metadata(entry.path()).ok()?;
            let inode = u32::try_from(file.ino()).ok()?;
            let name = printable(&entry.file_name().to_string_lossy());
            (file.dev() == own.dev()).then_some((inode, name))
        })
        .collect()
}
