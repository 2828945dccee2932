// SPDX-License-Identifier: GPL-2.0

//! Metrics as text: counters and gauges, in OpenMetrics or in Prometheus's older format.

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

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// OpenMetrics 1.0
    Openmetrics,
    /// Prometheus's older text format, which node_exporter's textfile collector reads
    Text,
}

impl Family {
    fn write(&self, text: &mut String, format: Format) -> fmt::Result {
        let (kind, suffix) = match self.kind {
            Kind::Counter => ("counter", "_total"),
            Kind::Gauge => ("gauge", ""),
        };
        // To OpenMetrics the suffix is the sample's, to the older format it is the metric's.
        let described = match format {
            Format::Openmetrics => self.name.to_string(),
            Format::Text => format!("{}{suffix}", self.name),
        };
        writeln!(text, "# TYPE {described} {kind}")?;
        writeln!(text, "# HELP {described} {}", escaped(self.help))?;
        for sample in &self.samples {
            write!(text, "{}{suffix}", self.name)?;
            for (position, (name, value)) in sample.labels.0.iter().enumerate() {
                text.write_char(if position == 0 { '{' } else { ',' })?;
                write!(text, "{name}=\"{}\"", escaped(value))?;
            }
            if !sample.labels.0.is_empty() {
                text.write_char('}')?;
            }
            writeln!(text, " {}", sample.value)?;
        }
        Ok(())
    }
}

/// The whole text.
pub(crate) fn text(families: &[Family], format: Format) -> String {
    let mut text = String::new();
    for family in families {
        family
            .write(&mut text, format)
            .expect("a string takes what is written to it");
    }
    if format == Format::Openmetrics {
        text.push_str("# EOF\n");
    }
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
            text(&[family.clone()], Format::Openmetrics),
            "# TYPE nsmux_packets counter\n\
             # HELP nsmux_packets Packets.\n\
             nsmux_packets_total{netns=\"web1\",inode=\"7\"} 12\n\
             nsmux_packets_total 18446744073709551615\n\
             # EOF\n"
        );
        let older = text(&[family], Format::Text);
        assert!(
            older.starts_with("# TYPE nsmux_packets_total counter\n# HELP nsmux_packets_total ")
        );
        assert!(older.ends_with("18446744073709551615\n"), "{older}");
    }

    #[test]
    fn label_values_are_escaped() {
        let mut family = Family::new("nsmux_devices", Kind::Gauge, "Devices.");
        family.push(Labels::default().with("netns", "a\"b\\c\nd"), 1u32);
        let text = text(&[family], Format::Openmetrics);
        assert!(
            text.contains("nsmux_devices{netns=\"a\\\"b\\\\c\\nd\"} 1\n"),
            "{text}"
        );
    }
}
