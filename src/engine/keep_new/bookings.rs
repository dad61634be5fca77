//! Bookings and followed documents: what comes back of each, and whom it still needs.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::{Carrying, forms, invalid};
use crate::domain::conflict::{Code, Trouble};
use crate::domain::id::Id;
use crate::domain::keep_new::booking::{Ground, Returned};
use crate::domain::keep_new::links::Links;
use crate::domain::keep_new::report::{Change, Reason};
use crate::domain::keep_new::staged::staged;
use crate::domain::link::LinkKind;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::reference::{BookingPaths, Form, Path, Way, as_named};
use crate::domain::survey::facts::{id_of, naming_hash};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan;

impl Carrying<'_> {
    /// The way that a path goes through the documents of today; what left a rebuilt collection stands in its original.
    async fn way(&self, path: &Path) -> Result<Way<Id>> {
        let mut way = Way::new(path.clone());
        let (mapping, layout) = (&self.session.work.mapping, &self.session.layout);
        for read in way.reads() {
            let live = layout.now(&read.collection).to_owned();
            let original = layout.original_of(mapping, &read.collection);
            let original = Some(original).filter(|name| *name != live);
            for place in original.iter().chain([&live]) {
                self.each(place, |document| {
                    way.take(&read, document, as_named);
                })
                .await?;
            }
        }
        Ok(way)
    }

    /// Carries bookings, and then the documents of each followed collection.
    pub(crate) async fn carry_bookings(&mut self) -> Result<()> {
        self.leaving = self
            .links
            .origins()
            .filter(|it| matches!(it.kind, LinkKind::Created | LinkKind::Narrow))
            .filter(|origin| !self.here.contains(&origin.id.canonical()))
            .flat_map(|origin| origin.users.iter().map(Id::canonical))
            .collect();
        let bookings = self.bookings.clone();
        let of_bookings = self.entries(&bookings, true);
        let followed = self.session.work.mapping.followed().into_iter();
        let followed = followed.map(|which| {
            let entries = self.entries(&which, false);
            (which, entries)
        });
        let followed: Vec<_> = followed.collect();
        self.carry_documents(&bookings, of_bookings).await?;
        for (which, entries) in followed {
            self.carry_documents(&which, entries).await?;
        }
        Ok(())
    }

    /// How the documents of a collection name customers: as bookings (`own`), then by each followed entry.
    pub(super) fn entries(&self, which: &Rebuilt, own: bool) -> Vec<(BookingPaths, Code)> {
        let mapping = &self.session.work.mapping;
        let own = own.then(|| (BookingPaths::of(mapping), Code::AlreadyLinked));
        let entries = mapping.entries_of(which.live()).map(|(at, entry)| {
            let code = Code::followed(&mapping.entry_name(at), Trouble::AlreadyLinked);
            (BookingPaths::following(entry, None), code)
        });
        own.into_iter().chain(entries).collect()
    }

    /// What the ways of one entry lead through.
    pub(super) async fn roads(&self, paths: BookingPaths, already_linked: Code) -> Result<Roads> {
        let session = self.session;
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
        let mut by_email = HashMap::new();
        if paths.is_by_email()
            && let Some(email) = &session.work.mapping.user.emails
        {
            let users = session.layout.source(&self.users).unwrap_or_default();
            self.each(&users, |user| {
                let text = email.value(user);
                let hash = text.and_then(|it| naming_hash(it.as_str()?));
                if let (Some(id), Some(text), Some(hash)) = (id_of(user), text, hash) {
                    let known = by_email.entry(hash).or_insert_with(|| id.clone());
                    if id < *known {
                        *known = id.clone();
                    }
                    named_by.insert(id.canonical(), Id::from_value(text));
                }
            })
            .await?;
        }
        Ok(Roads {
            paths,
            already_linked,
            users,
            businesses,
            named_by,
            by_email,
        })
    }

    async fn carry_documents(
        &mut self,
        which: &Rebuilt,
        entries: Vec<(BookingPaths, Code)>,
    ) -> Result<()> {
        let session = self.session;
        let mut roads = Vec::new();
        for (paths, code) in entries {
            roads.push(self.roads(paths, code).await?);
        }
        let database = &session.work.connection.database;
        let live = session.layout.live(which);
        let before = session.layout.source(which).unwrap_or_default();
        let quarantine = which.side_collection().unwrap_or_default();
        let links = std::mem::take(&mut self.links);
        let (gone, created) = (
            std::mem::take(&mut self.gone),
            std::mem::take(&mut self.created_ids),
        );
        let ground = |roads| Roads::ground(roads, session, &links, (&gone, &created));
        let mut grounds: Vec<Ground<'_>> = roads.iter().map(ground).collect();
        let mut pages = scan::in_id_order(database, &before)?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let mut current = self.fetch(live, &ids).await?;
            self.undo(which, &mut current, page.documents())?;
            let quarantined = self.ids_in(&quarantine, &ids).await?;
            for ground in &mut grounds {
                let needed = page.documents().zip(&ids).filter_map(|(document, id)| {
                    ground.needs_customer(Some(document), current.get(&id.canonical())?)
                });
                let needed: Vec<Id> = needed.collect();
                ground.customers = self.live_customers(&needed).await?;
            }
            for (document, id) in page.documents().zip(&ids) {
                for ground in &mut grounds {
                    if ground.form == Form::default()
                        && let Some(form) = ground.paths.form(document)
                    {
                        ground.form = form;
                    }
                }
                let quarantined = quarantined.contains(&id.canonical());
                let current = current.get(&id.canonical());
                self.booking((which, &grounds), (id, document), current, quarantined)
                    .await?;
            }
        }
        if before != live {
            let mut pages = scan::in_id_order(database, live)?;
            while let Some(page) = pages.next().await? {
                self.stop_if_cancelled()?;
                let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
                let known = self.ids_in(&before, &ids).await?;
                for ground in &mut grounds {
                    let needed = page
                        .documents()
                        .filter_map(|it| ground.needs_customer(None, it));
                    let needed: Vec<Id> = needed.collect();
                    ground.customers = self.live_customers(&needed).await?;
                }
                let new = page.documents().zip(&ids);
                for (document, id) in new.filter(|(_, id)| !known.contains(&id.canonical())) {
                    let document = self.undo_new(which, document)?;
                    self.new_booking((which, &grounds), id, &document).await?;
                }
            }
        }
        drop(grounds);
        (self.links, self.gone, self.created_ids) = (links, gone, created);
        Ok(())
    }

    /// A document with each entry's reference as it was, the last entry's first; and whether the application changed it, and whether a customer
    /// without a user keeps it with the user that it had.
    fn back(
        grounds: &[Ground<'_>],
        before: &RawDocument,
        current: &RawDocument,
    ) -> Result<Returned> {
        // A document may be as large as the server takes: none is copied that need not be.
        let mut all: Option<Returned> = None;
        for (at, ground) in grounds.iter().enumerate().rev() {
            let earlier = grounds[..at].iter().map(|ground| ground.paths);
            let base = if at == 0 {
                Cow::Borrowed(before)
            } else {
                Cow::Owned(staged(before, current, earlier).map_err(invalid)?)
            };
            let from = all.as_ref().map_or(current, |all| &*all.document);
            let back = ground.back(&base, from).map_err(invalid)?;
            let earlier = all.map_or((false, false), |all| (all.changed, all.stays));
            all = Some(Returned {
                document: back.document,
                changed: earlier.0 || back.changed,
                stays: earlier.1 || back.stays,
            });
        }
        Ok(all.unwrap_or_else(|| Returned {
            document: current.to_owned(),
            changed: false,
            stays: false,
        }))
    }

    /// Customers as they are live.
    async fn live_customers(&self, ids: &[Id]) -> Result<HashMap<Id, RawDocumentBuf>> {
        self.fetch(self.session.layout.live(&self.customers), ids)
            .await
    }

    pub(crate) async fn booking(
        &mut self,
        (which, grounds): (&Rebuilt, &[Ground<'_>]),
        (id, before): (&Id, &RawDocument),
        current: Option<&RawDocumentBuf>,
        quarantined: bool,
    ) -> Result<()> {
        let document = match current {
            current if quarantined => {
                if current.is_some() {
                    self.found(which, Change::Added);
                    self.leave((which, Change::Added), Reason::IdTaken, id, &[]);
                }
                before.to_owned()
            }
            None => {
                self.found(which, Change::Deleted);
                self.out.differs.insert(which.clone());
                return Ok(());
            }
            Some(current) => {
                let back = Self::back(grounds, before, current)?;
                if back.changed {
                    self.found(which, Change::Changed);
                }
                let changed = (which, Change::Changed);
                if back.changed && self.is_held(which, id) {
                    self.leave(changed, Reason::NotUnique, id, &[]);
                    before.to_owned()
                } else {
                    if back.stays {
                        let fields = grounds.iter().map(|it| it.paths.customer().to_owned());
                        let fields: Vec<String> = fields.collect();
                        self.leave(changed, Reason::MovedToCustomerWithoutUser, id, &fields);
                    }
                    back.document
                }
            }
        };
        self.needs(grounds, &document);
        let touched = *document != *before;
        self.want(which, document, touched).await
    }

    pub(crate) async fn new_booking(
        &mut self,
        (which, grounds): (&Rebuilt, &[Ground<'_>]),
        id: &Id,
        current: &RawDocument,
    ) -> Result<()> {
        let added = (which, Change::Added);
        self.found(which, Change::Added);
        let mut made = Some(Cow::Borrowed(current));
        for ground in grounds.iter().rev() {
            let Some(document) = made else { break };
            let back = ground.new_booking(&document).map_err(invalid)?;
            made = back.map(Cow::Owned);
        }
        let of_a_guest = |ground: &Ground<'_>| ground.needs_customer(None, current).is_some();
        match made {
            None if grounds.iter().any(of_a_guest) => {
                self.leave(added, Reason::NobodysGuest, id, &[]);
            }
            None => self.leave(added, Reason::CustomerWithoutUser, id, &[]),
            Some(_) if self.is_held(which, id) => self.leave(added, Reason::NotUnique, id, &[]),
            Some(document) => {
                self.needs(grounds, &document);
                self.want(which, document.into_owned(), true).await?;
            }
        }
        Ok(())
    }

    /// Notes a user who must stay for this booking.
    pub(crate) fn needs(&mut self, grounds: &[Ground<'_>], booking: &RawDocument) {
        for ground in grounds {
            let said = ground.paths.user().read(booking);
            let users = if ground.paths.is_list() {
                ground.users_of(&said)
            } else {
                ground.user_of(&said).into_iter().collect()
            };
            for id in users.iter().flat_map(forms) {
                if ground.gone.contains(&id) || self.leaving.contains(&id) {
                    self.needed.insert(id);
                }
            }
        }
    }
}

/// What is known of the ways of one entry's documents.
pub(super) struct Roads {
    paths: BookingPaths,
    already_linked: Code,
    users: Way<Id>,
    businesses: Vec<Way<Id>>,
    named_by: HashMap<Id, Id>,
    by_email: HashMap<u128, Id>,
}

impl Roads {
    pub(super) fn ground<'a>(
        &'a self,
        session: &'a Session,
        links: &'a Links,
        (gone, created): (&'a HashSet<Id>, &'a HashSet<Id>),
    ) -> Ground<'a> {
        Ground {
            paths: &self.paths,
            links,
            decisions: &session.answers.decisions,
            already_linked: self.already_linked,
            users: &self.users,
            businesses: &self.businesses,
            named_by: &self.named_by,
            by_email: &self.by_email,
            form: Form::default(),
            gone,
            created,
            customers: HashMap::new(),
            has_users: session.work.mapping.has_users(),
        }
    }
}
