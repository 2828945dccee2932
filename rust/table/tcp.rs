// SPDX-License-Identifier: GPL-2.0

//! TCP: connections, and if there is none, listeners.

use core::marker::PhantomData;

use super::{Answer, Outcome, Table};
use crate::net::{
    inet::{Family, Tuple},
    namespace::{Namespace, Net},
    socket::{Borrowed, Connection, Found, Sock, SockCommon},
};

/// The TCP tables of a family.
pub(crate) struct Tcp<F>(PhantomData<F>);

/// What has a place in them.
pub(crate) enum TcpAnswer<'n> {
    /// A connection, owned.
    Connection(Connection<'n>),
    /// A listener, or one of a group of them.
    Listener(Borrowed<'n, Sock>),
    /// A socket of another namespace, which a BPF program chose.
    Foreign,
    /// Nothing.
    None,
}

impl<F: Family> Tcp<F> {
    /// Looks for a connection alone: the socket that is told of an error. Any context.
    #[inline(always)]
    pub(crate) fn connection<'n>(namespace: Namespace<'n>, tuple: &Tuple<F>) -> TcpAnswer<'n> {
        match F::lookup_connection(namespace, tuple) {
            Some(connection) => TcpAnswer::Connection(connection),
            None => TcpAnswer::None,
        }
    }

    /// Looks for a listener alone: the socket that a connection could be asked of. Any context.
    #[inline(always)]
    pub(crate) fn listener<'n>(namespace: Namespace<'n>, tuple: &Tuple<F>) -> TcpAnswer<'n> {
        match F::lookup_listener(namespace, tuple) {
            Found::Own(listener) => TcpAnswer::Listener(listener),
            Found::Foreign => TcpAnswer::Foreign,
            Found::None => TcpAnswer::None,
        }
    }
}

impl<F: Family> Table for Tcp<F> {
    type Of = Net;
    type Key = Tuple<F>;
    type Answer<'n> = TcpAnswer<'n>;

    /// In the order of `__inet_lookup()`.
    #[inline(always)]
    fn lookup<'n>(namespace: Namespace<'n>, tuple: &Tuple<F>) -> TcpAnswer<'n> {
        if let Some(connection) = F::lookup_connection(namespace, tuple) {
            return TcpAnswer::Connection(connection);
        }
        Self::listener(namespace, tuple)
    }
}

impl Answer for TcpAnswer<'_> {
    #[inline]
    fn outcome(&self) -> Outcome {
        match self {
            Self::Connection(Connection::Established(_)) => Outcome::Established,
            Self::Connection(Connection::TimeWait(_)) => Outcome::TimeWait,
            Self::Connection(Connection::Request(_)) => Outcome::Request,
            Self::Listener(listener) if listener.is_in_reuseport_group() => Outcome::Ambiguous,
            Self::Listener(_) => Outcome::Listener,
            Self::Foreign => Outcome::Foreign,
            Self::None => Outcome::None,
        }
    }

    #[inline]
    fn socket(&self) -> Option<&SockCommon> {
        match self {
            Self::Connection(Connection::Established(socket)) => Some(socket),
            Self::Connection(Connection::TimeWait(socket)) => Some(socket),
            Self::Connection(Connection::Request(socket)) => Some(socket),
            Self::Listener(socket) => Some(socket),
            Self::Foreign | Self::None => None,
        }
    }

    #[inline]
    fn full(&self) -> Option<&Sock> {
        match self {
            Self::Connection(Connection::Established(socket)) => Some(socket),
            Self::Listener(socket) => Some(socket),
            Self::Connection(_) | Self::Foreign | Self::None => None,
        }
    }
}
