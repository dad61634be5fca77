//! What a run found, by what matters: what had to be decided, what leaves the application, what there was, and what becomes of it.

use std::collections::BTreeMap;

use super::Report;
use crate::domain::conflict::{Code, Severity};
use crate::domain::departure::Departures;
use crate::domain::number::{counted, grouped};
use crate::domain::people::conflict_words;
use crate::domain::run::DecidedLine;
use crate::domain::text::named;

/// How a severity is told to people, the most pressing first.
const DECIDE: [(Severity, &str); 3] = [
    (Severity::Blocker, "had to be decided"),
    (Severity::Warning, "to be looked at"),
    (Severity::Note, "worth knowing"),
];

/// The numbers of a run record, in the order of the report, with their words. What is not named here comes last, by its own name.
const NUMBERS: [(&str, &str); 16] = [
    ("users", "users"),
    ("accounts", "users with an account"),
    ("guests", "guests"),
    ("businesses", "businesses"),
    ("services", "services"),
    ("bookings", "bookings"),
    ("pairs", "customers-to-be"),
    ("created", "customers created"),
    ("adopted", "customers adopted"),
    ("merged away", "customers merged away"),
    ("existing", "customers there before"),
    ("placeholders", "placeholder customers"),
    ("skipped", "customers-to-be skipped"),
    ("password missing", "users, no password field"),
    ("password null", "users, password null"),
    ("password empty", "users, password empty"),
];

impl Report<'_> {
    /// The lines under “Found”.
    pub(super) fn found(&self) -> Vec<String> {
        let mut lines = to_decide(&self.run.decided);
        lines.extend(self.departures().map(Departures::words));
        lines.extend(counts(&self.run.numbers));
        let taken_in = self.taken_in();
        if taken_in > 0 {
            let pairs = counted(taken_in, "pair", "pairs");
            lines.push(format!("taken in since the plan: {pairs}"));
        }
        lines
    }
}

/// What was found that has answers: one line for each severity, the most frequent kinds first.
fn to_decide(decided: &[DecidedLine]) -> Vec<String> {
    let mut lines = Vec::new();
    for (severity, words) in DECIDE {
        let of = decided.iter().filter_map(|line| {
            let code = Code::from_word(&line.code)?;
            (code.severity() == severity).then_some((line.count, code))
        });
        let mut kinds: Vec<_> = of.collect();
        kinds.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|(count, code)| {
                let words = conflict_words(code);
                format!("{words} ({} {})", grouped(count), code.counts())
            })
            .collect();
        if !kinds.is_empty() {
            lines.push(format!("{words}: {}", kinds.join(", ")));
        }
    }
    lines
}

/// The counts, those that everybody asks for first.
fn counts(numbers: &BTreeMap<String, u64>) -> Vec<String> {
    let known = NUMBERS.iter().filter_map(|(name, words)| {
        let count = numbers.get(*name)?;
        Some(format!("{words}: {}", grouped(*count)))
    });
    let others = numbers
        .iter()
        .filter(|(name, _)| NUMBERS.iter().all(|(known, _)| known != name))
        .map(|(name, count)| format!("{}: {}", named(name), grouped(*count)));
    known.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(code: &str, count: u64) -> DecidedLine {
        DecidedLine {
            code: code.to_owned(),
            count,
            answers: BTreeMap::new(),
        }
    }

    #[test]
    fn what_must_be_decided_stands_first_and_the_most_frequent_kind_before_the_others() {
        let found = [
            decided("same-phone", 2),
            decided("booking-without-user", 8),
            decided("missing-name", 5),
            decided("payments:booking-without-user", 9),
        ];
        let lines = to_decide(&found);
        assert_eq!(lines.len(), 3, "{lines:?}");
        let must = "had to be decided: payments: without user (9 documents), booking without a user (8 bookings)";
        assert_eq!(lines[0], must);
        assert!(lines[1].starts_with("to be looked at: no name"));
        assert!(lines[2].starts_with("worth knowing: same phone number"));
    }

    #[test]
    fn counts_are_in_the_order_of_what_they_are_and_none_is_left_out() {
        let numbers = ["adopted", "bookings", "users", "a later number"];
        let numbers = BTreeMap::from(numbers.map(|name| (name.to_owned(), 1_234)));
        let lines = counts(&numbers);
        let want = [
            "users: 1,234",
            "bookings: 1,234",
            "customers adopted: 1,234",
            "a later number: 1,234",
        ];
        assert_eq!(lines, want);
    }
}
