//! The log pane's lines. No names, e-mails or other values of documents go in here.

use std::collections::VecDeque;

/// Lines kept; the oldest go first.
const KEPT: usize = 2000;

/// How a line weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something was done.
    Info,
    /// Something should be looked at.
    Warning,
    /// Something failed.
    Error,
}

impl Weight {
    /// The word in front of the text.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warn",
            Self::Error => "ERROR",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Wall clock.
    pub clock: String,
    /// Weight.
    pub weight: Weight,
    /// Text, of one line.
    pub text: String,
}

/// What was done since the console opened.
#[derive(Debug, Default)]
pub struct Log {
    lines: VecDeque<Line>,
}

impl Log {
    /// Adds a text, line by line.
    pub fn add(&mut self, clock: &str, weight: Weight, text: &str) {
        for text in text.lines().filter(|text| !text.trim().is_empty()) {
            if self.lines.len() == KEPT {
                self.lines.pop_front();
            }
            self.lines.push_back(Line {
                clock: clock.to_owned(),
                weight,
                text: text.trim_end().to_owned(),
            });
        }
    }

    /// All lines, oldest first.
    pub fn lines(&self) -> &VecDeque<Line> {
        &self.lines
    }
}
