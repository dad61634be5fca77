//! The checklist: the guide's phases and items as steps, in order, each one row of [`rows`].

mod items;
mod kinds;
mod rows;

use serde::{Deserialize, Serialize};

use super::gate::Destructive;
pub use items::{Item, NoteOn};
pub use kinds::{ByApply, Leaves, Phase, Touch};
pub use rows::{Lasts, Row, Step};

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
        if action == Destructive::UpdateSchema {
            return Some(Self::Schema); // only where its plan has a step of its own
        }
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
    /// It failed.
    Failed,
    /// The operator stopped it; running it again goes on.
    Stopped,
    /// It was refused; nothing was changed.
    Refused,
    /// Left out on purpose.
    Skipped,
    /// Was done; something under it changed since.
    Stale,
}

impl State {
    /// True for a step that was run and is not done: it failed, was stopped, or was refused.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Failed | Self::Stopped | Self::Refused)
    }

    /// The word beside the mark.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
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
