//! The conflicts pane: the rows, which of them are shown, which one is selected, and its records.

use super::message::Detail;
use crate::domain::conflict::{Code, ConflictKey, Severity};
use crate::domain::id::Id;
use crate::domain::overview::ConflictRow;

/// Which conflicts are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this kind.
    pub code: Option<Code>,
    /// Only those that touch this business; with its name.
    pub business: Option<(Id, String)>,
    /// Only those without an answer.
    pub undecided: bool,
    /// Only those whose code, business or ids contain this; lower case.
    pub text: String,
}

impl Filter {
    fn shows(&self, row: &ConflictRow) -> bool {
        self.code.is_none_or(|code| row.key.code == code)
            && self
                .business
                .as_ref()
                .is_none_or(|(business, _)| row.businesses.contains(business))
            && !(self.undecided && row.decision.is_some())
            && (self.text.is_empty()
                || row.business_names.to_lowercase().contains(&self.text)
                || row.key.to_string().to_lowercase().contains(&self.text))
    }

    /// True when everything is shown.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Conflicts {
    rows: Vec<ConflictRow>,
    visible: Vec<usize>,
    /// What is shown.
    pub filter: Filter,
    /// Position among the visible rows.
    pub selected: usize,
    /// The detail has the whole pane, where there is no room for both.
    pub open: bool,
    /// Rows that the detail is scrolled down.
    pub down: usize,
    /// Records that the detail is scrolled to the right.
    pub right: usize,
    /// The newest detail that arrived.
    pub detail: Option<Detail>,
    /// The conflict whose detail was asked for and has not arrived.
    pub asked: Option<ConflictKey>,
    /// An accepted suggestion is on its way; then the next undecided conflict is selected.
    pub goes_on: bool,
}

impl Conflicts {
    /// Every row.
    pub fn rows(&self) -> &[ConflictRow] {
        &self.rows
    }

    /// How many rows are shown.
    pub fn shown(&self) -> usize {
        self.visible.len()
    }

    /// The shown rows from `from` on.
    pub fn window(&self, from: usize) -> impl Iterator<Item = &ConflictRow> {
        self.visible
            .iter()
            .skip(from)
            .filter_map(|at| self.rows.get(*at))
    }

    /// The selected row.
    pub fn row(&self) -> Option<&ConflictRow> {
        self.rows.get(*self.visible.get(self.selected)?)
    }

    /// The detail of the selected row, once it is there.
    pub fn current_detail(&self) -> Option<&Detail> {
        let key = &self.row()?.key;
        self.detail.as_ref().filter(|detail| detail.key == *key)
    }

    /// Takes rows as they are now; the selection stays on its conflict, or on its place when that is gone.
    pub fn set_rows(&mut self, rows: Vec<ConflictRow>) {
        let selected = self.row_key();
        self.rows = rows;
        self.detail = None; // what it shows may have changed with an answer
        self.refilter(selected.as_ref());
    }

    /// Shows what `filter` lets through.
    pub fn set_filter(&mut self, filter: Filter) {
        let selected = self.row_key();
        self.filter = filter;
        self.refilter(selected.as_ref());
    }

    fn refilter(&mut self, selected: Option<&ConflictKey>) {
        self.visible = (0..self.rows.len())
            .filter(|at| self.filter.shows(&self.rows[*at]))
            .collect();
        let found = selected.and_then(|key| {
            self.visible
                .iter()
                .position(|at| self.rows[*at].key == *key)
        });
        self.select(found.unwrap_or(self.selected));
    }

    fn row_key(&self) -> Option<ConflictKey> {
        self.row().map(|row| row.key.clone())
    }

    /// Selects a position, as far as there is one.
    pub fn select(&mut self, position: usize) {
        let position = position.min(self.visible.len().saturating_sub(1));
        if position != self.selected {
            self.down = 0;
            self.right = 0;
        }
        self.selected = position;
    }

    /// Selects the next row without an answer behind the selected one; stays where there is none.
    pub fn next_undecided(&mut self) {
        let next = (self.selected..self.visible.len())
            .find(|at| self.rows[self.visible[*at]].decision.is_none());
        if let Some(next) = next {
            self.select(next);
        }
    }

    /// Undecided rows, of one kind or of all.
    pub fn undecided(&self, code: Option<Code>) -> usize {
        self.rows
            .iter()
            .filter(|row| row.decision.is_none() && code.is_none_or(|code| row.key.code == code))
            .count()
    }

    /// Undecided blockers: they hold everything up.
    pub fn undecided_blockers(&self) -> usize {
        self.rows
            .iter()
            .filter(|row| row.decision.is_none() && row.key.code.severity() == Severity::Blocker)
            .count()
    }

    /// The kinds that were found, with how many conflicts each and how many of these are undecided.
    pub fn kinds(&self) -> Vec<(Code, usize, usize)> {
        Code::ALL
            .iter()
            .filter_map(|code| {
                let of_kind = self.rows.iter().filter(|row| row.key.code == *code);
                let count = of_kind.count();
                (count > 0).then(|| (*code, count, self.undecided(Some(*code))))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::decision::Decision;

    fn row(code: Code, number: u8, decided: bool) -> ConflictRow {
        ConflictRow {
            key: ConflictKey {
                code,
                business: Some(Id::object_id([number % 2; 12])),
                subjects: vec![Id::object_id([number; 12])],
            },
            units: 1,
            businesses: vec![Id::object_id([number % 2; 12])],
            business_names: format!("Salon {}", number % 2),
            decision: decided.then(|| Decision::new(code.suggestion())),
        }
    }

    fn some() -> Conflicts {
        let mut conflicts = Conflicts::default();
        conflicts.set_rows(vec![
            row(Code::DuplicateEmail, 0, false),
            row(Code::DuplicateEmail, 1, true),
            row(Code::MissingName, 2, false),
            row(Code::MissingName, 3, false),
        ]);
        conflicts
    }

    #[test]
    fn filters_by_kind_business_text_and_answer_combine() {
        let mut conflicts = some();
        let business = Some((Id::object_id([1; 12]), "Salon 1".to_owned()));
        conflicts.set_filter(Filter {
            business,
            ..Filter::default()
        });
        assert_eq!(conflicts.shown(), 2);
        let filter = Filter {
            undecided: true,
            ..conflicts.filter.clone()
        };
        conflicts.set_filter(filter);
        assert_eq!(conflicts.row().unwrap().key.code, Code::MissingName);
        conflicts.set_filter(Filter {
            text: "salon 0".into(),
            ..Filter::default()
        });
        assert_eq!(conflicts.shown(), 2);
        conflicts.set_filter(Filter {
            code: Some(Code::IdleUser),
            ..Filter::default()
        });
        assert_eq!((conflicts.shown(), conflicts.row()), (0, None));
    }

    #[test]
    fn the_selection_stays_on_its_conflict_when_rows_before_it_vanish() {
        let mut conflicts = some();
        conflicts.select(2);
        let key = conflicts.row().unwrap().key.clone();
        let rows = conflicts.rows()[1..].to_vec();
        conflicts.set_rows(rows);
        assert_eq!(conflicts.row().unwrap().key, key);
    }

    #[test]
    fn the_next_undecided_conflict_is_never_a_decided_one() {
        let mut conflicts = some();
        conflicts.select(1);
        conflicts.next_undecided();
        assert_eq!(conflicts.selected, 2);
    }
}
