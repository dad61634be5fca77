//! Data that trips tools up: documents no driver would make, names that are no file names, options and indexes of all kinds.

use bson::oid::ObjectId;
use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc, rawdoc};
use mongodb::Database;
use ringfence::store::raw_write::{InsertOptions, insert_batch_with};

use crate::dump::bytes::{document, element, embedded, int, string, zero_timestamp};

/// Documents that a plain insert changes or refuses, and some that only look so.
pub fn ugly_documents() -> Vec<RawDocumentBuf> {
    let bodies: Vec<Vec<Vec<u8>>> = vec![
        vec![int("a", 1)],
        vec![int("a", 1), int("b", 2), int("a", 3)],
        vec![int("$a", 1)],
        vec![int("b", 1), int("$set", 1)],
        vec![string("$ref", b"x"), int("$id", 1)],
        vec![int("a.b", 1), int("a", 2)],
        vec![int("", 1), int("", 2)],
        vec![zero_timestamp("t")],
        vec![embedded("d", &document(&[zero_timestamp("t")]))],
        vec![embedded(
            "d",
            &document(&[int("$a", 1), int("$a", 2), int("x.y", 3)]),
        )],
        vec![int("_id", 77)],
        vec![string("a", b"\xff\xfe")],
        vec![element(0x10, "\u{1F600}", &1_i32.to_le_bytes())],
        vec![
            element(0x06, "undefined", &[]),
            element(0x0E, "symbol", b"\x02\0\0\0x\0"),
        ],
        vec![element(0x05, "old", b"\x06\0\0\0\x02\x02\0\0\0xx")],
        vec![
            element(0x0B, "regex", b"x\0mi\0"),
            element(0x01, "nan", &[1, 0, 0, 0, 0, 0, 0xF8, 0x7F]),
        ],
        vec![element(
            0x04,
            "list",
            document(&[int("7", 1), int("7", 2)]).as_bytes(),
        )],
    ];
    (0..)
        .zip(bodies)
        .map(|(place, body)| {
            let mut elements = vec![int("_id", place)];
            elements.extend(body);
            document(&elements)
        })
        .collect()
}

/// One `_id` of each type that may be one.
pub fn mixed_ids() -> Vec<RawDocumentBuf> {
    let ids: Vec<Vec<u8>> = vec![
        int("_id", 1),
        element(0x12, "_id", &2_i64.to_le_bytes()),
        element(0x01, "_id", &3.5_f64.to_le_bytes()),
        element(0x01, "_id", &f64::NAN.to_le_bytes()),
        string("_id", "Ä".as_bytes()),
        string("_id", b"a"),
        element(0x07, "_id", &[9; 12]),
        element(0x05, "_id", &[&[16, 0, 0, 0, 4][..], &[7; 16]].concat()),
        element(0x09, "_id", &(-1_i64).to_le_bytes()),
        element(0x08, "_id", &[1]),
        element(0x0A, "_id", &[]),
        element(0xFF, "_id", &[]),
        element(0x7F, "_id", &[]),
        element(0x13, "_id", &[1; 16]),
        zero_timestamp("_id"),
        embedded("_id", &document(&[int("b", 1), int("a", 2)])),
        element(0x05, "_id", b"\x02\0\0\0\0xx"),
    ];
    ids.into_iter().map(|id| document(&[id])).collect()
}

/// A name that mongodump cuts: 60 characters, 180 bytes, 540 when escaped.
pub fn long_name() -> String {
    "予".repeat(60)
}

async fn run(database: &Database, command: Document) {
    let reply = database.run_command(command.clone()).await.unwrap();
    assert!(reply.get("writeErrors").is_none(), "{command}: {reply}");
}

async fn fill(database: &Database, name: &str, documents: &[RawDocumentBuf]) {
    let options = InsertOptions {
        bypass_validation: true,
        ..InsertOptions::default()
    };
    let outcome = insert_batch_with(database, name, documents, &options)
        .await
        .unwrap();
    assert_eq!(outcome.inserted, documents.len());
}

