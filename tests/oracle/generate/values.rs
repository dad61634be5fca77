//! Odd values, ids of every style, and references that mean the same id in another type.

use fastrand::Rng;

use crate::oracle::bytes::{Field, Value, field, hex, hyphenated};

/// The kind of booking ids, beside those of [`super::Kind`].
const BOOKING: u8 = 4;

/// What the ids of a collection are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum IdStyle {
    ObjectId,
    Uuid,
    Text,
    Number,
    Mixed,
    MixedWithNumbers,
}

/// The `n`th id of a kind. Ids of one kind and different `n` never mean the same, in any style.
pub fn id(rng: &mut Rng, style: IdStyle, kind: u8, n: u8) -> Value {
    match style {
        IdStyle::ObjectId => Value::object_id(object_id(kind, n)),
        IdStyle::Uuid => Value::uuid(uuid(kind, n)),
        IdStyle::Text => match n % 3 {
            0 => Value::string(&hex(&object_id(kind, n))),
            1 => Value::string(&format!("ck{kind}x{n}")),
            _ => Value::string(&hyphenated(uuid(kind, n))),
        },
        IdStyle::Number => number(f64::from(n), n),
        IdStyle::Mixed => {
            let one = [IdStyle::ObjectId, IdStyle::Uuid, IdStyle::Text][rng.usize(..3)];
            id(rng, one, kind, n)
        }
        IdStyle::MixedWithNumbers => {
            let one = [
                IdStyle::ObjectId,
                IdStyle::Uuid,
                IdStyle::Text,
                IdStyle::Number,
            ][rng.usize(..4)];
            id(rng, one, kind, n)
        }
    }
}

/// `id` as a booking might name it: mostly as it is, sometimes the same in another type.
pub fn refer(rng: &mut Rng, id: &Value) -> Value {
    if rng.u8(..4) > 0 {
        return id.clone();
    }
    if let Some(twelve) = id.as_object_id() {
        let text = hex(&twelve);
        return Value::string(&if rng.u8(..4) == 0 {
            text.to_uppercase()
        } else {
            text
        });
    }
    if let Some(sixteen) = id.as_uuid() {
        return Value::string(&hyphenated(sixteen));
    }
    if let Some(halves) = id.as_halves() {
        #[allow(clippy::cast_precision_loss)]
        return number(halves as f64 / 2.0, rng.u8(..));
    }
    match id.as_str() {
        Some(text) if text.len() == 24 => {
            let mut twelve = [0; 12];
            read_hex(text, &mut twelve);
            Value::object_id(twelve)
        }
        Some(text) if text.len() == 36 => {
            let mut sixteen = [0; 16];
            read_hex(&text.replace('-', ""), &mut sixteen);
            Value::uuid(sixteen)
        }
        // Another case is another string: this one dangles.
        Some(text) => Value::string(&text.to_uppercase()),
        None => id.clone(),
    }
}

fn read_hex(text: &str, into: &mut [u8]) {
    for (at, byte) in into.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal digits");
    }
}

/// A whole number in one of the four numeric types.
fn number(value: f64, kind: u8) -> Value {
    #[allow(clippy::cast_possible_truncation)]
    let whole = value as i64;
    match kind % 4 {
        0 => Value::int(i32::try_from(whole).expect("a small number")),
        1 => Value::long(whole),
        2 => Value::double(value),
        _ => Value::decimal(&format!("{whole}.0")),
    }
}

pub fn object_id(kind: u8, n: u8) -> [u8; 12] {
    // The time part does not follow n, so that "oldest" and "smallest" are not the same.
    let time = n.wrapping_mul(91);
    [
        0x60 + kind,
        time,
        n,
        0xaa,
        0xbb,
        kind,
        0xcc,
        0xdd,
        0xee,
        0,
        0,
        n,
    ]
}

pub fn uuid(kind: u8, n: u8) -> [u8; 16] {
    let time = n.wrapping_mul(91);
    [
        time, 0x0f, kind, n, 0x11, 0x22, 0x4a, 0xbc, 0x8d, 0xef, 0, 1, 2, 3, kind, n,
    ]
}

