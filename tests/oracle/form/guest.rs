//! Guests: people of whom bookings alone say who they are.

use fastrand::Rng;
use unicode_normalization::UnicodeNormalization;

use super::is_value;
use crate::oracle::bytes::{Field, Value, field, fields, first, tag};
use crate::oracle::expected::normal_email;
use crate::oracle::generate::values::odd_value;

/// How bookings say who their guest is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuestForm {
    /// In a document `client`; else in fields of their own.
    nested: bool,
    /// They say a gender, too.
    gender: bool,
    /// The members by which they are known, in this order.
    identity: &'static [&'static str],
    /// The mapping says that order.
    says_identity: bool,
}

/// By what a guest is known: the member, and its value as such are compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GuestKey {
    pub by: &'static str,
    pub value: String,
}

const USUAL: &[&str] = &["email", "phone", "name"];

impl GuestForm {
    pub fn draw(rng: &mut Rng) -> Self {
        let other: [&'static [&'static str]; 5] = [
            USUAL,
            &["phone", "email", "name"],
            &["email"],
            &["name", "phone"],
            &["phone"],
        ];
        let says_identity = rng.bool();
        Self {
            nested: rng.u8(..3) == 0,
            gender: rng.bool(),
            identity: if says_identity {
                other[rng.usize(..5)]
            } else {
                USUAL
            },
            says_identity,
        }
    }

    /// The members, with where bookings have them.
    pub fn members(self) -> Vec<(&'static str, &'static str)> {
        let mut all = if self.nested {
            vec![
                ("name", "client.name"),
                ("email", "client.email"),
                ("phone", "client.phone"),
                ("gender", "client.gender"),
            ]
        } else {
            vec![
                ("name", "clientName"),
                ("email", "clientEmail"),
                ("phone", "clientPhone"),
                ("gender", "clientGender"),
            ]
        };
        all.truncate(if self.gender { 4 } else { 3 });
        all
    }

    /// The lines of the mapping.
    pub fn mapping(self) -> String {
        let members = self.members().into_iter();
        let members: Vec<String> = members
            .map(|(member, path)| format!("{member} = \"{path}\""))
            .collect();
        let identity = if self.says_identity {
            format!("identity = {:?}\n", self.identity)
        } else {
            String::new()
        };
        format!("guest = {{ {} }}\n{identity}", members.join(", "))
    }

    /// Where bookings have what guests are known by.
    pub fn known_by(self) -> Vec<&'static str> {
        let known = |(member, _): &(&str, &str)| self.identity.contains(member);
        let members = self.members().into_iter().filter(known);
        members.map(|(_, path)| path).collect()
    }

    /// What a booking says under a member's path.
    pub fn said(booking: &[Field], path: &str) -> Option<Value> {
        match path.split_once('.') {
            None => first(booking, path).cloned(),
            Some((outer, inner)) => {
                let held = first(booking, outer).filter(|held| held.tag == tag::DOCUMENT)?;
                first(&fields(&held.bytes), inner).cloned()
            }
        }
    }

    /// By what a booking's guest is known; nothing where it says nothing of that.
    pub fn key(self, booking: &[Field]) -> Option<GuestKey> {
        let members = self.members();
        self.identity.iter().find_map(|by| {
            let (_, path) = members.iter().find(|(member, _)| member == by)?;
            let value = Self::said(booking, path)?;
            let value = match *by {
                "email" => normal_email(Some(&value))?,
                "phone" => digits(&text_of(&value)?),
                _ => folded(&text_of(&value)?),
            };
            (!value.is_empty()).then_some(GuestKey { by, value })
        })
    }

    /// True where the mapping does not fit: of a dozen e-mails or more most are none.
    pub fn e_mails_are_none(self, bookings: &[Vec<u8>]) -> bool {
        let path = self.members()[1].1;
        let said = bookings
            .iter()
            .filter_map(|it| Self::said(&fields(it), path));
        let set: Vec<Value> = said.filter(is_value).collect();
        let is_one = |value: &&Value| value.as_str().is_some_and(|it| it.contains('@'));
        let right = set.iter().filter(is_one).count();
        set.len() >= 12 && right * 2 < set.len()
    }

    /// Writes what a booking says of its guest.
    pub fn encode(self, rng: &mut Rng, booking: &mut Vec<Field>) {
        booking.retain(|it| !["client", "clientName"].contains(&it.name.as_str()));
        let mut said = Vec::new();
        for (member, path) in self.members() {
            let value = match member {
                "name" => name(rng),
                "email" => email(rng),
                "phone" => phone(rng),
                _ => gender(rng),
            };
            let name = path.rsplit('.').next().unwrap_or(path);
            said.extend(value.map(|value| field(name, value)));
        }
        if rng.bool() {
            rng.shuffle(&mut said);
        }
        if !self.nested {
            for one in said {
                let at = rng.usize(1..=booking.len());
                booking.insert(at, one);
            }
            return;
        }
        if rng.bool() {
            said.push(field("vip", Value::boolean(true)));
        }
        let client = match rng.u8(..16) {
            0 => return,
            1 => Value::null(),
            2 => Value::string("Ana"),
            3 => Value::array(&[Value::document(&said)]),
            _ => Value::document(&said),
        };
        booking.push(field("client", client));
    }
}

