//! What comes into the state machine and what it asks for in return. Both are plain data.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use super::key::Key;
use super::log::Weight;
use crate::domain::checklist::{NoteOn, Progress, Step};
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::decision::{Alike, Decision};
use crate::domain::ending::Ended;
use crate::domain::gate::{Confirmed, Destructive, Gate};
use crate::domain::history::Change;
use crate::domain::id::Id;
use crate::domain::mapping_view::MappingView;
use crate::domain::number::Millis;
use crate::domain::overview::{Overview, Review};
use crate::domain::pace::Limits;
use crate::domain::schema_view::SchemaView;
use crate::domain::situation::Standing;
use crate::domain::view::{
    BusinessView, ClientLine, DiffCursor, DiffFilter, DiffPage, Record, Sources,
};

/// The name of the signal that the terminal's own end stands for.
pub const TERMINAL_GONE: &str = "the end of the terminal";

/// Something happened.
#[allow(clippy::large_enum_variant)] // one at a time, and never kept
#[derive(Debug)]
pub enum Message {
    /// Time passed. Comes before every other message, so that nothing here reads a clock.
    Now {
        /// Since the console opened.
        since_start: Duration,
        /// The wall clock, for the log: "02:13:45".
        clock: String,
        /// The same in milliseconds since 1970.
        wall: Millis,
    },
    /// A key was pressed.
    Key(Key),
    /// The mouse did something.
    Mouse(Mouse),
    /// The operator's editor ended: the text, or why there is none.
    Edited(Result<String, String>),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size now.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The last drawing told how far its contents can be scrolled.
    Drawn(Drawn),
    /// The running job came this far.
    Progress(Progress),
    /// The engine answered.
    Answer(Answer),
    /// The engine's task ended without being asked to; the text says how.
    EngineEnded(String),
    /// No primary answers, or one answers again.
    Pulse(Option<Lost>),
    /// The process was told to stop by this signal ("SIGTERM").
    Signal(&'static str),
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// The wheel turned, down or up.
    Wheel {
        /// Down.
        down: bool,
    },
    /// The left button was pressed.
    Click {
        /// Column from 0.
        x: u16,
        /// Row from 0.
        y: u16,
    },
}

/// The rows of a list on the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListArea {
    /// The column of its left edge.
    pub x: u16,
    /// Its first row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Which entry stands in the first row.
    pub from: usize,
}

impl ListArea {
    /// The entry that stands there.
    pub fn entry(&self, x: u16, y: u16) -> Option<usize> {
        let inside = (self.x..self.x.saturating_add(self.width)).contains(&x)
            && (self.y..self.y.saturating_add(self.height)).contains(&y);
        inside.then(|| self.from + usize::from(y - self.y))
    }
}

/// What the last drawing told: how far the contents scroll, and where the mouse finds what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// How far the contents scroll.
    pub scrollable: Scrollable,
    /// The tabs: first column, the column behind the last, and the place in the table of panes. All stand in row 1.
    pub tabs: Vec<(u16, u16, usize)>,
}

/// The server does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// When it answered last, by the wall clock.
    pub since: String,
    /// Until when a running step tries again, by the wall clock.
    pub until: String,
}

/// How far the contents of the place that has the focus can be scrolled, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scrollable {
    /// Rows that are visible at once.
    pub page: usize,
    /// The greatest offset that still fills the page.
    pub furthest: usize,
    /// The offset that was drawn.
    pub at: usize,
    /// The greatest offset of the detail beside or below a list.
    pub detail: usize,
    /// Where the list is, for the mouse.
    pub list: Option<ListArea>,
}

/// Something to be done outside. The runtime does it and sends back what came of it.
#[derive(Debug)]
pub enum Effect {
    /// Ask the engine; requests are answered one after the other.
    Ask(Request),
    /// Ask the running job to end between two batches.
    Cancel,
    /// Set how fast copies are written, while a step runs too.
    Pace(Limits),
    /// Give up the terminal and stop the process, until it is continued.
    Suspend,
    /// Put this text into the terminal's clipboard.
    Copy(String),
    /// Let the operator's own editor change this text.
    Edit(String),
    /// Take the mouse, or give it back to the terminal.
    Mouse(bool),
    /// Write a line into the run's log.
    Log(Weight, String),
    /// Close the engine and leave when it has closed.
    Close,
    /// Leave at once, without waiting for anything.
    LeaveNow,
}