/// An id of almost any type: the server takes everything but arrays, regular expressions and undefined.
pub fn booking_id(rng: &mut Rng, n: usize) -> Value {
    let small = u8::try_from(n).expect("few bookings");
    let whole = i32::from(small);
    match rng.u8(..40) {
        0 => Value::int(whole),
        1 => Value::long(i64::from(whole)),
        2 => Value::double(f64::from(whole) + 0.5),
        3 => Value::decimal(&format!("{whole}.50")),
        4..7 => Value::string(&format!("{}{n}", ["b", "B", "é", "Z"][rng.usize(..4)])),
        7 => Value::uuid(uuid(BOOKING, small)),
        8 => Value::document(&[
            field("shop", Value::string("x")),
            field("n", Value::int(whole)),
        ]),
        9 => Value::date(1_600_000_000_000 + i64::from(whole)),
        10 => Value::boolean(rng.bool()),
        11 => Value::null(),
        12 => Value::binary(0, &[small, 1]),
        13 => Value::timestamp(1_600_000_000, u32::from(small) + 1),
        14 => Value::min_key(),
        15 => Value::max_key(),
        16 => Value::symbol(&format!("sym{n}")),
        17 => Value::code(&format!("f{n}()")),
        18 => Value::string(""),
        19 => Value::document(&[]),
        _ => Value::object_id(object_id(BOOKING, small)),
    }
}

/// Up to three fields that nothing of the mapping names, some of them with names that only look so.
pub fn odd_fields(rng: &mut Rng) -> Vec<Field> {
    const NAMES: [&str; 13] = [
        "note",
        "note",
        "meta",
        "tags",
        "",
        "a.b",
        "$price",
        "$set",
        "ünï\u{301}",
        "userid",
        "UserId",
        "user",
        "customer_id",
    ];
    (0..rng.u8(..4))
        .map(|_| {
            let name = NAMES[rng.usize(..NAMES.len())];
            field(name, odd_value(rng, 0))
        })
        .collect()
}

/// A value of any BSON type.
pub fn odd_value(rng: &mut Rng, depth: u8) -> Value {
    match rng.u8(..32) {
        0 => Value::string(""),
        1 => Value::string("  "),
        2 => Value::string("Zoë \u{202e}\u{1b}[31m"),
        3 => Value::int(i32::from(rng.i16(..))),
        4 => Value::long(9_007_199_254_740_993),
        5 => Value::double(-0.0),
        6 => Value::double(f64::NAN),
        7 => Value::double(1e300),
        8 => Value::decimal("1.50"),
        9 => Value::decimal("-Infinity"),
        10 => Value::boolean(rng.bool()),
        11 => Value::null(),
        12 => Value::undefined(),
        13 => Value::date(-62_135_596_800_000),
        14 => Value::timestamp(0, 0),
        15 => Value::timestamp(1_700_000_000, 7),
        16 => Value::regex("^a.*b$", "im"),
        17 => Value::symbol("sym"),
        18 => Value::code("return 1"),
        19 => Value::code_with_scope("return x", &[field("x", Value::timestamp(0, 0))]),
        20 => Value::db_pointer("shop.User", object_id(1, 1)),
        21 => Value::min_key(),
        22 => Value::max_key(),
        23 => Value::binary(0, &[]),
        24 => Value::binary(3, &uuid(1, 1)),
        25 => Value::uuid(uuid(1, 2)),
        26 => Value::object_id(object_id(1, 1)),
        27 | 28 if depth < 3 => {
            let values: Vec<Value> = (0..rng.u8(..3))
                .map(|_| odd_value(rng, depth + 1))
                .collect();
            Value::array(&values)
        }
        29..32 if depth < 3 => {
            const NAMES: [&str; 6] = ["userId", "customerId", "phone", "$ref", "a.b", "x"];
            let fields: Vec<Field> = (0..rng.u8(..4))
                .map(|_| field(NAMES[rng.usize(..6)], odd_value(rng, depth + 1)))
                .collect();
            Value::document(&fields)
        }
        _ => Value::string("plain"),
    }
}
