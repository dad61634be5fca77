//! Whether a customer holds what its users held: nothing lost, nothing invented. Checked from the outside, by the link alone.

use std::collections::BTreeSet;

use bson::raw::RawDocument;
use unicode_normalization::UnicodeNormalization;

use super::id::Id;
use super::link::LinkKind;
use super::mapping::{Given, Mapping, UserRole};
use super::raw::{Value, elements, get, kind};
use super::survey::facts::id_of;
use super::survivorship::UNKNOWN_CUSTOMER;

/// What the decisions let a customer hold that none of its users does.
#[derive(Debug, Default)]
pub struct Decided {
    /// Texts typed by hand.
    pub typed: BTreeSet<String>,
    /// E-mails in their usual spelling.
    pub respelled: bool,
}

/// What is wrong with a created customer: each value of each of its users must stand in the customer or among the link's
/// lost values, and each value of the customer must be one of its users', typed by hand, or the name for the nameless.
pub fn differences(
    mapping: &Mapping,
    link: &RawDocument,
    customer: &RawDocument,
    users: &[&RawDocument],
    decided: &Decided,
) -> Vec<String> {
    let Some(id) = id_of(customer) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    // A narrow customer leaves contact fields with its user, so there is nothing to lose.
    let narrow = LinkKind::of(link) == Ok(LinkKind::Narrow);
    let role = &mapping.user;
    for field in role.copied() {
        let held = get(customer, field);
        for user in users {
            let Some(value) = held_by(role, field, user) else {
                continue;
            };
            let Some(of) = id_of(user) else { continue };
            let same = held.is_some_and(|held| value.is(held));
            if !narrow && !same && !is_kept(link, &of, field, &value) {
                wrong.push(format!(
                    "{field} of user {of} is neither in customer {id} nor in its link"
                ));
            }
        }
        let Some(held) = held else { continue };
        let holds = |user: &&RawDocument| held_by(role, field, user).is_some_and(|it| it.is(held));
        let from_a_user = users.iter().any(holds);
        let by_hand = held
            .as_str()
            .is_some_and(|text| decided.typed.contains(text));
        let respelled = decided.respelled
            && field == role.email
            && users
                .iter()
                .any(|user| is_spelling(role, field, user, held));
        let nameless = field == mapping.user.name
            && held.as_str() == Some(UNKNOWN_CUSTOMER)
            && users
                .iter()
                .all(|user| held_by(role, field, user).is_none_or(|it| it.is_blank()));
        let given = is_given(mapping, field, held, users);
        if !(from_a_user || by_hand || respelled || nameless || given) {
            wrong.push(format!(
                "{field} of customer {id} comes from none of its users"
            ));
        }
    }
    for field in given_fields(mapping) {
        let held = get(customer, field);
        let copied = role.copied().any(|it| it == field);
        let is_right = held.is_some_and(|held| copied || is_given(mapping, field, held, users));
        if !is_right {
            wrong.push(format!(
                "{field} of customer {id} is not what the mapping gives to it"
            ));
        }
    }
    wrong
}

/// True where the customer's e-mail is the user's without white space around it, in small letters, composed: read anew here.
fn is_spelling(role: &UserRole, field: &str, user: &RawDocument, held: Value<'_>) -> bool {
    let Some(Held::As(own)) = held_by(role, field, user) else {
        return false;
    };
    let (Some(own), Some(held)) = (own.as_str(), held.as_str()) else {
        return false;
    };
    let composed: String = own.trim().nfc().collect();
    composed.to_lowercase() == held
}

/// What a user holds for a field of a customer.
enum Held<'a> {
    /// This value.
    As(Value<'a>),
    /// A name in several fields.
    Words(String),
}

impl Held<'_> {
    fn is(&self, value: Value<'_>) -> bool {
        match self {
            Self::As(own) => *own == value,
            Self::Words(words) => value.as_str() == Some(words),
        }
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::As(own) => own.is_blank(),
            Self::Words(words) => words.trim().is_empty(),
        }
    }
}

