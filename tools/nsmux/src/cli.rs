// SPDX-License-Identifier: GPL-2.0

//! The command line.

pub(crate) mod lookup;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::netlink::spec::Mode;
use crate::output::openmetrics::Format;
use crate::selector::Selector;
use lookup::Wanted;

const NETNS_HELP: &str =
    "A namespace: a name in /run/netns, a path, a pid, cookie:N, nsid:N, or what \
                          `nsmux list` calls it";

/// Ask which socket of which network namespace gets a packet, and watch what nsmux.ko counts
#[derive(Debug, Parser)]
#[command(name = "nsmux", version, disable_help_subcommand = true, after_help = STATUSES)]
pub(crate) struct Cli {
    /// Write JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Write numbers with all their digits
    #[arg(long, global = true)]
    pub(crate) raw: bool,

    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STATUSES: &str = "Exit status: 0 found or done, 1 not found, 2 wrong usage, 3 not allowed, \
                        4 nsmux.ko is not loaded, 5 anything else.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell which socket has a name, in every namespace that you may see
    #[command(subcommand)]
    Lookup(Wanted),
    /// List namespaces: their names, who lives there, devices, mode, tables
    ///
    /// TCP and UDP are sockets of the namespace and buckets of its table; a star marks a table
    /// that is shared with other namespaces.
    List(Where),
    /// Show what was counted, or how it changes
    Stat(Stat),
    /// Watch namespaces on a live screen
    Top(Top),
    /// Print packets that no socket takes, and mode changes, as they come
    Watch(Watch),
    /// Show or set what nsmux does in a namespace
    #[command(args_conflicts_with_subcommands = true)]
    Mode(ModeCommand),
    /// Count from 0 again
    Reset(WhereOrAll),
    /// Write metrics as OpenMetrics text, once or for whoever asks
    Metrics(Metrics),
    /// Say what works here, what does not, and what to do
    Doctor(Doctor),
    /// Print completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, or write all manual pages to a directory
    #[command(hide = true)]
    Man {
        /// Where to write nsmux.8, nsmux-lookup.8 and so on
        directory: Option<PathBuf>,
    },
}

/// Which namespaces; all that the caller may see without any.
#[derive(Args, Debug)]
pub(crate) struct Where {
    /// Only in this namespace; can be given more than once
    #[arg(long, value_name = "NETNS", long_help = NETNS_HELP, action = ArgAction::Append)]
    pub(crate) netns: Vec<Selector>,
}

/// Which namespaces, said in so many words.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct WhereOrAll {
    /// In this namespace; can be given more than once
    #[arg(long, value_name = "NETNS", long_help = NETNS_HELP, action = ArgAction::Append)]
    pub(crate) netns: Vec<Selector>,

    /// In every namespace that you may see
    #[arg(long)]
    pub(crate) all: bool,
}

/// Options of `stat`.
#[derive(Args, Debug)]
pub(crate) struct Stat {
    #[command(flatten)]
    pub(crate) place: Where,

    /// Show rates, every so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = interval)]
    pub(crate) watch: Option<Duration>,

    /// End after so many times
    #[arg(long, value_name = "TIMES", requires = "watch",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,

    /// Show each protocol and outcome, as is done for a single namespace anyway
    #[arg(long)]
    pub(crate) detail: bool,
}

/// Options of `top`.
#[derive(Args, Debug)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) place: Where,

    /// Look again every so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
    pub(crate) interval: Duration,
}

/// Options of `watch`.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) place: Where,

    /// End after so many events
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
}

/// Options of `mode`.
#[derive(Args, Debug)]
pub(crate) struct ModeCommand {
    #[command(flatten)]
    pub(crate) place: Where,

    #[command(subcommand)]
    pub(crate) action: Option<ModeAction>,
}

/// What to do with a mode.
#[derive(Debug, Subcommand)]
pub(crate) enum ModeAction {
    /// Change what nsmux does in a namespace
    Set {
        /// What nsmux shall do
        mode: Mode,

        #[command(flatten)]
        place: WhereOrAll,
    },
}

/// Options of `metrics`.
#[derive(Args, Debug)]
pub(crate) struct Metrics {
    #[command(flatten)]
    pub(crate) place: Where,

