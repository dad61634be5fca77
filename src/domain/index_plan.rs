//! The indexes that a rebuilt collection gets: the original's verbatim, then the mapping's own. Names follow Prisma's rule:
//! `<collection>_<fields>_key` for unique ones, `_idx` for others, cut at 127 bytes.

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::rawdoc;

use super::blueprint::EmailIndex;
use super::mapping::Mapping;
use super::raw::{Builder, elements, get, kind};
use super::rebuilt::{Rebuilt, Role};
use super::reference::leaving_of;
use super::schema_change::CollectionChange;

/// `expireAfterSeconds` of a TTL index that is kept from acting: the largest that the server takes.
pub const TTL_OFF: i32 = i32::MAX;

/// Prisma's name for an index.
pub fn prisma_name(collection: &str, fields: &[&str], unique: bool) -> String {
    let suffix = if unique { "_key" } else { "_idx" };
    let mut name = format!("{collection}_{}", fields.join("_"));
    let mut limit = 127 - suffix.len();
    if name.len() > limit {
        while !name.is_char_boundary(limit) {
            limit -= 1;
        }
        name.truncate(limit);
    }
    name + suffix
}

/// The collation of the collection of which these are all indexes: that of `_id`, which has no other. `None` where it compares letter by letter.
pub fn collation_in(indexes: &[RawDocumentBuf]) -> Option<&RawDocument> {
    let of_id = indexes.iter().find(|index| name_of(index) == "_id_");
    of_id?.get_document("collation").ok()
}

/// The index specifications, as `createIndexes` takes them, without `_id_`. `originals` are those of `listIndexes`; `stay` says for each
/// reference of the collection whether documents keep it by an answer, or with an account.
pub fn wanted(
    mapping: &Mapping,
    which: &Rebuilt,
    originals: &[RawDocumentBuf],
    (email, stay): (EmailIndex, &[bool]),
) -> Vec<RawDocumentBuf> {
    wanted_with(mapping, which, originals, (email, stay), true)
}

/// The same; `uniques` false leaves out those that only the after-schema makes unique.
pub fn wanted_with(
    mapping: &Mapping,
    which: &Rebuilt,
    originals: &[RawDocumentBuf],
    (email, stay): (EmailIndex, &[bool]),
    uniques: bool,
) -> Vec<RawDocumentBuf> {
    let change = mapping.changes().and_then(|it| it.of(which.live()));
    let entries = which.references(mapping);
    let mut wanted: Vec<RawDocumentBuf> = Vec::new();
    for index in originals.iter().filter(|index| name_of(index) != "_id_") {
        let mut new = index.clone();
        let mut beside = false;
        for (at, entry) in entries.iter().enumerate() {
            let changed = renamed(&new, &leaving_of(entry), &entry.customer);
            // Where a document keeps its old reference, so does the index on it, and the one on the new field stands beside.
            let stays =
                entry.keep || entry.filter.is_some() || stay.get(at).copied().unwrap_or_default();
            beside |= changed != new && stays;
            new = changed;
        }
        if beside {
            wanted.push(index.clone());
        }
        wanted.push(new);
    }
    if let Some(change) = change {
        wanted = change.with_indexes(&wanted, collation_in(originals), uniques);
    }
    // With an after-schema its unique decides; without one in it, customers without an e-mail must be possible.
    let email = if change.is_some() {
        EmailIndex::Partial
    } else {
        email
    };
    for own in own_indexes(mapping, which, email) {
        if change.is_some_and(|change| serves(change, &own)) {
            continue;
        }
        if !wanted
            .iter()
            .any(|index| name_of(index) == name_of(&own) || same_key(index, &own))
        {
            wanted.push(own);
        }
    }
    let mut kept: Vec<RawDocumentBuf> = Vec::new();
    for index in wanted {
        if !kept.iter().any(|other| name_of(other) == name_of(&index)) {
            kept.push(index);
        }
    }
    kept
}

