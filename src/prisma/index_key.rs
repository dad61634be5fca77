//! What the server would put into an index for a document: null and missing alike, every member of a list, numbers by value. Kept as digests, so
//! that every row of a table has one width.

use bson::raw::RawDocument;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::alike::Alike;
use super::judge::inner;
use crate::domain::id::Id;
use crate::domain::raw::{Value, elements, get, kind};

/// What a digest stands for: one in 2^128 is wrong.
pub(super) type KeyDigest = [u8; 16];

/// Values of one field of an index.
pub(super) type Values<'d> = SmallVec<[Option<Value<'d>>; 1]>;

/// An empty list is in an index as BSON's undefined, which is no null.
const UNDEFINED: u8 = 0x06;
/// Stands before the number of a text, where the others are kinds of BSON values.
const ALIKE: u8 = 0xFE;
/// Ends a document or a list.
const END: u8 = 0xFD;

/// The values at `path` (names in documents), as an index has them: at least one, `None` for missing and null.
pub(super) fn values<'d>(document: &'d RawDocument, path: &[&str]) -> Values<'d> {
    let mut found = Values::new();
    collect(document, path, &mut found);
    if found.is_empty() {
        found.push(None);
    }
    found
}

fn collect<'d>(document: &'d RawDocument, path: &[&str], found: &mut Values<'d>) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let Some(value) = get(document, first) else {
        found.push(None);
        return;
    };
    if let Ok(Some(list)) = inner(value, kind::ARRAY) {
        let before = found.len();
        for member in elements(list).map_while(Result::ok) {
            below(member.value, rest, found);
        }
        if found.len() == before {
            let empty = Value {
                kind: UNDEFINED,
                bytes: &[],
            };
            found.push(rest.is_empty().then_some(empty));
        }
        return;
    }
    below(value, rest, found);
}

fn below<'d>(value: Value<'d>, rest: &[&str], found: &mut Values<'d>) {
    if rest.is_empty() {
        found.push(Some(value).filter(|value| value.kind != kind::NULL));
        return;
    }
    match inner(value, kind::DOCUMENT) {
        Ok(Some(document)) => collect(document, rest, found),
        _ => found.push(None),
    }
}

