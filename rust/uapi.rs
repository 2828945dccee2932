// SPDX-License-Identifier: GPL-2.0

//! What user space sees and sets.

pub(crate) mod log;
pub(crate) mod netlink;
mod parameter;
pub(crate) mod procfs;
pub(crate) mod sysctl;
pub(crate) mod sysfs;

/// The version of the module.
pub(crate) const VERSION: &str = env!("NSMUX_VERSION");
