//! The text of a schema, and the place of what is wrong in it.

use std::fmt;

use crate::domain::text::safe;

/// One file of a schema.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, for messages.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A place in a schema: the number of the file, and the byte where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub(super) file: usize,
    pub(super) at: usize,
}

/// Something wrong at a place, before the file's name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) place: Place,
    pub(super) message: String,
}

impl Flaw {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
        }
    }
}

/// Characters of a line that are shown.
const SHOWN: usize = 120;

/// A schema that cannot be read. Nothing was read from the database and nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line's text.
    pub text: String,
    /// What is wrong.
    pub message: String,
}

impl SchemaError {
    pub(super) fn new(sources: &[Source], flaw: Flaw) -> Self {
        let source = sources.get(flaw.place.file);
        let text = source.map_or("", |source| source.text.as_str());
        let mut at = flaw.place.at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let begins = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[begins..].lines().next().unwrap_or_default();
        Self {
            file: source.map_or_else(String::new, |source| source.name.clone()),
            line: before.matches('\n').count() + 1,
            column: text[begins..at].chars().count() + 1,
            text: line.to_owned(),
            message: flaw.message,
        }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, line {}, column {}: {}\n    {}",
            safe(&self.file, 400),
            self.line,
            self.column,
            self.message,
            safe(self.text.trim(), SHOWN)
        )
    }
}

impl std::error::Error for SchemaError {}
