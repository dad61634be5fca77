//! What a row of the checklist is made of.

/// A phase of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Phase 1.
    Preparation,
    /// Phase 2.
    Migration,
    /// Phase 3.
    Schema,
    /// Phase 4.
    Application,
    /// After the guide's phases.
    After,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [
        Self::Preparation,
        Self::Migration,
        Self::Schema,
        Self::Application,
        Self::After,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Preparation => "Phase 1: backup and preparation",
            Self::Migration => "Phase 2: data migration",
            Self::Schema => "Phase 3: schema update",
            Self::Application => "Phase 4: application",
            Self::After => "After",
        }
    }
}

/// How a step touches data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Reads only.
    ReadOnly,
    /// Writes side collections or files; the application sees nothing of it.
    Aside,
    /// Changes what the application sees, or deletes: behind a gate.
    Gate,
    /// The operator does it and notes it.
    Note,
}

/// How `apply` treats a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByApply {
    /// It leaves it to the operator.
    Never,
    /// It runs it unless it is done.
    Once,
    /// It always runs it.
    Always,
    /// It runs it as long as no original was renamed: an earlier verdict says nothing of what was written since.
    UntilRenamed,
}

/// What is true of the data once a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaves {
    /// In one sentence.
    pub now: &'static str,
    /// How to get back from there.
    pub back: &'static str,
}
