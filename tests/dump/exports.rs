//! `store::export`: every document a line, every document a row, and nothing that a spreadsheet would run.

use std::path::Path;

use bson::oid::ObjectId;
use bson::{RawDocumentBuf, doc, rawdoc};
use mongodb::Collection;
use ringfence::store::StoreError;
use ringfence::store::dump::progress::Progress;
use ringfence::store::export::{EXPORT, Export, export};
use tokio_util::sync::CancellationToken;

use crate::dump::backup::{files, quiet};
use crate::dump::server::empty;
use crate::dump::ugly;

fn sha256(path: &Path) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(std::fs::read(path).unwrap()))
}

#[tokio::test]
async fn each_document_is_a_line_and_a_row() {
    let connection = empty("export_rows").await;
    let users: Collection<RawDocumentBuf> = connection.database.collection("a/User");
    users
        .insert_many([
            rawdoc! { "_id": ObjectId::from_bytes([1; 12]), "name": "=HYPERLINK(\"x\")", "phone": "+31 6", "n": -5, "none": null },
            rawdoc! { "_id": ObjectId::from_bytes([2; 12]), "address": { "city": "A, B" }, "name": "Zoë \u{202e}\n2", "at": bson::DateTime::from_millis(0) },
        ])
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("export");
    let cancel = CancellationToken::new();
    let exported = export(&connection, &["a/User".to_owned()], &out, &quiet, &cancel)
        .await
        .unwrap();
    assert_eq!(
        std::fs::read_to_string(out.join("a%2FUser.jsonl")).unwrap(),
        concat!(
            r#"{"_id":{"$oid":"010101010101010101010101"},"name":"=HYPERLINK(\"x\")","phone":"+31 6","n":{"$numberInt":"-5"},"none":null}"#,
            "\n",
            r#"{"_id":{"$oid":"020202020202020202020202"},"address":{"city":"A, B"},"name":"Zoë "#,
            "\u{202e}",
            r#"\n2","at":{"$date":{"$numberLong":"0"}}}"#,
            "\n"
        )
    );
    assert_eq!(
        std::fs::read_to_string(out.join("a%2FUser.csv")).unwrap(),
        concat!(
            "_id,name,phone,n,none,address,at\r\n",
            "010101010101010101010101,\"'=HYPERLINK(\"\"x\"\")\",'+31 6,-5,,,\r\n",
            "020202020202020202020202,Zoë \\u{202e}\\u{a}2,,,,\"{\"\"city\"\":\"\"A, B\"\"}\",1970-01-01T00:00:00Z\r\n",
        )
    );
    let listed: Export = serde_json::from_slice(&std::fs::read(out.join(EXPORT)).unwrap()).unwrap();
    assert_eq!(listed, exported);
    let user = &listed.collections[0];
    assert_eq!((user.name.as_str(), user.documents), ("a/User", 2));
    for file in [&user.jsonl, &user.csv] {
        assert_eq!(file.sha256, sha256(&out.join(&file.file)));
        assert_eq!(file.bytes, out.join(&file.file).metadata().unwrap().len());
    }
    assert_eq!(files(folder.path()).len(), 3);
    #[cfg(unix)]
    for name in files(&out).keys() {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            out.join(name).metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{name}"
        );
    }
}

#[tokio::test]
async fn every_collection_of_an_ugly_database_can_be_exported() {
    let connection = empty("export_ugly").await;
    ugly::fill_database(&connection.database).await;
    let names = ringfence::store::collection_spec::uuids(&connection)
        .await
        .unwrap();
    let names: Vec<String> = names
        .into_keys()
        .filter(|name| !name.starts_with("system."))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("export");
    let cancel = CancellationToken::new();
    let exported = export(&connection, &names, &out, &quiet, &cancel)
        .await
        .unwrap();
    for collection in &exported.collections {
        let lines = std::fs::read_to_string(out.join(&collection.jsonl.file)).unwrap();
        assert_eq!(
            lines.lines().count() as u64,
            collection.documents,
            "{}",
            collection.name
        );
        let rows = std::fs::read_to_string(out.join(&collection.csv.file)).unwrap();
        assert_eq!(
            rows.matches("\r\n").count() as u64,
            collection.documents + 1,
            "{}",
            collection.name
        );
    }
    let ugly = std::fs::read_to_string(out.join("ugly.jsonl")).unwrap();
    assert!(ugly.contains(r#"{"_id":{"$numberInt":"1"},"a":{"$numberInt":"1"},"b":{"$numberInt":"2"},"a":{"$numberInt":"3"}}"#), "{ugly}");
    let weather = exported
        .collections
        .iter()
        .find(|it| it.name == "weather")
        .unwrap();
    assert_eq!(weather.documents, 50);
}

#[tokio::test]
async fn an_export_appears_whole_or_not_at_all() {
    let connection = empty("export_whole").await;
    let users: Collection<bson::Document> = connection.database.collection("User");
    users
        .insert_many((0..5000).map(|n| doc! { "_id": n }))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("export");
    let names = ["User".to_owned()];
    let cancel = CancellationToken::new();
    let stop = |progress: Progress| {
        if progress.documents > 0 {
            cancel.cancel();
        }
    };
    let error = export(&connection, &names, &out, &stop, &cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Cancelled), "{error}");
    assert!(!out.exists());
    let cancel = CancellationToken::new();
    let missing = ["User".to_owned(), "Nope".to_owned()];
    let error = export(&connection, &missing, &out, &quiet, &cancel)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no collection Nope"), "{error}");
    export(&connection, &names, &out, &quiet, &cancel)
        .await
        .unwrap();
    let whole = files(folder.path());
    assert_eq!(whole.len(), 3);
    let error = export(&connection, &names, &out, &quiet, &cancel)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    assert_eq!(files(folder.path()), whole);
}
