// SPDX-License-Identifier: GPL-2.0

//! Numbers that look random and are the same for the same seed.

use kernel::prelude::*;

/// SplitMix64, of which any seed is a good one.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of the numbers below `limit`, all with the same chance; 0 if there is none.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(limit);
        (product >> 64) as u64
    }

    /// The same for a place in an array.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// Puts the elements into another order.
    pub(crate) fn shuffle<T>(&mut self, elements: &mut [T]) {
        for end in (1..elements.len()).rev() {
            elements.swap(end, self.place(end + 1));
        }
    }
}

/// How often each of some namespaces is chosen.
pub(crate) enum Choice {
    /// All equally often.
    Uniform(usize),
    /// The n-th in proportion to 1/n, as the popular and the forgotten are.
    Zipf(VVec<u64>),
}

/// The weight of the most popular one.
const LARGEST: u64 = 1 << 32;

impl Choice {
    pub(crate) fn zipf(number: usize) -> Result<Self> {
        let mut sums = VVec::with_capacity(number, GFP_KERNEL)?;
        let mut sum = 0u64;
        for rank in 1..=number as u64 {
            sum += LARGEST / rank;
            sums.push(sum, GFP_KERNEL)?;
        }
        Ok(Self::Zipf(sums))
    }

    pub(crate) fn choose(&self, random: &mut Random) -> usize {
        match self {
            Self::Uniform(number) => random.place(*number),
            Self::Zipf(sums) => {
                let total = sums.last().copied().unwrap_or(0);
                let chosen = random.below(total);
                sums.partition_point(|sum| *sum <= chosen)
            }
        }
    }
}
