// SPDX-License-Identifier: GPL-2.0

//! What the caller can see through the module.

use std::collections::HashSet;

use super::Check;
use crate::error::Error;
use crate::names::{process, About, Names};
use crate::netlink::namespace::Namespace;
use crate::netlink::spec::{Mode, GROUP_MISS, GROUP_NAMESPACE};
use crate::netlink::{query, Connection};

/// The checks of the netlink family and of what it tells, and why it does not tell anything.
pub(super) fn checks() -> (Vec<Check>, Option<Error>) {
    let mut connection = match Connection::open() {
        Ok(connection) => connection,
        Err(error) => return (vec![failed("netlink", &error)], Some(error)),
    };
    let mut checks = vec![family(&connection)];
    match query::namespaces(&mut connection, &[]) {
        Ok(namespaces) => {
            checks.push(seen(&namespaces, &Names::collect(About::Residents, [])));
            checks.push(modes(&namespaces));
            checks.extend(own(&namespaces));
            checks.push(disagreements(&namespaces));
            (checks, None)
        }
        Err(error) => {
            checks.push(failed("namespaces", &error));
            (checks, Some(error))
        }
    }
}

fn failed(check: &'static str, error: &Error) -> Check {
    let advice = error.advice().unwrap_or("see the kernel's log");
    Check::fail(check, error.to_string(), advice)
}

fn family(connection: &Connection) -> Check {
    let (number, groups) = connection.family();
    let groups: Vec<&str> = groups.collect();
    let found = format!(
        "family nsmux is number {number}, groups {}",
        groups.join(", ")
    );
    if [GROUP_MISS, GROUP_NAMESPACE]
        .iter()
        .all(|group| groups.contains(group))
    {
        Check::ok("netlink", found)
    } else {
        Check::warn(
            "netlink",
            found,
            "`nsmux watch` needs groups that this module has not",
        )
    }
}

fn seen(namespaces: &[Namespace], names: &Names) -> Check {
    let told: HashSet<u32> = namespaces.iter().map(|namespace| namespace.inode).collect();
    let hidden = names.inodes().filter(|inode| !told.contains(inode)).count();
    let finding = format!("{} can be seen", told.len());
    if hidden > 0 {
        Check::warn(
            "namespaces",
            format!("{finding}, {hidden} more that the system has names for cannot"),
            "those belong to another user namespace",
        )
    } else {
        Check::ok("namespaces", finding)
    }
}

fn modes(namespaces: &[Namespace]) -> Check {
    let observed = namespaces
        .iter()
        .filter(|namespace| namespace.mode != Mode::Off)
        .count();
    let finding = format!("{observed} of {} are observed", namespaces.len());
    if observed == 0 {
        Check::warn(
            "modes",
            finding,
            "nothing is counted: nsmux mode set observe --all",
        )
    } else {
        Check::ok("modes", finding)
    }
}

fn own(namespaces: &[Namespace]) -> Option<Check> {
    let inode = process::namespace_of("self")?;
    let own = namespaces
        .iter()
        .find(|namespace| namespace.inode == inode)?;
    Some(Check::ok(
        "this netns",
        format!("cookie {}, mode {}", own.cookie, own.mode),
    ))
}

fn disagreements(namespaces: &[Namespace]) -> Check {
    let count: u64 = namespaces
        .iter()
        .map(|namespace| namespace.counters.disagreements())
        .sum();
    if count == 0 {
        Check::ok(
            "agreement",
            "every packet was resolved to netfilter's own namespace",
        )
    } else {
        Check::fail(
            "agreement",
            format!("{count} packets were resolved to another namespace than netfilter's"),
            "this is a defect: report it, with `nsmux stat --json`",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::netlink::counters::Traffic;

    fn namespace(mode: Mode, disagree: u64) -> Namespace {
        let mut counters = Traffic::default();
        counters.transmit.disagree = disagree;
        Namespace {
            cookie: 1,
            inode: 7,
            nsid: None,
            mode,
            devices: 1,
            tables: Vec::new(),
            counters,
        }
    }

    #[test]
    fn a_module_that_observes_nothing_is_worth_a_word() {
        assert_eq!(modes(&[namespace(Mode::Off, 0)]).verdict, Verdict::Warn);
        assert_eq!(modes(&[namespace(Mode::Observe, 0)]).verdict, Verdict::Ok);
    }

    #[test]
    fn a_disagreement_fails() {
        assert_eq!(
            disagreements(&[namespace(Mode::Observe, 0)]).verdict,
            Verdict::Ok
        );
        assert_eq!(
            disagreements(&[namespace(Mode::Observe, 1)]).verdict,
            Verdict::Fail
        );
    }
}
