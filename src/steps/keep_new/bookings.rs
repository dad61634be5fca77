//! Bookings: what comes back of each, and whom it still needs.

use std::collections::HashMap;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::{Carrying, forms, invalid};
use crate::domain::id::Id;
use crate::domain::keep_new::booking::Ground;
use crate::domain::keep_new::links::LinkKind;
use crate::domain::keep_new::report::{Change, Reason};
use crate::domain::mapping::{QUARANTINE, Rebuilt};
use crate::domain::raw::get;
use crate::domain::survey::facts::id_of;
use crate::steps::error::Result;
use crate::store::scan;

impl Carrying<'_> {
    pub(super) async fn services(&self) -> Result<HashMap<Id, Id>> {
        let role = &self.session.mapping.service;
        let mut services = HashMap::new();
        self.each(&role.collection, |service| {
            let business = get(service, &role.business).map(Id::from_value);
            if let (Some(id), Some(business)) = (id_of(service), business) {
                services.insert(id.canonical(), business);
            }
        })
        .await?;
        Ok(services)
    }

    pub(super) async fn bookings(&mut self) -> Result<()> {
        let services = self.services().await?;
        let session = self.session;
        let database = &session.connection.database;
        let live = self.live(Rebuilt::Booking);
        let before = session.source(Rebuilt::Booking).unwrap_or_default();
        let links = std::mem::take(&mut self.links);
        let (gone, created) = (
            std::mem::take(&mut self.gone),
            std::mem::take(&mut self.created_ids),
        );
        self.leaving = links
            .origins()
            .filter(|it| matches!(it.kind, LinkKind::Created | LinkKind::Narrow))
            .filter(|origin| !self.here.contains(&origin.id.canonical()))
            .flat_map(|origin| origin.users.iter().map(Id::canonical))
            .collect();
        let ground = Ground {
            role: &session.mapping.booking,
            links: &links,
            decisions: &session.decisions,
            services: &services,
            gone: &gone,
            created: &created,
        };
        let mut pages = scan::in_id_order(database, &before)?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let current = self.fetch(live, &ids).await?;
            let quarantined = self.ids_in(QUARANTINE, &ids).await?;
            for (document, id) in page.documents().zip(&ids) {
                let quarantined = quarantined.contains(&id.canonical());
                let current = current.get(&id.canonical());
                self.booking(&ground, (id, document), current, quarantined)
                    .await?;
            }
        }
        if before != live {
            let mut pages = scan::in_id_order(database, live)?;
            while let Some(page) = pages.next().await? {
                self.stop_if_cancelled()?;
                let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
                let known = self.ids_in(&before, &ids).await?;
                let new = page.documents().zip(&ids);
                for (document, id) in new.filter(|(_, id)| !known.contains(&id.canonical())) {
                    self.new_booking(&ground, id, document).await?;
                }
            }
        }
        (self.links, self.gone, self.created_ids) = (links, gone, created);
        Ok(())
    }

    pub(super) async fn booking(
        &mut self,
        ground: &Ground<'_>,
        (id, before): (&Id, &RawDocument),
        current: Option<&RawDocumentBuf>,
        quarantined: bool,
    ) -> Result<()> {
        const BOOKING: Rebuilt = Rebuilt::Booking;
        let document = match current {
            current if quarantined => {
                if current.is_some() {
                    self.found(BOOKING, Change::Added);
                    self.leave((BOOKING, Change::Added), Reason::IdTaken, id, &[]);
                }
                before.to_owned()
            }
            None => {
                self.found(BOOKING, Change::Deleted);
                self.out.differs.insert(BOOKING);
                return Ok(());
            }
            Some(current) => {
                let back = ground.back(before, current).map_err(invalid)?;
                if back.changed {
                    self.found(BOOKING, Change::Changed);
                }
                let changed = (BOOKING, Change::Changed);
                if back.changed && self.is_held(BOOKING, id) {
                    self.leave(changed, Reason::NotUnique, id, &[]);
                    before.to_owned()
                } else {
                    if back.stays {
                        let field = ground.role.customer.clone();
                        self.leave(changed, Reason::MovedToCustomerWithoutUser, id, &[field]);
                    }
                    back.document
                }
            }
        };
        self.needs(ground, &document);
        let touched = *document != *before;
        self.want(BOOKING, document, touched).await
    }

    pub(super) async fn new_booking(
        &mut self,
        ground: &Ground<'_>,
        id: &Id,
        current: &RawDocument,
    ) -> Result<()> {
        const ADDED: (Rebuilt, Change) = (Rebuilt::Booking, Change::Added);
        self.found(ADDED.0, ADDED.1);
        match ground.new_booking(current).map_err(invalid)? {
            None => self.leave(ADDED, Reason::CustomerWithoutUser, id, &[]),
            Some(_) if self.is_held(ADDED.0, id) => self.leave(ADDED, Reason::NotUnique, id, &[]),
            Some(document) => {
                self.needs(ground, &document);
                self.want(ADDED.0, document, true).await?;
            }
        }
        Ok(())
    }

    /// Notes a user who must stay for this booking.
    pub(super) fn needs(&mut self, ground: &Ground<'_>, booking: &RawDocument) {
        if let Some(user) = get(booking, &ground.role.user) {
            for id in forms(user) {
                if ground.gone.contains(&id) || self.leaving.contains(&id) {
                    self.needed.insert(id);
                }
            }
        }
    }
}
