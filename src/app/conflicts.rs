//! The conflicts pane: the rows, which of them are shown and in what order, which one is selected, and its records.

use std::collections::HashMap;

use frizbee::{CaseMatching, Config, Matcher};

use super::message::Detail;
use crate::domain::conflict::{Code, ConflictKey, Severity};
use crate::domain::decision::Alike;
use crate::domain::id::Id;
use crate::domain::overview::{ConflictRow, Review};

/// Which conflicts are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this kind.
    pub code: Option<Code>,
    /// Only those that touch this business; with its name.
    pub business: Option<(Id, String)>,
    /// Only those without an answer.
    pub undecided: bool,
    /// Only those whose kind, business, ids, names or e-mails hold the letters of this, in their order; the best first.
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
    }

    /// True when everything is shown.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// In what order they are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Blockers first, kind by kind.
    #[default]
    Kind,
    /// By the name of the business.
    Business,
    /// Those that stand for the most first.
    Units,
    /// Those without an answer first.
    Undecided,
}

impl Sort {
    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Kind => Self::Business,
            Self::Business => Self::Units,
            Self::Units => Self::Undecided,
            Self::Undecided => Self::Kind,
        }
    }

    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Kind => "by kind",
            Self::Business => "by business",
            Self::Units => "largest first",
            Self::Undecided => "undecided first",
        }
    }
}

/// How many conflicts of a kind there are, and how many of them have no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The kind.
    pub code: Code,
    /// Conflicts.
    pub count: usize,
    /// Those without an answer.
    pub undecided: usize,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Conflicts {
    review: Review,
    counts: Vec<Count>,
    visible: Vec<usize>,
    /// What a search looks at, per row.
    texts: Vec<String>,
    /// Name and e-mail by user, once they are there.
    labels: Option<HashMap<Id, String>>,
    /// They were asked for and have not arrived.
    pub labels_asked: bool,
    /// In what order they are shown.
    pub sort: Sort,
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
        &self.review.rows
    }

    /// Everything that is decided, and what is not.
    pub fn review(&self) -> &Review {
        &self.review
    }

    /// The kinds that were found, with their counts.
    pub fn counts(&self) -> &[Count] {
        &self.counts
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
            .filter_map(|at| self.review.rows.get(*at))
    }

    /// The selected row.
    pub fn row(&self) -> Option<&ConflictRow> {
        self.review.rows.get(*self.visible.get(self.selected)?)
    }

    /// The detail of the selected row, once it is there.
    pub fn current_detail(&self) -> Option<&Detail> {
        let key = &self.row()?.key;
        self.detail.as_ref().filter(|detail| detail.key == *key)
    }

    /// Takes everything as it is now; the selection stays on its conflict, or on its place when that is gone.
    pub fn set(&mut self, review: Review) {
        let selected = self.row_key();
        let same = self.review.rows.len() == review.rows.len()
            && self
                .review
                .rows
                .iter()
                .zip(&review.rows)
                .all(|(old, new)| old.key == new.key);
        self.review = review;
        self.counts = counts(&self.review.rows);
        self.detail = None; // what it shows may have changed with an answer
        if !same {
            self.labels = None;
            self.texts.clear();
        }
        self.refilter(selected.as_ref());
    }

    /// Takes the names.
    pub fn set_labels(&mut self, labels: HashMap<Id, String>) {
        self.labels = Some(labels);
        self.labels_asked = false;
        self.texts.clear();
        if !self.filter.text.is_empty() {
            let selected = self.row_key();
            self.refilter(selected.as_ref());
        }
    }

    /// True while the names of these rows have not been asked for.
    pub fn wants_labels(&self) -> bool {
        self.labels.is_none() && !self.labels_asked && !self.review.rows.is_empty()
    }

    /// Name and e-mail of a user, safe to draw.
    pub fn label(&self, user: &Id) -> Option<&str> {
        self.labels.as_ref()?.get(user).map(String::as_str)
    }

    /// Shows what `filter` lets through.
    pub fn set_filter(&mut self, filter: Filter) {
        let selected = self.row_key();
        self.filter = filter;
        self.refilter(selected.as_ref());
    }

    /// Shows them in another order.
    pub fn set_sort(&mut self, sort: Sort) {
        let selected = self.row_key();
        self.sort = sort;
        self.refilter(selected.as_ref());
    }

    fn refilter(&mut self, selected: Option<&ConflictKey>) {
        let rows = &self.review.rows;
        let mut visible: Vec<usize> = (0..rows.len())
            .filter(|at| self.filter.shows(&rows[*at]))
            .collect();
        match self.sort {
            Sort::Kind => {}
            Sort::Business => visible.sort_by_key(|at| rows[*at].business_names.to_lowercase()),
            Sort::Units => visible.sort_by_key(|at| std::cmp::Reverse(rows[*at].units)),
            Sort::Undecided => visible.sort_by_key(|at| rows[*at].decision.is_some()),
        }
        if !self.filter.text.is_empty() {
            visible = self.found(&visible);
        }
        let rows = &self.review.rows;
        let found = selected.and_then(|key| visible.iter().position(|at| rows[*at].key == *key));
        self.visible = visible;
        self.select(found.unwrap_or(self.selected));
    }

    /// Those of `among` that hold the letters of the search, the best first.
    fn found(&mut self, among: &[usize]) -> Vec<usize> {
        if self.texts.is_empty() {
            self.texts = self
                .review
                .rows
                .iter()
                .map(|row| self.text_of(row))
                .collect();
        }
        let texts: Vec<&str> = among.iter().map(|at| self.texts[*at].as_str()).collect();
        let config = Config::default().casing(CaseMatching::Ignore);
        let matches = Matcher::from_query(&self.filter.text, &config).match_list(&texts);
        // Letters strewn over a long line are no find beside a whole word.
        let best = matches.first().map_or(0, |it| it.score);
        matches
            .into_iter()
            .filter(|it| u32::from(it.score) * 4 >= u32::from(best) * 3)
            .filter_map(|it| among.get(it.index as usize).copied())
            .collect()
    }

    fn text_of(&self, row: &ConflictRow) -> String {
        let mut text = format!("{} {}", row.key.code, row.business_names);
        for subject in &row.key.subjects {
            text.push(' ');
            text.push_str(&subject.to_string());
            if let Some(label) = self.label(subject) {
                text.push(' ');
                text.push_str(label);
            }
        }
        text
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

    /// Selects the next row without an answer at or behind the selected one, or else the first of all; false where there is none.
    pub fn next_undecided(&mut self) -> bool {
        let open = |at: &usize| self.review.rows[self.visible[*at]].decision.is_none();
        let next = (self.selected..self.visible.len())
            .find(open)
            .or_else(|| (0..self.selected.min(self.visible.len())).find(open));
        match next {
            Some(next) => {
                self.select(next);
                true
            }
            None => false,
        }
    }

    /// Undecided rows, of one kind or of all.
    pub fn undecided(&self, code: Option<Code>) -> usize {
        let of = |count: &&Count| code.is_none_or(|code| count.code == code);
        self.counts.iter().filter(of).map(|it| it.undecided).sum()
    }

    /// Undecided rows that `alike` answers.
    pub fn undecided_alike(&self, alike: &Alike) -> usize {
        self.review
            .rows
            .iter()
            .filter(|row| row.decision.is_none() && alike.fits(&row.key, &row.businesses))
            .count()
    }

    /// Undecided blockers: they hold everything up.
    pub fn undecided_blockers(&self) -> usize {
        let blockers = |it: &&Count| it.code.severity() == Severity::Blocker;
        self.counts
            .iter()
            .filter(blockers)
            .map(|it| it.undecided)
            .sum()
    }
}