fn own_indexes(mapping: &Mapping, which: &Rebuilt, email: EmailIndex) -> Vec<RawDocumentBuf> {
    let customers = which.to();
    let business = mapping.customer.business.as_str();
    let (email_field, name_field) = (mapping.user.email.as_str(), mapping.user.name.as_str());
    let key = |fields: &[&str]| {
        let mut key = Builder::new(32);
        for field in fields {
            key.value(
                field,
                super::raw::Value {
                    kind: kind::INT32,
                    bytes: &1_i32.to_le_bytes(),
                },
            );
        }
        key.finish()
    };
    match which.role() {
        Role::Users | Role::Reshaped => Vec::new(),
        Role::Bookings | Role::Followed => {
            let fields = which.references(mapping).into_iter();
            let fields = fields.map(|it| it.customer.as_str());
            let own = fields.map(|field| {
                rawdoc! { "key": key(&[field]), "name": prisma_name(which.to(), &[field], false) }
            });
            own.collect()
        }
        Role::Customers => {
            let fields = [business, email_field];
            let unique = match email {
                EmailIndex::Plain => rawdoc! {
                    "key": key(&fields), "name": prisma_name(customers, &fields, true), "unique": true,
                },
                EmailIndex::Partial => {
                    let mut filter = Builder::new(32);
                    filter.document(email_field, &rawdoc! { "$gt": "" });
                    rawdoc! {
                        "key": key(&fields), "name": prisma_name(customers, &[business, email_field, "present"], true), "unique": true,
                        "partialFilterExpression": filter.finish(),
                    }
                }
            };
            let fields = [business, name_field];
            let by_name =
                rawdoc! { "key": key(&fields), "name": prisma_name(customers, &fields, false) };
            let own = [(email_field, unique), (name_field, by_name)].into_iter();
            // A mapping may name no e-mail, or no name.
            own.filter(|(field, _)| !field.is_empty())
                .map(|(_, index)| index)
                .collect()
        }
    }
}

/// True where an index of the after-schema stands for one of our own.
fn serves(change: &CollectionChange, own: &RawDocument) -> bool {
    let keys = own.get_document("key").into_iter().flat_map(elements);
    let keys = keys.map_while(Result::ok);
    let keys: Vec<_> = keys
        .map(|it| String::from_utf8_lossy(it.key).into_owned())
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    if own.get_bool("unique").unwrap_or(false) {
        return change.has_unique(&keys);
    }
    keys.first().is_some_and(|first| change.begins_with(first))
}

/// An index's name.
pub fn name_of(index: &RawDocument) -> &str {
    index.get_str("name").unwrap_or_default()
}

fn same_key(one: &RawDocument, other: &RawDocument) -> bool {
    let key = |index: &RawDocument| get(index, "key").map(|value| value.bytes.to_vec());
    let unique = |index: &RawDocument| index.get_bool("unique").unwrap_or(false);
    let plain = |index: &RawDocument| get(index, "partialFilterExpression").is_none();
    key(one) == key(other) && unique(one) == unique(other) && plain(one) && plain(other)
}

/// True for an index over those documents alone that have this field.
pub fn asks_for_it(index: &RawDocument, field: &str) -> bool {
    let filter = index.get_document("partialFilterExpression");
    let mut filter = filter.into_iter().flat_map(elements).map_while(Result::ok);
    let (first, more) = (filter.next(), filter.next());
    let exists = rawdoc! { "$exists": true };
    let is_it =
        first.is_some_and(|it| it.key == field.as_bytes() && it.value.bytes == exists.as_bytes());
    is_it && more.is_none()
}

/// The index with `from` replaced by `to` in its key and its name, and in a filter that asks for the field alone.
fn renamed(index: &RawDocument, from: &str, to: &str) -> RawDocumentBuf {
    let names_it = index.get_document("key").is_ok_and(|key| {
        elements(key)
            .map_while(Result::ok)
            .any(|element| element.key == from.as_bytes())
    });
    if !names_it {
        return index.to_owned();
    }
    let mut out = Builder::new(index.as_bytes().len() + 16);
    for element in elements(index).map_while(Result::ok) {
        match element.key {
            b"key" => {
                let mut key = Builder::new(32);
                for part in index
                    .get_document("key")
                    .into_iter()
                    .flat_map(elements)
                    .map_while(Result::ok)
                {
                    if part.key == from.as_bytes() {
                        key.value(to, part.value);
                    } else {
                        key.element(&part);
                    }
                }
                out.document("key", &key.finish());
            }
            b"name" => {
                out.string("name", &name_of(index).replace(from, to));
            }
            b"partialFilterExpression" if asks_for_it(index, from) => {
                let mut filter = Builder::new(32);
                filter.document(to, &rawdoc! { "$exists": true });
                out.document("partialFilterExpression", &filter.finish());
            }
            _ => {
                out.element(&element);
            }
        }
    }
    out.finish()
}

