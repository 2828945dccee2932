// SPDX-License-Identifier: GPL-2.0

//! The answers to questions that are written to `/dev/nsmux_bench`, as JSON.
//!
//! ===================================================  =============================================
//! question                                             answer
//! ===================================================  =============================================
//! `designs`                                            the names of all designs
//! `trial <design> <seed>`                              how the randomised test went
//! `cannot <seed>`                                      what designs cannot do, and whether that was
//!                                                      seen
//! `measure <design> <namespaces> <sockets> <seed>`     times and bytes
//! `beside <design> <crowd> <seed>`                     time beside a namespace with so many sockets
//! `mixed <design> <namespaces> <sockets> <seed>`       times with changes among lookups, by percent
//! `cold <design> <namespaces> <sockets> <seed>`        times with cold and with hot caches
//! `fragmented <distance> <pages>`                      which tables and designs can be made where a
//!                                                      page at each distance is in use
//! `names`                                              the ways to keep names
//! `bind-trial <names> <seed>`                          how their randomised test went
//! `bind <names> <contexts> <addresses> <seed>`         times to bind and to accept
//! ===================================================  =============================================

use kernel::{fmt, prelude::*, str::CString};

use crate::{
    cannot, cold,
    fragmented::{self, fragmented, TABLES},
    known::{Known, KnownNames, DESIGNS, NAMES},
    measure::Figures,
    mixed, names,
    trial::Verdict,
    workload::Cell,
};

/// The answer to a question. It may take seconds.
pub(crate) fn answer(question: &str) -> Result<CString> {
    let mut words = question.split_ascii_whitespace();
    match words.next() {
        Some("designs") => listed(DESIGNS.iter().map(|design| design.name)),
        Some("names") => listed(NAMES.iter().map(|names| names.name)),
        Some("bind-trial") => {
            let names = names(words.next())?;
            let seed = number(words.next())?;
            CString::try_from_fmt(fmt!("{}\n", (names.trial)(seed)?))
        }
        Some("bind") => {
            let names = names(words.next())?;
            let cell = names::measure::Cell {
                contexts: number(words.next())? as usize,
                addresses: number(words.next())? as usize,
                seed: number(words.next())?,
            };
            CString::try_from_fmt(fmt!("{}\n", (names.measure)(&cell)?))
        }
        Some("trial") => {
            let design = design(words.next())?;
            let seed = number(words.next())?;
            CString::try_from_fmt(fmt!("{}\n", (design.trial)(seed)?))
        }
        Some("cannot") => {
            let seed = number(words.next())?;
            let mut seen = [false; cannot::ALL.len()];
            for (seen, cannot) in seen.iter_mut().zip(&cannot::ALL) {
                *seen = (cannot.goes_wrong)(seed)?;
            }
            CString::try_from_fmt(fmt!("{}\n", Seen(&seen)))
        }
        Some("measure") => {
            let design = design(words.next())?;
            let cell = cell(&mut words)?;
            CString::try_from_fmt(fmt!("{}\n", (design.measure)(&cell)?))
        }
        Some("mixed") => {
            let design = design(words.next())?;
            let cell = cell(&mut words)?;
            CString::try_from_fmt(fmt!("{}\n", Mixed((design.mixed)(&cell)?)))
        }
        Some("cold") => {
            let design = design(words.next())?;
            let cell = cell(&mut words)?;
            CString::try_from_fmt(fmt!("{}\n", (design.cold)(&cell)?))
        }
        Some("beside") => {
            let design = design(words.next())?;
            let crowd = number(words.next())? as usize;
            let time = (design.beside)(crowd, number(words.next())?)?;
            CString::try_from_fmt(fmt!("{{\"hit\": {}}}\n", time))
        }
        Some("fragmented") => {
            let distance = number(words.next())? as usize;
            let most = number(words.next())? as usize;
            CString::try_from_fmt(fmt!("{}\n", fragmented(distance, most)?))
        }
        _ => Err(EINVAL),
    }
}

fn design(name: Option<&str>) -> Result<&'static Known> {
    let name = name.ok_or(EINVAL)?;
    DESIGNS
        .iter()
        .find(|design| design.name == name)
        .ok_or(ENOENT)
}

