//! A backup taken while an application writes shows one moment, where the server can.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bson::{Document, doc};
use mongodb::Database;
use ringfence::store::dump::manifest::Manifest;
use ringfence::store::dump::progress::Progress;
use ringfence::store::dump::read::verify_backup;
use ringfence::store::dump::write::{BackupOptions, back_up};
use tokio_util::sync::CancellationToken;

use crate::dump::backup::quiet;
use crate::dump::server::empty;

/// Inserts one document into `a` and then one into `b`, again and again.
async fn write_on(database: Database, count: Arc<AtomicU64>, end: Arc<AtomicBool>) {
    while !end.load(Ordering::SeqCst) {
        for name in ["a", "b"] {
            let into = database.collection::<Document>(name);
            into.insert_one(doc! {}).await.unwrap();
        }
        count.fetch_add(1, Ordering::SeqCst);
    }
}

fn documents(manifest: &Manifest, name: &str) -> u64 {
    let record = manifest.collections.iter().find(|it| it.name == name);
    record.unwrap().data.as_ref().unwrap().documents
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_shows_one_moment_while_an_application_writes() {
    let connection = empty("dump_snapshot").await;
    let (count, end) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let writer = tokio::spawn(write_on(
        connection.database.clone(),
        count.clone(),
        end.clone(),
    ));
    let more = |by: u64| {
        let from = count.load(Ordering::SeqCst);
        while count.load(Ordering::SeqCst) < from + by {
            std::thread::yield_now();
        }
    };
    more(5);
    // While `a` is being read, the application goes on with both.
    let progress = |progress: Progress| {
        if progress.collection == "a" && progress.documents == 0 {
            more(20);
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("backup");
    let options = BackupOptions::default();
    let manifest = back_up(
        &connection,
        &out,
        &options,
        &progress,
        &CancellationToken::new(),
    )
    .await;
    end.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    let manifest = manifest.unwrap();
    assert!(manifest.snapshot);
    let (a, b) = (documents(&manifest, "a"), documents(&manifest, "b"));
    assert!(
        a == b || a == b + 1,
        "{a} and {b} documents were never there together"
    );
    verify_backup(&out, &quiet, &CancellationToken::new())
        .await
        .unwrap();
    connection.database.drop().await.unwrap();
}

#[tokio::test]
async fn a_moment_that_the_server_no_longer_keeps_is_done_without_and_said_in_the_manifest() {
    let server = crate::support::private(
        ringfence::demo::server::Topology::ReplicaSet(1),
        &["--setParameter", "enableTestCommands=1"],
    )
    .await;
    let connection =
        crate::dump::server::empty_at(&server.uri("dump_snapshot_old"), "dump_snapshot_old").await;
    let items = connection.database.collection::<Document>("a");
    items
        .insert_many([doc! { "_id": 1 }, doc! { "_id": 2 }])
        .await
        .unwrap();
    let too_old = doc! {
        "configureFailPoint": "failCommand", "mode": { "times": 1 },
        "data": { "failCommands": ["find"], "errorCode": 239, "appName": "ringfence" },
    };
    connection
        .client
        .database("admin")
        .run_command(too_old)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("backup");
    let cancel = CancellationToken::new();
    let manifest = back_up(
        &connection,
        &out,
        &BackupOptions::default(),
        &quiet,
        &cancel,
    )
    .await
    .unwrap();
    assert!(!manifest.snapshot);
    assert_eq!(documents(&manifest, "a"), 2);
    verify_backup(&out, &quiet, &cancel).await.unwrap();
}
