//! One field of a collection: how often it occurs, and what its values are.

use std::collections::BTreeSet;

use crate::domain::email::is_address;
use crate::domain::id::Id;
use crate::domain::raw::{Value, kind};

/// Distinct values that are kept, to be tried against the ids of other collections.
const VALUES: usize = 400;
/// A text that is longer is no id.
const LONGEST_ID: usize = 64;
/// Values of which there are fewer do not tell a list of words from names.
const MANY: u64 = 20;
/// So many words, at the most, make a list of words to choose from: roles, kinds, states.
const WORDS: usize = 8;
/// How hashes of passwords begin.
const HASHES: [&str; 8] = [
    "$2a$", "$2b$", "$2y$", "$argon2", "$scrypt", "$pbkdf2", "pbkdf2", "$5$",
];

/// What stands in a field.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// Documents that have it, also as null.
    pub documents: u64,
    /// Values that are neither null nor "".
    pub set: u64,
    /// ObjectIds and UUIDs.
    pub ids: u64,
    /// Texts.
    pub texts: u64,
    /// Texts that are e-mail addresses.
    pub addresses: u64,
    /// Texts that begin as hashes of passwords do.
    pub hashes: u64,
    /// Texts with white space inside.
    pub spaced: u64,
    /// Texts without a letter of which most characters are digits.
    pub digits: u64,
    /// Dates, and texts that begin as dates do.
    pub dates: u64,
    /// Numbers.
    pub numbers: u64,
    /// True and false.
    pub truths: u64,
    /// Embedded documents.
    pub inner: u64,
    /// Arrays.
    pub lists: u64,
    /// Texts that are too long to be kept with the distinct values.
    long: u64,
    /// Its arrays hold documents.
    pub list_of_documents: bool,
    /// Distinct values that may be ids.
    values: BTreeSet<Id>,
    last: u64,
}

impl Field {
    /// Counts the document of this number, once.
    pub(super) fn occurs_in(&mut self, document: u64) {
        if self.last != document {
            self.last = document;
            self.documents += 1;
        }
    }

    /// Takes a value.
    pub(super) fn take(&mut self, value: Value<'_>) {
        if value.kind == kind::NULL || value.as_str() == Some("") {
            return;
        }
        self.set += 1;
        let mut may_be_id = false;
        match value.kind {
            kind::OBJECT_ID => {
                self.ids += 1;
                may_be_id = true;
            }
            kind::BINARY => {
                let uuid = Id::from_value(value).as_uuid().is_some();
                self.ids += u64::from(uuid);
                may_be_id = uuid;
            }
            kind::STRING => {
                let text = value.as_str().unwrap_or_default();
                self.take_text(text);
                may_be_id = text.len() <= LONGEST_ID;
                self.long += u64::from(!may_be_id);
            }
            kind::DATE => self.dates += 1,
            kind::INT32 | kind::INT64 => {
                self.numbers += 1;
                may_be_id = true;
            }
            kind::DOUBLE | kind::DECIMAL128 => self.numbers += 1,
            kind::BOOLEAN => self.truths += 1,
            kind::DOCUMENT => self.inner += 1,
            _ => {}
        }
        if may_be_id && self.values.len() < VALUES {
            self.values.insert(Id::from_value(value));
        }
    }

    fn take_text(&mut self, text: &str) {
        self.texts += 1;
        self.addresses += u64::from(is_address(text));
        self.hashes += u64::from(HASHES.iter().any(|begins| text.starts_with(begins)));
        self.spaced += u64::from(text.trim().contains(char::is_whitespace));
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let spelt = text.chars().any(char::is_alphabetic);
        self.digits += u64::from(!spelt && digits * 2 > text.chars().count());
        self.dates += u64::from(begins_as_date(text));
    }

    /// Distinct values that may be ids; some of them, where there are many.
    pub fn values(&self) -> impl Iterator<Item = &Id> {
        self.values.iter()
    }

    /// How many different words stand here, where so many values are so few words that one chooses from a list: a role, a kind, a state.
    pub fn few_words(&self) -> Option<usize> {
        let words = self.values.len();
        let few = self.set >= MANY && words <= WORDS && self.set >= 5 * words as u64;
        (few && self.long == 0 && self.texts == self.set).then_some(words)
    }

    /// True where at least half of the values are so.
    pub fn mostly(&self, count: u64) -> bool {
        self.set > 0 && count * 2 >= self.set
    }
}

/// `2024-05-01…`, as dates are written that were kept as text.
fn begins_as_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    digits(0..4)
        && bytes.get(4) == Some(&b'-')
        && digits(5..7)
        && bytes.get(7) == Some(&b'-')
        && digits(8..10)
}
