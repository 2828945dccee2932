// SPDX-License-Identifier: GPL-2.0

//! An address with a port, as a user writes it: `10.0.0.2:8080`, `[fd00::2]:8080`, `*:8080`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address; none for `*`.
    pub(crate) address: Option<IpAddr>,
    /// The port, never 0.
    pub(crate) port: u16,
}

impl Endpoint {
    /// The addresses that it stands for: itself, or for `*` the zero address of each family.
    pub(crate) fn addresses(self) -> Vec<SocketAddr> {
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
        let address = if address == "*" {
            None
        } else if let Some(rest) = address.strip_prefix('[') {
            let inner = rest
                .strip_suffix(']')
                .ok_or_else(|| format!("`{address}` lacks its closing bracket"))?;
            if let Some((_, zone)) = inner.split_once('%') {
                return Err(format!(
                    "a zone (`%{zone}`) is given as --device with the device's index"
                ));
            }
            let address: Ipv6Addr = inner
                .parse()
                .map_err(|_| format!("`{inner}` is not an IPv6 address"))?;
            Some(address.into())
        } else if address.contains(':') {
            return Err(format!(
                "an IPv6 address is written in brackets: [{address}]:{port}"
            ));
        } else {
            let address: Ipv4Addr = address.parse().map_err(|_| {
                format!("`{address}` is not an IPv4 address; names are not looked up")
            })?;
            Some(address.into())
        };
        Ok(Endpoint { address, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => SocketAddr::new(address, self.port).fmt(f),
            None => write!(f, "*:{}", self.port),
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
            ("[fe80::1%eth0]:80", "--device"),
            (":80", "not an IPv4 address"),
            ("", "port is missing"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn ends_are_shown_with_stars() {
        assert_eq!(show(None), "*:*");
        assert_eq!(show(Some("0.0.0.0:0".parse().unwrap())), "0.0.0.0:*");
        assert_eq!(show(Some("[fd00::2]:80".parse().unwrap())), "[fd00::2]:80");
    }
}
