// SPDX-License-Identifier: GPL-2.0

//! Addresses and ports, in the order of the network.
//!
//! C header: [`include/uapi/linux/in6.h`](srctree/include/uapi/linux/in6.h)

use core::ptr::from_ref;

use crate::bindings;

/// A port, kept in the order of the network.
///
/// # Examples
///
/// ```
/// use crate::net::address::Port;
///
/// let port = Port::from_header([0x1f, 0x90]);
/// assert_eq!(port.number(), 8080);
/// assert!(port == Port::from_number(8080));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Port(u16);

impl Port {
    /// Takes the two bytes as they stand in a header.
    #[inline]
    pub fn from_header(bytes: [u8; 2]) -> Self {
        Self(u16::from_ne_bytes(bytes))
    }

    /// Takes the number.
    #[inline]
    pub fn from_number(number: u16) -> Self {
        Self(number.to_be())
    }

    /// The two bytes as they stand in a header.
    #[inline]
    pub fn to_header(self) -> [u8; 2] {
        self.0.to_ne_bytes()
    }

    /// The number.
    #[inline]
    pub fn number(self) -> u16 {
        u16::from_be(self.0)
    }

    #[inline]
    pub(super) fn network_order(self) -> u16 {
        self.0
    }
}

/// An address, its bytes in the order of the network.
///
/// # Examples
///
/// ```
/// use crate::net::address::Address;
///
/// let loopback = Address::V4([127, 0, 0, 1]);
/// assert_eq!(loopback.bytes(), [127, 0, 0, 1]);
/// assert!(loopback != Address::V6([0; 16]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// Of IPv4.
    V4([u8; 4]),
    /// Of IPv6.
    V6([u8; 16]),
}

impl Address {
    /// The same as IPv6 has it: an address of IPv4 mapped.
    pub(super) fn mapped(&self) -> V6Address {
        match self {
            Self::V4([a, b, c, d]) => {
                V6Address::from_header([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, *a, *b, *c, *d])
            }
            Self::V6(bytes) => V6Address::from_header(*bytes),
        }
    }

    /// The same as IPv4 has it, if it is one of that, mapped.
    pub(super) fn unmapped(self) -> Self {
        match self {
            Self::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]) => {
                Self::V4([a, b, c, d])
            }
            address => address,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

/// An IPv6 address, aligned as C has it.
///
/// # Examples
///
/// ```
/// use crate::net::address::V6Address;
///
/// let mut all_nodes = [0; 16];
/// (all_nodes[0], all_nodes[1], all_nodes[15]) = (0xff, 0x02, 1);
/// assert!(V6Address::from_header(all_nodes).is_multicast());
/// ```
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct V6Address([u8; 16]);

impl V6Address {
    /// Takes the bytes as they stand in a header.
    #[inline]
    pub const fn from_header(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes as they stand in a header.
    #[inline]
    pub fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// Whether it names a group, `ipv6_addr_is_multicast()`.
    #[inline]
    pub fn is_multicast(&self) -> bool {
        let [first, ..] = self.0;
        first == 0xff
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *const bindings::in6_addr {
        from_ref(self).cast()
    }
}

#[kernel::prelude::kunit_tests(rust_net_address)]
mod tests {
    use super::*;

    /// `::ffff:192.0.2.1`.
    const MAPPED: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];

    #[test]
    fn mapped_and_back() {
        let address = Address::V4([192, 0, 2, 1]);
        assert_eq!(address.mapped().bytes(), MAPPED);
        assert!(Address::V6(MAPPED).unmapped() == address);
        assert!(address.unmapped() == address);
    }

    #[test]
    fn nearly_mapped() {
        // With one bit that is different.
        for place in 0..12 {
            let mut bytes = MAPPED;
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1;
            }
            assert!(Address::V6(bytes).unmapped() == Address::V6(bytes));
            assert_eq!(Address::V6(bytes).mapped().bytes(), bytes);
        }
        let any = Address::V6([0; 16]);
        assert!(any.unmapped() == any);
    }
}
