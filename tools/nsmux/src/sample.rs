// SPDX-License-Identifier: GPL-2.0

//! The state of all namespaces at a time, and what happened between two such times.

use std::collections::HashMap;
use std::time::Instant;

use crate::error::Error;
use crate::netlink::counters::Traffic;
use crate::netlink::namespace::Namespace;
use crate::netlink::{query, Connection};
use crate::selector::Target;

/// Namespaces at a time.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// When they were asked for.
    pub(crate) at: Instant,
    /// In the order in which they were made.
    pub(crate) namespaces: Vec<Namespace>,
}

impl Sample {
    /// Asks for these namespaces, or for all that the caller may see if none is named.
    pub(crate) fn take(connection: &mut Connection, targets: &[Target]) -> Result<Self, Error> {
        let at = Instant::now();
        let mut namespaces = query::namespaces(connection, targets)?;
        namespaces.sort_by_key(|namespace| namespace.cookie);
        namespaces.dedup_by_key(|namespace| namespace.cookie);
        Ok(Sample { at, namespaces })
    }

    /// What was counted a second in each namespace since an earlier sample, in this one's order.
    /// All that a namespace counted that was not there before is new.
    pub(crate) fn rates_since(&self, earlier: &Sample) -> Vec<Traffic<f64>> {
        let seconds = self.at.duration_since(earlier.at).as_secs_f64().max(1e-3);
        let before: HashMap<u64, &Namespace> = earlier
            .namespaces
            .iter()
            .map(|namespace| (namespace.cookie, namespace))
            .collect();
        let nothing = Traffic::default();
        self.namespaces
            .iter()
            .map(|namespace| {
                let counted = before
                    .get(&namespace.cookie)
                    .map_or(&nothing, |earlier| &earlier.counters);
                namespace.counters.rate_since(counted, seconds)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::spec::Mode;
    use std::time::Duration;

    fn sample(at: Instant, counts: &[(u64, u64)]) -> Sample {
        let namespaces = counts
            .iter()
            .map(|&(cookie, packets)| {
                let mut counters = Traffic::default();
                counters.receive.by_device = packets;
                Namespace {
                    cookie,
                    inode: 1,
                    nsid: None,
                    mode: Mode::Observe,
                    devices: 1,
                    tables: Vec::new(),
                    counters,
                }
            })
            .collect();
        Sample { at, namespaces }
    }

    #[test]
    fn a_namespace_may_come_and_go() {
        let start = Instant::now();
        let first = sample(start, &[(1, 10), (2, 10)]);
        let second = sample(start + Duration::from_secs(2), &[(1, 14), (3, 8)]);
        let rates = second.rates_since(&first);
        assert_eq!(rates[0].packets(), 2.0);
        assert_eq!(rates[1].packets(), 4.0);
    }
}
