// SPDX-License-Identifier: GPL-2.0

//! `nsmux reset`: count from 0 again.

use crate::cli::WhereOrAll;
use crate::error::{Error, Status};
use crate::netlink::{query, Connection};
use crate::output::Output;

/// Lets namespaces count from 0 again.
pub(super) fn run(place: &WhereOrAll, output: &mut Output) -> Result<Status, Error> {
    let mut connection = Connection::open()?;
    let reset = super::change(&mut connection, place, query::reset)?;
    super::confirm(output, &reset, "counters reset")
}