fn names(name: Option<&str>) -> Result<&'static KnownNames> {
    let name = name.ok_or(EINVAL)?;
    NAMES.iter().find(|names| names.name == name).ok_or(ENOENT)
}

fn cell<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Cell> {
    Ok(Cell {
        namespaces: number(words.next())? as usize,
        sockets: number(words.next())? as usize,
        seed: number(words.next())?,
    })
}

fn number(word: Option<&str>) -> Result<u64> {
    word.ok_or(EINVAL)?.parse().map_err(|_| EINVAL)
}

/// Names as JSON.
fn listed(names: impl Iterator<Item = &'static str> + Clone) -> Result<CString> {
    CString::try_from_fmt(fmt!("{}\n", List(names)))
}

struct List<I>(I);

impl<I: Iterator<Item = &'static str> + Clone> fmt::Display for List<I> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, name) in self.0.clone().enumerate() {
            let before = if number == 0 { "[" } else { ", " };
            write!(to, "{}\"{}\"", before, name)?;
        }
        to.write_str("]")
    }
}

/// What was seen of what designs cannot do, as JSON.
struct Seen<'a>(&'a [bool]);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (cannot, seen)) in cannot::ALL.iter().zip(self.0).enumerate() {
            let before = if number == 0 { "{" } else { ", " };
            write!(to, "{}\"{}\": {}", before, cannot.name, seen)?;
        }
        to.write_str("}")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed { steps } => write!(to, "{{\"passed\": true, \"steps\": {}}}", steps),
            Self::Failed { what, step } => write!(
                to,
                "{{\"passed\": false, \"what\": \"{}\", \"step\": {}}}",
                what, step
            ),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, [uniform, zipf]) in [("hit", self.hit), ("miss", self.miss)] {
            let before = if name == "hit" { "{" } else { ", " };
            write!(to, "{}\"{} uniform\": {}", before, name, uniform)?;
            write!(to, ", \"{} zipf\": {}", name, zipf)?;
        }
        write!(to, ", \"change\": {}, \"put\": {}", self.change, self.put)?;
        write!(to, ", \"make\": {}, \"end\": {}", self.make, self.end)?;
        write!(to, ", \"bytes\": {}}}", self.bytes)
    }
}

/// Times by how many of a hundred operations are changes, as JSON.
struct Mixed([u64; mixed::PERCENT.len()]);

impl fmt::Display for Mixed {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (percent, time)) in mixed::PERCENT.iter().zip(self.0).enumerate() {
            let before = if number == 0 { "{" } else { ", " };
            write!(to, "{}\"{} %\": {}", before, percent, time)?;
        }
        to.write_str("}")
    }
}

impl fmt::Display for cold::Figures {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{{\"cold\": {}, \"hot\": {}}}", self.cold, self.hot)
    }
}

impl fmt::Display for fragmented::Figures {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{{\"held\": {}, \"tables\": {}", self.held, TABLES)?;
        for (number, had) in self.sizes.iter().enumerate() {
            let before = if number == 0 { ", \"sizes\": [" } else { ", " };
            write!(
                to,
                "{}{{\"bytes\": {}, \"piece\": {}",
                before, had.bytes, had.piece
            )?;
            write!(to, ", \"kernel piece\": {}", had.kernel_piece)?;
            write!(to, ", \"kernel huge\": {}", had.kernel_huge)?;
            write!(to, ", \"kernel mapped\": {}", had.kernel_mapped)?;
            write!(to, ", \"huge\": {}", had.huge)?;
            write!(to, ", \"huge mapped\": {}", had.huge_mapped)?;
            write!(
                to,
                ", \"mapped\": {}, \"pages\": {}}}",
                had.mapped, had.pages
            )?;
        }
        for (number, (made, design)) in self.designs.iter().zip(&DESIGNS).enumerate() {
            let before = if number == 0 {
                "], \"designs\": {"
            } else {
                ", "
            };
            write!(to, "{}\"{}\": {}", before, design.name, made)?;
        }
        to.write_str("}}")
    }
}

impl fmt::Display for names::measure::Figures {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{{\"bind\": {}, \"accept\": {}}}",
            self.bind, self.accept
        )
    }
}