    /// How to write them
    #[arg(long, value_enum, default_value_t = Format::Openmetrics, conflicts_with = "json")]
    pub(crate) format: Format,

    /// Serve them by HTTP at /metrics, on this loopback address and port, in the format asked for
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = loopback,
          conflicts_with_all = ["json", "format"])]
    pub(crate) listen: Option<SocketAddr>,
}

/// Options of `doctor`.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// A module file to compare with the running kernel, instead of the installed one
    #[arg(long, value_name = "FILE")]
    pub(crate) module: Option<PathBuf>,
}

fn interval(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("seconds from 0.1 to 86400 are needed".to_string()),
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "ADDRESS:PORT is needed, as in 127.0.0.1:9811".to_string())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only loopback addresses: whoever can connect sees all namespaces".to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;
    use clap::CommandFactory;

    fn parse(words: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(words.split_whitespace())
    }

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_the_manual_shows_is_understood() {
        for words in [
            "nsmux lookup tcp 10.0.0.2:8080",
            "nsmux lookup tcp 10.0.0.2:8080 from 10.0.0.9:4242 --netns web1",
            "nsmux lookup udp [fd00::2]:53 --netns web1 --netns cookie:4097 --json",
            "nsmux lookup tcp *:80 --device 3 --slave 2",
            "nsmux lookup raw icmp 10.0.0.2 from 10.0.0.9",
            "nsmux lookup packet dev eth0 --protocol ip",
            "nsmux lookup unix @/run/x",
            "nsmux lookup netlink route:link --netns web1",
            "nsmux lookup netlink route",
            "nsmux lookup vsock host:1024 from 3:4242",
            "nsmux lookup sctp 10.0.0.2:3868 from 10.0.0.9:3868",
            "nsmux lookup mptcp 10.0.0.2:8080",
            "nsmux lookup netdev eth0",
            "nsmux lookup pid 1",
            "nsmux lookup pid 1 --pidns 812",
            "nsmux lookup cookie 4097",
            "nsmux list",
            "nsmux stat --netns web1 --watch 1 --count 3",
            "nsmux top --interval 0.5",
            "nsmux watch",
            "nsmux mode",
            "nsmux mode --netns 812",
            "nsmux mode set observe --all",
            "nsmux reset --netns nsid:4",
            "nsmux metrics --format text",
            "nsmux metrics --listen [::1]:9811",
            "nsmux metrics --json",
            "nsmux doctor --module ./nsmux.ko",
            "nsmux completions fish",
        ] {
            parse(words).unwrap_or_else(|error| panic!("{words}: {error}"));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (words, kind) in [
            ("nsmux", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
            ("nsmux lookup tcp 10.0.0.2", ErrorKind::ValueValidation),
            ("nsmux lookup ping 10.0.0.2", ErrorKind::InvalidSubcommand),
            ("nsmux lookup unix", ErrorKind::MissingRequiredArgument),
            ("nsmux lookup netlink rout", ErrorKind::ValueValidation),
            ("nsmux lookup pid 0", ErrorKind::ValueValidation),
            ("nsmux lookup pid 1 --netns a", ErrorKind::UnknownArgument),
            ("nsmux lookup cookie 0", ErrorKind::ValueValidation),
            (
                "nsmux lookup tcp 10.0.0.2:1 --slave 3",
                ErrorKind::MissingRequiredArgument,
            ),
            ("nsmux mode set observe", ErrorKind::MissingRequiredArgument),
            ("nsmux mode set watch --all", ErrorKind::InvalidValue),
            (
                "nsmux mode set off --all --netns a",
                ErrorKind::ArgumentConflict,
            ),
            ("nsmux reset", ErrorKind::MissingRequiredArgument),
            ("nsmux stat --watch 0", ErrorKind::ValueValidation),
            ("nsmux stat --count 2", ErrorKind::MissingRequiredArgument),
            (
                "nsmux metrics --listen 0.0.0.0:9811",
                ErrorKind::ValueValidation,
            ),
            ("nsmux list --netns pid:0", ErrorKind::ValueValidation),
        ] {
            assert_eq!(parse(words).unwrap_err().kind(), kind, "{words}");
        }
    }
}
