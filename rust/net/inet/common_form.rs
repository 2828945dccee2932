// SPDX-License-Identifier: GPL-2.0

//! Packets of TCP and UDP as most of them are.

use super::{Family, Header, Ports, TCP, UDP};
use crate::net::packet::Packet;

/// A packet of TCP or UDP in its common form: its headers begin where its data does and are all in its
/// linear part, without options of IP, extension headers, fragments, and contradictions.
///
/// No larger than a pointer, and so passed on in a register: what the headers say is read where it is
/// needed.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{CommonForm, Family, TCP},
///     netfilter::Received,
/// };
///
/// /// Where a packet of TCP goes to, if it is one as most are.
/// fn destination<F: Family>(received: &Received<'_, F>) -> Option<u16> {
///     let form = CommonForm::<F>::of(&received.packet)?;
///     let is_tcp = form.protocol() == TCP;
///     is_tcp.then(|| form.ports().destination.number())
/// }
/// ```
pub struct CommonForm<'p, F: Family>(&'p F::Beginning);

impl<F: Family> Clone for CommonForm<'_, F> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for CommonForm<'_, F> {}

impl<'p, F: Family> CommonForm<'p, F> {
    /// Views a packet; `None` says no more than that it is no such packet. Any context.
    #[inline(always)]
    pub fn of(packet: &Packet<'p>) -> Option<Self> {
        let form = Self(F::beginning(packet)?);
        // No longer than the packet, which is at least as long as its beginning.
        let payload = packet.length().wrapping_sub(F::HEADER as u32);
        match form.protocol() {
            UDP => {
                let &[_, _, _, _, length @ .., _, _] = F::payload_of(form.0);
                let length = u32::from(u16::from_be_bytes(length));
                (8..=payload).contains(&length)
            }
            TCP => {
                let header: &[u8; 20] = packet.linear().get(F::HEADER..)?.first_chunk()?;
                let length = u32::from(header[12] >> 4) * 4;
                (20..=payload).contains(&length)
            }
            _ => false,
        }
        .then_some(form)
    }

    /// The protocol: [`TCP`] or [`UDP`].
    #[inline(always)]
    pub fn protocol(&self) -> u8 {
        self.header().protocol
    }

    /// The header of IP.
    #[inline(always)]
    pub fn header(&self) -> Header<F> {
        F::header_of(self.0)
    }

    /// The ports.
    #[inline(always)]
    pub fn ports(&self) -> Ports {
        let &[ports @ .., _, _, _, _] = F::payload_of(self.0);
        Ports::from_header(ports)
    }
}
