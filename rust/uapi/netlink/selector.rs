// SPDX-License-Identifier: GPL-2.0

//! Which namespace does a request mean, and may the requester?

use kernel::prelude::*;

use super::Asked;
use crate::{
    bindings,
    net::{
        genetlink::{Attribute, Attributes, Refusal},
        namespace::{Alive, Held},
    },
};

const FD: u16 = bindings::NSMUX_A_NETNS_FD as u16;
const PID: u16 = bindings::NSMUX_A_NETNS_PID as u16;
const NSID: u16 = bindings::NSMUX_A_NETNS_NSID as u16;
const COOKIE: u16 = bindings::NSMUX_A_NETNS_COOKIE as u16;

/// Calls `f` with the namespace that the attribute `number` names, or without it with the
/// requester's own one, if the requester may administer it.
pub(super) fn with_selected<R>(
    request: &Asked<'_>,
    number: u16,
    f: impl FnOnce(Alive<'_>) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    let mut selectors = selectors(request.attributes(), number);
    let Some(selector) = selectors.next() else {
        let own = request.net();
        check(request, own)?;
        return f(own);
    };
    if let Some(second) = selectors.next() {
        let text = c"only a dump takes more than one namespace";
        return Err(Refusal::of(second, EINVAL, text));
    }
    let held = resolve(request, selector)?;
    check(request, held.alive())?;
    f(held.alive())
}

/// The namespaces that a request names, in its order.
pub(super) fn selectors(
    attributes: Attributes<'_>,
    number: u16,
) -> impl Iterator<Item = Attribute<'_>> {
    attributes
        .into_iter()
        .filter(move |attribute| attribute.number() == number)
}

/// The namespace that a selector names.
pub(super) fn resolve(request: &Asked<'_>, selector: Attribute<'_>) -> Result<Held, Refusal> {
    let mut ways = selector.nested().into_iter();
    let (Some(way), None) = (ways.next(), ways.next()) else {
        let text = c"a namespace is named by exactly one of fd, pid, nsid and cookie";
        return Err(Refusal::of(selector, EINVAL, text));
    };
    let (found, text) = match way.number() {
        FD => (
            Held::from_descriptor(way.u32()?),
            c"the file descriptor is not one of a network namespace",
        ),
        PID => (Held::from_process(way.u32()?), c"there is no such process"),
        NSID => (
            Held::from_number(request.net(), way.s32()?),
            c"no namespace has this number here",
        ),
        COOKIE => (
            Held::from_cookie(way.uint()?),
            c"there is no namespace with this cookie",
        ),
        _ => return Err(Refusal::of(way, EINVAL, c"unknown way to name a namespace")),
    };
    found.map_err(|error| Refusal::of(way, error, text))
}

/// Refuses a requester who may not administer the namespace.
pub(super) fn check(request: &Asked<'_>, net: Alive<'_>) -> Result<(), Refusal> {
    if !net.is_reached() {
        let text = c"built without the first level, nsmux knows the initial namespace alone";
        return Err(Refusal::new(EOPNOTSUPP, text));
    }
    if request.may_administer(&net) {
        return Ok(());
    }
    let text = c"needs CAP_NET_ADMIN in the user namespace that owns the network namespace";
    Err(Refusal::new(EPERM, text))
}
