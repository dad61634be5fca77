//! A reference inside another document of a booking, `client.id`: it is lifted out to the top under its whole path, where everything that deals
//! with references finds it, and lowered again. What held nothing but the reference leaves with it.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::mapping::path::FieldPath;
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind, with_member};

/// The place of a reference inside another document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nested {
    names: Vec<String>,
    /// The whole path: the name at the top.
    pub(super) key: String,
}

impl Nested {
    /// That of a path that goes into documents; `None` for a top-level field.
    pub(super) fn of(path: &FieldPath) -> Option<Self> {
        let names = path.steps().iter().map(|step| step.name.clone());
        (!path.is_top_level()).then(|| Self {
            names: names.collect(),
            key: path.to_string(),
        })
    }

    /// The booking with the reference at the top, behind the field that held it.
    pub(super) fn lift(&self, booking: &RawDocument) -> Result<RawDocumentBuf, Malformed> {
        let mut out = Builder::new(booking.as_bytes().len() + 32);
        let mut lifted = false;
        for element in elements(booking) {
            let element = element?;
            let top = self.names.first().map_or("", String::as_str);
            if element.key != top.as_bytes() || std::mem::replace(&mut lifted, true) {
                out.element(&element);
                continue;
            }
            match (self.below(element.value, 1), document(element.value)) {
                (Some(reference), Some(inner)) => {
                    if let Some(rest) = self.without(inner, 1) {
                        out.document(top, &rest);
                    }
                    out.value(&self.key, reference);
                }
                _ => {
                    out.element(&element);
                }
            }
        }
        Ok(out.finish())
    }

    /// The booking with the reference where the mapping has it; at its place in `before`, where that has one.
    pub(super) fn lower(
        &self,
        booking: &RawDocument,
        before: Option<&RawDocument>,
    ) -> RawDocumentBuf {
        let Some(reference) = get(booking, &self.key) else {
            return booking.to_owned();
        };
        let top = self.names.first().map_or("", String::as_str);
        let inner = get(booking, top).and_then(document);
        let was = before
            .and_then(|before| get(before, top))
            .and_then(document);
        let empty = RawDocumentBuf::new();
        let names: Vec<&str> = self.names.iter().skip(1).map(String::as_str).collect();
        let whole = with_member(inner.unwrap_or(&empty), &names, Some(reference));
        // In the order of before, as far as that goes.
        let mut ordered = Builder::new(whole.as_bytes().len());
        let keys: Vec<&[u8]> = was
            .into_iter()
            .flat_map(|was| elements(was).map_while(Result::ok))
            .map(|element| element.key)
            .collect();
        let of = |key: &[u8]| {
            let mut found = elements(&whole).map_while(Result::ok);
            found.find(|element| element.key == key)
        };
        for element in keys.iter().filter_map(|key| of(key)) {
            ordered.element(&element);
        }
        for element in elements(&whole).map_while(Result::ok) {
            if !keys.contains(&element.key) {
                ordered.element(&element);
            }
        }
        let holder = ordered.finish();
        let mut out = Builder::new(booking.as_bytes().len() + 32);
        let has_top = get(booking, top).is_some();
        for element in elements(booking).map_while(Result::ok) {
            if element.key == top.as_bytes() {
                out.document(top, &holder);
            } else if element.key != self.key.as_bytes() {
                out.element(&element);
            } else if !has_top {
                out.document(top, &holder);
            }
        }
        out.finish()
    }

    fn below<'v>(&self, value: Value<'v>, depth: usize) -> Option<Value<'v>> {
        let mut names = self.names.iter().skip(depth);
        names.try_fold(value, |value, name| get(document(value)?, name))
    }

    /// What is left of a document; nothing where it held nothing else.
    fn without(&self, inner: &RawDocument, depth: usize) -> Option<RawDocumentBuf> {
        let name = self.names.get(depth)?;
        let mut out = Builder::new(inner.as_bytes().len());
        let mut any = false;
        for element in elements(inner).map_while(Result::ok) {
            if element.key != name.as_bytes() {
                out.element(&element);
                any = true;
            } else if depth + 1 < self.names.len()
                && let Some(rest) = document(element.value)
                && let Some(rest) = self.without(rest, depth + 1)
            {
                out.document(name, &rest);
                any = true;
            }
        }
        any.then(|| out.finish())
    }
}

fn document(value: Value<'_>) -> Option<&RawDocument> {
    let is_one = value.kind == kind::DOCUMENT;
    RawDocument::from_bytes(value.bytes).ok().filter(|_| is_one)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

    #[test]
    fn a_reference_is_lifted_and_lowered_to_the_same_bytes() {
        let nested = Nested::of(&FieldPath::parse("by.client.id").unwrap()).unwrap();
        for (booking, lifted) in [
            (
                rawdoc! { "_id": 1, "by": { "a": 1, "client": { "id": "u", "n": 2 }, "b": 3 }, "c": 4 },
                rawdoc! { "_id": 1, "by": { "a": 1, "client": { "n": 2 }, "b": 3 }, "by.client.id": "u", "c": 4 },
            ),
            (
                rawdoc! { "_id": 1, "by": { "client": { "id": "u" } }, "c": 4 },
                rawdoc! { "_id": 1, "by.client.id": "u", "c": 4 },
            ),
            (
                rawdoc! { "_id": 1, "by": { "client": 5 } },
                rawdoc! { "_id": 1, "by": { "client": 5 } },
            ),
        ] {
            assert_eq!(nested.lift(&booking).unwrap(), lifted);
            assert_eq!(
                nested.lower(&lifted, None).iter().count(),
                booking.iter().count()
            );
        }
        let booking = rawdoc! { "_id": 1, "by": { "client": { "id": "u" } }, "c": 4 };
        let lifted = nested.lift(&booking).unwrap();
        assert_eq!(nested.lower(&lifted, Some(&booking)), booking);
        let nested = Nested::of(&FieldPath::parse("client.id").unwrap()).unwrap();
        let booking = rawdoc! { "_id": 1, "client": { "id": "u", "name": "A" } };
        let lifted = nested.lift(&booking).unwrap();
        assert_eq!(nested.lower(&lifted, Some(&booking)), booking);
    }
}
