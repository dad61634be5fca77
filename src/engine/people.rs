//! What users and guests hold, under the customer's own field names: a user's document seen as its role has it, a guest as its bookings say.
//! Reads only.

use std::collections::{BTreeMap, BTreeSet};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::reference::{GuestPaths, HopFields};
use crate::domain::survey::facts::id_of;
use crate::domain::survey::{BusinessIx, Survey, UserIx};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan::{self, Batch};

/// Guests whose bookings are read at a time.
pub(crate) const GUESTS: usize = 1_000;

/// A guest, and the bookings that say who it is.
pub(crate) struct GuestSeen {
    pub(crate) guest: UserIx,
    /// What its customer gets, under the customer's own field names; `_id` is the guest's own.
    pub(crate) view: RawDocumentBuf,
    /// The bookings that it comes from.
    pub(crate) bookings: BTreeSet<Id>,
}

impl Session {
    /// What these guests hold; those are left out whose bookings are not there any more.
    pub(crate) async fn guests(
        &self,
        survey: &Survey,
        guests: &[UserIx],
    ) -> Result<Vec<GuestSeen>> {
        let sources: Vec<(UserIx, BTreeSet<Id>)> = guests
            .iter()
            .map(|guest| (*guest, survey.bookings_of_guest(*guest)))
            .collect();
        let ids: BTreeSet<Id> = sources.iter().flat_map(|(_, ids)| ids.clone()).collect();
        let database = &self.work.connection.database;
        let bookings = self.layout.source(&self.work.mapping.bookings());
        let fields = survey.paths().guests().map(GuestPaths::fields);
        let fields = fields.unwrap_or_default();
        // Not whole: a booking may be large, and these fields are little of it.
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let name = bookings.unwrap_or_default();
        let found = scan::fields_by_ids(database, &name, &ids, &fields).await?;
        let found: BTreeMap<Id, RawDocumentBuf> = found
            .iter()
            .flat_map(Batch::documents)
            .filter_map(|booking| Some((id_of(booking)?, booking.to_owned())))
            .collect();
        let seen = sources.into_iter().filter_map(|(guest, bookings)| {
            Some(GuestSeen {
                guest,
                view: survey.view_of_guest(guest, &found)?,
                bookings,
            })
        });
        Ok(seen.collect())
    }

    /// The documents of these ids of which customers get fields, by their canonical ids; none where customers get none of such.
    pub(crate) async fn hop_documents(
        &self,
        ids: &BTreeSet<Id>,
    ) -> Result<BTreeMap<Id, RawDocumentBuf>> {
        let Some(fields) = HopFields::of(&self.work.mapping).filter(|_| !ids.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        let other = ids.iter().filter_map(Id::other_form);
        let ids: BTreeSet<Id> = ids.iter().cloned().chain(other).collect();
        let place = self
            .layout
            .original_of(&self.work.mapping, &fields.collection);
        let database = &self.work.connection.database;
        let found = scan::fields_by_ids(database, &place, &ids, &fields.top_level()).await?;
        let found = found.iter().flat_map(Batch::documents);
        let found = found.filter_map(|it| Some((id_of(it)?.canonical(), it.to_owned())));
        Ok(found.collect())
    }

    /// What a user or guest holds, with what its document on the way of its bookings at a business gives; and the id of that document.
    pub(crate) fn with_hop_fields(
        &self,
        survey: &Survey,
        (user, business): (UserIx, BusinessIx),
        view: &RawDocument,
        documents: &BTreeMap<Id, RawDocumentBuf>,
    ) -> Option<(Id, RawDocumentBuf)> {
        let named = survey.hop_document(user, business)?;
        let exact = documents.get(&named.canonical());
        let document = exact.or_else(|| documents.get(&named.other_form()?.canonical()))?;
        let fields = HopFields::of(&self.work.mapping)?;
        Some((id_of(document)?, fields.added_to(view, document)))
    }

    /// What these users and guests hold as customers of a business, in the order of `ids`, each with the id of the document on the way of its
    /// bookings that gives it some fields.
    pub(crate) async fn views_at(
        &self,
        survey: &Survey,
        business: BusinessIx,
        ids: &[Id],
    ) -> Result<Vec<(RawDocumentBuf, Option<Id>)>> {
        let views = self.views(survey, ids).await?;
        let of = |view: &RawDocumentBuf| survey.users.find(&id_of(view)?.canonical());
        let named = views
            .iter()
            .filter_map(|view| survey.hop_document(of(view)?, business));
        let documents = self.hop_documents(&named.collect()).await?;
        let whole = views.into_iter().map(|view| {
            let more = of(&view)
                .and_then(|user| self.with_hop_fields(survey, (user, business), &view, &documents));
            more.map_or((view, None), |(id, view)| (view, Some(id)))
        });
        Ok(whole.collect())
    }

    /// What these users and guests hold, each under the customer's own field names, in the order of `ids`.
    pub(crate) async fn views(&self, survey: &Survey, ids: &[Id]) -> Result<Vec<RawDocumentBuf>> {
        let guests: Vec<UserIx> = ids.iter().filter_map(|id| survey.guest_named(id)).collect();
        let users = ids.iter().filter(|id| survey.guest_named(id).is_none());
        let source = self.layout.source(&self.work.mapping.users());
        let database = &self.work.connection.database;
        let documents = scan::by_ids(database, &source.unwrap_or_default(), users).await?;
        let role = &self.work.mapping.user;
        let mut views: Vec<RawDocumentBuf> = documents
            .iter()
            .map(|document| role.view(document).into_owned())
            .collect();
        for guests in guests.chunks(GUESTS) {
            let seen = self.guests(survey, guests).await?;
            views.extend(seen.into_iter().map(|seen| seen.view));
        }
        views.sort_by_key(|view| {
            let id = id_of(view);
            id.and_then(|id| ids.iter().position(|it| it.canonical() == id.canonical()))
        });
        Ok(views)
    }
}
