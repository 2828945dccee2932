// SPDX-License-Identifier: GPL-2.0

//! Which process runs while a packet is received: for real, in a softirq of the kernel's.

use kernel::{
    impl_has_hr_timer,
    prelude::*,
    processor::cpu_relax,
    sync::{
        atomic::{ordering, Atomic},
        Arc, ArcBorrow,
    },
    task::Task,
    time::{
        hrtimer::{
            HrTimer, HrTimerCallback, HrTimerCallbackContext, HrTimerPointer, HrTimerRestart,
            RelativePinnedSoftMode,
        },
        Delta, Instant, Monotonic,
    },
};

/// How often it is tried: the softirq may be put off to a thread of its own, or this process be moved
/// to another processor.
const TRIES: usize = 20;
const LATER: Delta = Delta::from_micros(200);
const LATEST: Delta = Delta::from_millis(100);

/// Something that arrives in a softirq on the same processor.
#[pin_data]
struct Arrival {
    #[pin]
    timer: HrTimer<Self>,
    /// The address of the process that runs then; 0 before.
    #[pin]
    current: Atomic<usize>,
}

impl Arrival {
    fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- HrTimer::new(),
            current <- Atomic::new(0),
        })
    }
}

impl HrTimerCallback for Arrival {
    type Pointer<'a> = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _: HrTimerCallbackContext<'_, Self>) -> HrTimerRestart {
        this.current
            .store(Task::current_raw().addr(), ordering::Release);
        HrTimerRestart::NoRestart
    }
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Arrival {
        mode: RelativePinnedSoftMode<Monotonic>, field: self.timer
    }
}

/// Whether the process that a softirq finds running was this one, which waits for no packet: whatever
/// it has stashed is taken for the packet's.
pub(crate) fn finds_a_bystander() -> Result<bool> {
    let this = Task::current_raw().addr();
    for _ in 0..TRIES {
        let arrival = Arc::pin_init(Arrival::new(), GFP_KERNEL)?;
        let _running = arrival.clone().start(LATER);
        let begin = Instant::<Monotonic>::now();
        let mut found = 0;
        while found == 0 && begin.elapsed() < LATEST {
            cpu_relax();
            found = arrival.current.load(ordering::Acquire);
        }
        if found == this {
            return Ok(true);
        }
    }
    Ok(false)
}
