// SPDX-License-Identifier: GPL-2.0

//! The screen: a summary, the namespaces, and a line that says which keys there are.

use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row as TableRow, Table, TableState};
use ratatui::Frame;

use super::detail;
use super::state::{Row, Sort, State};
use crate::commands::list::use_of;
use crate::netlink::spec::{Mode, Table as SocketTable};
use crate::output::timestamp;

/// How many samples the trend of a row shows.
const TREND: usize = 16;
/// The width of the time, with a space before it.
const TIME: u16 = 9;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State) {
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [summed, time] =
        Layout::horizontal([Constraint::Min(1), Constraint::Length(TIME)]).areas(head);
    frame.render_widget(summary(state), summed);
    frame.render_widget(clock(state), time);
    match state.opened_row() {
        Some(row) => detail::draw(frame, body, row, state),
        None => list(frame, body, state),
    }
    frame.render_widget(keys(state), foot);
}

fn summary(state: &State) -> Paragraph<'static> {
    let rows = state.rows();
    let observed = rows
        .iter()
        .filter(|row| row.namespace.mode != Mode::Off)
        .count();
    let packets: f64 = rows.iter().map(|row| row.rates.packets()).sum();
    let misses: f64 = rows.iter().map(|row| row.rates.receive.misses()).sum();
    let disagreements: u64 = rows
        .iter()
        .map(|row| row.namespace.counters.disagreements())
        .sum();
    let numbers = state.numbers;
    let spans = vec![
        Span::styled("nsmux", Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!("  {} namespaces, {observed} observed", rows.len())),
        Span::raw(format!("   {} packets/s", numbers.rate(packets))),
        coloured(
            format!("   {} misses/s", numbers.rate(misses)),
            misses > 0.0,
            Color::Yellow,
        ),
        coloured(
            format!("   {} disagreements", numbers.count(disagreements)),
            disagreements > 0,
            Color::Red,
        ),
    ];
    Paragraph::new(Line::from(spans))
}

/// The time, unless it stands still.
fn clock(state: &State) -> Paragraph<'static> {
    let text = match state.paused {
        true => Span::styled("paused", Style::new().fg(Color::Yellow)),
        false => Span::raw(timestamp::clock(timestamp::now())[..8].to_string()),
    };
    Paragraph::new(text).alignment(Alignment::Right)
}

fn coloured(text: String, wanted: bool, colour: Color) -> Span<'static> {
    if wanted {
        Span::styled(text, Style::new().fg(colour))
    } else {
        Span::raw(text)
    }
}

/// A column: its heading, width, and what it can be sorted by.
const COLUMNS: [(&str, u16, Option<Sort>); 10] = [
    ("NETNS", 14, Some(Sort::Name)),
    ("MODE", 7, None),
    ("RECEIVED", 9, Some(Sort::Received)),
    ("SENT", 8, Some(Sort::Sent)),
    ("MISSES", 8, Some(Sort::Misses)),
    ("DISAGREE", 9, Some(Sort::Disagreements)),
    ("TCP", 13, Some(Sort::Tcp)),
    ("UDP", 9, None),
    ("DEVICES", 7, None),
    ("TREND", TREND as u16, None),
];
/// Which columns go first when there is too little room.
const EXPENDABLE: [usize; 5] = [9, 8, 1, 7, 6];

/// The places of the columns that fit.
fn columns_within(width: u16) -> Vec<usize> {
    let mut columns: Vec<usize> = (0..COLUMNS.len()).collect();
    for expendable in EXPENDABLE {
        let needed: u16 = columns.iter().map(|&column| COLUMNS[column].1 + 1).sum();
        if needed <= width + 1 {
            break;
        }
        columns.retain(|&column| column != expendable);
    }
    columns
}