/// Read anew here, apart from what makes customers.
fn held_by<'a>(role: &UserRole, field: &str, user: &'a RawDocument) -> Option<Held<'a>> {
    if field == role.name && role.names.len() > 1 {
        let mut words = String::new();
        for part in &role.names {
            let text = part.value(user).and_then(|it| it.as_str()).unwrap_or("");
            if text.chars().any(|it| !it.is_whitespace()) {
                if !words.is_empty() {
                    words.push(' ');
                }
                words.push_str(text);
            }
        }
        return (!words.is_empty()).then_some(Held::Words(words));
    }
    role.place_of(field)?.value(user).map(Held::As)
}

fn given_fields(mapping: &Mapping) -> impl Iterator<Item = &str> {
    let defaults = mapping.customer.defaults.iter().map(|(field, _)| field);
    let fields = defaults.chain(&mapping.customer.nulls);
    fields.map(String::as_str)
}

/// Whether the mapping itself gives this to a field.
fn is_given(mapping: &Mapping, field: &str, held: Value<'_>, users: &[&RawDocument]) -> bool {
    if is_of_a_deleted(&mapping.user, field, held, users) {
        return true;
    }
    let defaults = &mapping.customer.defaults;
    match defaults.iter().find(|(name, _)| name == field) {
        Some((_, given)) => {
            let inactive = *given == Given::Boolean(true)
                && mapping.user.says_active(field)
                && !mapping.user.deleted.is_empty();
            given.under(field) == held.under(field)
                || inactive && Given::Boolean(false).under(field) == held.under(field)
        }
        None => held.kind == kind::NULL && mapping.customer.nulls.iter().any(|name| name == field),
    }
}

/// Whether a deleted user holds this in a field of that name by which the mapping tells that they are deleted: read anew here.
fn is_of_a_deleted(role: &UserRole, field: &str, held: Value<'_>, users: &[&RawDocument]) -> bool {
    users.iter().any(|user| {
        let mut says = role.deleted.iter().filter(|it| it.lets_in(user));
        says.any(|filter| {
            let mut tests = filter.tests();
            tests.any(|(path, _)| path.last() == field && path.value(user) == Some(held))
        })
    })
}

/// True when the link keeps `value` as what `field` of `user` was.
fn is_kept(link: &RawDocument, user: &Id, field: &str, value: &Held<'_>) -> bool {
    let Some(lost) = get(link, "lost") else {
        return false;
    };
    let Ok(lost) = RawDocument::from_bytes(lost.bytes) else {
        return false;
    };
    elements(lost)
        .map_while(Result::ok)
        .filter_map(|entry| RawDocument::from_bytes(entry.value.bytes).ok())
        .filter(|entry| get(entry, "user").map(Id::from_value).as_ref() == Some(user))
        .filter_map(|entry| get(entry, "values"))
        .filter_map(|values| RawDocument::from_bytes(values.bytes).ok())
        .any(|values| get(values, field).is_some_and(|kept| value.is(kept)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    fn wrong(customer: &RawDocument, link: &RawDocument) -> Vec<String> {
        let mapping = Mapping::parse(crate::domain::mapping::DEFAULT).unwrap();
        let user = rawdoc! { "_id": 1, "name": "", "phone": "1", "city": "Delft" };
        differences(&mapping, link, customer, &[&user], &Decided::default())
    }

    #[test]
    fn a_value_that_is_nowhere_any_more_is_named() {
        let kept = rawdoc! { "kind": "created", "lost": [{ "user": 1, "values": { "name": "", "city": "Delft" } }] };
        let right = rawdoc! { "_id": 9, "name": UNKNOWN_CUSTOMER, "phone": "1" };
        assert_eq!(wrong(&right, &kept), Vec::<String>::new());
        let without = rawdoc! { "_id": 9, "name": UNKNOWN_CUSTOMER };
        assert_eq!(
            wrong(&without, &kept),
            [
                "phone of user bson:10:01000000 is neither in customer bson:10:09000000 nor in its link"
            ]
        );
        let invented = rawdoc! { "_id": 9, "name": UNKNOWN_CUSTOMER, "phone": "1", "state": "X" };
        assert_eq!(wrong(&invented, &kept).len(), 1);
    }
}
