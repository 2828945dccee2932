// SPDX-License-Identifier: GPL-2.0

//! IPv6 extension headers, and how far they let a packet come.
//!
//! Who only reads a packet passes over them, as `ipv6_skip_exthdr()` does. Who receives it does what
//! they say, `net/ipv6/exthdrs.c`: they may send the packet on, or have it dropped, and no socket is
//! looked for then.
//!
//! C headers: [`include/net/ipv6.h`](srctree/include/net/ipv6.h),
//! [`include/net/if_inet6.h`](srctree/include/net/if_inet6.h)

use core::{mem::offset_of, ptr::addr_of};
use kernel::ffi::c_int;

use super::{Family, Fragment, Header, Stop, V6Address};
use crate::{
    bindings,
    net::{device::NetDevice, namespace::Namespace, packet::Packet},
};

/// `NEXTHDR_HOP`
const HOP_BY_HOP: u8 = 0;
/// `NEXTHDR_IPV4`
const IPV4: u8 = 4;
/// `NEXTHDR_IPV6`
const IPV6: u8 = 41;
/// `NEXTHDR_ROUTING`
const ROUTING: u8 = 43;
/// `NEXTHDR_FRAGMENT`
pub(super) const FRAGMENT: u8 = 44;
/// `NEXTHDR_AUTH`
const AUTHENTICATION: u8 = 51;
/// `NEXTHDR_NONE`
pub(super) const NO_NEXT: u8 = 59;
/// `NEXTHDR_DEST`
const DESTINATION: u8 = 60;

/// How many extension headers are followed, as many as the kernel does (`IP6_MAX_EXT_HDRS_CNT`).
const MOST: usize = 12;

/// `IPV6_TLV_PAD1`
const PAD1: u8 = 0;
/// `IPV6_TLV_PADN`
const PADN: u8 = 1;
/// How many bytes of padding there may be in a row.
const MOST_PADDING: u32 = 7;

/// `IPV6_SRCRT_TYPE_2`, of Mobile IPv6.
const HOME_ADDRESS: u8 = 2;
/// `IPV6_SRCRT_TYPE_3`, of RPL.
const SOURCE_ROUTE: u8 = 3;
/// `IPV6_SRCRT_TYPE_4`, of SRv6.
const SEGMENTS: u8 = 4;

/// Goes on to the payload behind all extension headers; `None` if they are cut short or too many.
/// Any context.
pub(super) fn pass_over<F: Family<Address = V6Address>>(
    packet: &Packet<'_>,
    mut header: Header<F>,
) -> Option<Header<F>> {
    // Once more than there may be, for what follows the last.
    for _ in 0..=MOST {
        if !is_extension(header.protocol) {
            return Some(header);
        }
        let passed = pass(packet, &mut header);
        if header.fragment == Fragment::Later {
            return Some(header);
        }
        passed?;
    }
    None
}

/// Goes on to what the stack hands a received packet to at last, behind the headers that it has done
/// with by then. Any context.
///
/// AH ends the way: what its check lets pass comes by once more, without it. Options for each hop,
/// which have their place right behind the first header, were heeded before `LOCAL_IN`.
#[cold]
pub(super) fn heed<F: Family<Address = V6Address>>(
    packet: &Packet<'_>,
    mut header: Header<F>,
    namespace: Namespace<'_>,
    device: Option<&NetDevice>,
) -> Result<Header<F>, Stop> {
    let mut was_fragment = false;
    for _ in 0..=MOST {
        let (kind, begin) = (header.protocol, header.payload);
        match kind {
            HOP_BY_HOP if !header.is_extended => {}
            FRAGMENT if !was_fragment => was_fragment = true,
            // The kernel puts a packet together once.
            FRAGMENT => return Err(Stop::Dropped),
            ROUTING | DESTINATION => {}
            _ => return Ok(header),
        }
        pass(packet, &mut header).ok_or(Stop::Unparsed)?;
        match kind {
            ROUTING => heed_route(packet, begin, &header, namespace, device)?,
            DESTINATION => heed_options(packet, begin, header.payload, namespace)?,
            _ if header.fragment == Fragment::Later => return Ok(header),
            _ => {}
        }
    }
    Err(Stop::Dropped)
}

fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION | AUTHENTICATION
    )
}

/// Passes over one extension header; `None` if it is not all there.
fn pass<F: Family<Address = V6Address>>(packet: &Packet<'_>, header: &mut Header<F>) -> Option<()> {
    let length = if header.protocol == FRAGMENT {
        let [protocol, _, high, low, _, _, _, _]: [u8; 8] = packet.read(header.payload)?;
        let place = u16::from_be_bytes([high, low]);
        header.protocol = protocol;
        header.fragment = Fragment::new(place & !7, place & 1 != 0);
        8
    } else {
        let [protocol, length]: [u8; 2] = packet.read(header.payload)?;
        let is_authentication = header.protocol == AUTHENTICATION;
        header.protocol = protocol;
        if is_authentication {
            u32::from(length) * 4 + 8
        } else {
            u32::from(length) * 8 + 8
        }
    };
    header.is_extended = true;
    header.payload = header.payload.checked_add(length)?;
    (header.payload <= packet.length()).then_some(())
}

/// What a routing header does with the packet, `ipv6_rthdr_rcv()`. `passed` is the header with what
/// follows the routing header.
///
/// A packet that is sent on to another address of this host is delivered without coming by here once
/// more: it counts as sent on. So does one of Mobile IPv6, for which xfrm has a state or not.
fn heed_route<F: Family<Address = V6Address>>(
    packet: &Packet<'_>,
    begin: u32,
    passed: &Header<F>,
    namespace: Namespace<'_>,
    device: Option<&NetDevice>,
) -> Result<(), Stop> {
    let [_, length, kind, left, sizes, padding, _, _]: [u8; 8] =
        packet.read(begin).ok_or(Stop::Unparsed)?;
    if passed.destination.is_multicast() || !packet.is_for_this_host() {
        return Err(Stop::Dropped);
    }
    let accepts = |setting| Setting::read(setting, namespace, device).is_some_and(|it| it != 0);
    match (kind, left) {
        (SEGMENTS, _) if !accepts(Setting::Segments) => Err(Stop::Dropped),
        (SOURCE_ROUTE, _) if !accepts(Setting::SourceRoutes) => Err(Stop::Dropped),
        // What is in the tunnel comes by as a packet of its own.
        (SEGMENTS, 0) if matches!(passed.protocol, IPV4 | IPV6) => Err(Stop::Routed),
        (SOURCE_ROUTE, 0) if passed.protocol == IPV6 => Err(Stop::Routed),
        (SEGMENTS, 1..) if left < length >> 1 => Err(Stop::Routed),
        (SOURCE_ROUTE, 1..) if is_source_route(length, left, sizes, padding) => Err(Stop::Routed),
        (HOME_ADDRESS, 1)
            if cfg!(CONFIG_IPV6_MIP6)
                && length == 2
                && Setting::read(Setting::HomeAddresses, namespace, device)
                    .is_none_or(|it| it >= 0) =>
        {
            Err(Stop::Routed)
        }
        (HOME_ADDRESS, 0) if cfg!(CONFIG_IPV6_MIP6) => Err(Stop::Dropped),
        (_, 0) => Ok(()),
        _ => Err(Stop::Dropped),
    }
}

/// Whether there are as many segments as are left in a routing header of RPL, in which those are
/// shortened: `ipv6_rpl_srh_rcv()`.
fn is_source_route(length: u8, left: u8, sizes: u8, padding: u8) -> bool {
    let (inner, last) = (16 - u32::from(sizes >> 4), 16 - u32::from(sizes & 0xf));
    let Some(bytes) = (u32::from(length) * 8).checked_sub(u32::from(padding >> 4) + last) else {
        return false;
    };
    let segments = bytes / inner + 1;
    bytes % inner == 0 && segments <= 127 && u32::from(left) <= segments
}

