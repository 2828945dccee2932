// SPDX-License-Identifier: GPL-2.0

//! What a design cannot do, shown by doing it.
//!
//! That these fail shows too that the test they fail in can fail.

use kernel::prelude::*;

use crate::{
    design::{First, Mux},
    first::{Noop, Stash},
    names::{self, trial::refuses_twins, Filter, Keyed},
    random::Random,
    second::{AsKernel, Chain},
    softirq,
    trial::{trial_in, Shape, Verdict},
};

/// Something that a design cannot do.
pub(crate) struct Cannot {
    pub(crate) name: &'static str,
    /// Does it, and tells whether it went wrong.
    pub(crate) goes_wrong: fn(seed: u64) -> Result<bool>,
}

pub(crate) const ALL: [Cannot; 4] = [
    Cannot {
        name: "noop: two namespaces",
        goes_wrong: |seed| fails::<Noop>(seed, 2),
    },
    Cannot {
        name: "stash: a packet that the process which runs does not send",
        goes_wrong: |seed| fails::<Stash>(seed, 2),
    },
    Cannot {
        name: "stash: a packet that a softirq receives while another process runs, for real",
        goes_wrong: |_| softirq::finds_a_bystander(),
    },
    Cannot {
        name: "filter: the same name twice, as mux and one more key can",
        goes_wrong: |_| {
            Ok(refuses_twins::<Filter>()?
                && !refuses_twins::<names::Mux>()?
                && !refuses_twins::<Keyed>()?)
        },
    },
];

/// Whether the randomised test fails with a first level.
fn fails<F: First>(seed: u64, namespaces: usize) -> Result<bool> {
    let shape = Shape {
        namespaces,
        sockets: 30,
        expected: 32,
    };
    let verdict = trial_in::<Mux<F, Chain<AsKernel>>>(&mut Random::new(seed), shape)?;
    Ok(matches!(verdict, Verdict::Failed { .. }))
}
