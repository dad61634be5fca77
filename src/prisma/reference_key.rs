//! What a reference is compared by: an ObjectId as it is, anything else as a digest, so that every row of a table has one width.

use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::index_key::feed;
use super::judge::Judged;
use super::schema::Scalar;
use super::shape::Holds;
use crate::domain::raw::{Value, kind, string_bytes};

/// An id, or what a reference holds: an ObjectId as it is, anything else as a digest.
pub(super) type IdKey = [u8; 13];

/// The key of values that together name a document.
pub(super) fn id_key(values: &[Value<'_>]) -> IdKey {
    let mut key = [0xFF; 13];
    if let [value] = values
        && value.kind == kind::OBJECT_ID
        && value.bytes.len() == 12
    {
        key[0] = kind::OBJECT_ID;
        key[1..].copy_from_slice(value.bytes);
        return key;
    }
    let mut hash = Sha256::new();
    for value in values {
        feed(&mut hash, Some(*value), None);
    }
    key[1..].copy_from_slice(&hash.finalize()[..12]);
    key
}

/// The key of what is stored; `None` where a part of it is missing or null.
pub(super) fn stored_key(judged: &Judged<'_>, places: &[usize]) -> Option<IdKey> {
    let mut values = SmallVec::<[Value<'_>; 2]>::new();
    for place in places {
        let value = judged.values.get(*place).copied().flatten();
        values.push(value.filter(|value| value.kind != kind::NULL)?);
    }
    Some(id_key(&values))
}

/// The key of what a client reads and then asks for: an ObjectId under a plain String is asked for as text.
pub(super) fn read_key(values: &[(Holds, Value<'_>)]) -> IdKey {
    let as_text = |(of, value): &(Holds, Value<'_>)| {
        *of == Holds::Scalar(Scalar::Text) && value.kind == kind::OBJECT_ID
    };
    let texts: SmallVec<[Vec<u8>; 2]> = values
        .iter()
        .map(|value| {
            let id = as_text(value).then(|| hex::encode(value.1.bytes));
            id.map_or_else(Vec::new, |id| string_bytes(&id))
        })
        .collect();
    let read = values.iter().zip(&texts).map(|(value, text)| {
        let text = Value {
            kind: kind::STRING,
            bytes: text,
        };
        if as_text(value) { text } else { value.1 }
    });
    let read: SmallVec<[Value<'_>; 2]> = read.collect();
    id_key(&read)
}
