//! Backups: simple collations spelled out, and what mongodump leaves that we do not read.

use std::os::unix::fs::PermissionsExt as _;

use bson::{Document, doc};

use crate::support::case::Case;
use crate::support::picture::{application, differences};
use crate::support::{self, data};

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn simple_indexes_of_a_collection_with_a_collation_stay_simple() {
    let case = Case::empty().await;
    data::seed(&case.database).await;
    let users: Vec<Document> = {
        use futures_util::TryStreamExt;
        let found = case
            .database
            .collection::<Document>("User")
            .find(doc! {})
            .await
            .unwrap();
        found.try_collect().await.unwrap()
    };
    for name in ["User", "Customer"] {
        case.database
            .collection::<Document>(name)
            .drop()
            .await
            .unwrap();
        let create = doc! { "create": name, "collation": { "locale": "de", "strength": 2 } };
        data::run(&case.database, create).await;
        let simple = doc! { "locale": "simple" };
        let indexes = doc! { "createIndexes": name, "indexes": [
            { "key": { "name": 1 }, "name": "simple", "collation": simple.clone() },
            { "key": { "city": 1 }, "name": "inherited" },
            { "key": { "name": "text" }, "name": "words", "collation": simple.clone() },
            { "key": { "place": "2d" }, "name": "flat", "collation": simple },
        ] };
        data::run(&case.database, indexes).await;
    }
    case.database
        .collection("User")
        .insert_many(users)
        .await
        .unwrap();
    let before = application(&case.picture().await);
    case.ringfence(&["backup", "--out", "dump"]).await.code(0);
    case.migrate().await;
    let (live, all) = (
        case.picture().await,
        case.database.collection::<Document>("Customer"),
    );
    let indexes = all.list_index_names().await.unwrap();
    assert!(indexes.contains(&"words".to_owned()), "{indexes:?}");
    drop(live);
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let back = application(&case.picture().await);
    assert_eq!(differences(&before, &back, true), Vec::<String>::new());
    let name = support::fresh_name();
    let other = Case::at(support::shared().uri(&name), name).await;
    let dump = case.path("dump").display().to_string();
    other.ringfence(&["restore", "--from", &dump]).await.code(0);
    let restored = application(&other.picture().await);
    assert_eq!(differences(&before, &restored, false), Vec::<String>::new());
}

#[tokio::test]
async fn an_archive_and_a_log_of_writes_are_refused_in_words() {
    let case = Case::seeded().await;
    case.ringfence(&["backup", "--out", "dump"]).await.code(0);
    std::fs::remove_file(case.path("dump/ringfence-backup.json")).unwrap();
    let name = support::fresh_name();
    let other = Case::at(support::shared().uri(&name), name).await;
    let refused = async |from: &str, words: &[&str]| {
        let from = case.path(from).display().to_string();
        let ended = other.ringfence(&["restore", "--from", &from]).await;
        ended.code(1).says(words).says(&["Nothing was changed"]);
        assert!(
            other
                .database
                .list_collection_names()
                .await
                .unwrap()
                .is_empty()
        );
    };
    std::fs::write(case.path("x.archive"), [0x6d, 0xe2, 0x99, 0x81, 1, 2]).unwrap();
    refused(
        "x.archive",
        &["an archive of mongodump", "mongorestore --archive"],
    )
    .await;
    std::fs::write(case.path("y.gz"), [0x1f, 0x8b, 8, 0, 0]).unwrap();
    refused("y.gz", &["an archive of mongodump"]).await;
    std::fs::write(case.path("z"), "x").unwrap();
    refused("z", &["is a file"]).await;
    std::fs::write(
        case.path("dump/oplog.bson"),
        bson::rawdoc! { "op": "i" }.as_bytes(),
    )
    .unwrap();
    refused("dump", &["oplog.bson is not read", "--oplogReplay"]).await;
    refused(&format!("dump/{}", case.name), &["oplog.bson is not read"]).await;
    // An empty one says that nobody wrote.
    std::fs::write(case.path("dump/oplog.bson"), "").unwrap();
    let dump = case.path("dump").display().to_string();
    other.ringfence(&["restore", "--from", &dump]).await.code(0);
}

#[tokio::test]
async fn folders_and_logs_that_others_may_write_are_refused_or_closed_in_words() {
    let case = Case::seeded().await;
    case.plan().await;
    let set = |name: &str, mode| {
        std::fs::set_permissions(case.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    std::fs::create_dir(case.path("shared")).unwrap();
    set("shared", 0o777);
    let before = case.picture().await;
    let apply = [
        "--run-dir",
        "shared",
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        &case.name,
    ];
    let ended = case.ringfence(&apply).await;
    ended.code(1).says(&[
        "may be written by other users",
        "chmod go-w shared",
        "Nothing was changed",
    ]);
    case.assert_same(&before).await;
    set("shared", 0o755);
    std::fs::write(case.path("words.log"), "").unwrap();
    set("words.log", 0o666);
    let mut logged = vec!["--log", "words.log"];
    logged.extend(apply);
    case.ringfence(&logged)
        .await
        .code(0)
        .says(&["words.log could be read or written by other users"]);
    let mode = case
        .path("words.log")
        .metadata()
        .unwrap()
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o600);
    let run = std::fs::read_dir(case.path("shared"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert_eq!(run.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o777)).unwrap();
    let back = ["--run-dir", "shared", "rollback", "--confirm", &case.name];
    case.ringfence(&back)
        .await
        .code(1)
        .says(&["may be written by other users"]);
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o700)).unwrap();
    case.ringfence(&back).await.code(0);
}

#[tokio::test]
async fn files_of_a_run_that_others_could_write_are_closed_and_the_same_command_goes_on() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "backup"]).await.code(0);
    let runs = std::fs::read_dir(case.path("ringfence-runs")).unwrap();
    let run = runs.into_iter().next().unwrap().unwrap().path();
    let files: Vec<_> = ["log.txt", "journal.jsonl"]
        .iter()
        .map(|name| run.join(name))
        .collect();
    for file in &files {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o666)).unwrap();
    }
    let again = case.apply(&["--through", "backup"]);
    let again = tokio::time::timeout(std::time::Duration::from_mins(1), again).await;
    again.expect("the command ends").code(0);
    for file in &files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let log = std::fs::read_to_string(&files[0]).unwrap();
    assert!(
        log.contains("could be written by other users until now"),
        "{log}"
    );
}
