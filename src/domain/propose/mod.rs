//! A mapping proposed from what was seen: collections, fields, and where references lead. Where two candidates fit equally well, or none
//! does, a required key stays open and the candidates stand beside it as comments.

mod bookings;
mod graph;
mod people;
mod places;
mod text;
mod words;

use std::collections::BTreeMap;

pub use text::Written;

use super::profile::Profile;

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
}

impl SeenReference {
    /// Most of the values lead there, or nothing was there to be tried and the schema says so.
    pub fn is_clear(&self) -> bool {
        if self.tried == 0 {
            return self.said;
        }
        self.found * 2 >= self.tried
    }

    /// Why it is one, in words.
    fn words(&self) -> String {
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
    fn profile(&self, collection: &str) -> Option<&Profile> {
        self.collections.get(collection).map(|it| &it.profile)
    }

    fn references(&self, collection: &str) -> impl Iterator<Item = &SeenReference> {
        let found = self.collections.get(collection);
        found
            .into_iter()
            .flat_map(|it| it.references.iter().filter(|it| it.is_clear()))
    }

    /// True where fewer than half of the documents have this field: it is not by it that they are usually told.
    fn is_rare(&self, collection: &str, field: &str) -> bool {
        let Some(profile) = self.profile(collection) else {
            return false;
        };
        let found = profile.field(field);
        let documents = found.map_or(0, |field| field.documents);
        documents * 2 < profile.documents
    }

    /// References of a collection that lead to another one.
    fn leading<'s>(
        &'s self,
        collection: &str,
        to: &'s str,
    ) -> impl Iterator<Item = &'s SeenReference> {
        self.references(collection).filter(move |it| it.to == to)
    }
}

/// What cannot be proposed at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProposal {
    /// Bookings stand inside other documents.
    #[error(
        "bookings seem to stand inside other documents: each element of {0} names a user and has a time. That is not supported; nothing was written. Give bookings a collection of their own first"
    )]
    Embedded(String),
    /// There is nothing to look at.
    #[error(
        "there is no collection with documents, and no schema, to propose a mapping from; nothing was written"
    )]
    Nothing,
}

/// Proposes a mapping.
///
/// # Errors
/// See [`NoProposal`].
pub fn propose(seen: &Seen, database: &str) -> Result<Written, NoProposal> {
    if seen.collections.is_empty() {
        return Err(NoProposal::Nothing);
    }
    let users = people::users(seen);
    let Some(bookings) = bookings::collection(seen, users.as_deref()) else {
        if let Some(embedded) = bookings::embedded(seen, users.as_deref()) {
            return Err(NoProposal::Embedded(embedded));
        }
        return Ok(text::without_bookings(seen, database, users.as_deref()));
    };
    let reference = bookings::user(seen, &bookings, users.as_deref());
    let guest = bookings::guest(seen, &bookings);
    // Users that no booking names are no part of the migration where guests stand in the bookings themselves.
    let users = users.filter(|_| reference.is_some() || guest.is_empty());
    let places = places::find(seen, &bookings, users.as_deref());
    Ok(text::Proposal {
        seen,
        database,
        users,
        bookings,
        reference,
        guest,
        places,
    }
    .written())
}
