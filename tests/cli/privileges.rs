//! A server with access control: wrong passwords, a user who may only read, one who may write.

use bson::doc;
use mongodb::Client;
use mongodb::error::ErrorKind;

use crate::support::case::Case;
use crate::support::picture;
use crate::support::{self, data};

/// A server with access control, a seeded case for its root, and the same database for other users.
pub struct Guarded {
    _server: ringfence::demo::server::Server,
    pub case: Case,
    plain: String,
}

impl Guarded {
    pub async fn start() -> Self {
        let server = support::with_access_control().await;
        let (plain, name) = (server.uri("shop"), "shop".to_owned());
        let admin = Client::with_uri_str(&plain)
            .await
            .unwrap()
            .database("admin");
        // The first user is made under the localhost exception.
        data::run(
            &admin,
            doc! { "createUser": "root", "pwd": "r00t", "roles": ["root"] },
        )
        .await;
        let case = Case::at(Self::uri_of(&plain, "root:r00t"), name).await;
        for (user, role) in [("reader", "read"), ("writer", "readWrite")] {
            let roles = [doc! { "role": role, "db": "shop" }];
            let database = case.database.client().database("admin");
            data::run(
                &database,
                doc! { "createUser": user, "pwd": "pa55-w0rd", "roles": roles },
            )
            .await;
        }
        data::seed(&case.database).await;
        Self {
            _server: server,
            case,
            plain,
        }
    }

    fn uri_of(plain: &str, credentials: &str) -> String {
        let uri = plain.replacen("://", &format!("://{credentials}@"), 1);
        uri + "&authSource=admin"
    }

    pub fn uri(&self, credentials: &str) -> String {
        Self::uri_of(&self.plain, credentials)
    }

    /// The same database as another user.
    pub async fn case_of(&self, credentials: &str) -> Case {
        Case::at(self.uri(credentials), self.case.name.clone()).await
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|it| it == text.as_bytes())
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_being_shown_and_no_password_likewise() {
    let guarded = Guarded::start().await;
    for credentials in ["reader:wr0ngpass", "nobody:wr0ngpass"] {
        let uri = guarded.uri(credentials);
        for verb in ["survey", "verify", "status"] {
            let ended = guarded.case.bare(&["--uri", &uri, verb]).await.code(1);
            assert!(!format!("{ended:?}").contains("wr0ngpass"), "{ended:?}");
            ended.says(&["credentials"]);
        }
    }
    let ended = guarded
        .case
        .bare(&["--uri", &guarded.plain, "survey"])
        .await;
    ended.code(1);
}

#[tokio::test]
async fn a_user_who_may_only_read_can_survey_plan_and_verify_and_apply_says_what_is_missing_before_it_writes()
 {
    let guarded = Guarded::start().await;
    let reader = guarded.case_of("reader:pa55-w0rd").await;
    let before = guarded.case.picture().await;
    reader.ringfence(&["survey"]).await.code(2);
    reader.plan().await;
    let words = [
        "insert",
        "createIndex",
        "renameCollectionSameDB",
        "readWrite",
        "Nothing was changed",
    ];
    reader.apply(&[]).await.code(1).says(&words);
    guarded.case.assert_same(&before).await;
    // Nothing was even tried: it is not the server that refused.
    let insert = reader
        .database
        .collection("Booking")
        .insert_one(doc! { "x": 1 })
        .await;
    let Err(error) = insert else {
        panic!("the reader may write")
    };
    assert!(matches!(*error.kind, ErrorKind::Command(_)), "{error}");
    guarded.case.migrate().await;
    let migrated = guarded.case.picture().await;
    reader
        .ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong"]);
    reader.ringfence(&["status"]).await.code(0);
    reader.ringfence(&["report"]).await.code(0);
    assert_ne!(reader.roll_back(&[]).await.code, 0);
    guarded.case.assert_same(&migrated).await;
}

#[tokio::test]
async fn a_user_who_may_write_but_not_change_options_is_told_so_before_anything_is_written() {
    let guarded = Guarded::start().await;
    let writer = guarded.case_of("writer:pa55-w0rd").await;
    let before = guarded.case.picture().await;
    writer.plan().await;
    let ended = writer.apply(&[]).await.code(1);
    ended.says(&["collMod", "dbAdmin"]);
    guarded.case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_user_who_may_write_can_migrate_a_database_without_expiry_and_validators_and_leaves_no_password_behind()
 {
    let guarded = Guarded::start().await;
    guarded.case.database.drop().await.unwrap();
    data::seed_plain(&guarded.case.database).await;
    let without = guarded.case.picture().await;
    let writer = guarded.case_of("writer:pa55-w0rd").await;
    writer.migrate().await;
    writer.ringfence(&["verify"]).await.code(0);
    // Neither the run folder nor the run record holds the password.
    let mut folders = vec![writer.folder.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            assert!(
                !holds(&std::fs::read(&path).unwrap(), "pa55-w0rd"),
                "{path:?}"
            );
        }
    }
    assert!(files > 10, "{files}");
    for (name, collection) in writer.picture().await {
        let mut documents = collection.documents.iter();
        assert!(
            !documents.any(|it| holds(it.as_bytes(), "pa55-w0rd")),
            "{name}"
        );
    }
    writer.roll_back(&[]).await.code(0);
    let back = picture::application(&guarded.case.picture().await);
    assert_eq!(
        picture::differences(&without, &back, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_only_reads_leaves_not_one_write_in_the_oplog() {
    let guarded = Guarded::start().await;
    let local = guarded.case.database.client().database("local");
    let oplog = local.collection::<bson::Document>("oplog.rs");
    // But for the server's own: its heartbeat and its list of sessions.
    let writes =
        doc! { "op": { "$ne": "n" }, "ns": { "$nin": ["config.system.sessions", "config.$cmd"] } };
    let reader = guarded.case_of("reader:pa55-w0rd").await;
    let before = oplog.count_documents(writes.clone()).await.unwrap();
    assert!(before > 0);
    let survey = reader.ringfence(&["survey"]).await;
    survey.says(&["150 bookings"]);
    reader.plan().await;
    reader.ringfence(&["verify"]).await;
    reader.ringfence(&["status"]).await;
    reader.ringfence(&["report"]).await;
    assert_eq!(oplog.count_documents(writes).await.unwrap(), before);
}
