//! `store::dump::write`: the layout is mongodump's, byte for byte, and a folder with a manifest is whole.

use std::collections::BTreeMap;
use std::path::Path;

use bson::{doc, rawdoc};
use mongodb::Collection;
use ringfence::store::dump::manifest::{MANIFEST, Manifest};
use ringfence::store::dump::progress::Progress;
use ringfence::store::dump::read::verify_backup;
use ringfence::store::dump::write::{BackupOptions, back_up};
use ringfence::store::identity;
use tokio_util::sync::CancellationToken;

use crate::dump::server::{empty, empty_at};
use crate::dump::ugly;

pub fn quiet(_: Progress) {}

/// Every file below `folder`, by its path from there.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                all.insert(name.to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

#[tokio::test]
async fn the_files_are_those_of_mongodump_byte_for_byte() {
    let connection = empty("dump_layout").await;
    let database = &connection.database;
    database
        .run_command(doc! { "create": "a b", "validator": { "x": { "$gte": 1.5 } }, "validationLevel": "strict", "validationAction": "warn" })
        .await
        .unwrap();
    let documents: Collection<bson::RawDocumentBuf> = database.collection("a b");
    documents
        .insert_many([rawdoc! { "_id": 2, "x": 2 }, rawdoc! { "_id": 1, "x": 3 }])
        .await
        .unwrap();
    database
        .run_command(doc! { "createIndexes": "a b", "indexes": [{ "key": { "x": -1 }, "name": "x_-1", "unique": true }] })
        .await
        .unwrap();
    database
        .run_command(
            doc! { "create": "v/w", "viewOn": "a b", "pipeline": [{ "$match": { "x": 1_i64 } }] },
        )
        .await
        .unwrap();
    let uuid = ringfence::store::collection_spec::load(&connection, "a b")
        .await
        .unwrap()
        .unwrap()
        .uuid
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

    let mut files = files(&out);
    let written = files.remove(MANIFEST).unwrap();
    assert_eq!(
        serde_json::from_slice::<Manifest>(&written).unwrap(),
        manifest
    );
    let expected: BTreeMap<String, Vec<u8>> = [
        (
            "dump_layout/a+b.bson",
            // In the order of insertion, _id 2 before _id 1; each: length, 0x10 "_id" int32, 0x10 "x" int32, 0.
            b"\x15\0\0\0\x10_id\0\x02\0\0\0\x10x\0\x02\0\0\0\0\x15\0\0\0\x10_id\0\x01\0\0\0\x10x\0\x03\0\0\0\0".to_vec(),
        ),
        (
            "dump_layout/a+b.metadata.json",
            [
                r#"{"options":{"validator":{"x":{"$gte":{"$numberDouble":"1.5"}}},"validationLevel":"strict","validationAction":"warn"},"#,
                r#""indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"},"#,
                r#"{"v":{"$numberInt":"2"},"key":{"x":{"$numberInt":"-1"}},"name":"x_-1","unique":true}],"#,
                &format!(r#""uuid":"{uuid}","collectionName":"a b","type":"collection"}}"#),
            ]
            .concat()
            .into_bytes(),
        ),
        (
            "dump_layout/v%2Fw.metadata.json",
            br#"{"options":{"viewOn":"a b","pipeline":[{"$match":{"x":{"$numberLong":"1"}}}]},"indexes":[],"collectionName":"v/w","type":"view"}"#.to_vec(),
        ),
        (
            "dump_layout/prelude.json",
            format!(
                r#"{{"ServerVersion":"{}","ToolVersion":"ringfence {}"}}"#,
                connection.place.server_version,
                env!("CARGO_PKG_VERSION")
            )
            .into_bytes(),
        ),
    ]
    .into_iter()
    .map(|(name, content)| (name.to_owned(), content))
    .collect();
    let text = |files: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        files
            .iter()
            .map(|(name, content)| format!("{name}: {}", content.escape_ascii()))
            .collect()
    };
    assert_eq!(text(&files), text(&expected));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_a_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let connection = empty("dump_private").await;
    ugly::fill_database(&connection.database).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/backup");
    let cancel = CancellationToken::new();
    back_up(
        &connection,
        &out,
        &BackupOptions::default(),
        &quiet,
        &cancel,
    )
    .await
    .unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for closed in ["deep", "deep/backup", "deep/backup/dump_private"] {
        assert_eq!(mode(&folder.path().join(closed)), 0o700, "{closed}");
    }
    for name in files(&out).keys() {
        assert_eq!(mode(&out.join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_recorded_hash_is_the_hash_of_the_collection_whether_gzipped_or_not() {
    let connection = empty("dump_hashes").await;
    ugly::fill_database(&connection.database).await;
    let folder = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    let mut hashes = Vec::new();
    for gzip in [false, true] {
        let out = folder.path().join(format!("gzip-{gzip}"));
        let manifest = back_up(&connection, &out, &BackupOptions { gzip }, &quiet, &cancel)
            .await
            .unwrap();
        assert_eq!(
            verify_backup(&out, &quiet, &cancel).await.unwrap(),
            manifest
        );
        let names = files(&out);
        let zipped = names
            .keys()
            .filter(|name| Path::new(name).extension().is_some_and(|it| it == "gz"))
            .count();
        assert_eq!(zipped, if gzip { names.len() - 1 } else { 0 });
        let mut of_this = BTreeMap::new();
        for record in &manifest.collections {
            let fingerprint = identity::fingerprint(&connection, &record.name, &cancel);
            let fingerprint = fingerprint.await.unwrap();
            if let Some(data) = &record.data {
                assert_eq!(
                    (&data.fingerprint, data.documents),
                    (&fingerprint.text(), fingerprint.documents()),
                    "{}",
                    record.name
                );
            } else {
                assert_eq!(record.kind, "view");
            }
            of_this.insert(record.name.clone(), fingerprint.text());
        }
        hashes.push(of_this);
    }
    assert_eq!(hashes[0], hashes[1]);
    let names: Vec<_> = hashes[0].keys().map(String::as_str).collect();
    for there in [
        "ugly",
        "empty",
        "weather",
        "a view",
        "system.js",
        &ugly::long_name(),
    ] {
        assert!(names.contains(&there), "{there} is not in {names:?}");
    }
    for not in ["_ringfence_links", "system.views", "system.buckets.weather"] {
        assert!(!names.contains(&not), "{not}");
    }
}

#[tokio::test]
async fn a_change_of_one_byte_changes_the_identity_of_that_collection_alone() {
    let connection = empty("dump_identity").await;
    ugly::fill_database(&connection.database).await;
    let cancel = CancellationToken::new();
    let before = identity::database(&connection, &cancel).await.unwrap();
    let indexed: Collection<bson::Document> = connection.database.collection("indexed");
    indexed
        .update_one(doc! { "n": 7 }, doc! { "$set": { "text": "some wordz" } })
        .await
        .unwrap();
    let side: Collection<bson::Document> = connection.database.collection("_ringfence_links");
    side.insert_one(doc! { "_id": 2 }).await.unwrap();
    let mut after = identity::database(&connection, &cancel).await.unwrap();
    assert_ne!(before["indexed"].0, after["indexed"].0);
    assert_eq!(before["indexed"].1, after["indexed"].1);
    after.insert("indexed".to_owned(), before["indexed"].clone());
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_backup_is_never_overwritten() {
    let connection = empty("dump_twice").await;
    let one: Collection<bson::Document> = connection.database.collection("one");
    one.insert_one(doc! { "_id": 1 }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    let options = BackupOptions::default();
    back_up(&connection, folder.path(), &options, &quiet, &cancel)
        .await
        .unwrap();
    let before = files(folder.path());
    let error = back_up(&connection, folder.path(), &options, &quiet, &cancel)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("complete backup already"), "{error}");
    assert_eq!(files(folder.path()), before);
    // Without its manifest it may be anything, a dump of mongodump's too.
    std::fs::remove_file(folder.path().join(MANIFEST)).unwrap();
    let error = back_up(&connection, folder.path(), &options, &quiet, &cancel)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("no backup of ours"), "{error}");
    assert_eq!(files(folder.path()).len(), before.len() - 1);
}

#[tokio::test]
async fn an_interrupted_backup_counts_for_nothing_and_is_taken_again() {
    let connection = empty("dump_interrupted").await;
    ugly::fill_database(&connection.database).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let cancel = CancellationToken::new();
    let options = BackupOptions::default();
    let third = |progress: Progress| {
        if progress.collections_done == 3 {
            cancel.cancel();
        }
    };
    let error = back_up(&connection, out, &options, &third, &cancel)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ringfence::store::StoreError::Cancelled),
        "{error}"
    );
    assert!(!out.join(MANIFEST).exists());
    assert!(files(out).len() > 3);
    let error = verify_backup(out, &quiet, &CancellationToken::new())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("interrupted"), "{error}");
    back_up(
        &connection,
        out,
        &options,
        &quiet,
        &CancellationToken::new(),
    )
    .await
    .unwrap();
    verify_backup(out, &quiet, &CancellationToken::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_empty_database_is_no_backup() {
    let connection = empty("dump_nothing").await;
    let folder = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    let error = back_up(
        &connection,
        folder.path(),
        &BackupOptions::default(),
        &quiet,
        &cancel,
    )
    .await
    .unwrap_err()
    .to_string();
    assert!(error.contains("nothing to back up"), "{error}");
    assert_eq!(files(folder.path()).len(), 0);
}

/// Runs in a child process whose files may not grow beyond 64 KiB: the shell's way to a disk that is full.
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_named_and_leaves_no_manifest() {
    const NAME: &str = "dump::backup::a_full_disk_is_named_and_leaves_no_manifest";
    if let Ok(out) = std::env::var("DUMP_TEST_SMALL_DISK") {
        return small_disk(Path::new(&out)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let child = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 128; exec \"$0\" --exact \"$1\" --nocapture",
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(NAME)
        .env("DUMP_TEST_SMALL_DISK", folder.path())
        .env("DUMP_TEST_URI", crate::support::shared().uri("dump_full"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
    assert!(folder.path().join("dump_full/big.bson").exists());
}

#[cfg(unix)]
async fn small_disk(out: &Path) {
    let uri = std::env::var("DUMP_TEST_URI").unwrap();
    let connection = empty_at(&uri, "dump_full").await;
    let big: Collection<bson::Document> = connection.database.collection("big");
    let text = "x".repeat(1000);
    big.insert_many((0..500).map(|n| doc! { "_id": n, "text": &text }))
        .await
        .unwrap();
    let cancel = CancellationToken::new();
    let error = back_up(&connection, out, &BackupOptions::default(), &quiet, &cancel)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("big.bson"), "{error}");
    assert!(error.contains("The database is unchanged"), "{error}");
    assert!(!out.join(MANIFEST).exists());
}
