//! A user on its way back: what the application changed of it, and what it changed of its customer.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::customer::Edits;
use super::weave::{Fields, Turn, weave};
use crate::domain::decision::Contact;
use crate::domain::mapping::UserRole;
use crate::domain::raw::{Malformed, get, kind};
use crate::domain::transform;

/// A user that comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Returned {
    /// The document.
    pub document: RawDocumentBuf,
    /// Whether the application changed the user itself.
    pub changed: bool,
    /// Fields that the application changed in the user and, otherwise, in its customer: the user's own value stays.
    pub clashes: Vec<String>,
}

/// A user that was there before and, unless the application deleted it (`current` is `None`), is there now. `cleaned` says how the
/// migration took its contact fields; `edits` are those of its customer.
///
/// # Errors
/// A document that is not BSON.
pub fn back(
    role: &UserRole,
    before: &RawDocument,
    current: Option<&RawDocument>,
    cleaned: Option<Contact>,
    edits: Option<&Edits>,
) -> Result<Returned, Malformed> {
    let baseline = transform::user(role, cleaned, before)?;
    let current = current.unwrap_or(&baseline);
    let changed = *current != *baseline;
    if !changed && edits.is_none_or(|edits| !edits.carries()) {
        return Ok(Returned {
            document: before.to_owned(),
            changed,
            clashes: Vec::new(),
        });
    }
    let (was, base, is) = (
        Fields::of(before)?,
        Fields::of(&baseline)?,
        Fields::of(current)?,
    );
    let mut clashes = Vec::new();
    let mut own = Vec::new();
    for field in role.copied() {
        let Some(edits) = edits else { break };
        let edited = get(&edits.set, field);
        if edited.is_none() && !edits.removed.iter().any(|it| it == field) {
            continue;
        }
        if is.same(&base, field.as_bytes()) {
            let bytes = edited.map_or_else(Vec::new, |value| value.under(field));
            own.push((field, Turn::Put(bytes)));
        } else if is.first(field.as_bytes()) != edited {
            clashes.push(field.to_owned());
        }
    }
    Ok(Returned {
        document: weave(before, [&was, &base, &is], &own)?,
        changed,
        clashes,
    })
}

/// Whether none of the contact fields is there, or each with null in it.
pub fn without_contact(role: &UserRole, contact: Contact, user: &RawDocument) -> bool {
    role.contact.iter().all(|field| {
        let value = get(user, field);
        value.is_none_or(|value| contact == Contact::Null && value.kind == kind::NULL)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::{DEFAULT, Mapping};
    use bson::rawdoc;

    #[test]
    fn contact_fields_come_back_in_their_place_with_the_customers_edits_and_the_users_own_value_wins()
     {
        let role = Mapping::parse(DEFAULT).unwrap().user;
        let before = rawdoc! { "_id": 1, "phone": "1", "name": "Ann", "city": "B", "x": 1 };
        let now = rawdoc! { "_id": 1, "name": "Own", "x": 1, "y": 2 };
        let edits = Edits {
            set: rawdoc! { "name": "Hers", "phone": "2", "email": "e" },
            removed: vec!["city".to_owned()],
            foreign: vec![],
        };
        let back = back(
            &role,
            &before,
            Some(&now),
            Some(Contact::Remove),
            Some(&edits),
        )
        .unwrap();
        assert_eq!(
            back.document,
            rawdoc! { "_id": 1, "phone": "2", "name": "Own", "x": 1, "y": 2, "email": "e" }
        );
        assert_eq!(back.clashes, ["name"]);
    }
}
