//! A refusal of the server that quotes documents: nothing of it is shown, logged or kept, whatever code it has and whatever verb meets it.

use bson::{Document, doc};
use mongodb::Client;
use ringfence::demo::server::Topology;
use ringfence::store::raw_write::insert_batch;

use crate::leaks::traces::{self, LOG};
use crate::support::case::{Case, Ended};
use crate::support::{self, data};

/// Values that stand in documents, and in what a server says of them.
const SECRETS: [&str; 3] = ["Zanzibar-Q", "q.secret@example.net", "+99 7654321"];

async fn seeded_with_secrets(case: &Case) {
    data::seed(&case.database).await;
    let users = case.database.collection::<Document>("User");
    let all = doc! { "city": SECRETS[0], "phone": SECRETS[2] };
    let many = doc! { "createdAt": { "$gt": bson::DateTime::from_millis(1_690_500_000_000) } };
    users.update_many(many, doc! { "$set": all }).await.unwrap();
    let one = doc! { "_id": data::id(data::USER, 20) };
    let email = doc! { "$set": { "email": SECRETS[1] } };
    users.update_one(one, email).await.unwrap();
}

async fn index(case: &Case, collection: &str, index: Document) {
    data::run(
        &case.database,
        doc! { "createIndexes": collection, "indexes": [index] },
    )
    .await;
}

