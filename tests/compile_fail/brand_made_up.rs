// SPDX-License-Identifier: GPL-2.0

//! A namespace is given a brand without a read-side section.

use core::marker::PhantomData;

use crate::net::{
    namespace::{Namespace, Net},
    rcu::ReadSide,
};

#[cfg(not(mistake))]
fn make_up(net: &Net, section: ReadSide<'_>) -> u64 {
    Namespace::branded(net, section, |namespace| namespace.object().cookie())
}

#[cfg(mistake)]
fn make_up<'n>(net: &'n Net, section: ReadSide<'n>) -> u64 {
    Namespace {
        object: net,        //~ error[E0451]: field `object` of struct `Namespace` is private
        brand: PhantomData, //~ error[E0451]: field `brand` of struct `Namespace` is private
        section,            //~ error[E0451]: field `section` of struct `Namespace` is private
    }
    .object()
    .cookie()
}
