//! Merging: which of several users gives a customer its values, and how blanks are filled.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use sha2::{Digest, Sha256};

use super::id::Id;
use super::link::{BETWEEN, BOOKINGS, Between, LinkKind};
use super::mapping::{Given, Mapping};
use super::raw::{Builder, Element, Value, blank, elements, get, kind, string_bytes};

/// The name of a customer whose user has none.
pub const UNKNOWN_CUSTOMER: &str = "Unknown Customer";

macro_rules! survivors {
    ($($(#[$more:meta])* $variant:ident, $word:literal, $says:literal;)*) => {
        /// Which of several records gives a merged customer its values; blanks are filled from the others, in the same order.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Survivor {
            $($(#[$more])* #[doc = $says] $variant,)*
        }

        impl Survivor {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in the decisions file.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What it means, as a sentence without a full stop.
            pub fn says(self) -> &'static str {
                match self { $(Self::$variant => $says),* }
            }

            /// The rule of that word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.word() == word)
            }
        }
    };
}

survivors! {
    #[default]
    MostComplete, "most-complete", "the record with the fewest blank fields comes first, then the oldest";
    Oldest, "oldest", "the record that was created first comes first, then the most complete";
    Newest, "newest", "the record that was created last comes first, then the most complete";
    MostBookings, "most-bookings", "the record with the most bookings at the business comes first, then the most complete";
}

/// What the order of survivors rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The user.
    pub id: Id,
    /// How many of the completeness fields are not blank.
    pub filled: u8,
    /// Creation date; `i64::MAX` where there is none.
    pub created: i64,
    /// Bookings at the business.
    pub bookings: u64,
    /// Soft-deleted: never before one who is not.
    pub deleted: bool,
}

/// The places of `candidates` with the survivor first. Whatever the rule, the most complete, then the oldest, then the smallest `_id` decides
/// between equals; a record without a creation date is neither the oldest nor the newest.
pub fn ranked(candidates: &[Candidate], rule: Survivor) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    let key = |at: usize| {
        let it = &candidates[at];
        let first = match rule {
            Survivor::MostComplete => 0,
            Survivor::Oldest => i128::from(it.created),
            Survivor::Newest if it.created == i64::MAX => i128::from(i64::MAX),
            Survivor::Newest => -i128::from(it.created),
            Survivor::MostBookings => -i128::from(it.bookings),
        };
        (it.deleted, first, Reverse(it.filled), it.created)
    };
    places.sort_by(|one, other| {
        key(*one)
            .cmp(&key(*other))
            .then_with(|| candidates[*one].id.cmp(&candidates[*other].id))
    });
    places
}

/// What a customer holds who stands for somebody without telling whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Placeholder {
    /// The earliest creation date of the bookings, where there is one.
    pub created: Option<i64>,
}

/// How a customer is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Values typed by hand for the customer, by field.
    pub set: BTreeMap<String, String>,
    /// Whose value it takes, by field.
    pub pick: BTreeMap<String, Id>,
    /// Leave the e-mail out: another customer of the business keeps it.
    pub without_email: bool,
    /// Copy name and e-mail alone.
    pub narrow: bool,
    /// Made of a soft-deleted user: inactive, where customers have such a field.
    pub deleted: bool,
    /// A placeholder: nothing of the user.
    pub placeholder: Option<Placeholder>,
    /// The users whose e-mail is written in its usual spelling.
    pub spelled: Vec<Id>,
}

impl Rules {
    /// What the customer's link says of how it came about.
    pub fn link_kind(&self) -> LinkKind {
        if self.placeholder.is_some() {
            LinkKind::Placeholder
        } else if self.narrow {
            LinkKind::Narrow
        } else {
            LinkKind::Created
        }
    }

    /// True where the link has to keep values that the customer does not have. A narrow customer leaves its user's contact fields where they
    /// are, so nothing is lost there but the spelling of an e-mail; of a placeholder everything stays with the user.
    pub fn loses(&self) -> bool {
        self.placeholder.is_none() && (!self.narrow || !self.spelled.is_empty())
    }

