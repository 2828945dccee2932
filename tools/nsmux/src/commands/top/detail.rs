// SPDX-License-Identifier: GPL-2.0

//! One namespace alone: its packets over time, and all its counters.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Sparkline};
use ratatui::Frame;

use super::state::{Row, State};
use crate::commands::list::use_of;
use crate::commands::stat::detail::blocks;
use crate::output::columns::Columns;

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, row: &Row, state: &State) {
    let [head, graph, counters] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(6),
        Constraint::Min(1),
    ])
    .areas(area);
    frame.render_widget(heading(row, state), head);

    let width = usize::from(graph.width);
    let newest: Vec<u64> = row
        .history
        .iter()
        .rev()
        .take(width)
        .rev()
        .copied()
        .collect();
    let highest = newest.iter().copied().max().unwrap_or(0);
    let title = format!("packets/s, at most {}", state.numbers.count(highest));
    let sparkline = Sparkline::default()
        .block(Block::new().borders(Borders::TOP).title(title))
        .style(Style::new().fg(Color::Cyan))
        .data(&newest);
    frame.render_widget(sparkline, graph);

    let blocks: Vec<Columns> = match state.totals {
        true => blocks(&row.namespace.counters, state.numbers),
        false => blocks(&row.rates, state.numbers),
    };
    let mut lines = Vec::new();
    for block in blocks {
        for (position, line) in block.lines(false, None).into_iter().enumerate() {
            lines.push(match position {
                0 => Line::styled(line, Style::new().add_modifier(Modifier::BOLD)),
                _ => Line::raw(line),
            });
        }
        lines.push(Line::default());
    }
    let title = if state.totals {
        "since the last reset"
    } else {
        "per second"
    };
    let block = Block::new().borders(Borders::TOP).title(title);
    frame.render_widget(Paragraph::new(lines).block(block), counters);
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
            "{} devices  {}",
            namespace.devices,
            tables.join("  ")
        )),
    ];
    Paragraph::new(lines)
}
