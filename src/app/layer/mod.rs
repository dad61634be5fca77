//! What lies over the panes. The top layer sees a key first; it consumes it or leaves it alone, and the panes below never see it.

use self::decision_editor::{DecisionEditor, Typing};
use self::picker::Picker;
use super::commands::about::CommandId;
use super::editor::Editor;
use super::message::AskedNumber;
use super::pane_id::PaneId;
use crate::domain::accepted::Accepted;
use crate::domain::checklist::{NoteOn, Step};
use crate::domain::gate::Gate;
use crate::domain::history::Change;
use crate::domain::number::grouped;

pub mod decision_editor;
pub mod picker;

/// What kind of layer, for the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LayerKind {
    /// A question with yes and no.
    Question,
    /// A gate.
    Gate,
    /// The decision editor.
    Decision,
    /// A value or a note being typed in the decision editor.
    Typing,
    /// A note on a step.
    Note,
    /// A number that is confirmed.
    Number,
    /// A line of text.
    Line,
    /// A list to pick from.
    Picker,
    /// Every command by name.
    Palette,
    /// The help.
    Help,
    /// A whole message.
    Whole,
    /// What is true, in full.
    Truth,
    /// The report, before leaving.
    Leave,
}

impl LayerKind {
    /// True for a layer that takes typed characters.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Gate
                | Self::Typing
                | Self::Note
                | Self::Number
                | Self::Line
                | Self::Picker
                | Self::Palette
                | Self::Help
        )
    }

    /// The word of the help.
    pub fn word(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Gate => "gate",
            Self::Decision => "decision",
            Self::Typing => "typing",
            Self::Note => "note",
            Self::Number => "number",
            Self::Line => "line",
            Self::Picker => "list",
            Self::Palette => "palette",
            Self::Help => "help",
            Self::Whole => "whole message",
            Self::Truth => "what is true",
            Self::Leave => "leave",
        }
    }
}

/// A layer.
#[derive(Debug)]
pub enum Layer {
    /// A question; only a capital Y answers yes.
    Question(Question),
    /// A gate and what is being typed at it.
    Gate(Box<GateLayer>),
    /// The answer to a conflict, field by field.
    Decision(Box<DecisionEditor>),
    /// A note on a step.
    Note(Note),
    /// How many bookings leave the application, typed again.
    Number(Box<Number>),
    /// A line of text that filters a list.
    Line(Line),
    /// A list to pick from.
    Picker(Picker),
    /// Every command by name, and the commands that its lines stand for.
    Palette(Picker, Vec<Called>),
    /// The help.
    Help(Help),
    /// A whole message.
    Whole(Whole),
    /// What is true, in full; rows scrolled down.
    Truth(usize),
    /// The report, before leaving.
    Leave,
}

impl Layer {
    /// Its kind.
    pub fn kind(&self) -> LayerKind {
        match self {
            Self::Question(_) => LayerKind::Question,
            Self::Gate(_) => LayerKind::Gate,
            Self::Decision(open) if open.typing.is_some() => LayerKind::Typing,
            Self::Decision(_) => LayerKind::Decision,
            Self::Note(_) => LayerKind::Note,
            Self::Number(_) => LayerKind::Number,
            Self::Line(_) => LayerKind::Line,
            Self::Picker(_) => LayerKind::Picker,
            Self::Palette(..) => LayerKind::Palette,
            Self::Truth(_) => LayerKind::Truth,
            Self::Help(_) => LayerKind::Help,
            Self::Whole(_) => LayerKind::Whole,
            Self::Leave => LayerKind::Leave,
        }
    }

    /// Where typed text goes, if the layer takes any.
    pub fn editor(&mut self) -> Option<&mut Editor> {
        match self {
            Self::Gate(gate) => Some(&mut gate.typed),
            Self::Decision(open) => match &mut open.typing {
                Some(Typing::Value(editor) | Typing::Note(editor)) => Some(editor),
                None => None,
            },
            Self::Note(note) => Some(&mut note.editor),
            Self::Number(open) => Some(&mut open.editor),
            Self::Line(line) => Some(&mut line.editor),
            Self::Help(help) => Some(&mut help.narrow),
            Self::Question(_)
            | Self::Picker(_)
            | Self::Palette(..)
            | Self::Whole(_)
            | Self::Truth(_)
            | Self::Leave => None,
        }
    }
}

