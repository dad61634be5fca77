//! The difference of a document before and after, field by field, for people.

use std::collections::BTreeMap;

use bson::raw::RawDocument;

use super::id::Id;
use super::people::BookingWords;
use super::raw::{Element, elements};
use super::text;

/// How a line of a diff stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The same on both sides.
    Same,
    /// Only before: `-`.
    Removed,
    /// Only after: `+`.
    Added,
}

/// A line of a diff: one top-level field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it stands.
    pub mark: Mark,
    /// The field's name, safe to draw.
    pub field: String,
    /// Its value, safe to draw.
    pub value: String,
}

/// What becomes of one booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingDiff {
    /// The booking's `_id`.
    pub booking: Id,
    /// Its business, when known.
    pub business: Option<Id>,
    /// The business's name, as stored.
    pub business_name: String,
    /// The customer that it goes to, when it goes to one.
    pub customer: Option<Id>,
    /// Where it goes: "linked to the customer …", "quarantined", "left as it is".
    pub outcome: String,
    /// Its date, its service and its people, in words.
    pub words: BookingWords,
    /// It does not simply go from a user to this user's customer.
    pub unusual: bool,
    /// Its fields.
    pub lines: Vec<Line>,
}

/// Compares two documents; fields keep the order of `before`, added ones follow. `after` is `None` where the document leaves.
pub fn diff(before: &RawDocument, after: Option<&RawDocument>) -> Vec<Line> {
    let line = |mark, element: &Element<'_>| Line {
        mark,
        field: text::safe(&String::from_utf8_lossy(element.key), 80),
        value: text::value(element.value, 200),
    };
    let mut unmatched: BTreeMap<&[u8], Vec<Element<'_>>> = BTreeMap::new();
    let after: Vec<_> = after
        .map(|after| elements(after).map_while(Result::ok).collect())
        .unwrap_or_default();
    for element in &after {
        unmatched.entry(element.whole).or_default().push(*element);
    }
    let mut lines = Vec::new();
    for element in elements(before).map_while(Result::ok) {
        let kept = unmatched
            .get_mut(element.whole)
            .and_then(Vec::pop)
            .is_some();
        lines.push(line(
            if kept { Mark::Same } else { Mark::Removed },
            &element,
        ));
    }
    for element in &after {
        if unmatched
            .get_mut(element.whole)
            .and_then(Vec::pop)
            .is_some()
        {
            lines.push(line(Mark::Added, element));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn a_field_that_leaves_and_one_that_comes_are_marked_and_the_rest_is_the_same() {
        let lines = diff(
            &rawdoc! { "_id": 1, "userId": "u", "price": 2.5 },
            Some(&rawdoc! { "_id": 1, "price": 2.5, "customerId": "c" }),
        );
        let marks: Vec<_> = lines
            .iter()
            .map(|line| (line.mark, line.field.as_str()))
            .collect();
        assert_eq!(
            marks,
            [
                (Mark::Same, "_id"),
                (Mark::Removed, "userId"),
                (Mark::Same, "price"),
                (Mark::Added, "customerId")
            ]
        );
    }
}
