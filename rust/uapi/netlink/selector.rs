// SPDX-License-Identifier: GPL-2.0

//! Which namespace does a request mean, and may the requester?
//!
//! Who may not is not told whether there is one. A cookie, a process or a number that names none has
//! the same answer as one that names a namespace of somebody else, after the same checks. Who
//! administers the initial namespace may see them all, and is told which it is.

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
pub(super) fn with_selected<'a, R>(
    request: &Asked<'a>,
    number: u16,
    f: impl FnOnce(Alive<'_>) -> Result<R, Refusal<'a>>,
) -> Result<R, Refusal<'a>> {
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
    let held = select(request, selector)?;
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

/// The namespace that a selector names, if the requester may administer it.
pub(super) fn select<'a>(
    request: &Asked<'_>,
    selector: Attribute<'a>,
) -> Result<Held, Refusal<'a>> {
    let way = way(selector)?;
    let sees_all = request.may_administer(&Alive::initial());
    match resolve(request, way) {
        Ok(held) => check(request, held.alive()).map(|()| held),
        Err(refusal) if sees_all || way.number() == FD => Err(refusal),
        Err(_) => {
            // As for one that there is, so that it takes as long.
            let _ = check(request, request.net());
            Err(denied())
        }
    }
}

/// Refuses a selector that can name no namespace, whoever asks, and one that names none, if the
/// requester may know.
pub(super) fn precheck<'a>(
    request: &Asked<'_>,
    selector: Attribute<'a>,
) -> Result<(), Refusal<'a>> {
    let way = way(selector)?;
    if way.number() == FD || request.may_administer(&Alive::initial()) {
        resolve(request, way)?;
    }
    Ok(())
}

/// The one attribute that is in a selector.
fn way(selector: Attribute<'_>) -> Result<Attribute<'_>, Refusal<'_>> {
    let mut ways = selector.nested().into_iter();
    let (Some(way), None) = (ways.next(), ways.next()) else {
        let text = c"a namespace is named by exactly one of fd, pid, nsid and cookie";
        return Err(Refusal::of(selector, EINVAL, text));
    };
    match way.number() {
        FD | PID | NSID | COOKIE => Ok(way),
        _ => Err(Refusal::of(way, EINVAL, c"unknown way to name a namespace")),
    }
}

fn resolve<'a>(request: &Asked<'_>, way: Attribute<'a>) -> Result<Held, Refusal<'a>> {
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
        _ => (
            Held::from_cookie(way.uint()?),
            c"there is no namespace with this cookie",
        ),
    };
    found.map_err(|error| Refusal::of(way, error, text))
}

/// Refuses a requester who may not administer the namespace.
fn check(request: &Asked<'_>, net: Alive<'_>) -> Result<(), Refusal<'static>> {
    if !request.may_administer(&net) {
        return Err(denied());
    }
    if net.is_reached() {
        return Ok(());
    }
    let text = c"built without the first level, nsmux knows the initial namespace alone";
    Err(Refusal::new(EOPNOTSUPP, text))
}

fn denied() -> Refusal<'static> {
    let text = c"needs CAP_NET_ADMIN in the user namespace that owns the network namespace";
    Refusal::new(EPERM, text)
}
