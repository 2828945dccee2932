// SPDX-License-Identifier: GPL-2.0

//! A request is refused for an attribute that is not its own.

use crate::{
    bindings::{genl_info, sk_buff},
    net::{
        genetlink::{act, Attribute, Refusal},
        pernet::PerNamespace,
    },
};
use kernel::{ffi::c_int, prelude::*};

unsafe fn refuse<T: PerNamespace>(
    skb: *mut sk_buff,
    info: *mut genl_info,
    other: Attribute<'_>,
) -> c_int {
    // SAFETY: Never run.
    unsafe {
        act::<T>(skb, info, |request| {
            #[cfg(not(mistake))]
            let (attribute, _) = (request.attributes().get(1).ok_or(EINVAL)?, other);
            #[cfg(mistake)]
            let (_, attribute) = (request, other);
            Err(Refusal::of(attribute, EINVAL, c"bad")) //~ error: lifetime may not live long enough
        })
    }
}
