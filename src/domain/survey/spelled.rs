//! A user's id however it is spelled: what keeps a user from leaving is looked for in more forms than those by which references are joined.

use smallvec::SmallVec;

use super::Survey;
use super::facts::UserIx;
use crate::domain::id::Id;
use crate::domain::raw::kind;

/// The shortest and the longest text of a UUID: 32 digits alone, and `urn:uuid:` before a hyphenated one, with some room for white space.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=64;

impl Survey {
    /// The user whom a value names, in whatever spelling.
    pub(in crate::domain) fn find_user_as_spelled(&self, reference: &Id) -> Option<UserIx> {
        let found = self.find_user(reference);
        let found = found.or_else(|| {
            let spelled = as_usual(reference);
            spelled.iter().find_map(|id| self.find_user(id))
        });
        found.map(|found| found.at)
    }
}

/// The ids of the usual types that a value may stand for: a UUID without hyphens, in braces or as a URN; binary data of another subtype, in the
/// orders of bytes in which drivers wrote UUIDs.
fn as_usual(reference: &Id) -> SmallVec<[Id; 3]> {
    let mut all = SmallVec::new();
    let value = reference.value();
    if let Some(text) = reference.as_str() {
        if LENGTHS.contains(&text.len()) {
            let uuid = bson::Uuid::parse_str(text.trim().to_ascii_lowercase());
            all.extend(uuid.ok().map(|uuid| Id::uuid(uuid.bytes())));
        }
        return all;
    }
    let bytes = value.bytes.get(5..).unwrap_or_default();
    if value.kind != kind::BINARY {
        return all;
    }
    if let Ok(bytes) = <[u8; 12]>::try_from(bytes) {
        all.push(Id::object_id(bytes));
    }
    if let Ok(bytes) = <[u8; 16]>::try_from(bytes) {
        all.push(Id::uuid(bytes));
        let (mut halves, mut groups) = (bytes, bytes);
        halves[..8].reverse();
        halves[8..].reverse();
        all.push(Id::uuid(halves));
        groups[..4].reverse();
        groups[4..6].reverse();
        groups[6..8].reverse();
        all.push(Id::uuid(groups));
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;
    use crate::domain::raw::get;

    #[test]
    fn a_uuid_is_known_without_hyphens_in_braces_as_a_urn_and_in_each_order_of_bytes() {
        let uuid = bson::Uuid::parse_str("00112233-4455-6677-8899-aabbccddeeff").unwrap();
        let id = Id::uuid(uuid.bytes());
        for text in [
            "00112233445566778899aabbccddeeff",
            "{00112233-4455-6677-8899-AABBCCDDEEFF}",
            " urn:uuid:00112233-4455-6677-8899-aabbccddeeff",
        ] {
            assert_eq!(
                as_usual(&Id::string(text))[..],
                *std::slice::from_ref(&id),
                "{text}"
            );
        }
        for order in [
            "00112233445566778899aabbccddeeff",
            "7766554433221100ffeeddccbbaa9988",
            "33221100554477668899aabbccddeeff",
        ] {
            let bytes = hex::decode(order).unwrap();
            for subtype in [0, 3] {
                let subtype = bson::spec::BinarySubtype::from(subtype);
                let held = rawdoc! { "is": bson::Binary { subtype, bytes: bytes.clone() } };
                let held = Id::from_value(get(&held, "is").unwrap());
                assert!(as_usual(&held).contains(&id), "{order}");
            }
        }
        assert!(as_usual(&Id::string("no id at all, though long enough to be one")).is_empty());
    }
}
