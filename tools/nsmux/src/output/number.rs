// SPDX-License-Identifier: GPL-2.0

//! Numbers that a person can read.

const UNITS: [&str; 6] = ["k", "M", "G", "T", "P", "E"];

/// How numbers are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// All digits.
    pub(crate) raw: bool,
}

impl Numbers {
    /// A count: up to 9999 as it is, above that three digits and a unit.
    pub(crate) fn count(self, count: u64) -> String {
        if self.raw || count < 10_000 {
            count.to_string()
        } else {
            scaled(count as f64)
        }
    }

    /// A number per second.
    pub(crate) fn rate(self, rate: f64) -> String {
        if self.raw {
            format!("{rate:.3}")
        } else if rate == 0.0 {
            "0".to_string()
        } else if rate < 9.95 {
            format!("{rate:.1}")
        } else if rate < 9_999.5 {
            format!("{rate:.0}")
        } else {
            scaled(rate)
        }
    }
}

fn scaled(number: f64) -> String {
    let mut number = number;
    let mut unit = "";
    for next in UNITS {
        // 999.5 of a unit would be written as 1000.
        if number < 999.5 {
            break;
        }
        number /= 1000.0;
        unit = next;
    }
    if number < 9.995 {
        format!("{number:.2} {unit}")
    } else if number < 99.95 {
        format!("{number:.1} {unit}")
    } else {
        format!("{number:.0} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READABLE: Numbers = Numbers { raw: false };
    const RAW: Numbers = Numbers { raw: true };

    #[test]
    fn counts() {
        for (count, text) in [
            (0, "0"),
            (9_999, "9999"),
            (10_000, "10.0 k"),
            (12_345, "12.3 k"),
            (99_949, "99.9 k"),
            (99_950, "100 k"),
            (999_499, "999 k"),
            (999_500, "1.00 M"),
            (1_234_567, "1.23 M"),
            (1_000_000_000, "1.00 G"),
            (u64::MAX, "18.4 E"),
        ] {
            assert_eq!(READABLE.count(count), text);
            assert_eq!(RAW.count(count), count.to_string());
        }
    }

    #[test]
    fn rates() {
        for (rate, text) in [
            (0.0, "0"),
            (0.25, "0.2"),
            (9.96, "10"),
            (1234.5, "1234"),
            (12_345.0, "12.3 k"),
            (2.5e6, "2.50 M"),
        ] {
            assert_eq!(READABLE.rate(rate), text);
        }
        assert_eq!(RAW.rate(1.5), "1.500");
    }
}