/// A text, or a whole number in its digits.
fn text_of(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let halves = value.as_halves().filter(|halves| halves % 2 == 0)?;
    let whole = i64::try_from(halves / 2).ok()?;
    Some(whole.unsigned_abs().to_string())
}

/// The digits before the first letter, which begins an extension.
fn digits(text: &str) -> String {
    let number = text.split(|c: char| c.is_alphabetic() || c == ';').next();
    let number = number.unwrap_or_default().chars();
    number.filter(char::is_ascii_digit).collect()
}

/// Words in lower case, composed, with one space between them.
fn folded(text: &str) -> String {
    let composed: String = text.nfc().collect();
    let lower = composed.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.join(" ")
}

fn one_of(rng: &mut Rng, texts: &[&str]) -> Value {
    Value::string(texts[rng.usize(..texts.len())])
}

fn name(rng: &mut Rng) -> Option<Value> {
    const NAMES: [&str; 9] = [
        "Ana",
        "ana",
        " Ana  Lee ",
        "ana lee",
        "Bo",
        "Jos\u{e9}",
        "Jose\u{301}",
        "JOS\u{c9}",
        "Cy",
    ];
    match rng.u8(..16) {
        0 => None,
        1 => Some(Value::null()),
        2 => Some(Value::string("")),
        3 => Some(Value::string("\u{2003} ")),
        4 => Some(odd_value(rng, 3)),
        _ => Some(one_of(rng, &NAMES)),
    }
}

/// Most of them addresses, some of them those of users; else the mapping would not fit.
fn email(rng: &mut Rng) -> Option<Value> {
    const EMAILS: [&str; 10] = [
        "ana@example.com",
        "ANA@Example.com",
        " ana@example.com",
        "bo@example.com",
        "jos\u{e9}@example.com",
        "JOSE\u{301}@example.com",
        "gil@example.com",
        "Gil@example.com\t",
        "hal@example.com",
        "not an address",
    ];
    match rng.u8(..24) {
        0..5 => None,
        5..8 => Some(Value::null()),
        8 => Some(Value::string("")),
        9 if rng.bool() => Some(Value::string("  ")),
        10 if rng.bool() => Some(odd_value(rng, 3)),
        _ => Some(one_of(rng, &EMAILS)),
    }
}

fn phone(rng: &mut Rng) -> Option<Value> {
    const PHONES: [&str; 7] = [
        "+1 555 0100",
        "1-555-01-00",
        "(1) 5550100 ext. 7",
        "+1 555 0199",
        "0555",
        "none",
        "ext. 12",
    ];
    match rng.u8(..16) {
        0..3 => None,
        3 => Some(Value::null()),
        4 => Some(Value::string("")),
        5 => Some(Value::long(15_550_100)),
        6 => Some(Value::double(15_550_100.0)),
        7 => Some(Value::int(-555)),
        8 => Some(Value::decimal("15550100.0")),
        9 => Some(odd_value(rng, 3)),
        _ => Some(one_of(rng, &PHONES)),
    }
}

fn gender(rng: &mut Rng) -> Option<Value> {
    match rng.u8(..6) {
        0 => None,
        1 => Some(Value::null()),
        2 => Some(Value::string(" ")),
        3 => Some(Value::int(1)),
        _ => Some(one_of(rng, &["F", "M"])),
    }
}
