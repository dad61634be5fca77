//! A text being typed: `tui-textarea`, told to move by grapheme, to split none, and to take no control characters.

use tui_textarea::{CursorMove, DataCursor, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use super::key::{Key, KeyCode};

/// Characters that a text area takes at most; a note is no novel.
const LIMIT: usize = 4000;

/// A text being typed.
#[derive(Debug, Clone, Default)]
pub struct Editor {
    area: TextArea<'static>,
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
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// What is drawn.
    pub fn widget(&self) -> TextArea<'static> {
        self.area.clone()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.area.clear();
    }

    /// Inserts typed or pasted text. A single line ignores line breaks at the end and makes spaces of those inside.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = if self.lines {
            text
        } else {
            text.trim_end_matches('\n').replace('\n', " ")
        };
        let room = LIMIT.saturating_sub(self.text().chars().count());
        let clean: String = text
            .chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| *c == '\n' || !c.is_control())
            .take(room)
            .collect();
        self.area.insert_str(clean);
    }

    /// Takes an editing key; false when it is none of its own.
    pub fn key(&mut self, key: Key) -> bool {
        let (before, after) = self.around();
        match (key.ctrl, key.alt, key.code) {
            (false, false, KeyCode::Char(c)) => self.insert(c.encode_utf8(&mut [0; 4])),
            (false, true, KeyCode::Enter) if self.lines => self.insert("\n"),
            (false, false, KeyCode::Backspace) => {
                for _ in 0..before {
                    self.area.delete_char();
                }
            }
            (false, false, KeyCode::Delete) => {
                for _ in 0..after {
                    self.area.delete_next_char();
                }
            }
            (false, false, KeyCode::Left) => self.go(CursorMove::Back, before),
            (false, false, KeyCode::Right) => self.go(CursorMove::Forward, after),
            (false, false, KeyCode::Home) | (true, false, KeyCode::Char('a')) => {
                self.go(CursorMove::Head, 1);
            }
            (false, false, KeyCode::End) | (true, false, KeyCode::Char('e')) => {
                self.go(CursorMove::End, 1);
            }
            (false, false, KeyCode::Up) if self.lines => self.go(CursorMove::Up, 1),
            (false, false, KeyCode::Down) if self.lines => self.go(CursorMove::Down, 1),
            (true, false, KeyCode::Char('u')) => self.clear(),
            (true, false, KeyCode::Char('w')) => {
                self.area.delete_word();
            }
            _ => return false,
        }
        true
    }

    fn go(&mut self, to: CursorMove, times: usize) {
        for _ in 0..times {
            self.area.move_cursor(to);
        }
        // Another line may have a grapheme where this one has a boundary.
        let DataCursor(_, column) = self.area.cursor();
        let (line, mut end) = (self.current(), 0);
        let inside = line.graphemes(true).find_map(|grapheme| {
            let start = end;
            end += grapheme.chars().count();
            (start < column && column < end).then(|| column - start)
        });
        for _ in 0..inside.unwrap_or(0) {
            self.area.move_cursor(CursorMove::Back);
        }
    }

    fn current(&self) -> String {
        let DataCursor(row, _) = self.area.cursor();
        self.area.lines().get(row).cloned().unwrap_or_default()
    }

    /// How many characters the graphemes before and behind the cursor have; a line break is one.
    fn around(&self) -> (usize, usize) {
        let DataCursor(_, column) = self.area.cursor();
        let line = self.current();
        let at = line
            .char_indices()
            .nth(column)
            .map_or(line.len(), |it| it.0);
        let (left, right) = line.split_at(at);
        let long = |grapheme: Option<&str>| grapheme.map_or(1, |it| it.chars().count());
        (
            long(left.graphemes(true).next_back()),
            long(right.graphemes(true).next()),
        )
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
        assert_eq!(editor.area.cursor(), DataCursor(0, 1));
    }

    #[test]
    fn an_area_takes_line_breaks_and_moves_between_lines() {
        let mut editor = Editor::area();
        editor.insert("one\nsecond");
        editor.key(Key::plain(KeyCode::Up));
        assert_eq!(editor.area.cursor(), DataCursor(0, 3));
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
    #[test]
    fn between_lines_the_cursor_stays_beside_whole_graphemes() {
        let mut editor = Editor::area();
        editor.insert("ae\u{301}b\nxyz");
        editor.key(Key::plain(KeyCode::Left)); // xy|z, above it the accent
        editor.key(Key::plain(KeyCode::Up));
        editor.insert("-");
        assert_eq!(editor.text(), "a-e\u{301}b\nxyz");
    }

    #[test]
    fn a_line_break_is_taken_from_both_sides() {
        let mut editor = Editor::area();
        editor.insert("a\nb");
        editor.key(Key::plain(KeyCode::Home));
        editor.key(Key::plain(KeyCode::Backspace));
        assert_eq!(editor.text(), "ab");
        editor.key(Key::alt(KeyCode::Enter));
        editor.key(Key::plain(KeyCode::Left));
        editor.key(Key::plain(KeyCode::Delete));
        assert_eq!(editor.text(), "ab");
    }
}
