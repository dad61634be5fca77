//! What a survey keeps of documents that name users: how those of one collection find what they refer to, and what was found wrong with them.

use std::collections::BTreeMap;

use super::facts::{BusinessIx, MemberDigest, UserIx};
use super::times::booked;
use crate::domain::id::Id;
use crate::domain::mapping::Mapping;
use crate::domain::reference::{BookingPaths, Reached, References, Way};

/// Bookings that share one missing thing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stray {
    /// How many.
    pub bookings: u64,
    /// Which ones.
    pub members: MemberDigest,
    /// The earliest creation date among them.
    pub created: Option<i64>,
    /// When the earliest of them was made, by that date or by its id.
    pub oldest: Option<i64>,
}

impl Stray {
    /// Takes those of another one.
    pub(super) fn and(&mut self, other: &Self) {
        self.bookings += other.bookings;
        self.members.join(other.members);
    }

    pub(super) fn take(&mut self, refs: &References) {
        self.bookings += 1;
        if let Some(id) = &refs.id {
            self.members.add(id.as_bytes());
        }
        let earlier = |one: Option<i64>, other: Option<i64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.created = earlier(self.created, refs.created);
        self.oldest = earlier(self.oldest, booked(refs));
    }
}

/// Whose documents are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Bookings.
    Bookings,
    /// Those of the followed entry at this place of the mapping.
    Entry(usize),
}

/// The ways of the documents of one collection.
#[derive(Debug)]
pub(super) struct Finder {
    pub(super) paths: BookingPaths,
    /// One for each path, in their order.
    pub(super) to_business: Vec<Way<BusinessIx>>,
    pub(super) to_user: Way<UserIx>,
}

/// What a document's references lead to.
pub(super) struct Joined {
    pub(super) user: Reached<UserIx>,
    pub(super) business: Reached<BusinessIx>,
}

impl Joined {
    pub(super) fn mismatch(&self) -> bool {
        self.user.mismatch || self.business.mismatch
    }
}

impl Finder {
    pub(super) fn new(paths: BookingPaths) -> Self {
        let ways = paths.businesses().iter();
        Self {
            to_business: ways.map(|path| Way::new(path.clone())).collect(),
            to_user: Way::new(paths.user().clone()),
            paths,
        }
    }
}

/// One entry of the mapping, with what was found in its collection.
#[derive(Debug)]
pub struct Followed {
    /// What codes and counts call it.
    pub name: String,
    /// Its collection.
    pub collection: String,
    pub(super) finder: Finder,
    /// Documents in all.
    pub documents: u64,
    /// Documents that the entry's filter keeps out of everything.
    pub outside: u64,
    /// Documents of users who have an account and no pair at that business: they stay with the account.
    pub with_account: u64,
    /// Documents of a known business without a known user, by the value that names nobody.
    pub without_user: BTreeMap<(BusinessIx, Option<Id>), Stray>,
    /// Documents without a known business, by the value that leads to none.
    pub without_business: BTreeMap<Option<Id>, Stray>,
    /// Documents whose paths lead to several businesses, by those.
    pub disagreeing: BTreeMap<Vec<BusinessIx>, Stray>,
    /// Documents of a known business that name several users, by business.
    pub several_users: BTreeMap<BusinessIx, Stray>,
    /// Documents that have the new reference already, by business.
    pub already_linked: BTreeMap<BusinessIx, Stray>,
    /// Documents that would pass the server's 16 MiB with their new field.
    pub oversize: Vec<Id>,
}

impl Followed {
    /// Those of a mapping, which have seen nothing yet.
    pub(super) fn all(mapping: &Mapping) -> Vec<Self> {
        let entries = mapping.follow.iter().enumerate();
        let entries = entries.map(|(at, entry)| Self {
            name: mapping.entry_name(at),
            collection: entry.collection.clone(),
            finder: Finder::new(BookingPaths::entry(mapping, entry)),
            documents: 0,
            outside: 0,
            with_account: 0,
            without_user: BTreeMap::new(),
            without_business: BTreeMap::new(),
            disagreeing: BTreeMap::new(),
            several_users: BTreeMap::new(),
            already_linked: BTreeMap::new(),
            oversize: Vec::new(),
        });
        entries.collect()
    }

    /// Documents that its filter lets in.
    pub fn let_in(&self) -> u64 {
        self.documents - self.outside
    }
}
