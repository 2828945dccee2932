// SPDX-License-Identifier: GPL-2.0

//! The processes that hold a socket, found by the inode number that their file descriptors show.

use std::collections::{HashMap, HashSet};
use std::fs;

use serde::Serialize;

use super::process;

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Holder {
    /// Its number.
    pub(crate) pid: u32,
    /// Its name.
    pub(crate) comm: String,
}

/// Finds the holders of each of these sockets. Most are held by a process of the namespace that
/// they are in: those are looked at first, and the others only if a socket is left over.
pub(crate) fn holders(
    sockets: &HashSet<u64>,
    namespaces: &HashSet<u32>,
) -> HashMap<u64, Vec<Holder>> {
    let mut found: HashMap<u64, Vec<Holder>> = HashMap::new();
    if sockets.is_empty() {
        return found;
    }
    let (residents, others): (Vec<u32>, Vec<u32>) = process::all().partition(|&pid| {
        process::namespace_of(pid).is_some_and(|inode| namespaces.contains(&inode))
    });
    for pids in [residents, others] {
        for pid in pids {
            let held: HashSet<u64> = held_by(pid)
                .filter(|inode| sockets.contains(inode))
                .collect();
            for inode in held {
                let comm = process::comm(pid).unwrap_or_else(|| "?".to_string());
                found.entry(inode).or_default().push(Holder { pid, comm });
            }
        }
        if found.len() == sockets.len() {
            break;
        }
    }
    found
}

/// The inode numbers of the sockets that a process holds.
fn held_by(pid: u32) -> impl Iterator<Item = u64> {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            target
                .to_str()?
                .strip_prefix("socket:[")?
                .strip_suffix(']')?
                .parse()
                .ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn this_process_holds_what_it_opened() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let file = fs::File::from(OwnedFd::from(listener));
        let inode = file.metadata().unwrap().ino();
        let own = process::namespace_of("self").unwrap();
        for namespaces in [HashSet::from([own]), HashSet::new()] {
            let found = holders(&HashSet::from([inode]), &namespaces);
            assert_eq!(found[&inode][0].pid, std::process::id());
        }
    }
}