    /// A member's e-mail as the customer gets it, where that is another text.
    fn respelled(&self, member: &RawDocument, email: Value<'_>) -> Option<String> {
        let id = Id::from_value(get(member, "_id")?).canonical();
        self.spelled.iter().find(|user| user.canonical() == id)?;
        let text = email.as_str().filter(|text| !text.trim().is_empty())?;
        Some(super::email::spelled(text)).filter(|spelled| spelled != text)
    }
}

/// A field of a customer-to-be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged<'a> {
    /// Typed by hand.
    Typed(&'a str),
    /// The value of the member at this place, as it stands there.
    From(usize, Value<'a>),
    /// Nobody has a value, or the one that was picked has none: the field is left out.
    Absent,
}

/// What `field` of the customer made of `members`, survivor first, will be.
pub fn merged<'a>(members: &[&'a RawDocument], rules: &'a Rules, field: &str) -> Merged<'a> {
    if let Some(text) = rules.set.get(field) {
        return Merged::Typed(text);
    }
    let value = |at: usize| get(members.get(at)?, field).map(|value| Merged::From(at, value));
    let picked = rules.pick.get(field).and_then(|user| {
        members
            .iter()
            .position(|member| get(member, "_id").is_some_and(|id| Id::from_value(id) == *user))
    });
    let at = picked.or_else(|| {
        (0..members.len()).find(|at| get(members[*at], field).is_some_and(|it| !it.is_blank()))
    });
    value(at.unwrap_or(0)).unwrap_or(Merged::Absent)
}

/// The customer document made of `members`, survivor first. Field order and what is left out: DESIGN §3.
pub fn customer(
    mapping: &Mapping,
    id: &Id,
    business: &Id,
    members: &[&RawDocument],
    rules: &Rules,
) -> RawDocumentBuf {
    if let Some(of) = rules.placeholder {
        return placeholder(mapping, id, business, of.created);
    }
    let role = &mapping.user;
    let mut document = Builder::new(members.first().map_or(64, |first| first.as_bytes().len()));
    document.value("_id", id.value());
    document.value(&mapping.customer.business, business.value());
    for field in role.completeness() {
        let contact = field != role.name && field != role.email;
        if (rules.narrow && contact) || (rules.without_email && field == role.email) {
            continue;
        }
        let typed;
        let value = match merged(members, rules, field) {
            Merged::Typed(text) => {
                typed = string_bytes(text);
                Some(Value {
                    kind: kind::STRING,
                    bytes: &typed,
                })
            }
            Merged::From(at, value) => {
                let respelled = members.get(at).filter(|_| field == role.email);
                match respelled.and_then(|member| rules.respelled(member, value)) {
                    None => Some(value),
                    Some(text) => {
                        typed = string_bytes(&text);
                        Some(Value {
                            kind: kind::STRING,
                            bytes: &typed,
                        })
                    }
                }
            }
            Merged::Absent => None,
        };
        if field == role.name && blank(value) {
            document.string(field, UNKNOWN_CUSTOMER);
        } else if let Some(value) = value {
            document.value(field, value);
        }
    }
    if let Some(value) = earliest(members, &role.created) {
        document.value(&role.created, value);
    }
    let deleted = members.first().filter(|_| rules.deleted);
    with_given(mapping, document.finish(), deleted.copied())
}

/// A new customer with what the mapping gives to fields that nothing else wrote.
fn with_given(
    mapping: &Mapping,
    customer: RawDocumentBuf,
    deleted: Option<&RawDocument>,
) -> RawDocumentBuf {
    let given = &mapping.customer;
    if given.defaults.is_empty() && given.nulls.is_empty() {
        return customer;
    }
    let mut document = Builder::new(customer.as_bytes().len() + 64);
    for element in elements(&customer).map_while(Result::ok) {
        document.element(&element);
    }
    let lacks = |field: &str| get(&customer, field).is_none();
    for (field, value) in given.defaults.iter().filter(|(field, _)| lacks(field)) {
        let own = deleted.and_then(|user| mapping.user.deleted_by(field, user));
        if let Some(own) = own {
            document.value(field, own);
        } else if deleted.is_some()
            && *value == Given::Boolean(true)
            && mapping.user.says_active(field)
        {
            document.whole(&Given::Boolean(false).under(field));
        } else {
            document.whole(&value.under(field));
        }
    }
    let has_default = |field: &String| given.defaults.iter().any(|(name, _)| name == field);
    for field in given.nulls.iter().filter(|field| lacks(field)) {
        if !has_default(field) {
            let own = deleted.and_then(|user| mapping.user.deleted_by(field, user));
            document.value(field, own.unwrap_or(NULL));
        }
    }
    document.finish()
}