/// The true `expireAfterSeconds` of a TTL index, in whole seconds as the server keeps it.
pub fn ttl_of(index: &RawDocument) -> Option<i64> {
    let value = get(index, "expireAfterSeconds")?;
    match value.kind {
        kind::INT32 => value
            .bytes
            .try_into()
            .ok()
            .map(i32::from_le_bytes)
            .map(i64::from),
        kind::INT64 => value.bytes.try_into().ok().map(i64::from_le_bytes),
        #[allow(clippy::cast_possible_truncation)] // whole seconds up to i32::MAX
        kind::DOUBLE => value
            .bytes
            .try_into()
            .ok()
            .map(f64::from_le_bytes)
            .map(|it| it as i64),
        _ => None,
    }
}

/// The index with its TTL kept from acting; others as they are.
pub fn without_ttl(index: &RawDocument) -> RawDocumentBuf {
    with_ttl(index, Some(i64::from(TTL_OFF)))
}

/// A TTL index with `seconds` instead of its own; others as they are.
pub fn with_ttl(index: &RawDocument, seconds: Option<i64>) -> RawDocumentBuf {
    let Some(seconds) = seconds.filter(|_| ttl_of(index).is_some()) else {
        return index.to_owned();
    };
    let mut out = Builder::new(index.as_bytes().len());
    for element in elements(index).map_while(Result::ok) {
        if element.key == b"expireAfterSeconds" {
            // As the server keeps it: the short type where it fits.
            let (short, long);
            let (kind, bytes): (u8, &[u8]) = if let Ok(fits) = i32::try_from(seconds) {
                short = fits.to_le_bytes();
                (kind::INT32, &short)
            } else {
                long = seconds.to_le_bytes();
                (kind::INT64, &long)
            };
            let value = super::raw::Value { kind, bytes };
            out.value("expireAfterSeconds", value);
        } else {
            out.element(&element);
        }
    }
    out.finish()
}

/// True when some key or string at any depth of `document` is `field`, or a path that begins with it: a validator or partial filter that
/// would change its meaning when the field leaves.
pub fn names_field(document: &RawDocument, field: &str) -> bool {
    let is = |text: &[u8]| {
        std::str::from_utf8(text).is_ok_and(|text| {
            let text = text.strip_prefix('$').unwrap_or(text);
            text == field
                || text
                    .strip_prefix(field)
                    .is_some_and(|rest| rest.starts_with('.'))
        })
    };
    elements(document).map_while(Result::ok).any(|element| {
        is(element.key)
            || element
                .value
                .as_str()
                .is_some_and(|text| is(text.as_bytes()))
            || (matches!(element.value.kind, kind::DOCUMENT | kind::ARRAY)
                && RawDocument::from_bytes(element.value.bytes)
                    .is_ok_and(|inner| names_field(inner, field)))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mapping() -> Mapping {
        Mapping::parse(crate::domain::mapping::DEFAULT).unwrap()
    }

    #[test]
    fn an_index_on_the_users_id_becomes_one_on_the_customers_and_is_not_doubled() {
        let originals = [
            rawdoc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" },
            rawdoc! { "v": 2, "key": { "userId": 1 }, "name": "Booking_userId_idx" },
            rawdoc! { "v": 2, "key": { "status": 1, "userId": -1 }, "name": "Booking_status_userId_key", "unique": true },
        ];
        let names: Vec<_> = wanted(
            &mapping(),
            &mapping().bookings(),
            &originals,
            (EmailIndex::Plain, &[]),
        )
        .iter()
        .map(|index| name_of(index).to_owned())
        .collect();
        assert_eq!(
            names,
            ["Booking_customerId_idx", "Booking_status_customerId_key"]
        );
    }

    #[test]
    fn a_long_name_is_cut_as_prisma_cuts_it() {
        assert_eq!(prisma_name(&"x".repeat(200), &["a"], true).len(), 127);
        assert_eq!(
            prisma_name("Customer", &["businessId", "email"], true),
            "Customer_businessId_email_key"
        );
    }

    #[test]
    fn a_field_is_found_at_any_depth_of_a_validator() {
        let validator = rawdoc! { "$jsonSchema": { "required": ["serviceId", "userId"] } };
        assert!(names_field(&validator, "userId"));
        assert!(!names_field(&validator, "user"));
        assert!(names_field(
            &rawdoc! { "$or": [{ "a": 1 }, { "userId.x": 1 }] },
            "userId"
        ));
    }
}
