// SPDX-License-Identifier: GPL-2.0

//! The randomised test of a way to keep names, against a list of who has one.

use kernel::prelude::*;

use super::{Contexts, Knock, Listener, Listeners, Names};
use crate::{random::Random, sockets::Place, trial::Verdict};

const CONTEXTS: usize = 20;
const PORTS: u16 = 3;
const STEPS: usize = 8000;

/// The list.
struct Naive(KVVec<Place>);

impl Naive {
    fn find(&self, listeners: &Listeners, wanted: impl Fn(&Listener) -> bool) -> Option<Place> {
        let is_wanted = |place: &Place| listeners.get(*place).is_some_and(&wanted);
        self.0.iter().copied().find(is_wanted)
    }

    fn remove(&mut self, place: Place) -> Result {
        let number = self.0.iter().position(|other| *other == place);
        self.0.remove(number.ok_or(ENOENT)?).map_err(|_| ENOENT)?;
        Ok(())
    }
}

/// Contexts with 1, 4 and 64 addresses, of which no two have the same.
pub(crate) fn trial<N: Names>(seed: u64) -> Result<Verdict> {
    let mut random = Random::new(seed);
    for each in [1, 4, 64] {
        match trial_with::<N>(&mut random, each)? {
            Verdict::Passed { .. } => {}
            failed => return Ok(failed),
        }
    }
    Ok(Verdict::Passed { steps: 3 * STEPS })
}

/// Listeners for any address and for each, twice, on some ports of one chain.
fn everyone(contexts: &Contexts) -> Result<Listeners> {
    let mut listeners = Listeners(VVec::new());
    for context in 0..contexts.number() {
        for number in 0..2 * PORTS {
            let port = 8080 + 32 * (number / 2);
            listeners.push(context, None, port)?;
            for address in contexts.of(context).iter().take(4) {
                listeners.push(context, Some(*address), port)?;
            }
        }
    }
    Ok(listeners)
}

fn trial_with<N: Names>(random: &mut Random, each: usize) -> Result<Verdict> {
    let contexts = Contexts::new(CONTEXTS, each, false)?;
    let mut listeners = everyone(&contexts)?;
    let mut names = N::new(&contexts)?;
    let mut naive = Naive(KVVec::new());
    for step in 0..STEPS {
        let failed = |what| Ok(Verdict::Failed { what, step });
        match random.below(4) {
            0 => {
                let place = random.place(listeners.0.len());
                let listener = listeners.get(place).ok_or(EINVAL)?;
                let (context, port) = (listener.context, listener.port);
                let address = listener.address;
                let taken = naive.find(&listeners, |other| {
                    let apart = address
                        .zip(other.address)
                        .is_some_and(|(own, its)| own != its);
                    other.context == context && other.port == port && !apart
                });
                let expected = taken.map_or(Ok(()), |_| Err(EADDRINUSE));
                if names.bind(&contexts, &mut listeners, place) != expected {
                    return failed("bind");
                }
                if taken.is_none() {
                    naive.0.push(place, GFP_KERNEL)?;
                }
            }
            1 => {
                if let Some(place) = naive.0.get(random.place(naive.0.len())).copied() {
                    names.release(&mut listeners, place)?;
                    naive.remove(place)?;
                }
            }
            _ => {
                let context = random.place(CONTEXTS);
                let addresses = contexts.of(context);
                let knock = Knock {
                    context,
                    address: addresses[random.place(addresses.len())],
                    port: 8080 + 32 * random.below(u64::from(PORTS) + 1) as u16,
                };
                let expected = naive.find(&listeners, |listener| {
                    let address = listener.address.unwrap_or(knock.address);
                    (listener.context, address, listener.port)
                        == (knock.context, knock.address, knock.port)
                });
                if names.accept(&contexts, &listeners, &knock) != expected {
                    return failed("accept");
                }
            }
        }
    }
    Ok(Verdict::Passed { steps: STEPS })
}

/// Whether two contexts which have the same address cannot both listen on it.
pub(crate) fn refuses_twins<N: Names>() -> Result<bool> {
    let contexts = Contexts::new(2, 1, true)?;
    let mut listeners = Listeners(VVec::new());
    let mut names = N::new(&contexts)?;
    listeners.push(0, None, 8080)?;
    listeners.push(1, None, 8080)?;
    names.bind(&contexts, &mut listeners, 0)?;
    match names.bind(&contexts, &mut listeners, 1) {
        Err(error) if error == EADDRINUSE => Ok(true),
        other => other.map(|()| false),
    }
}
