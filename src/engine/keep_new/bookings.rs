//! Bookings: what comes back of each, and whom it still needs.

use std::collections::HashMap;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::{Carrying, forms, invalid};
use crate::domain::id::Id;
use crate::domain::keep_new::booking::Ground;
use crate::domain::keep_new::report::{Change, Reason};
use crate::domain::link::LinkKind;
use crate::domain::mapping::QUARANTINE;
use crate::domain::reference::{BookingPaths, Form, Path, Way, as_named};
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::{email_hash, id_of};
use crate::engine::error::Result;
use crate::store::scan;

impl Carrying<'_> {
    /// The way that a path goes through the documents of today.
    async fn way(&self, path: &Path) -> Result<Way<Id>> {
        let mut way = Way::new(path.clone());
        for read in way.reads() {
            let place = self.session.layout.now(&read.collection);
            self.each(place, |document| {
                way.take(&read, document, as_named);
            })
            .await?;
        }
        Ok(way)
    }

    pub(crate) async fn carry_bookings(&mut self) -> Result<()> {
        let session = self.session;
        let paths = BookingPaths::of(&session.work.mapping);
        let users = self.way(paths.user()).await?;
        let mut businesses = Vec::new();
        for path in paths.businesses() {
            businesses.push(self.way(path).await?);
        }
        let mut named_by: HashMap<Id, Id> = HashMap::new();
        for (user, name) in users.backwards() {
            let named = named_by
                .entry(user.canonical())
                .or_insert_with(|| name.clone());
            if *name < *named {
                *named = name.clone(); // the smallest, so that the same command gives the same
            }
        }
        let database = &session.work.connection.database;
        let bookings = self.bookings.clone();
        let live = session.layout.live(&bookings);
        let before = session.layout.source(&bookings).unwrap_or_default();
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
        let mut by_email = HashMap::new();
        if paths.is_by_email()
            && let Some(email) = &session.work.mapping.user.emails
        {
            let users = session.layout.source(&self.users).unwrap_or_default();
            self.each(&users, |user| {
                let text = email.value(user).filter(|it| it.as_str().is_some());
                if let (Some(id), Some(text)) = (id_of(user), text) {
                    let hash = text.as_str().map(email_hash).unwrap_or_default();
                    by_email.insert(hash, id.clone());
                    named_by.insert(id.canonical(), Id::from_value(text));
                }
            })
            .await?;
        }
        let mut ground = Ground {
            paths: &paths,
            links: &links,
            decisions: &session.answers.decisions,
            users: &users,
            businesses: &businesses,
            named_by: &named_by,
            by_email: &by_email,
            form: Form::default(),
            gone: &gone,
            created: &created,
            customers: HashMap::new(),
            has_users: session.work.mapping.has_users(),
        };
        let mut pages = scan::in_id_order(database, &before)?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let mut current = self.fetch(live, &ids).await?;
            self.undo(&bookings, &mut current, page.documents())?;
            let quarantined = self.ids_in(QUARANTINE, &ids).await?;
            let needed = page.documents().zip(&ids).filter_map(|(document, id)| {
                ground.needs_customer(Some(document), current.get(&id.canonical())?)
            });
            let needed: Vec<Id> = needed.collect();
            ground.customers = self.live_customers(&needed).await?;
            for (document, id) in page.documents().zip(&ids) {
                if ground.form == Form::default()
                    && let Some(form) = paths.form(document)
                {
                    ground.form = form;
                }
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
                let needed = page
                    .documents()
                    .filter_map(|it| ground.needs_customer(None, it));
                let needed: Vec<Id> = needed.collect();
                ground.customers = self.live_customers(&needed).await?;
                let new = page.documents().zip(&ids);
                for (document, id) in new.filter(|(_, id)| !known.contains(&id.canonical())) {
                    let document = document.to_owned();
                    let document = session.work.undone(&bookings, document, Known::Nothing)?;
                    self.new_booking(&ground, id, &document).await?;
                }
            }
        }
        (self.links, self.gone, self.created_ids) = (links, gone, created);
        Ok(())
    }

    /// Customers as they are live.
    async fn live_customers(&self, ids: &[Id]) -> Result<HashMap<Id, RawDocumentBuf>> {
        self.fetch(self.session.layout.live(&self.customers), ids)
            .await
    }

    pub(crate) async fn booking(
        &mut self,
        ground: &Ground<'_>,
        (id, before): (&Id, &RawDocument),
        current: Option<&RawDocumentBuf>,
        quarantined: bool,
    ) -> Result<()> {
        let bookings = self.bookings.clone();
        let document = match current {
            current if quarantined => {
                if current.is_some() {
                    self.found(&bookings, Change::Added);
                    self.leave((&bookings, Change::Added), Reason::IdTaken, id, &[]);
                }
                before.to_owned()
            }
            None => {
                self.found(&bookings, Change::Deleted);
                self.out.differs.insert(bookings.clone());
                return Ok(());
            }
            Some(current) => {
                let back = ground.back(before, current).map_err(invalid)?;
                if back.changed {
                    self.found(&bookings, Change::Changed);
                }
                let changed = (&bookings, Change::Changed);
                if back.changed && self.is_held(&bookings, id) {
                    self.leave(changed, Reason::NotUnique, id, &[]);
                    before.to_owned()
                } else {
                    if back.stays {
                        let field = ground.paths.customer().to_owned();
                        self.leave(changed, Reason::MovedToCustomerWithoutUser, id, &[field]);
                    }
                    back.document
                }
            }
        };
        self.needs(ground, &document);
        let touched = *document != *before;
        self.want(&bookings, document, touched).await
    }

    pub(crate) async fn new_booking(
        &mut self,
        ground: &Ground<'_>,
        id: &Id,
        current: &RawDocument,
    ) -> Result<()> {
        let bookings = self.bookings.clone();
        let added = (&bookings, Change::Added);
        self.found(&bookings, Change::Added);
        match ground.new_booking(current).map_err(invalid)? {
            None if ground.needs_customer(None, current).is_some() => {
                self.leave(added, Reason::NobodysGuest, id, &[]);
            }
            None => self.leave(added, Reason::CustomerWithoutUser, id, &[]),
            Some(_) if self.is_held(&bookings, id) => self.leave(added, Reason::NotUnique, id, &[]),
            Some(document) => {
                self.needs(ground, &document);
                self.want(&bookings, document, true).await?;
            }
        }
        Ok(())
    }

    /// Notes a user who must stay for this booking.
    pub(crate) fn needs(&mut self, ground: &Ground<'_>, booking: &RawDocument) {
        if let Some(user) = ground.user_of(&ground.paths.user().read(booking)) {
            for id in forms(&user) {
                if ground.gone.contains(&id) || self.leaving.contains(&id) {
                    self.needed.insert(id);
                }
            }
        }
    }
}
