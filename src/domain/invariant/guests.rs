//! The proof's own reading of people without a user. It shares no code with [`crate::domain::reference`], on purpose: who a guest is, and what a
//! customer made of one must hold, is worked out here a second time.

use bson::raw::RawDocument;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::domain::email::normalise;
use crate::domain::id::Id;
use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{Guest, Mapping};
use crate::domain::raw::{Value, kind};

/// How a booking says who its guest is.
#[derive(Debug, Clone, Default)]
pub(super) struct ProofGuests {
    identity: Vec<(String, FieldPath)>,
    /// Where a booking has what it says of its guest.
    members: Vec<FieldPath>,
}

/// The member by which a guest is known, and what it says.
pub(super) type Said = (String, String);

impl ProofGuests {
    pub(super) fn of(guest: &Guest) -> Self {
        let mut identity = Vec::new();
        for word in &guest.identity {
            for (name, path) in &guest.members {
                if name == word {
                    identity.push((name.clone(), path.clone()));
                }
            }
        }
        Self {
            identity,
            members: guest.members.iter().map(|(_, path)| path.clone()).collect(),
        }
    }

    /// The top-level fields of a booking that hold what it says.
    pub(super) fn tops(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(FieldPath::top)
    }

    /// Whether all that `one` says of its guest, `other` says too where it means the same guest.
    pub(super) fn says_as_much(&self, one: &RawDocument, other: &RawDocument) -> bool {
        if self.said(one) != self.said(other) {
            return self.said(other).is_some();
        }
        let said = |path: &FieldPath, booking| path.value(booking).is_some_and(|it| !it.is_blank());
        let mut members = self.members.iter();
        members.all(|path| !said(path, one) || said(path, other))
    }

    /// Who the booking's guest is; none where it does not say.
    pub(super) fn said(&self, booking: &RawDocument) -> Option<Said> {
        for (name, path) in &self.identity {
            let Some(value) = path.value(booking) else {
                continue;
            };
            let words = match name.as_str() {
                "email" => match value.as_str() {
                    Some(text) => normalise(text),
                    None => continue,
                },
                "phone" => dialled(&in_words(value)),
                _ => in_lower_case(&in_words(value)),
            };
            if !words.is_empty() {
                return Some((name.clone(), words));
            }
        }
        None
    }
}

/// A text, or a whole number as it is written.
fn in_words(value: Value<'_>) -> String {
    let number = match (value.kind, value.bytes) {
        (kind::STRING, _) => return value.as_str().unwrap_or_default().to_owned(),
        (kind::INT32, bytes) => bytes.try_into().map(i32::from_le_bytes).map(i64::from).ok(),
        (kind::INT64, bytes) => bytes.try_into().map(i64::from_le_bytes).ok(),
        _ => match Id::from_value(value).canonical().value() {
            // Other numbers have one form where they are whole.
            number if number.kind == kind::INT64 => {
                number.bytes.try_into().map(i64::from_le_bytes).ok()
            }
            _ => None,
        },
    };
    number.map_or_else(String::new, |number| {
        number.to_string().trim_start_matches('-').to_owned()
    })
}

/// The digits before an extension.
fn dialled(text: &str) -> String {
    let mut digits = String::new();
    for letter in text.chars() {
        if letter.is_alphabetic() || letter == ';' {
            break;
        }
        if letter.is_ascii_digit() {
            digits.push(letter);
        }
    }
    digits
}

fn in_lower_case(text: &str) -> String {
    let mut words = String::new();
    for word in text
        .nfc()
        .collect::<String>()
        .to_lowercase()
        .split(char::is_whitespace)
    {
        if !word.is_empty() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
    }
    words
}

/// By what links know a guest: the first sixteen bytes of a hash of the business and of what the guest says, with the lengths before.
pub(super) fn known_as(business: &Id, (member, says): &Said) -> Id {
    let business = business.canonical();
    let of_business = business.as_bytes();
    let mut whole = b"ringfence customer 1\0guest".to_vec();
    whole.extend((of_business.len() as u64).to_le_bytes());
    whole.extend(of_business);
    whole.extend((member.len() as u64).to_le_bytes());
    whole.extend(member.bytes());
    whole.extend(says.bytes());
    let hash = Sha256::digest(whole);
    let mut first = [0; 16];
    for (to, from) in first.iter_mut().zip(hash.iter()) {
        *to = *from;
    }
    Id::uuid(first)
}

/// By what links may know the guest of a document at this business: of a booking, or of a document of this followed collection, once for each
/// entry that has guests. Nothing where it does not say who it is.
pub fn guest_known_as(
    mapping: &Mapping,
    business: &Id,
    (collection, document): (Option<&str>, &RawDocument),
) -> Vec<Id> {
    let said = guests_of(mapping, collection).filter_map(|it| ProofGuests::of(it).said(document));
    said.map(|said| known_as(business, &said)).collect()
}

/// How bookings, or the documents of a followed collection, say who their guest is.
pub fn guests_of<'m>(
    mapping: &'m Mapping,
    collection: Option<&'m str>,
) -> impl Iterator<Item = &'m Guest> {
    let own = mapping.booking.following.guest.iter();
    let own = own.filter(move |_| collection.is_none());
    let entries = mapping.follow.iter();
    let entries = entries.filter(move |it| collection == Some(it.collection.as_str()));
    own.chain(entries.flat_map(|it| &it.guest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;
    use crate::domain::reference::GuestPaths;

    #[test]
    fn the_proof_and_what_it_proves_agree_on_who_a_guest_is() {
        let text = "version = 2\n[booking]\ncollection = \"b\"\ncustomer = \"customerId\"\nbusiness = { constant = \"main\" }\nguest = { name = \"who.name\", email = \"mail\", phone = \"tel\", pass = \"pass\" }\nidentity = [\"pass\", \"email\", \"phone\", \"name\"]\n[customer]\ncollection = \"c\"\nbusiness = \"shop\"\n";
        let mapping = Mapping::parse(text).unwrap();
        let theirs = GuestPaths::of(&mapping).unwrap();
        let own = ProofGuests::of(mapping.booking.following.guest.as_ref().unwrap());
        let business = Id::string("main");
        let mut known = Vec::new();
        for booking in [
            rawdoc! { "mail": " \u{c5}sa@B\u{fc}cher.example" },
            rawdoc! { "mail": "a\u{30a}sa@xn--bcher-kva.example" },
            rawdoc! { "mail": " ", "tel": "+49 30 1 ext 5" },
            rawdoc! { "tel": 49_301 },
            rawdoc! { "tel": 49_301.0, "pass": null },
            rawdoc! { "pass": " X  7 ", "mail": "a@b.c" },
            rawdoc! { "pass": 7_i64 },
            rawdoc! { "who": { "name": "\u{a0}Zo\u{e9}  LEE" } },
            rawdoc! { "who": { "name": true }, "tel": "call me" },
        ] {
            let one = theirs.key(&booking).map(|key| key.at(&business));
            let other = own.said(&booking).map(|said| known_as(&business, &said));
            assert_eq!(one, other, "{booking:?}");
            known.extend(one);
        }
        assert_eq!(known.len(), 8);
        assert_eq!(known[0], known[1]);
        assert_eq!(known[2], known[3]);
    }
}
