//! `store::dump::restore`: what comes back is what was there, and nothing is written before all is checked.

use std::collections::BTreeSet;
use std::path::Path;

use bson::{Document, RawDocumentBuf, doc, rawdoc};
use mongodb::Collection;
use ringfence::domain::fingerprint::Fingerprint;
use ringfence::store::StoreError;
use ringfence::store::connect::Connection;
use ringfence::store::dump::manifest::MANIFEST;
use ringfence::store::dump::progress::{Phase, Progress};
use ringfence::store::dump::replace::{ReplaceOptions, Replaced, Replacing};
use ringfence::store::dump::restore::{RestoreOptions, restore};
use ringfence::store::dump::write::{BackupOptions, back_up};
use ringfence::store::identity;
use tokio_util::sync::CancellationToken;

use crate::dump::backup::quiet;
use crate::dump::bytes::{document, int};
use crate::dump::server::empty;
use crate::dump::ugly;

async fn backed_up(name: &str, out: &Path, gzip: bool) -> Connection {
    let connection = empty(name).await;
    ugly::fill_database(&connection.database).await;
    let cancel = CancellationToken::new();
    back_up(&connection, out, &BackupOptions { gzip }, &quiet, &cancel)
        .await
        .unwrap();
    connection
}

async fn put_back(
    connection: &Connection,
    from: &Path,
    options: &RestoreOptions,
) -> Result<ringfence::store::dump::restore::Restored, StoreError> {
    restore(connection, from, options, &quiet, &CancellationToken::new()).await
}

async fn put_over(connection: &Connection, from: &Path) -> Result<Replaced, StoreError> {
    let options = ReplaceOptions {
        source_database: None,
        collections: None,
        whole: false,
        recorded: std::collections::BTreeMap::new(),
        id: "20261129-181955-a3f1".to_owned(),
    };
    let cancel = CancellationToken::new();
    let replacing = Replacing::prepare(connection, from, options, &quiet, &cancel).await?;
    replacing.swap().await
}

async fn same(one: &Connection, other: &Connection) {
    let cancel = CancellationToken::new();
    let one = identity::database(one, &cancel).await.unwrap();
    let other = identity::database(other, &cancel).await.unwrap();
    assert!(one.len() > 12);
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_restored_database_has_the_same_bytes_indexes_and_options() {
    let folder = tempfile::tempdir().unwrap();
    for gzip in [false, true] {
        let out = folder.path().join(format!("gzip-{gzip}"));
        let source = backed_up("dump_source", &out, gzip).await;
        let target = empty("dump_target").await;
        let restored = put_back(&target, &out, &RestoreOptions::default())
            .await
            .unwrap();
        same(&source, &target).await;
        assert_eq!(restored.left, Vec::<String>::new());
        assert_eq!(restored.collections["indexed"], 200);
        let functions: Collection<Document> = target.database.collection("system.js");
        assert_eq!(functions.count_documents(doc! {}).await.unwrap(), 1);
        let weather: Collection<Document> = target.database.collection("weather");
        assert_eq!(weather.count_documents(doc! {}).await.unwrap(), 50);
        let view: Collection<Document> = target.database.collection("a view");
        assert_eq!(view.count_documents(doc! {}).await.unwrap(), 198);
    }
}

#[tokio::test]
async fn without_our_manifest_the_folder_is_one_of_mongodump_and_restored_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let source = backed_up("dump_foreign", folder.path(), true).await;
    std::fs::remove_file(folder.path().join(MANIFEST)).unwrap();
    // Nobody wrote while it ran.
    std::fs::write(folder.path().join("oplog.bson"), b"").unwrap();
    // The folder above, the folder itself, and a name.
    for (from, database) in [
        (folder.path().to_owned(), None),
        (folder.path().join("dump_foreign"), None),
        (folder.path().to_owned(), Some("dump_foreign".to_owned())),
    ] {
        let target = empty("dump_foreign_target").await;
        let options = RestoreOptions {
            source_database: database,
            ..RestoreOptions::default()
        };
        put_back(&target, &from, &options).await.unwrap();
        same(&source, &target).await;
    }
    std::fs::create_dir(folder.path().join("another")).unwrap();
    let target = empty("dump_foreign_target").await;
    let error = put_back(&target, folder.path(), &RestoreOptions::default())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("another, dump_foreign"),
        "{error}"
    );
}

