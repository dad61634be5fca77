//! A damaged backup is found before it is used: by `verify_backup`, and by `restore`, which then writes nothing.

use std::path::{Path, PathBuf};

use ringfence::store::connect::Connection;
use ringfence::store::dump::manifest::MANIFEST;
use ringfence::store::dump::read::verify_backup;
use ringfence::store::dump::restore::{RestoreOptions, restore};
use ringfence::store::dump::write::{BackupOptions, back_up};
use tokio_util::sync::CancellationToken;

use crate::dump::backup::quiet;
use crate::dump::server::empty;
use crate::dump::ugly;

type Damage = Box<dyn Fn(&mut Vec<u8>)>;

/// The backup with `damage` done to it is refused by both, naming `expected`; the target stays empty.
async fn refused(
    target: &Connection,
    out: &Path,
    file: &str,
    expected: &[String],
    damage: impl Fn(&mut Vec<u8>),
) {
    let path: PathBuf = out.join(file);
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damage(&mut damaged);
    std::fs::write(&path, damaged).unwrap();
    let cancel = CancellationToken::new();
    for error in [
        verify_backup(out, &quiet, &cancel).await.unwrap_err(),
        restore(target, out, &RestoreOptions::default(), &quiet, &cancel)
            .await
            .unwrap_err(),
    ] {
        let error = error.to_string();
        for part in expected {
            assert!(error.contains(part.as_str()), "{part} is not in: {error}");
        }
    }
    let names = target.database.list_collection_names().await.unwrap();
    assert_eq!(names, Vec::<String>::new());
    std::fs::write(&path, whole).unwrap();
}

async fn backup(name: &str, gzip: bool) -> (Connection, tempfile::TempDir) {
    let source = empty(name).await;
    ugly::fill_database(&source.database).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    back_up(
        &source,
        &out,
        &BackupOptions { gzip },
        &quiet,
        &CancellationToken::new(),
    )
    .await
    .unwrap();
    (empty(&format!("{name}_target")).await, folder)
}

#[tokio::test]
async fn a_file_that_was_cut_or_changed_is_named_with_its_byte() {
    let (target, folder) = backup("dump_damage", false).await;
    let out = folder.path().join("out");
    let data = "dump_damage/indexed.bson";
    let document = usize::from(std::fs::read(out.join(data)).unwrap()[0]);
    let cases: Vec<(Vec<String>, Damage)> = vec![
        // Cut in a document, and between two; one too many.
        (
            vec!["of a document".into(), "at byte".into()],
            Box::new(|bytes| bytes.truncate(bytes.len() - 3)),
        ),
        (
            vec!["199 documents instead of 200".into()],
            Box::new(move |bytes| drop(bytes.drain(..document))),
        ),
        (
            vec!["201 documents instead of 200".into()],
            Box::new(move |bytes| bytes.extend_from_within(..document)),
        ),
        // A length, an end.
        (vec!["at byte 0 ".into()], Box::new(|bytes| bytes[3] = 0x40)),
        (
            vec![format!("at byte {} ", document - 1)],
            Box::new(move |bytes| bytes[document - 1] = 1),
        ),
        // One letter of one value: well-formed, but not what was backed up.
        (
            vec!["another SHA-256".into()],
            Box::new(|bytes| {
                let at = bytes
                    .windows(10)
                    .position(|it| it == b"some words")
                    .unwrap();
                bytes[at] = b'S';
            }),
        ),
    ];
    for (mut expected, damage) in cases {
        expected.push("indexed.bson".to_owned());
        refused(&target, &out, data, &expected, damage).await;
    }
    verify_backup(&out, &quiet, &CancellationToken::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_gzipped_file_that_was_cut_or_changed_is_named() {
    let (target, folder) = backup("dump_damage_gz", true).await;
    let out = folder.path().join("out");
    let data = "dump_damage_gz/indexed.bson.gz";
    let named = |more: &str| vec!["indexed.bson.gz: at byte".to_owned(), more.to_owned()];
    refused(&target, &out, data, &named(""), |bytes| {
        bytes.truncate(bytes.len() - 3);
    })
    .await;
    refused(&target, &out, data, &named("byte 0 "), |bytes| bytes[0] = 0).await;
    refused(&target, &out, data, &named(""), |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xFF;
    })
    .await;
}

#[tokio::test]
async fn metadata_and_manifest_that_were_changed_or_cut_are_named() {
    let (target, folder) = backup("dump_damage_meta", false).await;
    let out = folder.path().join("out");
    let metadata = "dump_damage_meta/indexed.metadata.json";
    let named = |more: &str| vec!["indexed.metadata.json".to_owned(), more.to_owned()];
    refused(&target, &out, metadata, &named("cannot be read"), |bytes| {
        bytes.truncate(bytes.len() / 2);
    })
    .await;
    refused(
        &target,
        &out,
        metadata,
        &named("another SHA-256"),
        |bytes| {
            let at = bytes.windows(4).position(|it| it == b"3600").unwrap();
            bytes[at] = b'4';
        },
    )
    .await;
    let expected = [MANIFEST.to_owned(), "not the manifest".to_owned()];
    refused(&target, &out, MANIFEST, &expected, |bytes| {
        bytes.truncate(20);
    })
    .await;
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let (_, folder) = backup("dump_damage_missing", false).await;
    let out = folder.path().join("out");
    for missing in [
        "dump_damage_missing/indexed.bson",
        "dump_damage_missing/a+view.metadata.json",
    ] {
        let aside = folder.path().join("aside");
        std::fs::rename(out.join(missing), &aside).unwrap();
        let error = verify_backup(&out, &quiet, &CancellationToken::new())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
        std::fs::rename(&aside, out.join(missing)).unwrap();
    }
}

#[tokio::test]
async fn a_foreign_dump_with_a_missing_or_broken_file_is_refused() {
    let source = empty("dump_foreign_damage").await;
    ugly::fill_database(&source.database).await;
    let target = empty("dump_foreign_damage_target").await;
    let folder = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    back_up(
        &source,
        folder.path(),
        &BackupOptions::default(),
        &quiet,
        &cancel,
    )
    .await
    .unwrap();
    std::fs::remove_file(folder.path().join(MANIFEST)).unwrap();
    let files = folder.path().join("dump_foreign_damage");
    for (missing, expected) in [
        ("ugly.bson", "the data file of ugly is missing"),
        ("ugly.metadata.json", "the metadata file of ugly is missing"),
        (
            "system.buckets.weather.bson",
            "the data file of weather is missing",
        ),
    ] {
        let aside = folder.path().join("aside");
        std::fs::rename(files.join(missing), &aside).unwrap();
        let error = restore(&target, &files, &RestoreOptions::default(), &quiet, &cancel)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        std::fs::rename(&aside, files.join(missing)).unwrap();
    }
    let second = files.join("ugly.bson.gz");
    std::fs::copy(files.join("ugly.bson"), &second).unwrap();
    let error = restore(&target, &files, &RestoreOptions::default(), &quiet, &cancel)
        .await
        .unwrap_err();
    let expected = "two data files of ugly, as where a dump with --gzip was made over one without";
    assert!(error.to_string().contains(expected), "{error}");
    std::fs::remove_file(&second).unwrap();
    std::fs::write(files.join("ugly.bson"), [9, 0, 0, 0, 1]).unwrap();
    let error = restore(&target, &files, &RestoreOptions::default(), &quiet, &cancel)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("ugly.bson: at byte 0 "),
        "{error}"
    );
    let names = target.database.list_collection_names().await.unwrap();
    assert_eq!(names, Vec::<String>::new());
}
