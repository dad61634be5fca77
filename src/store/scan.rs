//! Reading collections: natural order for pure scans, `_id` order for walks, raw documents, from the primary with read concern majority.
//! Documents stay in the server's reply until somebody looks at them, and the next reply is on its way meanwhile.
//!
//! A cursor that the server gave up is opened again after the last `_id` where the read goes by `_id`. In natural order nothing says what was
//! read already, so there the error goes on to the caller, who begins its pass again.

use bson::raw::RawDocument;
use bson::{Document, RawDocumentBuf, doc};
use futures_util::{Stream, StreamExt};
use mongodb::options::{FindOptions, Hint, ReadConcern};
use mongodb::raw_batch_cursor::RawBatch;
use mongodb::{Collection, Database};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::error::{Result, StoreError};
use super::snapshot::Snapshot;
use crate::domain::id::Id;
use crate::domain::raw::{elements, get};

/// How often a cursor is opened again in a row without one more document.
const MOST_STUCK: u32 = 3;
/// Documents per batch, unless a scan says otherwise.
const BATCH: u32 = 2_000;
/// So often may fields repeat in one document before those behind them are missed, where only some fields are read.
const REPEATED: usize = 16;
/// Bytes from which on a batch is fetched only when it is asked for, so that no two of them stand in memory. A server sends up to 16 MiB at once.
pub(super) const LARGE: usize = 2 << 20;

/// Which documents, and how.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Only these top-level fields; empty for whole documents.
    pub fields: Vec<String>,
    /// From this `_id` on, in `_id` order.
    pub from: Option<Id>,
    /// Up to and without this `_id`, in `_id` order.
    pub until: Option<Id>,
    /// In `_id` order even without bounds.
    pub ordered: bool,
    /// Backwards.
    pub backwards: bool,
    /// Only those that match.
    pub filter: Document,
    /// At most so many, 0 for all.
    pub limit: i64,
    /// Documents per batch, 0 for the usual number.
    pub batch: u32,
}

impl Scan {
    fn is_ordered(&self) -> bool {
        self.ordered || self.from.is_some() || self.until.is_some()
    }
}

/// Documents as the server sent them, in one piece.
#[derive(Debug, Clone)]
pub struct Batch {
    reply: RawBatch,
    length: usize,
    /// So many at the beginning were given in an earlier batch.
    skipped: usize,
}

impl Batch {
    fn of(reply: RawBatch, collection: &str) -> Result<Self> {
        let broken = || StoreError::Invalid(format!("reading {collection}: the answer is no BSON"));
        let mut length = 0;
        for element in elements(documents_of(&reply).ok_or_else(broken)?) {
            let element = element.map_err(|_| broken())?;
            RawDocument::from_bytes(element.value.bytes).map_err(|_| broken())?;
            length += 1;
        }
        Ok(Self {
            reply,
            length,
            skipped: 0,
        })
    }

    /// Leaves out a first document that has this `_id`: it was given before the cursor was lost.
    fn without(mut self, last: &Id) -> Self {
        let first = self.documents().next().and_then(|it| get(it, "_id"));
        if first.is_some_and(|first| Id::from_value(first).canonical() == last.canonical()) {
            self.skipped += 1;
            self.length -= 1;
        }
        self
    }

    fn last_id(&self) -> Option<Id> {
        let last = self.documents().last()?;
        get(last, "_id").map(Id::from_value)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.length
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The bytes of its documents.
    pub fn bytes(&self) -> usize {
        documents_of(&self.reply).map_or(0, |it| it.as_bytes().len())
    }

    /// The documents, in their order.
    pub fn documents(&self) -> impl Iterator<Item = &RawDocument> {
        // Each was looked at when the batch came, so none is passed over here.
        documents_of(&self.reply)
            .into_iter()
            .flat_map(elements)
            .map_while(std::result::Result::ok)
            .filter_map(|element| RawDocument::from_bytes(element.value.bytes).ok())
            .skip(self.skipped)
    }
}

fn documents_of(reply: &RawBatch) -> Option<&RawDocument> {
    RawDocument::from_bytes(reply.doc_slices().ok()?.as_bytes()).ok()
}

/// Batches of a scan, or what is made of each. While one is looked at, a task of its own fetches the next; after a large one only once that is
/// asked for.
pub struct Reader<T = Batch> {
    batches: mpsc::Receiver<Result<Option<T>>>,
    /// How often the next batch was asked for.
    asked: watch::Sender<u64>,
    collection: String,
    ended: bool,
}

impl<T> Reader<T> {
    /// The next batch, never an empty one; `None` at the end.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn next(&mut self) -> Result<Option<T>> {
        if self.ended {
            return Ok(None);
        }
        self.asked.send_modify(|times| *times += 1);
        let came = self.batches.recv().await.unwrap_or_else(|| {
            // The end is said; a silence is none.
            Err(StoreError::Refused(format!(
                "reading {} was broken off",
                self.collection
            )))
        })?;
        self.ended = came.is_none();
        Ok(came)
    }
}

