// SPDX-License-Identifier: GPL-2.0

//! A netlink socket on which requests are made and events come in.

use netlink_packet_core::{
    NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST,
};
use netlink_packet_generic::ctrl::nlas::{GenlCtrlAttrs, McastGrpAttrs};
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::GenlMessage;
use netlink_sys::{protocols::NETLINK_GENERIC, Socket, SocketAddr};

use super::acknowledgement::Refusal;
use super::message::{Reply, Request};
use super::spec;
use crate::error::Error;

/// Names and numbers of multicast groups.
type Groups = Vec<(String, u32)>;

/// A socket that speaks to the family.
pub(crate) struct Connection {
    socket: Socket,
    family: u16,
    groups: Groups,
    sequence: u32,
}

impl Connection {
    /// Opens a socket and asks for the family; there is none while the module is not loaded.
    pub(crate) fn open() -> Result<Self, Error> {
        let socket = open_socket().map_err(Error::io("open a netlink socket"))?;
        let mut connection = Connection {
            socket,
            family: 0,
            groups: Vec::new(),
            sequence: 0,
        };
        let family = connection.ask_for_family(spec::FAMILY)?;
        (connection.family, connection.groups) = family.ok_or(Error::NotLoaded)?;
        Ok(connection)
    }

    /// The number of a family of generic netlink, and the names and numbers of its groups.
    fn ask_for_family(&mut self, name: &str) -> Result<Option<(u16, Groups)>, Error> {
        let question = GenlMessage::from_payload(GenlCtrl {
            cmd: GenlCtrlCmd::GetFamily,
            nlas: vec![GenlCtrlAttrs::FamilyName(name.to_string())],
        });
        let answers: Vec<GenlMessage<GenlCtrl>> = match self.exchange(question, NLM_F_ACK) {
            Err(Error::Refused(refusal)) if refusal.errno == ENOENT => return Ok(None),
            answers => answers?,
        };
        let mut family = 0;
        let mut groups = Groups::new();
        for attribute in answers.into_iter().flat_map(|answer| answer.payload.nlas) {
            match attribute {
                GenlCtrlAttrs::FamilyId(number) => family = number,
                GenlCtrlAttrs::McastGroups(found) => {
                    groups.extend(found.iter().filter_map(|group| named(group)));
                }
                _ => {}
            }
        }
        Ok(Some((family, groups)))
    }

    /// The number of a group of any family of generic netlink.
    pub(crate) fn group_of(&mut self, family: &str, group: &str) -> Result<u32, Error> {
        let (_, groups) = self
            .ask_for_family(family)?
            .ok_or_else(|| Error::Usage(format!("generic netlink has no family `{family}`")))?;
        let named = groups.iter().find(|(name, _)| name == group);
        named.map(|(_, number)| *number).ok_or_else(|| {
            let names: Vec<&str> = groups.iter().map(|(name, _)| name.as_str()).collect();
            let names = names.join(", ");
            Error::Usage(format!(
                "the family `{family}` has no group `{group}` (it has: {names})"
            ))
        })
    }

    /// Makes a request about one thing and returns what is answered before the acknowledgement.
    pub(crate) fn ask(&mut self, request: Request) -> Result<Vec<Reply>, Error> {
        self.request(request, NLM_F_ACK)
    }

    /// Makes a request about all there is.
    pub(crate) fn dump(&mut self, request: Request) -> Result<Vec<Reply>, Error> {
        self.request(request, NLM_F_DUMP)
    }

    fn request(&mut self, request: Request, flags: u16) -> Result<Vec<Reply>, Error> {
        let mut message = GenlMessage::from_payload(request);
        message.set_resolved_family_id(self.family);
        let answers: Vec<GenlMessage<Reply>> = self.exchange(message, flags)?;
        let answers = answers.into_iter().map(|answer| answer.payload);
        // One without attributes says that a dump goes on.
        Ok(answers.filter(|answer| !answer.is_empty()).collect())
    }

    /// Sends a message, and receives until the kernel says that it has answered.
    fn exchange<Q, A>(&mut self, question: Q, flags: u16) -> Result<Vec<A>, Error>
    where
        Q: NetlinkSerializable,
        A: NetlinkDeserializable,
        NetlinkPayload<Q>: From<Q>,
    {
        self.sequence += 1;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, question.into());
        message.finalize();
        let mut request = vec![0; message.buffer_len()];
        message.serialize(&mut request);
        self.socket
            .send(&request, 0)
            .map_err(Error::io("send to the kernel"))?;

