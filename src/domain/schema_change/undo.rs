//! What a document was before the rules of an after-schema: names and types back in their place, and what was written taken out again, where
//! it still is what the rules say. What the application changed since stays. Written apart from [`super::shape`], so that the proof tells by
//! it whether that kept every other byte.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::convert::{date, whole};
use super::rules::{CollectionChange, Place, Rule, Written};
use super::shape::time_of_id;
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};

/// What is known of a document before the rules.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// The document itself, or at least the fields that rules name.
    Document(&'a RawDocument),
    /// The names of the fields that it was made with.
    Fields(&'a RawDocument),
    /// Nothing: the application made it.
    Nothing,
}

impl CollectionChange {
    /// What `current` was before the rules.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn undo(
        &self,
        current: &RawDocument,
        known: Known<'_>,
    ) -> Result<RawDocumentBuf, Malformed> {
        let mut out = Builder::new(current.as_bytes().len());
        for element in elements(current) {
            let element = element?;
            let Ok(field) = std::str::from_utf8(element.key) else {
                out.element(&element);
                continue;
            };
            let name = self.name_before(field);
            let was = match known {
                Known::Document(before) => get(before, name),
                Known::Fields(_) | Known::Nothing => None,
            };
            if self.was_written(field, element.value, current, known) {
                if let Some(null) = was.filter(|was| was.kind == kind::NULL) {
                    out.value(name, null);
                }
                continue;
            }
            let is_converted = self.rules.iter().any(
                |rule| matches!(rule, Rule::Convert { field: converted, .. } if converted == field),
            );
            match was {
                Some(was) if is_converted && was != element.value => {
                    if mean_the_same(was, element.value) {
                        out.value(name, was);
                    } else if let Some((kind, bytes)) = back(was.kind, element.value) {
                        let bytes = &bytes;
                        out.value(name, Value { kind, bytes });
                    } else {
                        out.value(name, element.value);
                    }
                }
                _ if name == field => {
                    out.element(&element);
                }
                _ => {
                    out.value(name, element.value);
                }
            }
        }
        Ok(out.finish())
    }

    /// True where a rule wrote this value, and it is still what that rule writes.
    fn was_written(
        &self,
        field: &str,
        value: Value<'_>,
        current: &RawDocument,
        known: Known<'_>,
    ) -> bool {
        let rule = self.rules.iter().find_map(|rule| match rule {
            Rule::Write {
                field: written,
                value,
            } if written == field => Some(value),
            _ => None,
        });
        let Some(rule) = rule else { return false };
        let name = self.name_before(field);
        match known {
            Known::Nothing => false,
            Known::Fields(made) => get(made, name).is_none() && self.says(rule, current, value),
            Known::Document(before) => {
                let had = get(before, name).is_some_and(|it| it.kind != kind::NULL);
                !had && (self.says(rule, before, value) || self.says(rule, current, value))
            }
        }
    }

    /// True where `value` is what a rule writes into `document`, whose fields have their old names or their new ones.
    fn says(&self, rule: &Written, document: &RawDocument, value: Value<'_>) -> bool {
        match rule {
            Written::Constant(constant) => {
                let (kind, bytes) = constant.bytes();
                kind == value.kind && bytes == value.bytes
            }
            Written::FirstOf(places) => places.iter().any(|place| match place {
                Place::Field(field) | Place::Date(field) => {
                    let old = get(document, self.name_before(field));
                    old.or_else(|| get(document, field)) == Some(value)
                }
                Place::TimeOfId => {
                    let millis = time_of_id(document);
                    millis.is_some() && millis == value.as_date()
                }
            }),
        }
    }
}

/// A value as people would read it, whatever its type.
fn meaning(value: Value<'_>) -> Option<String> {
    match value.kind {
        kind::INT32 | kind::INT64 | kind::DOUBLE => whole(value).map(|it| it.to_string()),
        kind::BOOLEAN => Some(if value.bytes == [0] { "false" } else { "true" }.to_owned()),
        kind::OBJECT_ID => Some(hex::encode(value.bytes)),
        kind::DATE => value.as_date().map(|millis| format!("at {millis}")),
        kind::STRING => {
            let text = value.as_str()?;
            Some(date(text).map_or_else(|| text.to_owned(), |millis| format!("at {millis}")))
        }
        _ => None,
    }
}

fn mean_the_same(one: Value<'_>, other: Value<'_>) -> bool {
    if one.kind == kind::ARRAY && other.kind == kind::ARRAY {
        let lists = [one, other].map(|list| RawDocument::from_bytes(list.bytes).ok());
        let [Some(one), Some(other)] = lists else {
            return false;
        };
        let (mut one, mut other) = (elements(one), elements(other));
        loop {
            return match (one.next(), other.next()) {
                (None, None) => true,
                (Some(Ok(one)), Some(Ok(other)))
                    if one.value == other.value || mean_the_same(one.value, other.value) =>
                {
                    continue;
                }
                _ => false,
            };
        }
    }
    let numbers = [kind::INT32, kind::INT64, kind::DOUBLE];
    // 1 and true are alike where a number became a truth value.
    let as_truth = |truth: Value<'_>, number: Value<'_>| {
        truth.kind == kind::BOOLEAN
            && numbers.contains(&number.kind)
            && whole(number) == Some(i64::from(truth.bytes != [0]))
    };
    if as_truth(one, other) || as_truth(other, one) {
        return true;
    }
    let (one, other) = (meaning(one), meaning(other));
    one.is_some() && one == other
}