/// The keys of an index over `paths` that a document has, each once; `None` where two of them go through lists that are not one and the same,
/// which no server indexes. Texts are compared by `alike`, else letter by letter.
pub(super) fn digests(
    document: &RawDocument,
    paths: &[Vec<&str>],
    alike: Option<&Alike>,
) -> Option<SmallVec<[KeyDigest; 1]>> {
    let all: SmallVec<[Values<'_>; 2]> = paths.iter().map(|path| values(document, path)).collect();
    let several = all.iter().filter(|values| values.len() > 1).count();
    let rows = all.iter().map(SmallVec::len).max().unwrap_or(1);
    if several > 1 {
        let aligned = all.iter().all(|it| it.len() == 1 || it.len() == rows);
        let mut lists = paths.iter().zip(&all).filter(|(_, it)| it.len() > 1);
        let first = lists.next().and_then(|(path, _)| path.first());
        let one_list = lists.all(|(path, _)| path.len() > 1 && path.first() == first);
        if !aligned || !one_list {
            return None;
        }
    }
    let mut digests: SmallVec<[KeyDigest; 1]> = SmallVec::new();
    for row in 0..rows {
        let mut hash = Sha256::new();
        for values in &all {
            let value = values.get(row).or_else(|| values.first()).copied();
            feed(&mut hash, value.flatten(), alike);
        }
        let digest = first_bytes(&hash.finalize());
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }
    Some(digests)
}

/// A value as an index compares it.
pub(super) fn feed(hash: &mut Sha256, value: Option<Value<'_>>, alike: Option<&Alike>) {
    let Some(value) = value else {
        hash.update([kind::NULL]);
        return;
    };
    if let Some(alike) = alike
        && fed_alike(hash, value, alike)
    {
        return;
    }
    let number = matches!(value.kind, kind::INT32 | kind::DOUBLE | kind::DECIMAL128);
    let same = number.then(|| Id::from_value(value).canonical());
    let value = same.as_ref().map_or(value, Id::value);
    let length = u32::try_from(value.bytes.len()).unwrap_or(u32::MAX);
    hash.update([value.kind]);
    hash.update(length.to_le_bytes());
    hash.update(value.bytes);
}

/// Feeds what a collation may take for something else: a text, or what holds some. False where it holds none.
fn fed_alike(hash: &mut Sha256, value: Value<'_>, alike: &Alike) -> bool {
    let number = value.as_str().and_then(|text| alike.number(text));
    if let Some(number) = number {
        hash.update([ALIKE]);
        hash.update(number.to_le_bytes());
        return true;
    }
    let Some(inner) = document_or_list(value) else {
        return false;
    };
    hash.update([value.kind]);
    for element in elements(inner).map_while(Result::ok) {
        let length = u32::try_from(element.key.len()).unwrap_or(u32::MAX);
        hash.update(length.to_le_bytes());
        hash.update(element.key);
        feed(hash, Some(element.value), Some(alike));
    }
    hash.update([END]);
    true
}

/// The document or the list that a value is.
pub(super) fn document_or_list(value: Value<'_>) -> Option<&RawDocument> {
    let holds = matches!(value.kind, kind::DOCUMENT | kind::ARRAY);
    let inner = holds.then(|| RawDocument::from_bytes(value.bytes).ok());
    inner.flatten()
}

fn first_bytes<const N: usize>(hash: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&hash[..N]);
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    fn keys(document: &RawDocument, paths: &[&str]) -> Option<Vec<KeyDigest>> {
        let paths: Vec<Vec<&str>> = paths.iter().map(|it| it.split('.').collect()).collect();
        digests(document, &paths, None).map(|it| it.to_vec())
    }

    #[test]
    fn null_and_missing_are_alike_and_an_empty_list_is_neither() {
        let [null, missing, empty] = [rawdoc! { "a": null }, rawdoc! {}, rawdoc! { "a": [] }];
        assert_eq!(keys(&null, &["a"]), keys(&missing, &["a"]));
        assert_ne!(keys(&null, &["a"]), keys(&empty, &["a"]));
        // Below a list that is empty there is nothing.
        assert_eq!(keys(&empty, &["a.b"]), keys(&missing, &["a.b"]));
    }

    #[test]
    fn numbers_are_compared_by_value_and_text_is_no_number() {
        let [int, long, double] = [
            rawdoc! { "a": 1 },
            rawdoc! { "a": 1_i64 },
            rawdoc! { "a": 1.0 },
        ];
        assert_eq!(keys(&int, &["a"]), keys(&long, &["a"]));
        assert_eq!(keys(&int, &["a"]), keys(&double, &["a"]));
        assert_ne!(keys(&int, &["a"]), keys(&rawdoc! { "a": "1" }, &["a"]));
    }

    #[test]
    fn every_member_of_a_list_is_a_key_once() {
        let document = rawdoc! { "a": ["x", "y", "x"], "b": 1 };
        let found = keys(&document, &["b", "a"]).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            keys(&rawdoc! { "b": 1, "a": "y" }, &["b", "a"]).unwrap()[0],
            found[1]
        );
    }

    #[test]
    fn fields_of_one_list_go_together_and_two_lists_are_no_key() {
        let document = rawdoc! { "a": [{ "b": 1, "c": 2 }, { "b": 3, "c": 4 }] };
        assert_eq!(keys(&document, &["a.b", "a.c"]).unwrap().len(), 2);
        assert_eq!(
            keys(&rawdoc! { "a": [1, 2], "b": [1, 2] }, &["a", "b"]),
            None
        );
    }

    #[test]
    fn texts_of_one_group_are_one_value_wherever_they_stand_and_others_are_not() {
        let groups = vec![vec!["Red".to_owned(), "RED".to_owned()]];
        let alike = Alike::of(groups, std::collections::BTreeSet::new());
        let of = |document: &RawDocument| {
            let paths = [vec!["a"], vec!["b", "c"]];
            digests(document, &paths, Some(&alike)).unwrap().to_vec()
        };
        let red = of(&rawdoc! { "a": "Red", "b": { "c": 1 } });
        assert_eq!(red, of(&rawdoc! { "a": "RED", "b": { "c": 1.0 } }));
        assert_ne!(red, of(&rawdoc! { "a": "red", "b": { "c": 1 } }));
        assert_ne!(red, of(&rawdoc! { "a": 0, "b": { "c": 1 } }));
        let inside = |text: &str| rawdoc! { "a": { "x": [text, 1] } };
        assert_eq!(of(&inside("Red")), of(&inside("RED")));
        assert_ne!(of(&inside("Red")), of(&inside("Blue")));
        let listed = rawdoc! { "a": ["Red", "Blue", "RED"] };
        assert_eq!(of(&listed).len(), 2);
    }
}