        let mut answers = Vec::new();
        loop {
            let (datagram, _) = self
                .socket
                .recv_from_full()
                .map_err(Error::io("receive from the kernel"))?;
            for bytes in messages(&datagram) {
                let message = NetlinkMessage::<A>::deserialize(bytes)?;
                if message.header.sequence_number != self.sequence {
                    continue;
                }
                match message.payload {
                    NetlinkPayload::InnerMessage(answer) => answers.push(answer),
                    NetlinkPayload::Error(error) if error.code.is_some() => {
                        return Err(Error::Refused(Refusal::of_error(
                            -error.raw_code(),
                            message.header.flags,
                            &error.header,
                            &request,
                        )?));
                    }
                    NetlinkPayload::Done(done) if done.code != 0 => {
                        return Err(Error::Refused(Refusal::of_done(
                            -done.code,
                            &done.extended_ack,
                            &request,
                        )?));
                    }
                    NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok(answers),
                    _ => {}
                }
            }
        }
    }

    /// Joins a multicast group.
    pub(crate) fn join(&mut self, name: &str) -> Result<(), Error> {
        let (_, group) = self
            .groups
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| Error::Protocol(format!("the module has no group {name}")))?;
        self.socket.add_membership(*group).map_err(|error| {
            if error.raw_os_error() == Some(EPERM) {
                Error::Refused(Refusal {
                    errno: EPERM,
                    message: Some(format!("joining the group {name} needs CAP_NET_ADMIN")),
                    ..Refusal::default()
                })
            } else {
                Error::io("join a multicast group")(error)
            }
        })
    }

    /// Waits for events. `None`: so many came that the kernel had to drop some.
    pub(crate) fn events(&mut self) -> Result<Option<Vec<Reply>>, Error> {
        let datagram = match self.socket.recv_from_full() {
            Ok((datagram, _)) => datagram,
            Err(error) if error.raw_os_error() == Some(ENOBUFS) => return Ok(None),
            Err(error) => return Err(Error::io("receive from the kernel")(error)),
        };
        let mut events = Vec::new();
        for bytes in messages(&datagram) {
            let message = NetlinkMessage::<GenlMessage<Reply>>::deserialize(bytes)?;
            if let NetlinkPayload::InnerMessage(event) = message.payload {
                if event.resolved_family_id() == self.family {
                    events.push(event.payload);
                }
            }
        }
        Ok(Some(events))
    }

    /// The number that the kernel gave the family, and the names of its groups.
    pub(crate) fn family(&self) -> (u16, impl Iterator<Item = &str>) {
        (
            self.family,
            self.groups.iter().map(|(name, _)| name.as_str()),
        )
    }
}

const EPERM: i32 = rustix::io::Errno::PERM.raw_os_error();
const ENOENT: i32 = rustix::io::Errno::NOENT.raw_os_error();
const ENOBUFS: i32 = rustix::io::Errno::NOBUFS.raw_os_error();

fn open_socket() -> std::io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.set_ext_ack(true)?;
    socket.set_cap_ack(true)?;
    socket.set_netlink_get_strict_chk(true)?;
    Ok(socket)
}

fn named(group: &[McastGrpAttrs]) -> Option<(String, u32)> {
    let mut name = None;
    let mut number = None;
    for attribute in group {
        match attribute {
            McastGrpAttrs::Name(value) => name = Some(value.clone()),
            McastGrpAttrs::Id(value) => number = Some(*value),
        }
    }
    Some((name?, number?))
}

/// The messages of a datagram. What is cut short ends it; its reader says so.
fn messages(datagram: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*rest.first_chunk()?) as usize;
        let message = &rest[..length.clamp(4, rest.len())];
        rest = rest
            .get(length.max(4).next_multiple_of(4)..)
            .unwrap_or_default();
        Some(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_holds_several_messages() {
        let mut datagram = vec![18, 0, 0, 0];
        datagram.resize(20, 1);
        datagram.extend([16, 0, 0, 0]);
        datagram.resize(36, 2);
        let lengths: Vec<_> = messages(&datagram).map(<[u8]>::len).collect();
        assert_eq!(lengths, [18, 16]);
    }

    #[test]
    fn a_broken_length_ends_a_datagram() {
        assert_eq!(messages(&[255, 0, 0, 0, 1, 2, 3, 4]).count(), 1);
        assert_eq!(messages(&[0, 0, 0, 0]).count(), 1);
        assert_eq!(messages(&[1, 2]).count(), 0);
    }
}
