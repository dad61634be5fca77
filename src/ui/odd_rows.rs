//! Letters of several code points, or of several columns. Terminals disagree about how many columns those take, and ratatui clears only what it
//! believes was drawn: parts of such a letter would stay when another pane comes. A row that holds one, or held one in the frame before, is
//! drawn whole when it changes.

use std::hash::{DefaultHasher, Hash, Hasher};

use ratatui::buffer::{Buffer, CellDiffOption};
use unicode_width::UnicodeWidthStr;

/// What the rows of the last frame held.
#[derive(Debug, Default)]
pub struct OddRows {
    /// For each row whether it held such a letter, and a hash of its cells.
    rows: Vec<(bool, u64)>,
}

impl OddRows {
    /// Has the rows of a new frame drawn whole where that is needed.
    pub fn mark(&mut self, buffer: &mut Buffer) {
        let width = usize::from(buffer.area.width).max(1);
        let mut rows = Vec::with_capacity(self.rows.len());
        for (at, row) in buffer.content.chunks_mut(width).enumerate() {
            let mut hash = DefaultHasher::new();
            let mut odd = false;
            for cell in row.iter() {
                cell.hash(&mut hash);
                odd |= is_odd(cell.symbol());
            }
            let hash = hash.finish();
            let before = self.rows.get(at);
            let held = before.is_some_and(|(odd, _)| *odd);
            let changed = before.is_none_or(|(_, known)| *known != hash);
            if changed && (odd || held) {
                for cell in row {
                    cell.set_diff_option(CellDiffOption::AlwaysUpdate);
                }
            }
            rows.push((odd, hash));
        }
        self.rows = rows;
    }
}

fn is_odd(symbol: &str) -> bool {
    !symbol.is_ascii() && (symbol.width() != 1 || symbol.chars().nth(1).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of the first row that are sent to the terminal when one frame follows another.
    fn sent(before: &str, after: &str) -> Vec<u16> {
        let mut rows = OddRows::default();
        let mut frame = |text: &str| {
            let mut buffer = Buffer::with_lines([format!("{text:<6}"), "line  ".to_owned()]);
            rows.mark(&mut buffer);
            buffer
        };
        frame(before);
        let (before, after) = (frame(before), frame(after));
        let sent = before.diff(&after).into_iter();
        sent.filter(|(_, y, _)| *y == 0).map(|(x, ..)| x).collect()
    }

    #[test]
    fn what_a_letter_of_two_marks_may_have_drawn_is_drawn_over() {
        assert_eq!(sent("दीप", "x"), [0, 1, 2, 3, 4, 5]);
        assert_eq!(sent("x", "दीप").first(), Some(&0));
        assert_eq!(
            sent("abc", "abd"),
            [2],
            "plain rows are sent as they change"
        );
        assert!(
            sent("成", "成").is_empty(),
            "and what stays is not sent again"
        );
    }
}
