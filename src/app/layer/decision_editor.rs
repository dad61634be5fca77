//! The decision editor: the records of a conflict in two columns and the customer that comes out in a third, picked field by field.

use std::collections::BTreeMap;

use crate::app::commands::about::Keymap;
use crate::app::commands::ids::{NEXT_CHOICE, TYPE_VALUE};
use crate::app::editor::Editor;
use crate::domain::conflict::{Choice, ConflictKey};
use crate::domain::decision::{Decision, check_value, settable};
use crate::domain::id::Id;
use crate::domain::mapping::UserRole;
use crate::domain::raw::{blank, get};
use crate::domain::survivorship::{
    Merged, Rules, Survivor, UNKNOWN_CUSTOMER, earliest, merged, ranked,
};
use crate::domain::text;
use crate::domain::view::Sources;

/// Characters of a value.
const WIDTH: usize = 120;

/// What is being typed.
#[derive(Debug)]
pub enum Typing {
    /// A value of the selected field.
    Value(Editor),
    /// The note.
    Note(Editor),
}

/// Where a value of the result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The record at this place, by the rule.
    Rule(usize),
    /// The record at this place, picked by hand.
    Picked(usize),
    /// Typed by hand.
    Typed,
    /// The earliest of all records.
    Earliest,
    /// Nowhere: nobody has a value.
    Nowhere,
}

/// A row of the editor: a field in both columns and in the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The field.
    pub field: String,
    /// Its value in the left record.
    pub left: Option<String>,
    /// Its value in the right record, where there is one.
    pub right: Option<String>,
    /// Its value in the customer.
    pub result: Option<String>,
    /// Where that comes from.
    pub origin: Origin,
    /// The records do not agree on it.
    pub differs: bool,
    /// It can be set by hand.
    pub settable: bool,
}

/// The editor.
#[derive(Debug)]
pub struct DecisionEditor {
    /// The conflict and its records.
    pub sources: Sources,
    /// The answer as it would be kept.
    pub decision: Decision,
    /// The place of the record in the left column.
    pub left: usize,
    /// The place of the record in the right column.
    pub right: usize,
    /// The selected row.
    pub field: usize,
    /// What is being typed.
    pub typing: Option<Typing>,
    /// Why the last key did nothing.
    pub complaint: Option<String>,
    /// On its way; the layer closes when it is kept.
    pub sent: bool,
    /// A typed value that is being tried out: whether it would give two customers of a business one e-mail.
    pub trying: Option<Decision>,
}

impl DecisionEditor {
    /// The editor on `sources`, with the answer there is, or the suggestion.
    pub fn new(sources: Sources, decision: Option<Decision>) -> Self {
        let choice = sources.key.code.suggestion();
        Self {
            decision: decision.unwrap_or_else(|| Decision::new(choice)),
            left: 0,
            right: 1,
            field: 0,
            typing: None,
            complaint: None,
            sent: false,
            trying: None,
            sources,
        }
    }

    /// The conflict.
    pub fn key(&self) -> &ConflictKey {
        &self.sources.key
    }

    fn role(&self) -> &UserRole {
        &self.sources.role
    }

    /// The rule that holds: the answer's own, or the inherited one.
    pub fn rule(&self) -> Survivor {
        self.decision.survivor.unwrap_or(self.sources.inherited)
    }

    /// True when the records become one customer.
    pub fn merges(&self) -> bool {
        !self.key().code.is_group() || self.decision.choice == Choice::Merge
    }

    /// The places of the records, the survivor first.
    pub fn order(&self) -> Vec<usize> {
        let candidates: Vec<_> = self
            .sources
            .records
            .iter()
            .map(|record| record.candidate.clone())
            .collect();
        ranked(&candidates, self.rule())
    }

    /// The rows, live.
    pub fn rows(&self) -> Vec<Row> {
        let records = &self.sources.records;
        let order = self.order();
        let members: Vec<_> = order
            .iter()
            .map(|at| records[*at].document.as_ref())
            .collect();
        let rules = Rules {
            set: self.decision.set.clone(),
            pick: self.decision.pick.clone(),
            ..Rules::default()
        };
        let may = settable(self.key().code, self.role());
        let show = |at: usize, field: &str| {
            let value = get(&records.get(at)?.document, field)?;
            Some(text::value(value, WIDTH))
        };
        let place = |user: &Id| records.iter().position(|it| it.candidate.id == *user);
        let row = |field: &str, result: Option<String>, origin: Origin| {
            let values: Vec<_> = (0..records.len()).map(|at| show(at, field)).collect();
            Row {
                field: field.to_owned(),
                left: show(self.left, field),
                right: show(self.right, field),
                result,
                origin,
                differs: values.windows(2).any(|pair| pair[0] != pair[1]),
                settable: may.contains(&field),
            }
        };
        let mut rows = Vec::new();
        for field in self.role().completeness() {
            let picked = self.decision.pick.get(field).and_then(place);
            let (result, origin) = match merged(&members, &rules, field) {
                Merged::Typed(typed) => (Some(format!("\"{typed}\"")), Origin::Typed),
                Merged::From(at, value) => {
                    let nameless = field == self.role().name && blank(Some(value));
                    let shown = (!nameless).then(|| text::value(value, WIDTH));
                    (shown, Origin::Rule(order[at]))
                }
                Merged::Absent => (None, Origin::Nowhere),
            };
            let unnamed = || format!("\"{UNKNOWN_CUSTOMER}\"");
            let result = if field == self.role().name {
                Some(result.unwrap_or_else(unnamed))
            } else {
                result
            };
            let origin = match (picked, origin) {
                (Some(at), Origin::Rule(_) | Origin::Nowhere) => Origin::Picked(at),
                (_, origin) => origin,
            };
            rows.push(row(field, result, origin));
        }
        let created = &self.role().created;
        let first = earliest(&members, created).map(|value| text::value(value, WIDTH));
        rows.push(row(created, first, Origin::Earliest));
        rows
    }

