//! A database on a real server: loading it from data, and taking everything that can be told about it as data.

use std::collections::BTreeMap;

use bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, doc, rawdoc};
use futures_util::TryStreamExt;

use crate::oracle::bytes::{fields, show, tag};
use crate::oracle::generate::{Collection, Database};

/// Everything that a client can see of a database, less UUIDs and natural order.
#[derive(Clone, Default)]
pub struct Snapshot {
    pub collections: BTreeMap<String, Held>,
}

/// One collection or view as the server holds it.
#[derive(Clone, Default)]
pub struct Held {
    pub kind: String,
    pub options: Document,
    /// By name.
    pub indexes: BTreeMap<String, Document>,
    /// In the order of their bytes; none for a view.
    pub documents: Vec<Vec<u8>>,
}

impl Snapshot {
    pub fn documents(&self, name: &str) -> &[Vec<u8>] {
        self.collections.get(name).map_or(&[], |c| &c.documents)
    }
}

/// Runs a command and fails on write errors too, which the driver passes over.
async fn run(database: &mongodb::Database, command: RawDocumentBuf) -> Result<Document, String> {
    let reply = database
        .run_raw_command(command)
        .await
        .map_err(|error| error.to_string())?;
    match reply.get_array("writeErrors") {
        Ok(errors) => Err(format!("{errors:?}")),
        Err(_) => Ok(reply),
    }
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).expect("a command")
}

fn raw_bytes(document: &[u8]) -> RawDocumentBuf {
    RawDocumentBuf::from_bytes(document.to_vec()).expect("well-formed BSON")
}

/// Creates what the data says.
pub async fn load(database: &mongodb::Database, data: &Database) -> Result<(), String> {
    for collection in &data.collections {
        load_collection(database, collection)
            .await
            .map_err(|error| format!("loading {}: {error}", collection.name))?;
    }
    // One majority write behind the quick ones: whoever reads with majority now sees them all.
    let settled = rawdoc! {
        "insert": "settled",
        "documents": [{}],
        "writeConcern": { "w": "majority", "j": true }
    };
    run(&database.client().database("oracle_settled"), settled).await?;
    Ok(())
}

async fn load_collection(
    database: &mongodb::Database,
    collection: &Collection,
) -> Result<(), String> {
    let soon = doc! { "w": 1, "j": false };
    let mut create = doc! { "create": &collection.name, "writeConcern": &soon };
    create.extend(collection.options.clone());
    run(database, raw(&create)).await?;
    let (plain, special): (Vec<_>, Vec<_>) =
        collection.documents.iter().partition(|d| !is_special(d));
    if !plain.is_empty() {
        let mut documents = RawArrayBuf::new();
        for document in plain {
            documents.push(raw_bytes(document));
        }
        run(
            database,
            rawdoc! {
                "insert": collection.name.as_str(),
                "documents": documents,
                "writeConcern": raw(&soon)
            },
        )
        .await?;
    }
    for document in special {
        let written = raw_bytes(document);
        let id = written.get("_id").ok().flatten().expect("an _id");
        let update = rawdoc! {
            "update": collection.name.as_str(),
            "updates": [{
                "q": { "_id": { "$eq": bson::raw::RawBson::from(id) } },
                "u": [{ "$replaceWith": { "$literal": written.clone() } }],
                "upsert": true
            }],
            "writeConcern": raw(&soon)
        };
        run(database, update)
            .await
            .map_err(|error| format!("{}: {error}", show(document)))?;
    }
    if !collection.indexes.is_empty() {
        run(
            database,
            raw(&doc! {
                "createIndexes": &collection.name,
                "indexes": collection.indexes.clone(),
                "writeConcern": &soon
            }),
        )
        .await?;
    }
    if let Some(validation) = &collection.validation {
        let mut modify = doc! { "collMod": &collection.name, "writeConcern": &soon };
        modify.extend(validation.clone());
        run(database, raw(&modify)).await?;
    }
    Ok(())
}

/// Whether an insert would refuse or change the document: a top-level `Timestamp(0, 0)` becomes the server's time, and
/// `$` and dotted names and repeated ones are kept for certain by an update that takes the document as a literal.
fn is_special(document: &[u8]) -> bool {
    let fields = fields(document);
    fields.iter().enumerate().any(|(at, field)| {
        (field.value.tag == tag::TIMESTAMP && field.value.bytes.iter().all(|&b| b == 0))
            || field.name.starts_with('$')
            || field.name.contains('.')
            || fields[..at].iter().any(|other| other.name == field.name)
    })
}

/// Everything that is there now.
pub async fn snapshot(database: &mongodb::Database) -> Result<Snapshot, String> {
    let list = doc! { "listCollections": 1, "cursor": { "batchSize": 10_000 } };
    let mut collections = BTreeMap::new();
    for entry in first_batch(database, &list).await? {
        let name = entry.get_str("name").expect("a name").to_owned();
        // A view's definition; it is listed as a view of its own.
        if name == "system.views" {
            continue;
        }
        let mut held = Held {
            kind: entry.get_str("type").expect("a type").to_owned(),
            options: entry.get_document("options").expect("options").clone(),
            ..Held::default()
        };
        if held.kind != "view" {
            let list = doc! { "listIndexes": &name, "cursor": { "batchSize": 1000 } };
            for index in first_batch(database, &list).await? {
                let name = index.get_str("name").expect("a name").to_owned();
                held.indexes.insert(name, index);
            }
            let collection = database.collection::<RawDocumentBuf>(&name);
            let documents: Vec<RawDocumentBuf> = match collection.find(doc! {}).await {
                Ok(cursor) => cursor.try_collect().await,
                Err(error) => Err(error),
            }
            .map_err(|error| format!("reading {name}: {error}"))?;
            held.documents = documents
                .into_iter()
                .map(RawDocumentBuf::into_bytes)
                .collect();
            held.documents.sort();
        }
        collections.insert(name, held);
    }
    Ok(Snapshot { collections })
}

async fn first_batch(
    database: &mongodb::Database,
    command: &Document,
) -> Result<Vec<Document>, String> {
    let reply = run(database, raw(command)).await?;
    let cursor = reply
        .get_document("cursor")
        .map_err(|error| error.to_string())?;
    assert!(matches!(cursor.get_i64("id"), Ok(0)), "one batch holds all");
    let batch = cursor
        .get_array("firstBatch")
        .map_err(|error| error.to_string())?;
    Ok(batch
        .iter()
        .filter_map(Bson::as_document)
        .cloned()
        .collect())
}