/// Begins to read; in the one moment that all reads of `moment` see, if there is one.
///
/// # Errors
/// An id that cannot be sent. What the server refuses is said with the first batch.
pub fn read(
    database: &Database,
    collection: &str,
    scan: &Scan,
    moment: Option<&Snapshot>,
) -> Result<Reader> {
    read_as(database, collection, scan, moment, |batch| batch)
}

/// As [`read`]; the task that fetches the batches also makes of each what `make` says.
///
/// # Errors
/// As there.
pub fn read_as<T: Send + 'static>(
    database: &Database,
    collection: &str,
    scan: &Scan,
    moment: Option<&Snapshot>,
    mut make: impl FnMut(Batch) -> T + Send + 'static,
) -> Result<Reader<T>> {
    let mut options = options_of(scan)?;
    let (give, batches) = mpsc::channel(1);
    let (asked, asks) = watch::channel(0);
    let mut to = Receiver {
        give,
        asks,
        given: 0,
    };
    let source = database.collection::<RawDocumentBuf>(collection);
    let (scan, name) = (scan.clone(), collection.to_owned());
    let moment = moment.map(Snapshot::session);
    tokio::spawn(async move {
        let failed = |error| StoreError::from_driver(format!("reading {name}"), &error);
        let done = match moment {
            None => pass_on_all(&source, scan, &mut to, make).await,
            Some(session) => {
                // The driver leaves a concern that is set as it is, and ours is majority everywhere else (driver 3.9, seen: another moment per read).
                options.read_concern = Some(ReadConcern::snapshot());
                let mut session = session.lock_owned().await;
                let find = source.find(scan.filter).with_options(options);
                match find.session(&mut *session).batch().await {
                    Ok(mut cursor) => {
                        let batches = cursor.stream(&mut session);
                        let mut all = |batch: Batch| (!batch.is_empty()).then(|| make(batch));
                        pass_on(batches, &mut to, &name, &mut all).await
                    }
                    Err(error) => Err(failed(error)),
                }
            }
        };
        // Where nobody listens any more, nobody needs the end.
        let _ = to.give.send(done.map(|()| None)).await;
    });
    Ok(Reader {
        batches,
        asked,
        collection: collection.to_owned(),
        ended: false,
    })
}

/// Who reads the batches.
struct Receiver<T> {
    give: mpsc::Sender<Result<Option<T>>>,
    /// How often the next batch was asked for.
    asks: watch::Receiver<u64>,
    given: u64,
}

/// Reads and gives on. Where the read goes by `_id`, a lost cursor is opened again after the last document, as long as each one gets further.
async fn pass_on_all<T>(
    source: &Collection<RawDocumentBuf>,
    mut scan: Scan,
    to: &mut Receiver<T>,
    mut make: impl FnMut(Batch) -> T,
) -> Result<()> {
    let name = source.name();
    // Backwards, and with a limit, reads are short; they begin again as those without an order do.
    let resumes = scan.is_ordered() && !scan.backwards && scan.limit == 0;
    let (mut last, mut stuck): (Option<Id>, u32) = (None, 0);
    loop {
        let began_after = last.take();
        let mut reached = None;
        let mut take = |mut batch: Batch| {
            if let Some(before) = &began_after
                && reached.is_none()
            {
                batch = batch.without(before);
            }
            if batch.is_empty() {
                return None;
            }
            if resumes {
                reached = batch.last_id();
            }
            Some(make(batch))
        };
        let found = source
            .find(scan.filter.clone())
            .with_options(options_of(&scan)?)
            .batch()
            .await;
        let done = match found {
            Ok(cursor) => pass_on(cursor, to, name, &mut take).await,
            Err(error) => Err(StoreError::from_driver(format!("reading {name}"), &error)),
        };
        let error = match done {
            Err(error) if resumes && error.is_lost_cursor() => error,
            done => return done,
        };
        stuck = if reached.is_some() { 0 } else { stuck + 1 };
        if stuck > MOST_STUCK {
            return Err(error);
        }
        tracing::warn!("opening the cursor again after: {error}");
        last = reached.or(began_after);
        if last.is_some() {
            scan.from.clone_from(&last);
        }
    }
}

