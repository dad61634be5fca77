//! The one table of commands: keys, titles, help, danger, where they hold, and whether they can be done now or why not. The keymap, the
//! hints, the help and the tests read it; nothing else knows a key.

use crate::app::conditions as can;
use crate::app::key::{Key, KeyCode};
use crate::app::layer::LayerKind;
use crate::app::model::{Model, Pane};

/// What a command may do to data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// Nothing.
    None,
    /// Writes files or side collections; the first one asks.
    Writes,
    /// Opens a gate before anything happens.
    Gate,
}

/// Where a command holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Whatever lies on top.
    Always,
    /// In every pane, while no layer lies over it.
    Panes,
    /// In one pane, while no layer lies over it.
    In(Pane),
    /// In a layer of this kind, while it is on top.
    Over(LayerKind),
}

/// A command.
#[derive(Debug)]
pub struct Command {
    /// Which one.
    pub id: CommandId,
    /// The keys that call it.
    pub keys: &'static [Key],
    /// How the hints show the keys.
    pub shown: &'static str,
    /// A word or two for the hints.
    pub title: &'static str,
    /// A sentence for the help.
    pub help: &'static str,
    /// What it may do to data.
    pub danger: Danger,
    /// Where it holds.
    pub scopes: &'static [Scope],
    /// Fine, or why it cannot be done now.
    pub allowed: fn(&Model) -> Result<(), String>,
    /// Shown among the hints, not in the help alone.
    pub hinted: bool,
}

use KeyCode::{
    BackTab, Backspace, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up,
};

const fn k(code: KeyCode) -> Key {
    Key::plain(code)
}

const fn c(c: char) -> Key {
    Key::char(c)
}

/// Layers whose contents scroll and that take no text.
const READING: &[Scope] = &[
    Scope::Over(LayerKind::Help),
    Scope::Over(LayerKind::Whole),
    Scope::Over(LayerKind::Leave),
];
const DETAILS: &[Scope] = &[Scope::In(Pane::Conflicts), Scope::In(Pane::Bookings)];
const FIELDS: &[Scope] = &[
    Scope::Over(LayerKind::Typing),
    Scope::Over(LayerKind::Note),
    Scope::Over(LayerKind::Line),
];

macro_rules! commands {
    ($($id:ident, [$($key:expr),*], $shown:literal, $title:literal, $danger:ident, $scopes:expr, $allowed:expr, $hinted:literal, $help:literal;)*) => {
        /// Every command there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CommandId {
            $(#[doc = $help] $id,)*
        }

        /// The table.
        pub const COMMANDS: &[Command] = &[$(Command {
            id: CommandId::$id,
            keys: &[$($key),*],
            shown: $shown,
            title: $title,
            help: $help,
            danger: Danger::$danger,
            scopes: $scopes,
            allowed: $allowed,
            hinted: $hinted,
        }),*];
    };
}

