//! References by e-mail and by a list: how they are written, good and bad.

use fastrand::Rng;
use unicode_normalization::UnicodeNormalization;

use crate::oracle::bytes::{Field, Value, field, first};
use crate::oracle::generate::values::refer;

/// The users of a database, as references need them.
pub struct Cast {
    pub users: Vec<Vec<Field>>,
}

impl Cast {
    fn ids(&self) -> Vec<&Value> {
        let ids = self.users.iter().filter_map(|it| first(it, "_id"));
        ids.collect()
    }

    /// The e-mail of the user whom a reference names, in some spelling; of nobody one that nobody has, or an odd value.
    pub fn email(&self, rng: &mut Rng, of: &Value) -> Option<Value> {
        let user = self
            .users
            .iter()
            .find(|it| first(it, "_id") == Some(of))
            .filter(|_| rng.u8(..12) > 0);
        let text = user.and_then(|user| first(user, "email")?.as_str().map(str::to_owned));
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return match rng.u8(..10) {
                0 => None,
                1 => Some(Value::null()),
                2 => Some(Value::string("")),
                3 => Some(Value::string("  ")),
                4 => Some(Value::int(5)),
                5 => Some(Value::symbol("ana@example.com")),
                6 => Some(Value::string("ana@example.com")),
                7 => Some(Value::string("Gone@example.com")),
                _ => Some(Value::string("gone@example.com")),
            };
        };
        let spelled = match rng.u8(..8) {
            0 => text.to_uppercase(),
            1 => format!("\u{a0}{text}\t"),
            2 => text.nfd().collect(),
            3 => text.nfc().collect(),
            _ => text,
        };
        Some(match rng.u8(..16) {
            0 => Value::array(&[
                Value::null(),
                Value::string(&spelled),
                Value::string(&spelled.to_lowercase()),
            ]),
            1 => Value::array(&[
                Value::string(&spelled),
                Value::string("bo@example.com"),
                Value::int(5),
            ]),
            _ => Value::string(&spelled),
        })
    }

    /// A list of none, one or several users around the one that a reference names.
    pub fn list(&self, rng: &mut Rng, of: &Value) -> Value {
        let ids = self.ids();
        let other = |rng: &mut Rng| {
            let any = (!ids.is_empty()).then(|| ids[rng.usize(..ids.len())]);
            any.map_or_else(|| of.clone(), |id| refer(rng, id))
        };
        let gone = Value::object_id([0x66; 12]);
        let all = match rng.u8(..16) {
            0 => return of.clone(),
            1 => Vec::new(),
            2 => vec![Value::null()],
            3 => vec![Value::null(), Value::string(""), of.clone()],
            4 => vec![gone, of.clone()],
            5 => vec![gone, Value::object_id([0x67; 12])],
            6 => vec![of.clone(), of.clone(), refer(rng, of)],
            7 => vec![Value::document(&[
                field("$ref", Value::string("User")),
                field("$id", of.clone()),
            ])],
            8 => vec![Value::array(std::slice::from_ref(of)), of.clone()],
            9..12 => vec![of.clone()],
            12..14 => vec![of.clone(), other(rng)],
            14 => vec![other(rng), of.clone(), Value::null(), other(rng)],
            _ => vec![of.clone(), gone, other(rng), other(rng)],
        };
        Value::array(&all)
    }
}