/// Fails unless the command ended badly, in our words for `code`, and left no secret anywhere.
async fn ended_without_a_secret(case: &Case, ended: Ended, code: &str) {
    assert!(![0, 101].contains(&ended.code), "{code}: {ended:?}");
    traces::hold_none_of(&traces::of(case, &ended).await, &SECRETS);
    ended.says(&[code]);
    for verb in ["status", "report"] {
        let ended = case.ringfence(&["--log", LOG, verb]).await;
        traces::hold_none_of(&traces::of(case, &ended).await, &SECRETS);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_index_that_cannot_be_built_over_the_customers_shows_no_customer() {
    let kinds = [
        (
            doc! { "key": { "city": "2dsphere" }, "name": "geo" },
            "16755",
        ),
        (
            doc! { "key": { "name": "text" }, "name": "words", "language_override": "city" },
            "17262",
        ),
        // The survey does not judge collations: the server does, when the index is built.
        (
            doc! { "key": { "city": 1 }, "name": "one", "unique": true, "collation": { "locale": "en", "strength": 1 } },
            "",
        ),
    ];
    for (kind, code) in kinds {
        let case = Case::empty().await;
        seeded_with_secrets(&case).await;
        case.database
            .collection::<Document>("Customer")
            .delete_many(doc! {})
            .await
            .unwrap();
        index(&case, "Customer", kind).await;
        let planned = case
            .ringfence(&["--log", LOG, "plan", "--defaults", "--out", "plan.json"])
            .await;
        let ended = if planned.code == 0 {
            case.apply(&["--log", LOG]).await
        } else {
            planned
        };
        ended_without_a_secret(&case, ended, code).await;
    }
}

#[tokio::test]
async fn a_restore_that_the_server_refuses_shows_no_document() {
    let case = Case::empty().await;
    seeded_with_secrets(&case).await;
    case.ringfence(&["backup", "--out", "dump"]).await.code(0);
    std::fs::remove_file(case.path("dump/ringfence-backup.json"))
        .or_else(|_| remove_manifest(&case))
        .unwrap();
    let metadata = case.path(&format!("dump/{}/User.metadata.json", case.name));
    let written = std::fs::read_to_string(&metadata).unwrap();
    let kinds = [
        (r#"{"v":2,"key":{"city":"2dsphere"},"name":"geo"}"#, "16755"),
        (
            r#"{"v":2,"key":{"_fts":"text","_ftsx":1},"name":"words","weights":{"name":1},"default_language":"english","language_override":"city","textIndexVersion":3}"#,
            "17262",
        ),
        (
            r#"{"v":2,"key":{"city":1},"name":"one","unique":true}"#,
            "11000",
        ),
    ];
    for (kind, code) in kinds {
        let text = written.replacen("\"indexes\":[", &format!("\"indexes\":[{kind},"), 1);
        assert_ne!(text, written);
        std::fs::write(&metadata, text).unwrap();
        let name = support::fresh_name();
        let uri = support::shared().uri(&name);
        let other = Case::at(uri, name).await;
        let dump = case.path("dump").display().to_string();
        let source = case.name.clone();
        let ended = other
            .ringfence(&[
                "--log",
                LOG,
                "restore",
                "--from",
                &dump,
                "--source-db",
                &source,
            ])
            .await;
        ended_without_a_secret(&other, ended, code).await;
    }
}

fn remove_manifest(case: &Case) -> std::io::Result<()> {
    for entry in std::fs::read_dir(case.path("dump"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "json") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The codes whose messages were seen to quote documents, others, and one that nobody knows.
const CODES: [i32; 8] = [2, 9, 14, 121, 16_755, 17_262, 5_107_200, 67];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn whatever_code_a_message_comes_with_no_verb_passes_it_on() {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    for (at, code) in CODES.into_iter().enumerate() {
        let name = format!("shop{at}");
        let case = Case::at(server.uri(&name), name).await;
        seeded_with_secrets(&case).await;
        case.plan().await;
        let arm = async |command: &str| {
            let errmsg = format!("{{ city: \"{}\", email: \"{}\" }}", SECRETS[0], SECRETS[1]);
            let data = doc! { "failCommands": [command], "appName": "ringfence", "writeConcernError": { "code": code, "errmsg": errmsg } };
            let fault =
                doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data };
            data::run(&case.database.client().database("admin"), fault).await;
        };
        let disarm = async || {
            let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
            data::run(&case.database.client().database("admin"), off).await;
        };
        let shown = format!("code {code}");
        for command in ["insert", "createIndexes", "renameCollection"] {
            arm(command).await;
            let ended = case.apply(&["--log", LOG]).await;
            disarm().await;
            if command == "renameCollection" && ended.code == 0 {
                continue; // the renames were seen to be done
            }
            ended_without_a_secret(&case, ended, &shown).await;
        }
        case.apply(&[]).await.code(0);
        let bookings = case.database.collection::<Document>("Booking");
        let new = doc! { "$set": { "notes": "written later" } };
        bookings.update_many(doc! {}, new).await.unwrap();
        for command in ["delete", "renameCollection"] {
            arm(command).await;
            let ended = case.roll_back(&["--keep-new", "--log", LOG]).await;
            disarm().await;
            if ended.code == 0 {
                continue; // no such command was needed any more
            }
            ended_without_a_secret(&case, ended, &shown).await;
        }
        case.ringfence(&["backup", "--out", "dump"]).await;
        let name = format!("back{at}");
        let other = Case::at(server.uri(&name), name).await;
        let dump = case.path("dump").display().to_string();
        for command in ["create", "insert", "createIndexes"] {
            other.database.drop().await.unwrap();
            arm(command).await;
            let restored = [
                "--log",
                LOG,
                "restore",
                "--from",
                &dump,
                "--source-db",
                &case.name,
            ];
            let ended = other.ringfence(&restored).await;
            disarm().await;
            ended_without_a_secret(&other, ended, &shown).await;
        }
    }
}

#[tokio::test]
async fn a_missing_privilege_does_not_quote_the_command() {
    let server = support::private_with_access_control(Topology::ReplicaSet(1)).await;
    let admin = Client::with_uri_str(server.uri("shop"))
        .await
        .unwrap()
        .database("admin");
    let user =
        doc! { "createUser": "reader", "pwd": "x", "roles": [{ "role": "read", "db": "shop" }] };
    data::run(&admin, user).await;
    let uri = server.uri("shop");
    let (_, rest) = uri.rsplit_once('@').unwrap();
    let reader = Client::with_uri_str(format!("mongodb://reader:x@{rest}"))
        .await
        .unwrap()
        .database("shop");
    let document = bson::rawdoc! { "city": SECRETS[0] };
    let error = insert_batch(&reader, "Customer", None, &[document])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("code 13") && error.contains("lacks a privilege"),
        "{error}"
    );
    assert!(!error.contains(SECRETS[0]), "{error}");
}