commands! {
    Run, [k(Enter)], "Enter", "run step", Writes, &[Scope::In(Pane::Checklist)], can::run, true, "Run the selected step. A step that changes live data opens its gate first.";
    WriteNote, [c('n')], "n", "note", Writes, &[Scope::In(Pane::Checklist)], can::write_note, true, "Type a note on the selected step; it is kept with the run and goes into the report.";
    BlockWrites, [c('B')], "B", "block writes…", Gate, &[Scope::In(Pane::Checklist)], can::block_writes, false, "Open the gate to the server's write block: it then refuses the writes of every other user, in the whole cluster, until step 17.";
    ReadAgain, [c('R')], "R", "read again", None, &[Scope::In(Pane::Checklist), Scope::In(Pane::Bookings), Scope::In(Pane::Report)], can::ask, true, "Read what is shown here from the database again.";

    ConflictsOf, [k(Enter)], "Enter", "its conflicts", None, &[Scope::In(Pane::Businesses)], can::on_business, true, "Show the conflicts of the selected business.";
    BookingsOf, [c('d')], "d", "its bookings", None, &[Scope::In(Pane::Businesses)], can::on_business, true, "Show what becomes of the selected business's bookings.";
    Sort, [c('s')], "s", "sort", None, &[Scope::In(Pane::Businesses)], can::anything, true, "Sort by bookings, customers, conflicts or name, in turn.";

    Accept, [c('a')], "a", "accept", None, &[Scope::In(Pane::Conflicts)], can::decide, true, "Accept the suggestion for the selected conflict, and go to the next undecided one.";
    AcceptAll, [c('A')], "A", "all like this…", None, &[Scope::In(Pane::Conflicts)], can::accept_all, true, "Give all undecided conflicts like this one the same answer, here or everywhere; says how many, and shows them first.";
    Choose, [c('c')], "c", "other answer…", None, &[Scope::In(Pane::Conflicts)], can::choose, true, "Pick another answer to the selected conflict.";
    Edit, [c('e')], "e", "edit…", None, &[Scope::In(Pane::Conflicts)], can::decide, true, "Open the decision editor: two records and the result side by side, picked field by field.";
    SurvivorRule, [c('v')], "v", "survivor rule…", None, &[Scope::In(Pane::Conflicts)], can::decide, false, "Choose which record gives a merged customer its values, for all or for this business.";
    Undecide, [k(Backspace), c('d')], "d", "take back", None, &[Scope::In(Pane::Conflicts)], can::undecide, false, "Take the answer to the selected conflict back: it is undecided again.";
    Undo, [c('u')], "u", "undo", None, &[Scope::In(Pane::Conflicts)], can::undo, true, "Take the last decision back, one or many at once.";
    Redo, [Key::ctrl('r'), c('U')], "U", "redo", None, &[Scope::In(Pane::Conflicts)], can::redo, false, "Do again what was taken back last.";
    NextUndecided, [c('n')], "n", "next undecided", None, &[Scope::In(Pane::Conflicts)], can::on_conflict, true, "Go to the next conflict without an answer.";
    SortConflicts, [c('s')], "s", "sort", None, &[Scope::In(Pane::Conflicts)], can::filter_conflicts, false, "Sort by kind, by business, by how much a conflict stands for, or undecided first, in turn.";
    Open, [k(Enter)], "Enter", "records", None, &[Scope::In(Pane::Conflicts)], can::on_conflict, true, "Show the records side by side in the whole pane, and back.";
    FilterCode, [c('f')], "f", "kind…", None, &[Scope::In(Pane::Conflicts)], can::filter_conflicts, true, "Show only conflicts of one kind.";
    FilterBusiness, [c('b')], "b", "business…", None, DETAILS, can::filter_business, true, "Show only what touches one business.";
    OnlyUndecided, [c('o')], "o", "only undecided", None, &[Scope::In(Pane::Conflicts)], can::filter_conflicts, false, "Show only conflicts without an answer, or all again.";
    Find, [c('/')], "/", "find", None, &[Scope::In(Pane::Conflicts)], can::filter_conflicts, false, "Show only conflicts whose kind, business, ids, names or e-mails hold the letters that you type, the best first.";
    OfCustomer, [c('c')], "c", "this customer", None, &[Scope::In(Pane::Bookings)], can::on_booking_with_customer, true, "Show only the bookings of the selected booking's customer.";
    CustomerById, [c('/'), c('f')], "/", "customer…", None, &[Scope::In(Pane::Bookings)], can::ask, true, "Show only the bookings of the customer with an id that you type.";
    ShowAll, [c('F')], "F", "show all", None, DETAILS, can::show_all, true, "Take the filters away.";
    DetailDown, [c('J')], "J/K", "scroll detail", None, DETAILS, can::anything, false, "Scroll the detail down.";
    DetailUp, [c('K')], "K", "", None, DETAILS, can::anything, false, "Scroll the detail up.";
    DetailRight, [k(Right), c('l')], "→", "", None, &[Scope::In(Pane::Conflicts)], can::anything, false, "Show the records further right.";
    DetailLeft, [k(Left), c('h')], "←", "", None, &[Scope::In(Pane::Conflicts)], can::anything, false, "Show the records further left.";

    Personal, [c('P')], "P", "names", None, &[Scope::In(Pane::Report), Scope::Over(LayerKind::Leave)], can::ask, true, "Show names and e-mails in the report, or mask them again.";
    Export, [c('E')], "E", "export", None, &[Scope::In(Pane::Report)], can::ask, true, "Write the report into the run folder, masked or not as it is shown.";

    NextPane, [k(Tab)], "Tab", "pane", None, &[Scope::Panes], can::anything, false, "Go to the next pane.";
    PreviousPane, [k(BackTab)], "Shift-Tab", "", None, &[Scope::Panes], can::anything, false, "Go to the pane before.";
    GoTo, [c('1'), c('2'), c('3'), c('4'), c('5'), c('6')], "1-6", "panes", None, &[Scope::Panes], can::anything, true, "Go to that pane.";
    MoveUp, [k(Up), c('k')], "↑ k", "", None, &[Scope::Panes], can::anything, false, "Go up.";
    MoveDown, [k(Down), c('j')], "↓ j", "", None, &[Scope::Panes], can::anything, false, "Go down.";
    PageBack, [k(PageUp)], "PgUp", "", None, &[Scope::Panes], can::anything, false, "Go up by a page.";
    PageOn, [k(PageDown)], "PgDn", "", None, &[Scope::Panes], can::anything, false, "Go down by a page.";
    First, [k(Home), c('g')], "Home g", "", None, &[Scope::Panes], can::anything, false, "Go to the beginning.";
    Last, [k(End), c('G')], "End G", "", None, &[Scope::Panes], can::anything, false, "Go to the end (of the page, among bookings).";

    Cancel, [c('x')], "x", "cancel", None, &[Scope::Panes], can::cancel, true, "End the running step between two batches, after a question. What was prepared is kept.";
    Pause, [c('p')], "p", "pause", None, &[Scope::Panes], can::cancel, true, "Write nothing more of the running step, until it is pressed again. Reading goes on.";
    Slower, [c('-')], "-", "slower", None, &[Scope::Panes], can::cancel, false, "Write half as fast.";
    Faster, [c('+'), c('=')], "+", "faster", None, &[Scope::Panes], can::cancel, false, "Write twice as fast, and without a limit in the end.";
    RollBack, [c('r')], "r", "roll back…", Gate, &[Scope::Panes], can::roll_back, true, "Open the gate to roll back: the originals become live again.";
    WholeMessage, [c('w')], "w", "whole message", None, &[Scope::Panes], can::whole_message, false, "Show the whole message of the red banner.";
    Help, [c('?')], "?", "help", None, &[Scope::Panes], can::anything, true, "Show every command, and why one cannot be used now.";
    Quit, [c('q')], "q", "leave…", None, &[Scope::Panes], can::quit, true, "Leave, after a look at the report and an offer to export it.";
    Back, [k(Esc)], "Esc", "back", None, &[Scope::Panes], can::anything, false, "Go one layer back; in a pane, dismiss the banner or the detail. Never leaves.";
    Interrupt, [Key::ctrl('c')], "Ctrl-C", "", None, &[Scope::Always], can::anything, false, "While a step runs: ask whether to end it. Else: leave. On the way out: leave at once.";
    Suspend, [Key::ctrl('z')], "Ctrl-Z", "", None, &[Scope::Always], can::suspend, false, "Suspend the console and return to the shell; `fg` comes back.";

    Yes, [c('Y')], "Y", "yes (capital)", None, &[Scope::Over(LayerKind::Question)], can::anything, true, "Yes.";
    No, [k(Esc), c('n'), c('N')], "n Esc", "no", None, &[Scope::Over(LayerKind::Question)], can::anything, true, "No; nothing happens.";
    Confirm, [k(Enter)], "Enter", "confirm", Gate, &[Scope::Over(LayerKind::Gate)], can::anything, true, "Do it, when the database's name has been typed exactly; else say why not.";
    Discard, [k(Tab)], "Tab", "refuse, keep, discard", Gate, &[Scope::Over(LayerKind::Gate)], can::discard, false, "At the gate to roll back: choose between refusing, keeping (carried back) and discarding what was written since the cut-over.";
    Save, [k(Enter)], "Enter", "save", None, FIELDS, can::anything, true, "Keep what was typed.";
    FieldUp, [k(Up), c('k')], "↑ k", "", None, &[Scope::Over(LayerKind::Decision)], can::anything, false, "Go to the field above.";
    FieldDown, [k(Down), c('j')], "↓ j", "", None, &[Scope::Over(LayerKind::Decision)], can::anything, false, "Go to the field below.";
    TakeLeft, [k(Left), c('h')], "←", "take left", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Take the selected field from the left record.";
    TakeRight, [k(Right), c('l')], "→", "take right", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Take the selected field from the right record.";
    TypeValue, [c('t')], "t", "type…", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Type a value of the selected field.";
    ClearField, [k(Backspace), k(Delete)], "Backspace", "by rule", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Leave the selected field to the survivor rule again.";
    TurnRight, [k(Tab)], "Tab", "next record", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Show the next record in the right column, where there are more than two.";
    TurnLeft, [k(BackTab)], "Shift-Tab", "", None, &[Scope::Over(LayerKind::Decision)], can::anything, false, "Show the next record in the left column, where there are more than two.";
    NextChoice, [c('c')], "c", "answer", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Go to the next answer that this kind of conflict offers.";
    NextRule, [c('s')], "s", "survivor", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Go to the next survivor rule for this conflict alone.";
    TypeNote, [c('n')], "n", "note…", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Type a note on the answer; it is kept in the decisions file.";
    KeepDecision, [k(Enter)], "Enter", "keep the answer", None, &[Scope::Over(LayerKind::Decision)], can::anything, true, "Keep the answer as it is shown.";
    StopTyping, [k(Esc)], "Esc", "back", None, &[Scope::Over(LayerKind::Typing)], can::anything, true, "Stop typing; the value stays as it was.";
    BreakLine, [Key::alt(Enter)], "Alt-Enter", "new line", None, &[Scope::Over(LayerKind::Note), Scope::Over(LayerKind::Typing)], can::anything, true, "Begin a new line.";
    Pick, [k(Enter)], "Enter", "pick", None, &[Scope::Over(LayerKind::Picker)], can::anything, true, "Take the selected line. Typing narrows the list.";
    ExportAndLeave, [c('e')], "e", "export and leave", None, &[Scope::Over(LayerKind::Leave)], can::export_and_leave, true, "Write the report into the run folder, and leave.";
    LeaveWithout, [c('Q')], "Q", "leave without (capital)", None, &[Scope::Over(LayerKind::Leave)], can::anything, true, "Leave without writing the report.";
    ScrollUp, [k(Up), c('k')], "↑ k", "", None, READING, can::anything, false, "Scroll up.";
    ScrollDown, [k(Down), c('j')], "↓ j", "", None, READING, can::anything, false, "Scroll down.";
    ScrollPageUp, [k(PageUp)], "PgUp", "", None, &[Scope::Over(LayerKind::Gate), Scope::Over(LayerKind::Help), Scope::Over(LayerKind::Whole), Scope::Over(LayerKind::Leave)], can::anything, false, "Scroll up by a page.";
    ScrollPageDown, [k(PageDown)], "PgDn", "scroll", None, &[Scope::Over(LayerKind::Gate), Scope::Over(LayerKind::Help), Scope::Over(LayerKind::Whole), Scope::Over(LayerKind::Leave)], can::anything, true, "Scroll down by a page.";
    CloseLayer, [k(Esc)], "Esc", "back", None, &[Scope::Over(LayerKind::Gate), Scope::Over(LayerKind::Decision), Scope::Over(LayerKind::Note), Scope::Over(LayerKind::Line), Scope::Over(LayerKind::Picker), Scope::Over(LayerKind::Leave)], can::anything, true, "Go back; nothing happens.";
    CloseReading, [k(Esc), c('q'), c('?'), c('w')], "Esc", "back", None, &[Scope::Over(LayerKind::Help), Scope::Over(LayerKind::Whole)], can::anything, true, "Go back.";
}

