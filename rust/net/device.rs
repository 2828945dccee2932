// SPDX-License-Identifier: GPL-2.0

//! Network devices.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)

use core::{
    ffi::c_int,
    ptr::{addr_of, addr_of_mut},
};
use kernel::ffi::c_ulong;
use kernel::{sync::aref::ARef, types::Opaque};

use super::{
    list,
    namespace::{Listed, Namespace, Net},
    owner, rcu,
};
use crate::bindings;

type Bytes = [u8; bindings::IFNAMSIZ as usize];

/// The name of a device.
///
/// # Examples
///
/// ```
/// use crate::net::device::Name;
///
/// let name = Name::new(b"eth0").ok_or(EINVAL)?;
/// assert_eq!(name.bytes(), b"eth0");
/// // One byte too long.
/// assert!(Name::new(b"0123456789abcdef").is_none());
/// # Ok::<(), Error>(())
/// ```
///
/// # Invariants
///
/// The last byte is zero.
pub struct Name(Bytes);

impl Name {
    /// Takes a name without a zero; `None` if none can be like that.
    pub fn new(name: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::default();
        let room = bytes.get_mut(..name.len())?;
        room.copy_from_slice(name);
        // INVARIANT: Checked.
        (name.len() < bytes.len() && !name.contains(&0) && !name.is_empty()).then_some(Self(bytes))
    }

    /// The bytes, up to the zero.
    pub fn bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// A network device, `struct net_device`.
///
/// # Examples
///
/// ```
/// use crate::net::{device::NetDevice, namespace::Namespace};
///
/// /// The index of the L3 master whose packets those of a device become.
/// fn master(namespace: Namespace<'_>, index: i32) -> Option<i32> {
///     let device = NetDevice::by_index(namespace, index)?;
///     let master = device.master(namespace.section())?;
///     master.is_l3_master().then(|| master.index())
/// }
/// ```
///
/// # Invariants
///
/// The device is valid, and was registered when the read-side section began in which it is used: it
/// is not unregistered to the end before the section is over (`synchronize_net()`), and so neither is
/// the namespace that it is in.
#[repr(transparent)]
pub struct NetDevice(Opaque<bindings::net_device>);

impl NetDevice {
    /// Views a device through its pointer; `None` if that is null.
    ///
    /// # Safety
    ///
    /// `dev` must be null or point to a device that is as the type invariants say for `'a`.
    #[inline]
    pub unsafe fn from_raw<'a>(dev: *const bindings::net_device) -> Option<&'a Self> {
        // SAFETY: Null or valid for `'a` by the safety requirement; the cast is to a transparent
        // wrapper. INVARIANT: By the safety requirement.
        unsafe { dev.cast::<Self>().as_ref() }
    }

    /// The pointer that C is given.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::net_device {
        self.0.get()
    }

    /// Whether the device is on its way from one namespace to another.
    pub(super) fn is_moving(&self) -> bool {
        // SAFETY: `self` is a valid device. Volatile, since who asks may not be the one who moves
        // it.
        unsafe { addr_of!((*self.0.get()).moving_ns).read_volatile() }
    }

    /// Keeps the memory of the device, and not the device, `get_device()`.
    pub(super) fn memory(&self) -> Memory {
        // SAFETY: `self` is a valid device; nothing is read.
        let device = unsafe { addr_of!((*self.0.get()).dev) };
        let device = device.cast_mut().cast();
        // SAFETY: As above: the member has a reference at least, until `free_netdev()`.
        let device = unsafe { kernel::device::Device::get_device(device) };
        Memory { _device: device }
    }

