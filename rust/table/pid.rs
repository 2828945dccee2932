// SPDX-License-Identifier: GPL-2.0

//! Processes, by their number in a PID namespace.

use super::{Answer, Outcome, Table};
use crate::net::{
    namespace::Namespace,
    process::{PidNamespace, Process},
    socket::{Sock, SockCommon},
};

/// The processes of a PID namespace.
pub(crate) struct Pid;

/// What was found.
pub(crate) struct PidAnswer<'n>(pub(crate) Option<Process<'n>>);

impl Table for Pid {
    type Of = PidNamespace;
    type Key = u32;
    type Answer<'n> = PidAnswer<'n>;

    fn lookup<'n>(namespace: Namespace<'n, PidNamespace>, number: &u32) -> PidAnswer<'n> {
        PidAnswer(Process::find(namespace, *number))
    }
}

impl Answer for PidAnswer<'_> {
    fn outcome(&self) -> Outcome {
        match self.0 {
            Some(_) => Outcome::Process,
            None => Outcome::None,
        }
    }

    fn socket(&self) -> Option<&SockCommon> {
        None
    }

    fn full(&self) -> Option<&Sock> {
        None
    }
}
