// SPDX-License-Identifier: GPL-2.0

//! The kernel's radix tree, by the ends of a connection.
//!
//! Its index is a word, and the key is longer: the socket's own address has no place in it, and is
//! compared along a chain of sockets that differ in nothing else.

use core::ptr::without_provenance_mut;
use kernel::{
    ffi::c_void,
    prelude::*,
    rbtree::RBTree,
    types::ForeignOwnable,
    xarray::{AllocKind, Guard, XArray},
};

use crate::{
    design::Second,
    sockets::{Key, Place, Sockets, NONE},
};

/// The first socket of a chain, as an entry of the array.
struct Entry(Place);

/// Entries have to look like pointers that are aligned so, and are not null.
const ALIGN: usize = 4;

// SAFETY: A place becomes a number that is a multiple of `FOREIGN_ALIGN` and is not 0, and is made from
// that again. There is no memory behind it.
unsafe impl ForeignOwnable for Entry {
    const FOREIGN_ALIGN: usize = ALIGN;

    type Borrowed<'a> = Place;
    type BorrowedMut<'a> = Place;

    fn into_foreign(self) -> *mut c_void {
        without_provenance_mut((self.0 + 1) * ALIGN)
    }

    unsafe fn from_foreign(entry: *mut c_void) -> Self {
        Self(entry.addr() / ALIGN - 1)
    }

    unsafe fn borrow<'a>(entry: *mut c_void) -> Self::Borrowed<'a> {
        entry.addr() / ALIGN - 1
    }

    unsafe fn borrow_mut<'a>(entry: *mut c_void) -> Self::BorrowedMut<'a> {
        entry.addr() / ALIGN - 1
    }
}

/// The array of a namespace.
pub(crate) struct Radix {
    array: Pin<KBox<XArray<Entry>>>,
    /// Whose it is, known from the first socket on.
    namespace: usize,
}

/// A node of the array: 64 entries, their marks, and what the node knows of itself.
const NODE: usize = 576;
const BITS: u32 = 6;

/// From the highest bits to the lowest: the own port, which is mostly the same one, the other's
/// address, and its port.
#[inline(always)]
fn index(key: Key) -> usize {
    let ends = key.bits() as u64;
    ends.rotate_right(16) as usize
}

/// Makes a socket the first of its chain.
fn store(array: &mut Guard<'_, Entry>, index: usize, place: Place) -> Result {
    array.store(index, Entry(place), GFP_KERNEL)?;
    Ok(())
}

impl Second for Radix {
    fn new(_: usize) -> Result<Self> {
        Ok(Self {
            array: KBox::pin_init(XArray::new(AllocKind::Alloc), GFP_KERNEL)?,
            namespace: 0,
        })
    }

    fn insert(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let key = sockets.at(place)?.key;
        if self.lookup(sockets, key).is_some() {
            return Err(EEXIST);
        }
        self.namespace = key.namespace();
        let mut array = self.array.lock();
        sockets.at_mut(place)?.next = array.get(index(key)).unwrap_or(NONE);
        store(&mut array, index(key), place)
    }

    fn remove(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let (key, next) = {
            let socket = sockets.at(place)?;
            (socket.key, socket.next)
        };
        let mut array = self.array.lock();
        let head = array.get(index(key)).ok_or(ENOENT)?;
        if head != place {
            super::chain::unlink(sockets, head, place)
        } else if next == NONE {
            array.remove(index(key));
            Ok(())
        } else {
            store(&mut array, index(key), next)
        }
    }

    #[inline(always)]
    fn lookup(&self, sockets: &Sockets, key: Key) -> Option<Place> {
        let mut place = self.array.lock().get(index(key))?;
        loop {
            let socket = sockets.get(place)?;
            if socket.key == key {
                return Some(place);
            }
            place = socket.next;
        }
    }

    /// Of an array that has all sockets of its namespace: on each level, a node for each beginning
    /// of an index that there is.
    fn bytes(&self, sockets: &Sockets) -> usize {
        let mut indices = RBTree::new();
        for socket in sockets.of_namespace(self.namespace) {
            if indices
                .try_create_and_insert(index(socket.key), (), GFP_KERNEL)
                .is_err()
            {
                return 0;
            }
        }
        let mut nodes = 0;
        let mut before = None;
        for index in indices.keys().copied() {
            // From the level where it parts from the one before down to the lowest.
            let parted = index ^ before.unwrap_or(0);
            let levels = parted.checked_ilog2().unwrap_or(0) / BITS;
            nodes += levels as usize + usize::from(before.is_none());
            before = Some(index);
        }
        size_of::<XArray<Entry>>() + nodes * NODE
    }
}
