//! Raw batch writes: documents reach the server byte for byte, in plain commands without a transaction number, so that
//! the same batch can be sent again. Nothing here decides what to write.

use bson::raw::{RawArrayBuf, RawDocument, RawDocumentBuf, cstr};
use bson::spec::BinarySubtype;
use bson::{Bson, Document, raw::RawBinaryRef};
use mongodb::Database;

use super::command;
use super::error::{DUPLICATE_KEY, Result, StoreError};
use super::write_command::{MAX_TIME_MS, write_concern};
use crate::domain::raw::{Builder, Value, elements, kind};

/// BSON's Timestamp.
const TIMESTAMP: u8 = 0x11;
/// Documents per command; the server takes up to 100,000.
const MOST_DOCUMENTS: usize = 10_000;
/// Bytes of documents per command. A command is one BSON document, of at most 16 MiB + 16 KiB on the server; a document
/// bigger than this goes alone and still fits.
const MOST_BYTES: usize = 16 * 1024 * 1024 - 64 * 1024;
/// What a document costs beside its own bytes: array key and type, and for an update its wrapping.
const PLAIN_OVERHEAD: usize = 8;
const LITERAL_OVERHEAD: usize = 128;
/// What a command holds beside its documents and the collection's name.
const OPTIONS: usize = 256;

/// How a batch is to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct InsertOptions {
    /// The UUID that the collection must have; the server refuses the batch when the name has gone to another collection.
    /// Needs server 6.0.
    pub collection_uuid: Option<[u8; 16]>,
    /// Writes past the collection's validator; needs the privilege `bypassDocumentValidation`.
    pub bypass_validation: bool,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InsertOutcome {
    /// Documents that are new in the collection.
    pub inserted: usize,
    /// Places in the batch, ascending, of the documents that a unique index (`_id` included) refused.
    pub duplicates: Vec<usize>,
}

/// Whether an insert or a replace would not keep the document as it is: a top-level name that begins with `$`, a name
/// given twice, a top-level `Timestamp(0, 0)`, which the server replaces by its clock, or bytes we cannot walk.
/// [`insert_batch`] sends such a document as a literal, which keeps it (seen on 6.0).
pub fn needs_literal(document: &RawDocument) -> bool {
    let mut names: Vec<&[u8]> = Vec::new();
    for element in elements(document) {
        let Ok(element) = element else { return true };
        let zero_timestamp =
            element.value.kind == TIMESTAMP && element.value.bytes.iter().all(|byte| *byte == 0);
        if zero_timestamp || element.key.starts_with(b"$") {
            return true;
        }
        names.push(element.key);
    }
    // Sorted rather than compared each with each: a document may have thousands of names.
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// Inserts `documents`, acknowledged by a majority and journaled, in as many commands as their size needs. A document
/// that is there already is never overwritten; it is reported as a duplicate, and the rest is inserted.
///
/// # Errors
/// Any other refusal of the server. Documents of the batch may be in then; the same call can be made again.
pub async fn insert_batch(
    database: &Database,
    collection: &str,
    uuid: Option<[u8; 16]>,
    documents: &[RawDocumentBuf],
) -> Result<InsertOutcome> {
    let options = InsertOptions {
        collection_uuid: uuid,
        bypass_validation: false,
    };
    insert_batch_with(database, collection, documents, &options).await
}

/// As [`insert_batch`], and lets go of the documents as soon as they stand in a command: a large one is in memory once less.
///
/// # Errors
/// As there.
pub async fn insert_owned(
    database: &Database,
    collection: &str,
    uuid: Option<[u8; 16]>,
    documents: Vec<RawDocumentBuf>,
) -> Result<InsertOutcome> {
    let all: Vec<usize> = (0..documents.len()).collect();
    let whole = chunks(&documents, &all, PLAIN_OVERHEAD).count() == 1;
    if !whole || documents.iter().any(|it| needs_literal(it)) {
        return insert_batch(database, collection, uuid, &documents).await;
    }
    let options = InsertOptions {
        collection_uuid: uuid,
        bypass_validation: false,
    };
    let command = insert_command(collection, &documents, &all, &options);
    drop(documents);
    let mut outcome = InsertOutcome::default();
    send(database, collection, command, &all, &mut outcome).await?;
    Ok(outcome)
}

/// [`insert_batch`] with all its options.
///
/// # Errors
/// As there.
pub async fn insert_batch_with(
    database: &Database,
    collection: &str,
    documents: &[RawDocumentBuf],
    options: &InsertOptions,
) -> Result<InsertOutcome> {
    let (literal, plain): (Vec<usize>, Vec<usize>) =
        (0..documents.len()).partition(|&place| needs_literal(&documents[place]));
    let mut outcome = InsertOutcome::default();
    for chunk in chunks(documents, &plain, PLAIN_OVERHEAD) {
        let command = insert_command(collection, documents, chunk, options);
        send(database, collection, command, chunk, &mut outcome).await?;
    }
    for chunk in chunks(documents, &literal, LITERAL_OVERHEAD) {
        let command = literal_command(collection, documents, chunk, options);
        send(database, collection, command, chunk, &mut outcome).await?;
    }
    outcome.duplicates.sort_unstable();
    Ok(outcome)
}

/// Cuts `places` into runs that fit one command each.
fn chunks<'a>(
    documents: &'a [RawDocumentBuf],
    places: &'a [usize],
    overhead: usize,
) -> impl Iterator<Item = &'a [usize]> {
    let mut rest = places;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take(MOST_DOCUMENTS)
            .take_while(|&&place| {
                bytes += documents[place].as_bytes().len() + overhead;
                bytes <= MOST_BYTES
            })
            .count();
        // One document always goes, however big.
        let (chunk, later) = rest.split_at(fitting.max(1).min(rest.len()));
        rest = later;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn insert_command(
    collection: &str,
    documents: &[RawDocumentBuf],
    places: &[usize],
    options: &InsertOptions,
) -> RawDocumentBuf {
    let documents = places.iter().map(|&place| Value {
        kind: kind::DOCUMENT,
        bytes: documents[place].as_bytes(),
    });
    let bytes: usize = documents.clone().map(|it| it.bytes.len()).sum();
    let around = places.len() * PLAIN_OVERHEAD + collection.len() + OPTIONS;
    // Made once in its full length: a batch takes memory often enough on its way.
    let mut command = Builder::new(bytes + around);
    command.string("insert", collection);
    command.array("documents", documents);
    let mut command = command.finish();
    finish(&mut command, options);
    command
}

