//! A list to pick one thing from; typing narrows it.

use super::editor::Editor;
use super::key::{Key, KeyCode};
use crate::domain::conflict::{Choice, Code};
use crate::domain::decision::Alike;
use crate::domain::id::Id;
use crate::domain::survivorship::Survivor;

/// What was picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// Show only conflicts of this code, or all.
    Code(Option<Code>),
    /// Show only this business's conflicts, or all.
    ConflictsOf(Option<(Id, String)>),
    /// Show only this business's bookings, or all.
    BookingsOf(Option<(Id, String)>),
    /// Answer the selected conflict with this.
    Choice(Choice),
    /// Give all undecided conflicts that are alike the same answer.
    Alike(Alike),
    /// Look at the undecided conflicts that are alike.
    LookAt(Alike),
    /// The survivor rule for a business, or for all; `None` takes a business's own rule away.
    Survivor(Option<Id>, Option<Survivor>),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it says; safe to draw.
    pub label: String,
    /// More about it, drawn dim behind it.
    pub more: String,
    /// What it stands for.
    pub value: Picked,
}

/// The list.
#[derive(Debug, Clone)]
pub struct Picker {
    /// The question that it answers.
    pub title: String,
    /// What was typed to narrow it.
    pub narrow: Editor,
    items: Vec<Item>,
    visible: Vec<usize>,
    /// Position among the visible ones.
    pub selected: usize,
}

impl Picker {
    /// All items, the first one selected.
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        Self {
            title: title.into(),
            narrow: Editor::default(),
            visible: (0..items.len()).collect(),
            items,
            selected: 0,
        }
    }

    /// The lines that match what was typed.
    pub fn visible(&self) -> impl ExactSizeIterator<Item = &Item> {
        self.visible.iter().map(|at| &self.items[*at])
    }

    /// The selected line's value.
    pub fn picked(&self) -> Option<Picked> {
        self.visible
            .get(self.selected)
            .map(|at| self.items[*at].value.clone())
    }

    /// Takes a key; false when it is none of its own.
    pub fn key(&mut self, key: Key, page: usize) -> bool {
        let last = self.visible.len().saturating_sub(1);
        match key.code {
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::Down => self.selected = (self.selected + 1).min(last),
            KeyCode::PageUp => self.selected = self.selected.saturating_sub(page),
            KeyCode::PageDown => self.selected = (self.selected + page).min(last),
            _ => {
                let before = self.narrow.text().to_owned();
                if !self.narrow.key(key) {
                    return false;
                }
                if self.narrow.text() != before {
                    self.narrowed();
                }
            }
        }
        true
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        self.narrow.insert(text);
        self.narrowed();
    }

    fn narrowed(&mut self) {
        let wanted = self.narrow.text().to_lowercase();
        self.visible = (0..self.items.len())
            .filter(|at| self.items[*at].label.to_lowercase().contains(&wanted))
            .collect();
        self.selected = 0;
    }
}