/// A job: something that takes long, shows progress and can be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// A step of the checklist.
    Step(Step),
    /// A roll back.
    RollBack,
    /// Reading what the after-schema asks.
    Schema,
    /// Taking strays in.
    TakeIn,
    /// Setting strays aside.
    SetAside,
}

impl Job {
    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Step(step) => step.title(),
            Self::RollBack => "Roll back",
            Self::Schema => "Read for the after-schema",
            Self::TakeIn => Destructive::TakeIn.title(),
            Self::SetAside => Destructive::SetAside.title(),
        }
    }
}

/// A question or an order to the engine.
#[derive(Debug, PartialEq)]
pub enum Request {
    /// Derive every step's state from the data.
    Standing,
    /// Run a step; the survey too.
    Run {
        /// The step.
        step: Step,
        /// What the gate gave, for a step behind one.
        confirmed: Option<Confirmed>,
    },
    /// Roll back.
    RollBack(Confirmed),
    /// Decide on strays, as the gate says.
    Strays(Confirmed),
    /// What stands at the gate before this action.
    Gate(Destructive),
    /// Keep answers or rules, or take them back.
    Decide(Vec<Change>),
    /// Give all undecided conflicts that are alike the same answer.
    DecideAlike(Alike),
    /// Whether this answer could be kept; nothing is.
    TryOut(ConflictKey, Decision),
    /// Take the last decision back.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Whom the conflicts are about, by name.
    Labels,
    /// What the answer to this conflict is made of.
    Sources(ConflictKey),
    /// The records behind a conflict, and what would become of them.
    Detail(ConflictKey),
    /// A business looked at closely.
    Business(Id),
    /// Who is connected.
    Clients,
    /// A page of booking diffs.
    Diffs(DiffFilter, DiffCursor),
    /// Keep the operator's words on a step.
    Note(NoteOn, String),
    /// Take the operator's words on a step back.
    TakeNoteBack(NoteOn),
    /// What the after-schema asks of the data; reads all of it, which takes long where that is said.
    Schema {
        /// It is a job.
        long: bool,
    },
    /// The mapping, and what helps to change it.
    Mapping,
    /// Write the mapping file; `read` is what stood in it when it was read.
    SaveMapping {
        /// The file.
        text: String,
        /// What it says now.
        read: Option<String>,
    },
    /// The report as text; `true` with names and e-mails.
    Report(bool),
    /// Write the report's files; `true` with names and e-mails.
    Export(bool),
}

impl Request {
    /// True for what takes long, shows progress and can be cancelled.
    pub fn is_job(&self) -> bool {
        match self {
            Self::Run { .. } | Self::RollBack(_) | Self::Strays(_) => true,
            Self::Schema { long } => *long,
            Self::Standing
            | Self::Gate(_)
            | Self::Decide(_)
            | Self::DecideAlike(_)
            | Self::TryOut(..)
            | Self::Undo
            | Self::Redo
            | Self::Labels
            | Self::Sources(_)
            | Self::Detail(_)
            | Self::Business(_)
            | Self::Clients
            | Self::Diffs(..)
            | Self::Note(..)
            | Self::TakeNoteBack(_)
            | Self::Mapping
            | Self::SaveMapping { .. }
            | Self::Report(_)
            | Self::Export(_) => false,
        }
    }
}

