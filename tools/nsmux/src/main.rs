// SPDX-License-Identifier: GPL-2.0

//! The command-line side of nsmux: which socket, in which network namespace, gets a packet.

mod address;
mod cli;
mod commands;
mod error;
mod key;
mod names;
mod netlink;
mod output;
mod sample;
mod selector;
mod spelling;

use std::process::ExitCode;

use clap::Parser;

use error::{Error, Status};

fn main() -> ExitCode {
    let status = match commands::run(cli::Cli::parse()) {
        Ok(status) => status,
        Err(error) => {
            report(&error);
            error.status()
        }
    };
    ExitCode::from(status as u8)
}

/// Says what is wrong and what to do, except to a reader that has gone away.
fn report(error: &Error) {
    if error.status() != Status::BrokenPipe {
        eprintln!("nsmux: {error}");
        if let Some(advice) = error.advice() {
            eprintln!("nsmux: {advice}");
        }
    }
}
