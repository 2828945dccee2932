// SPDX-License-Identifier: GPL-2.0

//! `/dev/nsmux_bench`: a question is written, and the answer read, which is a line of JSON.
//!
//! ===================================================  =============================================
//! question                                             answer
//! ===================================================  =============================================
//! `designs`                                            the names of all designs
//! `trial <design> <seed>`                              how the randomised test went
//! `cannot <seed>`                                      what designs cannot do, and whether that was
//!                                                      seen
//! `measure <design> <namespaces> <sockets> <seed>`     times and bytes
//! ===================================================  =============================================

use kernel::{
    fmt,
    fs::{File, Kiocb},
    iov::{IovIterDest, IovIterSource},
    miscdevice::{MiscDevice, MiscDeviceRegistration},
    new_mutex,
    prelude::*,
    str::CString,
    sync::Mutex,
};

use crate::{
    cannot,
    design::{Design, Global, Mux},
    first::{Exceptions, Hash, Noop, Pointer},
    measure::{measure, Cell, Figures},
    second::{AsKernel, Chain, Large, Pages, Tree, Trie},
    trial::{trial, Verdict},
};

/// A design, and what can be asked about it.
struct Known {
    name: &'static str,
    trial: fn(u64) -> Result<Verdict>,
    measure: fn(&Cell) -> Result<Figures>,
}

const fn known<D: Design>(name: &'static str) -> Known {
    Known {
        name,
        trial: trial::<D>,
        measure: measure::<D>,
    }
}

/// All of them: first level, second level.
const DESIGNS: [Known; 10] = [
    known::<Mux<Noop, Chain<AsKernel>>>("noop/chain"),
    known::<Global<Chain<AsKernel>>>("global/chain"),
    known::<Mux<Pointer, Chain<AsKernel>>>("pointer/chain"),
    known::<Mux<Hash, Chain<AsKernel>>>("hash/chain"),
    known::<Mux<Exceptions, Chain<AsKernel>>>("stash/chain"),
    known::<Mux<Pointer, Chain<Large>>>("pointer/large"),
    known::<Mux<Pointer, Chain<Pages>>>("pointer/pages"),
    known::<Mux<Pointer, Tree>>("pointer/rbtree"),
    known::<Mux<Pointer, Trie>>("pointer/trie"),
    known::<Global<Trie>>("global/trie"),
];

/// An open file: the answer to what was asked last.
#[pin_data]
pub(crate) struct Questions {
    #[pin]
    answer: Mutex<Option<CString>>,
}

#[vtable]
impl MiscDevice for Questions {
    type Ptr = Pin<KBox<Self>>;

    fn open(_: &File, _: &MiscDeviceRegistration<Self>) -> Result<Self::Ptr> {
        KBox::pin_init(
            pin_init!(Self {
                answer <- new_mutex!(None),
            }),
            GFP_KERNEL,
        )
    }

    fn write_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterSource<'_>) -> Result<usize> {
        let mut text = KVec::new();
        let length = iov.copy_from_iter_vec(&mut text, GFP_KERNEL)?;
        let answer = answer(core::str::from_utf8(&text).map_err(|_| EINVAL)?)?;
        *kiocb.file().answer.lock() = Some(answer);
        *kiocb.ki_pos_mut() = 0;
        Ok(length)
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let file = kiocb.file();
        let answer = file.answer.lock();
        let bytes = answer.as_ref().ok_or(ENODATA)?.to_bytes();
        iov.simple_read_from_buffer(kiocb.ki_pos_mut(), bytes)
    }
}

/// The answer to a question. It may take seconds.
fn answer(question: &str) -> Result<CString> {
    let mut words = question.split_ascii_whitespace();
    match words.next() {
        Some("designs") => CString::try_from_fmt(fmt!("{}\n", Names)),
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
            let cell = Cell {
                namespaces: number(words.next())? as usize,
                sockets: number(words.next())? as usize,
                seed: number(words.next())?,
            };
            CString::try_from_fmt(fmt!("{}\n", (design.measure)(&cell)?))
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

fn number(word: Option<&str>) -> Result<u64> {
    word.ok_or(EINVAL)?.parse().map_err(|_| EINVAL)
}

/// The names of all designs, as JSON.
struct Names;

impl fmt::Display for Names {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, design) in DESIGNS.iter().enumerate() {
            let before = if number == 0 { "[" } else { ", " };
            write!(to, "{}\"{}\"", before, design.name)?;
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
        write!(to, ", \"change\": {}, \"made\": {}", self.change, self.made)?;
        write!(to, ", \"bytes\": {}}}", self.bytes)
    }
}
