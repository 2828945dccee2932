// SPDX-License-Identifier: GPL-2.0

//! A namespace is given a brand without a read-side section.

use core::marker::PhantomData;

use crate::net::{
    namespace::{Listed, Namespace, Net},
    rcu,
};

#[cfg(not(mistake))]
fn make_up(listed: Listed<'_>) -> (u64, Option<(Namespace<'_>, &Net, rcu::Section<'_>)>) {
    (
        listed.branded(|namespace| namespace.object().cookie()),
        None,
    )
}

#[cfg(mistake)]
fn make_up<'n>(net: &'n Net, section: rcu::Section<'n>) -> u64 {
    Namespace {
        object: net,        //~ error[E0451]: field `object` of struct `Namespace` is private
        brand: PhantomData, //~ error[E0451]: field `brand` of struct `Namespace` is private
        section,            //~ error[E0451]: field `section` of struct `Namespace` is private
    }
    .object()
    .cookie()
}
