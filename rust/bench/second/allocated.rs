// SPDX-License-Identifier: GPL-2.0

//! How much memory the kernel gives to whoever asks for some.

/// What `kmalloc()` takes for so many bytes.
pub(crate) fn allocated(bytes: usize) -> usize {
    match bytes {
        65..=96 => 96,
        129..=192 => 192,
        _ => bytes.next_power_of_two().max(8),
    }
}
