//! Guests as the rest of the program asks for them: who is one, which bookings say so, what its customer gets.

use std::collections::{BTreeMap, BTreeSet};

use bson::RawDocumentBuf;

use super::Survey;
use super::facts::{UserFacts, UserIx};
use super::found::Of;
use super::guests::{GuestRead, Guests, OLDEST};
use crate::domain::id::Id;
use crate::domain::raw::Builder;
use crate::domain::reference::{GuestPaths, References};

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

    /// Takes a document's guest, who may be new.
    pub(super) fn take_guest(
        &mut self,
        of: Of,
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
        self.guests.take(&mut self.users, guest, (of, refs), read);
    }

    /// The bookings, and followed documents, of which a guest's customer is made.
    pub fn bookings_of_guest(&self, guest: UserIx) -> BTreeSet<(Of, Id)> {
        let slots = 0..=u8::try_from(self.guests.fields.len()).unwrap_or(u8::MAX);
        let sources = slots.filter_map(|slot| self.guests.source(guest, slot));
        let place = |source| (Guests::whose(source), self.guests.booking(source));
        sources.map(place).collect()
    }

    /// How these documents say who their guest is; none where they have no guests.
    pub fn guest_paths(&self, of: Of) -> Option<&GuestPaths> {
        self.guests.paths_of(of)
    }

    /// True where bookings or followed documents have guests.
    pub fn has_guests(&self) -> bool {
        self.guests.paths.iter().any(Option::is_some)
    }

    /// What a guest gives to a customer, under the customer's own field names, as [`crate::domain::mapping::UserRole::view`] does for a user;
    /// none where one of the bookings is not there any more.
    pub fn view_of_guest(
        &self,
        guest: UserIx,
        bookings: &BTreeMap<(Of, Id), RawDocumentBuf>,
    ) -> Option<RawDocumentBuf> {
        let of = |slot| {
            let source = self.guests.source(guest, slot)?;
            let whose = Guests::whose(source);
            let document = bookings.get(&(whose, self.guests.booking(source)))?;
            Some((self.guests.paths_of(whose)?, document))
        };
        let oldest = of(OLDEST)?;
        let mut view = Builder::new(256);
        view.value("_id", self.user_id(guest).value());
        for (at, field) in self.guests.fields.iter().enumerate() {
            let slot = u8::try_from(at + 1).unwrap_or(u8::MAX);
            let (paths, booking) = match self.guests.source(guest, slot) {
                Some(_) => of(slot)?,
                None => oldest,
            };
            let member = paths.members.iter().find(|it| it.field == *field);
            if let Some(value) = member.and_then(|member| member.path.value(booking)) {
                view.value(field, value);
            }
        }
        if let Some((field, path)) = oldest.0.created()
            && let Some(value) = path.value(oldest.1)
        {
            view.value(field, value);
        }
        Some(view.finish())
    }
}
