//! The checklist: the guide's phases and items as steps, in order, each one row of [`rows`].

mod rows;

use serde::{Deserialize, Serialize};

use super::gate::Destructive;
pub use rows::Step;

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

/// How a step is forecast from a trial on some bookings; milliseconds.
pub type Lasts = fn(&super::forecast::Estimate) -> super::run::Millis;

/// What is true of the data once a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaves {
    /// In one sentence.
    pub now: &'static str,
    /// How to get back from there.
    pub back: &'static str,
}

/// A row of the checklist: all that is known of a step before it runs. Its code is in a file of `steps/`.
#[derive(Debug)]
pub struct Row {
    /// Which step.
    pub step: Step,
    /// The word after `--through`, and in the run record.
    pub word: &'static str,
    /// Its phase.
    pub phase: Phase,
    /// How it touches data.
    pub touch: Touch,
    /// Its title.
    pub title: &'static str,
    /// What it does for real.
    pub does: &'static str,
    /// What is said of it while it can be run; what it does, where empty.
    pub ready: &'static str,
    /// Its lines of the guide, the main one first.
    pub guide: &'static [&'static str],
    /// The steps that come before it.
    pub needs: &'static [Step],
    /// What stands behind its gate.
    pub gate: Option<Destructive>,
    /// What it destroys; by how it touches data, where empty.
    pub destroys: &'static str,
    /// How `apply` treats it.
    pub by_apply: ByApply,
    /// It asks that the application stands still, so `apply --build-ahead` leaves it out.
    pub asks_to_stop: bool,
    /// It takes the survey anew where something changed.
    pub surveys: bool,
    /// How long it lasts, where that is forecast.
    pub lasts: Option<Lasts>,
    /// What is true once it is done, where it changes what is true of the data.
    pub leaves: Option<Leaves>,
}

impl Row {
    /// What most rows have in common.
    const USUAL: Self = Self {
        step: Step::Survey,
        word: "",
        phase: Phase::Preparation,
        touch: Touch::ReadOnly,
        title: "",
        does: "",
        ready: "",
        guide: &[],
        needs: &[],
        gate: None,
        destroys: "",
        by_apply: ByApply::Once,
        asks_to_stop: false,
        surveys: false,
        lasts: None,
        leaves: None,
    };

    /// A row of the operator's own work.
    const NOTE: Self = Self {
        touch: Touch::Note,
        by_apply: ByApply::Never,
        ready: "your own work; write a note when it is done",
        ..Self::USUAL
    };
}

impl Step {
    /// Its row.
    pub fn row(self) -> &'static Row {
        // The enum and the table come from one list.
        &rows::ROWS[self as usize]
    }

    /// The word after `--through`, and in the run record.
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// Its phase.
    pub fn phase(self) -> Phase {
        self.row().phase
    }

    /// How it touches data.
    pub fn touch(self) -> Touch {
        self.row().touch
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// What it does for real.
    pub fn does(self) -> &'static str {
        self.row().does
    }

    /// What is said of it while it can be run.
    pub fn ready(self) -> &'static str {
        match self.row().ready {
            "" => self.does(),
            ready => ready,
        }
    }

    /// Its main line of the guide.
    pub fn guide(self) -> &'static str {
        self.row().guide.first().copied().unwrap_or_default()
    }

    /// What it destroys.
    pub fn destroys(self) -> &'static str {
        match (self.row().destroys, self.touch()) {
            ("", Touch::ReadOnly) => "nothing: it only reads",
            ("", Touch::Aside) => "nothing: the application sees none of it",
            ("", Touch::Gate) => "see its gate",
            ("", Touch::Note) => "nothing: ringfence keeps your note",
            (destroys, _) => destroys,
        }
    }

    /// The step of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.word() == word)
    }

    /// The step behind whose gate `action` stands.
    pub fn behind(action: Destructive) -> Option<Self> {
        let is = |step: &Self| step.row().gate == Some(action);
        Self::ALL.iter().copied().find(is)
    }

    /// Its number, from 1: its place in the table.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

/// Where a step stands. A run record that holds another word is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Something before it is missing.
    Pending,
    /// Can be run now.
    Ready,
    /// Runs.
    Running,
    /// Done, and still true.
    Done,
    /// Did not end well.
    Failed,
    /// Left out on purpose.
    Skipped,
    /// Was done; something under it changed since.
    Stale,
}

impl State {
    /// The word beside the mark.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Stale => "stale",
        }
    }
}

/// A step's state with the sentence that explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepStatus {
    /// The step.
    pub step: Step,
    /// Where it stands.
    pub state: State,
    /// Why, or what came out: "2,013 bookings, 31 conflicts".
    pub says: String,
}

/// How far a running step is. `total` is 0 while unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// What is being done: "copying bookings".
    pub doing: String,
    /// Units done.
    pub done: u64,
    /// Units in all, 0 while unknown.
    pub total: u64,
    /// Why it is slow, or waits; empty where it goes as fast as it can.
    pub slow: String,
}
