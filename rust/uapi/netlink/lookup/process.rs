// SPDX-License-Identifier: GPL-2.0

//! Lookups in PID namespaces.
//!
//! Which ones there are the kernel does not tell to modules. They are found through the processes
//! that are in them: each has a number in its own namespace and in all above it.

use kernel::prelude::*;

use super::{super::Asked, entry, key::required};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        genetlink::{Message, Part, Refusal},
        process::{PidNamespace, Process},
        rcu,
    },
    table::{
        pid::{Pid, PidAnswer},
        Answer, Table,
    },
};

const NUMBER: u16 = NSMUX_A_LOOKUP_NUMBER as u16;
const PIDNS: u16 = NSMUX_A_LOOKUP_PIDNS as u16;
const NETNS: u16 = super::NETNS;

/// How many processes are gone over in one read-side section.
const AT_ONCE: usize = 256;
/// What that takes, in steps of the allowance.
const STEPS: u32 = 1 << 13;

/// Looks a number up in one namespace.
pub(super) fn answer<'a>(
    request: &Asked<'a>,
    message: &mut Message<'_>,
) -> Result<(), Refusal<'a>> {
    let number = number(request)?;
    let guard = rcu::read_lock();
    let section = rcu::Section::from(&guard);
    let own = PidNamespace::of_current(section);
    // Who may not is not told whether there is such a process.
    let sees_own = request.may_administer(own);
    let denied = || {
        let text = c"needs CAP_NET_ADMIN in the user namespace that owns the PID namespace";
        Refusal::new(EPERM, text)
    };
    let namespace = match request.attributes().get(PIDNS) {
        Some(attribute) => {
            let process = attribute.u32()?;
            let found = own.branded(section, |own| {
                Process::find(own, process).map(|process| process.namespace(section))
            });
            match found {
                Some(namespace) => namespace,
                None if sees_own => {
                    let text = c"there is no such process";
                    return Err(Refusal::of(attribute, ESRCH, text));
                }
                None => {
                    // As for one that there is, so that it takes as long.
                    let _ = request.may_administer(own);
                    return Err(denied());
                }
            }
        }
        None => own,
    };
    if !request.may_administer(namespace) {
        return Err(denied());
    }
    namespace.branded(section, |namespace| {
        Ok(put(
            message,
            namespace.object(),
            own,
            &Pid::lookup(namespace, &number),
        )?)
    })
}

/// Looks a number up in the requester's namespace and in all below it that the requester may see.
///
/// None is held, and neither is a process: what comes and goes meanwhile may be left out. A process
/// that has the number in several namespaces is told again as a whole if a part ends among them.
pub(super) fn dump<'a>(part: &mut Part<'a, Instance>) -> Result<bool, Refusal<'a>> {
    let wanted = number(&part.request)?;
    if let Some(attribute) = part.request.attributes().get(PIDNS) {
        let text = c"a dump looks in all PID namespaces";
        return Err(Refusal::of(attribute, EINVAL, text));
    }
    if !part.request.allowance().covers(STEPS) {
        part.request.allowance().exhaust();
    }
    while !part.request.allowance().is_spent() {
        let guard = rcu::read_lock();
        let section = rcu::Section::from(&guard);
        let own = PidNamespace::of_current(section);
        part.request.allowance().spend(STEPS);
        for _ in 0..AT_ONCE {
            let after = part.progress.entries;
            let next = own.branded(section, |namespace| {
                let Some(from) = after.checked_add(1) else {
                    return Ok(None);
                };
                let Some((process, place)) = Process::find_from(namespace, from) else {
                    return Ok(None);
                };
                for found in process.namespaces_with(wanted, own, section) {
                    if !add(part, found, own, wanted, section)? {
                        return Ok(Some(None));
                    }
                }
                Ok::<_, Refusal<'a>>(Some(Some(place)))
            })?;
            match next {
                None => return Ok(true),
                Some(None) => return Ok(false),
                Some(Some(place)) => part.progress.entries = place,
            }
        }
    }
    Ok(false)
}

fn add<'a>(
    part: &mut Part<'a, Instance>,
    namespace: &PidNamespace,
    own: &PidNamespace,
    number: u32,
    section: rcu::Section<'_>,
) -> Result<bool, Refusal<'a>> {
    if !part.request.may_administer(namespace) {
        return Ok(true);
    }
    namespace.branded(section, |namespace| {
        let answer = Pid::lookup(namespace, &number);
        part.add(|_, message| Ok(put(message, namespace.object(), own, &answer)?))
    })
}

fn number<'a>(request: &Asked<'a>) -> Result<u32, Refusal<'a>> {
    let attributes = request.attributes();
    if let Some(netns) = attributes.get(NETNS) {
        let text = c"processes are in PID namespaces, and not in those of the network";
        return Err(Refusal::of(netns, EINVAL, text));
    }
    Ok(required(attributes, NUMBER)?.u32()?)
}

/// Writes what was found in a namespace.
fn put(
    message: &mut Message<'_>,
    namespace: &PidNamespace,
    own: &PidNamespace,
    answer: &PidAnswer<'_>,
) -> Result {
    message.put_u32(NSMUX_A_LOOKUP_TABLE, NSMUX_TABLE_PID)?;
    entry::put_outcome(message, answer.outcome())?;
    let Some(process) = &answer.0 else {
        return Ok(());
    };
    message.nest(NSMUX_A_LOOKUP_PROCESS, |message| {
        message.put_u32(NSMUX_A_PROCESS_PIDNS_INODE, namespace.inode())?;
        if let Some(number) = process.number_in(namespace) {
            message.put_u32(NSMUX_A_PROCESS_NUMBER, number)?;
        }
        if let Some(number) = process.number_in(own) {
            message.put_u32(NSMUX_A_PROCESS_OWN_NUMBER, number)?;
        }
        match process.command() {
            Some(command) => {
                let name = command.split(|byte| *byte == 0).next().unwrap_or_default();
                message.put_string(NSMUX_A_PROCESS_COMMAND, name)
            }
            None => Ok(()),
        }
    })
}
