// SPDX-License-Identifier: GPL-2.0

//! Which metrics there are, and how they are labelled.

use crate::names::Names;
use crate::netlink::counters::{outcomes, Counters, OF_IP};
use crate::netlink::namespace::Namespace;
use crate::netlink::spec::{Direction, Mode, Protocol};
use crate::output::openmetrics::{Family, Kind, Labels};

/// The metrics of these namespaces.
pub(super) fn of(namespaces: &[Namespace], names: &Names) -> Vec<Family> {
    let labelled: Vec<(&Namespace, Labels)> = namespaces
        .iter()
        .map(|namespace| {
            let labels = Labels::default()
                .with("netns", names.label(namespace.inode))
                .with("inode", namespace.inode)
                .with("cookie", namespace.cookie);
            (namespace, labels)
        })
        .collect();
    let mut families = state(&labelled);
    families.extend(tables(&labelled));
    families.extend(counted(&labelled));
    families
}

fn state(namespaces: &[(&Namespace, Labels)]) -> Vec<Family> {
    let mut modes = Family::new(
        "nsmux_namespace_mode",
        Kind::Gauge,
        "1 for the mode that the namespace is in, 0 for the others.",
    );
    let mut devices = Family::new(
        "nsmux_namespace_devices",
        Kind::Gauge,
        "Devices in the namespace.",
    );
    for (namespace, labels) in namespaces {
        for mode in Mode::ALL {
            modes.push(
                labels.with("mode", mode),
                u64::from(*mode == namespace.mode),
            );
        }
        devices.push(labels.clone(), namespace.devices);
    }
    vec![modes, devices]
}

fn tables(namespaces: &[(&Namespace, Labels)]) -> Vec<Family> {
    let mut private = Family::new(
        "nsmux_table_private",
        Kind::Gauge,
        "1 if the table's memory is the namespace's alone, 0 if it is shared.",
    );
    let mut buckets = Family::new("nsmux_table_buckets", Kind::Gauge, "Buckets of the table.");
    let mut sockets = Family::new(
        "nsmux_table_sockets",
        Kind::Gauge,
        "Sockets of the namespace, of the table's protocol.",
    );
    for (namespace, labels) in namespaces {
        for table in &namespace.tables {
            let labels = labels.with("table", table.table);
            private.push(labels.clone(), table.private);
            buckets.push(labels.clone(), table.size);
            if let Some(count) = table.sockets {
                sockets.push(labels, count);
            }
        }
    }
    vec![private, buckets, sockets]
}

