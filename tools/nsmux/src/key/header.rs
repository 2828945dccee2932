// SPDX-License-Identifier: GPL-2.0

//! Constants in the kernel's headers for user space, for tests to compare with.

use std::collections::HashMap;
use std::fs;

use super::protocol::number;

/// The numbers that a header in `linux/` gives to names with this prefix, macros and enumerations
/// alike; by the rest of the name in lower case, with dashes.
pub(crate) fn constants(header: &str, prefix: &str) -> HashMap<String, u32> {
    let path = format!("/usr/include/linux/{header}");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut found = HashMap::new();
    let mut next = 0;
    for line in text.lines() {
        let mut words = line
            .split("/*")
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let (name, value) = match words.next() {
            Some("enum") => {
                next = 0;
                continue;
            }
            Some("#define") => match (words.next(), words.next().and_then(number)) {
                (Some(name), Some(value)) => (name, value),
                _ => continue,
            },
            Some(entry) => {
                let assigned = words
                    .nth(1)
                    .and_then(|word| number(word.trim_end_matches(',')));
                let value = assigned.unwrap_or(next);
                next = value + 1;
                (entry.trim_end_matches(','), value)
            }
            None => continue,
        };
        if let Some(rest) = name.strip_prefix(prefix) {
            found.insert(rest.to_lowercase().replace('_', "-"), value);
        }
    }
    found
}