/// A command of the palette, and the pane that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called {
    /// The command.
    pub id: CommandId,
    /// Its pane; none for one of every pane.
    pub pane: Option<PaneId>,
}

/// The help that is open.
#[derive(Debug, Default)]
pub struct Help {
    /// What was typed to narrow it.
    pub narrow: Editor,
    /// Rows scrolled down.
    pub down: usize,
}

/// A message that is shown whole.
#[derive(Debug)]
pub struct Whole {
    /// What it is about.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Rows scrolled down.
    pub down: usize,
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The first write: may we, and then start this step?
    FirstWrite(Step),
    /// The first write: may we, and then take a note on this step?
    FirstNote(NoteOn),
    /// Take the note on this step back?
    TakeNoteBack(NoteOn),
    /// Write the mapping file?
    SaveMapping,
    /// End the running job between two batches?
    Cancel,
}

/// A gate that is open on the screen.
#[derive(Debug)]
pub struct GateLayer {
    /// What the engine said.
    pub gate: Gate,
    /// The step behind it; none for a roll back.
    pub step: Option<Step>,
    /// What was typed so far.
    pub typed: Editor,
    /// Why the last Enter did nothing.
    pub complaint: Option<String>,
    /// Rows scrolled down, once the operator scrolled.
    pub down: Option<usize>,
}

/// A note on a step.
#[derive(Debug)]
pub struct Note {
    /// What it is on.
    pub on: NoteOn,
    /// Its text.
    pub editor: Editor,
    /// Why the last Enter did nothing.
    pub complaint: Option<String>,
    /// On its way; the layer closes when it is kept.
    pub sent: bool,
    /// The short text that was asked to be looked at once more before it is kept.
    pub looked_at: Option<String>,
}

impl Note {
    /// A note that begins with `text`.
    pub fn new(on: NoteOn, text: &str) -> Self {
        let mut editor = Editor::area();
        editor.insert(text);
        Self {
            on,
            editor,
            complaint: None,
            sent: false,
            looked_at: None,
        }
    }
}

/// How many bookings leave the application by answers that wait for it.
#[derive(Debug)]
pub struct Number {
    /// What is asked for.
    pub asked: AskedNumber,
    /// What was typed so far.
    pub editor: Editor,
    /// Why the last Enter did nothing.
    pub complaint: Option<String>,
}

impl Number {
    /// A field for the number that is asked for.
    pub fn new(asked: AskedNumber) -> Self {
        Self {
            asked,
            editor: Editor::default(),
            complaint: None,
        }
    }

    /// The answers with the number, once it was typed.
    ///
    /// # Errors
    /// Why they are not kept.
    pub fn typed(&self) -> Result<Vec<Change>, String> {
        let asked = &self.asked;
        let typed = self.editor.text().trim().replace(',', "");
        if typed.is_empty() {
            return Err("type the number of bookings, in digits".to_owned());
        }
        if typed.parse() != Ok(asked.bookings) {
            return Err(format!(
                "{typed} is not the number; nothing was changed. If {} is more than you expect, go back and look at the mapping",
                grouped(asked.bookings)
            ));
        }
        let number = Change::Accepted(Accepted::Bookings(asked.code), Some(asked.bookings));
        Ok(asked.changes.iter().cloned().chain([number]).collect())
    }
}

/// A line of text for the pane below.
#[derive(Debug)]
pub struct Line {
    /// What it asks for.
    pub title: &'static str,
    /// Its text.
    pub editor: Editor,
    /// Why the last Enter did nothing.
    pub complaint: Option<String>,
    /// The text before, which going back brings back.
    pub before: String,
}

impl Line {
    /// A line that holds `text`.
    pub fn new(title: &'static str, text: &str) -> Self {
        Self {
            title,
            editor: Editor::line(text),
            complaint: None,
            before: text.to_owned(),
        }
    }
}
