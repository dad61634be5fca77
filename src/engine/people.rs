//! What users and guests hold, under the customer's own field names: a user's document seen as its role has it, a guest as its bookings say.
//! Reads only.

use std::collections::{BTreeMap, BTreeSet};

use bson::raw::RawDocument;
use bson::{RawDocumentBuf, doc};

use crate::domain::id::Id;
use crate::domain::link::Between;
use crate::domain::reference::{Chain, GuestPaths, HopFields, HopStage};
use crate::domain::survey::facts::id_of;
use crate::domain::survey::{BusinessIx, Of, Survey, UserIx};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan::{self, Scan};

/// Guests whose bookings are read at a time.
pub(crate) const GUESTS: usize = 1_000;

/// A guest, and the bookings that say who it is.
pub(crate) struct GuestSeen {
    pub(crate) guest: UserIx,
    /// What its customer gets, under the customer's own field names; `_id` is the guest's own.
    pub(crate) view: RawDocumentBuf,
    /// The bookings that it comes from.
    pub(crate) bookings: BTreeSet<Between>,
}

impl Session {
    /// What these guests hold; those are left out whose bookings are not there any more.
    pub(crate) async fn guests(
        &self,
        survey: &Survey,
        guests: &[UserIx],
    ) -> Result<Vec<GuestSeen>> {
        let sources: Vec<(UserIx, BTreeSet<(Of, Id)>)> = guests
            .iter()
            .map(|guest| (*guest, survey.bookings_of_guest(*guest)))
            .collect();
        let mut by_place: BTreeMap<Of, BTreeSet<Id>> = BTreeMap::new();
        for (of, id) in sources.iter().flat_map(|(_, ids)| ids) {
            by_place.entry(*of).or_default().insert(id.clone());
        }
        let mapping = &self.work.mapping;
        let database = &self.work.connection.database;
        let collection = |of: Of| match of {
            Of::Bookings => &mapping.booking.collection,
            Of::Entry(at) => &mapping.follow[at].collection,
        };
        let mut found: BTreeMap<(Of, Id), RawDocumentBuf> = BTreeMap::new();
        for (of, ids) in by_place {
            let fields = survey.guest_paths(of).map(GuestPaths::fields);
            let fields = fields.unwrap_or_default();
            // Not whole: a booking may be large, and these fields are little of it.
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            let place = self.layout.original_of(mapping, collection(of));
            for batch in scan::fields_by_ids(database, &place, &ids, &fields).await? {
                let documents = batch.documents();
                let placed = documents.filter_map(|it| Some(((of, id_of(it)?), it.to_owned())));
                found.extend(placed);
            }
        }
        let from = |(of, id): (Of, Id)| Between {
            collection: (of != Of::Bookings).then(|| collection(of).clone()),
            id,
        };
        let seen = sources.into_iter().filter_map(|(guest, bookings)| {
            Some(GuestSeen {
                guest,
                view: survey.view_of_guest(guest, &found)?,
                bookings: bookings.into_iter().map(from).collect(),
            })
        });
        Ok(seen.collect())
    }

    /// The documents on the way from these values, by the values' canonical form; none where customers get no fields of such.
    pub(crate) async fn hop_documents(&self, names: &BTreeSet<Id>) -> Result<BTreeMap<Id, Chain>> {
        let Some(fields) = HopFields::of(&self.work.mapping).filter(|_| !names.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        let mut ways: Vec<(Id, Option<Id>, Chain)> = names
            .iter()
            .map(|name| (name.canonical(), Some(name.clone()), Chain::new()))
            .collect();
        for (at, stage) in fields.stages().iter().enumerate() {
            let now = ways.iter().filter_map(|(_, name, _)| name.clone());
            let now: BTreeSet<Id> = now
                .flat_map(|name| [name.other_form(), Some(name.loose()), Some(name)])
                .flatten()
                .collect();
            let found = self.documents_named(stage, &now).await?;
            let known = fields.by_name(at, found.into_iter());
            for (_, name, chain) in &mut ways {
                let document = name.as_ref().and_then(|it| HopFields::found(&known, it));
                *name = document.and_then(|document| fields.next(at, document));
                chain.extend(document.cloned());
            }
        }
        let found = ways.into_iter().filter(|(_, _, chain)| !chain.is_empty());
        Ok(found.map(|(name, _, chain)| (name, chain)).collect())
    }

    /// The documents of a stage that are named by one of these.
    async fn documents_named(
        &self,
        stage: &HopStage,
        names: &BTreeSet<Id>,
    ) -> Result<Vec<RawDocumentBuf>> {
        let mut all = Vec::new();
        if names.is_empty() {
            return Ok(all);
        }
        let place = self
            .layout
            .original_of(&self.work.mapping, &stage.collection);
        let database = &self.work.connection.database;
        let by = stage.by.as_deref().unwrap_or("_id");
        let names = names.iter().map(scan::bson_of);
        let names = names.collect::<crate::store::Result<Vec<_>>>()?;
        let scan = Scan {
            filter: doc! { by: { "$in": names } },
            fields: stage.fields.clone(),
            ..Scan::default()
        };
        for batch in scan::batches(database, &place, &scan).await? {
            all.extend(batch.documents().map(ToOwned::to_owned));
        }
        Ok(all)
    }

    /// What a user or guest holds, with what the documents on the way of its bookings at a business give; and which documents these are.
    pub(crate) fn with_hop_fields(
        &self,
        survey: &Survey,
        (user, business): (UserIx, BusinessIx),
        view: &RawDocument,
        documents: &BTreeMap<Id, Chain>,
    ) -> Option<(Vec<Between>, RawDocumentBuf)> {
        let named = survey.hop_document(user, business)?;
        let chain = documents.get(&named.canonical())?;
        let fields = HopFields::of(&self.work.mapping)?;
        Some(fields.added_to(view, chain))
    }

    /// What these users and guests hold as customers of a business, in the order of `ids`, each with the documents on the way of its
    /// bookings that give it some fields.
    pub(crate) async fn views_at(
        &self,
        survey: &Survey,
        business: BusinessIx,
        ids: &[Id],
    ) -> Result<Vec<(RawDocumentBuf, Vec<Between>)>> {
        let views = self.views(survey, ids).await?;
        let of = |view: &RawDocumentBuf| survey.users.find(&id_of(view)?.canonical());
        let named = views
            .iter()
            .filter_map(|view| survey.hop_document(of(view)?, business));
        let documents = self.hop_documents(&named.collect()).await?;
        let whole = views.into_iter().map(|view| {
            let more = of(&view)
                .and_then(|user| self.with_hop_fields(survey, (user, business), &view, &documents));
            more.map_or((view, Vec::new()), |(from, view)| (view, from))
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
