// SPDX-License-Identifier: GPL-2.0

//! `nsmux man`: the manual pages, made from the command line's own description.

use std::fs;
use std::path::Path;

use clap::builder::Resettable;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::error::{Error, Status};
use crate::output::Output;

/// What the description of the command line does not have.
const MORE: &str = r#".SH EXAMPLES
.nf
nsmux lookup tcp 10.0.0.2:8080
nsmux lookup tcp 10.0.0.2:8080 from 10.0.0.9:4242 \-\-netns web1
nsmux mode set observe \-\-all
nsmux stat \-\-watch 1
nsmux metrics \-\-format text > /var/lib/prometheus/node\-exporter/nsmux.prom
.fi
.SH EXIT STATUS
.TP
0
Found, or done.
.TP
1
There is no such socket or namespace.
.TP
2
The command line makes no sense.
.TP
3
Not allowed: CAP_NET_ADMIN is missing in the user namespace that owns the network namespace.
.TP
4
nsmux.ko is not loaded.
.TP
5
Anything else.
.SH ENVIRONMENT
.TP
NO_COLOR
If it is set and not empty, nothing is coloured.
.SH FILES
.TP
/run/netns
The names of namespaces.
.TP
/proc/net/nsmux
The counters of the reader's own namespace.
.TP
/proc/sys/net/nsmux/mode
The mode of the reader's own namespace.
"#;

/// Prints the main page, or writes all pages to a directory.
pub(super) fn run(directory: Option<&Path>, output: &mut Output) -> Result<Status, Error> {
    let mut command = Cli::command();
    command.build();
    match directory {
        None => output.text(&page(&command, "nsmux"))?,
        Some(directory) => write(&command, "nsmux", directory)?,
    }
    Ok(Status::Found)
}

fn write(command: &Command, name: &str, directory: &Path) -> Result<(), Error> {
    let path = directory.join(format!("{name}.8"));
    fs::write(&path, page(command, name))
        .map_err(Error::io(format!("write {}", path.display())))?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write(sub, &format!("{name}-{}", sub.get_name()), directory)?;
    }
    Ok(())
}

fn page(command: &Command, name: &str) -> String {
    // The main page has a section for what the help says last.
    let command = command
        .clone()
        .name(name.to_string())
        .after_help(Resettable::Reset)
        .disable_help_subcommand(true);
    let mut page = Vec::new();
    Man::new(command)
        .section("8")
        .manual("nsmux")
        .render(&mut page)
        .expect("memory takes what is written to it");
    let mut page = String::from_utf8_lossy(&page).into_owned();
    if name == "nsmux" {
        page.push_str(MORE);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_its_sections() {
        let mut command = Cli::command();
        command.build();
        let page = page(&command, "nsmux");
        for line in [
            ".SH NAME",
            ".SH SYNOPSIS",
            ".SH EXAMPLES",
            ".SH EXIT STATUS",
        ] {
            assert!(page.lines().any(|l| l == line), "{line}");
        }
        assert!(page.contains(".TH nsmux 8"));
        assert!(!page.contains("nsmux\\-man"));
    }
}
