// SPDX-License-Identifier: GPL-2.0

//! Rows under headings, aligned, and not wider than the terminal as far as texts can be cut.

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table,
};

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words: to the left, cut if there is too little room.
    Text,
    /// Numbers: to the right, never cut.
    Number,
    /// An address: to the left, never cut.
    Whole,
}

/// Rows under headings.
pub(crate) struct Columns {
    table: Table,
    kinds: Vec<Kind>,
    /// Those that a narrow terminal can do without, the first of them first.
    spare: Vec<usize>,
}

/// The space behind each column.
const PADDING: u16 = 2;

impl Columns {
    /// Columns with these headings.
    pub(crate) fn new(headings: &[(&str, Kind)]) -> Self {
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::NOTHING);
        table.set_truncation_indicator("…");
        table.set_header(headings.iter().map(|(heading, kind)| {
            aligned(Cell::new(heading), *kind).add_attribute(Attribute::Bold)
        }));
        Columns {
            table,
            kinds: headings.iter().map(|(_, kind)| *kind).collect(),
            spare: Vec::new(),
        }
    }

    /// Leaves columns out where the terminal has no room for all, by their places and one after the
    /// other, before a text is cut.
    pub(crate) fn spare(mut self, places: &[usize]) -> Self {
        self.spare = places.to_vec();
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells = cells
            .into_iter()
            .zip(&self.kinds)
            .map(|(cell, kind)| aligned(cell, *kind));
        let mut row = Row::from(cells.collect::<Vec<_>>());
        row.max_height(1);
        self.table.add_row(row);
    }

    /// The finished lines.
    pub(crate) fn lines(mut self, colour: bool, width: Option<u16>) -> Vec<String> {
        if colour {
            self.table.enforce_styling();
        } else {
            self.table.force_no_tty();
        }
        match width {
            Some(width) => {
                self.table
                    .set_content_arrangement(ContentArrangement::Dynamic);
                self.table.set_width(width);
                self.leave_out(width);
            }
            None => {
                self.table
                    .set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        for (column, kind) in self.table.column_iter_mut().zip(&self.kinds) {
            column.set_padding((0, PADDING));
            if *kind != Kind::Text && !column.is_hidden() {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let lines: Vec<String> = self.table.lines().collect();
        lines
            .into_iter()
            .map(|line| line.trim_end().to_string())
            .collect()
    }
}

impl Columns {
    /// Hides as many of the spare columns as have to be.
    fn leave_out(&mut self, width: u16) {
        let widths: Vec<u16> = self
            .table
            .column_max_content_widths()
            .iter()
            .map(|width| width.saturating_add(PADDING))
            .collect();
        let mut needed: u16 = widths
            .iter()
            .fold(0, |sum, width| sum.saturating_add(*width));
        for place in &self.spare {
            if needed <= width {
                break;
            }
            if let Some(column) = self.table.column_mut(*place) {
                column.set_constraint(ColumnConstraint::Hidden);
                needed = needed.saturating_sub(widths[*place]);
            }
        }
    }
}

fn aligned(cell: Cell, kind: Kind) -> Cell {
    match kind {
        Kind::Number => cell.set_alignment(CellAlignment::Right),
        Kind::Text | Kind::Whole => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Columns {
        let mut columns = Columns::new(&[
            ("NETNS", Kind::Text),
            ("PACKETS", Kind::Number),
            ("MODE", Kind::Text),
        ]);
        columns.row(["web1", "12", "observe"].map(Cell::new));
        columns.row(["a-name-that-is-long", "1234567890", "off"].map(Cell::new));
        columns
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            sample().lines(false, None),
            [
                "NETNS                   PACKETS  MODE",
                "web1                         12  observe",
                "a-name-that-is-long  1234567890  off",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_cuts_words_and_no_numbers() {
        for line in sample().lines(false, Some(30)) {
            assert!(line.chars().count() <= 30, "{line}");
        }
        let text = sample().lines(false, Some(30)).join("\n");
        assert!(text.contains("1234567890"), "{text}");
        assert!(text.contains('…'), "{text}");
    }

    #[test]
    fn spare_columns_go_before_a_text_is_cut() {
        let lines = |width| sample().spare(&[1, 2]).lines(false, Some(width));
        assert_eq!(lines(50), sample().lines(false, None));
        assert_eq!(lines(35)[2], "a-name-that-is-long  off");
        assert_eq!(lines(22)[2], "a-name-that-is-long");
        assert!(lines(12)[2].ends_with('…'), "{:?}", lines(12));
    }

    #[test]
    fn colours_only_when_asked_for() {
        assert!(!sample().lines(false, Some(80)).concat().contains('\u{1b}'));
        assert!(sample().lines(true, Some(80)).concat().contains('\u{1b}'));
    }
}
