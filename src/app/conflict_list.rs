//! The list of conflicts: which of them are shown and in what order, and which one is selected.

use std::collections::HashMap;

use super::facts::Facts;
use super::layer::picker::found;
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::id::Id;
use crate::domain::number::grouped;
use crate::domain::overview::ConflictRow;
use crate::domain::people::conflict_words;
use crate::domain::text::safe;

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
            && (!self.undecided || row.is_undecided())
    }

    /// True when everything is shown.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListRow {
    /// The heading of a kind, and the position of its first conflict.
    Group(Code, usize),
    /// The conflict at this position.
    Conflict(usize),
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

/// The list. The conflicts themselves stand in the facts.
#[derive(Debug, Default)]
pub struct ConflictList {
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
    /// Rows that the selected row's detail is scrolled down.
    pub down: usize,
    /// Records that it is scrolled to the right.
    pub right: usize,
    selected: usize,
    /// The conflict at the selected position, to find it again among other rows.
    key: Option<ConflictKey>,
    /// Which conflicts the names and texts belong to.
    review_number: u64,
}

impl ConflictList {
    /// How many rows are shown.
    pub fn shown(&self) -> usize {
        self.visible.len()
    }

    /// Position of the selected row among those that are shown.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The shown rows from `from` on.
    pub fn window<'f>(
        &'f self,
        facts: &'f Facts,
        from: usize,
    ) -> impl Iterator<Item = &'f ConflictRow> {
        self.visible
            .iter()
            .skip(from)
            .filter_map(|at| facts.conflicts().get(*at))
    }

    /// The selected row.
    pub fn row<'f>(&self, facts: &'f Facts) -> Option<&'f ConflictRow> {
        facts.conflicts().get(*self.visible.get(self.selected)?)
    }

    /// Takes the conflicts as they are now; the selection stays on its conflict, or on its place when that is gone.
    pub fn facts_changed(&mut self, facts: &Facts) {
        if self.review_number != facts.review_number() {
            self.review_number = facts.review_number();
            self.labels = None;
            self.texts.clear();
        }
        self.refilter(facts);
    }

    /// Takes the names.
    pub fn set_labels(&mut self, facts: &Facts, labels: HashMap<Id, String>) {
        self.labels = Some(labels);
        self.labels_asked = false;
        self.texts.clear();
        if !self.filter.text.is_empty() {
            self.refilter(facts);
        }
    }

    /// True while the names of these rows have not been asked for.
    pub fn wants_labels(&self, facts: &Facts) -> bool {
        self.labels.is_none() && !self.labels_asked && !facts.conflicts().is_empty()
    }

    /// Name and e-mail of a user, safe to draw.
    pub fn label(&self, user: &Id) -> Option<&str> {
        self.labels.as_ref()?.get(user).map(String::as_str)
    }

    /// True where the list stands in groups by kind; a search or another order makes it flat.
    pub fn is_grouped(&self) -> bool {
        self.sort == Sort::Kind && self.filter.text.is_empty()
    }

    /// The rows of the list: headings of groups, the group of the selected conflict unfolded; or, where it is flat, all conflicts.
    pub fn rows(&self, facts: &Facts) -> Vec<ListRow> {
        let rows = facts.conflicts();
        if !self.is_grouped() {
            return (0..self.visible.len()).map(ListRow::Conflict).collect();
        }
        let current = self.row(facts).map(|row| row.key.code);
        let mut out = Vec::new();
        let mut group: Option<Code> = None;
        for (position, at) in self.visible.iter().enumerate() {
            let code = rows[*at].key.code;
            if group != Some(code) {
                group = Some(code);
                out.push(ListRow::Group(code, position));
            }
            if Some(code) == current {
                out.push(ListRow::Conflict(position));
            }
        }
        out
    }

    /// The position of the conflict that a row of the list stands for: of a group's heading the first one.
    pub fn position_of_row(&self, facts: &Facts, row: usize) -> Option<usize> {
        match self.rows(facts).get(row)? {
            ListRow::Group(_, position) | ListRow::Conflict(position) => Some(*position),
        }
    }

    /// The place of the selected conflict in its group, from 1, and how many the group has.
    pub fn place(&self, facts: &Facts) -> Option<(usize, usize)> {
        let rows = facts.conflicts();
        let code = self.row(facts)?.key.code;
        let of: Vec<usize> = (0..self.visible.len())
            .filter(|position| rows[self.visible[*position]].key.code == code)
            .collect();
        let at = of.iter().position(|position| *position == self.selected)?;
        Some((at + 1, of.len()))
    }

    /// Whom a conflict is about, in people's words; its ids have no place there.
    pub fn who(&self, row: &ConflictRow) -> String {
        let labels: Vec<&str> = row
            .key
            .subjects
            .iter()
            .filter_map(|subject| self.label(subject).or_else(|| subject.as_str()))
            .collect();
        let people: Vec<String> = labels
            .iter()
            .map(|name| safe(name.split(" <").next().unwrap_or(name), 60))
            .collect();
        match (people.as_slice(), row.key.subjects.len()) {
            ([], 0) if row.key.code == Code::BookingWithoutUser => "no user".to_owned(),
            ([], 0 | 1) => String::new(),
            ([], many) => format!("{} of them", grouped(many as u64)),
            ([one], 1) => one.clone(),
            (people, many) => {
                let mut distinct: Vec<&String> = people.iter().collect();
                distinct.dedup();
                match distinct.as_slice() {
                    [one] => format!("{one} × {}", grouped(many as u64)),
                    [first, second] if many == 2 => format!("{first}, {second}"),
                    [first, ..] => format!("{first} and {} more", grouped(many as u64 - 1)),
                    [] => String::new(),
                }
            }
        }
    }

    /// A conflict's heading: "Same e-mail at Foto Durham".
    pub fn heading(&self, _: &Facts, row: &ConflictRow) -> String {
        let mut words = conflict_words(row.key.code);
        if let Some(first) = words.get(..1) {
            words = first.to_uppercase() + &words[1..];
        }
        if row.business_names.is_empty() {
            words
        } else {
            format!("{words} at {}", safe(&row.business_names, 80))
        }
    }

    /// Shows what `filter` lets through.
    pub fn set_filter(&mut self, facts: &Facts, filter: Filter) {
        self.filter = filter;
        self.refilter(facts);
    }

    /// Shows them in another order.
    pub fn set_sort(&mut self, facts: &Facts, sort: Sort) {
        self.sort = sort;
        self.refilter(facts);
    }

    fn refilter(&mut self, facts: &Facts) {
        let rows = facts.conflicts();
        let mut visible: Vec<usize> = (0..rows.len())
            .filter(|at| self.filter.shows(&rows[*at]))
            .collect();
        match self.sort {
            Sort::Kind => {}
            Sort::Business => visible.sort_by_key(|at| rows[*at].business_names.to_lowercase()),
            Sort::Units => visible.sort_by_key(|at| std::cmp::Reverse(rows[*at].units)),
            Sort::Undecided => visible.sort_by_key(|at| !rows[*at].is_undecided()),
        }
        if !self.filter.text.is_empty() {
            visible = self.found(rows, &visible);
        }
        let key = self.key.as_ref();
        let found = key.and_then(|key| visible.iter().position(|at| rows[*at].key == *key));
        self.visible = visible;
        self.select(facts, found.unwrap_or(self.selected));
    }

    /// Those of `among` that hold the letters of the search, the best first.
    fn found(&mut self, rows: &[ConflictRow], among: &[usize]) -> Vec<usize> {
        if self.texts.is_empty() {
            self.texts = rows.iter().map(|row| self.text_of(row)).collect();
        }
        let texts: Vec<&str> = among.iter().map(|at| self.texts[*at].as_str()).collect();
        found(&self.filter.text, &texts)
            .into_iter()
            .filter_map(|at| among.get(at).copied())
            .collect()
    }

    fn text_of(&self, row: &ConflictRow) -> String {
        let mut text = format!(
            "{} {} {}",
            row.key.code,
            conflict_words(row.key.code),
            row.business_names
        );
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

    /// Selects a position, as far as there is one; the detail of another row is shown from its beginning.
    pub fn select(&mut self, facts: &Facts, position: usize) {
        let position = position.min(self.visible.len().saturating_sub(1));
        if position != self.selected {
            self.down = 0;
            self.right = 0;
        }
        self.selected = position;
        self.key = self.row(facts).map(|row| row.key.clone());
    }

    /// The next row without an answer at or behind the selected one, or else the first of all.
    pub fn next_undecided(&self, facts: &Facts) -> Option<usize> {
        let open = |at: &usize| facts.conflicts()[self.visible[*at]].is_undecided();
        (self.selected..self.visible.len())
            .find(open)
            .or_else(|| (0..self.selected.min(self.visible.len())).find(open))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::decision::Decision;
    use crate::domain::overview::Review;

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
            asks: false,
        }
    }

    /// The list, and the facts behind it.
    struct Shown(ConflictList, Facts);

    impl Shown {
        fn set(&mut self, rows: Vec<ConflictRow>) {
            self.1.set_review(Review {
                rows,
                ..Review::default()
            });
            self.0.facts_changed(&self.1);
        }

        fn filter(&mut self, filter: Filter) {
            self.0.set_filter(&self.1, filter);
        }

        fn row(&self) -> &ConflictRow {
            self.0.row(&self.1).unwrap()
        }

        fn select(&mut self, at: usize) {
            self.0.select(&self.1, at);
        }

        /// Goes to the next undecided row.
        fn next(&mut self) -> Option<usize> {
            let next = self.0.next_undecided(&self.1)?;
            self.select(next);
            Some(next)
        }
    }

    fn some() -> Shown {
        let mut shown = Shown(ConflictList::default(), Facts::default());
        shown.set(vec![
            row(Code::DuplicateEmail, 0, false),
            row(Code::DuplicateEmail, 1, true),
            row(Code::MissingName, 2, false),
            row(Code::MissingName, 3, false),
        ]);
        shown
    }

    #[test]
    fn filters_by_kind_business_text_and_answer_combine() {
        let mut shown = some();
        let business = Some((Id::object_id([1; 12]), "Salon 1".to_owned()));
        shown.filter(Filter {
            business,
            ..Filter::default()
        });
        assert_eq!(shown.0.shown(), 2);
        shown.filter(Filter {
            undecided: true,
            ..shown.0.filter.clone()
        });
        assert_eq!(shown.row().key.code, Code::MissingName);
        shown.filter(Filter {
            text: "salon missing".into(),
            ..Filter::default()
        });
        assert_eq!(shown.0.shown(), 2);
        shown.filter(Filter {
            code: Some(Code::IdleUser),
            ..Filter::default()
        });
        assert_eq!((shown.0.shown(), shown.0.row(&shown.1)), (0, None));
    }

    #[test]
    fn the_selection_stays_on_its_conflict_when_rows_before_it_vanish() {
        let mut shown = some();
        shown.select(2);
        let key = shown.row().key.clone();
        let rows = shown.1.conflicts()[1..].to_vec();
        shown.set(rows);
        assert_eq!(shown.row().key, key);
    }

    #[test]
    fn the_next_undecided_conflict_is_never_a_decided_one() {
        let mut shown = some();
        shown.select(1);
        assert_eq!(shown.next(), Some(2));
        let mut first = shown.1.conflicts()[0].clone();
        let mut rows = shown.1.conflicts().to_vec();
        for row in &mut rows {
            row.decision = Some(Decision::new(row.key.code.suggestion()));
        }
        shown.set(rows.clone());
        assert_eq!(shown.next(), None);
        first.decision = None;
        rows[0] = first;
        shown.set(rows);
        assert_eq!(shown.next(), Some(0), "it begins again at the top");
    }

    #[test]
    fn a_search_finds_a_name_by_a_few_of_its_letters() {
        let mut shown = some();
        assert!(shown.0.wants_labels(&shown.1));
        let labels = [
            (2, "Zo\u{eb} Quist <zoe@example.org>"),
            (3, "Ann Smith <ann@x.y>"),
        ];
        let labels = labels.map(|(user, label)| (Id::object_id([user; 12]), label.to_owned()));
        shown.0.set_labels(&shown.1, labels.into());
        let mut find = |text: &str| {
            shown.filter(Filter {
                text: text.into(),
                ..Filter::default()
            });
            let found = shown.0.window(&shown.1, 0);
            found
                .map(|row| row.key.subjects[0].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(find("qust"), [Id::object_id([2; 12])]);
        assert_eq!(find("ANN@x"), [Id::object_id([3; 12])]);
        assert_eq!(find("0101010101"), [Id::object_id([1; 12])]);
        assert_eq!(find("zzzz"), []);
    }

    #[test]
    fn sorting_keeps_the_selection_and_puts_the_undecided_first() {
        let mut shown = some();
        shown.select(1);
        let key = shown.row().key.clone();
        shown.0.set_sort(&shown.1, Sort::Undecided);
        assert_eq!((shown.0.selected(), &shown.row().key), (3, &key));
    }
}
