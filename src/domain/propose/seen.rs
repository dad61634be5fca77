//! What was seen of a database: its collections, and where their fields lead.

use std::collections::BTreeMap;

use crate::domain::profile::Profile;

/// A reference that was seen: values of a field that name documents of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenReference {
    /// The field, as a mapping writes it.
    pub field: String,
    /// The collection.
    pub to: String,
    /// The field by which its documents are known; `_id` unless said.
    pub by: Option<String>,
    /// Values that name a document.
    pub found: usize,
    /// Values that were tried.
    pub tried: usize,
    /// The schema says so.
    pub said: bool,
    /// Where the documents that it reaches say of what kind they are: the field, and how many say what.
    pub kinds: Option<Kinds>,
}

/// What the documents say of their kind that a reference reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds {
    /// The field that says it.
    pub field: String,
    /// How many say what.
    pub counts: BTreeMap<String, usize>,
}

/// Fields that say of what kind somebody is.
const KIND: [&str; 7] = [
    "kind",
    "type",
    "role",
    "roles",
    "usertype",
    "accounttype",
    "userrole",
];
/// Words for those who book.
const BOOKS: [&str; 10] = [
    "customer", "client", "guest", "patient", "member", "student", "user", "renter", "visitor",
    "traveler",
];

impl Kinds {
    /// The field of a collection that says of what kind its documents are, where one does.
    pub fn field(profile: &Profile) -> Option<&str> {
        let mut fields = profile.fields().filter(|(path, field)| {
            let kinds = field.values().filter(|it| it.as_str().is_some()).count();
            KIND.contains(&super::words::plain(path).as_str()) && (2..=12).contains(&kinds)
        });
        fields.next().map(|(path, _)| path)
    }

    /// How many of a hundred are of a kind that books.
    fn booking(&self) -> usize {
        let books = |kind: &str| {
            let kind = kind.to_lowercase();
            BOOKS.iter().any(|word| kind == *word)
        };
        let all: usize = self.counts.values().sum();
        let of = self.counts.iter().filter(|(kind, _)| books(kind));
        of.map(|(_, count)| *count).sum::<usize>() * 100 / all.max(1)
    }

    fn words(&self) -> String {
        let counts = self.counts.iter();
        let counts = counts.map(|(kind, count)| format!("{kind} {count}"));
        format!(
            "by {}: {}",
            self.field,
            counts.collect::<Vec<_>>().join(", ")
        )
    }
}

impl SeenReference {
    /// Most of the values lead there, or nothing was there to be tried and the schema says so.
    pub fn is_clear(&self) -> bool {
        if self.tried == 0 {
            return self.said;
        }
        self.found * 2 >= self.tried
    }

    /// Whether it reaches those who book: 0 for yes, 2 for no, 1 where that cannot be told.
    pub(super) fn reaches_others(&self) -> usize {
        match self.kinds.as_ref().map(Kinds::booking) {
            Some(80..) => 0,
            Some(..=20) => 2,
            _ => 1,
        }
    }

    /// Why it is one, in words.
    pub(super) fn words(&self) -> String {
        match &self.kinds {
            Some(kinds) if self.tried > 0 => {
                format!("{} ({})", self.where_to(), kinds.words())
            }
            _ => self.where_to(),
        }
    }

    fn where_to(&self) -> String {
        if self.tried == 0 {
            return format!("the schema says that it refers to {}", self.to);
        }
        let what = self.by.as_ref().map_or_else(
            || format!("ids of {}", self.to),
            |by| format!("{by} of {}", self.to),
        );
        format!("{} of {} values are {what}", self.found, self.tried)
    }
}

/// A collection that was seen.
#[derive(Debug, Clone, Default)]
pub struct SeenCollection {
    /// What its documents look like.
    pub profile: Profile,
    /// Where its fields lead.
    pub references: Vec<SeenReference>,
}

/// All that was seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// By name.
    pub collections: BTreeMap<String, SeenCollection>,
}

impl Seen {
    pub(super) fn profile(&self, collection: &str) -> Option<&Profile> {
        self.collections.get(collection).map(|it| &it.profile)
    }

    pub(super) fn references(&self, collection: &str) -> impl Iterator<Item = &SeenReference> {
        let found = self.collections.get(collection);
        found
            .into_iter()
            .flat_map(|it| it.references.iter().filter(|it| it.is_clear()))
    }

    /// True where fewer than half of the documents have this field: it is not by it that they are usually told.
    pub(super) fn is_rare(&self, collection: &str, field: &str) -> bool {
        let Some(profile) = self.profile(collection) else {
            return false;
        };
        let found = profile.field(field);
        let documents = found.map_or(0, |field| field.documents);
        documents * 2 < profile.documents
    }

    /// References of a collection that lead to another one.
    pub(super) fn leading<'s>(
        &'s self,
        collection: &str,
        to: &'s str,
    ) -> impl Iterator<Item = &'s SeenReference> {
        self.references(collection).filter(move |it| it.to == to)
    }
}
