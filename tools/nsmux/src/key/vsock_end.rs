// SPDX-License-Identifier: GPL-2.0

//! One end of a connection between virtual machines: `CID:PORT`, or a port alone for any machine.

use std::fmt;
use std::str::FromStr;

/// The machines that have names, as `linux/vm_sockets.h` numbers them.
const MACHINES: &[(&str, u32)] = &[("hypervisor", 0), ("local", 1), ("host", 2)];

/// Any machine, or any port.
const ANY: u32 = u32::MAX;

/// One end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VsockEnd {
    /// The machine; any without.
    pub(crate) cid: Option<u32>,
    /// The port.
    pub(crate) port: u32,
}

impl VsockEnd {
    /// An end as the kernel tells it.
    pub(crate) fn told(cid: Option<u32>, port: u32) -> Self {
        VsockEnd {
            cid: cid.filter(|cid| *cid != ANY),
            port,
        }
    }
}

impl FromStr for VsockEnd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (machine, port) = text.rsplit_once(':').unwrap_or(("*", text));
        let named = MACHINES.iter().find(|(name, _)| *name == machine);
        let cid = match (machine, named) {
            ("*", _) => None,
            (_, Some((_, cid))) => Some(*cid),
            (number, None) => Some(number.parse().ok().filter(|cid| *cid != ANY).ok_or_else(
                || format!("`{machine}` is not a machine: a CID, `host`, `local` or `*`"),
            )?),
        };
        let port = port
            .parse()
            .ok()
            .filter(|port| *port != ANY)
            .ok_or_else(|| format!("`{port}` is not a port of vsock"))?;
        Ok(VsockEnd { cid, port })
    }
}

impl fmt::Display for VsockEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cid {
            Some(cid) => write!(f, "{cid}:{}", self.port),
            None => write!(f, "*:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_numbers_and_names() {
        let end = |cid, port| Ok(VsockEnd { cid, port });
        assert_eq!("1024".parse(), end(None, 1024));
        assert_eq!("*:1024".parse(), end(None, 1024));
        assert_eq!("3:1024".parse(), end(Some(3), 1024));
        assert_eq!("host:5".parse(), end(Some(2), 5));
        for text in ["", ":1", "3:", "4294967295:1", "3:4294967295", "guest:1"] {
            assert!(text.parse::<VsockEnd>().is_err(), "{text}");
        }
    }

    #[test]
    fn any_machine_is_a_star() {
        for text in ["*:7", "3:7"] {
            assert_eq!(text.parse::<VsockEnd>().unwrap().to_string(), text);
        }
        assert_eq!(VsockEnd::told(Some(ANY), 7).to_string(), "*:7");
    }
}
