//! Users and the customers that are there already: what a person's fields look like, good and bad.

use fastrand::Rng;

use super::values::{odd_fields, odd_value, refer};
use super::{Cast, finish, nobody};
use crate::oracle::bytes::{Field, Value, field};

/// Spellings of a few people's e-mails: equal ones, equal after trimming, composing and lower case, and bad ones.
const EMAILS: [&str; 24] = [
    "ana@example.com",
    "ana@example.com",
    "ANA@Example.com",
    " ana@example.com",
    "ana@example.com\u{a0}\t",
    "bo@example.com",
    "bo@example.com",
    "Bo@example.com\u{3000}",
    "jos\u{e9}@example.com",
    "jose\u{301}@example.com",
    "JOS\u{c9}@EXAMPLE.COM",
    "JOSE\u{301}@example.com ",
    "cy@example.com",
    "di@example.com",
    "ed@example.com",
    "",
    "",
    " ",
    "  ",
    "  ",
    "\u{2003}\u{3000}",
    "not an address",
    "@example.com",
    "fay@",
];

pub fn users(rng: &mut Rng, ids: &[Value]) -> Vec<Vec<u8>> {
    ids.iter()
        .map(|id| {
            let mut rest = person(rng);
            match rng.u8(..40) {
                0..26 => {}
                26..29 => rest.push(field("hashedPassword", Value::null())),
                29..32 => rest.push(field("hashedPassword", Value::string(""))),
                32 => rest.push(field("hashedPassword", odd_value(rng, 0))),
                33 => rest.push(field("hashedPassword", Value::string("  "))),
                _ => rest.push(field("hashedPassword", Value::string("$2b$10$hash"))),
            }
            rest.extend(odd_fields(rng));
            if rng.u8(..15) == 0 && !rest.is_empty() {
                let again = rest[rng.usize(..rest.len())].name.clone();
                rest.push(field(&again, odd_value(rng, 0)));
            }
            finish(rng, id, rest)
        })
        .collect()
}

pub fn customers(rng: &mut Rng, cast: &Cast) -> Vec<Vec<u8>> {
    cast.customers
        .iter()
        .zip(&cast.business_of_customer)
        .map(|(id, &business)| {
            let mut rest = person(rng);
            match rng.u8(..12) {
                0 => {}
                1 => rest.push(field("businessId", Value::null())),
                2 => rest.push(field("businessId", nobody(rng))),
                _ => rest.push(field("businessId", refer(rng, &cast.businesses[business]))),
            }
            rest.extend(odd_fields(rng));
            finish(rng, id, rest)
        })
        .collect()
}

/// The fields that a user and a customer share, each present, missing, null, blank or odd.
fn person(rng: &mut Rng) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut put = |name: &str, value: Option<Value>| {
        fields.extend(value.map(|value| field(name, value)));
    };
    put("name", text(rng, &["Ana", "Bo", "José", "Cy"]));
    put("email", email(rng));
    put("phone", text(rng, &["+1 555 0100", "+1 555 0100", "0555"]));
    // Few people have an address; those who have one make the difference in completeness.
    let most = rng.u8(..4);
    for (name, values) in [
        ("company", &["Acme", "Acme Ltd"]),
        ("country", &["NL", "DE"]),
        ("address", &["1 Main St", "2 Side St"]),
        ("city", &["Delft", "Ulm"]),
        ("state", &["ZH", "BW"]),
        ("zipCode", &["2611", "89073"]),
    ] {
        if rng.u8(..4) < most {
            put(name, text(rng, values));
        }
    }
    match rng.u8(..8) {
        0 => {}
        1 => put("createdAt", Some(Value::null())),
        2 => put("createdAt", Some(odd_value(rng, 0))),
        3 => put("createdAt", Some(Value::string("2020-01-01"))),
        _ => put("createdAt", Some(date(rng))),
    }
    fields
}

/// One of `good`, or nothing, null, blank, or of another type.
fn text(rng: &mut Rng, good: &[&str]) -> Option<Value> {
    match rng.u8(..20) {
        0..2 => None,
        2..4 => Some(Value::null()),
        4..6 => Some(Value::string("")),
        6 => Some(Value::string("  ")),
        7 => Some(Value::string("\u{2003}\u{a0}")),
        8 => Some(odd_value(rng, 0)),
        _ => Some(Value::string(good[rng.usize(..good.len())])),
    }
}

fn email(rng: &mut Rng) -> Option<Value> {
    match rng.u8(..20) {
        0..2 => None,
        2 => Some(Value::null()),
        // Odd, but no array: what a list of addresses means is nowhere said.
        3 => Some(Value::int(rng.i32(1..3))),
        4 if rng.bool() => Some(Value::document(&[field("at", Value::string("x@y.z"))])),
        5 if rng.bool() => Some(Value::symbol("ana@example.com")),
        // Half of all people have one of the first few, or groups would be rare.
        6..13 => Some(Value::string(EMAILS[rng.usize(..7)])),
        _ => Some(Value::string(EMAILS[rng.usize(..EMAILS.len())])),
    }
}

/// A date out of few, so that ties are common.
pub fn date(rng: &mut Rng) -> Value {
    const DATES: [i64; 5] = [
        1_577_836_800_000,
        1_577_836_800_000,
        1_600_000_000_123,
        1_700_000_000_000,
        -1,
    ];
    Value::date(DATES[rng.usize(..DATES.len())])
}

pub fn status(rng: &mut Rng) -> Value {
    match rng.u8(..6) {
        0 => Value::null(),
        1 => Value::int(1),
        2 => Value::string("CANCELLED"),
        _ => Value::string("CONFIRMED"),
    }
}

pub fn business_name(rng: &mut Rng) -> Value {
    match rng.u8(..6) {
        0 => Value::null(),
        1 => Value::string(""),
        2 => odd_value(rng, 0),
        _ => Value::string("Salon"),
    }
}
