// SPDX-License-Identifier: GPL-2.0

//! The command line of `nsmux lookup`: the tables, each with its own key.

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::Where;
use crate::address::{Endpoint, Host};
use crate::key::device::Device;
use crate::key::netlink_group::NetlinkGroup;
use crate::key::vsock_end::VsockEnd;
use crate::key::{local_name, protocol, Arrival};

/// The table to look in, each with its own key.
#[derive(Debug, Subcommand)]
pub(crate) enum Wanted {
    /// TCP connections and listeners
    #[command(override_usage = "nsmux lookup tcp <ADDRESS:PORT> [from <ADDRESS:PORT>] [OPTIONS]")]
    Tcp(Tuple),
    /// UDP sockets with and without a peer
    #[command(override_usage = "nsmux lookup udp <ADDRESS:PORT> [from <ADDRESS:PORT>] [OPTIONS]")]
    Udp(Tuple),
    /// SCTP associations, and sockets that wait for one
    #[command(override_usage = "nsmux lookup sctp <ADDRESS:PORT> [from <ADDRESS:PORT>] [OPTIONS]")]
    Sctp(Tuple),
    /// MPTCP connections, by the ends of their first subflow
    #[command(
        override_usage = "nsmux lookup mptcp <ADDRESS:PORT> [from <ADDRESS:PORT>] [OPTIONS]"
    )]
    Mptcp(Tuple),
    /// Raw sockets that get a packet of a protocol over IP
    #[command(override_usage = "nsmux lookup raw <PROTOCOL> <ADDRESS> [from <ADDRESS>] [OPTIONS]")]
    Raw(Raw),
    /// Packet sockets that listen on a device, or on all
    #[command(override_usage = "nsmux lookup packet dev <DEVICE> [OPTIONS]")]
    Packet(Packet),
    /// Local sockets by the path or the abstract name that they are bound to
    Unix(Unix),
    /// Netlink sockets by a group that they are a member of, or by port; or the groups with members
    Netlink(Netlink),
    /// Sockets between virtual machines and their hosts
    #[command(override_usage = "nsmux lookup vsock <[CID:]PORT> [from <CID:PORT>] [OPTIONS]")]
    Vsock(Vsock),
    /// Network devices by name or index
    Netdev(Netdev),
    /// Processes by their number, in every PID namespace that you may see
    Pid(Pid),
    /// A socket by its cookie, in all tables
    Cookie(Cookie),
}

/// Addresses and ports.
#[derive(Args, Debug)]
pub(crate) struct Tuple {
    /// The end where the socket is.
    #[arg(
        value_name = "ADDRESS:PORT",
        help = "The end where the socket is: 10.0.0.2:8080, [fd00::2]:8080, *:8080, or with a \
                device 127.0.0.53%lo:53"
    )]
    pub(crate) local: Endpoint,

    /// The other end, after the word `from`; without it no connections are found, but for MPTCP
    #[arg(value_names = ["from", "ADDRESS:PORT"], num_args = 2)]
    from: Vec<String>,

    #[command(flatten)]
    arrival: ArrivalOptions,

    #[command(flatten)]
    pub(crate) place: Where,
}

impl Tuple {
    /// The other end.
    pub(crate) fn remote(&self) -> Result<Option<Endpoint>, String> {
        match after_from(&self.from)? {
            Some(Endpoint { address: None, .. }) => {
                Err("the other end needs an address, not `*`".to_string())
            }
            end => Ok(end),
        }
    }

    /// Where the packet comes from.
    pub(crate) fn arrival(&self) -> Result<Arrival, String> {
        let remote = self.remote()?.and_then(|end| end.zone);
        self.arrival.arrival([self.local.zone.clone(), remote])
    }
}

/// Where a packet comes from.
#[derive(Args, Debug)]
struct ArrivalOptions {
    /// The device that the packet arrives on, by its name or index in the namespace that is looked in
    #[arg(long, value_name = "DEVICE")]
    device: Option<Device>,

    /// The index of the slave, if that device is an L3 master (VRF)
    #[arg(long, value_name = "INDEX", requires = "device",
          value_parser = clap::value_parser!(u32).range(1..))]
    slave: Option<u32>,
}

