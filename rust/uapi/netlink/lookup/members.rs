// SPDX-License-Identifier: GPL-2.0

//! The members of groups of netlink.
//!
//! All namespaces share the list of them. It is gone through once for as many namespaces as are looked
//! for at a time, those that a request names or those that the requester may see, and not once for
//! each.

use kernel::{prelude::*, sync::rcu};

use super::{super::Asked, crowded, each_named, entry, key::Groups, put_namespace, NETNS};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        genetlink::{Message, Part, Refusal},
        namespace::{Listed, Net},
        netlink_socket::{Members, MembersOf},
    },
    table::Outcome,
    uapi::netlink::{namespace, selector},
};

/// For how many namespaces at a time: who is found is kept for each of them until it is told.
const AT_ONCE: usize = 64;
/// What has to be left of an allowance to begin with as many, and what it may take to find them.
const BATCH: u32 = 1 << 14;
const FIND: u32 = 1 << 13;
/// What it takes to come to a namespace once more, and to tell which groups have members.
const COME: u32 = 16;
const GROUPS: u32 = 128;

/// Tells which members one namespace has: of one group, or which groups have any.
pub(super) fn answer<'a>(
    request: &Asked<'a>,
    message: &mut Message<'_>,
    groups: &Groups,
) -> Result<(), Refusal<'a>> {
    selector::with_selected(request, NETNS, |net| {
        let allowance = request.allowance();
        if !allowance.is_alone() {
            return Err(crowded());
        }
        let mut block = Block::new(groups, 1)?;
        block.add(&net);
        if !block.members.look(allowance)? {
            let text = c"there is too much to go through for one answer: a dump takes its time";
            return Err(Refusal::new(E2BIG, text));
        }
        let guard = rcu::read_lock();
        if let Some((listed, found)) = block.members.find(net.cookie(), (&guard).into()) {
            block.put(message, listed, groups, found)?;
        }
        Ok(())
    })
}

/// The same for each namespace that a dump names, or that the requester may see.
pub(super) fn dump<'a>(
    part: &mut Part<'a, Instance>,
    groups: &Groups,
) -> Result<bool, Refusal<'a>> {
    loop {
        let mut block = match part.kept.take() {
            Some(block) => block,
            None if part.request.allowance().covers(BATCH) => Block::next(part, groups)?,
            None => {
                part.request.allowance().exhaust();
                return Ok(false);
            }
        };
        let is_done = block.members.look(part.request.allowance())?;
        if !is_done || !block.tell(part, groups)? {
            *part.kept = Some(block);
            return Ok(false);
        }
        if block.is_last {
            return Ok(true);
        }
    }
}

/// The namespaces that a dump looks for at a time, and which members of them it has found so far: kept
/// from one part of the dump to the next.
pub(crate) struct Block {
    members: Members,
    /// Their cookies, in the order in which they are told, and how many of them are done.
    cookies: KVec<u64>,
    told: usize,
    /// Whether there are no more behind it.
    is_last: bool,
}

impl Block {
    fn new(groups: &Groups, namespaces: usize) -> Result<Self> {
        Ok(Self {
            members: Members::new(groups.protocol, groups.group, namespaces)?,
            cookies: KVec::with_capacity(namespaces, GFP_KERNEL_ACCOUNT)?,
            told: 0,
            is_last: false,
        })
    }

    /// The next one of a dump.
    fn next<'a>(part: &mut Part<'a, Instance>, groups: &Groups) -> Result<KBox<Self>, Refusal<'a>> {
        let mut block = Self::new(groups, AT_ONCE)?;
        let is_any = part.request.attributes().get(NETNS).is_none();
        block.is_last = if is_any {
            let rest = part.request.allowance().left().saturating_sub(FIND);
            namespace::each_leaving(part, rest, |_, net| Ok(block.add(&net)))?
        } else {
            each_named(part, |_, net| Ok(block.add(&net)))?
        };
        Ok(KBox::new(block, GFP_KERNEL_ACCOUNT).map_err(Error::from)?)
    }

    /// Adds a namespace, which may be there already; `false` if there is no room.
    fn add(&mut self, net: &Net) -> bool {
        let has_room = self.cookies.push_within_capacity(net.cookie()).is_ok();
        has_room && self.members.want(net)
    }

    /// Tells of those that were found and not yet told, as far as the requester may see them; `false` if
    /// the rest has to wait for the next part. Each has a read-side section of its own.
    fn tell<'a>(
        &mut self,
        part: &mut Part<'a, Instance>,
        groups: &Groups,
    ) -> Result<bool, Refusal<'a>> {
        while let Some(cookie) = self.cookies.get(self.told) {
            if part.request.allowance().is_spent() {
                return Ok(false);
            }
            part.request.allowance().spend(COME);
            let guard = rcu::read_lock();
            if let Some((listed, found)) = self.members.find(*cookie, (&guard).into()) {
                let is_answer = found.membership().members > 0 || self.members.is_incomplete();
                let is_told = part.add_if(|request, message| {
                    if !is_answer || !request.may_administer(&listed) {
                        return Ok(false);
                    }
                    self.put(message, listed, groups, found)?;
                    request.allowance().spend(match groups.group {
                        Some(_) => found.kept() * entry::TELL,
                        None => GROUPS,
                    });
                    Ok(true)
                })?;
                if !is_told {
                    return Ok(false);
                }
            }
            self.told += 1;
        }
        Ok(true)
    }

    /// Writes what was found in a namespace.
    fn put(
        &self,
        message: &mut Message<'_>,
        listed: Listed<'_>,
        groups: &Groups,
        found: &MembersOf,
    ) -> Result<Outcome> {
        put_namespace(message, &listed)?;
        message.put_u32(NSMUX_A_LOOKUP_TABLE, NSMUX_TABLE_NETLINK)?;
        if self.members.is_incomplete() {
            message.put_flag(NSMUX_A_LOOKUP_INCOMPLETE)?;
        }
        match groups.group {
            Some(_) => listed.branded(|namespace| entry::put_members(message, namespace, found)),
            None => entry::put_membership(message, found.membership()),
        }
    }
}
