// SPDX-License-Identifier: GPL-2.0

//! What people call a namespace: the names that the system keeps for it, and who lives in it.
//! No namespace is entered to find out.

pub(crate) mod control_group;
pub(crate) mod process;
pub(crate) mod run_directory;
pub(crate) mod socket_owner;

use std::collections::HashMap;

use serde::Serialize;

use control_group::Owner;
use process::Residents;

/// What is known of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Known {
    /// Its names in the run directory.
    pub(crate) names: Vec<String>,
    /// The processes in it.
    pub(crate) process: Option<Residents>,
    /// Whose processes they are.
    #[serde(flatten)]
    pub(crate) owner: Owner,
}

/// What is known of all namespaces, by their inode numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(HashMap<u32, Known>);

impl Names {
    /// Asks the system. What this user may not see is left out.
    pub(crate) fn collect() -> Self {
        let mut all: HashMap<u32, Known> = HashMap::new();
        for (inode, name) in run_directory::names() {
            all.entry(inode).or_default().names.push(name);
        }
        for (inode, residents) in process::residents() {
            let known = all.entry(inode).or_default();
            known.owner = control_group::owner(residents.pid);
            known.process = Some(residents);
        }
        for known in all.values_mut() {
            known.names.sort();
        }
        Names(all)
    }

    /// What is known of the namespace with this inode number.
    pub(crate) fn of(&self, inode: u32) -> Known {
        self.0.get(&inode).cloned().unwrap_or_default()
    }

    /// One word for it.
    pub(crate) fn label(&self, inode: u32) -> String {
        match self.0.get(&inode) {
            Some(known) => known.label(inode),
            None => Known::default().label(inode),
        }
    }

    /// The inode numbers of all of them.
    pub(crate) fn inodes(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().copied()
    }
}

impl Known {
    /// One word for it: its first name, else its container, else its first process, else its
    /// inode number.
    pub(crate) fn label(&self, inode: u32) -> String {
        if let Some(name) = self.names.first() {
            name.clone()
        } else if let Some(container) = &self.owner.container {
            container.clone()
        } else if let Some(process) = &self.process {
            process.to_string()
        } else {
            format!("net:[{inode}]")
        }
    }
}

/// Makes a text from elsewhere safe to print: no control characters reach the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_name_is_the_label() {
        let mut known = Known::default();
        assert_eq!(known.label(7), "net:[7]");
        known.process = Some(Residents {
            pid: 812,
            comm: "nginx".to_string(),
            count: 2,
        });
        assert_eq!(known.label(7), "nginx[812]");
        known.owner.container = Some("docker:3f2a".to_string());
        assert_eq!(known.label(7), "docker:3f2a");
        known.names = vec!["web1".to_string(), "web2".to_string()];
        assert_eq!(known.label(7), "web1");
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a?[2Jb?");
    }

    #[test]
    fn this_process_lives_somewhere() {
        let inode = process::namespace_of("self").unwrap();
        let known = Names::collect().of(inode);
        assert!(known.process.unwrap().count >= 1);
    }
}
