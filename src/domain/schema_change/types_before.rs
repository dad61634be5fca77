//! Values that the new application wrote, as the type that the schema of today has: where nothing is lost they become that again. Those that do not
//! are told by their field.

use bson::raw::RawDocument;

use super::alike::{back, mean_the_same};
use super::convert::Native;
use super::rules::{CollectionChange, Rule, name_before};
use super::values::{each, given_back, replaced};
use crate::domain::raw::{Value, elements, get, kind};

/// A value of a converted field as the type that it had before, or that the schema of today gives it; `None` where it stays. `was` is what stood
/// there before.
pub(super) fn as_it_was(
    rules: &[Rule],
    field: &str,
    value: Value<'_>,
    was: Option<Value<'_>>,
) -> Option<(u8, Vec<u8>)> {
    if was == Some(value) {
        return None;
    }
    let was = was.filter(|was| was.kind != kind::NULL);
    let pairs = rules.iter().find_map(|rule| match rule {
        Rule::Values { field: it, pairs } if it == field => Some(pairs),
        _ => None,
    });
    if let Some(pairs) = pairs {
        let same = was.filter(|was| {
            let after = replaced(*was, pairs);
            after.is_some_and(|(kind, bytes)| kind == value.kind && bytes == value.bytes)
        });
        let same = same.map(|was| (was.kind, was.bytes.to_vec()));
        return same.or_else(|| given_back(value, pairs));
    }
    let from = rules.iter().find_map(|rule| match rule {
        Rule::Convert {
            field: it, from, ..
        } if it == field => Some(*from),
        _ => None,
    })?;
    if let Some(was) = was.filter(|was| mean_the_same(*was, value)) {
        return Some((was.kind, was.bytes.to_vec()));
    }
    let native = was.and_then(type_of).or(from)?;
    each(value, |value| back(native.kind(), value))
}

/// The type of a value, or of the first in a list.
fn type_of(value: Value<'_>) -> Option<Native> {
    let list = (value.kind == kind::ARRAY).then(|| RawDocument::from_bytes(value.bytes).ok());
    let first = list.flatten().and_then(|list| elements(list).next()?.ok());
    let kind = first.map_or(value.kind, |it| it.value.kind);
    Native::ALL.into_iter().find(|it| it.kind() == kind)
}

impl CollectionChange {
    /// The fields of a document, by their names of today, that the old application cannot read: their type is that of the after-schema still.
    pub fn unreadable_before(&self, document: &RawDocument) -> Vec<String> {
        let mut fields = Vec::new();
        unreadable(&self.rules, document, "", &mut fields);
        fields
    }
}

fn unreadable(rules: &[Rule], document: &RawDocument, way: &str, fields: &mut Vec<String>) {
    for rule in rules {
        let name = name_before(rules, rule.field());
        let Some(value) = get(document, name) else {
            continue;
        };
        match rule {
            Rule::Convert {
                from: Some(from), ..
            } => {
                let mut all = members(value).into_iter();
                let reads = |it: Value<'_>| {
                    it.kind == kind::NULL || it.kind == from.kind() || from.reads(it.kind)
                };
                let path = format!("{way}{name}");
                if !all.all(reads) && !fields.contains(&path) {
                    fields.push(path);
                }
            }
            Rule::Within { rules, .. } => {
                let inner = members(value).into_iter();
                let inner = inner.filter(|it| it.kind == kind::DOCUMENT);
                for document in inner.filter_map(|it| RawDocument::from_bytes(it.bytes).ok()) {
                    unreadable(rules, document, &format!("{way}{name}."), fields);
                }
            }
            Rule::Rename { .. }
            | Rule::Write { .. }
            | Rule::Convert { .. }
            | Rule::Values { .. } => {}
        }
    }
}

/// The members of a list, or the value alone.
fn members(value: Value<'_>) -> Vec<Value<'_>> {
    let list = (value.kind == kind::ARRAY).then(|| RawDocument::from_bytes(value.bytes).ok());
    let list = list.flatten().map(|list| {
        let members = elements(list).map_while(Result::ok);
        members.map(|it| it.value).collect()
    });
    list.unwrap_or_else(|| vec![value])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::minutes::Minutes;
    use super::super::undo::Known;
    use super::*;
    use bson::oid::ObjectId;
    use bson::{DateTime, rawdoc};

    fn change() -> CollectionChange {
        let convert = |field: &str, from, to| Rule::Convert {
            field: field.to_owned(),
            to,
            all: true,
            from: Some(from),
        };
        CollectionChange {
            model: "Room".to_owned(),
            to: "rooms".to_owned(),
            sets_aside: false,
            copy: true,
            own_step: false,
            rules: vec![
                Rule::Rename {
                    from: "since".to_owned(),
                    to: "opened".to_owned(),
                },
                convert("price", Native::Float, Native::Int),
                convert("opened", Native::Text, Native::DateTime),
                convert("owner", Native::Text, Native::ObjectId),
                convert("days", Native::Text, Native::DateTime),
                convert("code", Native::Int, Native::Text),
            ],
            indexes: Vec::new(),
            minutes: Minutes::default(),
        }
    }

    #[test]
    fn a_new_document_has_the_types_of_before_and_what_cannot_be_so_is_told() {
        let (at, owner) = (DateTime::from_millis(1_000), ObjectId::from_bytes([7; 12]));
        let new = rawdoc! { "_id": 1, "price": 5, "opened": at, "owner": owner, "days": [at, at], "code": "7" };
        let text = "1970-01-01T00:00:01Z";
        let before = rawdoc! { "_id": 1, "price": 5.0, "since": text, "owner": owner.to_hex(), "days": [text, text], "code": 7 };
        let back = change().undo(&new, Known::Nothing).unwrap();
        assert_eq!(back, before);
        assert_eq!(change().unreadable_before(&back), Vec::<String>::new());
        let lost = rawdoc! { "_id": 1, "opened": null, "days": [], "code": "seven" };
        let back = change().undo(&lost, Known::Nothing).unwrap();
        assert_eq!(
            back,
            rawdoc! { "_id": 1, "since": null, "days": [], "code": "seven" }
        );
        assert_eq!(change().unreadable_before(&back), ["code"]);
        // A field that an original lacks, and the members of a list that it has.
        let original = rawdoc! { "_id": 1, "days": ["1970-01-01T00:00:00Z"] };
        let back = change().undo(&new, Known::Document(&original)).unwrap();
        assert_eq!(back, before);
    }
}
