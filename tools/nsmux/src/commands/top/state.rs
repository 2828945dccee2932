// SPDX-License-Identifier: GPL-2.0

//! What the screen shows, and in which order.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use crate::names::Names;
use crate::netlink::counters::Traffic;
use crate::netlink::namespace::Namespace;
use crate::netlink::spec::Table;
use crate::output::number::Numbers;
use crate::sample::Sample;

/// How many samples back the trend shows.
pub(super) const HISTORY: usize = 120;

/// What namespaces are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Name,
    Received,
    Sent,
    Misses,
    Disagreements,
    Tcp,
}

impl Sort {
    const ALL: [Sort; 6] = [
        Sort::Name,
        Sort::Received,
        Sort::Sent,
        Sort::Misses,
        Sort::Disagreements,
        Sort::Tcp,
    ];
}

/// A namespace on the screen.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) namespace: Namespace,
    pub(super) label: String,
    pub(super) rates: Traffic<f64>,
    /// Packets a second, the newest last.
    pub(super) history: VecDeque<u64>,
}

/// All that the screen depends on.
pub(super) struct State {
    pub(super) numbers: Numbers,
    pub(super) sort: Sort,
    pub(super) descending: bool,
    pub(super) filter: String,
    /// The filter is being typed.
    pub(super) editing: bool,
    pub(super) totals: bool,
    pub(super) paused: bool,
    /// The namespace that is looked at alone.
    pub(super) opened: Option<u64>,
    pub(super) problem: Option<String>,
    pub(super) done: bool,
    names: Names,
    sample: Sample,
    rows: Vec<Row>,
    selected: Option<u64>,
}

impl State {
    /// Begins with a first sample, when there are no rates yet.
    pub(super) fn new(numbers: Numbers, names: Names, sample: Sample) -> Self {
        let mut state = State {
            numbers,
            sort: Sort::Received,
            descending: true,
            filter: String::new(),
            editing: false,
            totals: false,
            paused: false,
            opened: None,
            problem: None,
            done: false,
            names,
            rows: Vec::new(),
            selected: None,
            sample: sample.clone(),
        };
        let rates = vec![Traffic::default(); sample.namespaces.len()];
        state.rows = state.make_rows(&sample, rates, HashMap::new());
        state.arrange();
        state
    }

    /// Takes in a new sample.
    pub(super) fn update(&mut self, sample: Sample) {
        let rates = sample.rates_since(&self.sample);
        let histories = self
            .rows
            .drain(..)
            .map(|row| (row.namespace.cookie, row.history))
            .collect();
        self.rows = self.make_rows(&sample, rates, histories);
        for row in &mut self.rows {
            row.history.push_back(row.rates.packets().round() as u64);
            while row.history.len() > HISTORY {
                row.history.pop_front();
            }
        }
        self.sample = sample;
        self.problem = None;
        self.arrange();
    }

    /// Takes in new names.
    pub(super) fn rename(&mut self, names: Names) {
        for row in &mut self.rows {
            row.label = names.label(row.namespace.inode);
        }
        self.names = names;
        self.arrange();
    }

    /// The inode numbers of all namespaces.
    pub(super) fn inodes(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows.iter().map(|row| row.namespace.inode)
    }

    fn make_rows(
        &self,
        sample: &Sample,
        rates: Vec<Traffic<f64>>,
        mut histories: HashMap<u64, VecDeque<u64>>,
    ) -> Vec<Row> {
        sample
            .namespaces
            .iter()
            .zip(rates)
            .map(|(namespace, rates)| Row {
                label: self.names.label(namespace.inode),
                history: histories.remove(&namespace.cookie).unwrap_or_default(),
                namespace: namespace.clone(),
                rates,
            })
            .collect()
    }

    /// All rows, whatever the filter says.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows that the filter lets through, in their order.
    pub(super) fn shown(&self) -> Vec<&Row> {
        let wanted = self.filter.to_lowercase();
        self.rows
            .iter()
            .filter(|row| row.label.to_lowercase().contains(&wanted))
            .collect()
    }

    /// Where the selection is among those shown: the top, until it is moved.
    pub(super) fn position(&self) -> Option<usize> {
        let shown = self.shown();
        let place = match self.selected {
            Some(selected) => shown
                .iter()
                .position(|row| row.namespace.cookie == selected),
            None => Some(0),
        };
        place.filter(|&place| place < shown.len())
    }

    /// The namespace that is looked at alone.
    pub(super) fn opened_row(&self) -> Option<&Row> {
        let opened = self.opened?;
        self.rows.iter().find(|row| row.namespace.cookie == opened)
    }

    /// Moves the selection by so many rows, as far as there are any.
    pub(super) fn move_by(&mut self, rows: isize) {
        let position = self.position();
        let shown = self.shown();
        let Some(last) = shown.len().checked_sub(1) else {
            return;
        };
        let next = match position {
            Some(position) => position.saturating_add_signed(rows).min(last),
            None => 0,
        };
        self.selected = Some(shown[next].namespace.cookie);
    }

    /// Looks at the selected namespace alone.
    pub(super) fn open(&mut self) {
        let row = self.position().map(|position| self.shown()[position]);
        self.opened = row.map(|row| row.namespace.cookie);
    }

    /// Leaves what was entered last.
    pub(super) fn back(&mut self) {
        if self.opened.take().is_none() {
            self.clear_filter();
        }
    }

    /// Begins to type a filter.
    pub(super) fn edit_filter(&mut self) {
        self.opened = None;
        self.editing = true;
    }

