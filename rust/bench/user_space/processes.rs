// SPDX-License-Identifier: GPL-2.0

//! Two processes that stand for two processors: each stays on its own.
//!
//! All memory is common to them until one of them writes to it: so tables and sockets are, and what a
//! processor has for itself, its stack and the process that runs on it, is not.

use core::{
    ffi::{c_int, c_long, c_void},
    ops::Deref,
    ptr::{null_mut, NonNull},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};
use kernel::prelude::*;
use std::{
    hint::spin_loop,
    io::{Read, Write},
    os::unix::net::UnixStream,
    process,
    time::{Duration, Instant},
};

// The C library's, which the standard library is linked with.
extern "C" {
    fn fork() -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn sched_setaffinity(process: c_int, bytes: usize, processors: *const u64) -> c_int;
    pub(super) fn mmap(
        at: *mut c_void,
        bytes: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: c_long,
    ) -> *mut c_void;
}

pub(super) const PROT_READ_WRITE: c_int = 1 | 2;
const MAP_SHARED: c_int = 1;
pub(super) const MAP_ANONYMOUS: c_int = 0x20;
/// How long one waits for the other to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// A number that both processes see when one has written it. It is alone in its cache line.
pub(crate) struct Common(NonNull<AtomicUsize>);

impl Common {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: A new mapping, anywhere; it is never unmapped.
        let memory = unsafe {
            mmap(
                null_mut(),
                kernel::page::PAGE_SIZE,
                PROT_READ_WRITE,
                MAP_SHARED | MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        // What says that it failed is no multiple of a page.
        if memory.addr() % kernel::page::PAGE_SIZE != 0 {
            return Err(ENOMEM);
        }
        NonNull::new(memory.cast()).map(Self).ok_or(ENOMEM)
    }
}

impl Deref for Common {
    type Target = AtomicUsize;

    fn deref(&self) -> &AtomicUsize {
        // SAFETY: It was mapped, aligned and zero, and stays so; it is read and written as an atomic
        // alone, by both.
        unsafe { self.0.as_ref() }
    }
}

/// Who takes a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    First,
    Second,
    Both,
}

/// Runs each of `turns` on the processors that take part in it. Both go on at once where the task says
/// so; while one does it alone, the other sleeps. `told` gets, for each, what the first and the second
/// have returned.
pub(crate) fn run(
    processors: [usize; 2],
    turns: &[Who],
    mut task: impl FnMut(usize, &mut dyn FnMut() -> Result) -> Result<u64>,
    mut told: impl FnMut(Who, [u64; 2]),
) -> Result {
    let arrived = Common::new()?;
    let (mut here, mut there) = UnixStream::pair().map_err(|_| EINVAL)?;
    // SAFETY: There is one thread, so nobody holds a lock that is copied.
    let child = unsafe { fork() };
    if child < 0 {
        return Err(ENOMEM);
    }
    let place = usize::from(child == 0);
    stay_on(processors[place])?;
    let mut taken = |who, number| {
        task(place, &mut || match who {
            Who::Both => meet(&arrived, 2 * number),
            Who::First | Who::Second => Ok(()),
        })
    };
    if child == 0 {
        drop(here);
        let done = answer(&mut there, turns, &mut taken);
        process::exit(i32::from(done.is_err()));
    }
    drop(there);
    let mut meetings = 0;
    for who in turns {
        let mut times = [0; 2];
        meetings += usize::from(*who == Who::Both);
        if *who != Who::First {
            here.write_all(&[0]).map_err(|_| EINVAL)?;
        }
        if *who != Who::Second {
            times[0] = taken(*who, meetings)?;
        }
        if *who != Who::First {
            let mut time = [0; size_of::<u64>()];
            here.read_exact(&mut time).map_err(|_| EINVAL)?;
            times[1] = u64::from_ne_bytes(time);
        }
        told(*who, times);
    }
    let mut status = 0;
    // SAFETY: It is a child of this process, and nobody has waited for it.
    let ended = unsafe { waitpid(child, &mut status, 0) };
    (ended == child && status == 0).then_some(()).ok_or(EINVAL)
}

/// The second one takes its turns, each when it is told to.
fn answer(
    to: &mut UnixStream,
    turns: &[Who],
    taken: &mut impl FnMut(Who, usize) -> Result<u64>,
) -> Result {
    let mut meetings = 0;
    for who in turns.iter().filter(|who| **who != Who::First) {
        to.read_exact(&mut [0]).map_err(|_| EINVAL)?;
        meetings += usize::from(*who == Who::Both);
        let time = taken(*who, meetings)?;
        to.write_all(&time.to_ne_bytes()).map_err(|_| EINVAL)?;
    }
    Ok(())
}

/// Goes on when so many have arrived in all.
fn meet(arrived: &AtomicUsize, number: usize) -> Result {
    arrived.fetch_add(1, SeqCst);
    let begin = Instant::now();
    while arrived.load(SeqCst) < number {
        if begin.elapsed() > PATIENCE {
            return Err(EINVAL);
        }
        spin_loop();
    }
    Ok(())
}

fn stay_on(processor: usize) -> Result {
    let mut processors = [0u64; 16];
    let word = processors.get_mut(processor / 64).ok_or(EINVAL)?;
    *word |= 1 << (processor % 64);
    // SAFETY: The mask is as long as is said, and this process is meant.
    let status = unsafe { sched_setaffinity(0, size_of_val(&processors), processors.as_ptr()) };
    (status == 0).then_some(()).ok_or(EINVAL)
}