impl ArrivalOptions {
    /// What these options say, and the devices that follow addresses.
    fn arrival(&self, zones: [Option<Device>; 2]) -> Result<Arrival, String> {
        let mut device = self.device.clone();
        for zone in zones.into_iter().flatten() {
            if device.as_ref().is_some_and(|device| *device != zone) {
                return Err("a packet arrives on one device".to_string());
            }
            device = Some(zone);
        }
        if self.slave.is_some() && matches!(device, Some(Device::Name(_))) {
            return Err("a device with a name needs no --slave: name the slave".to_string());
        }
        Ok(Arrival {
            device,
            slave: self.slave,
        })
    }
}

/// What a packet for raw sockets is like.
#[derive(Args, Debug)]
pub(crate) struct Raw {
    /// The protocol over IP, by name or number: icmp, 89
    #[arg(value_parser = protocol::internet)]
    pub(crate) protocol: u32,

    /// The address that the packet is for
    #[arg(value_name = "ADDRESS")]
    pub(crate) local: Host,

    /// The address that the packet is from, after the word `from`
    #[arg(value_names = ["from", "ADDRESS"], num_args = 2)]
    from: Vec<String>,

    #[command(flatten)]
    arrival: ArrivalOptions,

    #[command(flatten)]
    pub(crate) place: Where,
}

impl Raw {
    /// The address that the packet is from.
    pub(crate) fn remote(&self) -> Result<Option<Host>, String> {
        after_from(&self.from)
    }

    /// Where the packet comes from.
    pub(crate) fn arrival(&self) -> Result<Arrival, String> {
        let remote = self.remote()?.and_then(|host| host.zone);
        self.arrival.arrival([self.local.zone.clone(), remote])
    }
}

/// What packet sockets listen to.
#[derive(Args, Debug)]
pub(crate) struct Packet {
    /// The device, by name or index, after the word `dev`
    #[arg(value_names = ["dev", "DEVICE"], num_args = 2, required = true)]
    dev: Vec<String>,

    /// Only those that get this Ethernet protocol, by name or number: ip, 0x88cc
    #[arg(long, value_parser = protocol::ethernet)]
    pub(crate) protocol: Option<u32>,

    #[command(flatten)]
    pub(crate) place: Where,
}

impl Packet {
    /// The device.
    pub(crate) fn device(&self) -> Result<Device, String> {
        after("dev", "DEVICE", &self.dev)?.ok_or_else(|| "a device is needed".to_string())
    }
}

/// The name of a local socket.
#[derive(Args, Debug)]
pub(crate) struct Unix {
    /// A path as it was bound, or @ and an abstract name; \xNN is any byte, \\ a backslash
    #[arg(value_name = "PATH|@NAME")]
    name: OsString,

    #[command(flatten)]
    pub(crate) place: Where,
}

impl Unix {
    /// The name's bytes.
    pub(crate) fn name(&self) -> Result<Vec<u8>, String> {
        local_name::parse(self.name.clone())
    }
}

/// Whom a netlink message is for.
#[derive(Args, Debug)]
pub(crate) struct Netlink {
    /// route:link, netfilter:7, generic:nsmux/miss, route:port:812; or route alone
    #[arg(value_name = "PROTOCOL[:GROUP]")]
    pub(crate) group: NetlinkGroup,

    #[command(flatten)]
    pub(crate) place: Where,
}

/// The ends of a vsock connection.
#[derive(Args, Debug)]
pub(crate) struct Vsock {
    /// The end where the socket is: 1024, 3:1024, host:1024
    #[arg(value_name = "[CID:]PORT")]
    pub(crate) local: VsockEnd,

    /// The other end, after the word `from`; without it no connections are found
    #[arg(value_names = ["from", "CID:PORT"], num_args = 2)]
    from: Vec<String>,

    #[command(flatten)]
    pub(crate) place: Where,
}

impl Vsock {
    /// The other end.
    pub(crate) fn remote(&self) -> Result<Option<VsockEnd>, String> {
        match after_from(&self.from)? {
            Some(VsockEnd { cid: None, .. }) => {
                Err("the other end needs a CID, as in host:1024".to_string())
            }
            end => Ok(end),
        }
    }
}

/// A network device.
#[derive(Args, Debug)]
pub(crate) struct Netdev {
    /// Its name, an alternative one, or its index
    pub(crate) device: Device,

    #[command(flatten)]
    pub(crate) place: Where,
}