fn counted(namespaces: &[(&Namespace, Labels)]) -> Vec<Family> {
    let mut packets = Family::new(
        "nsmux_packets",
        Kind::Counter,
        "Packets, by where their namespace was read.",
    );
    let mut lookups = Family::new(
        "nsmux_lookups",
        Kind::Counter,
        "Lookups of a socket, by what they found.",
    );
    let mut skipped = Family::new(
        "nsmux_skipped_packets",
        Kind::Counter,
        "Packets that no socket was looked up for, by the reason.",
    );
    let mut disagreements = Family::new(
        "nsmux_disagreements",
        Kind::Counter,
        "Packets resolved to another namespace than netfilter's; always 0 if all is well.",
    );
    let mut preassigned = Family::new(
        "nsmux_preassigned_packets",
        Kind::Counter,
        "Received packets that had their socket already, by who gave it to them.",
    );
    let mut taps = Family::new(
        "nsmux_tapped_packets",
        Kind::Counter,
        "Packets that packet sockets on their device have as well.",
    );
    let mut handed = Family::new(
        "nsmux_steered_packets",
        Kind::Counter,
        "Packets that were handed the socket that was found.",
    );
    let mut left = Family::new(
        "nsmux_left_packets",
        Kind::Counter,
        "Packets that mode steer leaves to the stack, by the reason.",
    );
    let mut disputes = Family::new(
        "nsmux_disputes",
        Kind::Counter,
        "Packets for which the kernel has found another socket; always 0 if all is well.",
    );
    let mut twins = Family::new(
        "nsmux_twin_packets",
        Kind::Counter,
        "Packets of which two UDP sockets have both ends, and the kernel has found the other one.",
    );
    for (namespace, labels) in namespaces {
        // Where nsmux does nothing and never did, there is nothing to say.
        if namespace.mode == Mode::Off && namespace.counters.packets() == 0 {
            continue;
        }
        for direction in Direction::ALL {
            // None is left out, so that a counter that is added does not compile without a metric.
            let &Counters {
                by_socket,
                by_device,
                by_hook,
                disagree,
                unparsed,
                fragment,
                no_table,
                routed,
                dropped,
                tapped,
                early_demux,
                chosen,
                steered,
                left_kind,
                left_device,
                left_form,
                dispute_early_demux,
                dispute_sender,
                twin,
                lookups: ref found,
            } = namespace.counters.of(*direction);
            let labels = labels.with("direction", direction);
            for (by, count) in [
                ("socket", by_socket),
                ("device", by_device),
                ("hook", by_hook),
            ] {
                packets.push(labels.with("by", by), count);
            }
            disagreements.push(labels.clone(), disagree);
            if !OF_IP.contains(direction) {
                continue;
            }
            for protocol in Protocol::ALL {
                let labels = labels.with("protocol", protocol);
                for outcome in outcomes(*protocol) {
                    let count = found.get(*protocol, *outcome);
                    lookups.push(labels.with("outcome", outcome), count);
                }
            }
            for (reason, count) in [
                ("unparsed", unparsed),
                ("fragment", fragment),
                ("no-table", no_table),
                ("routed", routed),
                ("dropped", dropped),
            ] {
                skipped.push(labels.with("reason", reason), count);
            }
            for (by, count) in [("early-demux", early_demux), ("chosen", chosen)] {
                preassigned.push(labels.with("by", by), count);
            }
            taps.push(labels.clone(), tapped);
            handed.push(labels.clone(), steered);
            for (reason, count) in [
                ("kind", left_kind),
                ("device", left_device),
                ("form", left_form),
            ] {
                left.push(labels.with("reason", reason), count);
            }
            for (with, count) in [
                ("early-demux", dispute_early_demux),
                ("sender", dispute_sender),
            ] {
                disputes.push(labels.with("with", with), count);
            }
            twins.push(labels, twin);
        }
    }
    vec![
        packets,
        lookups,
        skipped,
        preassigned,
        disagreements,
        taps,
        handed,
        left,
        disputes,
        twins,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::counters::Traffic;
    use crate::netlink::namespace::TableUse;
    use crate::netlink::spec::Table;
    use crate::output::openmetrics;

    fn namespace(mode: Mode, packets: u64) -> Namespace {
        let mut counters = Traffic::default();
        counters.receive.by_device = packets;
        counters.receive.no_table = packets;
        counters.receive.early_demux = packets + 1;
        counters.receive.chosen = packets + 2;
        counters.receive.twin = packets + 3;
        Namespace {
            cookie: 4097,
            inode: 7,
            nsid: None,
            mode,
            devices: 2,
            tables: vec![TableUse {
                table: Table::Tcp,
                private: true,
                size: 1024,
                sockets: Some(3),
                chains: None,
            }],
            counters,
        }
    }

    fn text(mode: Mode, packets: u64) -> String {
        let families = of(&[namespace(mode, packets)], &Names::default());
        openmetrics::text(&families, openmetrics::Format::Openmetrics)
    }

    #[test]
    fn every_number_is_there_with_its_labels() {
        let text = text(Mode::Observe, 12);
        let labels = "netns=\"net:[7]\",inode=\"7\",cookie=\"4097\"";
        for line in [
            format!("nsmux_namespace_mode{{{labels},mode=\"observe\"}} 1"),
            format!("nsmux_namespace_mode{{{labels},mode=\"off\"}} 0"),
            format!("nsmux_namespace_devices{{{labels}}} 2"),
            format!("nsmux_table_sockets{{{labels},table=\"tcp\"}} 3"),
            format!("nsmux_packets_total{{{labels},direction=\"receive\",by=\"device\"}} 12"),
            format!(
                "nsmux_lookups_total{{{labels},direction=\"transmit\",protocol=\"udp6\",outcome=\"none\"}} 0"
            ),
            format!(
                "nsmux_skipped_packets_total{{{labels},direction=\"receive\",reason=\"no-table\"}} 12"
            ),
            format!(
                "nsmux_preassigned_packets_total{{{labels},direction=\"receive\",by=\"early-demux\"}} 13"
            ),
            format!(
                "nsmux_preassigned_packets_total{{{labels},direction=\"receive\",by=\"chosen\"}} 14"
            ),
            format!("nsmux_twin_packets_total{{{labels},direction=\"receive\"}} 15"),
            format!("nsmux_disagreements_total{{{labels},direction=\"receive\"}} 0"),
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_namespace_that_is_off_has_no_counters() {
        assert!(!text(Mode::Off, 0).contains("_total{"));
        assert!(text(Mode::Off, 5).contains("_total{"));
    }
}
