//! A user's id however it is spelled: what keeps a user from leaving is looked for in more forms than those by which references are joined.

use smallvec::SmallVec;

use super::Survey;
use super::facts::UserIx;
use crate::domain::id::Id;
use crate::domain::raw::kind;

/// The shortest and the longest text of a UUID: 32 digits alone, and `urn:uuid:` before a hyphenated one, with some room for white space.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=64;

/// Text ids of fewer bytes are looked for as whole values alone: a longer text may hold them by chance.
pub(in crate::domain) const SHORTEST_WITHIN: usize = 8;
/// Text ids of more bytes are looked for as whole values alone.
const LONGEST_WITHIN: usize = 256;
/// The digits of an ObjectId and of a UUID, and the length of the latter's usual text.
const OBJECT_ID: usize = 24;
const UUID: usize = 32;
const HYPHENATED: usize = 36;

/// How long the users' text ids are, of those that are looked for within other text.
#[derive(Debug)]
pub(in crate::domain) struct Lengths {
    are: [bool; LONGEST_WITHIN + 1],
    any: bool,
}

impl Survey {
    /// See [`Lengths`].
    pub(in crate::domain) fn lengths_of_text_ids(&self) -> Lengths {
        let mut lengths = Lengths {
            are: [false; LONGEST_WITHIN + 1],
            any: false,
        };
        for (id, _) in self.users.iter() {
            let text = id.as_str().filter(|text| text.len() >= SHORTEST_WITHIN);
            // What is the text of an usual id is found as such.
            if let Some(text) = text.filter(|_| id.other_form().is_none())
                && let Some(is) = lengths.are.get_mut(text.len())
            {
                (*is, lengths.any) = (true, true);
            }
        }
        lengths
    }

    /// The users whose ids stand somewhere within a text, whatever stands around them: digits of an ObjectId or a UUID, and text ids that begin and
    /// end where a word does.
    pub(in crate::domain) fn find_users_within(
        &self,
        text: &[u8],
        lengths: &Lengths,
    ) -> Vec<UserIx> {
        let mut found = Vec::new();
        let mut is = |id: &Id| found.extend(self.find_user(id).map(|found| found.at));
        let mut at = 0;
        while at < text.len() {
            let run = text[at..].iter().take_while(|it| it.is_ascii_hexdigit());
            let run = run.count();
            for part in text[at..at + run].windows(OBJECT_ID) {
                if let Ok(Ok(id)) = hex::decode(part).map(<[u8; 12]>::try_from) {
                    is(&Id::object_id(id));
                }
            }
            for part in text[at..at + run].windows(UUID) {
                if let Ok(Ok(id)) = hex::decode(part).map(<[u8; 16]>::try_from) {
                    is(&Id::uuid(id));
                }
            }
            at += run + 1;
        }
        for part in text.windows(HYPHENATED) {
            let hyphens = [8, 13, 18, 23];
            if hyphens.iter().all(|at| part[*at] == b'-')
                && let Ok(part) = std::str::from_utf8(part)
                && let Ok(uuid) = bson::Uuid::parse_str(part)
            {
                is(&Id::uuid(uuid.bytes()));
            }
        }
        if lengths.any {
            for part in parts(text, lengths) {
                is(&Id::string(part));
            }
        }
        found
    }

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

/// True where a text id may begin or end: beside something that is no letter and no digit, or is no ASCII.
fn parts_words(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

/// The parts of a text that are as long as some text id, and that begin and end where a word does.
fn parts<'t>(text: &'t [u8], lengths: &'t Lengths) -> impl Iterator<Item = &'t str> {
    let of = |from: usize| (from.checked_sub(1)).and_then(|before| text.get(before));
    let begins = move |from: &usize| parts_words(of(*from)) || parts_words(text.get(*from));
    let ends = move |to: usize| parts_words(text.get(to)) || parts_words(of(to));
    let from = (0..text.len()).filter(begins);
    let all = from.flat_map(move |from| {
        let most = LONGEST_WITHIN.min(text.len() - from);
        let long = (SHORTEST_WITHIN..=most).filter(|length| lengths.are[*length]);
        let to = long.map(move |length| from + length);
        to.filter(move |to| ends(*to)).map(move |to| from..to)
    });
    let whole = move |part: &std::ops::Range<usize>| part.len() < text.len();
    let all = all.filter(whole);
    all.filter_map(|part| std::str::from_utf8(&text[part]).ok())
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