const NULL: Value<'_> = Value {
    kind: kind::NULL,
    bytes: &[],
};

/// The earliest date; where nobody has one, the survivor's value as it is.
pub fn earliest<'a>(members: &[&'a RawDocument], field: &str) -> Option<Value<'a>> {
    let dates = members.iter().filter_map(|member| get(member, field));
    dates
        .filter_map(|value| value.as_date().map(|date| (date, value)))
        .min_by_key(|(date, _)| *date)
        .map(|(_, value)| value)
        .or_else(|| get(members.first()?, field))
}

/// The link of a customer: whose data it holds, and what a merge lost.
pub struct Link<'a> {
    /// The customer's `_id`.
    pub customer: &'a Id,
    /// Its business, where known.
    pub business: Option<&'a Id>,
    /// How the customer came about: `created`, `placeholder`, `existing`.
    pub kind: LinkKind,
    /// The users, in `_id` order; for a placeholder the value that names nobody.
    pub users: Vec<Id>,
    /// The guests, by their own ids and in their order.
    pub guests: Vec<Id>,
    /// The bookings that say who these are, where the customer was made of them.
    pub bookings: Vec<Between>,
    /// The documents on the way to a user of whose fields the customer got some.
    pub between: Vec<Between>,
    /// The customer as the migration makes it; `None` for one that was there before, whose original is kept.
    pub made: Option<&'a RawDocument>,
    /// When the oldest of its users or bookings was made, where a rule of the after-schema dates the customer by it.
    pub oldest: Option<i64>,
}

/// The link's document. `lost` are the members of a merge with the customer made of them: each member's values that the customer does not
/// have are kept.
pub fn link(
    mapping: &Mapping,
    link: &Link<'_>,
    lost: Option<(&RawDocument, &[&RawDocument])>,
) -> RawDocumentBuf {
    let mut document = Builder::new(128);
    document.value("_id", link.customer.value());
    if let Some(business) = link.business {
        document.value(&mapping.customer.business, business.value());
    }
    document.string("kind", link.kind.word());
    document.array("users", link.users.iter().map(Id::value));
    if !link.guests.is_empty() {
        document.array("guests", link.guests.iter().map(Id::value));
    }
    Between::write(BETWEEN, &link.between, &mut document);
    Between::write(BOOKINGS, &link.bookings, &mut document);
    if let Some(made) = link.made {
        document.document(MADE, &made_digests(link.customer, made));
    }
    if let Some(oldest) = link.oldest {
        let bytes = &oldest.to_le_bytes();
        let kind = kind::DATE;
        document.value(OLDEST, Value { kind, bytes });
    }
    if let Some((customer, members)) = lost {
        let values: Vec<_> = members
            .iter()
            .filter_map(|member| losing_values(mapping, link.kind, customer, member))
            .collect();
        if !values.is_empty() {
            document.array(
                "lost",
                values.iter().map(|values| Value {
                    kind: kind::DOCUMENT,
                    bytes: values.as_bytes(),
                }),
            );
        }
    }
    document.finish()
}

/// The link's field that says what its customer was made with.
pub const MADE: &str = "made";

/// The link's field that says when the oldest of its customer's users or bookings was made, where the customer is dated by it.
const OLDEST: &str = "oldest";

/// What a link says of that.
pub fn dated_by(link: &RawDocument) -> Option<i64> {
    get(link, OLDEST)?.as_date()
}