/// A process.
#[derive(Args, Debug)]
pub(crate) struct Pid {
    /// Its number
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) number: u32,

    /// Only in the PID namespace of this process
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pidns: Option<u32>,
}

/// A socket of any table.
#[derive(Args, Debug)]
pub(crate) struct Cookie {
    /// As SO_COOKIE tells it, `ss -e`, or an event of nsmux
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) cookie: u64,

    #[command(flatten)]
    pub(crate) place: Where,
}

fn after_from<T: FromStr>(words: &[String]) -> Result<Option<T>, String>
where
    T::Err: fmt::Display,
{
    after("from", "ADDRESS", words)
}

/// What follows a word of the grammar.
fn after<T: FromStr>(word: &str, what: &str, words: &[String]) -> Result<Option<T>, String>
where
    T::Err: fmt::Display,
{
    match words {
        [] => Ok(None),
        [first, value] if first == word => match value.parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(format!("`{value}`: {error}")),
        },
        words => Err(format!(
            "`{word} {what}` is needed, not `{}`",
            words.join(" ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn parse(words: &str) -> Wanted {
        match Cli::parse_from(words.split_whitespace()).command {
            Command::Lookup(wanted) => wanted,
            other => panic!("{other:?}"),
        }
    }

    fn remote(words: &str) -> Result<Option<Endpoint>, String> {
        match parse(words) {
            Wanted::Tcp(tuple) => tuple.remote(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_other_end_follows_from() {
        assert_eq!(remote("nsmux lookup tcp 10.0.0.2:1").unwrap(), None);
        let end = remote("nsmux lookup tcp 10.0.0.2:1 from 10.0.0.9:2")
            .unwrap()
            .unwrap();
        assert_eq!(end.to_string(), "10.0.0.9:2");
        assert!(remote("nsmux lookup tcp 10.0.0.2:1 form 10.0.0.9:2").is_err());
        assert!(remote("nsmux lookup tcp 10.0.0.2:1 from *:2").is_err());
    }

    #[test]
    fn the_device_follows_dev() {
        let device = |words| match parse(words) {
            Wanted::Packet(packet) => packet.device(),
            other => panic!("{other:?}"),
        };
        let eth0 = Device::Name("eth0".to_string());
        assert_eq!(device("nsmux lookup packet dev eth0"), Ok(eth0));
        assert_eq!(device("nsmux lookup packet dev 2"), Ok(Device::Index(2)));
        assert!(device("nsmux lookup packet device eth0").is_err());
        assert!(device("nsmux lookup packet dev a/b").is_err());
    }

    #[test]
    fn a_device_is_named_once() {
        let arrival = |words| match parse(words) {
            Wanted::Udp(tuple) => tuple.arrival(),
            Wanted::Raw(raw) => raw.arrival(),
            other => panic!("{other:?}"),
        };
        let on = |device: &str| {
            Ok(Arrival {
                device: Some(device.parse().unwrap()),
                slave: None,
            })
        };
        for words in [
            "nsmux lookup udp 127.0.0.53%lo:53",
            "nsmux lookup udp 127.0.0.53:53 --device lo",
            "nsmux lookup udp 127.0.0.53%lo:53 --device lo",
            "nsmux lookup udp [fe80::1]:53 from [fe80::2%lo]:53",
            "nsmux lookup raw icmp fe80::1%lo from fe80::2%lo",
        ] {
            assert_eq!(arrival(words), on("lo"), "{words}");
        }
        assert_eq!(arrival("nsmux lookup udp *%2:53"), on("2"));
        for words in [
            "nsmux lookup udp 127.0.0.53%lo:53 --device eth0",
            "nsmux lookup udp [fe80::1%a]:53 from [fe80::2%b]:53",
            "nsmux lookup udp 127.0.0.53:53 --device lo --slave 2",
        ] {
            assert!(arrival(words).is_err(), "{words}");
        }
    }

    #[test]
    fn any_machine_has_no_connection() {
        let remote = |words| match parse(words) {
            Wanted::Vsock(vsock) => vsock.remote(),
            other => panic!("{other:?}"),
        };
        assert_eq!(remote("nsmux lookup vsock 1024"), Ok(None));
        assert!(remote("nsmux lookup vsock 1024 from 3:5")
            .unwrap()
            .is_some());
        assert!(remote("nsmux lookup vsock 1024 from 5").is_err());
    }
}
