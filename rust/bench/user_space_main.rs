// SPDX-License-Identifier: GPL-2.0

//! The designs in a program of user space: to be run where a processor's caches are simulated, and on
//! two processors at once.
//!
//! The same sources as in the module, with [`kernel`] that gives the names they use. The kernel's own
//! rhashtable, XArray and red-black tree are C, and stay in the kernel.
//!
//! ====================================================  ============================================
//! command                                               what it does
//! ====================================================  ============================================
//! `trial <design> <seed>`                               the randomised test
//! `caches <design> <namespaces> <sockets> <seed>`       makes it, and looks up
//! `at-once <design> <namespaces> <sockets> <seed>       makes it, and has two processors look up
//! <processor> <processor>`
//! `alone <design> <namespaces> <sockets> <seed>`        makes it, and looks up without a simulation
//! ====================================================  ============================================

// Parts that only the module has a use for are compiled here too.
#![allow(dead_code, unused_imports)]

mod design;
mod first;
mod random;
mod sockets;
mod trial;
mod workload;
mod world;

/// Second levels that need nothing of the kernel but memory.
mod second {
    mod allocated;
    mod chain;
    mod heads;
    mod trie;

    pub(crate) use self::{
        allocated::allocated,
        chain::Chain,
        heads::{AsKernel, Heads, Pages},
        trie::Trie,
    };
}

#[path = "user_space"]
mod user_space {
    pub(crate) mod at_once;
    pub(crate) mod mapped;
    pub(crate) mod processes;
    pub(crate) mod slabs;
}

use kernel::prelude::*;
use std::{env, process::ExitCode};

use crate::{
    design::{Design, Global, Mux},
    first::{Exceptions, Hash, Pointer},
    random::{Choice, Random},
    second::{AsKernel, Chain, Pages, Trie},
    sockets::Ends,
    trial::{trial, Verdict},
    user_space::{
        at_once::{alone, at_once, Counting, Own},
        mapped::Mapped,
        processes::Common,
        slabs::Slabs,
    },
    workload::{filled, packets, Cell},
    world::{Packet, World},
};

#[global_allocator]
static SLABS: Slabs = Slabs::new();

struct Known {
    name: &'static str,
    trial: fn(u64) -> Result<Verdict>,
    look_up: fn(&Cell) -> Result,
    at_once: fn(&Cell, [usize; 2]) -> Result,
    alone: fn(&Cell) -> Result,
}

const fn known<D: Design>(name: &'static str) -> Known {
    Known {
        name,
        trial: trial::<D>,
        look_up: look_up::<D>,
        at_once: at_once::<D>,
        alone: alone::<D>,
    }
}

const DESIGNS: [Known; 7] = [
    known::<Mux<Pointer, Chain<AsKernel>>>("pointer/chain"),
    known::<Mux<Hash, Chain<AsKernel>>>("hash/chain"),
    known::<Mux<Exceptions, Chain<AsKernel>>>("stash/chain"),
    known::<Global<Chain<AsKernel>>>("global/chain"),
    known::<Mux<Pointer, Chain<Pages>>>("pointer/pages"),
    known::<Mux<Pointer, Trie>>("pointer/trie"),
    known::<Global<Trie>>("global/trie"),
];

/// What shows whether a line that both processors write to is seen at all.
const COUNTING: [Known; 2] = [
    known::<Counting<Mux<Pointer, Chain<AsKernel>>, Own>>("counting/own"),
    known::<Counting<Mux<Pointer, Chain<AsKernel>>, Common>>("counting/common"),
];

/// One table that is mapped in two ways.
const MAPPED: [Known; 2] = [
    known::<Global<Chain<Mapped<false>>>>("global/mapped"),
    known::<Global<Chain<Mapped<true>>>>("global/huge"),
];

/// So few packets at a time that they leave the caches to the tables.
const PACKETS: usize = 64;
/// How many times so many are looked up before it counts, and then.
const WARM_UP: usize = 1024;
const COUNTED: usize = 512;

/// Makes the design, and looks packets up in namespaces that are chosen uniformly.
fn look_up<D: Design>(cell: &Cell) -> Result {
    let mut random = Random::new(cell.seed);
    let (world, design) = filled::<D>(cell, &mut random)?;
    let choice = Choice::Uniform(cell.namespaces);
    for number in 0..WARM_UP + COUNTED {
        let packets = packets(PACKETS, cell, &choice, &mut random, Ends::of_server)?;
        let found = if number < WARM_UP {
            workload::look_up(&design, &world, &packets)
        } else {
            counted(&design, &world, &packets)
        };
        if found != PACKETS {
            return Err(EINVAL);
        }
    }
    Ok(())
}

/// The same as [`workload::look_up`], by another name: what is executed in here is counted.
#[inline(never)]
fn counted<D: Design>(design: &D, world: &World, packets: &[Packet]) -> usize {
    let mut found = 0;
    for packet in packets {
        let place = design.lookup(world, packet);
        if let Some(socket) = place.and_then(|place| world.sockets.get(place)) {
            found += usize::from(socket.cookie >> 63 == 0);
        }
    }
    found
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["trial", design, seed] => with(design, |known| {
            let verdict = (known.trial)(number(seed)?)?;
            matches!(verdict, Verdict::Passed { .. })
                .then_some(())
                .ok_or(EINVAL)
        }),
        ["caches", design, namespaces, sockets, seed] => with(design, |known| {
            (known.look_up)(&cell(namespaces, sockets, seed)?)?;
            println!("{PACKETS} {COUNTED}");
            Ok(())
        }),
        ["at-once", design, namespaces, sockets, seed, first, second] => with(design, |known| {
            let processors = [number(first)? as usize, number(second)? as usize];
            (known.at_once)(&cell(namespaces, sockets, seed)?, processors)
        }),
        ["alone", design, namespaces, sockets, seed] => with(design, |known| {
            (known.alone)(&cell(namespaces, sockets, seed)?)
        }),
        _ => Err(EINVAL),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{words:?}: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn with(name: &str, act: impl FnOnce(&Known) -> Result) -> Result {
    let mut all = DESIGNS.iter().chain(&COUNTING).chain(&MAPPED);
    act(all.find(|known| known.name == name).ok_or(ENOENT)?)
}

fn cell(namespaces: &str, sockets: &str, seed: &str) -> Result<Cell> {
    Ok(Cell {
        namespaces: number(namespaces)? as usize,
        sockets: number(sockets)? as usize,
        seed: number(seed)?,
    })
}

fn number(word: &str) -> Result<u64> {
    word.parse().map_err(|_| EINVAL)
}
