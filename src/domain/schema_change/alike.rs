//! Values that mean the same as another type, and what was of another type before. Written apart from what converts them.

use bson::raw::RawDocument;

use super::convert::{Native, convert, date, whole};
use crate::domain::id::Id;
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind};
use crate::domain::survivorship::field_digest;

/// The same value as each other type that means the same.
pub(super) fn other_types(value: Value<'_>) -> Vec<(u8, Vec<u8>)> {
    let all = Native::ALL.iter().map(|native| native.kind());
    let others = all.filter(|kind| *kind != value.kind);
    others.filter_map(|kind| back(kind, value)).collect()
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

/// True where two values mean the same, whatever their types.
pub(super) fn mean_the_same(one: Value<'_>, other: Value<'_>) -> bool {
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
pub(super) fn back(kind_before: u8, value: Value<'_>) -> Option<(u8, Vec<u8>)> {
    let native = Native::ALL
        .into_iter()
        .find(|it| it.kind() == kind_before)?;
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

/// True where a digest is that of this field with this value.
pub(super) fn is_made_of(
    id: &Id,
    digest: Value<'_>,
    (name, value): (&str, Value<'_>),
) -> Result<bool, Malformed> {
    let mut one = Builder::new(value.bytes.len() + 32);
    one.value(name, value);
    let one = one.finish();
    let element = elements(&one).next().transpose()?;
    Ok(element.is_some_and(|it| digest.bytes == &field_digest(id, &it)[..]))
}

/// A member of the document that is a value, or of the first in a list.
pub(super) fn member<'v>(value: Value<'v>, field: &str) -> Option<Value<'v>> {
    let document = RawDocument::from_bytes(value.bytes).ok()?;
    if value.kind == kind::ARRAY {
        return member(elements(document).next()?.ok()?.value, field);
    }
    get(document, field).filter(|_| value.kind == kind::DOCUMENT)
}