/// What the engine says to a [`Request`]. Errors are texts: what happened, what is true now, what to do.
#[derive(Debug)]
pub enum Answer {
    /// To `Standing`: the steps, the decisions, and that writes are blocked, while they are.
    Standing(Result<Standing, String>, Review, Option<String>),
    /// To nobody: the same, where it is no longer what was said last.
    Stands(Standing, Review, Option<String>),
    /// To nobody: it was read again, and is as it was said last.
    StillSo,
    /// To nobody: what another client wrote since the application was found quiet.
    ForeignWrites(String),
    /// To `Run` and `RollBack`.
    Ended(Job, Ended),
    /// A survey's numbers; comes before its `Ended`.
    Surveyed(Overview, Review),
    /// To `Gate`.
    Gate(Box<Result<Gate, String>>),
    /// To `Decide`, `DecideAlike`, `Undo` and `Redo`: how many, and everything as it is now.
    Decided(Result<usize, String>, Review),
    /// To `Decide` and `DecideAlike`, where the answers take more bookings out of the application than may leave without their number:
    /// nothing was kept, and this is what would have been.
    AsksForNumber(Box<AskedNumber>),
    /// To `TryOut`.
    TriedOut(ConflictKey, Result<(), String>),
    /// To `Labels`: name and e-mail by user, safe to draw.
    Labels(Result<HashMap<Id, String>, String>),
    /// To `Sources`.
    Sources(Box<Result<Sources, String>>),
    /// To `Detail`.
    Detail(Box<Detail>),
    /// To `Business`.
    Business(Id, Box<Result<BusinessView, String>>),
    /// To `Clients`.
    Clients(Result<Vec<ClientLine>, String>),
    /// To `Diffs`.
    Diffs(DiffFilter, DiffCursor, Result<DiffPage, String>),
    /// To `Note`.
    Noted(NoteOn, Result<(), String>),
    /// To `TakeNoteBack`.
    NoteTakenBack(NoteOn, Result<String, String>),
    /// To `Schema`; `true` where it was a job.
    Schema(bool, Box<Result<SchemaView, String>>),
    /// To `Run`, before its `Ended`: what the after-schema asks has no answer yet.
    SchemaOpen,
    /// To `Mapping`.
    Mapping(Box<Result<MappingView, String>>),
    /// To `SaveMapping`: what was done.
    MappingSaved(Result<String, String>),
    /// To `Run`, before its `Ended`: the mapping does not fit the data.
    MappingUnfit,
    /// To `Report`.
    Report(bool, Result<String, String>),
    /// To `Export`.
    Exported(Result<Vec<PathBuf>, String>),
}

impl Answer {
    /// True for the answer to a short request; the others come from jobs, or unasked.
    pub fn is_to_short_request(&self) -> bool {
        match self {
            Self::Ended(..)
            | Self::Surveyed(..)
            | Self::MappingUnfit
            | Self::Schema(true, _)
            | Self::SchemaOpen
            | Self::ForeignWrites(_)
            | Self::Stands(..)
            | Self::StillSo => false,
            Self::Standing(..)
            | Self::Gate(_)
            | Self::Decided(..)
            | Self::AsksForNumber(_)
            | Self::TriedOut(..)
            | Self::Labels(_)
            | Self::Sources(_)
            | Self::Detail(_)
            | Self::Business(..)
            | Self::Clients(_)
            | Self::Diffs(..)
            | Self::Noted(..)
            | Self::NoteTakenBack(..)
            | Self::Schema(false, _)
            | Self::Mapping(_)
            | Self::MappingSaved(_)
            | Self::Report(..)
            | Self::Exported(_) => true,
        }
    }
}

/// Answers that wait for their number.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedNumber {
    /// The kind of conflict.
    pub code: Code,
    /// How many bookings leave the application.
    pub bookings: u64,
    /// The same in words.
    pub words: String,
    /// The answers.
    pub changes: Vec<Change>,
}

/// A conflict with its records side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The conflict.
    pub key: ConflictKey,
    /// Its records.
    pub records: Result<Vec<Record>, String>,
    /// What becomes of them under the answer (or the suggestion), where that can be shown.
    pub preview: Result<Option<Record>, String>,
}

/// How the console ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitReason {
    /// The operator left; these report files were written on the way out.
    Left(Vec<PathBuf>),
    /// A signal ended it.
    Signal(&'static str),
    /// The engine's task ended in an error; this is what it said.
    EngineEnded(String),
}