/// What the application wrote, as the type that the field had before, where nothing is lost.
fn back(kind_before: u8, value: Value<'_>) -> Option<(u8, Vec<u8>)> {
    use super::convert::{Native, convert};
    let natives = [
        Native::Int,
        Native::BigInt,
        Native::Float,
        Native::Text,
        Native::ObjectId,
        Native::Boolean,
        Native::DateTime,
    ];
    let native = natives.into_iter().find(|it| it.kind() == kind_before)?;
    if let Some(bytes) = convert(value, native) {
        return Some((kind_before, bytes));
    }
    let text = match (native, value.kind) {
        (Native::Text, kind::OBJECT_ID) => hex::encode(value.bytes),
        (Native::Text, kind::DATE) => bson::DateTime::from_millis(value.as_date()?)
            .try_to_rfc3339_string()
            .ok()?,
        _ => return None,
    };
    Some((kind::STRING, crate::domain::raw::string_bytes(&text)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::convert::Native;
    use super::super::rules::Constant;
    use super::super::shape::Shape;
    use super::*;
    use bson::{DateTime, rawdoc};

    fn change() -> CollectionChange {
        let write = |field: &str, value| Rule::Write {
            field: field.to_owned(),
            value,
        };
        CollectionChange {
            model: "Booking".to_owned(),
            to: "bookings".to_owned(),
            sets_aside: false,
            copy: true,
            rules: vec![
                Rule::Rename {
                    from: "startTime".to_owned(),
                    to: "starts_at".to_owned(),
                },
                write("isActive", Written::Constant(Constant::Boolean(true))),
                write(
                    "updatedAt",
                    Written::FirstOf(vec![Place::Date("starts_at".to_owned())]),
                ),
                Rule::Convert {
                    field: "price".to_owned(),
                    to: Native::Int,
                    all: true,
                },
                Rule::Convert {
                    field: "owner".to_owned(),
                    to: Native::ObjectId,
                    all: false,
                },
            ],
            indexes: Vec::new(),
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let at = DateTime::from_millis(7_000);
        for before in [
            rawdoc! { "_id": 1, "startTime": at, "isActive": null, "price": 5.0, "x": 1 },
            rawdoc! { "_id": 1, "startTime": at, "price": 5_i64, "owner": "65a000000000000000000001" },
            rawdoc! { "_id": 1, "isActive": false, "updatedAt": at, "price": [1.0, 2, 3_i64] },
            rawdoc! { "_id": 1, "price": 49.99, "owner": "abc" },
        ] {
            let change = change();
            let shaped = Shape::new(&change.rules).of(&before).unwrap().document;
            let undone = change.undo(&shaped, Known::Document(&before)).unwrap();
            assert_eq!(undone, before);
        }
    }

    #[test]
    fn what_the_application_changed_stays_as_the_type_of_before_where_nothing_is_lost() {
        let at = DateTime::from_millis(7_000);
        let before = rawdoc! { "_id": 1, "startTime": at, "price": 5.0, "owner": "65a000000000000000000001" };
        let new = bson::oid::ObjectId::from_bytes([1; 12]);
        let current = rawdoc! { "_id": 1, "starts_at": at, "price": 6, "owner": new, "isActive": false, "updatedAt": DateTime::MAX };
        let undone = change().undo(&current, Known::Document(&before)).unwrap();
        assert_eq!(
            undone,
            rawdoc! { "_id": 1, "startTime": at, "price": 6.0, "owner": new.to_hex(), "isActive": false, "updatedAt": DateTime::MAX }
        );
    }

    #[test]
    fn a_new_document_keeps_what_it_has_under_the_old_names() {
        let at = DateTime::from_millis(7_000);
        let current = rawdoc! { "_id": 1, "starts_at": at, "price": 6, "isActive": true };
        let undone = change().undo(&current, Known::Nothing).unwrap();
        assert_eq!(
            undone,
            rawdoc! { "_id": 1, "startTime": at, "price": 6, "isActive": true }
        );
    }

    #[test]
    fn of_a_made_document_only_what_it_was_not_made_with_is_taken_out() {
        let current = rawdoc! { "_id": 1, "name": "a", "isActive": true };
        let made = rawdoc! { "name": 1 };
        let undone = change().undo(&current, Known::Fields(&made)).unwrap();
        assert_eq!(undone, rawdoc! { "_id": 1, "name": "a" });
        let made = rawdoc! { "name": 1, "isActive": 2 };
        let undone = change().undo(&current, Known::Fields(&made)).unwrap();
        assert_eq!(undone, current);
    }
}
