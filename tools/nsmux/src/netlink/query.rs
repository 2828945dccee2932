// SPDX-License-Identifier: GPL-2.0

//! What can be asked of the family, each as one call.

use std::net::SocketAddr;

use super::answer::Answer;
use super::attribute::Attribute;
use super::connection::Connection;
use super::message::{FromAttributes, Reply, Request};
use super::namespace::Namespace;
use super::spec::{self, Command, Mode, Table};
use crate::error::Error;
use crate::selector::Target;

/// What to look up.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// The table.
    pub(crate) table: Table,
    /// The end where the socket is.
    pub(crate) local: SocketAddr,
    /// The other end.
    pub(crate) remote: Option<SocketAddr>,
    /// The index of the device that the packet arrives on.
    pub(crate) device: Option<u32>,
    /// The index of the slave, if that device is an L3 master.
    pub(crate) slave: Option<u32>,
}

impl Key {
    fn attributes(&self) -> Vec<Attribute> {
        use spec::lookup::*;
        let mut attributes = vec![
            Attribute::u32(TABLE, self.table.into()),
            Attribute::address(LOCAL_ADDRESS, self.local.ip()),
            Attribute::port(LOCAL_PORT, self.local.port()),
        ];
        if let Some(remote) = self.remote {
            attributes.push(Attribute::address(REMOTE_ADDRESS, remote.ip()));
            attributes.push(Attribute::port(REMOTE_PORT, remote.port()));
        }
        attributes.extend(self.device.map(|index| Attribute::u32(DEVICE, index)));
        attributes.extend(self.slave.map(|index| Attribute::u32(SLAVE, index)));
        attributes
    }
}

/// Looks a key up in one namespace.
pub(crate) fn lookup(
    connection: &mut Connection,
    target: &Target,
    key: &Key,
) -> Result<Answer, Error> {
    let request = lookup_request(std::slice::from_ref(target), key);
    let replies = connection
        .ask(request)
        .map_err(|error| error.about(target))?;
    one(replies)
}

/// Looks a key up in these namespaces, or everywhere that the caller may see if none is named.
/// There is an answer for each namespace in which something was found.
pub(crate) fn lookup_all(
    connection: &mut Connection,
    targets: &[Target],
    key: &Key,
) -> Result<Vec<Answer>, Error> {
    all(connection.dump(lookup_request(targets, key))?)
}

fn lookup_request(targets: &[Target], key: &Key) -> Request {
    let mut attributes: Vec<_> = targets
        .iter()
        .map(|target| target.nest(spec::lookup::NETNS))
        .collect();
    attributes.extend(key.attributes());
    Request {
        command: Command::Lookup,
        attributes,
    }
}

/// Tells about one namespace.
pub(crate) fn namespace(connection: &mut Connection, target: &Target) -> Result<Namespace, Error> {
    let request = Request {
        command: Command::NamespaceGet,
        attributes: vec![target.nest(spec::namespace::NETNS)],
    };
    one(connection
        .ask(request)
        .map_err(|error| error.about(target))?)
}

/// Tells about these namespaces, or all that the caller may see if none is named.
pub(crate) fn namespaces(
    connection: &mut Connection,
    targets: &[Target],
) -> Result<Vec<Namespace>, Error> {
    if !targets.is_empty() {
        return targets
            .iter()
            .map(|target| namespace(connection, target))
            .collect();
    }
    all(connection.dump(Request {
        command: Command::NamespaceGet,
        attributes: Vec::new(),
    })?)
}

/// Changes what nsmux does in a namespace.
pub(crate) fn set_mode(
    connection: &mut Connection,
    target: &Target,
    mode: Mode,
) -> Result<(), Error> {
    let attributes = vec![
        target.nest(spec::namespace::NETNS),
        Attribute::u32(spec::namespace::MODE, mode.into()),
    ];
    act(connection, Command::ModeSet, attributes, target)
}

/// Lets a namespace count from 0 again.
pub(crate) fn reset(connection: &mut Connection, target: &Target) -> Result<(), Error> {
    let attributes = vec![target.nest(spec::namespace::NETNS)];
    act(connection, Command::CountersReset, attributes, target)
}

fn act(
    connection: &mut Connection,
    command: Command,
    attributes: Vec<Attribute>,
    target: &Target,
) -> Result<(), Error> {
    let request = Request {
        command,
        attributes,
    };
    connection
        .ask(request)
        .map_err(|error| error.about(target))?;
    Ok(())
}

fn one<T: FromAttributes>(replies: Vec<Reply>) -> Result<T, Error> {
    match replies.as_slice() {
        [reply] => Ok(T::from_attributes(reply.attributes())?),
        replies => Err(Error::Protocol(format!(
            "{} answers where one was expected",
            replies.len()
        ))),
    }
}

fn all<T: FromAttributes>(replies: Vec<Reply>) -> Result<Vec<T>, Error> {
    replies
        .iter()
        .map(|reply| T::from_attributes(reply.attributes()).map_err(Error::from))
        .collect()
}
