// SPDX-License-Identifier: GPL-2.0

//! `nsmux watch`: packets that no socket takes and changed modes, as the kernel tells.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::address;
use crate::cli::Watch;
use crate::error::{Error, Status};
use crate::names::{printable, About, Names};
use crate::netlink::event::{Event, Miss};
use crate::netlink::{query, spec, Connection};
use crate::output::{timestamp, Colour, Output};
use crate::selector;

/// An event with its time and the name of its namespace, as JSON shows it.
#[derive(Serialize)]
struct Told<'a> {
    time: f64,
    netns: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

/// The names of namespaces by their cookies, asked for again when one is met that is new.
struct Directory {
    connection: Connection,
    labels: HashMap<u64, String>,
}

impl Directory {
    fn label(&mut self, cookie: u64) -> Result<String, Error> {
        if !self.labels.contains_key(&cookie) {
            let namespaces = query::namespaces(&mut self.connection, &[])?;
            let names = Names::collect(About::Labels, super::inodes(&namespaces));
            self.labels = namespaces
                .iter()
                .map(|namespace| (namespace.cookie, names.label(namespace.inode)))
                .collect();
        }
        // It may have died since, or be one that this user may not ask about.
        let label = self
            .labels
            .entry(cookie)
            .or_insert_with(|| format!("cookie:{cookie}"));
        Ok(label.clone())
    }
}

/// Prints events until there were enough of them.
pub(super) fn run(options: &Watch, output: &mut Output) -> Result<Status, Error> {
    let targets = selector::open_all(&options.place.netns)?;
    let mut asking = Connection::open()?;
    let only: HashSet<u64> = targets
        .iter()
        .map(|target| Ok(query::namespace(&mut asking, target)?.cookie))
        .collect::<Result<_, Error>>()?;
    let mut events = Connection::open()?;
    events.join(spec::GROUP_MISS)?;
    events.join(spec::GROUP_NAMESPACE)?;
    let mut directory = Directory {
        connection: asking,
        labels: HashMap::new(),
    };
    let mut told = 0;
    loop {
        let Some(replies) = events.events()? else {
            eprintln!("nsmux: too many events: some were lost");
            continue;
        };
        for reply in &replies {
            let Some(event) = Event::read(reply)? else {
                continue;
            };
            let cookie = event.netns_cookie();
            if !only.is_empty() && !only.contains(&cookie) {
                continue;
            }
            show(output, &directory.label(cookie)?, &event)?;
            told += 1;
            if options.count.is_some_and(|count| told >= count) {
                return Ok(Status::Found);
            }
        }
    }
}

fn show(output: &mut Output, netns: &str, event: &Event) -> Result<(), Error> {
    let time = timestamp::now();
    if output.json {
        return output.json_line(&Told { time, netns, event });
    }
    let text = match event {
        Event::Miss(miss) => format!("{}  {}", output.paint("miss", Colour::Yellow), missed(miss)),
        Event::Mode(change) => {
            format!("{}  {}", output.paint("mode", Colour::Green), change.mode)
        }
    };
    output.line(format_args!(
        "{}  {netns:<16}  {text}",
        timestamp::clock(time)
    ))?;
    output.flush()
}

fn missed(miss: &Miss) -> String {
    let mut text = format!(
        "{:<4}  {} from {}",
        miss.protocol.map_or("?", spec::Protocol::name),
        address::show(miss.local),
        address::show(miss.remote)
    );
    match (&miss.device_name, miss.device) {
        (Some(name), _) => text.push_str(&format!("  on {}", printable(name))),
        // It has gone since, and nothing but its index is left of it.
        (None, Some(index)) => text.push_str(&format!("  on device {index}")),
        (None, None) => {}
    }
    if miss.count > 1 {
        text.push_str(&format!("  {} misses", miss.count));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn miss() -> Miss {
        Miss {
            netns_cookie: 4097,
            protocol: Some(spec::Protocol::Tcp6),
            local: Some("[fd00::2]:80".parse().unwrap()),
            remote: Some("[fd00::9]:4242".parse().unwrap()),
            device: Some(3),
            device_name: Some("eth0".to_string()),
            count: 17,
        }
    }

    #[test]
    fn a_miss_is_one_line() {
        assert_eq!(
            missed(&miss()),
            "tcp6  [fd00::2]:80 from [fd00::9]:4242  on eth0  17 misses"
        );
    }

    #[test]
    fn a_device_that_has_gone_is_told_by_its_index() {
        let gone = Miss {
            device_name: None,
            ..miss()
        };
        assert_eq!(
            missed(&gone),
            "tcp6  [fd00::2]:80 from [fd00::9]:4242  on device 3  17 misses"
        );
    }

    #[test]
    fn json_is_flat() {
        let event = Event::Miss(miss());
        let told = Told {
            time: 1.5,
            netns: "web1",
            event: &event,
        };
        assert_eq!(
            serde_json::to_value(told).unwrap(),
            serde_json::json!({
                "time": 1.5, "netns": "web1", "event": "miss", "netns_cookie": 4097,
                "protocol": "tcp6", "local": "[fd00::2]:80", "remote": "[fd00::9]:4242",
                "device": 3, "device_name": "eth0", "count": 17,
            })
        );
    }
}
