// SPDX-License-Identifier: GPL-2.0

//! `nsmux metrics`: the counters for Prometheus.

mod families;
mod server;

use crate::cli::Metrics;
use crate::error::{Error, Status};
use crate::names::{About, Names};
use crate::netlink::Connection;
use crate::output::openmetrics::{self, Family};
use crate::output::Output;
use crate::sample::Sample;
use crate::selector::{self, Target};

/// Writes the metrics once, or serves them for ever.
pub(super) fn run(options: &Metrics, output: &mut Output) -> Result<Status, Error> {
    let targets = selector::open_all(&options.place.netns)?;
    if let Some(address) = options.listen {
        return server::serve(address, |format| {
            Ok(openmetrics::text(&scrape(&targets)?, format))
        });
    }
    let families = scrape(&targets)?;
    if output.json {
        output.json(&families)?;
    } else {
        output.text(&openmetrics::text(&families, options.format))?;
    }
    Ok(Status::Found)
}

/// Asks anew each time: the module may have been loaded again since the last.
fn scrape(targets: &[Target]) -> Result<Vec<Family>, Error> {
    let sample = Sample::take(&mut Connection::open()?, targets)?;
    let inodes = super::inodes(&sample.namespaces);
    let names = Names::collect(About::Labels, inodes);
    Ok(families::of(&sample.namespaces, &names))
}