    /// Shows all again.
    pub(super) fn clear_filter(&mut self) {
        self.filter.clear();
        self.editing = false;
        self.keep_selection();
    }

    /// Adds to the filter.
    pub(super) fn lengthen_filter(&mut self, c: char) {
        self.filter.push(c);
        self.keep_selection();
    }

    /// Takes from the filter.
    pub(super) fn shorten_filter(&mut self) {
        self.filter.pop();
        self.keep_selection();
    }

    /// Sorts by the column that is so many to the right.
    pub(super) fn sort_by_next(&mut self, columns: isize) {
        let position = Sort::ALL
            .iter()
            .position(|sort| *sort == self.sort)
            .unwrap_or(0);
        let count = Sort::ALL.len() as isize;
        let next = (position as isize + columns).rem_euclid(count);
        self.sort = Sort::ALL[next as usize];
        self.descending = self.sort != Sort::Name;
        self.arrange();
    }

    /// Turns the order round.
    pub(super) fn reverse(&mut self) {
        self.descending = !self.descending;
        self.arrange();
    }

    fn arrange(&mut self) {
        let (sort, descending) = (self.sort, self.descending);
        self.rows.sort_by(|a, b| {
            let order = compare(sort, a, b);
            let order = if descending { order.reverse() } else { order };
            // Rows of equal rank must not change places from one sample to the next.
            order.then(a.namespace.cookie.cmp(&b.namespace.cookie))
        });
        self.keep_selection();
    }

    /// The selection goes back to the top if its namespace is not shown any more.
    fn keep_selection(&mut self) {
        if self.position().is_none() {
            self.selected = None;
        }
    }
}

fn compare(sort: Sort, a: &Row, b: &Row) -> Ordering {
    // Rates first, then all that was counted: idle namespaces are in order, too.
    let by = |rate: fn(&Traffic<f64>) -> f64, total: fn(&Traffic<u64>) -> u64| {
        rate(&a.rates)
            .total_cmp(&rate(&b.rates))
            .then(total(&a.namespace.counters).cmp(&total(&b.namespace.counters)))
    };
    let sockets = |row: &Row| {
        row.namespace
            .table(Table::Tcp)
            .and_then(|table| table.sockets)
    };
    match sort {
        Sort::Name => a.label.cmp(&b.label),
        Sort::Received => by(|t| t.receive.packets(), |t| t.receive.packets()),
        Sort::Sent => by(|t| t.transmit.packets(), |t| t.transmit.packets()),
        Sort::Misses => by(|t| t.receive.misses(), |t| t.receive.misses()),
        Sort::Disagreements => by(Traffic::disagreements, Traffic::disagreements),
        Sort::Tcp => sockets(a).cmp(&sockets(b)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::netlink::spec::Mode;
    use std::time::{Duration, Instant};

    pub(in super::super) fn sample(at: Instant, packets: [u64; 3]) -> Sample {
        let namespaces = packets
            .iter()
            .zip(1..)
            .map(|(&packets, number)| {
                let mut counters = Traffic::default();
                counters.receive.by_device = packets;
                Namespace {
                    cookie: number.into(),
                    inode: number,
                    nsid: None,
                    mode: Mode::Observe,
                    devices: number,
                    tables: Vec::new(),
                    counters,
                }
            })
            .collect();
        Sample { at, namespaces }
    }

    /// Three namespaces, of which the second one is busy.
    pub(in super::super) fn state() -> State {
        let start = Instant::now();
        let mut state = State::new(
            Numbers { raw: false },
            Names::default(),
            sample(start, [0, 0, 0]),
        );
        state.update(sample(start + Duration::from_secs(1), [10, 2000, 30]));
        state
    }

    pub(in super::super) fn names_shown(state: &State) -> Vec<String> {
        state.shown().iter().map(|row| row.label.clone()).collect()
    }

    #[test]
    fn the_busiest_comes_first() {
        let mut state = state();
        assert_eq!(names_shown(&state), ["net:[2]", "net:[3]", "net:[1]"]);
        state.reverse();
        assert_eq!(names_shown(&state), ["net:[1]", "net:[3]", "net:[2]"]);
        state.sort_by_next(-1);
        assert_eq!(state.sort, Sort::Name);
        assert_eq!(names_shown(&state), ["net:[1]", "net:[2]", "net:[3]"]);
        state.sort_by_next(-1);
        assert_eq!(state.sort, Sort::Tcp);
    }

    #[test]
    fn the_selection_stays_with_its_namespace() {
        let mut state = state();
        state.move_by(1);
        assert_eq!(state.position(), Some(1));
        let later = state.sample.at + Duration::from_secs(1);
        state.update(sample(later, [10, 2000, 9000]));
        assert_eq!(state.position(), Some(0));
        state.move_by(isize::MAX);
        assert_eq!(state.position(), Some(2));
        state.move_by(isize::MIN);
        assert_eq!(state.position(), Some(0));
    }

    #[test]
    fn a_namespace_that_died_is_not_shown_alone() {
        let mut state = state();
        state.open();
        assert_eq!(state.opened_row().unwrap().label, "net:[2]");
        let mut next = sample(state.sample.at + Duration::from_secs(1), [0, 0, 0]);
        next.namespaces.remove(1);
        state.update(next);
        assert!(state.opened_row().is_none());
        assert_eq!(state.position(), Some(0));
    }

    #[test]
    fn history_has_an_end() {
        let mut state = state();
        for second in 0..200 {
            let at = state.sample.at + Duration::from_secs(1);
            state.update(sample(at, [second, 2000, 30]));
        }
        assert!(state.rows().iter().all(|row| row.history.len() == HISTORY));
    }
}
