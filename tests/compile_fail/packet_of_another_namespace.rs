// SPDX-License-Identifier: GPL-2.0

//! A packet is looked up in the namespace that another packet was resolved to.

use crate::{
    mux::{self, Finding},
    net::{inet::V4, netfilter::Incoming},
    resolve::{Received, Resolve, Resolved},
};

fn confuse(first: Incoming<'_, V4>, second: Incoming<'_, V4>) {
    Received::new(first).resolve(|first| {
        Received::new(second).resolve(|second| {
            let _: (Finding<'_, V4>, bool) = mux::find(&Resolved {
                #[cfg(not(mistake))]
                namespace: second.namespace,
                #[cfg(mistake)]
                namespace: first.namespace, //~ error: lifetime may not live long enough
                ..second
            });
        });
        let _ = first.by;
    });
}
