//! Text by display width: cut, padded and wrapped by grapheme, so that no wide character or accent shifts a column.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use crate::domain::number::grouped as number;
use crate::domain::text::is_plain;

/// Columns that `text` takes: those of its graphemes, since each of them is drawn into a cell of its own. Of a whole text some pairs of letters
/// count as one, which no terminal draws so.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// `text` in at most `columns`; what was cut ends in `…`.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// `text` in exactly `columns`, filled with spaces behind it.
pub fn pad(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    out.push_str(&" ".repeat(columns.saturating_sub(width(&out))));
    out
}

/// `text` in exactly `columns`, filled with spaces before it.
pub fn right(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(&text))))
}

/// `text` in lines of at most `columns`, broken at spaces where possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        if is_plain(paragraph) {
            wrap_plain(paragraph, columns, &mut lines);
        } else {
            wrap_any(paragraph, columns, &mut lines);
        }
    }
    lines
}

/// One paragraph, grapheme by grapheme.
fn wrap_any(paragraph: &str, columns: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    let mut used = 0;
    for word in paragraph.split_inclusive(char::is_whitespace) {
        // The space behind a word may hang over the edge: it is cut off there.
        if used + width(word.trim_end()) > columns && used > 0 {
            lines.push(line.trim_end().to_owned());
            line = String::new();
            used = 0;
        }
        for grapheme in word.graphemes(true) {
            let space = grapheme.chars().all(char::is_whitespace);
            if used + grapheme.width() > columns && used > 0 && !space {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            used += grapheme.width();
            line.push_str(grapheme);
        }
    }
    lines.push(line.trim_end().to_owned());
}

/// The same where a letter is a byte and a column.
fn wrap_plain(paragraph: &str, columns: usize, lines: &mut Vec<String>) {
    let (mut from, mut to) = (0, 0);
    for word in paragraph.split_inclusive(' ') {
        let mut letters = word.trim_end().len();
        let spaces = word.len() - letters;
        if to - from + letters > columns && to > from {
            lines.push(paragraph[from..to].trim_end().to_owned());
            from = to;
        }
        while to - from + letters > columns {
            letters -= columns - (to - from);
            to = from + columns;
            lines.push(paragraph[from..to].to_owned());
            from = to;
        }
        to += letters + spaces;
    }
    lines.push(paragraph[from..to].trim_end().to_owned());
}

/// A stretch of time: 4s, 2m 05s, 1h 02m.
pub fn duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn wide_characters_and_accents_are_cut_by_what_they_take_on_screen() {
        // Lam and alef are drawn in a cell each.
        assert_eq!(pad("سلام", 6), "سلام  ");
        assert_eq!(fit("李小龍", 5), "李小…");
        assert_eq!(fit("李小龍", 4), "李…");
        assert_eq!(pad("e\u{301}a", 4), "e\u{301}a  ");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(right("12", 4), "  12");
    }

    #[test]
    fn text_wraps_between_words_and_long_words_are_broken() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(
            wrap("of users: a copy (3 s)", 8),
            ["of", "users: a", "copy (3", "s)"]
        );
        assert_eq!(wrap("  indented by two", 10), ["  indented", "by two"]);
        for line in wrap("李小龍 is a name, isn't it", 5) {
            assert!(width(&line) <= 5, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn plain_text_wraps_as_any_text_does(text in "[ ab]{0,40}", columns in 1_usize..9) {
            let (mut plain, mut any) = (Vec::new(), Vec::new());
            wrap_plain(&text, columns, &mut plain);
            wrap_any(&text, columns, &mut any);
            proptest::prop_assert_eq!(plain, any);
        }
    }

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(duration(Duration::from_secs(125)), "2m 05s");
        assert_eq!(duration(Duration::from_secs(3725)), "1h 02m");
    }
}