/// An upsert whose query matches nothing: it inserts the literal, or meets the unique index as an insert would.
fn literal_command(
    collection: &str,
    documents: &[RawDocumentBuf],
    places: &[usize],
    options: &InsertOptions,
) -> RawDocumentBuf {
    let mut nothing = RawDocumentBuf::new();
    nothing.append(cstr!("$alwaysFalse"), 1);
    let mut updates = RawArrayBuf::new();
    for &place in places {
        let mut literal = RawDocumentBuf::new();
        literal.append(cstr!("$literal"), &*documents[place]);
        let mut stage = RawDocumentBuf::new();
        stage.append(cstr!("$replaceWith"), literal);
        let mut pipeline = RawArrayBuf::new();
        pipeline.push(stage);
        let mut update = RawDocumentBuf::new();
        update.append(cstr!("q"), &nothing);
        update.append(cstr!("u"), pipeline);
        update.append(cstr!("upsert"), true);
        updates.push(update);
    }
    let mut command = RawDocumentBuf::new();
    command.append(cstr!("update"), collection);
    command.append(cstr!("updates"), updates);
    finish(&mut command, options);
    command
}

fn finish(command: &mut RawDocumentBuf, options: &InsertOptions) {
    command.append(cstr!("ordered"), false);
    if options.bypass_validation {
        command.append(cstr!("bypassDocumentValidation"), true);
    }
    if let Some(uuid) = &options.collection_uuid {
        let uuid = RawBinaryRef {
            subtype: BinarySubtype::Uuid,
            bytes: uuid,
        };
        command.append(cstr!("collectionUUID"), uuid);
    }
    command.append(cstr!("maxTimeMS"), MAX_TIME_MS);
    command.append(cstr!("writeConcern"), write_concern());
}

async fn send(
    database: &Database,
    collection: &str,
    command: RawDocumentBuf,
    places: &[usize],
    outcome: &mut InsertOutcome,
) -> Result<()> {
    let doing = format!("inserting into {collection}");
    let mut reply = database
        .run_raw_command(command)
        .await
        .map_err(|error| StoreError::from_driver(&doing, &error))?;
    let duplicates = take_duplicates(&mut reply, places);
    command::check(&reply, &doing)?;
    outcome.inserted += places.len() - duplicates.len();
    outcome.duplicates.extend(duplicates);
    Ok(())
}

/// Takes the duplicate-key errors out of the reply, and leaves every other error in it.
fn take_duplicates(reply: &mut Document, places: &[usize]) -> Vec<usize> {
    let Some(Bson::Array(errors)) = reply.remove("writeErrors") else {
        return Vec::new();
    };
    let mut duplicates = Vec::new();
    let mut others = Vec::new();
    for error in errors {
        match duplicate_place(&error).and_then(|index| places.get(index)) {
            Some(&place) => duplicates.push(place),
            None => others.push(error),
        }
    }
    if !others.is_empty() {
        reply.insert("writeErrors", others);
    }
    duplicates
}

fn duplicate_place(error: &Bson) -> Option<usize> {
    let error = error.as_document()?;
    if error.get_i32("code").ok()? != DUPLICATE_KEY {
        return None;
    }
    usize::try_from(error.get_i32("index").ok()?).ok()
}
