//! Weaving a document: the original's elements in their places, some of them replaced, what is new appended.

use std::collections::HashMap;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::raw::{Builder, Element, Malformed, Value, elements};

/// What stands under each key, in order: a repeated key has several elements.
pub(super) struct Fields<'a> {
    order: Vec<&'a [u8]>,
    by_key: HashMap<&'a [u8], Vec<Element<'a>>>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(document: &'a RawDocument) -> Result<Self, Malformed> {
        let mut fields = Self {
            order: Vec::new(),
            by_key: HashMap::new(),
        };
        for element in elements(document) {
            let element = element?;
            let at = fields.by_key.entry(element.key).or_default();
            if at.is_empty() {
                fields.order.push(element.key);
            }
            at.push(element);
        }
        Ok(fields)
    }

    /// The bytes of all elements under `key`, one after another; empty where there is none.
    pub(super) fn bytes(&self, key: &[u8]) -> Vec<u8> {
        let elements = self.by_key.get(key).into_iter().flatten();
        elements
            .flat_map(|element| element.whole)
            .copied()
            .collect()
    }

    /// Whether the same stands under `key` in both.
    pub(super) fn same(&self, other: &Self, key: &[u8]) -> bool {
        let whole = |fields: &Self| -> Option<Vec<&[u8]>> {
            let elements = fields.by_key.get(key)?;
            Some(elements.iter().map(|element| element.whole).collect())
        };
        match (self.by_key.get(key), other.by_key.get(key)) {
            (None, None) => true,
            (Some(one), Some(two)) if one.len() == 1 && two.len() == 1 => {
                one[0].whole == two[0].whole
            }
            _ => whole(self) == whole(other),
        }
    }

    /// The first value under `key`, as the server reads it.
    pub(super) fn first(&self, key: &[u8]) -> Option<Value<'a>> {
        Some(self.by_key.get(key)?.first()?.value)
    }

    pub(super) fn has(&self, key: &[u8]) -> bool {
        self.by_key.contains_key(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a [u8]> {
        self.order.iter().copied()
    }
}

/// What becomes of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// As the original has it, even where it has none.
    Before,
    /// These elements, in the original's place or appended; none: it leaves.
    Put(Vec<u8>),
}

/// What of `current` differs from `baseline`, carried onto `before`. `own` fields go by their own turn and are appended last.
pub(super) fn weave(
    before: &RawDocument,
    [before_fields, baseline, current]: [&Fields<'_>; 3],
    own: &[(&str, Turn)],
) -> Result<RawDocumentBuf, Malformed> {
    let turn_of = |key: &[u8]| -> Turn {
        if let Some((_, turn)) = own.iter().find(|(name, _)| name.as_bytes() == key) {
            turn.clone()
        } else if current.same(baseline, key) {
            Turn::Before
        } else {
            Turn::Put(current.bytes(key))
        }
    };
    let mut out = Builder::new(before.as_bytes().len() + 64);
    let mut placed: Vec<&[u8]> = Vec::new();
    for element in elements(before) {
        let element = element?;
        match turn_of(element.key) {
            Turn::Before => {
                out.element(&element);
            }
            Turn::Put(bytes) => {
                // A repeated key comes back once, with all that is there now.
                if !placed.contains(&element.key) {
                    placed.push(element.key);
                    out.whole(&bytes);
                }
            }
        }
    }
    let is_own = |key: &[u8]| own.iter().any(|(name, _)| name.as_bytes() == key);
    for key in current.keys() {
        if !before_fields.has(key) && !is_own(key) && !current.same(baseline, key) {
            out.whole(&current.bytes(key));
        }
    }
    for (name, turn) in own {
        if let Turn::Put(bytes) = turn
            && !before_fields.has(name.as_bytes())
        {
            out.whole(bytes);
        }
    }
    Ok(out.finish())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    #[test]
    fn unchanged_fields_keep_their_place_changed_ones_change_in_place_new_ones_follow_and_removed_ones_go()
     {
        let before = rawdoc! { "_id": 1, "a": 1, "left": true, "b": 2, "c": 3 };
        let baseline = rawdoc! { "_id": 1, "a": 1, "b": 2, "c": 3 };
        let current = rawdoc! { "new": 0, "_id": 1, "b": "other", "a": 1 };
        let fields = [&before, &baseline, &current].map(|it| Fields::of(it).unwrap());
        let [one, two, three] = &fields;
        assert_eq!(
            weave(&before, [one, two, three], &[]).unwrap(),
            rawdoc! { "_id": 1, "a": 1, "left": true, "b": "other", "new": 0 }
        );
        assert_eq!(weave(&before, [one, two, two], &[]).unwrap(), before);
    }
}
