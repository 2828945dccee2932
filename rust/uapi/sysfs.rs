// SPDX-License-Identifier: GPL-2.0

//! `/sys/class/net/<device>/nsmux/`: the counters of a device.

use kernel::{ffi::c_ulong, prelude::*};

use crate::{
    account::device::{DeviceAccount, Seen},
    net::sysfs::{self, File, List, Shown},
    table::Outcome,
};

/// What a file shows, all packets with `None`.
type What = Option<Seen>;

static EACH: [File<What>; 16] = [
    File::new(c"packets", None),
    found(c"established", Outcome::Established),
    found(c"time-wait", Outcome::TimeWait),
    found(c"request", Outcome::Request),
    found(c"listener", Outcome::Listener),
    found(c"connected", Outcome::Connected),
    found(c"unconnected", Outcome::Unconnected),
    found(c"ambiguous", Outcome::Ambiguous),
    found(c"multiple", Outcome::Multiple),
    found(c"foreign", Outcome::Foreign),
    found(c"none", Outcome::None),
    File::new(c"unparsed", Some(Seen::Unparsed)),
    File::new(c"fragment", Some(Seen::LaterFragment)),
    File::new(c"no-table", Some(Seen::NoTable)),
    File::new(c"routed", Some(Seen::Routed)),
    File::new(c"dropped", Some(Seen::Dropped)),
];

static LIST: List<What, 17> = List::new(&EACH);

static FILES: sysfs::Files<What> = sysfs::Files::new(&LIST);

impl Shown for DeviceAccount {
    type What = What;

    const NAME: &'static CStr = c"nsmux";
    const FILES: &'static sysfs::Files<What> = &FILES;

    fn show(&self, what: What) -> c_ulong {
        self.read(what)
    }
}

const fn found(name: &'static core::ffi::CStr, outcome: Outcome) -> File<What> {
    File::new(name, Some(Seen::Found(outcome)))
}
