// SPDX-License-Identifier: GPL-2.0

//! What people call a namespace: the names that the system keeps for it, and who lives in it.
//! No namespace is entered to find out.

pub(crate) mod control_group;
pub(crate) mod process;
pub(crate) mod run_directory;
pub(crate) mod socket_owner;

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::selector::Selector;
use control_group::Owner;
use process::Residents;

/// What is known of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Known {
    /// Its names in the run directory, as they are written.
    pub(crate) names: Vec<String>,
    /// The processes in it.
    pub(crate) process: Option<Residents>,
    /// Whose processes they are.
    #[serde(flatten)]
    pub(crate) owner: Owner,
}

/// What is known of all namespaces, by their inode numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    known: HashMap<u32, Known>,
    /// All names in the run directory.
    taken: HashSet<String>,
}

/// What is asked about namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A word for each.
    Labels,
    /// Who lives there, too.
    Residents,
}

impl Names {
    /// Asks the system what it knows of these namespaces. What this user may not see is left out.
    ///
    /// Threads are gone through only for those that are not known otherwise.
    pub(crate) fn collect(about: About, inodes: impl IntoIterator<Item = u32>) -> Self {
        let mut names = Names::default();
        for (inode, name) in run_directory::names() {
            names.taken.insert(name.clone());
            names.known.entry(inode).or_default().names.push(name);
        }
        for known in names.known.values_mut() {
            known.names.sort();
        }
        names.settle(process::residents());
        let strange: HashSet<u32> = inodes
            .into_iter()
            .filter(|inode| match names.known.get(inode) {
                Some(known) => about == About::Residents && known.process.is_none(),
                None => true,
            })
            .collect();
        if !strange.is_empty() {
            names.settle(process::with_threads_in(&strange));
        }
        names
    }

    fn settle(&mut self, residents: Vec<(u32, Residents)>) {
        for (inode, residents) in residents {
            let known = self.known.entry(inode).or_default();
            known.owner = control_group::owner(residents.task().1);
            known.process = Some(residents);
        }
    }

    /// What is known of the namespace with this inode number.
    pub(crate) fn of(&self, inode: u32) -> Known {
        self.known.get(&inode).cloned().unwrap_or_default()
    }

    /// One word for it, by which it can be named on the command line: its first name, else its
    /// container, else its first process, else its inode number.
    pub(crate) fn label(&self, inode: u32) -> String {
        let mut labels = self.labels(inode);
        labels.swap_remove(0)
    }

    /// All its names, as they can be given on the command line; the label alone if it has none.
    pub(crate) fn labels(&self, inode: u32) -> Vec<String> {
        let known = self.of(inode);
        let mut labels: Vec<String> = known.names.iter().filter_map(|name| word(name)).collect();
        if labels.is_empty() {
            let container = known.owner.container.as_ref();
            let resident = known.process.as_ref().map(Residents::task);
            labels.extend(
                container
                    .filter(|container| self.is_one_container_s(container))
                    .filter(|container| self.means(container, &Selector::container(container)))
                    .cloned()
                    .or_else(|| {
                        let (comm, pid) = resident?;
                        let text = format!("{comm}[{pid}]");
                        let process = Selector::process(&text, comm, pid);
                        self.means(&text, &process).then_some(text)
                    })
                    .or_else(|| {
                        let text = format!("pid:{}", resident?.1);
                        (!self.taken.contains(&text)).then_some(text)
                    })
                    .or_else(|| Some(format!("net:[{inode}]"))),
            );
        }
        labels
    }

    /// Whether a text, given on the command line, says this and nothing else.
    fn means(&self, text: &str, selector: &Selector) -> bool {
        !self.taken.contains(text) && text.parse().as_ref() == Ok(selector)
    }

    fn is_one_container_s(&self, container: &str) -> bool {
        self.of_container(container).count() == 1
    }

