// SPDX-License-Identifier: GPL-2.0

//! `nsmux mode`: what nsmux does in each namespace.

use comfy_table::Cell;
use serde::Serialize;

use super::list::mode_cell;
use crate::cli::{ModeAction, ModeCommand, WhereOrAll};
use crate::error::{Error, Status};
use crate::names::{About, Names};
use crate::netlink::spec::Mode;
use crate::netlink::{query, Connection};
use crate::output::columns::{Columns, Kind};
use crate::output::Output;
use crate::sample::Sample;
use crate::selector;

/// The mode of a namespace, as JSON shows it.
#[derive(Debug, Serialize)]
struct ModeOf {
    netns: String,
    cookie: u64,
    inode: u32,
    mode: Mode,
}

/// Shows or changes modes.
pub(super) fn run(command: &ModeCommand, output: &mut Output) -> Result<Status, Error> {
    match &command.action {
        None => show(command, output),
        Some(ModeAction::Set { mode, place }) => set(*mode, place, output),
    }
}

fn show(command: &ModeCommand, output: &mut Output) -> Result<Status, Error> {
    let targets = selector::open_all(&command.place.netns)?;
    let sample = Sample::take(&mut Connection::open()?, &targets)?;
    let names = Names::collect(About::Labels, super::inodes(&sample.namespaces));
    let modes: Vec<ModeOf> = sample
        .namespaces
        .iter()
        .map(|namespace| ModeOf {
            netns: names.label(namespace.inode),
            cookie: namespace.cookie,
            inode: namespace.inode,
            mode: namespace.mode,
        })
        .collect();
    if output.json {
        output.json(&modes)?;
    } else {
        let mut columns = Columns::new(&[
            ("NETNS", Kind::Text),
            ("COOKIE", Kind::Number),
            ("MODE", Kind::Whole),
        ]);
        for of in &modes {
            columns.row([
                Cell::new(&of.netns),
                Cell::new(of.cookie),
                mode_cell(of.mode),
            ]);
        }
        output.columns(columns)?;
    }
    Ok(Status::Found)
}

fn set(mode: Mode, place: &WhereOrAll, output: &mut Output) -> Result<Status, Error> {
    let mut connection = Connection::open()?;
    let changed = super::change(&mut connection, place, |connection, target| {
        query::set_mode(connection, target, mode)
    })?;
    super::confirm(output, &changed, &format!("mode {mode}"))
}
