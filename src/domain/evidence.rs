//! A line of evidence at a gate: what it says, and whether that was checked and holds.

/// A line of evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// It was checked, and it holds.
    pub holds: bool,
    /// What it says.
    pub says: String,
}

impl Evidence {
    /// One that holds.
    pub fn holds(says: impl Into<String>) -> Self {
        Self {
            holds: true,
            says: says.into(),
        }
    }

    /// One that is only said.
    pub fn said(says: impl Into<String>) -> Self {
        Self {
            holds: false,
            says: says.into(),
        }
    }

    /// As a screen shows it.
    pub fn words(&self) -> String {
        let mark = if self.holds { "✓ " } else { "" };
        format!("{mark}{}", self.says)
    }
}
