//! What was seen of a database in words, for one who picks collections and fields: how many documents, how often a field occurs, what stands
//! in it, where it leads. Names and counts alone, no value of any document.

use std::collections::BTreeMap;

use super::seen::{Seen, SeenCollection, SeenReference};
use crate::domain::number::{counted, grouped};
use crate::domain::profile::{Field, Profile};

/// A name, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The collection or the field's path, as it is stored.
    pub name: String,
    /// What was seen, in words.
    pub says: String,
}

/// Collections and their fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Collections, the largest first.
    pub collections: Vec<Entry>,
    fields: BTreeMap<String, Vec<Entry>>,
}

impl Catalogue {
    /// Of what was seen.
    pub fn of(seen: &Seen) -> Self {
        let mut names: Vec<_> = seen.collections.iter().collect();
        names.sort_by_key(|(_, it)| std::cmp::Reverse(it.profile.total));
        let collections = names.iter().map(|(name, it)| Entry {
            name: (*name).clone(),
            says: counted(it.profile.total, "document", "documents"),
        });
        let fields = seen
            .collections
            .iter()
            .map(|(name, it)| (name.clone(), fields_of(it)));
        Self {
            collections: collections.collect(),
            fields: fields.collect(),
        }
    }

    /// The fields of a collection.
    pub fn fields(&self, collection: &str) -> &[Entry] {
        self.fields.get(collection).map_or(&[], Vec::as_slice)
    }

    /// What was seen of a collection, or of a field of one.
    pub fn says(&self, collection: &str, field: Option<&str>) -> Option<&str> {
        let entries = match field {
            None => &self.collections[..],
            Some(_) => self.fields(collection),
        };
        let wanted = field.unwrap_or(collection);
        let found = entries.iter().find(|entry| entry.name == wanted);
        found.map(|entry| entry.says.as_str())
    }
}

fn fields_of(collection: &SeenCollection) -> Vec<Entry> {
    let profile = &collection.profile;
    let fields = profile.fields().filter(|(path, _)| *path != "_id");
    let entries = fields.map(|(path, field)| {
        let mut says = occurs(profile, field);
        let leads = collection
            .references
            .iter()
            .find(|it| it.field == path && it.is_clear());
        let what = leads.map_or_else(|| holds(field).to_owned(), SeenReference::words);
        if !what.is_empty() {
            says = format!("{says}; {what}");
        }
        Entry {
            name: path.to_owned(),
            says,
        }
    });
    entries.collect()
}

/// In how many documents of those that were looked at.
fn occurs(profile: &Profile, field: &Field) -> String {
    let of = grouped(profile.documents);
    let looked = if profile.is_whole() { "" } else { " looked at" };
    format!("in {} of {of}{looked}", grouped(field.documents))
}

/// What mostly stands in a field.
fn holds(field: &Field) -> &'static str {
    let kinds = [
        (field.hashes, "password hashes"),
        (field.addresses, "e-mail addresses"),
        (field.dates, "dates"),
        (field.ids, "ids"),
        (field.texts, "text"),
        (field.numbers, "numbers"),
        (field.truths, "true or false"),
        (field.inner, "documents"),
    ];
    if field.list_of_documents {
        return "lists of documents";
    }
    let found = kinds.into_iter().find(|(count, _)| field.mostly(*count));
    match found {
        Some((_, word)) => word,
        None if field.set == 0 => "always empty",
        None => "several types",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;

    #[test]
    fn a_field_is_told_by_how_often_it_occurs_and_where_it_leads() {
        let mut profile = Profile::new(2);
        profile.take(&rawdoc! { "_id": 1, "user": 5, "mail": "a@b.org", "note": "" });
        profile.take(&rawdoc! { "_id": 2, "user": 6 });
        let reference = SeenReference {
            field: "user".into(),
            to: "people".into(),
            by: None,
            found: 2,
            tried: 2,
            said: false,
            kinds: None,
        };
        let seen = Seen {
            collections: [(
                "bookings".to_owned(),
                SeenCollection {
                    profile,
                    references: vec![reference],
                },
            )]
            .into(),
        };
        let catalogue = Catalogue::of(&seen);
        let says = |field| catalogue.says("bookings", Some(field)).unwrap();
        assert_eq!(says("user"), "in 2 of 2; 2 of 2 values are ids of people");
        assert_eq!(says("mail"), "in 1 of 2; e-mail addresses");
        assert_eq!(says("note"), "in 1 of 2; always empty");
        assert_eq!(catalogue.says("bookings", None), Some("2 documents"));
        assert_eq!(catalogue.says("bookings", Some("_id")), None);
        assert_eq!(catalogue.says("nothing", None), None);
    }
}
