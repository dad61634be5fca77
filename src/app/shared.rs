//! What every pane, layer and command can see and change: the facts, what runs, what lies over the panes, what is said to the operator.

use std::path::PathBuf;
use std::time::Duration;

use super::commands::about::{CommandId, Keymap, Verdict, only_if};
use super::commands::ids::{CANCEL, QUIT};
use super::conflict_list::Filter;
use super::facts::Facts;
use super::layer::{Called, Layer};
use super::log::{Log, Weight};
use super::message::{Effect, ExitReason, Job, Lost, Request, Scrollable};
pub use super::pane_id::PaneId;
use super::progress::Running;
use crate::domain::checklist::{State, Step};
use crate::domain::number::Millis;
use crate::domain::pace::Limits;
use crate::domain::situation;
use crate::domain::view::{DiffFilter, Place};

/// Another pane, and what it is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The conflicts that pass a filter.
    Conflicts(Filter),
    /// The bookings that pass a filter, which these words describe; Esc leads back to that pane.
    Bookings(DiffFilter, String, Option<PaneId>),
    /// A pane as it stands.
    Pane(PaneId),
}

/// Something that needs attention; stays until it is dismissed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// What it is about: "Back up: failed".
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

/// What is shared.
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
#[derive(Debug)]
pub struct Shared {
    /// Where we are connected.
    pub place: Place,
    /// The keys, for texts that name one.
    pub keys: Keymap,
    /// What is known of the data.
    pub facts: Facts,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Time since the console opened.
    pub now: Duration,
    /// The wall clock.
    pub clock: String,
    /// The same in milliseconds since 1970.
    pub wall: Millis,
    /// The pane that has the focus.
    pub pane: PaneId,
    /// The pane to go to when the command is done.
    pub destination: Option<Destination>,
    /// The command that was picked in the palette and is not run yet.
    pub called: Option<Called>,
    /// What lies over the panes, the top last.
    pub layers: Vec<Layer>,
    /// The selected step follows the next one until the operator moves it.
    pub follows: bool,
    /// What was done since the console opened.
    pub log: Log,
    /// The job that runs.
    pub running: Option<Running>,
    /// How fast copies may be written.
    pub limits: Limits,
    /// Short requests whose answers have not come.
    pub waiting: usize,
    /// Something that needs attention.
    pub banner: Option<Banner>,
    /// What was just done, or why it was not.
    pub notice: Option<Notice>,
    /// The last thing that was said, for one who wants to read it whole.
    pub said: Option<Notice>,
    /// The operator allowed writing.
    pub may_write: bool,
    /// Steps run one after the other, up to the next gate or the first finding.
    pub goes_on: bool,
    /// Ids are shown beside names.
    pub ids: bool,
    /// The mouse is ours; else the terminal selects with it.
    pub mouse: bool,
    /// The name of the theme.
    pub theme: String,
    /// The themes that there are.
    pub themes: Vec<String>,
    /// Lines of the log that were not handed on yet.
    pub unwritten: Vec<(Weight, String)>,
    /// The engine's task ended; nothing can be asked any more.
    pub engine_ended: Option<String>,
    /// No primary answers.
    pub lost: Option<Lost>,
    /// On the way out.
    pub leaving: Option<ExitReason>,
    /// Leave as soon as the report is written.
    pub leaves_after_export: bool,
    /// Report files that were written last.
    pub exported: Vec<PathBuf>,
    /// Where the tabs stand, from the last drawing.
    pub tabs: Vec<(u16, u16, usize)>,
    /// How far the focused contents can be scrolled, from the last drawing.
    pub scrollable: Scrollable,
}

