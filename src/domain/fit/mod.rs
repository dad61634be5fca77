//! Whether a mapping fits the data: what is said of fields and references is held against what documents hold. Nothing here reads; it says
//! what must be looked at, and judges what was found.

pub mod claims;
pub mod contents;
pub mod doubts;
mod leaving;
pub mod reference;
pub mod rules;
mod ways_that_leave;

use super::mapping::BadMapping;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// What keeps the mapping from being used.
    pub refusals: Vec<BadMapping>,
    /// What is worth saying, one line each.
    pub warnings: Vec<String>,
    /// What the built-in mapping names and this database does not have.
    pub absent: Vec<String>,
    /// References that lead nowhere more often than not, and were let through by their number.
    pub accepted: Vec<String>,
}

impl Fit {
    /// The refusals as lines of a message.
    pub fn list(&self) -> String {
        let lines: Vec<_> = self
            .refusals
            .iter()
            .map(|bad| format!("  - {bad}"))
            .collect();
        lines.join("\n")
    }
}

/// "; nearest: `x`", or nothing.
pub fn nearest_words(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; nearest: `{name}`"))
}
