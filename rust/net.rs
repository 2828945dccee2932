// SPDX-License-Identifier: GPL-2.0

//! Networking: safe views of the kernel's objects.
//!
//! Written as if for `rust/kernel/net/`: nothing here knows who uses it. All calls of C and nearly all
//! `unsafe` are in this folder. Its files in the order in which a packet meets them:
//!
//! - [`netfilter`] calls a hook with a [`packet`] and the state that says where it came from;
//! - that state leads to a [`device`] or a [`socket`], and each of these to its [`namespace`];
//! - [`inet`] looks in the namespace's tables for the socket that the packet is for;
//! - [`percpu`] counts, [`trace`] tells;
//! - [`delivery`] hands what was found to the stack.
//!
//! Tables that no packet asks are here as well: [`packet_socket`], [`unix`], [`netlink_socket`],
//! [`vsock`], [`sctp`], [`mptcp`], and [`process`] with its own kind of namespace.
//!
//! [`pernet`] gives each namespace its state, its [`netfilter`] hooks, its [`sysctl`] variables and
//! its [`procfs`] file, and takes them away in the order that is safe. [`device_events`] tells it of
//! the namespace's devices, for which [`perdevice`] keeps something, with a directory in [`sysfs`].
//!
//! # Examples
//!
//! Who counts the packets of IPv4 for each namespace, shows the number in `/proc/net/seen`, and
//! begins anew when something is written to `net.seen.reset`:
//!
//! ```
//! use crate::net::{
//!     device_events::{Event, Watcher},
//!     inet::V4,
//!     namespace::Alive,
//!     netfilter::{Accept, Hook, Incoming, Receive},
//!     pernet::{Id, Living, PerNamespace, Registration, Slot},
//!     procfs::File,
//!     sysctl::{Directory, Variable},
//! };
//! use core::convert::Infallible;
//! use kernel::{
//!     seq_file::seq_print,
//!     sync::atomic::{Atomic, Relaxed},
//! };
//!
//! struct Seen {
//!     packets: Atomic<u64>,
//! }
//!
//! impl Receive<Seen, V4> for Seen {
//!     fn receive(seen: &Seen, _packet: Incoming<'_, V4>) -> Accept {
//!         seen.packets.fetch_add(1, Relaxed);
//!         Accept::packet()
//!     }
//! }
//!
//! impl Watcher for Seen {
//!     fn device(&self, _event: Event<'_>) {}
//! }
//!
//! static ID: Id<Seen> = Id::unregistered();
//!
//! // SAFETY: The identifier is the one static above.
//! unsafe impl PerNamespace for Seen {
//!     const HOOKS: &'static [Hook<Self>] = &[Hook::local_in::<V4, Self>(200)];
//!     const DIRECTORY: Directory<Slot<Self>> = Directory {
//!         path: c"net/seen",
//!         variables: &[Variable {
//!             name: c"reset",
//!             read: |_| "",
//!             write: Some(|slot, _| {
//!                 slot.packets.store(0, Relaxed);
//!                 Ok(())
//!             }),
//!         }],
//!     };
//!     const FILE: File<Slot<Self>> = File {
//!         name: c"seen",
//!         show: |slot, file| seq_print!(file, "{}\n", slot.packets.load(Relaxed)),
//!     };
//!
//!     fn id() -> &'static Id<Self> {
//!         &ID
//!     }
//!
//!     fn new(_net: Alive<'_>) -> impl PinInit<Self, Infallible> {
//!         init!(Self {
//!             packets: Atomic::new(0),
//!         })
//!     }
//!
//!     fn born(slot: Living<'_, Self>) {
//!         if let Err(error) = slot.set_hooks() {
//!             pr_warn!(
//!                 "no hook in namespace {}: {:?}\n",
//!                 slot.net().cookie(),
//!                 error
//!             );
//!         }
//!     }
//!
//!     fn leaving(_slot: Living<'_, Self>) {}
//! }
//!
//! /// What the module has for as long as it is loaded.
//! fn registration() -> impl PinInit<Registration<Seen>, Error> {
//!     Registration::new()
//! }
//! ```

pub mod address;
pub mod allowance;
pub mod atomic;
pub mod by_cookie;
pub mod chains;
pub mod delivery;
pub mod device;
pub mod device_events;
pub mod genetlink;
pub mod hashtables;
pub mod inet;
pub mod lazy;
mod list;
pub mod mailbox;
mod module_function;
pub mod mptcp;
pub mod namespace;
pub mod netfilter;
pub mod netlink_socket;
mod owner;
pub mod packet;
pub mod packet_socket;
pub mod percpu;
pub mod perdevice;
pub mod periodic;
pub mod pernet;
pub mod process;
pub mod procfs;
pub mod queue;
pub mod rcu;
pub mod release;
pub mod rtnl;
pub mod sctp;
pub mod socket;
mod socket_tables;
pub mod sysctl;
pub mod sysfs;
pub mod trace;
pub mod unix;
pub mod vsock;