impl Command {
    /// True where `model` has its focus now.
    pub fn holds(&self, model: &Model) -> bool {
        let top = model.layers.last().map(crate::app::layer::Layer::kind);
        self.scopes.iter().any(|scope| match scope {
            Scope::Always => true,
            Scope::Panes => top.is_none(),
            Scope::In(pane) => top.is_none() && *pane == model.pane,
            Scope::Over(kind) => top == Some(*kind),
        })
    }
}

/// The command that `key` calls where the focus is now.
pub fn of_key(model: &Model, key: Key) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.holds(model) && command.keys.contains(&key))
}

/// The commands to hint at, those that can be used first, then those of the pane or layer first, each with why it cannot be used now.
pub fn hints(model: &Model) -> Vec<(&'static Command, Result<(), String>)> {
    let mut hints: Vec<_> = COMMANDS
        .iter()
        .filter(|command| command.hinted && command.holds(model))
        .map(|command| (command, (command.allowed)(model)))
        .collect();
    hints.sort_by_key(|(_, verdict)| verdict.is_err());
    hints
}

/// The keys as a Markdown table, for the README.
pub fn markdown() -> String {
    let mut text = String::from("| keys | where | what |\n|---|---|---|\n");
    for command in COMMANDS {
        let place = place(command.scopes);
        text.extend([
            "| ",
            command.shown,
            " | ",
            &place,
            " | ",
            command.help,
            " |\n",
        ]);
    }
    text
}

