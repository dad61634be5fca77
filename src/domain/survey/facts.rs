//! What the survey keeps of each document: identities, hashes and flags, never names or addresses.

use std::borrow::Cow;

use bson::raw::RawDocument;
use sha2::{Digest as _, Sha256};

use crate::domain::email;
use crate::domain::id::Id;
use crate::domain::mapping::{Customers, Evidence, UserRole};
use crate::domain::phone;
use crate::domain::raw::{Value, elements, kind};
use crate::domain::text::is_unsafe;

/// Index of a user in the survey.
pub type UserIx = usize;
/// Index of a business in the survey.
pub type BusinessIx = usize;

/// 128 bits of SHA-256.
pub fn hash128(bytes: &[u8]) -> u128 {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    u128::from_le_bytes(half)
}

/// A digest of a set of members that does not depend on the order they come in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemberDigest(u128);

impl MemberDigest {
    /// Adds a member.
    pub fn add(&mut self, member: &[u8]) {
        self.0 = self.0.wrapping_add(hash128(member));
    }

    /// Adds the members of another one.
    pub fn join(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// The digest's bytes.
    pub fn bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

/// What is kept of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // independent findings, not states of one thing
pub struct UserFacts {
    /// Hash of the e-mail by which duplicates are found; 0 where there is none to compare.
    pub email: u128,
    /// Creation date in milliseconds; `i64::MAX` where there is none.
    pub created: i64,
    /// How many of the completeness fields are not blank.
    pub filled: u8,
    /// Has a password, owns a business, or is named in an account collection.
    pub account: bool,
    /// The name is blank.
    pub name_blank: bool,
    /// The e-mail is blank.
    pub email_blank: bool,
    /// The e-mail is not blank and not an address.
    pub email_odd: bool,
    /// The e-mail is a string that is not empty: what a partial index on `{$gt: ""}` covers.
    pub email_indexed: bool,
    /// Some contact field is not blank.
    pub contact: bool,
    /// A copied field holds text that could fool a screen.
    pub unsafe_text: bool,
    /// The e-mail is not in its usual spelling.
    pub email_spelled: bool,
    /// The end of a hash of the mailbox behind the e-mail: candidates for one mailbox; 0 where there is none.
    pub mailbox_tail: u32,
    /// The phone number's last digits ([`phone::tail`]): candidates for equal numbers; 0 where there is none.
    pub phone_tail: u32,
    /// How the password stands.
    pub password: Password,
    /// Something else than a password shows that they may sign in.
    pub verified: bool,
    /// A customer by nature, where the mapping says it by a filter, or of everybody.
    pub by_filter: bool,
    /// Soft-deleted.
    pub deleted: bool,
}

/// How a password stands. Missing, null and "" are all "no password"; Prisma's `where: {hashedPassword: null}` finds only one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Password {
    /// The field is missing.
    #[default]
    Missing,
    /// The field is null.
    Null,
    /// The field is "".
    Empty,
    /// Anything else.
    Set,
}

impl UserFacts {
    /// Reads them off a user document.
    pub fn of(document: &RawDocument, role: &UserRole) -> Self {
        let mut facts = Self {
            created: i64::MAX,
            name_blank: true,
            email_blank: true,
            ..Self::default()
        };
        let view = role.view(document);
        if let Cow::Owned(_) = view {
            facts.take_signs(document, role);
        }
        let in_place = matches!(view, Cow::Borrowed(_));
        let mut seen: Vec<&[u8]> = Vec::with_capacity(10);
        for element in elements(&view).map_while(Result::ok) {
            let (key, value) = (element.key, element.value);
            let is = |field: &str| key == field.as_bytes();
            let copied = is(&role.name) || is(&role.email) || role.contact.iter().any(|f| is(f));
            let other =
                is(&role.created) || in_place && role.passwords.iter().any(|path| is(path.top()));
            let shows = in_place && role.evidence.iter().any(|it| it.top().is_some_and(is));
            if !(copied || other || shows) || seen.contains(&key) {
                continue; // of a repeated key the first one counts, as for the server
            }
            seen.push(key);
            for (at, path) in role.passwords.iter().enumerate() {
                if other && is(path.top()) {
                    facts.take_password(at, path.value_under(value));
                }
            }
            for evidence in &role.evidence {
                if let Evidence::Field(path) = evidence
                    && shows
                    && is(path.top())
                {
                    facts.verified |= path.value_under(value).is_some_and(is_set);
                }
            }
            let blank = value.is_blank();
            facts.filled += u8::from(copied && !blank);
            facts.unsafe_text |= copied && value.as_str().is_some_and(is_unsafe);
            if role.phone.as_bytes() == key {
                facts.phone_tail = value.as_str().map_or(0, phone::tail);
            }
            if is(&role.name) {
                facts.name_blank = blank;
            } else if is(&role.email) {
                facts.email_blank = blank;
                facts.take_email(value);
            } else if is(&role.created) {
                facts.created = value.as_date().unwrap_or(i64::MAX);
            } else if copied {
                facts.contact |= !blank;
            }
        }
        facts.verified |= role.evidence.iter().any(|it| match it {
            Evidence::Field(_) => false,
            Evidence::Filter(filter) => filter.lets_in(document),
        });
        facts.deleted = role.deleted.iter().any(|filter| filter.lets_in(document));
        facts.by_filter = match &role.customers {
            Customers::NoPassword => false,
            Customers::Everybody => true,
            Customers::Filter(filter) => filter.lets_in(document),
        };
        facts
    }

