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

/// A way to keep names, and the list beside it.
struct Trial<'a, N> {
    contexts: Contexts,
    listeners: Listeners,
    names: N,
    naive: Naive,
    random: &'a mut Random,
}

fn trial_with<N: Names>(random: &mut Random, each: usize) -> Result<Verdict> {
    let contexts = Contexts::new(CONTEXTS, each, false)?;
    let mut trial = Trial {
        listeners: everyone(&contexts)?,
        names: N::new(&contexts)?,
        contexts,
        naive: Naive(KVVec::new()),
        random,
    };
    for step in 0..STEPS {
        let (what, agreed) = match trial.random.below(4) {
            0 => ("bind", trial.bind()?),
            1 => ("release", trial.release()),
            _ => ("accept", trial.accept()),
        };
        if !agreed {
            return Ok(Verdict::Failed { what, step });
        }
    }
    Ok(Verdict::Passed { steps: STEPS })
}

/// One thing at random; whether both did the same.
impl<N: Names> Trial<'_, N> {
    fn bind(&mut self) -> Result<bool> {
        let place = self.random.place(self.listeners.0.len());
        let listener = self.listeners.get(place).ok_or(EINVAL)?;
        let taken = self.naive.find(&self.listeners, |other| {
            let addresses = listener.address.zip(other.address);
            let apart = addresses.is_some_and(|(own, its)| own != its);
            other.context == listener.context && other.port == listener.port && !apart
        });
        if taken.is_none() {
            self.naive.0.push(place, GFP_KERNEL)?;
        }
        let found = self.names.bind(&self.contexts, &mut self.listeners, place);
        Ok(found == taken.map_or(Ok(()), |_| Err(EADDRINUSE)))
    }

    fn release(&mut self) -> bool {
        let number = self.random.place(self.naive.0.len());
        let Some(place) = self.naive.0.get(number).copied() else {
            return true;
        };
        self.names.release(&mut self.listeners, place) == self.naive.remove(place)
    }

    fn accept(&mut self) -> bool {
        let context = self.random.place(CONTEXTS);
        let addresses = self.contexts.of(context);
        let knock = Knock {
            context,
            address: addresses[self.random.place(addresses.len())],
            port: 8080 + 32 * self.random.below(u64::from(PORTS) + 1) as u16,
        };
        let expected = self.naive.find(&self.listeners, |listener| {
            let address = listener.address.unwrap_or(knock.address);
            (listener.context, address, listener.port) == (knock.context, knock.address, knock.port)
        });
        let found = self.names.accept(&self.contexts, &self.listeners, &knock);
        found == expected
    }
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
