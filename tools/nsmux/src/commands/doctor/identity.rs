// SPDX-License-Identifier: GPL-2.0

//! Who is asking: user, capabilities, user namespace.

use std::fs;

use rustix::thread::CapabilityFlags;

use super::Check;

/// The checks of the caller.
pub(super) fn checks() -> Vec<Check> {
    let uid = rustix::process::geteuid().as_raw();
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let admin = rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(CapabilityFlags::NET_ADMIN));
    vec![
        Check::ok("user", user(uid, is_initial(&map))),
        capability(admin, is_initial(&map)),
    ]
}

fn user(uid: u32, initial: bool) -> String {
    let place = if initial {
        "the initial user namespace"
    } else {
        "a user namespace of its own"
    };
    format!("uid {uid} in {place}")
}

/// The initial user namespace maps every number to itself.
fn is_initial(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

fn capability(admin: bool, initial: bool) -> Check {
    match (admin, initial) {
        (true, true) => Check::ok(
            "capability",
            "CAP_NET_ADMIN: every namespace can be seen and changed",
        ),
        (true, false) => Check::ok(
            "capability",
            "CAP_NET_ADMIN here: namespaces of this user namespace and of those in it can be \
             seen and changed",
        ),
        (false, _) => Check::fail(
            "capability",
            "no CAP_NET_ADMIN: nothing can be seen or changed",
            "run as root (sudo nsmux …), or give the tool the capability: setcap \
             cap_net_admin+ep nsmux",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn the_initial_user_namespace_is_known_by_its_map() {
        assert!(is_initial("         0          0 4294967295\n"));
        assert!(!is_initial("         0       1000          1\n"));
        assert!(!is_initial(""));
    }

    #[test]
    fn without_the_capability_nothing_goes() {
        assert_eq!(capability(true, false).verdict, Verdict::Ok);
        assert_eq!(capability(false, true).verdict, Verdict::Fail);
    }
}
