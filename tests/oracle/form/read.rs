//! Reads a database of some form for the oracle, in the default form's words.

use super::{Form, Named, OfUser, Said};
use crate::oracle::bytes::{Field, Value, field, fields, first, tag};
use crate::oracle::generate::Database;

impl Form {
    /// What a booking says.
    pub fn said(self, data: &Database, booking: &[Field]) -> Said {
        let held = first(booking, self.user_field());
        let named: Vec<Value> = match (self.user, held) {
            (OfUser::Nobody, _) | (_, None) => Vec::new(),
            (OfUser::Nested, Some(held)) => {
                let inside = Some(held).filter(|it| it.tag == tag::DOCUMENT);
                let inside = inside.and_then(|it| member(it, "userId"));
                inside.iter().flat_map(leaves).collect()
            }
            (_, Some(held)) => leaves(held),
        };
        let through = |id: &Value| match self.user {
            OfUser::Email => Named::Email(id.clone()),
            OfUser::Hop => Named::Id(
                data.documents("Profile")
                    .iter()
                    .map(|it| fields(it))
                    .find(|it| first(it, "_id") == Some(id))
                    .and_then(|it| first(&it, "userId").cloned()),
            ),
            _ => Named::Id(Some(id.clone())),
        };
        Said {
            users: named.iter().map(through).collect(),
            named: named.first().cloned(),
            guest: self.guests.and_then(|guests| guests.key(booking)),
            shop: first(booking, "shopId").cloned().filter(is_value),
        }
    }

    /// A user's fields in the default form's words.
    pub fn read_user(self, user: &[Field]) -> Vec<Field> {
        let mut out: Vec<Field> = Vec::new();
        for one in user {
            match one.name.as_str() {
                "local" if self.nested_email => {
                    out.extend(member(&one.value, "email").map(|it| field("email", it)));
                }
                "firstName" | "lastName" if self.split_name => {}
                _ => out.push(one.clone()),
            }
        }
        if self.split_name {
            let texts = ["firstName", "lastName"].map(|name| first(user, name).and_then(text));
            let texts: Vec<&str> = texts.into_iter().flatten().collect();
            if !texts.is_empty() {
                out.push(field("name", Value::string(&texts.join(" "))));
            }
        }
        out
    }

    /// The booking's fields without its reference.
    pub fn without_user(self, booking: &[Field]) -> Vec<Field> {
        let mut out = Vec::new();
        for one in booking {
            if self.copies && one.name == "who" {
                let mut rest = fields(&one.value.bytes);
                rest.retain(|it| it.name != "name");
                if !rest.is_empty() {
                    out.push(field("who", Value::document(&rest)));
                }
                continue;
            }
            if one.name != self.user_field() || self.keep || self.user == OfUser::InPlace {
                out.push(one.clone());
                continue;
            }
            if self.user != OfUser::Nested {
                continue;
            }
            // Of a document the reference alone leaves; what is no document holds none.
            if one.value.tag != tag::DOCUMENT {
                out.push(one.clone());
                continue;
            }
            let mut rest = fields(&one.value.bytes);
            rest.retain(|it| it.name != "userId");
            if !rest.is_empty() {
                out.push(field("who", Value::document(&rest)));
            }
        }
        out
    }
}
/// Null and "" are no value.
pub fn is_value(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

/// The references in a field: one, those of a list, and of a DBRef its id. Null and "" are none.
fn leaves(held: &Value) -> Vec<Value> {
    let all = if held.tag == tag::ARRAY {
        let elements = fields(&held.bytes).into_iter();
        elements.map(|it| it.value).collect()
    } else {
        vec![held.clone()]
    };
    let plain = |one: Value| match one.tag {
        tag::DOCUMENT => member(&one, "$id").unwrap_or(one),
        _ => one,
    };
    all.into_iter().map(plain).filter(is_value).collect()
}

fn member(value: &Value, name: &str) -> Option<Value> {
    let inside = value.tag == tag::DOCUMENT || value.tag == tag::ARRAY;
    let inner = inside.then(|| fields(&value.bytes))?;
    first(&inner, name).cloned()
}

/// A text that is not blank.
fn text(value: &Value) -> Option<&str> {
    let text = (value.tag == tag::STRING)
        .then(|| value.as_str())
        .flatten()?;
    (!text.chars().all(char::is_whitespace)).then_some(text)
}
