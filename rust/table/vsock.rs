// SPDX-License-Identifier: GPL-2.0

//! Vsock: connections, and if there is none, sockets that are bound.

use super::{Answer, Outcome, Table};
use crate::net::{
    namespace::{Namespace, Net},
    socket::{Sock, SockCommon},
    vsock::{End, VsockSocket},
};

/// The vsock sockets.
pub(crate) struct Vsock;

/// What they are looked up by.
pub(crate) struct VsockKey {
    /// Where the socket is.
    pub(crate) local: End,
    /// The other end of its connection.
    pub(crate) remote: Option<End>,
}

/// What was found.
pub(crate) struct VsockAnswer<'n>(pub(crate) Option<VsockSocket<'n>>);

impl Table for Vsock {
    type Of = Net;
    type Key = VsockKey;
    type Answer<'n> = VsockAnswer<'n>;

    fn lookup<'n>(namespace: Namespace<'n>, key: &VsockKey) -> VsockAnswer<'n> {
        let connected = key
            .remote
            .and_then(|remote| VsockSocket::connected(namespace, key.local, remote));
        VsockAnswer(connected.or_else(|| VsockSocket::bound(namespace, key.local)))
    }
}

impl Answer for VsockAnswer<'_> {
    fn outcome(&self) -> Outcome {
        match &self.0 {
            Some(socket) if socket.is_listening() => Outcome::Listener,
            Some(socket) if socket.is_connected() => Outcome::Connected,
            Some(_) => Outcome::Unconnected,
            None => Outcome::None,
        }
    }

    fn socket(&self) -> Option<&SockCommon> {
        self.0.as_ref().map(|socket| -> &SockCommon { socket })
    }

    fn full(&self) -> Option<&Sock> {
        self.0.as_deref()
    }
}
