//! What a Customer is made of: survivorship and the order of its fields.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;

use super::join::Record;
use crate::oracle::bytes::{Field, Value, field, tag};

/// The fields that make a record complete, in the order of a Customer; the last one is of guests alone.
const CONTENT: [&str; 10] = [
    "name", "email", "phone", "company", "country", "address", "city", "state", "zipCode", "gender",
];

/// Missing, null, empty or only white space. A value of another type is never blank.
pub fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(value) if value.is_null() => true,
        Some(value) => value
            .as_str()
            .is_some_and(|text| text.chars().all(char::is_whitespace)),
    }
}

/// What e-mails are compared by: trimmed, composed, lower case. Nothing for a blank one or none.
pub fn normal_email(value: Option<&Value>) -> Option<String> {
    if is_blank(value) {
        return None;
    }
    let composed: String = value?.as_str()?.trim().nfc().collect();
    Some(composed.to_lowercase())
}

/// The members from survivor to last: most complete, oldest, smallest `_id`.
pub fn survivor_order(users: &[Record], members: &mut [usize]) {
    let completeness = |user: &Record| CONTENT.iter().filter(|n| !is_blank(user.get(n))).count();
    let created = |user: &Record| user.get("createdAt").and_then(Value::as_date);
    members.sort_by(|&a, &b| {
        let (a, b) = (&users[a], &users[b]);
        completeness(b)
            .cmp(&completeness(a))
            .then_with(|| match (created(a), created(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            })
            .then_with(|| a.id.server_order(&b.id))
    });
}

/// All fields of a Customer after its `_id`; `members` in survivor order.
pub fn customer_fields(business: &Value, people: &[Record], members: &[usize]) -> Vec<Field> {
    let survivor = &people[members[0]];
    let mut made = vec![field("businessId", business.clone())];
    for name in CONTENT {
        let filled = members
            .iter()
            .map(|&member| people[member].get(name))
            .find(|value| !is_blank(*value))
            .unwrap_or(survivor.get(name));
        match filled {
            value if name == "name" && is_blank(value) => made.push(unknown()),
            Some(value) => made.push(field(name, value.clone())),
            None => {}
        }
    }
    let created = if members.len() == 1 {
        None
    } else {
        earliest(members.iter().map(|&member| &people[member]))
    };
    if let Some(value) = created.or_else(|| survivor.get("createdAt").cloned()) {
        made.push(field("createdAt", value));
    }
    made
}

/// All fields of a placeholder after its `_id`.
pub fn placeholder_fields<'a>(
    business: &Value,
    bookings: impl Iterator<Item = &'a Record>,
) -> Vec<Field> {
    let mut made = vec![field("businessId", business.clone()), unknown()];
    made.extend(earliest(bookings).map(|date| field("createdAt", date)));
    made
}

fn unknown() -> Field {
    field("name", Value::string("Unknown Customer"))
}

/// The earliest `createdAt` that is a date.
fn earliest<'a>(records: impl Iterator<Item = &'a Record>) -> Option<Value> {
    records
        .filter_map(|record| record.get("createdAt")?.as_date())
        .min()
        .map(Value::date)
}

/// Whether a unique index would tell this e-mail apart from a missing one.
pub fn is_non_empty_string(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.tag == tag::STRING && value.as_str() != Some(""))
}
