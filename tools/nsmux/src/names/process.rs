// SPDX-License-Identifier: GPL-2.0

//! The processes that live in each network namespace.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;

use serde::Serialize;

use super::printable;

/// The processes in a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Residents {
    /// The lowest number among them.
    pub(crate) pid: u32,
    /// The name of that process.
    pub(crate) comm: String,
    /// How many there are.
    pub(crate) count: usize,
    /// A thread of that process, if it is not the process as a whole that is in the namespace.
    #[serde(skip)]
    pub(crate) thread: Option<Thread>,
}

/// A thread that left the namespace of its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thread {
    /// Its own number.
    pub(crate) tid: u32,
    /// Its own name.
    pub(crate) comm: String,
}

impl Residents {
    /// The task that is in the namespace: its name and its number.
    pub(crate) fn task(&self) -> (&str, u32) {
        match &self.thread {
            Some(thread) => (&thread.comm, thread.tid),
            None => (&self.comm, self.pid),
        }
    }
}

impl fmt::Display for Residents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.comm, self.pid)
    }
}

/// The numbers of all processes.
pub(crate) fn all() -> impl Iterator<Item = u32> {
    numbers("/proc".to_string())
}

/// The numbers of the threads of a process.
fn threads(pid: u32) -> impl Iterator<Item = u32> {
    numbers(format!("/proc/{pid}/task"))
}

fn numbers(directory: String) -> impl Iterator<Item = u32> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The inode number of the namespace that this task (a number, or `self`) is in.
pub(crate) fn namespace_of(pid: impl fmt::Display) -> Option<u32> {
    let target = fs::read_link(format!("/proc/{pid}/ns/net")).ok()?;
    target
        .to_str()?
        .strip_prefix("net:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// Whether a task has this number, a process or a thread of one.
pub(crate) fn exists(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}")).is_ok()
}

/// The name of a task.
pub(crate) fn comm(pid: u32) -> Option<String> {
    let comm = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(printable(
        String::from_utf8_lossy(&comm).trim_end_matches('\n'),
    ))
}

/// The processes in each namespace, by its inode number.
pub(crate) fn residents() -> Vec<(u32, Residents)> {
    let homes = all().filter_map(|pid| Some((namespace_of(pid)?, pid)));
    group(homes)
        .into_iter()
        .map(|(inode, (pid, count))| {
            let residents = Residents {
                pid,
                comm: comm_or_unknown(pid),
                count,
                thread: None,
            };
            (inode, residents)
        })
        .collect()
}

/// The processes that have a thread in one of these namespaces and are in another one themselves.
///
/// Processes of one thread, most of them, cost one call each.
pub(crate) fn with_threads_in(wanted: &HashSet<u32>) -> Vec<(u32, Residents)> {
    let mut pids: Vec<u32> = all().filter(|pid| has_several_threads(*pid)).collect();
    pids.sort_unstable();
    let mut found: HashMap<u32, Residents> = HashMap::new();
    for pid in pids {
        let mut seen = HashSet::new();
        let mut tids: Vec<u32> = threads(pid).filter(|tid| *tid != pid).collect();
        tids.sort_unstable();
        for tid in tids {
            let home = namespace_of(format_args!("{pid}/task/{tid}"));
            let Some(inode) = home.filter(|inode| wanted.contains(inode)) else {
                continue;
            };
            if !seen.insert(inode) {
                continue;
            }
            let first = || Residents {
                pid,
                comm: comm_or_unknown(pid),
                count: 0,
                thread: Some(Thread {
                    tid,
                    comm: comm_or_unknown(tid),
                }),
            };
            found.entry(inode).or_insert_with(first).count += 1;
        }
    }
    found.into_iter().collect()
}

/// The directory of its threads has a link for each, and as every directory two of its own and, of
/// the file system, none for those in it.
fn has_several_threads(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}/task")).is_ok_and(|task| task.nlink() > 3)
}

fn comm_or_unknown(pid: u32) -> String {
    comm(pid).unwrap_or_else(|| "?".to_string())
}

/// The lowest process number for each inode number, and how many there are.
fn group(homes: impl Iterator<Item = (u32, u32)>) -> HashMap<u32, (u32, usize)> {
    let mut groups = HashMap::new();
    for (inode, pid) in homes {
        let (lowest, count) = groups.entry(inode).or_insert((pid, 0));
        *lowest = pid.min(*lowest);
        *count += 1;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_number_stands_for_all() {
        let groups = group([(7, 30), (7, 20), (8, 1), (7, 25)].into_iter());
        assert_eq!(groups, HashMap::from([(7, (20, 3)), (8, (1, 1))]));
    }

    #[test]
    fn the_threads_of_this_process_are_seen() {
        let own = namespace_of("self").unwrap();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let waiting = std::thread::spawn(move || receiver.recv());
        assert!(has_several_threads(std::process::id()));
        let found = with_threads_in(&HashSet::from([own]));
        drop(sender);
        waiting.join().unwrap().unwrap_err();
        let [(inode, residents)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(*inode, own);
        assert!(residents.thread.is_some() && residents.count >= 1);
        assert_eq!(with_threads_in(&HashSet::new()), []);
    }
}