/// What the options for the destination do with the packet, `ipv6_destopt_rcv()`; `begin` and `end`
/// are those of the header.
///
/// The option of Mobile IPv6 is taken for refused, as it is without a state for it in xfrm.
fn heed_options(
    packet: &Packet<'_>,
    begin: u32,
    end: u32,
    namespace: Namespace<'_>,
) -> Result<(), Stop> {
    let (most, longest) = most_options(namespace);
    if i64::from(end.wrapping_sub(begin)) > i64::from(longest) {
        return Err(Stop::Dropped);
    }
    let mut options = 0_u32;
    let mut padding = 0_u32;
    let mut at = begin.wrapping_add(2);
    while at < end {
        let [kind]: [u8; 1] = packet.read(at).ok_or(Stop::Unparsed)?;
        if kind == PAD1 {
            padding = padding.wrapping_add(1);
            at = at.wrapping_add(1);
        } else {
            let [_, length]: [u8; 2] = packet.read(at).ok_or(Stop::Unparsed)?;
            let length = u32::from(length) + 2;
            if length > end.wrapping_sub(at) {
                return Err(Stop::Unparsed);
            }
            if kind == PADN {
                padding = padding.wrapping_add(length);
                if padding > MOST_PADDING || !is_blank(packet, at.wrapping_add(2), length - 2)? {
                    return Err(Stop::Dropped);
                }
            } else {
                padding = 0;
                options = options.wrapping_add(1);
                // The upper two bits say what to do with an option that is not known: 0 is to
                // ignore it. A negative limit is one that wants all to be known.
                if options > most.unsigned_abs() || most < 0 || kind >> 6 != 0 {
                    return Err(Stop::Dropped);
                }
            }
            at = at.wrapping_add(length);
        }
        if padding > MOST_PADDING {
            return Err(Stop::Dropped);
        }
    }
    Ok(())
}

/// Whether so many bytes are all 0.
fn is_blank(packet: &Packet<'_>, begin: u32, length: u32) -> Result<bool, Stop> {
    for offset in 0..length {
        let [byte]: [u8; 1] = packet
            .read(begin.wrapping_add(offset))
            .ok_or(Stop::Unparsed)?;
        if byte != 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many options for the destination a packet may have, and how many bytes they may take.
fn most_options(namespace: Namespace<'_>) -> (c_int, c_int) {
    let net = namespace.object().as_ptr();
    // SAFETY: The namespace is valid. Volatile as `READ_ONCE()`: they are variables of sysctl.
    let most = unsafe { addr_of!((*net).ipv6.sysctl.max_dst_opts_cnt).read_volatile() };
    // SAFETY: As above.
    let longest = unsafe { addr_of!((*net).ipv6.sysctl.max_dst_opts_len).read_volatile() };
    (most, longest)
}

/// A variable of sysctl that all devices of a namespace have, by its place.
#[repr(usize)]
enum Setting {
    /// `seg6_enabled`
    Segments = offset_of!(bindings::ipv6_devconf, seg6_enabled),
    /// `rpl_seg_enabled`
    SourceRoutes = offset_of!(bindings::ipv6_devconf, rpl_seg_enabled),
    /// `accept_source_route`
    HomeAddresses = offset_of!(bindings::ipv6_devconf, accept_source_route),
}

impl Setting {
    /// The lesser of the values for all devices and for this one; `None` if there is none for it.
    fn read(self, namespace: Namespace<'_>, device: Option<&NetDevice>) -> Option<c_int> {
        let net = namespace.object().as_ptr();
        // SAFETY: The namespace is valid, and has this as long as it is.
        let all = unsafe { addr_of!((*net).ipv6.devconf_all).read() };
        let device = device?.as_ptr();
        // SAFETY: The device is valid. Volatile as `rcu_dereference()`.
        let own = unsafe { addr_of!((*device).ip6_ptr).read_volatile() };
        if own.is_null() {
            return None;
        }
        // SAFETY: Valid in the read-side section of which the namespace is evidence.
        let own = unsafe { addr_of!((*own).cnf) };
        let offset = self as usize;
        let value = |table: *const bindings::ipv6_devconf| {
            let variable = table.wrapping_byte_add(offset).cast::<c_int>();
            // SAFETY: Both tables are valid, and the variable is at this place in them. Volatile as
            // `READ_ONCE()`.
            unsafe { variable.read_volatile() }
        };
        Some(value(all).min(value(own)))
    }
}
