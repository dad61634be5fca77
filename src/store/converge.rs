//! Converge: make next equal the transform of current. The first call is a bulk copy; the same call after a kill resumes, after the
//! application has written catches up, and when it finds nothing to do shows that next is complete.
//!
//! Source and targets are read side by side, in natural order. A document that this pass inserted may be read again; the join with its
//! original shows that it is right.

use std::time::Instant;

use bson::RawDocumentBuf;
use bson::raw::{RawArrayBuf, RawDocument};
use bson::{RawBson, rawdoc};
use mongodb::Database;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::collection_spec;
use super::command;
use super::connect::Connection;
use super::error::{Result, StoreError};
use super::merge_join::join_by_id;
use super::raw_write::{InsertOutcome, insert_owned};
use super::scan::{self, Batch, Scan};
pub use super::side_by_side::Source;
use super::side_by_side::{Hashes, SideBySide};
use super::write_command::{MAX_TIME_MS, write_concern};
use crate::domain::id::Id;
use crate::domain::raw::Builder;
use crate::domain::survey::facts::id_of;
use crate::domain::table::{Memory, Table};

/// Documents per batch, and their bytes.
const BATCH: usize = 1_000;
const BATCH_BYTES: usize = 512 << 10;
/// Batches under way at once, and their bytes. One batch always goes: it may be a single document of 16 MiB.
const WRITERS: usize = 3;
const BYTES_UNDER_WAY: usize = 4 << 20;

/// What a pass changed; in a comparison, what it would change.
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
    /// Known to be empty: not read.
    empty: bool,
    writes: bool,
    /// What the next batch deletes, then inserts.
    delete: Vec<Id>,
    insert: Vec<RawDocumentBuf>,
    /// The bytes of what it inserts.
    bytes: usize,
    /// Batches under way.
    writers: JoinSet<Result<Written>>,
    /// The bytes of what they insert.
    under_way: usize,
    /// The counts so far.
    pub tally: Tally,
    deferred: u64,
    first_deferred: Option<Id>,
}

/// The result of a batch.
struct Written {
    /// How many documents collided with another in a unique index, and one of them.
    deferred: u64,
    first: Option<Id>,
    /// The bytes of what it inserted.
    bytes: usize,
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
            uuid: uuid_for_batches(connection, name).await?,
            empty,
            writes: true,
            ..Self::compare(connection, name)
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
            delete: Vec::new(),
            insert: Vec::new(),
            bytes: 0,
            writers: JoinSet::new(),
            under_way: 0,
            tally: Tally::default(),
            deferred: 0,
            first_deferred: None,
        }
    }

    /// Puts the change for one `_id` into the next batch. A document that differs is deleted and inserted anew, so that two documents that
    /// swapped a unique value do not collide.
    fn reconcile(&mut self, wanted: Option<RawDocumentBuf>, present: Option<&RawDocument>) {
        match (&wanted, present) {
            (None, None) => return,
            (Some(wanted), Some(present)) if wanted.as_bytes() == present.as_bytes() => {
                self.tally.unchanged += 1;
                return;
            }
            (Some(_), Some(_)) => self.tally.replaced += 1,
            (Some(_), None) => self.tally.inserted += 1,
            (None, Some(_)) => self.tally.deleted += 1,
        }
        if self.writes {
            self.delete.extend(present.and_then(id_of));
            self.bytes += wanted.as_ref().map_or(0, |it| it.as_bytes().len());
            self.insert.extend(wanted);
        }
    }

    /// True when the collected changes fill a batch.
    fn is_full(&self) -> bool {
        self.delete.len().max(self.insert.len()) >= BATCH || self.bytes >= BATCH_BYTES
    }

    /// Sends the collected changes.
    async fn send(&mut self) -> Result<()> {
        if self.delete.is_empty() && self.insert.is_empty() {
            return Ok(());
        }
        let (delete, insert) = (&mut self.delete, &mut self.insert);
        let (delete, insert) = (std::mem::take(delete), std::mem::take(insert));
        self.write_batch(delete, insert).await
    }

    /// Sends a batch, as soon as fewer than [`WRITERS`] are under way; its result is read later.
    async fn write_batch(&mut self, delete: Vec<Id>, insert: Vec<RawDocumentBuf>) -> Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        while self.writers.len() >= WRITERS
            || (!self.writers.is_empty() && self.under_way + bytes > BYTES_UNDER_WAY)
        {
            self.join().await?;
        }
        self.under_way += bytes;
        let throttle = self.connection.throttle.clone();
        throttle.admit(delete.len() + insert.len()).await?;
        self.connection.lease.check().await?;
        let database = self.connection.database.clone();
        let (name, uuid) = (self.name.clone(), self.uuid);
        self.writers.spawn(async move {
            let sent = Instant::now();
            delete_batch(&database, &name, uuid, &delete).await?;
            let mut written = Written {
                deferred: 0,
                first: None,
                bytes,
            };
            if insert.is_empty() {
                return Ok(written);
            }
            let ids: Vec<Option<Id>> = insert.iter().map(|it| id_of(it)).collect();
            let InsertOutcome { duplicates, .. } =
                insert_owned(&database, &name, uuid, insert).await?;
            throttle.took(sent.elapsed());
            written.deferred = duplicates.len() as u64;
            written.first = duplicates.first().and_then(|at| ids.get(*at)?.clone());
            Ok(written)
        });
        // A large one is on its way alone: nothing else is read meanwhile.
        while self.under_way > BYTES_UNDER_WAY && !self.writers.is_empty() {
            self.join().await?;
        }
        Ok(())
    }

    /// Waits for one batch that is under way.
    async fn join(&mut self) -> Result<()> {
        let Some(joined) = self.writers.join_next().await else {
            return Ok(());
        };
        let written = joined.unwrap_or_else(|_| {
            Err(StoreError::Refused(format!(
                "writing to {} was broken off",
                self.name
            )))
        })?;
        self.under_way -= written.bytes.min(self.under_way);
        self.deferred += written.deferred;
        self.first_deferred = written.first.or(self.first_deferred.take());
        Ok(())
    }

    /// Waits for all batches under way, also after an error. Returns the first error.
    async fn drain(&mut self) -> Result<()> {
        let mut ended = Ok(());
        while !self.writers.is_empty() {
            ended = ended.and(self.join().await);
        }
        ended
    }

    /// True when documents collided in a unique index, so that another pass is needed.
    fn take_deferred(&mut self) -> bool {
        std::mem::take(&mut self.deferred) > 0
    }
}

