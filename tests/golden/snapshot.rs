//! A whole database as one JSON file: documents in canonical extended JSON and in their order, options, indexes, and the collections' own
//! UUIDs, by which a run record knows what is what.

use std::fmt::Write;

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use mongodb::Database;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One line per document, so that a difference can be read.
pub async fn taken(database: &Database) -> String {
    let mut collections = Vec::new();
    for (name, spec) in specifications(database).await {
        let documents = documents(database, &name).await;
        let lines: Vec<_> = documents
            .into_iter()
            .map(|it| format!("      {}", extended(it)))
            .collect();
        let indexes: Vec<_> = indexes(database, &name).await;
        let info = spec.get_document("info").unwrap();
        let head = [
            ("name", Value::from(name)),
            (
                "uuid",
                extended(doc! { "v": info.get("uuid").unwrap() })["v"].clone(),
            ),
            (
                "options",
                extended(spec.get_document("options").unwrap().clone()),
            ),
            ("indexes", json!(indexes)),
        ];
        let head: Vec<_> = head
            .iter()
            .map(|(key, value)| format!("    \"{key}\": {value},\n"))
            .collect();
        collections.push(format!(
            "  {{\n{}    \"documents\": [\n{}\n    ]\n  }}",
            head.concat(),
            lines.join(",\n")
        ));
    }
    format!("[\n{}\n]\n", collections.join(",\n"))
}

/// Makes the collections of such a file in an empty database, with the same UUIDs.
pub async fn restore(database: &Database, text: &str) {
    let collections: Vec<Value> = serde_json::from_str(text).unwrap();
    let admin = database.client().database("admin");
    for collection in collections {
        let name = collection["name"].as_str().unwrap().to_owned();
        let mut create = doc! { "create": &name };
        create.extend(document(&collection["options"]));
        create.insert(
            "idIndex",
            doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" },
        );
        // The one way to give a collection a UUID: what mongorestore does.
        let made = doc! {
            "op": "c", "ns": format!("{}.$cmd", database.name()), "o": create,
            "ui": document(&json!({ "v": collection["uuid"] })).get("v").unwrap(),
        };
        admin
            .run_command(doc! { "applyOps": [made] })
            .await
            .unwrap();
        let indexes: Vec<_> = collection["indexes"]
            .as_array()
            .unwrap()
            .iter()
            .map(document)
            .filter(|index| !index.get_str("name").is_ok_and(|it| it == "_id_"))
            .collect();
        if !indexes.is_empty() {
            let command = doc! { "createIndexes": &name, "indexes": indexes };
            database.run_command(command).await.unwrap();
        }
        let documents: Vec<_> = collection["documents"]
            .as_array()
            .unwrap()
            .iter()
            .map(document)
            .collect();
        if !documents.is_empty() {
            let insert =
                doc! { "insert": &name, "documents": documents, "bypassDocumentValidation": true };
            let answer = database.run_command(insert).await.unwrap();
            assert!(!answer.contains_key("writeErrors"), "{answer}");
        }
    }
}

/// Names and specifications of all collections, by name.
async fn specifications(database: &Database) -> Vec<(String, Document)> {
    let command = doc! { "listCollections": 1 };
    let mut all: Vec<Document> = database
        .run_cursor_command(command)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    all.sort_by_key(|spec| spec.get_str("name").unwrap().to_owned());
    all.into_iter()
        .map(|spec| (spec.get_str("name").unwrap().to_owned(), spec))
        .collect()
}

async fn indexes(database: &Database, name: &str) -> Vec<Value> {
    let command = doc! { "listIndexes": name };
    let all: Vec<Document> = database
        .run_cursor_command(command)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    all.into_iter().map(extended).collect()
}

async fn documents(database: &Database, name: &str) -> Vec<Document> {
    let collection = database.collection::<Document>(name);
    let found = collection.find(doc! {}).sort(doc! { "$natural": 1 });
    found.await.unwrap().try_collect().await.unwrap()
}

/// What collections hold, in the documents' own order of text: for comparing, not for restoring. Without our record and lease.
pub async fn content(database: &Database) -> String {
    let mut text = String::new();
    for (name, lines) in sorted(database).await {
        writeln!(text, "{name}:").unwrap();
        text.extend(lines.iter().map(|it| format!("  {it}\n")));
    }
    text
}

/// The same in one line per collection: how many documents, and a hash over them and over its indexes.
pub async fn digests(database: &Database) -> String {
    let mut text = String::new();
    for (name, lines) in sorted(database).await {
        let mut indexes: Vec<_> = indexes(database, &name).await;
        indexes.sort_by_key(ToString::to_string);
        let hash = |lines: String| format!("{:x}", Sha256::digest(lines))[..16].to_owned();
        writeln!(
            text,
            "{name}: {} documents {}, indexes {}",
            lines.len(),
            hash(lines.join("\n")),
            hash(json!(indexes).to_string())
        )
        .unwrap();
    }
    text
}

async fn sorted(database: &Database) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for (name, _) in specifications(database).await {
        if ["_ringfence_runs", "_ringfence_lease"].contains(&name.as_str()) {
            continue;
        }
        let mut lines: Vec<_> = documents(database, &name)
            .await
            .into_iter()
            .map(|it| extended(it).to_string())
            .collect();
        lines.sort_unstable();
        all.push((name, lines));
    }
    all
}

pub fn extended(document: Document) -> Value {
    Bson::Document(document).into_canonical_extjson()
}

pub fn document(value: &Value) -> Document {
    let Ok(Bson::Document(document)) = Bson::try_from(value.clone()) else {
        panic!("no document: {value}")
    };
    document
}
