// SPDX-License-Identifier: GPL-2.0

//! One namespace alone: its packets over time, and all its counters.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Sparkline};
use ratatui::Frame;

use super::state::{Row, State};
use crate::commands::list::use_of;
use crate::commands::stat::{detail, Figure};
use crate::netlink::counters::{packet_outcomes, Traffic, OF_IP};
use crate::output::columns::Columns;

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, row: &Row, state: &State) {
    let [head, graph, resolved, lookups] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(4),
        Constraint::Length(packet_outcomes().count() as u16 + 2),
    ])
    .areas(area);
    frame.render_widget(heading(row, state), head);
    let newest = newest(row, graph.width);
    frame.render_widget(packets(&newest, state), graph);
    let title = if state.totals {
        "since the last reset"
    } else {
        "per second"
    };
    let block = Block::new().borders(Borders::TOP).title(title);
    let [receive, transmit] = Layout::horizontal([Constraint::Fill(1); 2]).areas(lookups);
    match state.totals {
        true => counters(
            &row.namespace.counters,
            state,
            frame,
            [resolved, receive, transmit],
            block,
        ),
        false => counters(
            &row.rates,
            state,
            frame,
            [resolved, receive, transmit],
            block,
        ),
    }
}

fn counters<N: Figure>(
    traffic: &Traffic<N>,
    state: &State,
    frame: &mut Frame<'_>,
    [above, left, right]: [Rect; 3],
    block: Block<'_>,
) {
    let numbers = state.numbers;
    let resolved = paragraph(detail::resolved(traffic, &OF_IP, numbers)).block(block);
    frame.render_widget(resolved, above);
    for (direction, area) in OF_IP.iter().zip([left, right]) {
        frame.render_widget(
            paragraph(detail::lookups(*direction, traffic, numbers)),
            area,
        );
    }
}

/// Columns with bold headings.
fn paragraph(columns: Columns) -> Paragraph<'static> {
    let mut lines = columns.lines(false, None).into_iter();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let headings = lines.next().map(|line| Line::styled(line, bold));
    Paragraph::new(
        headings
            .into_iter()
            .chain(lines.map(Line::raw))
            .collect::<Vec<_>>(),
    )
}

/// What there is room for, the newest last.
fn newest(row: &Row, width: u16) -> Vec<u64> {
    let left_out = row.history.len().saturating_sub(width.into());
    row.history.iter().skip(left_out).copied().collect()
}

fn packets<'a>(newest: &'a [u64], state: &State) -> Sparkline<'a> {
    let highest = newest.iter().copied().max().unwrap_or(0);
    let title = format!("packets/s, at most {}", state.numbers.count(highest));
    Sparkline::default()
        .block(Block::new().borders(Borders::TOP).title(title))
        .style(Style::new().fg(Color::Cyan))
        .data(newest)
}

fn heading(row: &Row, state: &State) -> Paragraph<'static> {
    let namespace = &row.namespace;
    let tables: Vec<String> = namespace
        .tables
        .iter()
        .map(|table| {
            let shared = if table.private { "private" } else { "shared" };
            format!(
                "{} {} ({shared})",
                table.table,
                use_of(Some(table), state.numbers)
            )
        })
        .collect();
    let lines = vec![
        Line::styled(
            format!(
                "{}  cookie {}  inode {}  mode {}",
                row.label, namespace.cookie, namespace.inode, namespace.mode
            ),
            Style::new().add_modifier(Modifier::BOLD),
        ),
        Line::raw(format!(
            "devices {}  {}",
            namespace.devices,
            tables.join("  ")
        )),
    ];
    Paragraph::new(lines)
}
