//! Carrying what the application wrote since the cut-over onto the originals: reads links, originals and what is live, and says for every
//! document what comes back. With copies to write to it makes them so; without, it only counts. Called again it does the same.

mod alone;
mod bookings;
mod customers;
mod readable;
mod strays;
mod users;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::keep_new::customer::Edits;
use crate::domain::keep_new::links::Links;
use crate::domain::keep_new::report::{Change, Kept, Reason};
use crate::domain::mapping::LINKS;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::check::by_id;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::prisma::one_document::OneDocument;
use crate::store::StoreError;
use crate::store::converge::Gathered;
use crate::store::scan::{self, Scan};

pub(crate) use strays::BackToUsers;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// Counts and reasons.
    pub kept: Kept,
    /// Documents that do not come back as they were before, or were not there: by collection.
    pub touched: BTreeMap<Rebuilt, HashSet<Id>>,
    /// Collections that must be other than their originals.
    pub differs: BTreeSet<Rebuilt>,
}

/// Documents whose changes are not carried, because a unique index forbids it.
pub(crate) type Held = BTreeMap<Rebuilt, HashSet<Id>>;

/// The copies that are written to.
pub(crate) type Copies<'a> = BTreeMap<Rebuilt, Gathered<'a>>;

/// The passes of one carrying.
pub(crate) struct Carrying<'a> {
    session: &'a Session,
    customers: Rebuilt,
    bookings: Rebuilt,
    users: Rebuilt,
    watcher: &'a Watcher,
    held: &'a Held,
    create_users: bool,
    copies: Copies<'a>,
    links: Links,
    out: Carried,
    /// Customers that are live.
    here: HashSet<Id>,
    /// Users that the application deleted.
    gone: HashSet<Id>,
    /// Edits of customers, by their user.
    edits: HashMap<Id, (Id, Edits)>,
    /// Users made for the application's customers.
    created: Vec<RawDocumentBuf>,
    created_ids: HashSet<Id>,
    /// Deleted customers' users, who may leave.
    leaving: HashSet<Id>,
    /// Users that a booking names which comes back, of those that are gone or may leave.
    needed: HashSet<Id>,
    /// Users of deleted customers who stay.
    staying: HashSet<Id>,
    /// How the old application reads the documents of each collection, where the schema of today was given.
    readers: BTreeMap<Rebuilt, Option<Arc<OneDocument>>>,
}

fn invalid(error: impl std::fmt::Display) -> StoreError {
    StoreError::Invalid(error.to_string())
}

impl<'a> Carrying<'a> {
    pub(crate) fn new(
        session: &'a Session,
        (create_users, held): (bool, &'a Held),
        copies: Copies<'a>,
        watcher: &'a Watcher,
    ) -> Self {
        Self {
            session,
            customers: session.work.mapping.customers(),
            bookings: session.work.mapping.bookings(),
            users: session.work.mapping.users(),
            watcher,
            held,
            create_users,
            copies,
            links: Links::default(),
            out: Carried::default(),
            here: HashSet::new(),
            gone: HashSet::new(),
            edits: HashMap::new(),
            created: Vec::new(),
            created_ids: HashSet::new(),
            leaving: HashSet::new(),
            needed: HashSet::new(),
            staying: HashSet::new(),
            readers: BTreeMap::new(),
        }
    }

    /// Carries. Returns the copies too, to be finished.
    pub(crate) async fn run(mut self) -> Result<(Carried, Copies<'a>)> {
        self.read_links().await?;
        self.look_at_users().await?;
        self.look_at_customers().await?;
        self.carry_bookings().await?;
        self.carry_users().await?;
        self.deleted_customers();
        self.carry_alone().await?;
        Ok((self.out, self.copies))
    }

    async fn each(&self, collection: &str, take: impl FnMut(&RawDocument)) -> Result<()> {
        self.session.work.scan(collection, self.watcher, take).await
    }

    async fn fetch<'i>(
        &self,
        collection: &str,
        ids: impl IntoIterator<Item = &'i Id>,
    ) -> Result<HashMap<Id, RawDocumentBuf>> {
        let database = &self.session.work.connection.database;
        Ok(by_id(scan::by_ids(database, collection, ids).await?))
    }

    fn found(&mut self, which: &Rebuilt, change: Change) {
        self.out.kept.found(which, change);
    }

    fn leave(&mut self, what: (&Rebuilt, Change), reason: Reason, id: &Id, fields: &[String]) {
        self.out.kept.leave(what, reason, id, fields);
    }

    fn is_held(&self, which: &Rebuilt, id: &Id) -> bool {
        self.held
            .get(which)
            .is_some_and(|held| held.contains(&id.canonical()))
    }

    /// Something comes back, `touched` when it is not what was there before.
    async fn want(
        &mut self,
        which: &Rebuilt,
        document: RawDocumentBuf,
        touched: bool,
    ) -> Result<()> {
        if touched {
            self.out.differs.insert(which.clone());
            if let Some(id) = id_of(&document) {
                let touched = self.out.touched.entry(which.clone()).or_default();
                touched.insert(id.canonical());
            }
        }
        if let Some(copy) = self.copies.get_mut(which) {
            copy.want(document).await?;
        }
        Ok(())
    }

    async fn read_links(&mut self) -> Result<()> {
        let mut links = Links::default();
        let mapping = &self.session.work.mapping;
        let mut unknown = None;
        self.each(LINKS, |link| {
            if let Err(refusal) = links.take(mapping, link) {
                unknown = Some(refusal);
            }
        })
        .await?;
        if let Some(refusal) = unknown {
            return Err(refusal.into());
        }
        self.links = links;
        Ok(())
    }

    /// Which of these ids stand in `collection`.
    async fn ids_in(&self, collection: &str, ids: &[Id]) -> Result<HashSet<Id>> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let ids = ids
            .iter()
            .map(scan::bson_of)
            .collect::<crate::store::Result<Vec<_>>>()?;
        let scan = Scan {
            fields: vec!["_id".to_owned()],
            filter: bson::doc! { "_id": { "$in": ids } },
            ..Scan::default()
        };
        let found = scan::all(&self.session.work.connection.database, collection, &scan).await?;
        Ok(found
            .iter()
            .filter_map(|it| Some(id_of(it)?.canonical()))
            .collect())
    }

    fn stop_if_cancelled(&self) -> Result<()> {
        if self.watcher.cancel.is_cancelled() {
            return Err(StoreError::Cancelled.into());
        }
        Ok(())
    }
}

/// A reference as it is, in its other form, and without white space and capital digits.
fn forms(reference: &Id) -> impl Iterator<Item = Id> + use<> {
    let other = reference.other_form().map(|other| other.canonical());
    let loose = reference.is_odd().then(|| reference.loose());
    let text = loose.as_ref().and_then(Id::other_form);
    let forms = [Some(reference.canonical()), other, loose, text];
    forms.into_iter().flatten()
}