async fn delete_batch(
    database: &Database,
    name: &str,
    uuid: Option<[u8; 16]>,
    ids: &[Id],
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut deletes = RawArrayBuf::new();
    for id in ids {
        let mut equals = Builder::new(32);
        equals.value("$eq", id.value());
        deletes.push(RawBson::Document(
            rawdoc! { "q": { "_id": equals.finish() }, "limit": 1 },
        ));
    }
    let mut command = rawdoc! { "delete": name, "deletes": deletes, "ordered": false, "maxTimeMS": MAX_TIME_MS, "writeConcern": write_concern() };
    if let Some(uuid) = uuid {
        let uuid = bson::Binary::from(bson::Uuid::from_bytes(uuid));
        command.append(bson::raw::cstr!("collectionUUID"), uuid);
    }
    command::run(database, command, &format!("deleting from {name}")).await?;
    Ok(())
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

/// Reads `source` and makes `targets`, which have the same `_id`s, equal to what `place` returns. When documents collide in a unique index, a
/// second pass follows; a collision in that pass is an error. Returns the source's fingerprint in the last pass.
///
/// # Errors
/// The server's refusal, an error of `place`, a cancellation between pages, or a result that breaks a unique index.
pub async fn converge<F, P>(
    connection: &Connection,
    source: Source<'_>,
    targets: &mut [Target<'_>],
    cancel: &CancellationToken,
    mut place: F,
    mut progress: P,
) -> Result<String>
where
    F: FnMut(&RawDocument) -> Result<Option<Placed>>,
    P: FnMut(u64),
{
    for attempt in 0..2 {
        let mut walked = walk(
            connection,
            source,
            targets,
            cancel,
            &mut place,
            &mut progress,
        )
        .await;
        // No batch is under way when this returns, even after an error.
        for target in targets.iter_mut() {
            let drained = target.drain().await;
            walked = walked.and_then(|fingerprint| drained.map(|()| fingerprint));
        }
        let fingerprint = walked?;
        let mut again = false;
        for target in targets.iter_mut() {
            again |= target.take_deferred();
            target.empty = false;
        }
        if !again {
            return Ok(fingerprint);
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
        Some((name, id)) => collision(name, id),
        None => "two documents would share a value of a unique index. The live data is unchanged"
            .to_owned(),
    }))
}

/// The error when the result breaks a unique index.
fn collision(name: &str, id: &Id) -> String {
    format!(
        "two documents of {name} would share a value of a unique index (one of them is {id}). The live data is unchanged; what was prepared is kept. Decide about the duplicates, then prepare again"
    )
}

async fn walk<F, P>(
    connection: &Connection,
    source: Source<'_>,
    targets: &mut [Target<'_>],
    cancel: &CancellationToken,
    place: &mut F,
    progress: &mut P,
) -> Result<String>
where
    F: FnMut(&RawDocument) -> Result<Option<Placed>>,
    P: FnMut(u64),
{
    // Targets that are known to be empty are not read.
    let read: Vec<usize> = (0..targets.len())
        .filter(|at| !targets[*at].empty)
        .collect();
    let companions: Vec<&str> = read.iter().map(|at| targets[*at].name.as_str()).collect();
    let database = &connection.database;
    let mut pages = SideBySide::of(database, source, &companions, Hashes::Originals)?;
    let mut done = 0;
    while let Some(page) = pages.next().await? {
        if cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        for row in page.rows() {
            let mut placed = place(row.original)?;
            for (at, target) in targets.iter_mut().enumerate() {
                let wanted = placed.take_if(|(to, _)| *to == at);
                let partner = read.iter().position(|it| *it == at);
                let present = partner.and_then(|at| *row.partners.get(at)?);
                target.reconcile(wanted.map(|(_, document)| document), present);
                if target.is_full() {
                    target.send().await?;
                }
            }
        }
        for (which, document) in page.unmatched() {
            let target = &mut targets[read[which]];
            target.reconcile(None, Some(document));
            if target.is_full() {
                target.send().await?;
            }
        }
        done += page.len() as u64;
        progress(done);
    }
    for target in targets.iter_mut() {
        target.send().await?;
    }
    Ok(pages.fingerprint())
}

/// A target whose documents come in any order. Documents that were never passed to [`Self::want`] are deleted at the end.
pub struct Gathered<'a> {
    target: Target<'a>,
    /// By canonical `_id`.
    wanted: Table<()>,
    batch: Vec<RawDocumentBuf>,
    bytes: usize,
}

impl<'a> Gathered<'a> {
    /// Gathers for `target`; `memory` holds the id of every document.
    pub fn new(target: Target<'a>, memory: &Memory) -> Self {
        Self {
            target,
            wanted: Table::new(memory),
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
        if !self.wanted.insert(id.as_bytes(), &()).1 {
            return Err(StoreError::Refused(format!(
                "the _id {id} is wanted twice in {}: a derived customer id meets a document that was there before. The live data is unchanged",
                self.target.name
            )));
        }
        self.bytes += document.as_bytes().len();
        self.batch.push(document);
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES {
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
            let ids: Vec<_> = wanted.iter().filter_map(|it| id_of(it)).collect();
            scan::batches_by_ids(&self.target.connection.database, &self.target.name, &ids).await?
        };
        let present: Vec<_> = present.iter().flat_map(Batch::documents).collect();
        let asked: Vec<&RawDocument> = wanted.iter().map(AsRef::as_ref).collect();
        let partners = join_by_id(&asked, &present).partners;
        for (wanted, partner) in wanted.into_iter().zip(partners) {
            let present = partner.and_then(|at| present.get(at).copied());
            self.target.reconcile(Some(wanted), present);
        }
        self.target.send().await
    }

    /// Waits for all batches under way, for a caller that stops early.
    pub async fn give_up(mut self) {
        let _ = self.target.drain().await;
    }

    /// Writes the rest and deletes documents that were not wanted. Returns the counts, and whether documents collided in a unique index, so
    /// that all of them must be gathered once more.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn finish(mut self, cancel: &CancellationToken) -> Result<(Tally, bool)> {
        let flushed = self.flush().await;
        flushed.and(self.target.drain().await)?;
        let mut extra = Vec::new();
        if !self.target.empty {
            let ids = Scan {
                fields: vec!["_id".to_owned()],
                ..Scan::default()
            };
            scan::each(
                (&self.target.connection.database, None),
                &self.target.name,
                &ids,
                cancel,
                |document| {
                    if let Some(id) = id_of(document)
                        && self.wanted.find(id.canonical().as_bytes()).is_none()
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
            for ids in extra.chunks(BATCH) {
                let target = &self.target;
                let throttle = &target.connection.throttle;
                throttle.admit(ids.len()).await?;
                target.connection.lease.check().await?;
                let database = &target.connection.database;
                delete_batch(database, &target.name, target.uuid, ids).await?;
            }
        }
        let again = self.target.take_deferred();
        Ok((self.target.tally, again))
    }
}
