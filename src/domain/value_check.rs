//! Whether a customer holds what its users held: nothing lost, nothing invented. Checked from the outside, by the link alone.

use std::collections::BTreeSet;

use bson::raw::RawDocument;
use unicode_normalization::UnicodeNormalization;

use super::id::Id;
use super::invariant::{guest_known_as, guests_of, hop_names};
use super::link::LinkKind;
use super::mapping::path::FieldPath;
use super::mapping::{FieldSource, Given, Mapping, UserRole};
use super::raw::{Value, blank, elements, get, kind};
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
    (link, customer): (&RawDocument, &RawDocument),
    users: &[&RawDocument],
    guests: &Guests<'_>,
    decided: &Decided,
) -> Vec<String> {
    let Some(id) = id_of(customer) else {
        return Vec::new();
    };
    let mut wrong = guests.strangers(mapping, link, &id);
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
        // A guest's date is that of its oldest booking, which has one where any has; what is no date makes none older.
        let dates = field == role.created;
        let says = |value: Value<'_>| !value.is_blank() && (!dates || value.as_date().is_some());
        let said = guests.says(mapping, field).any(says);
        if said && !narrow && blank(held) && !is_lost(link, field) {
            wrong.push(format!(
                "{field} of a guest is neither in customer {id} nor in its link"
            ));
        }
        let Some(held) = held else { continue };
        let from_a_guest = guests.says(mapping, field).any(|value| value == held);
        let holds = |user: &&RawDocument| held_by(role, field, user).is_some_and(|it| it.is(held));
        let from_a_user = users.iter().any(holds);
        let by_hand = held
            .as_str()
            .is_some_and(|text| decided.typed.contains(text));
        let spelling = |own: Value<'_>| is_spelling(own, held);
        let of_a_user = |user: &&RawDocument| match held_by(role, field, user) {
            Some(Held::As(own)) => spelling(own),
            _ => false,
        };
        let respelled = decided.respelled
            && field == role.email
            && (users.iter().any(of_a_user) || guests.says(mapping, field).any(spelling));
        let nameless = field == mapping.user.name
            && held.as_str() == Some(UNKNOWN_CUSTOMER)
            && users
                .iter()
                .all(|user| held_by(role, field, user).is_none_or(|it| it.is_blank()))
            && !said;
        let given = is_given(mapping, field, held, users);
        if !(from_a_user || from_a_guest || by_hand || respelled || nameless || given) {
            wrong.push(format!(
                "{field} of customer {id} comes from none of its users or guests"
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

/// True where the customer's e-mail is this one without white space around it, in small letters, composed: read anew here.
fn is_spelling(own: Value<'_>, held: Value<'_>) -> bool {
    let (Some(own), Some(held)) = (own.as_str(), held.as_str()) else {
        return false;
    };
    let composed: String = own.trim().nfc().collect();
    composed.to_lowercase() == held
}

/// The bookings of which a link says that its guests come from them.
#[derive(Debug, Default)]
pub struct Guests<'a> {
    /// Those that are there.
    pub bookings: Vec<(Option<&'a str>, &'a RawDocument)>,
    /// How many the link names.
    pub named: usize,
    /// Documents on the way to a user of which the link says that fields come from them, each with its collection.
    pub between: Vec<(&'a str, &'a RawDocument)>,
    /// How many the link names.
    pub named_between: usize,
}

impl<'a> Guests<'a> {
    /// What they say for a field of a customer.
    fn says(&self, mapping: &'a Mapping, field: &str) -> impl Iterator<Item = Value<'a>> {
        let mut said = Vec::new();
        for (collection, booking) in &self.bookings {
            let guests = guests_of(mapping, *collection);
            let members = guests.flat_map(|guest| guest.members.iter().zip(&guest.fields));
            let members = members.filter(|(_, own)| *own == field);
            let mut paths: Vec<&FieldPath> = members.map(|((_, path), _)| path).collect();
            if field == mapping.user.created && collection.is_none() {
                paths.extend(&mapping.booking.created);
            }
            said.extend(paths.iter().filter_map(|path| path.value(booking)));
        }
        for (name, source) in &mapping.customer.fields {
            if let FieldSource::Hop {
                collection,
                field: path,
            } = source
                && name == field
            {
                let between = self.between.iter().filter(|(of, _)| of == collection);
                said.extend(between.filter_map(|(_, document)| path.value(document)));
            }
        }
        said.into_iter()
    }

    /// Bookings of others than the link's guests, and guests without a booking.
    fn strangers(&self, mapping: &Mapping, link: &RawDocument, customer: &Id) -> Vec<String> {
        let list = |key: &str| {
            let list = get(link, key).and_then(|it| RawDocument::from_bytes(it.bytes).ok());
            let list = list.into_iter().flat_map(elements).map_while(Result::ok);
            list.map(|it| Id::from_value(it.value)).collect::<Vec<_>>()
        };
        let guests = list("guests");
        let users = list("users");
        let mut wrong = Vec::new();
        let of_them = |it: &&(&str, &RawDocument)| hop_names(mapping, **it, &users);
        if self.between.iter().filter(of_them).count() < self.named_between {
            wrong.push(format!(
                "the link of customer {customer} names a document of somebody else, or one that there is not"
            ));
        }
        let business = get(link, &mapping.customer.business).map(Id::from_value);
        let mut seen = BTreeSet::new();
        for booking in &self.bookings {
            let known = business.as_ref();
            let known = known.map(|business| guest_known_as(mapping, business, *booking));
            let mut known = known.into_iter().flatten();
            match known.find(|guest| guests.contains(guest)) {
                Some(guest) => drop(seen.insert(guest)),
                None => wrong.push(format!(
                    "the link of customer {customer} names a booking of somebody who is none of its guests"
                )),
            }
        }
        if seen.len() < guests.len() || self.bookings.len() < self.named {
            wrong.push(format!(
                "the link of customer {customer} names a guest, or a booking of one, that there is not"
            ));
        }
        wrong
    }
}

/// True where the link keeps a value for this field that its customer does not have.
fn is_lost(link: &RawDocument, field: &str) -> bool {
    let lost = get(link, "lost").and_then(|it| RawDocument::from_bytes(it.bytes).ok());
    let lost = lost.into_iter().flat_map(elements).map_while(Result::ok);
    let values = lost.filter_map(|entry| {
        let entry = RawDocument::from_bytes(entry.value.bytes).ok()?;
        RawDocument::from_bytes(get(entry, "values")?.bytes).ok()
    });
    values
        .into_iter()
        .any(|values| get(values, field).is_some())
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
        let nobody = Guests::default();
        differences(
            &mapping,
            (link, customer),
            &[&user],
            &nobody,
            &Decided::default(),
        )
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
