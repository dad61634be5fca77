//! How documents find their users and businesses: bookings, and those of every followed entry, by the same code.

use bson::raw::RawDocument;

use super::facts::{BusinessIx, UserIx, id_of, naming_hash};
use super::found::{Finder, Joined, Of};
use super::{Standing, Survey};
use crate::domain::id::Id;
use crate::domain::reference::{BookingPaths, End, HopRead, Reached, References, find_odd};

impl Survey {
    pub(super) fn finder(&self, of: Of) -> &Finder {
        match of {
            Of::Bookings => &self.finder,
            Of::Entry(at) => self.followed.get(at).map_or(&self.finder, |it| &it.finder),
        }
    }

    fn finders(&self) -> impl Iterator<Item = &Finder> {
        [&self.finder]
            .into_iter()
            .chain(self.followed.iter().map(|it| &it.finder))
    }

    /// How many ways lead documents to their businesses.
    pub(super) fn ways_to_businesses(&self) -> usize {
        self.finders().map(|finder| finder.to_business.len()).sum()
    }

    /// How these documents find what they refer to.
    pub fn paths_of(&self, of: Of) -> &BookingPaths {
        &self.finder(of).paths
    }

    /// Where a document stands.
    pub fn standing_in(&self, of: Of, refs: &References) -> Standing {
        self.standing_of(refs, &self.joined(of, refs))
    }

    /// What its references lead to.
    pub(super) fn joined(&self, of: Of, refs: &References) -> Joined {
        let finder = self.finder(of);
        Joined {
            user: self.users_of(finder, refs),
            business: self.business_of(finder, refs),
        }
    }

    /// Every user whom a document names, the first one first. An e-mail that several users have names all of them, by their ids.
    fn users_of(&self, finder: &Finder, refs: &References) -> Reached<UserIx> {
        if !finder.paths.is_by_email() {
            return finder.to_user.resolve(&refs.user, |id| self.find_user(id));
        }
        let mut reached = Reached {
            end: None,
            others: Vec::new(),
            mismatch: false,
        };
        for hash in refs.user.all().filter_map(|it| naming_hash(it.as_str()?)) {
            let users = self.by_email.get(&hash);
            for user in users.into_iter().flatten() {
                reached.add(*user);
            }
        }
        reached
    }

    /// Where its paths to a business lead, all together: the order decides only where some lead nowhere.
    fn business_of(&self, finder: &Finder, refs: &References) -> Reached<BusinessIx> {
        let business = |id: &Id| self.find_business(id);
        let mut ways = finder.to_business.iter().zip(refs.businesses());
        let Some((way, reading)) = ways.next() else {
            return Reached {
                end: self.one_business.then_some(0),
                others: Vec::new(),
                mismatch: false,
            };
        };
        let mut reached = way.resolve(reading, business);
        for (way, reading) in ways {
            let other = way.resolve(reading, business);
            reached.mismatch |= other.mismatch;
            other.ends().for_each(|end| reached.add(*end));
        }
        reached
    }

    /// True where some documents name users by their e-mails.
    pub(super) fn names_by_email(&self) -> bool {
        self.finders().any(|finder| finder.paths.is_by_email())
    }

    /// What must be read so that documents find this, in this order. After the businesses, or the users, and before the bookings.
    pub fn hops(&self, end: End) -> Vec<HopRead> {
        match end {
            End::Business => {
                let ways = self.finders().flat_map(|finder| &finder.to_business);
                let ways = ways.enumerate();
                let reads = ways.flat_map(|(at, way)| way.reads_as(at));
                reads.chain(self.hops_of_homes()).collect()
            }
            End::User => {
                let finders = self.finders().enumerate();
                finders
                    .flat_map(|(at, finder)| finder.to_user.reads_as(at))
                    .collect()
            }
        }
    }

    /// Takes a document of one of [`Self::hops`].
    pub fn take_hop(&mut self, end: End, read: &HopRead, document: &RawDocument) {
        let (businesses, odd_businesses) = (&self.businesses, &self.odd_businesses);
        let (users, odd_users) = (&self.users, &self.odd_users);
        let finders = [&mut self.finder]
            .into_iter()
            .chain(self.followed.iter_mut().map(|it| &mut it.finder));
        let mismatch = match end {
            End::Business => {
                let place = |id: &Id| businesses.get_index_of(id);
                let odd = |loose: &Id| odd_businesses.get(loose).copied();
                let business = |id: &Id| find_odd(place, odd, id);
                let ways = finders.flat_map(|finder| finder.to_business.iter_mut());
                let way = ways.chain(&mut self.to_home).nth(read.way);
                way.is_some_and(|way| way.take(read, document, business))
            }
            End::User => {
                let place = |id: &Id| users.find(id);
                let odd = |loose: &Id| odd_users.get(loose).copied().flatten();
                let user = |id: &Id| find_odd(place, odd, id);
                let mut ways = finders.map(|finder| &mut finder.to_user);
                let way = ways.nth(read.way);
                way.is_some_and(|way| way.take(read, document, user))
            }
        };
        if mismatch && let Some(id) = id_of(document) {
            self.note_mismatch(&read.collection, &read.field, &id);
        }
    }

    /// Notes the references of a document that have another type than their targets.
    pub(super) fn reference_mismatches(&mut self, of: Of, refs: &References, joined: &Joined) {
        if !joined.mismatch() {
            return;
        }
        let collection = match of {
            Of::Bookings => self.mapping.booking.collection.clone(),
            Of::Entry(at) => self.mapping.follow[at].collection.clone(),
        };
        let id = refs.id.clone().unwrap_or_else(|| Id::string(""));
        let mut fields = Vec::new();
        let finder = self.finder(of);
        if joined.user.mismatch {
            fields.push(finder.paths.user().text().to_owned());
        }
        if joined.business.mismatch {
            let business = |id: &Id| self.find_business(id);
            let ways = finder.to_business.iter().zip(refs.businesses());
            for ((way, reading), path) in ways.zip(finder.paths.businesses()) {
                if way.resolve(reading, business).mismatch {
                    fields.push(path.text().to_owned());
                }
            }
        }
        for field in fields {
            self.note_mismatch(&collection, &field, &id);
        }
    }

    /// True when a reference of this booking has another type than its target.
    pub fn is_mismatched(&self, refs: &References) -> bool {
        self.joined(Of::Bookings, refs).mismatch()
    }

    /// The entries that follow the bookings' own collection.
    pub fn entries_of_bookings(&self) -> Vec<usize> {
        let bookings = &self.mapping.booking.collection;
        self.mapping
            .entries_of(bookings)
            .map(|(at, _)| at)
            .collect()
    }

    /// The users whom a document names, the first one first.
    pub fn users_named(&self, of: Of, refs: &References) -> Vec<UserIx> {
        let reached = self.users_of(self.finder(of), refs);
        reached.ends().copied().collect()
    }

    /// The document of whose fields the customer of this pair gets some, as its newest booking names it.
    pub fn hop_document(&self, user: UserIx, business: BusinessIx) -> Option<Id> {
        self.hop_sources.of(user, business)
    }
}