fn list(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let shown = state.shown();
    if shown.is_empty() {
        let text = match state.filter.is_empty() {
            true => "no namespace that you may see".to_string(),
            false => format!("no namespace has `{}` in its name", state.filter),
        };
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let columns = columns_within(area.width);
    let header = columns.iter().map(|&column| heading(column, state));
    let header = TableRow::new(header).style(Style::new().add_modifier(Modifier::BOLD));
    let rows = shown.iter().map(|row| {
        let cells = cells(row, state);
        TableRow::new(
            columns
                .iter()
                .map(|&column| cells[column].clone())
                .collect::<Vec<_>>(),
        )
    });
    let widths = columns.iter().map(|&column| match column {
        0 => Constraint::Min(COLUMNS[0].1),
        column => Constraint::Length(COLUMNS[column].1),
    });
    let table = Table::new(rows, widths)
        .header(header)
        .column_spacing(1)
        .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut position = TableState::new().with_selected(state.position());
    frame.render_stateful_widget(table, area, &mut position);
}

fn heading(column: usize, state: &State) -> Cell<'static> {
    let (text, _, sort) = COLUMNS[column];
    let arrow = match sort == Some(state.sort) {
        true if state.descending => "▼",
        true => "▲",
        false => "",
    };
    let line = Line::raw(format!("{text}{arrow}"));
    Cell::from(match is_number(text) {
        true => line.alignment(Alignment::Right),
        false => line,
    })
}

fn is_number(heading: &str) -> bool {
    !matches!(heading, "NETNS" | "MODE" | "TREND")
}

fn cells<'a>(row: &'a Row, state: &State) -> [Cell<'a>; COLUMNS.len()] {
    let numbers = state.numbers;
    let counters = &row.namespace.counters;
    let figure = |rate: f64, total: u64| match state.totals {
        true => numbers.count(total),
        false => numbers.rate(rate),
    };
    let right = |text: String| Cell::from(Line::raw(text).alignment(Alignment::Right));
    let misses = figure(row.rates.receive.misses(), counters.receive.misses());
    let disagreements = counters.disagreements();
    let mode = match row.namespace.mode {
        Mode::Off => Style::new().fg(Color::DarkGray),
        Mode::Observe => Style::new().fg(Color::Green),
        Mode::Verify => Style::new().fg(Color::Cyan),
        Mode::Steer => Style::new().fg(Color::Yellow),
    };
    let missed = row.rates.receive.misses() > 0.0 || state.totals && counters.receive.misses() > 0;
    let mut misses = right(misses);
    if missed {
        misses = misses.style(Style::new().fg(Color::Yellow));
    }
    let mut disagree = right(numbers.count(disagreements));
    if disagreements > 0 {
        disagree = disagree.style(Style::new().fg(Color::Red));
    }
    [
        Cell::from(row.label.as_str()),
        Cell::from(row.namespace.mode.name()).style(mode),
        right(figure(
            row.rates.receive.packets(),
            counters.receive.packets(),
        )),
        right(figure(
            row.rates.transmit.packets(),
            counters.transmit.packets(),
        )),
        misses,
        disagree,
        right(use_of(row.namespace.table(SocketTable::Tcp), numbers)),
        right(use_of(row.namespace.table(SocketTable::Udp), numbers)),
        right(row.namespace.devices.to_string()),
        Cell::from(trend(row)).style(Style::new().fg(Color::Cyan)),
    ]
}

/// The last rates as bars, the highest one as high as the line.
fn trend(row: &Row) -> String {
    let newest = row.history.iter().rev().take(TREND).rev();
    let highest = newest.clone().copied().max().unwrap_or(0).max(1);
    newest
        .map(|&rate| match rate {
            0 => ' ',
            rate => BARS[((rate * BARS.len() as u64).div_ceil(highest) as usize - 1).min(7)],
        })
        .collect()
}

