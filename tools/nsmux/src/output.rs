// SPDX-License-Identifier: GPL-2.0

//! How results are shown: as columns for people, as JSON for programs.

pub(crate) mod columns;
pub(crate) mod number;
pub(crate) mod openmetrics;
pub(crate) mod timestamp;

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::error::Error;
use columns::Columns;
use number::Numbers;

/// Standard output, and how to write to it.
pub(crate) struct Output {
    writer: Box<dyn Write>,
    /// For programs rather than for people.
    pub(crate) json: bool,
    /// How numbers are written for people.
    pub(crate) numbers: Numbers,
    colour: bool,
    width: Option<u16>,
}

impl Output {
    /// Colours and widths are for terminals only.
    pub(crate) fn new(json: bool, raw: bool) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let width = rustix::termios::tcgetwinsize(&stdout)
            .ok()
            .map(|size| size.ws_col)
            .filter(|&width| terminal && width > 0);
        Output {
            writer: Box::new(stdout.lock()),
            json,
            numbers: Numbers { raw },
            colour: terminal && colour_wanted(),
            width,
        }
    }

    /// Writes a line of text.
    pub(crate) fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Error> {
        writeln!(self.writer, "{text}")?;
        Ok(())
    }

    /// Writes a text as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Error> {
        self.writer.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Writes columns.
    pub(crate) fn columns(&mut self, columns: Columns) -> Result<(), Error> {
        for line in columns.lines(self.colour, self.width) {
            self.line(line)?;
        }
        Ok(())
    }

    /// Writes a value as one JSON document: spread out for the eye on a terminal, else a line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        if self.width.is_some() {
            serde_json::to_writer_pretty(&mut self.writer, value)?;
            self.line("")
        } else {
            self.json_line(value)
        }
    }

    /// Writes a value as one line of JSON.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(&mut self.writer, value)?;
        self.line("")?;
        self.flush()
    }

    /// Lets the reader have what was written.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.writer.flush()?;
        Ok(())
    }

    /// A text in a colour, if there are colours.
    pub(crate) fn paint(&self, text: &str, colour: Colour) -> String {
        if self.colour {
            format!("\u{1b}[{}m{text}\u{1b}[0m", colour as u8)
        } else {
            text.to_string()
        }
    }
}

/// A colour, as a terminal numbers it.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Colour {
    /// Something is wrong.
    Red = 31,
    /// All is well.
    Green = 32,
    /// Worth a look.
    Yellow = 33,
}

/// Whether the environment lets a terminal be coloured.
pub(crate) fn colour_wanted() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}
