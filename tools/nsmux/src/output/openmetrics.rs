// SPDX-License-Identifier: GPL-2.0

//! OpenMetrics text, kept to what Prometheus's older text format reads too: counters and gauges.

use std::fmt::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};

/// What a metric does over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Labels of a sample: names and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Labels(Vec<(&'static str, String)>);

impl Labels {
    /// These, and one more.
    pub(crate) fn with(&self, name: &'static str, value: impl ToString) -> Self {
        let mut labels = self.0.clone();
        labels.push((name, value.to_string()));
        Labels(labels)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A value of a metric.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Sample {
    /// What it is the value of.
    pub(crate) labels: Labels,
    /// The value.
    pub(crate) value: u64,
}

/// All values of a metric.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Family {
    /// The name, without `_total`.
    pub(crate) name: &'static str,
    /// What it does over time.
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// What it means.
    pub(crate) help: &'static str,
    /// The values.
    pub(crate) samples: Vec<Sample>,
}

impl Family {
    /// A metric without values yet.
    pub(crate) fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Family {
            name,
            kind,
            help,
            samples: Vec::new(),
        }
    }

    /// Adds a value.
    pub(crate) fn push(&mut self, labels: Labels, value: impl Into<u64>) {
        self.samples.push(Sample {
            labels,
            value: value.into(),
        });
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, suffix) = match self.kind {
            Kind::Counter => ("counter", "_total"),
            Kind::Gauge => ("gauge", ""),
        };
        writeln!(f, "# TYPE {} {kind}", self.name)?;
        writeln!(f, "# HELP {} {}", self.name, escaped(self.help))?;
        for sample in &self.samples {
            write!(f, "{}{suffix}", self.name)?;
            for (position, (name, value)) in sample.labels.0.iter().enumerate() {
                f.write_char(if position == 0 { '{' } else { ',' })?;
                write!(f, "{name}=\"{}\"", escaped(value))?;
            }
            if !sample.labels.0.is_empty() {
                f.write_char('}')?;
            }
            writeln!(f, " {}", sample.value)?;
        }
        Ok(())
    }
}

/// The whole text.
pub(crate) fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        text.push_str(&family.to_string());
    }
    text.push_str("# EOF\n");
    text
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_s_samples_end_in_total() {
        let mut family = Family::new("nsmux_packets", Kind::Counter, "Packets.");
        family.push(
            Labels::default().with("netns", "web1").with("inode", 7),
            12u64,
        );
        family.push(Labels::default(), u64::MAX);
        assert_eq!(
            text(&[family]),
            "# TYPE nsmux_packets counter\n\
             # HELP nsmux_packets Packets.\n\
             nsmux_packets_total{netns=\"web1\",inode=\"7\"} 12\n\
             nsmux_packets_total 18446744073709551615\n\
             # EOF\n"
        );
    }

    #[test]
    fn label_values_are_escaped() {
        let mut family = Family::new("nsmux_devices", Kind::Gauge, "Devices.");
        family.push(Labels::default().with("netns", "a\"b\\c\nd"), 1u32);
        assert!(family
            .to_string()
            .contains("nsmux_devices{netns=\"a\\\"b\\\\c\\nd\"} 1\n"));
    }
}
