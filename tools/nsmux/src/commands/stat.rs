// SPDX-License-Identifier: GPL-2.0

//! `nsmux stat`: what was counted, and how fast it grows.

pub(super) mod detail;
mod overview;

use std::ops::Add;
use std::thread;

use serde::Serialize;

use super::Described;
use crate::cli::Stat;
use crate::error::{Error, Status};
use crate::names::{About, Names};
use crate::netlink::counters::Traffic;
use crate::netlink::namespace::Namespace;
use crate::netlink::Connection;
use crate::output::number::Numbers;
use crate::output::{timestamp, Output};
use crate::sample::Sample;
use crate::selector;

/// A number that a counter shows: how many, or how many a second.
pub(super) trait Figure: Copy + Default + PartialEq + Add<Output = Self> {
    /// As a person reads it.
    fn show(self, numbers: Numbers) -> String;
}

impl Figure for u64 {
    fn show(self, numbers: Numbers) -> String {
        numbers.count(self)
    }
}

impl Figure for f64 {
    fn show(self, numbers: Numbers) -> String {
        numbers.rate(self)
    }
}

/// A namespace's counters, as JSON shows them.
#[derive(Serialize)]
struct Counted<'a> {
    #[serde(flatten)]
    described: Described<'a>,
    counters: &'a Traffic<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rates: Option<&'a Traffic<f64>>,
}

/// What JSON shows each time.
#[derive(Serialize)]
struct Period<'a> {
    time: f64,
    seconds: f64,
    namespaces: Vec<Counted<'a>>,
}

/// Shows counters once, or rates again and again.
pub(super) fn run(options: &Stat, output: &mut Output) -> Result<Status, Error> {
    let targets = selector::open_all(&options.place.netns)?;
    let mut connection = Connection::open()?;
    let mut earlier = Sample::take(&mut connection, &targets)?;
    let detail = options.detail || targets.len() == 1;
    let Some(interval) = options.watch else {
        let names = collect(&earlier);
        if output.json {
            output.json(&counted(&earlier.namespaces, None, &names))?;
        } else {
            let counters: Vec<_> = earlier
                .namespaces
                .iter()
                .map(|namespace| &namespace.counters)
                .collect();
            show(output, &earlier.namespaces, &counters, &names, detail)?;
        }
        return Ok(Status::Found);
    };
    let mut times = 0;
    while options.count.is_none_or(|count| times < count) {
        thread::sleep(interval);
        let sample = Sample::take(&mut connection, &targets)?;
        let rates = sample.rates_since(&earlier);
        let names = collect(&sample);
        if output.json {
            output.json_line(&Period {
                time: timestamp::now(),
                seconds: sample.at.duration_since(earlier.at).as_secs_f64(),
                namespaces: counted(&sample.namespaces, Some(&rates), &names),
            })?;
        } else {
            if times > 0 {
                output.line("")?;
            }
            let rates: Vec<_> = rates.iter().collect();
            show(output, &sample.namespaces, &rates, &names, detail)?;
            output.flush()?;
        }
        earlier = sample;
        times += 1;
    }
    Ok(Status::Found)
}

fn collect(sample: &Sample) -> Names {
    Names::collect(About::Residents, super::inodes(&sample.namespaces))
}

fn counted<'a>(
    namespaces: &'a [Namespace],
    rates: Option<&'a [Traffic<f64>]>,
    names: &Names,
) -> Vec<Counted<'a>> {
    namespaces
        .iter()
        .enumerate()
        .map(|(position, namespace)| Counted {
            described: Described::new(namespace, names),
            counters: &namespace.counters,
            rates: rates.and_then(|rates| rates.get(position)),
        })
        .collect()
}

fn show<N: Figure>(
    output: &mut Output,
    namespaces: &[Namespace],
    figures: &[&Traffic<N>],
    names: &Names,
    detail: bool,
) -> Result<(), Error> {
    if !detail {
        let columns = overview::columns(namespaces, figures, names, output.numbers);
        return output.columns(columns);
    }
    for (position, (namespace, traffic)) in namespaces.iter().zip(figures).enumerate() {
        if position > 0 {
            output.line("")?;
        }
        detail::show(output, namespace, traffic, names)?;
    }
    Ok(())
}
