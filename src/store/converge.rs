//! Converge: make next equal the transform of current. The first call is a bulk copy; the same call after a kill resumes, after the
//! application has written catches up, and when it finds nothing to do shows that next is complete.
//!
//! Ids are never ordered here: a page of the source is a range of its `_id` index, the same range of the target is read with `min` and
//! `max`, and within it documents are matched by identity. So mixed types and collations are the server's business alone.

use std::collections::{HashMap, HashSet};

use bson::RawDocumentBuf;
use bson::raw::{RawArrayBuf, RawDocument};
use bson::{RawBson, rawdoc};
use tokio_util::sync::CancellationToken;

use super::collection_spec::{self, write_concern};
use super::command;
use super::connect::Connection;
use super::error::{Result, StoreError};
use super::pages::{PAGE, PAGE_BYTES, Pages};
use super::raw_write::{MAX_TIME_MS, insert_batch};
use super::scan::{self, Scan};
use crate::domain::id::Id;
use crate::domain::raw::Builder;
use crate::domain::survey::facts::{hash128, id_of};

/// What a pass did, or in a comparison would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Documents that were missing.
    pub inserted: u64,
    /// Documents that differed.
    pub replaced: u64,
    /// Documents that should not be there.
    pub deleted: u64,
    /// Documents that were right.
    pub unchanged: u64,
}

impl Tally {
    /// How much there was to do.
    pub fn changes(&self) -> u64 {
        self.inserted + self.replaced + self.deleted
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            inserted: self.inserted + other.inserted,
            replaced: self.replaced + other.replaced,
            deleted: self.deleted + other.deleted,
            unchanged: self.unchanged + other.unchanged,
        }
    }
}

/// A collection that is made equal to something, or only compared with it.
pub struct Target<'a> {
    connection: &'a Connection,
    name: String,
    /// Sent with every batch, so that one that arrives late cannot recreate a renamed collection.
    uuid: Option<[u8; 16]>,
    /// Known to hold nothing: needs no reading.
    empty: bool,
    writes: bool,
    /// What was done so far.
    pub tally: Tally,
    deferred: u64,
    first_deferred: Option<Id>,
}

impl<'a> Target<'a> {
    /// The collection `name`, to be written.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn write(connection: &'a Connection, name: &str) -> Result<Self> {
        let scan = Scan {
            limit: 1,
            ..Scan::default()
        };
        let empty = scan::all(&connection.database, name, &scan)
            .await?
            .is_empty();
        Ok(Self {
            connection,
            name: name.to_owned(),
            uuid: uuid_for_batches(connection, name).await?,
            empty,
            writes: true,
            tally: Tally::default(),
            deferred: 0,
            first_deferred: None,
        })
    }

    /// The collection `name`, only compared.
    pub fn compare(connection: &'a Connection, name: &str) -> Self {
        Self {
            connection,
            name: name.to_owned(),
            uuid: None,
            empty: false,
            writes: false,
            tally: Tally::default(),
            deferred: 0,
            first_deferred: None,
        }
    }

    /// Makes what is there (`present`) what it should be (`wanted`). What differs is deleted and inserted, so that two documents that
    /// exchanged a unique value do not stand in each other's way.
    async fn settle(
        &mut self,
        wanted: Vec<RawDocumentBuf>,
        present: Vec<RawDocumentBuf>,
    ) -> Result<()> {
        let mut present: HashMap<Id, RawDocumentBuf> = present
            .into_iter()
            .filter_map(|document| Some((id_of(&document)?.canonical(), document)))
            .collect();
        let mut delete = Vec::new();
        let mut insert = Vec::new();
        for document in wanted {
            let Some(id) = id_of(&document) else { continue };
            match present.remove(&id.canonical()) {
                Some(there) if there == document => self.tally.unchanged += 1,
                Some(_) => {
                    self.tally.replaced += 1;
                    delete.push(id);
                    insert.push(document);
                }
                None => {
                    self.tally.inserted += 1;
                    insert.push(document);
                }
            }
        }
        for document in present.into_values() {
            self.tally.deleted += 1;
            delete.extend(id_of(&document));
        }
        if self.writes {
            self.delete(&delete).await?;
            self.insert(&insert).await?;
        }
        Ok(())
    }

    async fn delete(&self, ids: &[Id]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.connection.lease.check().await?;
        let mut deletes = RawArrayBuf::new();
        for id in ids {
            let mut equals = Builder::new(32);
            equals.value("$eq", id.value());
            deletes.push(RawBson::Document(
                rawdoc! { "q": { "_id": equals.finish() }, "limit": 1 },
            ));
        }
        let name = self.name.as_str();
        let mut command = rawdoc! { "delete": name, "deletes": deletes, "ordered": false, "maxTimeMS": MAX_TIME_MS, "writeConcern": write_concern() };
        if let Some(uuid) = self.uuid {
            let uuid = bson::Binary::from(bson::Uuid::from_bytes(uuid));
            command.append(bson::raw::cstr!("collectionUUID"), uuid);
        }
        let doing = format!("deleting from {name}");
        command::run(&self.connection.database, command, &doing).await?;
        Ok(())
    }

    async fn insert(&mut self, documents: &[RawDocumentBuf]) -> Result<()> {
        if documents.is_empty() {
            return Ok(());
        }
        self.connection.lease.check().await?;
        let outcome =
            insert_batch(&self.connection.database, &self.name, self.uuid, documents).await?;
        self.deferred += outcome.duplicates.len() as u64;
        if let Some(first) = outcome.duplicates.first().and_then(|at| documents.get(*at)) {
            self.first_deferred = id_of(first);
        }
        Ok(())
    }

    fn again(&mut self) -> bool {
        std::mem::take(&mut self.deferred) > 0
    }
}

