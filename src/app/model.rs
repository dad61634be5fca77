//! Everything that the console knows and shows, as plain data.

use std::path::PathBuf;
use std::time::Duration;

use super::businesses::Businesses;
use super::conflicts::Conflicts;
use super::diffs::Diffs;
use super::layer::Layer;
use super::log::{Log, Weight};
use super::message::{ExitReason, Scrollable};
use super::progress::Running;
use crate::domain::checklist::{State, Step, StepStatus};
use crate::domain::overview::Overview;
use crate::domain::pace::Limits;
use crate::domain::view::Place;

/// A pane, in the order of the number keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The steps, and what the selected one does.
    Checklist,
    /// Counts per business.
    Businesses,
    /// The conflicts and their answers.
    Conflicts,
    /// What becomes of each booking.
    Bookings,
    /// The report as it would be written now.
    Report,
    /// What was done since the console opened.
    Log,
}

impl Pane {
    /// All panes in order.
    pub const ALL: [Self; 6] = [
        Self::Checklist,
        Self::Businesses,
        Self::Conflicts,
        Self::Bookings,
        Self::Report,
        Self::Log,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Checklist => "Checklist",
            Self::Businesses => "Businesses",
            Self::Conflicts => "Conflicts",
            Self::Bookings => "Bookings",
            Self::Report => "Report",
            Self::Log => "Log",
        }
    }

    /// The pane `by` places further, round and round.
    #[must_use]
    pub fn neighbour(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self);
        Self::ALL[(at.unwrap_or(0) + by) % Self::ALL.len()]
    }
}

/// Something that needs attention; stays until it is dismissed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// What it is about: "Back up did not end well".
    pub title: String,
    /// The whole message.
    pub text: String,
}

/// A short word about what was just done, or why it was not; the next key takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it weighs.
    pub weight: Weight,
    /// What it says.
    pub text: String,
}

/// The report as text.
#[derive(Debug, Default)]
pub struct ReportView {
    /// Its lines, or why there are none.
    pub lines: Option<Result<Vec<String>, String>>,
    /// With names and e-mails.
    pub personal: bool,
    /// Asked for, and not there yet.
    pub asked: bool,
    /// Rows scrolled down.
    pub down: usize,
}

/// The console.
#[derive(Debug)]
pub struct Model {
    /// Where we are connected.
    pub place: Place,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Time since the console opened.
    pub now: Duration,
    /// The wall clock.
    pub clock: String,
    /// The pane that has the focus.
    pub pane: Pane,
    /// What lies over the panes, the top last.
    pub layers: Vec<Layer>,
    /// All steps in order; empty until the engine has answered.
    pub statuses: Vec<StepStatus>,
    /// Position of the selected step.
    pub step: usize,
    /// The selection follows the next step until the operator moves it.
    pub follows: bool,
    /// The last survey's numbers.
    pub overview: Option<Overview>,
    /// The businesses pane.
    pub businesses: Businesses,
    /// The conflicts pane.
    pub conflicts: Conflicts,
    /// The bookings pane.
    pub diffs: Diffs,
    /// The report pane.
    pub report: ReportView,
    /// The log pane.
    pub log: Log,
    /// The job that runs.
    pub running: Option<Running>,
    /// How fast copies may be written.
    pub limits: Limits,
    /// Short requests whose answers have not come.
    pub waiting: usize,
    /// Something that needs attention.
    pub banner: Option<Banner>,
    /// The server's write block holds: since when, and how it is released.
    pub writes_blocked: Option<String>,
    /// What was just done, or why it was not.
    pub notice: Option<Notice>,
    /// The operator allowed writing.
    pub may_write: bool,
    /// The engine's task ended; nothing can be asked any more.
    pub engine_ended: Option<String>,
    /// On the way out.
    pub leaving: Option<ExitReason>,
    /// Leave as soon as the report is written.
    pub leaves_after_export: bool,
    /// Report files that were written last.
    pub exported: Vec<PathBuf>,
    /// How far the focused contents can be scrolled, from the last drawing.
    pub scrollable: Scrollable,
}

impl Model {
    /// A console that knows where it is and nothing else.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            size: (80, 24),
            now: Duration::ZERO,
            clock: String::new(),
            pane: Pane::Checklist,
            layers: Vec::new(),
            statuses: Vec::new(),
            step: 0,
            follows: true,
            overview: None,
            businesses: Businesses::default(),
            conflicts: Conflicts::default(),
            diffs: Diffs::default(),
            report: ReportView::default(),
            log: Log::default(),
            running: None,
            limits: Limits::default(),
            waiting: 0,
            banner: None,
            writes_blocked: None,
            notice: None,
            may_write: false,
            engine_ended: None,
            leaving: None,
            leaves_after_export: false,
            exported: Vec::new(),
            scrollable: Scrollable::default(),
        }
    }

    /// The selected step.
    pub fn selected_step(&self) -> Step {
        Step::ALL.get(self.step).copied().unwrap_or(Step::Survey)
    }

    /// A step's state; running while its job runs, whatever the data says.
    pub fn state(&self, step: Step) -> State {
        if let Some(running) = &self.running
            && running.job == super::message::Job::Step(step)
        {
            return State::Running;
        }
        self.status(step)
            .map_or(State::Pending, |status| status.state)
    }

    /// What the engine said about a step.
    pub fn status(&self, step: Step) -> Option<&StepStatus> {
        self.statuses.iter().find(|status| status.step == step)
    }

    /// True when a step is done and still true.
    pub fn is_done(&self, step: Step) -> bool {
        self.state(step) == State::Done
    }

    /// The step that comes next: the first that runs, failed or went stale, else the first that is ready.
    pub fn next_step(&self) -> Option<Step> {
        let first = |wanted: &[State]| {
            Step::ALL
                .iter()
                .copied()
                .find(|step| wanted.contains(&self.state(*step)))
        };
        first(&[State::Running]).or_else(|| first(&[State::Failed, State::Stale, State::Ready]))
    }

    /// Says a word about what was just done.
    pub fn say(&mut self, weight: Weight, text: impl Into<String>) {
        self.notice = Some(Notice {
            weight,
            text: text.into(),
        });
    }

    /// Writes a line into the log. No names, e-mails or other values of documents.
    pub fn note_in_log(&mut self, weight: Weight, text: &str) {
        self.log.add(&self.clock, weight, text);
    }

    /// Raises the banner, and keeps its text in the log.
    pub fn alarm(&mut self, title: impl Into<String>, text: impl Into<String>) {
        let (title, text) = (title.into(), text.into());
        self.log.add(&self.clock, Weight::Error, &title);
        self.log.add(&self.clock, Weight::Error, &text);
        self.banner = Some(Banner { title, text });
    }

    /// Selects the next step, unless the operator has moved the selection.
    pub fn follow(&mut self) {
        if self.follows
            && let Some(next) = self.next_step()
        {
            self.step = next.number().saturating_sub(1);
        }
    }
}
