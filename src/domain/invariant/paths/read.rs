//! What stands at the end of a path in one document, and the document without it.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use smallvec::SmallVec;

use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::mapping::path::{FieldPath, Step};
use crate::domain::raw::{Builder, Value, elements, get, kind};

/// Where bookings have no reference to a user: a name that no field can have.
pub(super) const NO_FIELD: &str = "\0";

pub(super) fn not_null(value: Value<'_>) -> Option<Id> {
    (value.kind != kind::NULL).then(|| Id::from_value(value))
}

/// A document without what is at the end of these steps, and without what then is empty.
pub(crate) fn bare(document: &RawDocument, steps: &[Step]) -> Option<RawDocumentBuf> {
    let (step, deeper) = steps.split_first()?;
    let mut out = Builder::new(document.as_bytes().len());
    let mut count = 0;
    for element in elements(document).map_while(Result::ok) {
        if element.key == step.name.as_bytes() {
            let inner = RawDocument::from_bytes(element.value.bytes).ok();
            let inner = inner.filter(|_| !deeper.is_empty());
            let Some(rest) = inner.and_then(|inner| bare(inner, deeper)) else {
                continue;
            };
            out.document(&step.name, &rest);
        } else {
            out.element(&element);
        }
        count += 1;
    }
    (count > 0).then(|| out.finish())
}

/// A document without the member at the end of these steps, in every element of the arrays on the way. What then holds nothing leaves, but for
/// the elements of an array, which keep their places.
pub(super) fn dropped(document: &RawDocument, steps: &[Step]) -> RawDocumentBuf {
    let Some((step, deeper)) = steps.split_first() else {
        return document.to_owned();
    };
    let mut out = Builder::new(document.as_bytes().len());
    for element in elements(document).map_while(Result::ok) {
        if element.key != step.name.as_bytes() {
            out.element(&element);
            continue;
        }
        if deeper.is_empty() {
            continue;
        }
        let value = element.value;
        match (value.kind, RawDocument::from_bytes(value.bytes)) {
            (kind::DOCUMENT, Ok(inner)) if !step.each => {
                let rest = dropped(inner, deeper);
                if !rest.is_empty() || inner.is_empty() {
                    out.document(&step.name, &rest);
                }
            }
            (kind::ARRAY, Ok(list)) if step.each => {
                let items: Vec<(u8, Vec<u8>)> = elements(list)
                    .map_while(Result::ok)
                    .map(|item| match RawDocument::from_bytes(item.value.bytes) {
                        Ok(inner) if item.value.kind == kind::DOCUMENT => {
                            (kind::DOCUMENT, dropped(inner, deeper).into_bytes())
                        }
                        _ => (item.value.kind, item.value.bytes.to_vec()),
                    })
                    .collect();
                let items = items
                    .iter()
                    .map(|(kind, bytes)| Value { kind: *kind, bytes });
                out.array(&step.name, items);
            }
            _ => {
                out.element(&element);
            }
        }
    }
    out.finish()
}

/// The values at the end of a path, lists and DBRefs opened. Null and "" are none.
pub(crate) fn values<'a>(path: &FieldPath, document: &'a RawDocument) -> SmallVec<[Value<'a>; 2]> {
    let mut level: SmallVec<[(Value<'a>, bool); 2]> = SmallVec::new();
    let mut steps = path.steps().iter();
    if let Some(first) = steps.next() {
        level.extend(get(document, &first.name).map(|value| (value, first.each)));
    }
    for step in steps {
        let mut next = SmallVec::new();
        for (value, each) in level {
            let Ok(inner) = RawDocument::from_bytes(value.bytes) else {
                continue;
            };
            if value.kind == kind::ARRAY && each {
                for element in elements(inner).map_while(Result::ok) {
                    if element.value.kind == kind::DOCUMENT
                        && let Ok(inner) = RawDocument::from_bytes(element.value.bytes)
                    {
                        next.extend(get(inner, &step.name).map(|value| (value, step.each)));
                    }
                }
            } else if value.kind == kind::DOCUMENT && !each {
                next.extend(get(inner, &step.name).map(|value| (value, step.each)));
            }
        }
        level = next;
    }
    level
        .into_iter()
        .flat_map(|(value, _)| listed(value))
        .collect()
}

/// The ids in a list, or the one that is none.
pub(super) fn listed(value: Value<'_>) -> SmallVec<[Value<'_>; 1]> {
    let list = RawDocument::from_bytes(value.bytes);
    match (value.kind, list) {
        (kind::ARRAY, Ok(list)) => {
            let items = elements(list).map_while(Result::ok);
            items.filter_map(|item| opened(item.value)).collect()
        }
        _ => opened(value).into_iter().collect(),
    }
}

/// The id in a DBRef; any other value as it is; nothing for null and "".
fn opened(value: Value<'_>) -> Option<Value<'_>> {
    let inside = match value.kind {
        kind::DOCUMENT => RawDocument::from_bytes(value.bytes)
            .ok()
            .and_then(|document| get(document, "$id")),
        _ => None,
    };
    let value = inside.unwrap_or(value);
    let none = value.kind == kind::NULL || value.as_str() == Some("");
    (!none).then_some(value)
}

/// What stands in a table under an id: exactly, in its other form, or whatever white space is around it and the case of its digits; `odd` has the
/// names of the table that are such texts themselves.
pub(super) fn named_so<'t, T>(
    table: &'t Map<Id, T>,
    odd: Option<&Map<Id, Id>>,
    id: &Id,
) -> Option<&'t T> {
    let exact = table.get(&id.canonical());
    let exact = exact.or_else(|| table.get(&id.other_form()?));
    let loosely = || {
        let loose = id.loose();
        let plain = table.get(&loose);
        let plain = plain.or_else(|| table.get(&loose.other_form()?));
        plain.or_else(|| table.get(odd?.get(&loose)?))
    };
    exact.or_else(loosely)
}
