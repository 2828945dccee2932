// SPDX-License-Identifier: GPL-2.0

//! `net.nsmux.mode` and `net.nsmux.version`.

use crate::{
    instance::Instance,
    mode::Mode,
    net::{
        pernet::Slot,
        sysctl::{Directory, Variable},
    },
    uapi::{self, netlink},
};

/// `/proc/sys/net/nsmux`
pub(crate) const DIRECTORY: Directory<Slot<Instance>> = Directory {
    path: c"net/nsmux",
    variables: &[
        Variable {
            name: c"mode",
            read: |slot| slot.mode().name(),
            write: Some(|slot, text| netlink::change_mode(slot, Mode::parse(text)?)),
        },
        Variable {
            name: c"version",
            read: |_| uapi::VERSION,
            write: None,
        },
    ],
};
