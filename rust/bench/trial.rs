// SPDX-License-Identifier: GPL-2.0

//! The randomised test of a design: it has to answer as a list does that is gone through from its
//! begin to its end.

use kernel::prelude::*;

use crate::{
    design::Design,
    random::Random,
    sockets::{Ends, Key, Place},
    world::{Context, Packet, World},
};

/// What is done at random, in a world of this shape.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) namespaces: usize,
    /// How many names each namespace has sockets for.
    pub(crate) sockets: usize,
    /// How many sockets the design is told to expect in each.
    pub(crate) expected: usize,
}

/// Each socket is there twice: the second one of a key has to be refused.
const COPIES: usize = 2;

/// Crowded ones and sparse ones; chains are long where fewer sockets are expected than come.
const SHAPES: [Shape; 4] = [
    Shape {
        namespaces: 1,
        sockets: 200,
        expected: 200,
    },
    Shape {
        namespaces: 7,
        sockets: 30,
        expected: 4,
    },
    Shape {
        namespaces: 600,
        sockets: 2,
        expected: 1,
    },
    Shape {
        namespaces: 3,
        sockets: 600,
        expected: 1024,
    },
];

const STEPS: usize = 4000;

/// What came out.
pub(crate) enum Verdict {
    /// All answers were those of the list.
    Passed { steps: usize },
    /// This was done when the first answer was another.
    Failed { what: &'static str, step: usize },
}

/// The list.
struct Naive(KVVec<Place>);

impl Naive {
    fn find(&self, world: &World, key: Key) -> Option<Place> {
        let has_key =
            |place: &Place| world.sockets.get(*place).map(|socket| socket.key) == Some(key);
        self.0.iter().copied().find(has_key)
    }

    fn remove(&mut self, place: Place) -> Result {
        let number = self.0.iter().position(|other| *other == place);
        self.0.remove(number.ok_or(ENOENT)?).map_err(|_| ENOENT)?;
        Ok(())
    }
}

/// A design, and the list beside it.
struct Trial<'a, D> {
    world: World,
    design: D,
    naive: Naive,
    random: &'a mut Random,
    shape: Shape,
}

/// The design in all shapes that it can have.
pub(crate) fn trial<D: Design>(seed: u64) -> Result<Verdict> {
    let mut random = Random::new(seed);
    let mut done = 0;
    for shape in SHAPES {
        if shape.namespaces <= D::MOST {
            match trial_in::<D>(&mut random, shape)? {
                Verdict::Passed { steps } => done += steps,
                failed => return Ok(failed),
            }
        }
    }
    Ok(Verdict::Passed { steps: done })
}

/// The design in one shape, whether it can have that or not.
pub(crate) fn trial_in<D: Design>(random: &mut Random, shape: Shape) -> Result<Verdict> {
    let world = World::new(shape.namespaces, shape.sockets, COPIES, Ends::alike)?;
    let mut trial = Trial::<D> {
        design: D::new(&world, shape.expected)?,
        world,
        naive: Naive(KVVec::new()),
        random,
        shape,
    };
    for step in 0..STEPS {
        if let Err(what) = trial.step()? {
            return Ok(Verdict::Failed { what, step });
        }
    }
    Ok(match trial.empty()? {
        Ok(()) => Verdict::Passed { steps: STEPS },
        Err(what) => Verdict::Failed { what, step: STEPS },
    })
}

impl<D: Design> Trial<'_, D> {
    /// One thing at random. What it was, if the answers differ.
    fn step(&mut self) -> Result<Result<(), &'static str>> {
        let place = self.random.place(self.world.sockets.len());
        Ok(match self.random.below(8) {
            0..=1 => self.insert(place)?,
            2 => self.remove(place).ok_or("remove"),
            // One that is there is removed more often than by chance.
            3 => match self.naive.0.get(self.random.place(self.naive.0.len())) {
                Some(place) => self.remove(*place).ok_or("remove"),
                None => Ok(()),
            },
            _ => {
                let name = self.random.place(self.shape.sockets + 2);
                let namespace = self.random.place(self.shape.namespaces);
                self.lookup(namespace, name).ok_or("lookup")
            }
        })
    }

    fn insert(&mut self, place: Place) -> Result<Result<(), &'static str>> {
        let key = self.world.sockets.at(place)?.key;
        let expected = match self.naive.find(&self.world, key) {
            Some(_) => Err(EEXIST),
            None => Ok(()),
        };
        let found = self.design.insert(&mut self.world, place);
        if expected.is_ok() {
            self.naive.0.push(place, GFP_KERNEL)?;
        }
        // Without memory, nothing is known.
        if found == Err(ENOMEM) {
            return Err(ENOMEM);
        }
        Ok((found == expected).then_some(()).ok_or("insert"))
    }

    /// Whether both did the same; `None` if not.
    fn remove(&mut self, place: Place) -> Option<()> {
        let found = self.design.remove(&mut self.world, place);
        (found == self.naive.remove(place)).then_some(())
    }

    /// A packet to the n-th name, which no socket may have, while whatever process runs.
    fn lookup(&mut self, namespace: usize, name: usize) -> Option<()> {
        let mut packet = Packet::new(namespace, Ends::alike(name));
        packet.context = Context::ALL[self.random.place(Context::ALL.len())];
        self.world.current.set(match packet.context {
            Context::Process => namespace,
            _ => self.random.place(self.shape.namespaces),
        });
        let before = self.world.current.get();
        let key = packet.key.in_namespace(namespace);
        let expected = self.naive.find(&self.world, key);
        let found = self.design.lookup(&self.world, &packet);
        (found == expected && self.world.current.get() == before).then_some(())
    }

    /// Takes out all that is still there, after which nothing is found.
    fn empty(&mut self) -> Result<Result<(), &'static str>> {
        while let Some(place) = self.naive.0.last().copied() {
            if self.remove(place).is_none() {
                return Ok(Err("remove"));
            }
        }
        for namespace in 0..self.shape.namespaces {
            for name in 0..self.shape.sockets {
                if self.lookup(namespace, name).is_none() {
                    return Ok(Err("lookup in what is empty"));
                }
            }
        }
        Ok(Ok(()))
    }
}
