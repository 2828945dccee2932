// SPDX-License-Identifier: GPL-2.0

//! What can be asked of the family, each as one call.

use super::answer::Answer;
use super::attribute::Attribute;
use super::connection::Connection;
use super::message::{FromAttributes, Reply, Request};
use super::namespace::Namespace;
use super::spec::{self, Command, Mode};
use crate::error::Error;
use crate::key::Key;
use crate::selector::Target;

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
    match connection.dump(lookup_request(targets, key)) {
        Ok(replies) => all(replies),
        Err(error) => {
            // Which of them is to blame, asked one by one.
            for target in targets {
                namespace(connection, target)?;
            }
            Err(error)
        }
    }
}

fn lookup_request(targets: &[Target], key: &Key) -> Request {
    let mut attributes: Vec<_> = targets
        .iter()
        .map(|target| target.nest(spec::lookup::NETNS))
        .collect();
    attributes.extend(key.attributes());
    Request {
        command: key.command(),
        attributes,
    }
}

/// Looks a process up in the PID namespace that the key says, or in the caller's own.
pub(crate) fn process(connection: &mut Connection, key: &Key) -> Result<Answer, Error> {
    one(connection.ask(lookup_request(&[], key))?)
}

/// Tells about one namespace.
pub(crate) fn namespace(connection: &mut Connection, target: &Target) -> Result<Namespace, Error> {
    let replies = connection
        .ask(namespace_request(Command::NamespaceGet, target))
        .map_err(|error| error.about(target))?;
    one(replies)
}

/// Tells about these namespaces, or all that the caller may see if none is named. That there is
/// none at all is an error.
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
    let namespaces = all(connection.dump(Request {
        command: Command::NamespaceGet,
        attributes: Vec::new(),
    })?)?;
    if namespaces.is_empty() {
        return Err(Error::NothingToSee);
    }
    Ok(namespaces)
}

/// Changes what nsmux does in a namespace.
pub(crate) fn set_mode(
    connection: &mut Connection,
    target: &Target,
    mode: Mode,
) -> Result<(), Error> {
    act(connection, mode_request(target, mode), target)
}

fn mode_request(target: &Target, mode: Mode) -> Request {
    let mut request = namespace_request(Command::ModeSet, target);
    let mode = Attribute::u32(spec::namespace::MODE, mode.into());
    request.attributes.push(mode);
    request
}

/// Lets a namespace count from 0 again.
pub(crate) fn reset(connection: &mut Connection, target: &Target) -> Result<(), Error> {
    let request = namespace_request(Command::CountersReset, target);
    act(connection, request, target)
}

fn namespace_request(command: Command, target: &Target) -> Request {
    Request {
        command,
        attributes: vec![target.nest(spec::namespace::NETNS)],
    }
}

fn act(connection: &mut Connection, request: Request, target: &Target) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::device::Device;
    use crate::key::Arrival;
    use crate::netlink::recorded::{bytes, emitted, COOKIE};
    use crate::netlink::spec::Table;
    use crate::selector::Selector;

    fn target(text: &str) -> Target {
        text.parse::<Selector>().unwrap().open().unwrap()
    }

    fn key(local: &str, remote: Option<&str>) -> Key {
        Key::Tuple {
            table: Table::Tcp,
            local: local.parse().unwrap(),
            remote: remote.map(|remote| remote.parse().unwrap()),
            arrival: Arrival::default(),
        }
    }

    #[test]
    fn lookups_are_asked_as_the_kernel_s_library_asks() {
        let netns = [target(&format!("cookie:{COOKIE}"))];
        let listener = key("127.0.0.1:8080", None);
        assert_eq!(
            emitted(&lookup_request(&netns, &listener)),
            bytes("listener-request")
        );
        assert_eq!(
            emitted(&lookup_request(&[], &listener)),
            bytes("everywhere-request")
        );
        let connection = key("127.0.0.1:8080", Some("127.0.0.1:4242"));
        assert_eq!(
            emitted(&lookup_request(&netns, &connection)),
            bytes("established-request")
        );
        let key = Key::Tuple {
            table: Table::Udp,
            local: "[fd00::2]:53".parse().unwrap(),
            remote: None,
            arrival: Arrival {
                device: Some(Device::Index(3)),
                slave: Some(2),
            },
        };
        assert_eq!(
            emitted(&lookup_request(&netns, &key)),
            bytes("ipv6-request")
        );
    }

    #[test]
    fn namespaces_are_named_as_the_kernel_s_library_names_them() {
        let get = |text: &str| emitted(&namespace_request(Command::NamespaceGet, &target(text)));
        assert_eq!(get(&format!("cookie:{COOKIE}")), bytes("namespace-request"));
        assert_eq!(get("pid:4194304"), bytes("pid-request"));
        assert_eq!(get("nsid:2147483647"), bytes("reset-request"));
        // The number of a descriptor is not ours to choose; all else is the same.
        let descriptor = get("/proc/self/ns/net");
        assert_eq!(descriptor[..8], bytes("descriptor-request")[..8]);
        assert_eq!(descriptor.len(), bytes("descriptor-request").len());
        let mode = mode_request(&target(&format!("cookie:{}", 1u64 << 40)), Mode::Observe);
        assert_eq!(emitted(&mode), bytes("mode-request"));
    }
}
