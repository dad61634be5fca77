//! A user on its way back: what the application changed of it, and what it changed of its customer.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::customer::Edits;
use super::weave::{Fields, Turn, weave};
use crate::domain::decision::Contact;
use crate::domain::mapping::UserRole;
use crate::domain::mapping::path::FieldPath;
use crate::domain::raw::{Builder, Malformed, Value, elements, get, kind, with_member};
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
    // Members of a document that the application changed otherwise: what had left it comes back into it.
    for path in role.leaving().filter(|path| !path.is_top_level()) {
        let had = path.value(before).filter(|_| cleaned.is_some());
        let is_changed = !is.same(&base, path.top().as_bytes());
        if is_changed && had.is_some() && path.value(current) == path.value(&baseline) {
            edit_member(&mut own, current, path, had);
        }
    }
    for field in role.copied() {
        let Some(edits) = edits else { break };
        let edited = get(&edits.set, field);
        if edited.is_none() && !edits.removed.iter().any(|it| it == field) {
            continue;
        }
        let Some(path) = role.place_of(field) else {
            continue; // no one place of a user: said with the customer
        };
        let top = path.top();
        if !path.is_top_level() {
            let (was, now) = (path.value(&baseline), path.value(current));
            if was == now {
                let holder = if is.same(&base, top.as_bytes()) {
                    before
                } else {
                    current
                };
                edit_member(&mut own, holder, path, edited);
            } else if now != edited {
                clashes.push(field.to_owned());
            }
        } else if is.same(&base, top.as_bytes()) {
            let bytes = edited.map_or_else(Vec::new, |value| value.under(top));
            own.push((top, Turn::Put(bytes)));
        } else if is.first(top.as_bytes()) != edited {
            clashes.push(field.to_owned());
        }
    }
    Ok(Returned {
        document: weave(before, [&was, &base, &is], &own)?,
        changed,
        clashes,
    })
}

/// Puts a member of a field in its place; other members of the same field may have been edited before.
fn edit_member<'p>(
    own: &mut Vec<(&'p str, Turn)>,
    holder: &RawDocument,
    path: &'p FieldPath,
    value: Option<Value<'_>>,
) {
    let top = path.top();
    let place = own.iter().position(|(name, _)| *name == top);
    let mut known = Builder::new(64);
    match place.and_then(|at| own.get(at)) {
        Some((_, Turn::Put(bytes))) => {
            known.whole(bytes);
        }
        _ => {
            if let Some(value) = get(holder, top) {
                known.value(top, value);
            }
        }
    }
    let names: Vec<&str> = path.steps().iter().map(|it| it.name.as_str()).collect();
    let edited = with_member(&known.finish(), &names, value);
    let element = elements(&edited).map_while(Result::ok).next();
    let turn = Turn::Put(element.map_or_else(Vec::new, |it| it.whole.to_vec()));
    match place.and_then(|at| own.get_mut(at)) {
        Some(known) => known.1 = turn,
        None => own.push((top, turn)),
    }
}

/// Whether none of the contact fields is there, or each with null in it.
pub fn without_contact(role: &UserRole, contact: Contact, user: &RawDocument) -> bool {
    role.leaving().all(|path| {
        let value = path.value(user);
        let null = contact == Contact::Null && role.contact_paths.contains(path);
        value.is_none_or(|value| null && value.kind == kind::NULL)
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