/// Gives batches on until they end or nobody wants them.
async fn pass_on<T>(
    stream: impl Stream<Item = mongodb::error::Result<RawBatch>>,
    to: &mut Receiver<T>,
    name: &str,
    make: &mut impl FnMut(Batch) -> Option<T>,
) -> Result<()> {
    let mut stream = std::pin::pin!(stream);
    while let Some(reply) = stream.next().await {
        let reply =
            reply.map_err(|error| StoreError::from_driver(format!("reading {name}"), &error))?;
        let batch = Batch::of(reply, name)?;
        let large = batch.bytes() > LARGE;
        let Some(given_on) = make(batch) else {
            continue;
        };
        if to.give.send(Ok(Some(given_on))).await.is_err() {
            break;
        }
        to.given += 1;
        let given = to.given;
        // Whoever asks again has let go of the batch before.
        if large && to.asks.wait_for(|times| *times > given).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Begins to read a whole collection in `_id` order.
///
/// # Errors
/// None: what the server refuses is said with the first batch.
pub fn in_id_order(database: &Database, collection: &str) -> Result<Reader> {
    let scan = Scan {
        ordered: true,
        ..Scan::default()
    };
    read(database, collection, &scan, None)
}

/// The value of `id` as the driver takes it.
pub fn bson_of(id: &Id) -> Result<bson::Bson> {
    let mut document = crate::domain::raw::Builder::new(32);
    document.value("v", id.value());
    Document::try_from(&document.finish())
        .ok()
        .and_then(|mut document| document.remove("v"))
        .ok_or_else(|| StoreError::Invalid(format!("the id {id} cannot be sent to the server")))
}

/// Only these fields; with none named, whole documents. A server stops reading a document once it has met as many as are named, and counts a
/// field that is repeated each time; names that occur nowhere put that off for as many. An `_id` alone is read from its index, and is never
/// repeated.
pub fn projection(fields: &[String]) -> Document {
    let spare = if fields.is_empty() || fields == ["_id"] {
        0
    } else {
        REPEATED
    };
    let spare = (0..spare).map(|number| format!("_ringfence_none_{number}"));
    let named = fields.iter().cloned().chain(spare);
    named.map(|field| (field, bson::Bson::Int32(1))).collect()
}

fn options_of(scan: &Scan) -> Result<FindOptions> {
    let batch = if scan.batch == 0 { BATCH } else { scan.batch };
    let mut options = FindOptions::builder().batch_size(batch).build();
    if scan.is_ordered() {
        options.hint = Some(Hint::Keys(doc! { "_id": 1 }));
        options.sort = Some(doc! { "_id": if scan.backwards { -1 } else { 1 } });
    }
    if let Some(from) = &scan.from {
        options.min = Some(doc! { "_id": bson_of(from)? });
    }
    if let Some(until) = &scan.until {
        options.max = Some(doc! { "_id": bson_of(until)? });
    }
    options.projection = Some(projection(&scan.fields)).filter(|it| !it.is_empty());
    if scan.limit > 0 {
        options.limit = Some(scan.limit);
    }
    Ok(options)
}

/// Feeds every document to `take`, in the moment that is given, or as the reads happen.
///
/// # Errors
/// The server's refusal, what `take` says, or a cancellation, tested between batches of documents; a moment may be too old for the server by now.
pub async fn each<F>(
    place: (&Database, Option<&Snapshot>),
    collection: &str,
    scan: &Scan,
    cancel: &CancellationToken,
    mut take: F,
) -> Result<u64>
where
    F: FnMut(&RawDocument) -> Result<()>,
{
    let mut reader = read(place.0, collection, scan, place.1)?;
    let mut count = 0;
    while let Some(batch) = reader.next().await? {
        if cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        batch.documents().try_for_each(&mut take)?;
        count += batch.len() as u64;
    }
    Ok(count)
}

/// The batches of a small or bounded scan.
///
/// # Errors
/// The server's refusal.
pub async fn batches(database: &Database, collection: &str, scan: &Scan) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    each_batch(database, collection, scan, |batch| batches.push(batch)).await?;
    Ok(batches)
}

async fn each_batch(
    database: &Database,
    collection: &str,
    scan: &Scan,
    mut take: impl FnMut(Batch),
) -> Result<()> {
    let failed = |error| StoreError::from_driver(format!("reading {collection}"), &error);
    let mut cursor = database
        .collection::<RawDocumentBuf>(collection)
        .find(scan.filter.clone())
        .with_options(options_of(scan)?)
        .batch()
        .await
        .map_err(failed)?;
    while let Some(reply) = cursor.next().await {
        take(Batch::of(reply.map_err(failed)?, collection)?);
    }
    Ok(())
}

/// All documents of a small or bounded scan.
///
/// # Errors
/// The server's refusal.
pub async fn all(
    database: &Database,
    collection: &str,
    scan: &Scan,
) -> Result<Vec<RawDocumentBuf>> {
    // Each batch is let go of before the next comes: its documents are in memory once.
    let mut documents = Vec::new();
    let take = |batch: Batch| documents.extend(batch.documents().map(RawDocument::to_owned));
    each_batch(database, collection, scan, take).await?;
    Ok(documents)
}

/// The documents with these ids, in no order.
///
/// # Errors
/// The server's refusal.
pub async fn by_ids(
    database: &Database,
    collection: &str,
    ids: impl IntoIterator<Item = &Id>,
) -> Result<Vec<RawDocumentBuf>> {
    match with_ids(ids, &[])? {
        Some(scan) => all(database, collection, &scan).await,
        None => Ok(Vec::new()),
    }
}

/// As [`by_ids`], as the server sent them.
///
/// # Errors
/// The server's refusal.
pub async fn batches_by_ids(
    database: &Database,
    collection: &str,
    ids: impl IntoIterator<Item = &Id>,
) -> Result<Vec<Batch>> {
    fields_by_ids(database, collection, ids, &[]).await
}

/// As [`batches_by_ids`], with only these fields; with none named, whole.
///
/// # Errors
/// As there.
pub async fn fields_by_ids(
    database: &Database,
    collection: &str,
    ids: impl IntoIterator<Item = &Id>,
    fields: &[&str],
) -> Result<Vec<Batch>> {
    match with_ids(ids, fields)? {
        Some(scan) => batches(database, collection, &scan).await,
        None => Ok(Vec::new()),
    }
}

fn with_ids<'i>(ids: impl IntoIterator<Item = &'i Id>, fields: &[&str]) -> Result<Option<Scan>> {
    let ids = ids.into_iter().map(bson_of).collect::<Result<Vec<_>>>()?;
    Ok((!ids.is_empty()).then(|| Scan {
        filter: doc! { "_id": { "$in": ids } },
        fields: fields.iter().map(|it| (*it).to_owned()).collect(),
        ..Scan::default()
    }))
}

/// The documents of a collection, counted one by one; none where it does not stand.
///
/// # Errors
/// The server's refusal.
pub async fn count(database: &Database, collection: &str) -> Result<u64> {
    let of = database.collection::<RawDocumentBuf>(collection);
    let counted = of.count_documents(bson::doc! {}).await;
    counted.map_err(|error| StoreError::from_driver(format!("counting {collection}"), &error))
}

/// A fast count from the collection's metadata, for progress bars; never for a proof.
pub async fn rough_count(database: &Database, collection: &str) -> u64 {
    database
        .collection::<RawDocumentBuf>(collection)
        .estimated_document_count()
        .await
        .unwrap_or_default()
}
