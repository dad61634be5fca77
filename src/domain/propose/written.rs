//! A proposed mapping as text: sections, keys with why, comments, and required keys that are left open.

use std::fmt::Write;

use super::people::Said;
pub(super) use crate::domain::toml_text::quoted;

/// What was written, and what is left for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub text: String,
    /// Required keys that stay empty.
    pub open: Vec<String>,
    /// Keys that were found.
    pub found: usize,
}

impl Written {
    pub(super) fn section(&mut self, name: &str) {
        let _ = writeln!(self.text, "\n[{name}]"); // writing to a String cannot fail, here and below
    }

    pub(super) fn key(&mut self, key: &str, value: &str, why: &str) {
        self.found += 1;
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(" # {}", one_line(why))
        };
        let _ = writeln!(self.text, "{key} = {value}{why}");
    }

    pub(super) fn said(&mut self, key: &str, said: Option<&Said>) {
        if let Some((value, why)) = said {
            self.key(key, value, why);
        }
    }

    pub(super) fn comment(&mut self, words: &str) {
        let _ = writeln!(self.text, "# {}", one_line(words));
    }

    pub(super) fn leave_open(&mut self, section: &str, key: &str, candidates: &[(String, String)]) {
        self.open.push(format!("{section}.{key}"));
        for (candidate, why) in candidates {
            self.comment(&format!("{key} = {candidate} # {why}"));
        }
        let _ = writeln!(self.text, "{key} = \"\" # required: say which");
    }
}

pub(super) fn one_line(words: &str) -> String {
    words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A path as a value; what is a table already stays one.
pub(super) fn valued(path: &str) -> String {
    if path.starts_with('{') {
        path.to_owned()
    } else {
        quoted(path)
    }
}