#[tokio::test]
async fn a_collection_called_oplog_is_one_and_a_log_of_writes_is_said_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    for gzip in [false, true] {
        let out = folder.path().join(format!("gzip-{gzip}"));
        let source = empty("dump_oplog").await;
        ugly::fill_database(&source.database).await;
        let oplog: Collection<Document> = source.database.collection("oplog");
        oplog.insert_one(doc! { "_id": 1 }).await.unwrap();
        let options = BackupOptions { gzip };
        back_up(&source, &out, &options, &quiet, &CancellationToken::new())
            .await
            .unwrap();
        std::fs::remove_file(out.join(MANIFEST)).unwrap();
        let of_database = out.join("dump_oplog");
        for from in [&out, &of_database] {
            let target = empty("dump_oplog_target").await;
            put_back(&target, from, &RestoreOptions::default())
                .await
                .unwrap();
            same(&source, &target).await;
        }
        // Without its metadata it is a log, and not passed over.
        let end = if gzip { ".gz" } else { "" };
        let metadata = of_database.join(format!("oplog.metadata.json{end}"));
        std::fs::remove_file(&metadata).unwrap();
        for from in [&out, &of_database] {
            let target = empty("dump_oplog_target").await;
            let error = put_back(&target, from, &RestoreOptions::default())
                .await
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("is not read: it holds what was written"),
                "{error}"
            );
            let names = target.database.list_collection_names().await.unwrap();
            assert!(names.is_empty(), "{names:?}");
        }
    }
    // A folder that holds an archive alone.
    let archive = folder.path().join("archive");
    std::fs::create_dir(&archive).unwrap();
    std::fs::write(archive.join("all.gz"), [0x1f, 0x8b, 8, 0, 0]).unwrap();
    let target = empty("dump_oplog_target").await;
    let error = put_back(&target, &archive, &RestoreOptions::default())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("is an archive of mongodump"),
        "{error}"
    );
}

/// A dump as mongodump 3.x left it: `ns` in the indexes, no kind, no collection name.
fn old_dump(folder: &Path, indexes: &str, documents: &[RawDocumentBuf]) {
    let folder = folder.join("old");
    std::fs::create_dir(&folder).unwrap();
    let metadata = format!(
        r#"{{"options":{{}},"indexes":[{{"v":1,"key":{{"_id":1}},"name":"_id_","ns":"old.a"}}{indexes}]}}"#
    );
    std::fs::write(folder.join("a.metadata.json"), metadata).unwrap();
    let content: Vec<u8> = documents
        .iter()
        .flat_map(|document| document.as_bytes().to_vec())
        .collect();
    std::fs::write(folder.join("a.bson"), content).unwrap();
}

#[tokio::test]
async fn a_dump_of_an_old_mongodump_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let index =
        r#",{"v":2,"key":{"x":{"$numberLong":"1"}},"name":"x_1","ns":"old.a","background":true}"#;
    let documents = [rawdoc! { "_id": 2, "x": 1 }, rawdoc! { "_id": 1, "x": 2 }];
    old_dump(folder.path(), index, &documents);
    let target = empty("dump_old").await;
    let restored = put_back(&target, folder.path(), &RestoreOptions::default())
        .await
        .unwrap();
    assert_eq!(restored.collections["a"], 2);
    let spec = ringfence::store::collection_spec::load(&target, "a")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        spec.indexes,
        [
            rawdoc! { "v": 1, "key": { "_id": 1 }, "name": "_id_" },
            rawdoc! { "v": 2, "key": { "x": 1_i64 }, "name": "x_1", "background": true },
        ]
    );
}

#[tokio::test]
async fn a_restore_that_fails_half_way_says_what_is_true_now() {
    let folder = tempfile::tempdir().unwrap();
    let index = r#",{"v":2,"key":{"x":1},"name":"x_1","unique":true}"#;
    old_dump(
        folder.path(),
        index,
        &[rawdoc! { "_id": 2, "x": 1 }, rawdoc! { "_id": 1, "x": 1 }],
    );
    let target = empty("dump_half").await;
    let error = put_back(&target, folder.path(), &RestoreOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(11_000));
    let said = error.to_string();
    assert!(said.contains("building the indexes of a"), "{said}");
    assert!(
        said.contains("dump_half now holds part of the backup"),
        "{said}"
    );
}