    fn row(&self) -> Option<Row> {
        self.rows().into_iter().nth(self.field)
    }

    /// Moves the selection.
    pub fn select(&mut self, by: isize) {
        let last = self.role().completeness().count();
        self.field = self.field.saturating_add_signed(by).min(last);
        self.complaint = None;
    }

    /// Shows the next record in the right column, or in the left one; never the same in both.
    pub fn turn(&mut self, left: bool) {
        let count = self.sources.records.len();
        if count < 3 {
            self.complaint = Some("there are no further records to show".to_owned());
            return;
        }
        let (mine, other) = if left {
            (&mut self.left, self.right)
        } else {
            (&mut self.right, self.left)
        };
        *mine = (*mine + 1) % count;
        if *mine == other {
            *mine = (*mine + 1) % count;
        }
    }

    /// True when the selected field can be set by hand now; else says why not.
    fn may_set(&mut self, keys: &Keymap) -> Option<Row> {
        let row = self.row()?;
        let why = if self.sources.records.is_empty() {
            "this conflict has no values of a user to change".to_owned()
        } else if !row.settable {
            format!(
                "{} is not about {}, so it stays as it is",
                self.key().code,
                row.field
            )
        } else if !self.merges() && self.key().code.is_group() {
            format!(
                "the records are kept apart: press {} to choose merge first",
                keys.of(NEXT_CHOICE)
            )
        } else {
            self.complaint = None;
            return Some(row);
        };
        self.complaint = Some(why);
        None
    }

    /// Takes the selected field from the left record, or from the right one.
    pub fn pick(&mut self, keys: &Keymap, left: bool) {
        let Some(row) = self.may_set(keys) else {
            return;
        };
        let at = if left { self.left } else { self.right };
        if !self.key().code.is_group() {
            self.complaint = Some(format!(
                "there is one record: {} types another value",
                keys.of(TYPE_VALUE)
            ));
            return;
        }
        let Some(record) = self.sources.records.get(at) else {
            return;
        };
        let user = record.candidate.id.clone();
        self.decision.set.remove(&row.field);
        self.decision.pick.insert(row.field, user);
    }

    /// Leaves the selected field to the rule again.
    pub fn clear(&mut self, keys: &Keymap) {
        if let Some(row) = self.may_set(keys) {
            self.decision.set.remove(&row.field);
            self.decision.pick.remove(&row.field);
        }
    }

    /// Begins to type a value of the selected field.
    pub fn begin_value(&mut self, keys: &Keymap) {
        let Some(row) = self.may_set(keys) else {
            return;
        };
        let typed = self.decision.set.get(&row.field);
        let held = || {
            let record = self.sources.records.get(match row.origin {
                Origin::Rule(at) | Origin::Picked(at) => at,
                Origin::Typed | Origin::Earliest | Origin::Nowhere => return String::new(),
            });
            let value = record.and_then(|record| get(&record.document, &row.field));
            let text = value.and_then(|value| value.as_str()).unwrap_or_default();
            text.to_owned()
        };
        let text = typed.cloned().unwrap_or_else(held);
        self.typing = Some(Typing::Value(Editor::line(&text)));
    }

    /// Begins to type the note.
    pub fn begin_note(&mut self) {
        let mut editor = Editor::area();
        editor.insert(&self.decision.note);
        self.complaint = None;
        self.typing = Some(Typing::Note(editor));
    }

    /// Drops what is being typed.
    pub fn stop_typing(&mut self) {
        self.typing = None;
        self.trying = None;
        self.complaint = None;
    }

