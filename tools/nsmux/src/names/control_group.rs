// SPDX-License-Identifier: GPL-2.0

//! Whose a process is: the systemd unit and the container that its control group names.

use std::fs;

use serde::Serialize;

use super::printable;

/// What a control group tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Owner {
    /// The innermost systemd unit, container scopes apart.
    pub(crate) unit: Option<String>,
    /// The container, as `runtime:name`, an identifier cut to 12 digits.
    pub(crate) container: Option<String>,
}

/// Whose this process is.
pub(crate) fn owner(pid: u32) -> Owner {
    match fs::read_to_string(format!("/proc/{pid}/cgroup")) {
        Ok(groups) => read(&groups),
        Err(_) => Owner::default(),
    }
}

/// How runtimes name the scope of a container: the scope's prefix, and the runtime's name.
const SCOPES: &[(&str, &str)] = &[
    ("docker-", "docker"),
    ("libpod-", "podman"),
    ("cri-containerd-", "containerd"),
    ("crio-", "cri-o"),
    ("machine-", "machine"),
    ("lxc.payload.", "lxc"),
];

/// Whether a text is what is said of a container of these runtimes.
pub(crate) fn is_container(text: &str) -> bool {
    let runtime = text.split_once(':').map(|(runtime, _)| runtime);
    SCOPES.iter().any(|(_, known)| runtime == Some(known))
}

fn read(groups: &str) -> Owner {
    let mut owner = Owner::default();
    // With both versions of control groups there is a line for each hierarchy.
    for path in groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)) {
        let mut outer = "";
        for part in path.split('/') {
            if let Some(container) = container(outer, part) {
                owner.container = Some(container);
            } else if part.ends_with(".service") || part.ends_with(".scope") {
                owner.unit = Some(printable(&unescape(part)));
            }
            outer = part;
        }
    }
    owner
}

fn container(outer: &str, part: &str) -> Option<String> {
    for (prefix, runtime) in SCOPES {
        if let Some(rest) = part.strip_prefix(prefix) {
            let name = rest.strip_suffix(".scope").unwrap_or(rest);
            return Some(format!("{runtime}:{}", shorten(&unescape(name))));
        }
    }
    match outer {
        "docker" | "lxc" if !part.is_empty() => Some(format!("{outer}:{}", shorten(part))),
        _ => None,
    }
}

/// Cuts an identifier as runtimes show it, and leaves a name as it is.
fn shorten(name: &str) -> String {
    let identifier = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    printable(if identifier { &name[..12] } else { name })
}

/// Undoes systemd's escapes, a backslash, an x and two digits.
fn unescape(name: &str) -> String {
    let mut parts = name.split("\\x");
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let escaped = part
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped.filter(u8::is_ascii) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part[2..]);
            }
            None => {
                plain.push_str("\\x");
                plain.push_str(part);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTIFIER: &str = "3f2a1c9d8e7b3f2a1c9d8e7b3f2a1c9d8e7b3f2a1c9d8e7b3f2a1c9d8e7b3f2a";

    fn check(path: &str, unit: Option<&str>, container: Option<&str>) {
        let owner = read(&format!("0::{path}\n"));
        assert_eq!(owner.unit.as_deref(), unit, "{path}");
        assert_eq!(owner.container.as_deref(), container, "{path}");
    }

    #[test]
    fn units() {
        check("/", None, None);
        check("/init.scope", Some("init.scope"), None);
        check("/system.slice/nginx.service", Some("nginx.service"), None);
        check(
            "/user.slice/user-0.slice/user@0.service/app.slice/dev\\x2dserver.service",
            Some("dev-server.service"),
            None,
        );
    }

    #[test]
    fn containers() {
        let docker = Some("docker:3f2a1c9d8e7b");
        check(
            &format!("/system.slice/docker-{IDENTIFIER}.scope"),
            None,
            docker,
        );
        check(&format!("/docker/{IDENTIFIER}"), None, docker);
        check(
            &format!("/kubepods.slice/pod1.slice/cri-containerd-{IDENTIFIER}.scope"),
            None,
            Some("containerd:3f2a1c9d8e7b"),
        );
        check(
            "/machine.slice/machine-web\\x2d1.scope",
            None,
            Some("machine:web-1"),
        );
        check(
            "/lxc.payload.mail/system.slice/exim.service",
            Some("exim.service"),
            Some("lxc:mail"),
        );
    }

    #[test]
    fn two_hierarchies() {
        let owner = read("1:name=systemd:/system.slice/a.service\n0::/system.slice/a.service\n");
        assert_eq!(owner.unit.as_deref(), Some("a.service"));
    }

    #[test]
    fn a_broken_escape_stays() {
        assert_eq!(unescape("a\\xzz\\x"), "a\\xzz\\x");
        assert_eq!(unescape("\\x2d\\x2d"), "--");
    }
}
