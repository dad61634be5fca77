//! The text area's content: what is typed, and where the cursor stands. It moves by grapheme, never splits one, and takes no control
//! characters.

use unicode_segmentation::UnicodeSegmentation;

use super::key::{Key, KeyCode};

/// Characters that a text area takes at most; a note is no novel.
const LIMIT: usize = 4000;

/// A text being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// Byte offset of the cursor, always between two graphemes.
    cursor: usize,
    lines: bool,
}

impl Editor {
    /// One line, holding `text`, the cursor behind it.
    pub fn line(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    /// Several lines.
    pub fn area() -> Self {
        Self {
            lines: true,
            ..Self::default()
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor as line and column, both in characters from 0.
    pub fn position(&self) -> (usize, usize) {
        let before = &self.text[..self.cursor];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count(),
            before[line_start..].chars().count(),
        )
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }

    /// Inserts typed or pasted text. A single line ignores line breaks at the end and makes spaces of those inside.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = if self.lines {
            text
        } else {
            text.trim_end_matches('\n').replace('\n', " ")
        };
        let room = LIMIT.saturating_sub(self.text.chars().count());
        let clean: String = text
            .chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| *c == '\n' || !c.is_control())
            .take(room)
            .collect();
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
    }

    /// Takes an editing key; false when it is none of its own.
    pub fn key(&mut self, key: Key) -> bool {
        match (key.ctrl, key.alt, key.code) {
            (false, false, KeyCode::Char(c)) => self.insert(c.encode_utf8(&mut [0; 4])),
            (false, true, KeyCode::Enter) if self.lines => self.insert("\n"),
            (false, false, KeyCode::Backspace) => {
                let start = self.before(self.cursor);
                self.text.replace_range(start..self.cursor, "");
                self.cursor = start;
            }
            (false, false, KeyCode::Delete) => {
                let end = self.after(self.cursor);
                self.text.replace_range(self.cursor..end, "");
            }
            (false, false, KeyCode::Left) => self.cursor = self.before(self.cursor),
            (false, false, KeyCode::Right) => self.cursor = self.after(self.cursor),
            (false, false, KeyCode::Home) | (true, false, KeyCode::Char('a')) => {
                self.cursor = self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1);
            }
            (false, false, KeyCode::End) | (true, false, KeyCode::Char('e')) => {
                self.cursor += self.text[self.cursor..]
                    .find('\n')
                    .unwrap_or(self.text.len() - self.cursor);
            }
            (false, false, KeyCode::Up) if self.lines => self.vertical(-1),
            (false, false, KeyCode::Down) if self.lines => self.vertical(1),
            (true, false, KeyCode::Char('u')) => self.clear(),
            (true, false, KeyCode::Char('w')) => {
                let start = self.text[..self.cursor]
                    .trim_end()
                    .rfind(char::is_whitespace)
                    .map_or(0, |at| at + 1);
                let start = self.boundary(start);
                self.text.replace_range(start..self.cursor, "");
                self.cursor = start;
            }
            _ => return false,
        }
        true
    }

    fn before(&self, at: usize) -> usize {
        self.text[..at]
            .grapheme_indices(true)
            .next_back()
            .map_or(0, |(start, _)| start)
    }

    fn after(&self, at: usize) -> usize {
        self.text[at..]
            .graphemes(true)
            .next()
            .map_or(at, |grapheme| at + grapheme.len())
    }

    /// The next place at or behind `at` where a character begins.
    fn boundary(&self, at: usize) -> usize {
        (at..=self.text.len())
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(self.text.len())
    }

    fn vertical(&mut self, by: isize) {
        let (line, column) = self.position();
        let Some(target) = line.checked_add_signed(by) else {
            return;
        };
        let mut start = 0;
        for (number, text) in self.text.split('\n').enumerate() {
            if number == target {
                let mut cursor = start;
                for grapheme in text.graphemes(true).take(column) {
                    cursor += grapheme.len();
                }
                self.cursor = cursor;
                return;
            }
            start += text.len() + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_line_break_at_the_end_is_not_part_of_a_line() {
        let mut editor = Editor::default();
        editor.insert("shop\r\n");
        assert_eq!(editor.text(), "shop");
        editor.insert("a\nb\u{1b}[31m");
        assert_eq!(editor.text(), "shopa b[31m");
    }

    #[test]
    fn backspace_takes_a_whole_grapheme() {
        let mut editor = Editor::line("ae\u{301}");
        editor.key(Key::plain(KeyCode::Backspace));
        assert_eq!(editor.text(), "a");
        editor.key(Key::plain(KeyCode::Left));
        editor.key(Key::char('李'));
        assert_eq!(editor.text(), "李a");
        assert_eq!(editor.position(), (0, 1));
    }

    #[test]
    fn an_area_takes_line_breaks_and_moves_between_lines() {
        let mut editor = Editor::area();
        editor.insert("one\nsecond");
        editor.key(Key::plain(KeyCode::Up));
        assert_eq!(editor.position(), (0, 3));
        editor.key(Key::alt(KeyCode::Enter));
        assert_eq!(editor.text(), "one\n\nsecond");
        assert!(!editor.key(Key::plain(KeyCode::Enter)));
    }

    #[test]
    fn a_word_is_deleted_with_what_follows_it() {
        let mut editor = Editor::line("note of the\u{2003}night");
        editor.key(Key::ctrl('w'));
        assert_eq!(editor.text(), "note of the\u{2003}");
    }
}
