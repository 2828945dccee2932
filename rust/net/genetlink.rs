// SPDX-License-Identifier: GPL-2.0

//! Generic netlink: requests, attributes, answers, dumps and multicast.
//!
//! `kernel::net::netlink` knows multicast alone. The family itself, its operations and its policies
//! are generated as C by the kernel's own generator, as those of `drivers/net/` are; it calls the
//! functions that are made from what is here. By the time they are called, the kernel has checked
//! every attribute against its policy.
//!
//! - `family` registers all that, and `group` tells those who listen;
//! - `request` is what an operation is handed, and answers it, `dump` in as many parts as it takes;
//! - `attribute` reads what was asked, `message` writes what is told, and `refusal` says why not.
//!
//! C headers: [`include/net/genetlink.h`](srctree/include/net/genetlink.h),
//! [`include/net/netlink.h`](srctree/include/net/netlink.h)

mod attribute;
mod dump;
mod family;
mod group;
mod message;
mod refusal;
mod request;

pub use self::{
    attribute::{Attribute, Attributes},
    dump::{dump, end, Dumped, Part, Progress},
    family::Family,
    group::{for_each_listener, has_listeners, notify, Group},
    message::Message,
    refusal::Refusal,
    request::{act, answer, Request},
};