/// Fills an empty database with all of it.
pub async fn fill_database(database: &Database) {
    fill(database, "ugly", &ugly_documents()).await;
    fill(database, "mixed ids", &mixed_ids()).await;
    for (number, name) in ["a/b", "Grüße & +%", "x..y~", &long_name(), &"x".repeat(235)]
        .into_iter()
        .enumerate()
    {
        let number = i32::try_from(number).unwrap();
        fill(database, name, &[rawdoc! { "_id": 1, "number": number }]).await;
    }
    run(database, doc! { "create": "empty" }).await;
    let collation = doc! { "locale": "de", "strength": 2 };
    run(
        database,
        doc! { "create": "collated", "collation": collation },
    )
    .await;
    fill(
        database,
        "collated",
        &[
            rawdoc! { "_id": "b" },
            rawdoc! { "_id": "A" },
            rawdoc! { "_id": "ä" },
        ],
    )
    .await;
    run(
        database,
        doc! { "create": "strict", "validator": { "name": { "$type": "string", "$regex": "^a" } },
        "validationLevel": "moderate", "validationAction": "error" },
    )
    .await;
    fill(
        database,
        "strict",
        &[
            rawdoc! { "_id": 1, "name": "a" },
            rawdoc! { "_id": 2, "old": true },
            document(&[int("_id", 3), zero_timestamp("t")]),
        ],
    )
    .await;
    run(
        database,
        doc! { "create": "capped", "capped": true, "size": 1_048_576, "max": 1000 },
    )
    .await;
    for id in [5, 3, 9, 1] {
        // Order of insertion, plain and literal by turns.
        fill(database, "capped", &[document(&[int("_id", id)])]).await;
        fill(
            database,
            "capped",
            &[document(&[int("_id", -id), zero_timestamp("t")])],
        )
        .await;
    }
    indexes(database).await;
    run(
        database,
        doc! { "create": "a view", "viewOn": "z view", "pipeline": [{ "$project": { "x": 1 } }] },
    )
    .await;
    run(database, doc! { "create": "z view", "viewOn": "indexed", "pipeline": [{ "$match": { "n": { "$gt": 1 } } }] }).await;
    run(
        database,
        doc! { "create": "clustered", "clusteredIndex": { "key": { "_id": 1 }, "unique": true } },
    )
    .await;
    fill(
        database,
        "clustered",
        &[rawdoc! { "_id": 2 }, rawdoc! { "_id": 1 }],
    )
    .await;
    run(
        database,
        doc! { "create": "weather", "timeseries": { "timeField": "at", "metaField": "place", "granularity": "hours" } },
    )
    .await;
    let measured: Vec<_> = (0..50_i64)
        .map(|hour| doc! { "at": bson::DateTime::from_millis(hour * 3_600_000), "place": hour % 3, "t": hour })
        .map(Bson::Document)
        .collect();
    run(
        database,
        doc! { "insert": "weather", "documents": measured },
    )
    .await;
    run(
        database,
        doc! { "createIndexes": "weather", "indexes": [{ "key": { "place": 1, "at": -1 }, "name": "by place" }] },
    )
    .await;
    run(database, doc! { "insert": "system.js", "documents": [{ "_id": "f", "value": Bson::JavaScriptCode("1".to_owned()) }] }).await;
    fill(database, "_ringfence_links", &[rawdoc! { "_id": 1 }]).await;
}

async fn indexes(database: &Database) {
    let documents: Vec<_> = (0..200_i32)
        .map(|n| {
            rawdoc! { "_id": ObjectId::from_bytes([u8::try_from(n % 256).unwrap(); 12]), "n": n, "email": format!("{n}@example.org"),
            "text": "some words", "where": [1.0, 2.0], "at": bson::DateTime::from_millis(4_102_444_800_000) }
        })
        .collect();
    fill(database, "indexed", &documents).await;
    run(
        database,
        doc! { "createIndexes": "indexed", "indexes": [
            { "key": { "email": 1 }, "name": "indexed_email_key", "unique": true },
            { "key": { "n": -1, "email": 1.0 }, "name": "n_email", "partialFilterExpression": { "n": { "$gt": 3 } } },
            { "key": { "at": 1 }, "name": "ttl", "expireAfterSeconds": 3600 },
            { "key": { "text": "text", "email": "text" }, "name": "words", "weights": { "text": 3 }, "default_language": "german" },
            { "key": { "n": "hashed" }, "name": "n_hashed" },
            { "key": { "where": "2dsphere" }, "name": "where", "sparse": true },
            { "key": { "extra.$**": 1 }, "name": "any" },
            { "key": { "email": 1 }, "name": "email_de", "collation": { "locale": "de" }, "hidden": true },
        ] },
    )
    .await;
}
