//! Copies of a person in a document that leave with its reference: whole fields, and members of documents and of the elements of an array. And how
//! they come back into what the application changed since.

use std::borrow::Cow;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::mapping::path::{FieldPath, Step};
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};

/// What leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drops {
    whole: Vec<String>,
    members: Vec<FieldPath>,
}

/// A value that was made.
type Made = (u8, Vec<u8>);

fn document(value: Value<'_>) -> Option<&RawDocument> {
    let is_one = value.kind == kind::DOCUMENT;
    RawDocument::from_bytes(value.bytes).ok().filter(|_| is_one)
}

fn list(value: Value<'_>) -> Option<&RawDocument> {
    let is_one = value.kind == kind::ARRAY;
    RawDocument::from_bytes(value.bytes).ok().filter(|_| is_one)
}

/// The rest of those ways that begin at this member; `each` says whether they go on in an array's elements.
fn below<'p>(ways: &[&'p [Step]], key: &[u8], each: bool) -> Vec<&'p [Step]> {
    let through = ways.iter().filter_map(|way| way.split_first());
    let through = through.filter(|(step, rest)| {
        step.name.as_bytes() == key && step.each == each && !rest.is_empty()
    });
    through.map(|(_, rest)| rest).collect()
}

fn ends_at(ways: &[&[Step]], key: &[u8]) -> bool {
    let mut ends = ways.iter().filter(|way| way.len() == 1);
    ends.any(|way| way[0].name.as_bytes() == key)
}

/// A document without the members at the ends of these ways.
fn stripped(from: &RawDocument, ways: &[&[Step]]) -> Result<RawDocumentBuf, Malformed> {
    let mut out = Builder::new(from.as_bytes().len());
    for element in elements(from) {
        let element = element?;
        if ends_at(ways, element.key) {
            continue;
        }
        let (inside, of_each) = (
            below(ways, element.key, false),
            below(ways, element.key, true),
        );
        let name = || String::from_utf8_lossy(element.key);
        match (document(element.value), list(element.value)) {
            (Some(inner), _) if !inside.is_empty() => {
                let rest = stripped(inner, &inside)?;
                if !rest.is_empty() || inner.is_empty() {
                    out.document(&name(), &rest);
                }
            }
            (_, Some(items)) if !of_each.is_empty() => {
                let mut made: Vec<Made> = Vec::new();
                for item in elements(items) {
                    let value = item?.value;
                    made.push(match document(value) {
                        Some(inner) => {
                            let rest = stripped(inner, &of_each)?;
                            (kind::DOCUMENT, rest.into_bytes())
                        }
                        None => (value.kind, value.bytes.to_vec()),
                    });
                }
                out.array(&name(), made.iter().map(of_made));
            }
            _ => {
                out.element(&element);
            }
        }
    }
    Ok(out.finish())
}

fn of_made((kind, bytes): &Made) -> Value<'_> {
    Value { kind: *kind, bytes }
}

/// `now` with the members at the ends of these ways as `before` has them, where `now` lacks them, in the order of `before`.
fn rejoined(
    before: &RawDocument,
    now: &RawDocument,
    through: &[&[Step]],
) -> Result<RawDocumentBuf, Malformed> {
    let mut out = Builder::new(before.as_bytes().len());
    let key_of = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    for element in elements(before) {
        let element = element?;
        let key = key_of(element.key);
        let is = get(now, &key);
        let (inside, of_each) = (
            below(through, element.key, false),
            below(through, element.key, true),
        );
        match (is, document(element.value), list(element.value)) {
            (None, ..) if ends_at(through, element.key) => {
                out.element(&element);
            }
            (is, Some(was), _)
                if !inside.is_empty() && is.is_none_or(|it| document(it).is_some()) =>
            {
                let empty = RawDocumentBuf::new();
                let whole = rejoined(was, is.and_then(document).unwrap_or(&empty), &inside)?;
                if !whole.is_empty() || is.is_some() {
                    out.document(&key, &whole);
                }
            }
            (Some(is), _, Some(was)) if !of_each.is_empty() && list(is).is_some() => {
                let made = rejoined_list(was, is, &of_each)?;
                out.array(&key, made.iter().map(of_made));
            }
            (Some(is), ..) => {
                out.value(&key, is);
            }
            (None, ..) => {}
        }
    }
    for element in elements(now) {
        let element = element?;
        if get(before, &key_of(element.key)).is_none() {
            out.element(&element);
        }
    }
    Ok(out.finish())
}