/// Where a command holds, in words.
pub fn place(scopes: &[Scope]) -> String {
    let places: Vec<String> = scopes
        .iter()
        .map(|scope| match scope {
            Scope::Always => "everywhere".to_owned(),
            Scope::Panes => "every pane".to_owned(),
            Scope::In(pane) => pane.title().to_owned(),
            Scope::Over(kind) => format!("{kind:?}").to_lowercase(),
        })
        .collect();
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_key_as_this_table_says() {
        let readme = include_str!("../README.md");
        assert!(
            readme.contains(&markdown()),
            "put this into README.md:\n{}",
            markdown()
        );
    }

    fn overlap(left: Scope, right: Scope) -> bool {
        match (left, right) {
            (Scope::Always, _) | (_, Scope::Always) => true,
            (Scope::Over(left), Scope::Over(right)) => left == right,
            (Scope::Over(_), _) | (_, Scope::Over(_)) => false,
            (Scope::In(left), Scope::In(right)) => left == right,
            (Scope::Panes, _) | (_, Scope::Panes) => true,
        }
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (at, left) in COMMANDS.iter().enumerate() {
            for right in &COMMANDS[at + 1..] {
                let same_place = left
                    .scopes
                    .iter()
                    .any(|scope| right.scopes.iter().any(|other| overlap(*scope, *other)));
                let same_key = left.keys.iter().find(|key| right.keys.contains(key));
                assert!(
                    !same_place || same_key.is_none(),
                    "{:?} and {:?} share {same_key:?}",
                    left.id,
                    right.id
                );
            }
        }
    }

    #[test]
    fn every_command_has_a_sentence_of_help_and_a_title_when_hinted() {
        for command in COMMANDS {
            assert!(command.help.ends_with('.'), "{:?}", command.id);
            assert!(
                !command.hinted || !command.title.is_empty(),
                "{:?}",
                command.id
            );
            assert!(!command.keys.is_empty(), "{:?}", command.id);
        }
    }

    #[test]
    fn no_text_field_loses_a_character_to_a_command() {
        let typing = [
            LayerKind::Gate,
            LayerKind::Typing,
            LayerKind::Note,
            LayerKind::Line,
            LayerKind::Picker,
        ];
        for command in COMMANDS {
            let in_text = command
                .scopes
                .iter()
                .any(|scope| matches!(scope, Scope::Over(kind) if typing.contains(kind)));
            let character = command
                .keys
                .iter()
                .any(|key| matches!(key.code, KeyCode::Char(_)) && !key.ctrl && !key.alt);
            assert!(!(in_text && character), "{:?}", command.id);
        }
    }

    #[test]
    fn nothing_behind_a_question_is_confirmed_by_the_key_that_opened_it() {
        let openers = [
            CommandId::Run,
            CommandId::Cancel,
            CommandId::Interrupt,
            CommandId::WriteNote,
        ];
        let yes = COMMANDS.iter().find(|command| command.id == CommandId::Yes);
        for command in COMMANDS
            .iter()
            .filter(|command| openers.contains(&command.id))
        {
            for key in command.keys {
                assert!(
                    yes.is_some_and(|yes| !yes.keys.contains(key)),
                    "{:?}",
                    command.id
                );
            }
        }
    }
}
