// SPDX-License-Identifier: GPL-2.0

//! The filesystems that tests and tools expect to find.

use crate::syscalls;
use std::{fs, io, os::unix::fs::symlink};

/// Type and place, in the order in which they depend on each other.
const FILESYSTEMS: [(&str, &str); 11] = [
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("devpts", "/dev/pts"),
    ("tmpfs", "/dev/shm"),
    ("tmpfs", "/run"),
    ("tmpfs", "/tmp"),
    ("cgroup2", "/sys/fs/cgroup"),
    ("bpf", "/sys/fs/bpf"),
    ("tracefs", "/sys/kernel/tracing"),
    ("debugfs", "/sys/kernel/debug"),
];

/// Links that every Linux system has in `/dev`.
const LINKS: [(&str, &str); 4] = [
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
];

/// Mounts all of them. A kernel may have been built without one; that is said, and is no
/// error: what needs it will say so too.
pub fn mount_all() -> io::Result<()> {
    for (kind, target) in FILESYSTEMS {
        // In sysfs the kernel makes the place itself, or not at all.
        if !target.starts_with("/sys/") {
            fs::create_dir_all(target)?;
        }
        if let Err(error) = syscalls::mount_filesystem(kind, target) {
            eprintln!("init: cannot mount {kind} on {target}: {error}");
        }
    }
    for (target, link) in LINKS {
        symlink(target, link)?;
    }
    Ok(())
}