/// The collection's UUID, where the server takes it with a batch (6.0 and newer).
async fn uuid_for_batches(connection: &Connection, name: &str) -> Result<Option<[u8; 16]>> {
    if !connection.at_least(6) {
        return Ok(None);
    }
    // Without it the batches would make a collection of that name, without options.
    let spec = collection_spec::load(connection, name).await?.ok_or_else(|| {
        StoreError::Refused(format!(
            "{name} was there a moment ago and is gone: another client renamed or dropped it. The live data is unchanged; see who works on this database, then prepare again"
        ))
    })?;
    let uuid = spec.uuid.and_then(|text| bson::Uuid::parse_str(text).ok());
    Ok(uuid.map(bson::Uuid::bytes))
}

/// Where a document of the source goes: the index of a target, and what it becomes there.
pub type Placed = (usize, RawDocumentBuf);

/// Walks `source` in `_id` order and makes `targets`, which have the same `_id`s, what `place` says. Called again when documents
/// stood in each other's way in a unique index; a second time is a conflict.
///
/// # Errors
/// The server's refusal, what `place` says, a cancellation between pages, or a unique index that the result breaks.
pub async fn converge<F, P>(
    connection: &Connection,
    source: &str,
    targets: &mut [Target<'_>],
    cancel: &CancellationToken,
    mut place: F,
    mut progress: P,
) -> Result<()>
where
    F: FnMut(&RawDocument) -> Result<Option<Placed>>,
    P: FnMut(u64),
{
    for attempt in 0..2 {
        walk(
            connection,
            source,
            targets,
            cancel,
            &mut place,
            &mut progress,
        )
        .await?;
        let mut again = false;
        for target in targets.iter_mut() {
            again |= target.again();
            target.empty = false;
        }
        if !again {
            return Ok(());
        }
        if attempt == 0 {
            for target in targets.iter_mut() {
                target.tally = Tally::default();
            }
        }
    }
    let first = targets
        .iter()
        .find_map(|target| target.first_deferred.as_ref().map(|id| (&target.name, id)));
    Err(StoreError::Refused(match first {
        Some((name, id)) => in_each_others_way(name, id),
        None => "two documents would share a value of a unique index. The live data is unchanged"
            .to_owned(),
    }))
}

/// What is said when the result breaks a unique index.
fn in_each_others_way(name: &str, id: &Id) -> String {
    format!(
        "two documents of {name} would share a value of a unique index (one of them is {id}). The live data is unchanged; what was prepared is kept. Decide about the duplicates, then prepare again"
    )
}

async fn walk<F, P>(
    connection: &Connection,
    source: &str,
    targets: &mut [Target<'_>],
    cancel: &CancellationToken,
    place: &mut F,
    progress: &mut P,
) -> Result<()>
where
    F: FnMut(&RawDocument) -> Result<Option<Placed>>,
    P: FnMut(u64),
{
    let mut pages = Pages::of(&connection.database, source).await?;
    let mut done = 0;
    while let Some(page) = pages.next().await? {
        if cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        let mut wanted: Vec<Vec<RawDocumentBuf>> = targets.iter().map(|_| Vec::new()).collect();
        for document in &page.documents {
            if let Some((target, document)) = place(document)? {
                wanted[target].push(document);
            }
        }
        for (target, wanted) in targets.iter_mut().zip(wanted) {
            let present = if target.empty {
                Vec::new()
            } else {
                page.same_range(&connection.database, &target.name).await?
            };
            target.settle(wanted, present).await?;
        }
        done += page.documents.len() as u64;
        progress(done);
    }
    Ok(())
}

/// A target whose documents come in any order, in batches; what no batch named is swept away at the end.
pub struct Gathered<'a> {
    target: Target<'a>,
    wanted: HashSet<u128>,
    batch: Vec<RawDocumentBuf>,
    bytes: usize,
}

impl<'a> Gathered<'a> {
    /// Gathers for `target`.
    pub fn new(target: Target<'a>) -> Self {
        Self {
            target,
            wanted: HashSet::new(),
            batch: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes a document that should be there.
    ///
    /// # Errors
    /// The server's refusal, or an `_id` that was wanted before.
    pub async fn want(&mut self, document: RawDocumentBuf) -> Result<()> {
        let id = id_of(&document)
            .unwrap_or_else(|| Id::string(""))
            .canonical();
        if !self.wanted.insert(hash128(id.as_bytes())) {
            return Err(StoreError::Refused(format!(
                "the _id {id} is wanted twice in {}: a derived customer id meets a document that was there before. The live data is unchanged",
                self.target.name
            )));
        }
        self.bytes += document.as_bytes().len();
        self.batch.push(document);
        if self.batch.len() >= PAGE || self.bytes >= PAGE_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.bytes = 0;
        let wanted = std::mem::take(&mut self.batch);
        let present = if self.target.empty || wanted.is_empty() {
            Vec::new()
        } else {
            let ids: Vec<_> = wanted
                .iter()
                .filter_map(|document| id_of(document))
                .collect();
            scan::by_ids(&self.target.connection.database, &self.target.name, &ids).await?
        };
        self.target.settle(wanted, present).await
    }

    /// Writes the rest and removes what was not wanted. Returns what was done, and whether documents stood in each other's way in a unique
    /// index, so that all of it must be gathered once more.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn finish(mut self, cancel: &CancellationToken) -> Result<(Tally, bool)> {
        self.flush().await?;
        let mut extra = Vec::new();
        if !self.target.empty {
            let ids = Scan {
                fields: vec!["_id".to_owned()],
                ..Scan::default()
            };
            scan::each(
                &self.target.connection.database,
                &self.target.name,
                &ids,
                cancel,
                |document| {
                    if let Some(id) = id_of(document)
                        && !self.wanted.contains(&hash128(id.canonical().as_bytes()))
                    {
                        extra.push(id);
                    }
                    Ok(())
                },
            )
            .await?;
        }
        self.target.tally.deleted += extra.len() as u64;
        if self.target.writes {
            for ids in extra.chunks(PAGE) {
                self.target.delete(ids).await?;
            }
        }
        let again = self.target.again();
        Ok((self.target.tally, again))
    }
}