    /// The namespaces whose first process is this container's.
    pub(crate) fn of_container<'a>(
        &'a self,
        container: &'a str,
    ) -> impl Iterator<Item = &'a Known> + 'a {
        self.known
            .values()
            .filter(move |known| known.owner.container.as_deref() == Some(container))
    }

    /// The inode numbers of all of them.
    pub(crate) fn inodes(&self) -> impl Iterator<Item = u32> + '_ {
        self.known.keys().copied()
    }
}

/// How a name in the run directory can be given on the command line: as it is, or by its path if
/// it could be understood otherwise; by neither if that would say another file.
fn word(name: &str) -> Option<String> {
    let is_name_only = |selector: Selector| selector.is_name_only();
    if !name.starts_with('-') && name.parse().is_ok_and(is_name_only) {
        Some(name.to_string())
    } else if !name.contains('\\') {
        Some(format!("{}/{name}", run_directory::DIRECTORY))
    } else {
        None
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

    fn resident(pid: u32, comm: &str) -> Option<Residents> {
        Some(Residents {
            pid,
            comm: comm.to_string(),
            count: 2,
            thread: None,
        })
    }

    fn of(known: Known) -> Names {
        Names {
            taken: known.names.iter().cloned().collect(),
            known: HashMap::from([(7, known)]),
        }
    }

    #[test]
    fn the_best_name_is_the_label() {
        let mut known = Known::default();
        assert_eq!(of(known.clone()).label(7), "net:[7]");
        known.process = resident(812, "nginx");
        assert_eq!(of(known.clone()).label(7), "nginx[812]");
        known.owner.container = Some("docker:3f2a".to_string());
        assert_eq!(of(known.clone()).label(7), "docker:3f2a");
        known.names = vec!["web1".to_string(), "web2".to_string()];
        assert_eq!(of(known.clone()).label(7), "web1");
        known.names.insert(0, "100".to_string());
        assert_eq!(of(known).labels(7), ["/run/netns/100", "web1", "web2"]);
    }

    #[test]
    fn a_label_is_understood_as_what_it_says() {
        for name in [
            "100", "pid:1", "cookie:7", "nsid:0", "net:[7]", "a[1]", "docker:x",
        ] {
            let known = Known {
                names: vec![name.to_string()],
                ..Known::default()
            };
            assert_eq!(of(known).label(7), format!("/run/netns/{name}"));
        }
        for name in ["a b", "8a", "a:b", r"a\x0ab", r"a\\b"] {
            let known = Known {
                names: vec![name.to_string()],
                ..Known::default()
            };
            assert_eq!(of(known).label(7), name);
        }
    }

    #[test]
    fn what_is_taken_is_not_said_of_another() {
        let mut names = of(Known {
            process: resident(1, "init"),
            ..Known::default()
        });
        assert_eq!(names.label(7), "init[1]");
        names.taken.insert("init[1]".to_string());
        assert_eq!(names.label(7), "pid:1");
        names.taken.insert("pid:1".to_string());
        assert_eq!(names.label(7), "net:[7]");
        // A name that looks like a path.
        let strange = of(Known {
            process: resident(9, "a/b"),
            ..Known::default()
        });
        assert_eq!(strange.label(7), "pid:9");
    }

    #[test]
    fn a_container_of_two_namespaces_is_the_name_of_none() {
        let mut names = of(Known {
            process: resident(9, "init"),
            owner: Owner {
                unit: None,
                container: Some("docker:x".to_string()),
            },
            ..Known::default()
        });
        assert_eq!(names.label(7), "docker:x");
        let again = names.of(7);
        names.known.insert(8, again);
        assert_eq!(names.label(7), "init[9]");
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a?[2Jb?");
    }

    #[test]
    fn this_process_lives_somewhere() {
        let inode = process::namespace_of("self").unwrap();
        let known = Names::collect(About::Residents, [inode]).of(inode);
        assert!(known.process.unwrap().count >= 1);
    }
}