#[tokio::test]
async fn a_document_that_the_server_changed_is_found() {
    // No server keeps an _id in second place; one from long ago may have.
    let folder = tempfile::tempdir().unwrap();
    let source = empty("dump_changed").await;
    let some: Collection<RawDocumentBuf> = source.database.collection("some");
    some.insert_one(rawdoc! { "_id": 1, "a": 1 }).await.unwrap();
    let cancel = CancellationToken::new();
    let manifest = back_up(
        &source,
        folder.path(),
        &BackupOptions::default(),
        &quiet,
        &cancel,
    )
    .await
    .unwrap();
    let turned = document(&[int("a", 1), int("_id", 1)]);
    std::fs::write(
        folder.path().join("dump_changed/some.bson"),
        turned.as_bytes(),
    )
    .unwrap();
    let mut manifest = manifest;
    let data = manifest.collections[0].data.as_mut().unwrap();
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(&turned);
    (data.sha256, data.fingerprint) = (sha256(turned.as_bytes()), fingerprint.text());
    manifest.save(folder.path()).unwrap();
    let target = empty("dump_changed_target").await;
    let error = put_back(&target, folder.path(), &RestoreOptions::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("byte for byte"), "{error}");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

#[tokio::test]
async fn nothing_is_restored_over_what_is_there_unless_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let source = backed_up("dump_over", folder.path(), false).await;
    let target = empty("dump_over_target").await;
    let stranger: Collection<Document> = target.database.collection("stranger");
    stranger.insert_one(doc! { "_id": 1 }).await.unwrap();
    let cancel = CancellationToken::new();
    let untouched = identity::database(&target, &cancel).await.unwrap();

    let error = put_back(&target, folder.path(), &RestoreOptions::default())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("not empty: it holds stranger"),
        "{error}"
    );
    assert_eq!(
        identity::database(&target, &cancel).await.unwrap(),
        untouched
    );

    let two = RestoreOptions {
        collections: Some(BTreeSet::from(["indexed".to_owned(), "ugly".to_owned()])),
        ..RestoreOptions::default()
    };
    let restored = put_back(&target, folder.path(), &two).await.unwrap();
    assert_eq!(
        restored.collections.keys().collect::<Vec<_>>(),
        ["indexed", "ugly"]
    );
    assert_eq!(restored.left, ["stranger"]);
    let error = put_back(&target, folder.path(), &two).await.unwrap_err();
    assert!(
        error.to_string().contains("already holds indexed, ugly"),
        "{error}"
    );

    let ugly: Collection<Document> = target.database.collection("ugly");
    ugly.delete_many(doc! {}).await.unwrap();
    target.lease.take().await.unwrap();
    let restored = put_over(&target, folder.path()).await.unwrap();
    assert_eq!(restored.left, ["stranger"]);
    // What was restored before, and is as it was.
    assert_eq!(restored.unchanged, ["indexed"]);
    let aside = target
        .database
        .collection("_ringfence_restored_20261129-181955-a3f1_ugly");
    let aside: Collection<Document> = aside;
    assert_eq!(aside.count_documents(doc! {}).await.unwrap(), 0);
    assert_eq!(stranger.count_documents(doc! {}).await.unwrap(), 1);
    stranger.drop().await.unwrap();
    same(&source, &target).await;
    // And once more over itself: all stands as the backup has it.
    let again = put_over(&target, folder.path()).await.unwrap();
    assert_eq!(again.unchanged.len(), again.collections.len());
    same(&source, &target).await;
}

#[tokio::test]
async fn a_collection_that_the_backup_does_not_hold_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    backed_up("dump_missing", folder.path(), false).await;
    let target = empty("dump_missing_target").await;
    let options = RestoreOptions {
        collections: Some(BTreeSet::from(["nope".to_owned()])),
        ..RestoreOptions::default()
    };
    let error = put_back(&target, folder.path(), &options)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no collection nope"), "{error}");
    let options = RestoreOptions {
        source_database: Some("other".to_owned()),
        ..RestoreOptions::default()
    };
    let error = put_back(&target, folder.path(), &options)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a backup of dump_missing, not of other"),
        "{error}"
    );
}

#[tokio::test]
async fn a_restore_stops_between_two_batches_when_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    backed_up("dump_stop", folder.path(), false).await;
    let target = empty("dump_stop_target").await;
    let cancel = CancellationToken::new();
    let stop = |progress: Progress| {
        if progress.phase == Phase::Restoring {
            cancel.cancel();
        }
    };
    let error = restore(
        &target,
        folder.path(),
        &RestoreOptions::default(),
        &stop,
        &cancel,
    )
    .await
    .unwrap_err();
    assert!(matches!(error, StoreError::Cancelled), "{error}");
}
