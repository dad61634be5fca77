//! A customer on its way back: what the application changed of it goes to its user, or is left behind and said.

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::links::Origin;
use crate::domain::id::Id;
use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{Given, Mapping};
use crate::domain::raw::{Builder, Malformed, Value, elements, get, with_member};
use crate::domain::survivorship::field_digest;

/// What the application changed of a customer that the migration made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edits {
    /// Fields of a user, with their values of now.
    pub set: RawDocumentBuf,
    /// Fields of a user that were removed.
    pub removed: Vec<String>,
    /// Fields that no user has.
    pub foreign: Vec<String>,
}

impl Edits {
    /// True when nothing was changed.
    pub fn is_empty(&self) -> bool {
        !self.carries() && self.foreign.is_empty()
    }

    /// True when something goes to the user.
    pub fn carries(&self) -> bool {
        elements(&self.set).next().is_some() || !self.removed.is_empty()
    }
}

/// What was changed of `current` since the migration made it; `None` where its link does not say what it was made with.
///
/// # Errors
/// A document that is not BSON.
pub fn edits(
    mapping: &Mapping,
    origin: &Origin,
    current: &RawDocument,
) -> Result<Option<Edits>, Malformed> {
    let Some(made) = &origin.made else {
        return Ok(None);
    };
    let mut edits = Edits::default();
    let mut set = Builder::new(64);
    let mut seen: Vec<&[u8]> = Vec::new();
    for element in elements(current) {
        let element = element?;
        if element.key == b"_id" || seen.contains(&element.key) {
            continue;
        }
        seen.push(element.key);
        let name = String::from_utf8_lossy(element.key).into_owned();
        let was = get(made, &name).map(|digest| digest.bytes);
        if was == Some(&field_digest(&origin.id, &element)[..]) {
            continue;
        }
        if mapping.user.place_of(&name).is_some() {
            set.element(&element);
        } else {
            edits.foreign.push(name);
        }
    }
    for element in elements(made) {
        let element = element?;
        if seen.contains(&element.key) {
            continue;
        }
        let name = String::from_utf8_lossy(element.key).into_owned();
        if mapping.user.place_of(&name).is_some() {
            edits.removed.push(name);
        } else {
            edits.foreign.push(name);
        }
    }
    edits.set = set.finish();
    Ok(Some(edits))
}

/// The user of a customer that the application made: its `_id`, the fields that users and customers share, no password. Fields that no user
/// has are returned by name; they are not carried, for one of them might mean something else to a user.
///
/// # Errors
/// A document that is not BSON.
pub fn as_user(
    mapping: &Mapping,
    customer: &RawDocument,
) -> Result<(RawDocumentBuf, Vec<String>), Malformed> {
    let mut user = Builder::new(customer.as_bytes().len());
    let mut members: Vec<(&FieldPath, Value<'_>)> = Vec::new();
    let mut foreign = Vec::new();
    let defaults = &mapping.customer.defaults;
    for element in elements(customer) {
        let element = element?;
        let name = String::from_utf8_lossy(element.key);
        match mapping.user.place_of(&name) {
            _ if name == "_id" => {
                user.element(&element);
            }
            Some(path) if path.is_top_level() => {
                user.value(path.top(), element.value);
            }
            Some(path) => members.push((path, element.value)),
            None if name == mapping.customer.business.as_str() => {}
            None => {
                let given = |(field, value): &(String, Given)| {
                    *field == name && value.under(field) == element.whole
                };
                if !defaults.iter().any(given) {
                    foreign.push(name.into_owned());
                }
            }
        }
    }
    let user = members.iter().fold(user.finish(), |user, (path, value)| {
        let names: Vec<&str> = path.steps().iter().map(|it| it.name.as_str()).collect();
        with_member(&user, &names, Some(*value))
    });
    Ok((user, foreign))
}

/// The `_id` of a document's customer-to-be or the like, as text for people.
pub fn named(id: &Id, fields: &[String]) -> String {
    use crate::domain::text::safe;
    if fields.is_empty() {
        return id.to_string();
    }
    let fields: Vec<_> = fields.iter().map(|field| safe(field, 60)).collect();
    format!("{id} ({})", fields.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::keep_new::links::Links;
    use crate::domain::mapping::DEFAULT;
    use crate::domain::survivorship::{Link, link};
    use bson::rawdoc;

    #[test]
    fn what_changed_of_a_customer_is_told_from_its_links_digests_alone() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let made = rawdoc! { "_id": "c", "businessId": "b", "name": "Ann", "phone": "1" };
        let id = Id::string("c");
        let link = link(
            &mapping,
            &Link {
                customer: &id,
                business: None,
                kind: crate::domain::link::LinkKind::Created,
                users: vec![Id::string("u")],
                guests: Vec::new(),
                bookings: Vec::new(),
                between: Vec::new(),
                made: Some(&made),
                oldest: None,
            },
            None,
        );
        let mut links = Links::default();
        links.take(&mapping, &link).unwrap();
        let origin = links.origin(&id).unwrap();
        assert!(edits(&mapping, origin, &made).unwrap().unwrap().is_empty());
        let now = rawdoc! { "_id": "c", "businessId": "x", "name": "Anne", "tier": 3, "city": "B" };
        assert_eq!(
            edits(&mapping, origin, &now).unwrap().unwrap(),
            Edits {
                set: rawdoc! { "name": "Anne", "city": "B" },
                removed: vec!["phone".to_owned()],
                foreign: vec!["businessId".to_owned(), "tier".to_owned()],
            }
        );
    }
}
