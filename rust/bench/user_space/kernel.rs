// SPDX-License-Identifier: GPL-2.0

//! The names of the `kernel` crate that the designs use, for a program in user space: so the same
//! sources run where a processor's caches are simulated.

/// The kernel's `kernel::error`, as far as it is used.
pub mod error {
    use crate::alloc::AllocError;

    /// A number of `errno.h`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Error(pub i32);

    pub type Result<T = (), E = Error> = core::result::Result<T, E>;

    impl From<AllocError> for Error {
        fn from(_: AllocError) -> Self {
            code::ENOMEM
        }
    }

    pub mod code {
        use super::Error;

        pub const ENOENT: Error = Error(2);
        pub const ENOMEM: Error = Error(12);
        pub const EEXIST: Error = Error(17);
        pub const EINVAL: Error = Error(22);
        pub const EDOM: Error = Error(33);
    }
}

/// The kernel's `kernel::alloc`: here too memory comes from one allocator, `slabs.rs`.
pub mod alloc {
    use core::{
        marker::PhantomData,
        ops::{BitOr, Deref, DerefMut},
    };

    #[derive(Clone, Copy, Debug)]
    pub struct AllocError;

    #[derive(Clone, Copy)]
    pub struct Flags;

    impl BitOr for Flags {
        type Output = Self;

        fn bitor(self, _: Self) -> Self {
            self
        }
    }

    pub mod flags {
        use super::Flags;

        pub const GFP_KERNEL: Flags = Flags;
        pub const GFP_NOWAIT: Flags = Flags;
        pub const __GFP_NOWARN: Flags = Flags;
    }

    pub struct KBox<T>(std::boxed::Box<T>);

    impl<T> KBox<T> {
        pub fn new(value: T, _: Flags) -> Result<Self, AllocError> {
            Ok(Self(std::boxed::Box::new(value)))
        }
    }

    impl<T> Deref for KBox<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> DerefMut for KBox<T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }

    /// Where memory comes from. It is the same for all.
    pub trait Allocator {}

    pub mod allocator {
        use super::Allocator;

        pub struct Kmalloc;
        pub struct Vmalloc;
        pub struct KVmalloc;

        impl Allocator for Kmalloc {}
        impl Allocator for Vmalloc {}
        impl Allocator for KVmalloc {}
    }

    pub struct Vec<T, A>(std::vec::Vec<T>, PhantomData<A>);

    pub type KVec<T> = Vec<T, allocator::Kmalloc>;
    pub type VVec<T> = Vec<T, allocator::Vmalloc>;
    pub type KVVec<T> = Vec<T, allocator::KVmalloc>;

    impl<T, A> Vec<T, A> {
        #[allow(clippy::new_without_default)] // The kernel's has none.
        pub const fn new() -> Self {
            Self(std::vec::Vec::new(), PhantomData)
        }

        pub fn with_capacity(capacity: usize, _: Flags) -> Result<Self, AllocError> {
            Ok(Self(std::vec::Vec::with_capacity(capacity), PhantomData))
        }

        pub fn from_elem(value: T, number: usize, _: Flags) -> Result<Self, AllocError>
        where
            T: Clone,
        {
            Ok(Self(vec![value; number], PhantomData))
        }

        pub fn push(&mut self, value: T, _: Flags) -> Result<(), AllocError> {
            self.0.push(value);
            Ok(())
        }

        pub fn remove(&mut self, place: usize) -> Result<T, AllocError> {
            (place < self.0.len())
                .then(|| self.0.remove(place))
                .ok_or(AllocError)
        }

        pub fn capacity(&self) -> usize {
            self.0.capacity()
        }
    }

    impl<T, A> Deref for Vec<T, A> {
        type Target = [T];

        fn deref(&self) -> &[T] {
            &self.0
        }
    }

    impl<T, A> DerefMut for Vec<T, A> {
        fn deref_mut(&mut self) -> &mut [T] {
            &mut self.0
        }
    }

    impl<'a, T, A> IntoIterator for &'a Vec<T, A> {
        type Item = &'a T;
        type IntoIter = core::slice::Iter<'a, T>;

        fn into_iter(self) -> Self::IntoIter {
            self.0.iter()
        }
    }
}

/// The kernel's `kernel::page`.
pub mod page {
    pub const PAGE_SIZE: usize = 4096;
}

/// What every file begins with.
pub mod prelude {
    pub use crate::{
        alloc::{flags::*, KBox, KVVec, KVec, VVec},
        error::{code::*, Error, Result},
    };
}