/// A digest of every field of a customer as it is made, so that a rollback can tell what the application changed since without keeping
/// the values. The customer's `_id` goes in, so that equal values of two customers do not look alike.
fn made_digests(customer: &Id, made: &RawDocument) -> RawDocumentBuf {
    let mut digests = Builder::new(256);
    for element in elements(made).map_while(Result::ok) {
        if element.key != b"_id" {
            digests.digest(element.key, field_digest(customer, &element));
        }
    }
    digests.finish()
}

/// See [`MADE`].
pub fn field_digest(customer: &Id, element: &Element<'_>) -> [u8; 8] {
    let mut hash = Sha256::new();
    hash.update(customer.as_bytes());
    hash.update(element.whole);
    let hash: [u8; 32] = hash.finalize().into();
    let mut short = [0; 8];
    short.copy_from_slice(&hash[..8]);
    short
}

fn losing_values(
    mapping: &Mapping,
    link: LinkKind,
    customer: &RawDocument,
    member: &RawDocument,
) -> Option<RawDocumentBuf> {
    let mut values = Builder::new(64);
    let mut any = false;
    let role = &mapping.user;
    // Of a narrow customer the contact fields stay with the user.
    let stays = |field: &str| link == LinkKind::Narrow && field != role.name && field != role.email;
    for field in role.copied().filter(|field| !stays(field)) {
        if let Some(value) = get(member, field)
            && get(customer, field) != Some(value)
        {
            values.value(field, value);
            any = true;
        }
    }
    let mut document = Builder::new(64);
    document.value("user", get(member, "_id")?);
    document.document("values", &values.finish());
    any.then(|| document.finish())
}

/// The placeholder for bookings whose user is missing.
pub fn placeholder(
    mapping: &Mapping,
    id: &Id,
    business: &Id,
    created: Option<i64>,
) -> RawDocumentBuf {
    let mut document = Builder::new(96);
    document.value("_id", id.value());
    document.value(&mapping.customer.business, business.value());
    if !mapping.user.name.is_empty() {
        document.string(&mapping.user.name, UNKNOWN_CUSTOMER);
    }
    if let Some(created) = created.filter(|_| !mapping.user.created.is_empty()) {
        document.value(
            &mapping.user.created,
            Value {
                kind: kind::DATE,
                bytes: &created.to_le_bytes(),
            },
        );
    }
    with_given(mapping, document.finish(), None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    fn mapping() -> Mapping {
        Mapping::parse(crate::domain::mapping::DEFAULT).unwrap()
    }

    #[test]
    fn blanks_are_filled_from_the_others_and_the_earliest_date_wins() {
        let late = bson::DateTime::from_millis(9);
        let early = bson::DateTime::from_millis(3);
        let survivor =
            rawdoc! { "_id": 1, "name": "Ann", "phone": " ", "city": null, "createdAt": late };
        let other = rawdoc! { "_id": 2, "name": "Anne", "phone": "1", "createdAt": early };
        let made = customer(
            &mapping(),
            &Id::string("c"),
            &Id::string("b"),
            &[&survivor, &other],
            &Rules::default(),
        );
        assert_eq!(
            made,
            rawdoc! { "_id": "c", "businessId": "b", "name": "Ann", "phone": "1", "city": null, "createdAt": early }
        );
        let link = Link {
            customer: &Id::string("c"),
            business: Some(&Id::string("b")),
            kind: LinkKind::Created,
            users: vec![],
            guests: Vec::new(),
            bookings: Vec::new(),
            between: Vec::new(),
            made: None,
            oldest: None,
        };
        let link = super::link(&mapping(), &link, Some((&made, &[&survivor, &other])));
        let lost: Vec<_> = link
            .get_array("lost")
            .unwrap()
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            lost.len(),
            2,
            "the survivor's date and blank phone, and the other's name: {link:?}"
        );
    }

    #[test]
    fn a_user_without_a_name_becomes_unknown_customer_and_a_missing_field_stays_out() {
        let user = rawdoc! { "_id": 1, "name": "\u{2003}", "email": null };
        let made = customer(
            &mapping(),
            &Id::string("c"),
            &Id::string("b"),
            &[&user],
            &Rules::default(),
        );
        assert_eq!(
            made,
            rawdoc! { "_id": "c", "businessId": "b", "name": UNKNOWN_CUSTOMER, "email": null }
        );
    }
}