    /// The answer with what is being typed, checked; `None` while nothing is typed.
    ///
    /// # Errors
    /// Why the value is none.
    pub fn typed(&self) -> Option<Result<Decision, String>> {
        let mut decision = self.decision.clone();
        match self.typing.as_ref()? {
            Typing::Note(editor) => editor.text().trim().clone_into(&mut decision.note),
            Typing::Value(editor) => {
                let field = self.row()?.field;
                let value = match check_value(self.role(), &field, &editor.text()) {
                    Ok(value) => value,
                    Err(why) => return Some(Err(format!("{field}: {why}"))),
                };
                decision.pick.remove(&field);
                decision.set.insert(field, value);
            }
        }
        Some(Ok(decision))
    }

    /// The next answer that the conflict offers. One that keeps the records apart drops what was picked for the merged customer.
    pub fn next_choice(&mut self) {
        let choices: Vec<Choice> = self.key().code.choices().collect();
        let at = choices.iter().position(|it| *it == self.decision.choice);
        self.decision.choice = choices[at.map_or(0, |at| (at + 1) % choices.len())];
        self.complaint =
            (choices.len() == 1).then(|| "this kind of conflict has one answer".to_owned());
        if !self.merges() {
            self.decision.pick = BTreeMap::new();
            self.decision.set = BTreeMap::new();
        }
    }

    /// The next survivor rule; behind the last one the inherited one again.
    pub fn next_rule(&mut self) {
        if !self.key().code.is_group() {
            self.complaint = Some("there is one record: no survivor to choose".to_owned());
            return;
        }
        let at = self
            .decision
            .survivor
            .and_then(|rule| Survivor::ALL.iter().position(|it| *it == rule));
        self.decision.survivor = Survivor::ALL.get(at.map_or(0, |at| at + 1)).copied();
        self.complaint = None;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;
    use crate::domain::conflict::Code;
    use crate::domain::mapping::{DEFAULT, Mapping};
    use crate::domain::raw::Value;
    use crate::domain::survivorship::Candidate;
    use crate::domain::view::Source;

    fn editor(documents: &[bson::RawDocumentBuf]) -> DecisionEditor {
        let records: Vec<Source> = documents
            .iter()
            .map(|document| {
                let id: Value<'_> = get(document, "_id").unwrap();
                Source {
                    document: document.clone(),
                    candidate: Candidate {
                        id: Id::from_value(id),
                        filled: u8::try_from(document.iter().count()).unwrap(),
                        created: i64::MAX,
                        bookings: 0,
                        deleted: false,
                    },
                }
            })
            .collect();
        let key = ConflictKey {
            code: Code::DuplicateEmail,
            business: Some(Id::string("b")),
            subjects: records.iter().map(|it| it.candidate.id.clone()).collect(),
        };
        let sources = Sources {
            key,
            role: *Mapping::parse(DEFAULT).unwrap().user,
            inherited: Survivor::MostComplete,
            records,
        };
        DecisionEditor::new(sources, None)
    }

    fn three() -> DecisionEditor {
        editor(&[
            rawdoc! { "_id": "a", "name": "Ann", "email": "a@b.c" },
            rawdoc! { "_id": "b", "name": "Anne", "email": "a@b.c", "phone": "1", "city": "X" },
            rawdoc! { "_id": "c", "phone": "2" },
        ])
    }

    #[test]
    fn the_result_follows_every_pick_at_once() {
        let mut editor = three();
        assert_eq!(editor.order(), [1, 0, 2]);
        let name = |editor: &DecisionEditor| editor.rows()[0].clone();
        assert_eq!(name(&editor).result.as_deref(), Some("\"Anne\""));
        assert_eq!(name(&editor).origin, Origin::Rule(1));
        editor.pick(&Keymap::default(), true);
        assert_eq!(name(&editor).result.as_deref(), Some("\"Ann\""));
        assert_eq!(name(&editor).origin, Origin::Picked(0));
        editor.turn(false);
        assert_eq!((editor.left, editor.right), (0, 2));
        editor.pick(&Keymap::default(), false); // the third has no name
        assert_eq!(
            name(&editor).result.as_deref(),
            Some("\"Unknown Customer\"")
        );
        editor.clear(&Keymap::default());
        assert_eq!(name(&editor).origin, Origin::Rule(1));
    }

    #[test]
    fn a_typed_value_is_checked_before_it_counts() {
        let mut editor = three();
        editor.begin_value(&Keymap::default());
        if let Some(Typing::Value(typed)) = &mut editor.typing {
            typed.clear();
            typed.insert("  ");
        }
        assert!(editor.typed().unwrap().is_err());
        if let Some(Typing::Value(typed)) = &mut editor.typing {
            typed.insert("Anna");
        }
        let decision = editor.typed().unwrap().unwrap();
        assert_eq!(decision.set["name"], "Anna");
    }

    #[test]
    fn kept_apart_nothing_is_picked_and_the_reason_is_said() {
        let mut editor = three();
        editor.pick(&Keymap::default(), true);
        editor.next_choice();
        assert_eq!(editor.decision.choice, Choice::KeepApart);
        assert!(editor.decision.pick.is_empty());
        editor.pick(&Keymap::default(), true);
        assert!(editor.complaint.unwrap().contains("kept apart"));
    }
}
