//! What the server's log says of writes, with names on either side of ours.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::Database;
use ringfence::domain::run::WatchStart;
use ringfence::store::connect::{self, Connection};
use ringfence::store::watch::{self, Seen};

use crate::support::case::Case;

async fn write(database: &Database, name: &str) {
    let collection = database.collection::<Document>(name);
    collection.insert_one(doc! { "a": 1 }).await.unwrap();
}

async fn seen(connection: &Connection, names: &[&str]) -> Vec<String> {
    let start = watch::begin(connection).await.unwrap();
    for name in names {
        write(&connection.database, name).await;
    }
    match watch::since(connection, &start, Duration::ZERO).await {
        Ok(Seen::Writes(writes)) => writes.into_keys().collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_foreign_name_is_seen_whatever_it_begins_with_and_none_of_ours() {
    let case = Case::empty().await;
    let connection = connect::connect(&case.uri, "the test", None).await.unwrap();
    let foreign = [
        "A",
        "_",
        "__",
        "_ringfence",
        "_ringfence.x",
        "_ringfencing",
        "_ringfence`",
        "a.b",
        "~",
        "é🦀",
    ];
    assert_eq!(
        seen(&connection, &["_ringfence_x", "_ringfence_next_Booking"]).await,
        Vec::<String>::new()
    );
    let mut expected = foreign.to_vec();
    expected.sort_unstable();
    assert_eq!(seen(&connection, &foreign).await, expected);
    // Another database whose name begins alike.
    let other = case.database.client().database(&format!("{}_", case.name));
    let start = watch::begin(&connection).await.unwrap();
    write(&other, "A").await;
    other.drop().await.unwrap();
    assert!(watch::is_untouched(&connection, &start, &[]).await.unwrap());
}

#[tokio::test]
async fn a_transaction_and_a_write_to_a_copy_of_ours_are_seen() {
    let case = Case::empty().await;
    let connection = connect::connect(&case.uri, "the test", None).await.unwrap();
    write(&case.database, "A").await;
    write(&case.database, "_ringfence_links").await;
    let start = watch::begin(&connection).await.unwrap();
    let mut session = case.database.client().start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    for name in ["_ringfence_links", "A"] {
        let collection = case.database.collection::<Document>(name);
        let write = collection.insert_one(doc! { "a": 2 });
        write.session(&mut session).await.unwrap();
    }
    session.commit_transaction().await.unwrap();
    assert_eq!(
        watch::since(&connection, &start, Duration::ZERO)
            .await
            .unwrap(),
        Seen::Writes([("A".to_owned(), 1)].into())
    );
    let start = watch::begin(&connection).await.unwrap();
    write(&case.database, "_ringfence_links").await;
    let untouched = async |ours: &[&str]| {
        watch::is_untouched(&connection, &start, ours)
            .await
            .unwrap()
    };
    assert!(untouched(&[]).await);
    assert!(untouched(&["_ringfence_quarantine"]).await);
    assert!(!untouched(&["_ringfence_links"]).await);
}

#[tokio::test]
async fn after_the_proof_nothing_that_we_wrote_has_to_be_looked_through_again() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let runs = case.database.collection::<Document>("_ringfence_runs");
    let run = runs.find_one(doc! {}).await.unwrap().unwrap();
    let quiet = run.get_document("quiet").unwrap();
    let since = quiet.get("backed-up").unwrap().clone();
    let WatchStart::OperationTime { time, increment } = bson::deserialize_from_bson(since).unwrap()
    else {
        panic!("{quiet}");
    };
    let since = bson::Timestamp { time, increment };
    let log = case.database.client().database("local");
    let log = log.collection::<Document>("oplog.rs");
    let ours = format!("^{}\\._ringfence_(next_|links|quarantine)", case.name);
    let ours = async |when: Document| {
        let entries = doc! { "ns": { "$regex": &ours }, "op": "i", "ts": when };
        log.count_documents(entries).await.unwrap()
    };
    assert!(ours(doc! { "$lt": since }).await > 100);
    assert_eq!(ours(doc! { "$gt": since }).await, 0);
}
