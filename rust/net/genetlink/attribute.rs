// SPDX-License-Identifier: GPL-2.0

//! Attributes of a request.

use core::{marker::PhantomData, mem::size_of, slice};
use kernel::prelude::*;

use crate::bindings;

/// The length of an attribute's header, `NLA_HDRLEN`.
pub(super) const HEADER: usize = size_of::<bindings::nlattr>();

/// `NLA_ALIGN()`
pub(super) const fn align(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// One attribute.
///
/// See the example of [`Attributes`].
///
/// # Invariants
///
/// The pointer leads to an attribute of a validated message, all of which is valid for `'a`.
#[derive(Clone, Copy)]
pub struct Attribute<'a>(*const bindings::nlattr, PhantomData<&'a [u8]>);

impl<'a> Attribute<'a> {
    /// Which one it is.
    pub fn number(self) -> u16 {
        // SAFETY: By the type invariants.
        unsafe { (*self.0).nla_type & bindings::NLA_TYPE_MASK as u16 }
    }

    /// What is in it.
    pub fn bytes(self) -> &'a [u8] {
        // SAFETY: By the type invariants.
        let length = unsafe { (*self.0).nla_len } as usize;
        // SAFETY: The payload lies behind the header, and is as long as that says.
        unsafe { slice::from_raw_parts(self.0.cast::<u8>().add(HEADER), length - HEADER) }
    }

    /// The attributes in it.
    pub fn nested(self) -> Attributes<'a> {
        Attributes(self.bytes())
    }

    /// The number in it, in the machine's order; `EINVAL` if it is not of this length.
    pub fn u32(self) -> Result<u32> {
        Ok(u32::from_ne_bytes(self.array()?))
    }

    /// The number in it, in the machine's order; `EINVAL` if it is not of this length.
    pub fn s32(self) -> Result<i32> {
        Ok(i32::from_ne_bytes(self.array()?))
    }

    /// The number in it, of 4 or 8 bytes; `EINVAL` if it is neither.
    pub fn uint(self) -> Result<u64> {
        self.array()
            .map(u64::from_ne_bytes)
            .or_else(|_| self.u32().map(u64::from))
    }

    /// The bytes in it; `EINVAL` if they are not as many.
    pub fn array<const N: usize>(self) -> Result<[u8; N]> {
        self.bytes().try_into().map_err(|_| EINVAL)
    }

    /// The pointer that C is given.
    pub(super) fn as_ptr(self) -> *const bindings::nlattr {
        self.0
    }
}

/// Attributes, one after the other, in the order in which they were sent.
///
/// # Examples
///
/// ```
/// use crate::net::genetlink::Attributes;
///
/// /// By their numbers in the description of the family.
/// const LIST: u16 = 1;
/// const PORT: u16 = 2;
///
/// /// The first port in the list of a request.
/// fn first(attributes: Attributes<'_>) -> Option<u32> {
///     let mut list = attributes.get(LIST)?.nested().into_iter();
///     let port = list.find(|attribute| attribute.number() == PORT)?;
///     port.u32().ok()
/// }
/// ```
///
/// # Invariants
///
/// The bytes are aligned as attributes are, and come from a validated message.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Those of a generic netlink request.
    ///
    /// # Safety
    ///
    /// `header` must lead to a generic netlink message without a header of its own, validated, and
    /// valid for the lifetime that the caller chooses.
    pub(super) unsafe fn of_request(header: *const u8) -> Self {
        let offset = size_of::<bindings::nlmsghdr>() + bindings::RUST_CONST_GENL_HDRLEN as usize;
        // SAFETY: By the safety requirement.
        let length = unsafe { (*header.cast::<bindings::nlmsghdr>()).nlmsg_len } as usize;
        // SAFETY: A message has its length in its header, and the kernel has checked it.
        Self(unsafe { slice::from_raw_parts(header.add(offset), length.saturating_sub(offset)) })
    }

    /// The one with this number; if there are several, the last, as `nla_parse()` takes it.
    pub fn get(self, number: u16) -> Option<Attribute<'a>> {
        self.into_iter()
            .filter(|attribute| attribute.number() == number)
            .last()
    }
}

impl<'a> IntoIterator for Attributes<'a> {
    type Item = Attribute<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter(self.0)
    }
}

/// Goes over [`Attributes`].
///
/// See the example of [`Attributes`].
pub struct Iter<'a>(&'a [u8]);

impl<'a> Iterator for Iter<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let bytes = self.0;
        let [low, high, ..] = *bytes else {
            return None;
        };
        let length = usize::from(u16::from_ne_bytes([low, high]));
        if length < HEADER || length > bytes.len() {
            return None;
        }
        self.0 = bytes.get(align(length)..).unwrap_or_default();
        // INVARIANT: The length was checked, and the message is valid as long as it is borrowed.
        Some(Attribute(bytes.as_ptr().cast(), PhantomData))
    }
}

#[kunit_tests(rust_net_attribute)]
mod tests {
    use super::*;

    /// An attribute with a number in it.
    fn put(message: &mut KVec<u8>, number: u16, value: u32) -> Result {
        let length = (HEADER + size_of::<u32>()) as u16;
        message.extend_from_slice(&length.to_ne_bytes(), GFP_KERNEL)?;
        message.extend_from_slice(&number.to_ne_bytes(), GFP_KERNEL)?;
        message.extend_from_slice(&value.to_ne_bytes(), GFP_KERNEL)?;
        Ok(())
    }

    #[test]
    fn in_their_order() -> Result {
        let mut message = KVec::new();
        for value in 0..3 {
            put(&mut message, value as u16, value)?;
        }
        let mut attributes = Attributes(&message).into_iter();
        for value in 0..3 {
            let attribute = attributes.next().ok_or(EINVAL)?;
            assert_eq!(u32::from(attribute.number()), value);
            assert_eq!(attribute.u32(), Ok(value));
        }
        assert!(attributes.next().is_none());
        Ok(())
    }

    #[test]
    fn last_of_several() -> Result {
        let mut message = KVec::new();
        for (number, value) in [(1, 10), (2, 20), (1, 11)] {
            put(&mut message, number, value)?;
        }
        let attributes = Attributes(&message);
        assert_eq!(attributes.get(1).ok_or(EINVAL)?.u32(), Ok(11));
        assert_eq!(attributes.get(2).ok_or(EINVAL)?.u32(), Ok(20));
        assert!(attributes.get(3).is_none());
        Ok(())
    }

    #[test]
    fn longer_than_the_message() -> Result {
        let mut message = KVec::new();
        put(&mut message, 1, 10)?;
        put(&mut message, 2, 20)?;
        // A byte of the last one is missing.
        let short = message.get(..message.len() - 1).ok_or(EINVAL)?;
        assert_eq!(Attributes(short).into_iter().count(), 1);
        // Shorter than its own header.
        assert!(Attributes(&[3, 0, 0, 0]).into_iter().next().is_none());
        Ok(())
    }

    #[test]
    fn numbers_of_other_lengths() -> Result {
        let mut message = KVec::new();
        put(&mut message, 1, 10)?;
        let attribute = Attributes(&message).get(1).ok_or(EINVAL)?;
        assert_eq!(attribute.uint(), Ok(10));
        assert_eq!(attribute.array::<8>(), Err(EINVAL));
        Ok(())
    }
}