fn keys(state: &State) -> Paragraph<'static> {
    if let Some(problem) = &state.problem {
        return Paragraph::new(problem.clone()).style(Style::new().fg(Color::Red));
    }
    if state.editing {
        return Paragraph::new(format!(
            "filter: {}_   Enter keep   Esc clear",
            state.filter
        ));
    }
    let figures = if state.totals { "rates" } else { "totals" };
    let mut keys = vec![("q", "quit")];
    if state.opened_row().is_some() {
        keys.extend([("Esc", "back"), ("t", figures), ("p", "pause")]);
    } else {
        keys.extend([
            ("↑↓", "select"),
            ("Enter", "details"),
            ("/", "filter"),
            ("←→", "sort"),
            ("r", "reverse"),
            ("t", figures),
            ("p", "pause"),
        ]);
    }
    let mut spans = Vec::new();
    if !state.filter.is_empty() {
        spans.push(coloured(
            format!("filter: {}  ", state.filter),
            true,
            Color::Yellow,
        ));
    }
    for (key, meaning) in keys {
        spans.push(Span::styled(key, Style::new().add_modifier(Modifier::BOLD)));
        spans.push(Span::raw(format!(" {meaning}  ")));
    }
    Paragraph::new(Line::from(spans))
}

#[cfg(test)]
mod tests {
    use super::super::state::tests::state;
    use super::*;
    use ratatui::backend::TestBackend;
    use ratatui::Terminal;

    fn text(state: &State, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, state)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        (0..height)
            .map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect())
            .collect()
    }

    #[test]
    fn the_list_shows_rates_and_totals() {
        let mut state = state();
        let lines = text(&state, 110, 8);
        assert!(
            lines[0].contains("3 namespaces, 3 observed   2040 packets/s"),
            "{}",
            lines[0]
        );
        assert!(lines[2].contains("RECEIVED▼"), "{}", lines[2]);
        assert!(lines[3].starts_with("net:[2] "), "{}", lines[3]);
        assert!(lines[7].starts_with("q quit"), "{}", lines[7]);
        state.totals = true;
        state.reverse();
        assert!(text(&state, 110, 8)[3].starts_with("net:[1] "));
    }

    #[test]
    fn one_namespace_is_shown_alone() {
        let mut state = state();
        state.open();
        let lines = text(&state, 110, 40).join("\n");
        assert!(
            lines.contains("net:[2]  cookie 2  inode 2  mode observe"),
            "{lines}"
        );
        assert!(lines.contains("RESOLVED BY"), "{lines}");
        assert!(lines.contains("Esc back"), "{lines}");
    }

    #[test]
    fn numbers_are_whole_on_a_narrow_terminal() {
        let lines = text(&state(), 80, 8);
        for heading in ["NETNS", "RECEIVED▼", "SENT", "MISSES", "DISAGREE", "TCP"] {
            assert!(lines[2].contains(heading), "{heading}: {}", lines[2]);
        }
        assert!(!lines[2].contains("TREND"), "{}", lines[2]);
        assert!(text(&state(), 120, 8)[2].contains("TREND"));
    }

    #[test]
    fn a_narrow_terminal_shows_that_the_screen_stands_still() {
        let mut state = state();
        state.paused = true;
        assert!(text(&state, 60, 8)[0].ends_with(" paused"));
    }

    #[test]
    fn no_size_is_too_small() {
        let mut state = state();
        for (width, height) in [(1, 1), (3, 2), (20, 4), (80, 5)] {
            text(&state, width, height);
        }
        state.open();
        for (width, height) in [(1, 1), (3, 2), (20, 4), (80, 5)] {
            text(&state, width, height);
        }
    }

    #[test]
    fn a_filter_without_a_match_says_so() {
        let mut state = state();
        state.lengthen_filter('x');
        let lines = text(&state, 80, 8).join("\n");
        assert!(
            lines.contains("no namespace has `x` in its name"),
            "{lines}"
        );
        assert!(lines.contains("filter: x"), "{lines}");
    }

    #[test]
    fn a_trend_is_scaled_to_its_highest() {
        let mut row = state().rows()[0].clone();
        row.history = [0, 1, 50, 100].into();
        assert_eq!(trend(&row), " ▁▄█");
        row.history.clear();
        assert_eq!(trend(&row), "");
    }
}
