//! A list to pick one thing from; typing narrows it. The pane that opened it knows what its lines stand for.

use frizbee::{CaseMatching, Config, Matcher};

use crate::app::editor::Editor;
use crate::app::key::{Key, KeyCode};
use crate::domain::id::Id;
use crate::domain::number::counted;
use crate::domain::overview::BusinessRow;
use crate::domain::text::safe;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it says; safe to draw.
    pub label: String,
    /// More about it, drawn dim behind it.
    pub more: String,
}

/// The businesses as lines, behind one for all of them; and what the lines stand for.
pub fn business_items(rows: &[BusinessRow]) -> (Vec<Item>, Vec<Option<(Id, String)>>) {
    let all = Item {
        label: "every business".to_owned(),
        more: String::new(),
    };
    let one = |row: &BusinessRow| {
        let name = safe(&row.name, 60);
        let item = Item {
            label: name.clone(),
            more: format!(
                "{}, {}",
                counted(row.bookings, "booking", "bookings"),
                counted(row.conflicts, "conflict", "conflicts")
            ),
        };
        (item, Some((row.id.clone(), name)))
    };
    std::iter::once((all, None))
        .chain(rows.iter().map(one))
        .unzip()
}

/// Those of `texts` that hold the letters of `wanted` in their order, the best first.
pub fn found(wanted: &str, texts: &[&str]) -> Vec<usize> {
    let config = Config::default().casing(CaseMatching::Ignore);
    let matches = Matcher::from_query(wanted, &config).match_list(texts);
    // Letters strewn over a long line are no find beside a whole word.
    let best = matches.first().map_or(0, |it| it.score);
    matches
        .into_iter()
        .filter(|it| u32::from(it.score) * 4 >= u32::from(best) * 3)
        .map(|it| it.index as usize)
        .collect()
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

    /// The place of the selected line among all items.
    pub fn picked(&self) -> Option<usize> {
        self.visible.get(self.selected).copied()
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
                let before = self.narrow.text();
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
        let wanted = self.narrow.text();
        let wanted = wanted.trim();
        self.selected = 0;
        if wanted.is_empty() {
            self.visible = (0..self.items.len()).collect();
            return;
        }
        let plain = wanted.to_lowercase();
        let holds = |at: &usize| self.items[*at].label.to_lowercase().contains(&plain);
        self.visible = (0..self.items.len()).filter(holds).collect();
        if self.visible.is_empty() {
            let texts: Vec<&str> = self.items.iter().map(|it| it.label.as_str()).collect();
            self.visible = found(wanted, &texts);
        }
    }
}
