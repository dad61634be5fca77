//! Reading collections: natural order for pure scans, `_id` order for walks, raw documents, from the primary with read concern majority.

use bson::{Document, RawDocumentBuf, doc};
use mongodb::Cursor;
use mongodb::options::{FindOptions, Hint, ReadConcern};
use mongodb::{ClientSession, Database};
use tokio_util::sync::CancellationToken;

use super::error::{Result, StoreError};
use crate::domain::id::Id;

/// Documents per batch.
const BATCH: u32 = 10_000;

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

/// Opens a cursor.
///
/// # Errors
/// The server's refusal.
pub async fn open(
    database: &Database,
    collection: &str,
    scan: &Scan,
) -> Result<Cursor<RawDocumentBuf>> {
    database
        .collection::<RawDocumentBuf>(collection)
        .find(scan.filter.clone())
        .with_options(options_of(scan)?)
        .await
        .map_err(|error| StoreError::from_driver(format!("reading {collection}"), &error))
}

fn options_of(scan: &Scan) -> Result<FindOptions> {
    let mut options = FindOptions::builder().batch_size(BATCH).build();
    if scan.ordered || scan.from.is_some() || scan.until.is_some() {
        options.hint = Some(Hint::Keys(doc! { "_id": 1 }));
        options.sort = Some(doc! { "_id": if scan.backwards { -1 } else { 1 } });
    }
    if let Some(from) = &scan.from {
        options.min = Some(doc! { "_id": bson_of(from)? });
    }
    if let Some(until) = &scan.until {
        options.max = Some(doc! { "_id": bson_of(until)? });
    }
    if !scan.fields.is_empty() {
        options.projection = Some(
            scan.fields
                .iter()
                .map(|field| (field.clone(), bson::Bson::Int32(1)))
                .collect(),
        );
    }
    if scan.limit > 0 {
        options.limit = Some(scan.limit);
    }
    Ok(options)
}

/// Feeds every document to `take`.
///
/// # Errors
/// The server's refusal, what `take` says, or a cancellation, tested between batches of documents.
pub async fn each<F>(
    database: &Database,
    collection: &str,
    scan: &Scan,
    cancel: &CancellationToken,
    mut take: F,
) -> Result<u64>
where
    F: FnMut(&bson::raw::RawDocument) -> Result<()>,
{
    let mut cursor = open(database, collection, scan).await?;
    let mut count = 0_u64;
    while cursor
        .advance()
        .await
        .map_err(|error| StoreError::from_driver(format!("reading {collection}"), &error))?
    {
        if count.is_multiple_of(1000) && cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        take(cursor.current())?;
        count += 1;
    }
    Ok(count)
}

/// As [`each`], in the one moment that all reads of a snapshot session see.
///
/// # Errors
/// As there; the snapshot may be too old for the server by now.
pub async fn each_in<F>(
    session: &mut ClientSession,
    (database, collection): (&Database, &str),
    scan: &Scan,
    cancel: &CancellationToken,
    mut take: F,
) -> Result<u64>
where
    F: FnMut(&bson::raw::RawDocument) -> Result<()>,
{
    let failed = |error| StoreError::from_driver(format!("reading {collection}"), &error);
    let mut options = options_of(scan)?;
    // The driver leaves a concern that is set as it is, and ours is majority everywhere else (driver 3.9, seen: another moment per read).
    options.read_concern = Some(ReadConcern::snapshot());
    let mut cursor = database
        .collection::<RawDocumentBuf>(collection)
        .find(scan.filter.clone())
        .with_options(options)
        .session(&mut *session)
        .await
        .map_err(failed)?;
    let mut count = 0_u64;
    while cursor.advance(session).await.map_err(failed)? {
        if count.is_multiple_of(1000) && cancel.is_cancelled() {
            return Err(StoreError::Cancelled);
        }
        take(cursor.current())?;
        count += 1;
    }
    Ok(count)
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
    let mut documents = Vec::new();
    each(
        database,
        collection,
        scan,
        &CancellationToken::new(),
        |document| {
            documents.push(document.to_owned());
            Ok(())
        },
    )
    .await?;
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
    let ids = ids.into_iter().map(bson_of).collect::<Result<Vec<_>>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let scan = Scan {
        filter: doc! { "_id": { "$in": ids } },
        ..Scan::default()
    };
    all(database, collection, &scan).await
}

/// A fast count from the collection's metadata, for progress bars; never for a proof.
pub async fn rough_count(database: &Database, collection: &str) -> u64 {
    database
        .collection::<RawDocumentBuf>(collection)
        .estimated_document_count()
        .await
        .unwrap_or_default()
}
