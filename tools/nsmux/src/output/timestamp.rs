// SPDX-License-Identifier: GPL-2.0

//! The time of an event.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, with milliseconds.
pub(crate) fn now() -> f64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_millis() as f64 / 1000.0
}

/// The time of day in UTC.
pub(crate) fn clock(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0).round() as u64;
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{rest:03}Z", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_shows_utc() {
        assert_eq!(clock(0.0), "00:00:00.000Z");
        assert_eq!(clock(86_400.0 + 3_661.25), "01:01:01.250Z");
        assert_eq!(clock(59.9996), "00:01:00.000Z");
    }
}
