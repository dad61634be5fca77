//! How documents find their users over the documents of today: for the proof of merged copies.

use bson::raw::RawDocument;

use super::paths::{Needed, ProofPaths, Ways, values};
use crate::domain::id::Id;
use crate::domain::mapping::Mapping;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::table::Memory;

/// How a booking finds its user over the documents of today.
#[derive(Debug)]
pub struct UserWay(Ways);

impl UserWay {
    /// Those of a rebuilt collection, which know no document yet: one for bookings, one for each followed entry.
    pub fn all(mapping: &Mapping, which: &Rebuilt, memory: &Memory) -> Vec<(ProofPaths, Self)> {
        let own = match which.role() {
            Role::Bookings => Some(ProofPaths::of(mapping)),
            Role::Followed => None,
            Role::Customers | Role::Users | Role::Reshaped => return Vec::new(),
        };
        let entries = mapping.entries_of(which.live());
        let entries = entries.map(|(_, it)| ProofPaths::entry(mapping, it));
        let ways = own.into_iter().chain(entries).map(|paths| {
            let way = Self(Ways::new(mapping, paths.clone(), memory));
            (paths, way)
        });
        ways.collect()
    }

    fn tables_before(&self) -> usize {
        let before = self.0.paths.businesses.iter();
        before.map(|path| path.hops.len()).sum()
    }

    /// What must be read first.
    pub fn needed(&self) -> Vec<Needed> {
        self.0.paths.needed().split_off(self.tables_before())
    }

    /// Takes a document of what is needed.
    pub fn take(&mut self, needed: &Needed, document: &RawDocument) {
        self.0.take_between(needed, document);
    }

    /// The field of users that must be read too, where bookings name them by it.
    pub fn of_users(&self) -> Option<String> {
        self.0.paths.email.as_ref().map(ToString::to_string)
    }

    /// Takes a user.
    pub fn take_user(&mut self, user: &RawDocument) {
        self.0.take_user(user);
    }

    /// The users that these values lead to.
    pub fn ends(&self, named: &[Id]) -> Vec<Id> {
        if self.0.paths.email.is_some() {
            let users = self.0.of_emails(named);
            return users.iter().map(Id::canonical).collect();
        }
        let named = named.iter().cloned().collect();
        let ends = self
            .0
            .follow(&self.0.paths.user, self.tables_before(), named);
        ends.iter().map(Id::canonical).collect()
    }
}

/// The collection of the first document on a booking's way to its user.
pub fn first_hop(mapping: &Mapping) -> Option<&str> {
    let first = mapping.hops_to_users().first();
    first.map(|hop| hop.collection.as_str())
}

/// Whether a document of this collection that bookings lead through to their user names one of these itself. One that leads on to yet another
/// document is not followed.
pub fn hop_names(
    mapping: &Mapping,
    (collection, document): (&str, &RawDocument),
    users: &[Id],
) -> bool {
    let hops = mapping.hops_to_users();
    let first = hops.iter().position(|hop| hop.collection == collection);
    let Some(at) = first else {
        return false;
    };
    if at + 1 < hops.len() {
        return true;
    }
    values(&hops[at].then, document).into_iter().any(|value| {
        let id = Id::from_value(value);
        let other = id.other_form().map(|id| id.canonical());
        let mut users = users.iter().map(Id::canonical);
        users.any(|user| user == id.canonical() || Some(&user) == other.as_ref())
    })
}
