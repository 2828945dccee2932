// SPDX-License-Identifier: GPL-2.0

//! What nsmux does in a namespace.

use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

use crate::{bindings, net::atomic::read_once};

/// What nsmux does in a namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// Nothing: no hook is registered.
    Off = bindings::NSMUX_MODE_OFF as u8,
    /// Look every packet up, and count what was found.
    Observe = bindings::NSMUX_MODE_OBSERVE as u8,
    /// The same, and compare with what the kernel has found itself.
    Verify = bindings::NSMUX_MODE_VERIFY as u8,
    /// Hand the socket that was found to the stack, which then looks for none.
    Steer = bindings::NSMUX_MODE_STEER as u8,
}

impl Mode {
    /// All, in the order of their numbers, with their names.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Off, "off"),
        (Self::Observe, "observe"),
        (Self::Verify, "verify"),
        (Self::Steer, "steer"),
    ];

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(mode, _)| *mode == self)
            .map_or("", |(_, name)| name)
    }

    /// Takes a name or a number; `EINVAL` for anything else.
    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|(mode, name)| {
                text == name.as_bytes() || matches!(text, [digit] if *digit == b'0' + *mode as u8)
            })
            .map(|(mode, _)| mode)
            .ok_or(EINVAL)
    }

    /// Takes a number; `EINVAL` if no mode has it.
    pub(crate) fn from_number(number: u32) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|(mode, _)| *mode as u32 == number)
            .map(|(mode, _)| mode)
            .ok_or(EINVAL)
    }
}

/// A mode that can be read in any context, and changed.
pub(crate) struct AtomicMode(Atomic<u32>);

impl AtomicMode {
    /// With a mode to begin with.
    pub(crate) const fn new(mode: Mode) -> Self {
        Self(Atomic::new(mode as u32))
    }

    /// Reads it. Any context.
    #[inline(always)]
    pub(crate) fn get(&self) -> Mode {
        match read_once(&self.0) {
            bindings::NSMUX_MODE_OBSERVE => Mode::Observe,
            bindings::NSMUX_MODE_VERIFY => Mode::Verify,
            bindings::NSMUX_MODE_STEER => Mode::Steer,
            _ => Mode::Off,
        }
    }

    /// Changes it. Any context.
    pub(crate) fn set(&self, mode: Mode) {
        self.0.store(mode as u32, Relaxed);
    }
}

/// The mode of namespaces that are made from now on: the module's parameter `mode`.
pub(crate) static INITIAL: AtomicMode = AtomicMode::new(Mode::Off);