    /// The namespace that owns the device now, `dev_net_rcu()`: one load.
    ///
    /// It may be moved to another one at any time; the answer stays valid for the read-side
    /// section.
    #[inline]
    pub fn net<'a>(&self, section: rcu::Section<'a>) -> Listed<'a> {
        // SAFETY: `self` is a valid device.
        let net = unsafe { owner::of_device(self.0.get()) };
        // SAFETY: A device always has a namespace.
        let net = unsafe { Net::from_raw(net) };
        // SAFETY: By the type invariants the device was registered in this section, and in the
        // namespace: `default_device_exit_batch()` has the devices of a namespace leave, and waits for
        // those who use them, before its subsystems are undone.
        unsafe { Listed::assume(net, section) }
    }

    /// The device with an index in a namespace. Any context.
    ///
    /// `dev_get_by_index_rcu()` goes along a chain, which whoever chooses indexes can make as long as
    /// they like; this takes the same however many devices there are.
    pub fn by_index(namespace: Namespace<'_>, index: c_int) -> Option<&Self> {
        // SAFETY: The namespace is valid; nothing is read.
        let devices = unsafe { addr_of_mut!((*namespace.object().as_ptr()).dev_by_index) };
        let index = c_ulong::try_from(index).ok()?;
        // SAFETY: The array is that of the namespace, which is evidence of a read-side section.
        let dev = unsafe { bindings::xa_load(devices, index) };
        // SAFETY: Null, or a device that was in the list, and is valid for the section
        // (`unlist_netdevice()`).
        unsafe { Self::from_raw(dev.cast()) }
    }

    /// The device with a name in a namespace, `dev_get_by_name_rcu()`; other names by which it is
    /// known count as well. Any context.
    pub fn by_name<'n>(namespace: Namespace<'n>, name: &Name) -> Option<&'n Self> {
        let net = namespace.object().as_ptr();
        // SAFETY: The namespace is valid, and evidence of a read-side section; the name ends in a
        // zero.
        let dev = unsafe { bindings::dev_get_by_name_rcu(net, name.0.as_ptr()) };
        // SAFETY: Null, or valid for the section.
        unsafe { Self::from_raw(dev) }
    }

    /// The devices of a namespace, `for_each_netdev_rcu()`. Any context.
    pub fn all<'n>(namespace: Namespace<'n>) -> impl Iterator<Item = &'n Self> {
        let net = namespace.object().as_ptr();
        // SAFETY: The namespace is valid, and evidence of a read-side section; devices are freed by RCU
        // after they have left this list.
        let entries = unsafe { list::list(addr_of!((*net).dev_base_head)) };
        entries.filter_map(|entry| {
            let offset = core::mem::offset_of!(bindings::net_device, dev_list);
            let dev = entry.cast::<u8>().wrapping_sub(offset);
            // SAFETY: It is an entry of this list, valid for the section.
            unsafe { Self::from_raw(dev.cast()) }
        })
    }

    /// The name; while it is changed it may be of both.
    pub fn name(&self) -> Name {
        // SAFETY: `self` is a valid device. Volatile, since the name may change.
        let mut name = unsafe {
            addr_of!((*self.0.get()).name)
                .cast::<Bytes>()
                .read_volatile()
        };
        if let Some(last) = name.last_mut() {
            *last = 0;
        }
        // INVARIANT: The last byte is zero.
        Name(name)
    }

    /// The device that this one is a part of, `netdev_master_upper_dev_get_rcu()`. Any context.
    pub fn master<'n>(&self, _section: rcu::Section<'n>) -> Option<&'n Self> {
        // SAFETY: `self` is a valid device, in a read-side section.
        let master = unsafe { bindings::netdev_master_upper_dev_get_rcu(self.0.get()) };
        // SAFETY: Null, or valid for the section.
        unsafe { Self::from_raw(master) }
    }

    /// Whether it is an L3 master, `netif_is_l3_master()`: packets that a part of it receives arrive on
    /// it.
    pub fn is_l3_master(&self) -> bool {
        self.private_flags() & bindings::IFF_L3MDEV_MASTER as c_ulong != 0
    }

    /// Whether packets that it receives are taken for another device's after every hook at
    /// `LOCAL_IN` (`IFF_L3MDEV_RX_HANDLER`: the master of ipvlan in mode L3S).
    #[inline]
    pub fn gives_packets_away(&self) -> bool {
        self.private_flags() & bindings::IFF_L3MDEV_RX_HANDLER as c_ulong != 0
    }

    /// `priv_flags`.
    #[inline]
    fn private_flags(&self) -> c_ulong {
        // SAFETY: `self` is a valid device; each flag is set and cleared as a whole. The member is the
        // first 32 bits of a word, which bindgen's function would read one by one for each packet.
        let word = unsafe {
            addr_of!((*self.0.get()).__bindgen_anon_1.priv_flags_fast)
                .cast::<c_ulong>()
                .read_volatile()
        };
        if cfg!(target_endian = "little") {
            word
        } else {
            word >> (c_ulong::BITS - 32)
        }
    }

    /// The index, unique in its namespace.
    #[inline]
    pub fn index(&self) -> c_int {
        // SAFETY: `self` is a valid device. Volatile as `READ_ONCE()`, since a move may change it.
        unsafe { addr_of!((*self.0.get()).ifindex).read_volatile() }
    }
}

/// The memory of a device, held: as long as it is, no other device has the same address.
pub(super) struct Memory {
    _device: ARef<kernel::device::Device>,
}

#[kernel::prelude::kunit_tests(rust_net_device_name)]
mod tests {
    use super::*;

    #[test]
    fn up_to_fifteen_bytes() {
        assert!(Name::new(b"").is_none());
        assert!(Name::new(b"a\0b").is_none());
        assert!(Name::new(b"0123456789abcdef").is_none());
        for name in [&b"lo"[..], b"0123456789abcde"] {
            assert!(Name::new(name).is_some_and(|known| known.bytes() == name));
        }
    }
}
