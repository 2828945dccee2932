// SPDX-License-Identifier: GPL-2.0

//! An address, as a user writes it, with or without a port: `10.0.0.2:8080`, `[fd00::2]:8080`,
//! `*:8080`. After a percent sign comes the device that it is on, `[fe80::1%eth0]:8080`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::key::device::Device;

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address; none for `*`.
    pub(crate) address: Option<IpAddr>,
    /// The device that it is on.
    pub(crate) zone: Option<Device>,
    /// The port, never 0.
    pub(crate) port: u16,
}

/// An address without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// The address.
    pub(crate) address: IpAddr,
    /// The device that it is on.
    pub(crate) zone: Option<Device>,
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, zone) = split_zone(text)?;
        let address = address
            .parse()
            .map_err(|_| format!("`{address}` is not an address; names are not looked up"))?;
        Ok(Host { address, zone })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.address, Zone(&self.zone))
    }
}

/// The text of an address, and the device after it.
fn split_zone(text: &str) -> Result<(&str, Option<Device>), String> {
    match text.split_once('%') {
        Some((address, zone)) => Ok((address, Some(zone.parse()?))),
        None => Ok((text, None)),
    }
}

/// A device as it follows an address.
struct Zone<'a>(&'a Option<Device>);

impl fmt::Display for Zone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(device) => write!(f, "%{device}"),
            None => Ok(()),
        }
    }
}

impl Endpoint {
    /// The addresses that it stands for: itself, or for `*` the zero address of each family.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let unspecified = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        match &self.address {
            Some(address) => std::slice::from_ref(address),
            None => &unspecified,
        }
        .iter()
        .map(|address| SocketAddr::new(*address, self.port))
        .collect()
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((address, port)) = text.rsplit_once(':') else {
            return Err("a port is missing: ADDRESS:PORT is needed".to_string());
        };
        let port = match port.parse() {
            Ok(0) | Err(_) => return Err(format!("`{port}` is not a port (1 to 65535)")),
            Ok(port) => port,
        };
        let (text, is_bracketed) = match address.strip_prefix('[') {
            Some(rest) => {
                let inner = rest
                    .strip_suffix(']')
                    .ok_or_else(|| format!("`{address}` lacks its closing bracket"))?;
                (inner, true)
            }
            None => (address, false),
        };
        let (inner, zone) = split_zone(text)?;
        let address = if inner == "*" && !is_bracketed {
            None
        } else if is_bracketed {
            let address: Ipv6Addr = inner
                .parse()
                .map_err(|_| format!("`{inner}` is not an IPv6 address"))?;
            Some(address.into())
        } else if inner.contains(':') {
            return Err(format!(
                "an IPv6 address is written in brackets: [{address}]:{port}"
            ));
        } else {
            let address: Ipv4Addr = inner.parse().map_err(|_| {
                format!("`{inner}` is not an IPv4 address; names are not looked up")
            })?;
            Some(address.into())
        };
        Ok(Endpoint {
            address,
            zone,
            port,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = Zone(&self.zone);
        match self.address {
            Some(IpAddr::V6(address)) => write!(f, "[{address}{zone}]:{}", self.port),
            Some(IpAddr::V4(address)) => write!(f, "{address}{zone}:{}", self.port),
            None => write!(f, "*{zone}:{}", self.port),
        }
    }
}

/// Shows an end of a socket, with `*` for what it does not have.
pub(crate) fn show(end: Option<SocketAddr>) -> String {
    let Some(end) = end else {
        return "*:*".to_string();
    };
    let port = match end.port() {
        0 => "*".to_string(),
        port => port.to_string(),
    };
    match end.ip() {
        IpAddr::V4(address) => format!("{address}:{port}"),
        IpAddr::V6(address) => format!("[{address}]:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Endpoint, String> {
        text.parse()
    }

    #[test]
    fn both_families_and_any() {
        for text in [
            "10.0.0.2:8080",
            "[fd00::2]:8080",
            "*:53",
            "0.0.0.0:1",
            "[::]:65535",
            "127.0.0.53%lo:53",
            "[fe80::1%eth0]:80",
            "[fe80::1%3]:80",
            "*%eth0:53",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            parse("[::ffff:10.0.0.2]:80").unwrap().address,
            Some("::ffff:10.0.0.2".parse().unwrap())
        );
    }

    #[test]
    fn any_stands_for_both_families() {
        let addresses = parse("*:53").unwrap().addresses();
        assert_eq!(
            addresses,
            ["0.0.0.0:53".parse().unwrap(), "[::]:53".parse().unwrap()]
        );
        assert_eq!(parse("10.0.0.2:53").unwrap().addresses().len(), 1);
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, words) in [
            ("10.0.0.2", "port is missing"),
            ("10.0.0.2:0", "not a port"),
            ("10.0.0.2:65536", "not a port"),
            ("10.0.0.2:http", "not a port"),
            ("10.0.0.256:80", "not an IPv4 address"),
            ("example:80", "names are not looked up"),
            ("fd00::2:80", "brackets: [fd00::2]:80"),
            ("[fd00::2:80", "closing bracket"),
            ("[10.0.0.2]:80", "not an IPv6 address"),
            ("[fe80::1%]:80", "called ``"),
            ("[fe80::1%a/b]:80", "called `a/b`"),
            ("fe80::1%eth0:80", "brackets"),
            ("[*]:80", "not an IPv6 address"),
            (":80", "not an IPv4 address"),
            ("", "port is missing"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_alone_may_be_on_a_device() {
        for text in ["10.0.0.2", "fe80::1%eth0", "127.0.0.53%lo"] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), text);
        }
        assert!("[fe80::1]".parse::<Host>().is_err());
        assert!("fe80::1%".parse::<Host>().is_err());
    }

    #[test]
    fn ends_are_shown_with_stars() {
        assert_eq!(show(None), "*:*");
        assert_eq!(show(Some("0.0.0.0:0".parse().unwrap())), "0.0.0.0:*");
        assert_eq!(show(Some("[fd00::2]:80".parse().unwrap())), "[fd00::2]:80");
    }
}
