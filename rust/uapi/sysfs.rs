// SPDX-License-Identifier: GPL-2.0

//! `/sys/class/net/<device>/nsmux/`: the counters of a device.

use crate::{
    account::device::{DeviceAccount, Seen},
    net::sysfs::{Attribute, Group, List},
    table::Outcome,
};

static ATTRIBUTES: [Attribute<DeviceAccount>; 17] = [
    Attribute::new(c"packets", None),
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
    Attribute::new(c"unparsed", Some(Seen::Unparsed)),
    Attribute::new(c"fragment", Some(Seen::LaterFragment)),
    Attribute::new(c"no-table", Some(Seen::NoTable)),
    Attribute::new(c"routed", Some(Seen::Routed)),
    Attribute::new(c"dropped", Some(Seen::Dropped)),
    Attribute::new(c"had-socket", Some(Seen::HadSocket)),
];

static LIST: List<DeviceAccount, 18> = List::new(&ATTRIBUTES);

/// The directory.
pub(crate) static GROUP: Group<DeviceAccount> = Group::new(c"nsmux", &LIST);

const fn found(name: &'static core::ffi::CStr, outcome: Outcome) -> Attribute<DeviceAccount> {
    Attribute::new(name, Some(Seen::Found(outcome)))
}
