//! `store::raw_write`: documents arrive byte for byte, duplicates come back as places.

use bson::{RawDocumentBuf, doc};
use futures_util::TryStreamExt;
use mongodb::{Collection, Database};
use ringfence::store::StoreError;
use ringfence::store::raw_write::{
    InsertOptions, InsertOutcome, insert_batch, insert_batch_with, needs_literal,
};

use crate::dump::bytes::{document, element, int, string, zero_timestamp};
use crate::dump::server::empty_database;
use crate::dump::ugly::ugly_documents;

async fn stored(database: &Database, collection: &str) -> Vec<RawDocumentBuf> {
    let collection: Collection<RawDocumentBuf> = database.collection(collection);
    collection
        .find(doc! {})
        .sort(doc! { "_id": 1 })
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

#[tokio::test]
async fn every_ugly_document_arrives_byte_for_byte() {
    let database = empty_database("raw_ugly").await;
    let documents = ugly_documents();
    let outcome = insert_batch(&database, "ugly", None, &documents)
        .await
        .unwrap();
    assert_eq!(outcome.inserted, documents.len());
    assert!(outcome.duplicates.is_empty());
    assert_eq!(stored(&database, "ugly").await, documents);
}

#[tokio::test]
async fn a_plain_insert_would_change_a_zero_timestamp() {
    // The reason for the literal path; when the server stops doing this, the path can go.
    let database = empty_database("raw_plain").await;
    let document = document(&[int("_id", 1), zero_timestamp("t")]);
    let collection: Collection<RawDocumentBuf> = database.collection("plain");
    collection.insert_one(&document).await.unwrap();
    assert_ne!(stored(&database, "plain").await, vec![document]);
}

#[tokio::test]
async fn duplicates_come_back_as_places_and_nothing_is_overwritten() {
    let database = empty_database("raw_duplicates").await;
    let before = vec![
        document(&[int("_id", 1), string("who", b"first")]),
        document(&[int("_id", 3), zero_timestamp("t"), string("who", b"first")]),
    ];
    insert_batch(&database, "people", None, &before)
        .await
        .unwrap();
    let batch = vec![
        document(&[int("_id", 0)]),
        document(&[int("_id", 1), zero_timestamp("t"), string("who", b"second")]),
        document(&[int("_id", 2), zero_timestamp("t")]),
        document(&[int("_id", 3), string("who", b"second")]),
        document(&[int("_id", 4)]),
    ];
    let outcome = insert_batch(&database, "people", None, &batch)
        .await
        .unwrap();
    assert_eq!(
        outcome,
        InsertOutcome {
            inserted: 3,
            duplicates: vec![1, 3]
        }
    );
    let expected = vec![
        batch[0].clone(),
        before[0].clone(),
        batch[2].clone(),
        before[1].clone(),
        batch[4].clone(),
    ];
    assert_eq!(stored(&database, "people").await, expected);
}

#[tokio::test]
async fn sixteen_mebibytes_fit_on_either_path_and_big_batches_are_cut() {
    let database = empty_database("raw_big").await;
    let frame = document(&[int("_id", 1), zero_timestamp("t"), string("a", b"")]);
    let filler = vec![b'x'; 16 * 1024 * 1024 - frame.as_bytes().len()];
    let documents = vec![
        document(&[int("_id", 1), zero_timestamp("t"), string("a", &filler)]),
        document(&[
            int("_id", 2),
            element(0x12, "t", &[0; 8]),
            string("a", &filler),
        ]),
        document(&[int("_id", 3)]),
        document(&[int("_id", 4), string("a", &filler[..9_000_000])]),
        document(&[int("_id", 5), string("a", &filler[..9_000_000])]),
    ];
    assert_eq!(documents[0].as_bytes().len(), 16 * 1024 * 1024);
    assert!(needs_literal(&documents[0]) && !needs_literal(&documents[1]));
    let outcome = insert_batch(&database, "big", None, &documents)
        .await
        .unwrap();
    assert_eq!(outcome.inserted, 5);
    assert!(stored(&database, "big").await == documents);
}

#[tokio::test]
async fn twenty_five_thousand_small_documents_are_cut_into_commands() {
    let database = empty_database("raw_many").await;
    let documents: Vec<_> = (0..25_000).map(|id| document(&[int("_id", id)])).collect();
    insert_batch(&database, "many", None, &documents[12_000..12_001])
        .await
        .unwrap();
    let outcome = insert_batch(&database, "many", None, &documents)
        .await
        .unwrap();
    assert_eq!(outcome.inserted, 24_999);
    assert_eq!(outcome.duplicates, vec![12_000]);
    assert_eq!(stored(&database, "many").await.len(), 25_000);
}

#[tokio::test]
async fn a_batch_for_another_collection_uuid_is_refused() {
    let database = empty_database("raw_uuid").await;
    database.create_collection("here").await.unwrap();
    let options = InsertOptions {
        collection_uuid: Some([7; 16]),
        ..InsertOptions::default()
    };
    for body in [int("a", 1), zero_timestamp("t")] {
        let documents = [document(&[int("_id", 1), body])];
        let error = insert_batch_with(&database, "here", &documents, &options)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(361), "{error}");
    }
    assert_eq!(
        stored(&database, "here").await,
        Vec::<RawDocumentBuf>::new()
    );
}

#[tokio::test]
async fn a_validator_refuses_with_the_code_of_its_error_unless_bypassed() {
    let database = empty_database("raw_validator").await;
    database
        .create_collection("strict")
        .validator(doc! { "name": { "$type": "string" } })
        .await
        .unwrap();
    let documents = [
        document(&[int("_id", 1)]),
        document(&[int("_id", 2), zero_timestamp("t")]),
    ];
    for one in &documents {
        let error = insert_batch(&database, "strict", None, std::slice::from_ref(one))
            .await
            .unwrap_err();
        assert!(
            matches!(error, StoreError::Server { code: 121, .. }),
            "{error}"
        );
    }
    let options = InsertOptions {
        bypass_validation: true,
        ..InsertOptions::default()
    };
    let outcome = insert_batch_with(&database, "strict", &documents, &options)
        .await
        .unwrap();
    assert_eq!(outcome.inserted, 2);
}

#[tokio::test]
async fn an_empty_batch_writes_nothing() {
    let database = empty_database("raw_empty").await;
    let outcome = insert_batch(&database, "none", None, &[]).await.unwrap();
    assert_eq!(outcome, InsertOutcome::default());
    assert_eq!(
        database.list_collection_names().await.unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn plain_documents_need_no_literal_and_ugly_ones_do() {
    let literal: Vec<usize> = ugly_documents()
        .iter()
        .enumerate()
        .filter(|(_, document)| needs_literal(document))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(literal, [1, 2, 3, 4, 6, 7, 10]);
}