fn counts(rows: &[ConflictRow]) -> Vec<Count> {
    let mut counts: Vec<Count> = Code::ALL
        .iter()
        .map(|code| Count {
            code: *code,
            count: 0,
            undecided: 0,
        })
        .collect();
    for row in rows {
        if let Some(count) = counts.iter_mut().find(|it| it.code == row.key.code) {
            count.count += 1;
            count.undecided += usize::from(row.decision.is_none());
        }
    }
    counts.retain(|it| it.count > 0);
    counts
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

    fn review(rows: Vec<ConflictRow>) -> Review {
        Review {
            rows,
            ..Review::default()
        }
    }

    fn some() -> Conflicts {
        let mut conflicts = Conflicts::default();
        conflicts.set(review(vec![
            row(Code::DuplicateEmail, 0, false),
            row(Code::DuplicateEmail, 1, true),
            row(Code::MissingName, 2, false),
            row(Code::MissingName, 3, false),
        ]));
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
            text: "salon missing".into(),
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
        conflicts.set(review(rows));
        assert_eq!(conflicts.row().unwrap().key, key);
    }

    #[test]
    fn the_next_undecided_conflict_is_never_a_decided_one() {
        let mut conflicts = some();
        conflicts.select(1);
        assert!(conflicts.next_undecided());
        assert_eq!(conflicts.selected, 2);
        let mut first = conflicts.rows()[0].clone();
        let mut rows = conflicts.rows().to_vec();
        for row in &mut rows {
            row.decision = Some(Decision::new(row.key.code.suggestion()));
        }
        conflicts.set(review(rows.clone()));
        assert!(!conflicts.next_undecided());
        first.decision = None;
        rows[0] = first;
        conflicts.set(review(rows));
        assert!(conflicts.next_undecided(), "it begins again at the top");
        assert_eq!(conflicts.selected, 0);
    }

    #[test]
    fn a_search_finds_a_name_by_a_few_of_its_letters() {
        let mut conflicts = some();
        assert!(conflicts.wants_labels());
        let labels = [
            (2, "Zo\u{eb} Quist <zoe@example.org>"),
            (3, "Ann Smith <ann@x.y>"),
        ];
        let labels = labels.map(|(user, label)| (Id::object_id([user; 12]), label.to_owned()));
        conflicts.set_labels(labels.into());
        let mut find = |text: &str| {
            conflicts.set_filter(Filter {
                text: text.into(),
                ..Filter::default()
            });
            let found = conflicts.window(0).map(|row| row.key.subjects[0].clone());
            found.collect::<Vec<_>>()
        };
        assert_eq!(find("qust"), [Id::object_id([2; 12])]);
        assert_eq!(find("ANN@x"), [Id::object_id([3; 12])]);
        assert_eq!(find("0101010101"), [Id::object_id([1; 12])]);
        assert_eq!(find("zzzz"), []);
    }

    #[test]
    fn sorting_keeps_the_selection_and_puts_the_undecided_first() {
        let mut conflicts = some();
        conflicts.select(1);
        let key = conflicts.row().unwrap().key.clone();
        conflicts.set_sort(Sort::Undecided);
        assert_eq!(
            (conflicts.selected, &conflicts.row().unwrap().key),
            (3, &key)
        );
    }
}
