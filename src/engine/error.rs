//! Why a step was not done, how that ending is called, and the exit code that a script sees.

use crate::domain::checklist::State;
use crate::domain::conflict::Code;
use crate::domain::decision_file::BadDecisions;
use crate::domain::ending::{Ended, Ending};
use crate::domain::gate::Shut;
use crate::domain::history::Change;
use crate::domain::plan::BadPlan;
use crate::domain::raw::Malformed;
use crate::store::StoreError;

/// The steps' result.
pub type Result<T> = std::result::Result<T, StepError>;

/// Why a step was not done. Each message says what happened, what is true now and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The server, or a file.
    #[error(transparent)]
    Store(StoreError),
    /// A plan that cannot be used.
    #[error(transparent)]
    Plan(#[from] BadPlan),
    /// A plan's file that cannot be used.
    #[error("{0}: {1}. Nothing was changed")]
    PlanFile(String, #[source] BadPlan),
    /// A decisions file that cannot be used.
    #[error(transparent)]
    Decisions(#[from] BadDecisions),
    /// A mapping that cannot be read.
    #[error(
        "the mapping cannot be read: {0}. Nothing was changed. Correct that line, or write a new file with `ringfence init --out FILE`"
    )]
    Mapping(#[from] crate::domain::mapping::BadMapping),
    /// A mapping that does not fit the database.
    #[error("{0}")]
    Unfit(String),
    /// Not BSON.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A link that this version cannot read.
    #[error(transparent)]
    Link(#[from] crate::domain::link::UnknownLink),
    /// Something must come first, or is not possible here.
    #[error("{0}")]
    NotReady(String),
    /// The server did not answer for too long.
    #[error("{0}")]
    GaveUp(String),
    /// The operator stopped it while the server did not answer.
    #[error(
        "{0}. You stopped waiting for the server. What was written before is kept; when the server answers again, run the same command again"
    )]
    StoppedWaiting(Box<StepError>),
    /// The operator's own command failed.
    #[error("{0}")]
    CommandFailed(String),
    /// Conflicts without an answer, or checks that failed.
    #[error("{0}")]
    Findings(String),
    /// Answers that take many bookings out of the application, without their number; nothing was kept.
    #[error("{}. That is more than 1 % of the bookings, so the number itself has to be confirmed: type {bookings}. Nothing was changed", .words)]
    AsksForNumber {
        /// The kind of conflict.
        code: Code,
        /// How many.
        bookings: u64,
        /// The same in words.
        words: String,
        /// What would have been kept.
        changes: Vec<Change>,
    },
    /// No confirmation, or a wrong one.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// The plan no longer fits.
    #[error("the plan no longer fits the database; nothing was changed by this command. What changed:\n{}\nMake a new plan (`ringfence plan`), look at what is new, and apply that one", .0.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n"))]
    Drift(Vec<String>),
    /// Another operator holds the lease.
    #[error("{0}")]
    LeaseHeld(String),
    /// The lease was taken from us, and the run stopped before its next write.
    #[error("{0}")]
    LeaseLost(String),
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost(says) => Self::LeaseLost(says),
            error => Self::Store(error),
        }
    }
}

impl StepError {
    /// How this ending is called.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Store(StoreError::Cancelled) | Self::StoppedWaiting(_) => Ending::Stopped,
            Self::Store(StoreError::Refused(_))
            | Self::Plan(_)
            | Self::PlanFile(..)
            | Self::Decisions(_)
            | Self::Mapping(_)
            | Self::Unfit(_)
            | Self::NotReady(_)
            | Self::AsksForNumber { .. }
            | Self::Shut(_)
            | Self::Drift(_)
            | Self::LeaseHeld(_) => Ending::Refused,
            Self::Store(_)
            | Self::Malformed(_)
            | Self::Link(_)
            | Self::GaveUp(_)
            | Self::CommandFailed(_)
            | Self::Findings(_)
            | Self::LeaseLost(_) => Ending::Failed,
        }
    }

    /// The ending with its text.
    pub fn ended(&self) -> Ended {
        Ended {
            ending: self.ending(),
            says: self.to_string(),
        }
    }

    /// The state of a step that ended so.
    pub fn state(&self) -> State {
        match self.ending() {
            Ending::Stopped => State::Stopped,
            Ending::Refused => State::Refused,
            Ending::Done | Ending::PartlyDone | Ending::Failed => State::Failed,
        }
    }

    /// The exit code of the headless contract.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Findings(_) | Self::AsksForNumber { .. } => 2,
            // Confirmed or not, a gate whose conditions do not hold stays shut.
            Self::Shut(Shut::Missing(_)) => 1,
            Self::Shut(_) => 3,
            Self::Drift(_) => 4,
            Self::LeaseHeld(_) | Self::LeaseLost(_) => 5,
            Self::Store(StoreError::Cancelled) | Self::StoppedWaiting(_) => 130,
            _ => 1,
        }
    }
}