    /// Passwords and evidence, which a view does not hold.
    fn take_signs(&mut self, document: &RawDocument, role: &UserRole) {
        for (at, path) in role.passwords.iter().enumerate() {
            self.take_password(at, path.value(document));
        }
        for evidence in &role.evidence {
            if let Evidence::Field(path) = evidence {
                self.verified |= path.value(document).is_some_and(is_set);
            }
        }
    }

    /// Any password counts; where none is set, the first field says how it is absent.
    fn take_password(&mut self, at: usize, value: Option<Value<'_>>) {
        let Some(value) = value else { return };
        let found = password(value);
        if found == Password::Set || at == 0 && self.password != Password::Set {
            self.password = found;
        }
        self.account |= found == Password::Set;
    }

    /// Takes all that is known of the e-mail of another one.
    pub(super) fn take_email_of(&mut self, other: &Self) {
        self.email = other.email;
        self.email_blank = other.email_blank;
        self.email_odd = other.email_odd;
        self.email_indexed = other.email_indexed;
        self.email_spelled = other.email_spelled;
        self.mailbox_tail = other.mailbox_tail;
    }

    pub(super) fn take_email(&mut self, value: Value<'_>) {
        match value.as_str() {
            Some("") => {}
            Some(text) => {
                self.email_indexed = true;
                let normal = email::normalise(text);
                self.email = hash_of_normal(&normal, text);
                if self.email_blank {
                    return;
                }
                self.email_odd = !email::is_address(text);
                self.email_spelled = email::spelled(text) != text;
                if !self.email_odd {
                    let mailbox = email::mailbox(&normal);
                    let hash = mailbox.map_or(self.email, |it| hash_of_normal(&it, text));
                    self.mailbox_tail = tail_of(hash);
                }
            }
            None => self.email_odd = value.kind != kind::NULL,
        }
    }
}

/// True for a value that says something: neither null, nor "", nor false.
pub fn is_set(value: Value<'_>) -> bool {
    let no = value.kind == kind::BOOLEAN && value.bytes == [0];
    value.kind != kind::NULL && value.as_str() != Some("") && !no
}

fn password(value: Value<'_>) -> Password {
    match value.as_str() {
        Some("") => Password::Empty,
        None if value.kind == kind::NULL => Password::Null,
        _ => Password::Set,
    }
}

/// The hash by which e-mails of one business are compared. A text of white space alone has no normal form; the unique index would still
/// hold two equal ones apart, so it is compared as it is.
pub fn email_hash(text: &str) -> u128 {
    hash_of_normal(&email::normalise(text), text)
}

/// The hash of an e-mail by which a document names users; none where the text says nothing.
pub fn naming_hash(text: &str) -> Option<u128> {
    (!text.trim().is_empty()).then(|| email_hash(text))
}

fn hash_of_normal(normal: &str, text: &str) -> u128 {
    let hash = if normal.is_empty() {
        hash128(format!("blank\0{text}").as_bytes())
    } else {
        hash128(normal.as_bytes())
    };
    hash.max(1) // 0 says "none"
}

/// The hash of the mailbox behind an e-mail.
pub fn mailbox_hash(text: &str) -> u128 {
    let normal = email::normalise(text);
    let mailbox = email::mailbox(&normal);
    hash_of_normal(mailbox.as_deref().unwrap_or(&normal), text)
}

/// The end of a hash; never 0.
fn tail_of(hash: u128) -> u32 {
    let [one, two, three, four, ..] = hash.to_le_bytes();
    u32::from_le_bytes([one, two, three, four]).max(1)
}

/// The identity of a document; `None` where `_id` is missing, which a server never lets happen.
pub fn id_of(document: &RawDocument) -> Option<Id> {
    crate::domain::raw::get(document, "_id").map(Id::from_value)
}
