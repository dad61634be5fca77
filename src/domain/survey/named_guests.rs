//! Guests as the rest of the program asks for them: who is one, which bookings say so, what its customer gets.

use std::collections::{BTreeMap, BTreeSet};

use bson::RawDocumentBuf;

use super::Survey;
use super::facts::{UserFacts, UserIx};
use super::guests::{GuestRead, OLDEST};
use crate::domain::id::Id;
use crate::domain::raw::Builder;
use crate::domain::reference::References;

impl Survey {
    /// True for a guest: one without a document among the users.
    pub fn is_guest(&self, user: UserIx) -> bool {
        self.guests.first.is_some_and(|first| user >= first)
    }

    /// The id of a guest, among those of users.
    pub fn guest_named(&self, id: &Id) -> Option<UserIx> {
        let first = self.guests.first?;
        self.users.find(&id.canonical()).filter(|at| *at >= first)
    }

    /// How many users there are that have a document.
    pub fn user_documents(&self) -> usize {
        self.guests.first.unwrap_or_else(|| self.users.len())
    }

    /// Every guest, in the order in which they came.
    pub fn every_guest(&self) -> std::ops::Range<UserIx> {
        self.user_documents()..self.users.len()
    }

    /// The guest that a booking of this business names; none where it names none, or one that the survey has not seen.
    pub(super) fn guest_at(
        &self,
        refs: &References,
        business: super::BusinessIx,
    ) -> Option<UserIx> {
        let key = refs.guest.as_ref()?;
        self.guest_named(&key.at(self.business_id(business)))
    }

    /// Takes a booking's guest, who may be new.
    pub(super) fn take_guest(
        &mut self,
        refs: &References,
        read: Option<&GuestRead>,
        business: super::BusinessIx,
    ) {
        let (Some(key), Some(read)) = (&refs.guest, read) else {
            return;
        };
        let id = key.at(self.business_id(business)).canonical();
        let known = self.users.len();
        let facts = UserFacts {
            filled: 0,
            contact: false,
            ..read.facts
        };
        let guest = match self.users.find(&id) {
            Some(guest) => guest,
            None => self.users.insert(&id, &facts),
        };
        self.guests.first.get_or_insert(known);
        self.guests.take(&mut self.users, guest, refs, read);
    }

    /// The bookings of which a guest's customer is made.
    pub fn bookings_of_guest(&self, guest: UserIx) -> BTreeSet<Id> {
        let members = self.guests.paths.as_ref().map_or(0, |it| it.members.len());
        let slots = 0..=u8::try_from(members).unwrap_or(u8::MAX);
        let sources = slots.filter_map(|slot| self.guests.source(guest, slot));
        sources.map(|source| self.guests.booking(source)).collect()
    }

    /// What a guest gives to a customer, under the customer's own field names, as [`crate::domain::mapping::UserRole::view`] does for a user;
    /// none where one of the bookings is not there any more.
    pub fn view_of_guest(
        &self,
        guest: UserIx,
        bookings: &BTreeMap<Id, RawDocumentBuf>,
    ) -> Option<RawDocumentBuf> {
        let paths = self.guests.paths.as_ref()?;
        let of = |slot| {
            let source = self.guests.source(guest, slot)?;
            bookings.get(&self.guests.booking(source))
        };
        let oldest = of(OLDEST)?;
        let mut view = Builder::new(256);
        view.value("_id", self.user_id(guest).value());
        for (at, member) in paths.members.iter().enumerate() {
            let slot = u8::try_from(at + 1).unwrap_or(u8::MAX);
            let booking = match self.guests.source(guest, slot) {
                Some(_) => of(slot)?,
                None => oldest,
            };
            if let Some(value) = member.path.value(booking) {
                view.value(&member.field, value);
            }
        }
        if let Some((field, path)) = paths.created()
            && let Some(value) = path.value(oldest)
        {
            view.value(field, value);
        }
        Some(view.finish())
    }
}