impl Shared {
    /// A console at `place` with the focus on `pane`, that knows nothing else.
    pub fn new(place: Place, keys: Keymap, pane: PaneId) -> Self {
        Self {
            place,
            keys,
            facts: Facts::default(),
            size: (80, 24),
            now: Duration::ZERO,
            clock: String::new(),
            wall: 0,
            pane,
            destination: None,
            called: None,
            layers: Vec::new(),
            follows: true,
            log: Log::default(),
            running: None,
            limits: Limits::default(),
            waiting: 0,
            banner: None,
            notice: None,
            said: None,
            may_write: false,
            goes_on: false,
            ids: false,
            mouse: true,
            theme: "default".to_owned(),
            themes: Vec::new(),
            unwritten: Vec::new(),
            engine_ended: None,
            lost: None,
            leaving: None,
            leaves_after_export: false,
            exported: Vec::new(),
            tabs: Vec::new(),
            scrollable: Scrollable::default(),
        }
    }

    /// The key of a command, as texts show it.
    pub fn key(&self, id: CommandId) -> &'static str {
        self.keys.of(id)
    }

    /// A step's state; running while its job runs, whatever the data says.
    pub fn state(&self, step: Step) -> State {
        if let Some(running) = &self.running
            && running.job == Job::Step(step)
        {
            return State::Running;
        }
        let status = self.facts.status(step);
        status.map_or(State::Pending, |status| status.state)
    }

    /// True when a step is done and still true.
    pub fn is_done(&self, step: Step) -> bool {
        self.state(step) == State::Done
    }

    /// The step that comes next.
    pub fn next_step(&self) -> Option<Step> {
        situation::next_step(|step| self.state(step))
    }

    /// The engine can be asked something.
    ///
    /// # Errors
    /// Why not.
    pub fn can_ask(&self) -> Verdict {
        if self.engine_ended.is_some() {
            return Err(format!(
                "the engine has ended: leave with {} and start again",
                self.key(QUIT)
            ));
        }
        if self.leaving.is_some() {
            return Err("the console is closing".to_owned());
        }
        match &self.running {
            Some(running) => Err(format!(
                "{} runs: wait for its end, or end it with {}",
                running.job.title(),
                self.key(CANCEL)
            )),
            None => Ok(()),
        }
    }

    /// A note can be written: while a step runs it waits for the step's end.
    ///
    /// # Errors
    /// Why not.
    pub fn can_note(&self) -> Verdict {
        match &self.running {
            Some(_) if self.engine_ended.is_none() && self.leaving.is_none() => only_if(
                self.may_write,
                "the first note asks whether ringfence may write, and that has to wait for the end of the step",
            ),
            _ => self.can_ask(),
        }
    }

    /// The first step of the operator's own work that waits, once nothing else is left to run.
    pub fn open_note(&self) -> Option<Step> {
        situation::next_note(|step| self.state(step))
    }

    /// A short request.
    pub fn ask(&mut self, request: Request) -> Vec<Effect> {
        self.waiting += 1;
        vec![Effect::Ask(request)]
    }

    /// Says a word about what was just done.
    pub fn say(&mut self, weight: Weight, text: impl Into<String>) {
        let notice = Notice {
            weight,
            text: text.into(),
        };
        self.said = Some(notice.clone());
        self.notice = Some(notice);
    }

    /// Writes a line into the log. No names, e-mails or other values of documents.
    pub fn note_in_log(&mut self, weight: Weight, text: &str) {
        self.log.add(&self.clock, weight, text);
        self.unwritten.push((weight, text.to_owned()));
    }

    /// Writes a line into the log on the screen alone: the engine writes the same into the run's log.
    pub fn note_on_screen(&mut self, weight: Weight, text: &str) {
        self.log.add(&self.clock, weight, text);
    }

    /// Raises the banner, and keeps its text in the log.
    pub fn alarm(&mut self, title: impl Into<String>, text: impl Into<String>) {
        let (title, text) = (title.into(), text.into());
        self.note_in_log(Weight::Error, &title);
        self.note_in_log(Weight::Error, &text);
        self.banner = Some(Banner { title, text });
    }
}
