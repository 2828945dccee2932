// SPDX-License-Identifier: GPL-2.0

//! The processes that live in each network namespace.

use std::collections::HashMap;
use std::fmt;
use std::fs;

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
}

impl fmt::Display for Residents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.comm, self.pid)
    }
}

/// The numbers of all processes.
pub(crate) fn all() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The inode number of the namespace that this process (a number, or `self`) is in.
pub(crate) fn namespace_of(pid: impl fmt::Display) -> Option<u32> {
    let target = fs::read_link(format!("/proc/{pid}/ns/net")).ok()?;
    target
        .to_str()?
        .strip_prefix("net:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// The name of a process.
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
            let comm = comm(pid).unwrap_or_else(|| "?".to_string());
            (inode, Residents { pid, comm, count })
        })
        .collect()
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
}
