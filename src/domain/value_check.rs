//! Whether a customer holds what its users held: nothing lost, nothing invented. Checked from the outside, by the link alone.

use std::collections::BTreeSet;

use bson::raw::RawDocument;

use super::id::Id;
use super::link::LinkKind;
use super::mapping::Mapping;
use super::raw::{Value, blank, elements, get};
use super::survey::facts::id_of;
use super::survivorship::UNKNOWN_CUSTOMER;

/// What is wrong with a created customer: each value of each of its users must stand in the customer or among the link's
/// lost values, and each value of the customer must be one of its users', typed by hand, or the name for the nameless.
pub fn differences(
    mapping: &Mapping,
    link: &RawDocument,
    customer: &RawDocument,
    users: &[&RawDocument],
    typed: &BTreeSet<String>,
) -> Vec<String> {
    let Some(id) = id_of(customer) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    // A narrow customer leaves contact fields with its user, so there is nothing to lose.
    let narrow = LinkKind::of(link) == Ok(LinkKind::Narrow);
    for field in mapping.user.copied() {
        let held = get(customer, field);
        for user in users {
            let Some(value) = get(user, field) else {
                continue;
            };
            let Some(of) = id_of(user) else { continue };
            if !narrow && held != Some(value) && !is_kept(link, &of, field, value) {
                wrong.push(format!(
                    "{field} of user {of} is neither in customer {id} nor in its link"
                ));
            }
        }
        let Some(held) = held else { continue };
        let from_a_user = users.iter().any(|user| get(user, field) == Some(held));
        let by_hand = held.as_str().is_some_and(|text| typed.contains(text));
        let nameless = field == mapping.user.name
            && held.as_str() == Some(UNKNOWN_CUSTOMER)
            && users.iter().all(|user| blank(get(user, field)));
        if !(from_a_user || by_hand || nameless) {
            wrong.push(format!(
                "{field} of customer {id} comes from none of its users"
            ));
        }
    }
    wrong
}

/// True when the link keeps `value` as what `field` of `user` was.
fn is_kept(link: &RawDocument, user: &Id, field: &str, value: Value<'_>) -> bool {
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
        .any(|values| get(values, field) == Some(value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::rawdoc;

    fn wrong(customer: &RawDocument, link: &RawDocument) -> Vec<String> {
        let mapping = Mapping::parse(crate::domain::mapping::DEFAULT).unwrap();
        let user = rawdoc! { "_id": 1, "name": "", "phone": "1", "city": "Delft" };
        differences(&mapping, link, customer, &[&user], &BTreeSet::new())
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
