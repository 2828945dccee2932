// SPDX-License-Identifier: GPL-2.0

//! The answer to a question that is written to `/dev/nsmux_lookup`, as JSON.
//!
//! Its first line is `<tcp or udp> <4 or 6> <outcome>`: what every lookup has to find. Each other line
//! is a packet, `<namespace> <device> <local address> <port> <remote address> <port>`, with a
//! descriptor of the asker's for the namespace, the index of the device, and addresses as their bytes
//! in hexadecimal digits.

use kernel::{ffi::c_int, fmt, prelude::*, str::CString};

use crate::{
    direct::Timed,
    measure::{measure, Asked, Figures},
    net::{
        inet::{Family, Port, Tuple, V4, V6},
        namespace::Held,
    },
    table::{tcp::Tcp, udp::Udp, Outcome},
};

/// The answer to a question. It takes milliseconds.
pub(crate) fn answer(question: &str) -> Result<CString> {
    let mut lines = question.lines();
    let head: [&str; 3] = words(lines.next().ok_or(EINVAL)?)?;
    let [protocol, family, outcome] = head;
    let outcome = Outcome::ALL
        .into_iter()
        .find(|(_, name)| *name == outcome)
        .map(|(outcome, _)| outcome)
        .ok_or(EINVAL)?;
    let figures = match (protocol, family) {
        ("tcp", "4") => figures::<V4, Tcp<V4>>(lines, outcome),
        ("tcp", "6") => figures::<V6, Tcp<V6>>(lines, outcome),
        ("udp", "4") => figures::<V4, Udp<V4>>(lines, outcome),
        ("udp", "6") => figures::<V6, Udp<V6>>(lines, outcome),
        _ => Err(EINVAL),
    }?;
    CString::try_from_fmt(fmt!("{}\n", figures))
}

fn figures<'l, F: Family, T: Timed<F>>(
    lines: impl Iterator<Item = &'l str>,
    outcome: Outcome,
) -> Result<Figures> {
    let mut asked = KVec::new();
    for line in lines {
        asked.push(packet::<F>(line)?, GFP_KERNEL)?;
    }
    measure::<F, T>(&asked, outcome)
}

/// The packet that a line is about.
fn packet<F: Family>(line: &str) -> Result<Asked<F>> {
    let [namespace, device, local, local_port, remote, remote_port] = words(line)?;
    let device: c_int = device.parse().map_err(|_| EINVAL)?;
    let port = |word: &str| word.parse().map(Port::from_number).map_err(|_| EINVAL);
    Ok(Asked {
        namespace: Held::from_descriptor(namespace.parse().map_err(|_| EINVAL)?)?,
        device,
        tuple: Tuple {
            local: address::<F>(local)?,
            local_port: port(local_port)?,
            remote: address::<F>(remote)?,
            remote_port: port(remote_port)?,
            device,
            slave: 0,
        },
    })
}

/// All words of a line, which are as many.
fn words<const NUMBER: usize>(line: &str) -> Result<[&str; NUMBER]> {
    let mut words = line.split_ascii_whitespace();
    let mut found = [""; NUMBER];
    for word in &mut found {
        *word = words.next().ok_or(EINVAL)?;
    }
    words.next().map_or(Ok(found), |_| Err(EINVAL))
}

/// An address by its bytes, two digits each.
fn address<F: Family>(digits: &str) -> Result<F::Address> {
    let mut bytes = [0; 16];
    let length = digits.len() / 2;
    let room = bytes.get_mut(..length).ok_or(EINVAL)?;
    for (number, byte) in room.iter_mut().enumerate() {
        let pair = digits.get(2 * number..2 * number + 2).ok_or(EINVAL)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| EINVAL)?;
    }
    F::address(room).ok_or(EINVAL)
}

impl fmt::Display for Figures {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{{\"direct\": {}, \"by device\": {}, \"nsmux\": {}, \"direct again\": {}, \
             \"direct repeated\": {}, \"nsmux repeated\": {}}}",
            self.direct,
            self.by_device,
            self.nsmux,
            self.again,
            self.direct_repeated,
            self.nsmux_repeated
        )
    }
}
