// SPDX-License-Identifier: GPL-2.0

//! One file for each thing that the tool does.

mod doctor;
mod list;
mod lookup;
mod manual;
mod metrics;
mod mode;
mod reset;
mod stat;
mod top;
mod watch;

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::{Cli, Command, WhereOrAll};
use crate::error::{Error, Status};
use crate::names::{About, Known, Names};
use crate::netlink::namespace::Namespace;
use crate::netlink::{query, Connection};
use crate::output::Output;
use crate::selector::{self, Target};

/// Does what the command line asks for.
pub(crate) fn run(cli: Cli) -> Result<Status, Error> {
    let mut output = Output::new(cli.json, cli.raw);
    let status = match cli.command {
        Command::Lookup(wanted) => lookup::run(&wanted, &mut output),
        Command::List(place) => list::run(&place, &mut output),
        Command::Stat(options) => stat::run(&options, &mut output),
        Command::Top(options) => {
            let numbers = output.numbers;
            let json = output.json;
            // The screen is drawn by another writer.
            drop(output);
            return top::run(&options, numbers, json);
        }
        Command::Watch(options) => watch::run(&options, &mut output),
        Command::Mode(command) => mode::run(&command, &mut output),
        Command::Reset(place) => reset::run(&place, &mut output),
        Command::Metrics(options) => metrics::run(&options, &mut output),
        Command::Doctor(options) => doctor::run(&options, &mut output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "nsmux", &mut script);
            output
                .text(&String::from_utf8_lossy(&script))
                .map(|()| Status::Found)
        }
        Command::Man { directory } => manual::run(directory.as_deref(), &mut output),
    }?;
    output.flush()?;
    Ok(status)
}

/// A namespace with what people call it, as JSON shows it.
#[derive(Debug, Serialize)]
struct Described<'a> {
    netns: String,
    #[serde(flatten)]
    namespace: &'a Namespace,
    #[serde(flatten)]
    known: Known,
}

impl<'a> Described<'a> {
    fn new(namespace: &'a Namespace, names: &Names) -> Self {
        Described {
            netns: names.label(namespace.inode),
            namespace,
            known: names.of(namespace.inode),
        }
    }
}

/// Their inode numbers.
fn inodes(namespaces: &[Namespace]) -> impl Iterator<Item = u32> + '_ {
    namespaces.iter().map(|namespace| namespace.inode)
}

/// Does this to the namespaces of the command line, and returns their names.
fn change(
    connection: &mut Connection,
    place: &WhereOrAll,
    action: impl Fn(&mut Connection, &Target) -> Result<(), Error>,
) -> Result<Vec<String>, Error> {
    let mut changed = Vec::new();
    if place.all {
        let namespaces = query::namespaces(connection, &[])?;
        let names = Names::collect(About::Labels, inodes(&namespaces));
        for namespace in namespaces {
            let target = Target::told(names.label(namespace.inode), namespace.cookie);
            match action(connection, &target) {
                // It died since the kernel told about it.
                Err(error) if error.is_gone() => continue,
                result => result?,
            }
            changed.push(target.to_string());
        }
    } else {
        for target in selector::open_all(&place.netns)? {
            action(connection, &target)?;
            changed.push(target.to_string());
        }
    }
    Ok(changed)
}

/// Says what was done to which namespaces.
fn confirm(output: &mut Output, changed: &[String], what: &str) -> Result<Status, Error> {
    if output.json {
        output.json(&changed)?;
    } else {
        match changed {
            [name] => output.line(format_args!("{name}: {what}"))?,
            names => output.line(format_args!("{} namespaces: {what}", names.len()))?,
        }
    }
    Ok(Status::Found)
}