/// Elements that the application left as they were have their members again; of a changed one that is known by its place, in a list of the same
/// length, likewise.
fn rejoined_list(
    was: &RawDocument,
    is: Value<'_>,
    through: &[&[Step]],
) -> Result<Vec<Made>, Malformed> {
    let mut old: Vec<Option<(Value<'_>, RawDocumentBuf)>> = Vec::new();
    for item in elements(was) {
        let value = item?.value;
        old.push(match document(value) {
            Some(inner) => Some((value, stripped(inner, through)?)),
            None => None,
        });
    }
    let now: Vec<Value<'_>> = match list(is) {
        Some(items) => elements(items)
            .map(|item| item.map(|item| item.value))
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let same_length = now.len() == old.len();
    let mut made: Vec<Option<Made>> = vec![None; now.len()];
    for (at, value) in now.iter().enumerate() {
        let is_it = |it: &Option<(Value<'_>, RawDocumentBuf)>| {
            let bytes = it.as_ref().map(|(_, rest)| rest.as_bytes());
            value.kind == kind::DOCUMENT && bytes == Some(value.bytes)
        };
        let own = old
            .get(at)
            .filter(|it| same_length && is_it(it))
            .map(|_| at);
        if let Some(found) = own.or_else(|| old.iter().position(is_it))
            && let Some((value, _)) = old[found].take()
        {
            made[at] = Some((value.kind, value.bytes.to_vec()));
        }
    }
    let mut all = Vec::new();
    for (at, value) in now.iter().enumerate() {
        let was = old.get(at).and_then(Option::as_ref).filter(|_| same_length);
        let was = was.and_then(|(was, _)| document(*was));
        all.push(match (made[at].take(), was, document(*value)) {
            (Some(made), ..) => made,
            (None, Some(was), Some(is)) => {
                let whole = rejoined(was, is, through)?;
                (kind::DOCUMENT, whole.into_bytes())
            }
            (None, ..) => (value.kind, value.bytes.to_vec()),
        });
    }
    Ok(all)
}

impl Drops {
    /// What these paths take away.
    pub(super) fn of(paths: &[FieldPath]) -> Self {
        let (whole, members) = paths.iter().partition::<Vec<_>, _>(|it| it.is_top_level());
        Self {
            whole: whole.iter().map(|it| it.top().to_owned()).collect(),
            members: members.into_iter().cloned().collect(),
        }
    }

    /// The fields that leave whole.
    pub fn whole(&self) -> &[String] {
        &self.whole
    }

    /// True for a field that leaves whole.
    pub(super) fn takes(&self, key: &[u8]) -> bool {
        self.whole.iter().any(|it| it.as_bytes() == key)
    }

    /// The fields out of which members leave, each once.
    pub fn holders(&self) -> Vec<&str> {
        let mut tops: Vec<&str> = self.members.iter().map(FieldPath::top).collect();
        tops.sort_unstable();
        tops.dedup();
        tops
    }

    fn ways(&self) -> Vec<&[Step]> {
        self.members.iter().map(FieldPath::steps).collect()
    }

    /// The document without the members that leave.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn without_members<'d>(
        &self,
        document: &'d RawDocument,
    ) -> Result<Cow<'d, RawDocument>, Malformed> {
        if self.members.is_empty() {
            return Ok(Cow::Borrowed(document));
        }
        stripped(document, &self.ways()).map(Cow::Owned)
    }

    /// The field under `key` as it is in `now`, with the members that left it where `before` has them and `now` lacks them. Nothing where neither
    /// holds anything.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn put_back(
        &self,
        key: &str,
        before: &RawDocument,
        now: &RawDocument,
    ) -> Result<Vec<u8>, Malformed> {
        let alone = |document| {
            let mut out = Builder::new(64);
            if let Some(value) = get(document, key) {
                out.value(key, value);
            }
            out.finish()
        };
        let whole = rejoined(&alone(before), &alone(now), &self.ways())?;
        let mut all = elements(&whole);
        all.next()
            .map_or(Ok(Vec::new()), |it| Ok(it?.whole.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

    fn drops(paths: &[&str]) -> Drops {
        let paths: Vec<_> = paths
            .iter()
            .map(|it| FieldPath::parse(it).unwrap())
            .collect();
        Drops::of(&paths)
    }

    #[test]
    fn members_leave_documents_and_the_elements_of_arrays() {
        let drops = drops(&["client.name", "client.at.city", "items[].who", "gone"]);
        assert_eq!(drops.whole(), ["gone"]);
        assert_eq!(drops.holders(), ["client", "items"]);
        let before = rawdoc! {
            "client": { "name": "Ann", "note": 1, "at": { "city": "B" } },
            "items": [{ "who": "Ann", "n": 1 }, { "who": "Bob" }, 3],
            "gone": 1,
        };
        let without = drops.without_members(&before).unwrap().into_owned();
        assert_eq!(
            without,
            rawdoc! { "client": { "note": 1 }, "items": [{ "n": 1 }, {}, 3], "gone": 1 }
        );
        for other in [
            rawdoc! { "client": 5, "items": { "who": 1 } },
            rawdoc! { "client": {} },
        ] {
            assert_eq!(*drops.without_members(&other).unwrap(), *other);
        }
    }

    #[test]
    fn members_come_back_into_what_was_changed_since() {
        let drops = drops(&["client.name", "items[].who"]);
        let before = rawdoc! {
            "client": { "name": "Ann", "note": 1 },
            "items": [{ "who": "Ann", "n": 1 }, { "who": "Bob", "n": 2 }],
        };
        let field = |key: &str, now: &RawDocument| -> RawDocumentBuf {
            let mut out = Builder::new(0);
            out.whole(&drops.put_back(key, &before, now).unwrap());
            out.finish()
        };
        let now =
            rawdoc! { "client": { "note": 2 }, "items": [{ "n": 2 }, { "n": 3 }, { "n": 1 }] };
        assert_eq!(
            field("client", &now),
            rawdoc! { "client": { "name": "Ann", "note": 2 } }
        );
        assert_eq!(
            field("items", &now),
            rawdoc! { "items": [{ "who": "Bob", "n": 2 }, { "n": 3 }, { "who": "Ann", "n": 1 }] }
        );
        let now = rawdoc! { "client": { "name": "New" }, "items": [{ "n": 1 }, { "n": 9 }] };
        assert_eq!(
            field("client", &now),
            rawdoc! { "client": { "name": "New" } }
        );
        assert_eq!(
            field("items", &now),
            rawdoc! { "items": [{ "who": "Ann", "n": 1 }, { "who": "Bob", "n": 9 }] }
        );
        assert_eq!(
            field("client", &rawdoc! {}),
            rawdoc! { "client": { "name": "Ann" } }
        );
        assert_eq!(field("items", &rawdoc! {}), rawdoc! {});
    }
}
