//! Members that are away, behind, or arbiters; certificates that are not trusted; names at the limit.

use std::path::Path;
use std::time::Duration;

use bson::{Document, doc};
use ringfence::demo::server::{Signal, Topology};

use crate::support::case::Case;
use crate::support::{self, data};

async fn reconfigured(case: &Case, change: impl Fn(&mut Document)) {
    let admin = case.database.client().database("admin");
    let reply = data::run(&admin, doc! { "replSetGetConfig": 1 }).await;
    let mut config = reply.get_document("config").unwrap().clone();
    change(&mut config);
    config.insert("version", config.get_i32("version").unwrap() + 1);
    data::run(&admin, doc! { "replSetReconfig": config, "force": true }).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_secondary_that_is_away_is_said_and_waited_for_when_asked_so() {
    let server = support::private(Topology::ReplicaSet(3), &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    case.plan().await;
    server.signal(2, Signal::Kill).unwrap();
    let away = format!("127.0.0.1:{}", server.port(2).unwrap());
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    let said = loop {
        let said = case.ringfence(&["--max-lag", "5", "status"]).await.code(0);
        if said.err.contains(&away) || std::time::Instant::now() > deadline {
            break said;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    said.says(&[&away, "cannot be reached", "--max-lag 5 --require-all"]);
    let all = [
        "--max-lag",
        "5",
        "--require-all",
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        "shop",
        "--through",
        "prove",
    ];
    let waits = tokio::time::timeout(Duration::from_secs(12), case.ringfence(&all)).await;
    assert!(waits.is_err(), "it wrote without that member: {waits:?}");
    assert!(
        case.database
            .list_collection_names()
            .await
            .unwrap()
            .iter()
            .any(|it| it == "Booking")
    );
    case.ringfence(&["--require-all", "status"])
        .await
        .code(1)
        .says(&["--max-lag"]);
    server.signal(1, Signal::Continue).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let apply = [
        "--max-lag",
        "5",
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        "shop",
        "--through",
        "prove",
    ];
    let ended = case.ringfence(&apply).await;
    ended.code(0).says(&[&away, "cannot be reached"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_member_that_answers_and_is_no_secondary_is_not_called_unreachable() {
    let server = support::private(Topology::ReplicaSet(3), &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    let alone = async |member: usize| {
        let port = server.port(member).unwrap();
        let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
        mongodb::Client::with_uri_str(uri).await.unwrap()
    };
    let secondary = alone(2).await.database("admin");
    data::run(&secondary, doc! { "replSetMaintenance": 1 }).await;
    let name = format!("127.0.0.1:{}", server.port(2).unwrap());
    let is = format!("{name} is catching up or under maintenance (RECOVERING)");
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    let said = loop {
        let said = case.ringfence(&["--max-lag", "5", "status"]).await.code(0);
        if said.err.contains(&name) || std::time::Instant::now() > deadline {
            break said;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(!said.err.contains("cannot be reached"), "{}", said.err);
    said.says(&[&is, "--max-lag 5 --require-all"]);
    data::run(&secondary, doc! { "replSetMaintenance": 0 }).await;
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    loop {
        let said = case.ringfence(&["--max-lag", "5", "status"]).await.code(0);
        if !said.err.contains(&name) {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{}", said.err);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_secondary_that_is_a_minute_behind_on_purpose_does_not_count() {
    let server = support::private(Topology::ReplicaSet(3), &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    reconfigured(&case, |config| {
        let members = config.get_array_mut("members").unwrap();
        let member = members[2].as_document_mut().unwrap();
        member.extend(doc! { "priority": 0, "hidden": true, "secondaryDelaySecs": 60 });
    })
    .await;
    data::seed(&case.database).await;
    case.plan().await;
    let late = format!("127.0.0.1:{}", server.port(2).unwrap());
    let apply = [
        "--max-lag",
        "2",
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        "shop",
    ];
    let ended = tokio::time::timeout(Duration::from_mins(2), case.ringfence(&apply)).await;
    ended
        .expect("it waited for ever")
        .code(0)
        .says(&[&late, "behind on purpose"]);
    case.roll_back(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_set_with_an_arbiter_is_migrated_and_rolled_back() {
    let server = support::private(Topology::ReplicaSet(1), &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    let binary = ringfence::demo::mongod::find(None, &|_| {}).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let name = data::run(&case.database, doc! { "hello": 1 })
        .await
        .get_str("setName")
        .unwrap()
        .to_owned();
    let mut arbiter = tokio::process::Command::new(&binary)
        .args([
            "--replSet",
            &name,
            "--port",
            &port.to_string(),
            "--bind_ip",
            "127.0.0.1",
            "--dbpath",
        ])
        .arg(folder.path())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let admin = case.database.client().database("admin");
    let concern = doc! { "setDefaultRWConcern": 1, "defaultWriteConcern": { "w": 1 } };
    data::run(&admin, concern).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    reconfigured(&case, |config| {
        let host = format!("127.0.0.1:{port}");
        let member = doc! { "_id": 9, "host": host, "arbiterOnly": true, "priority": 0 };
        config.get_array_mut("members").unwrap().push(member.into());
    })
    .await;
    data::seed(&case.database).await;
    let before = crate::support::picture::application(&case.picture().await);
    case.plan().await;
    let apply = [
        "--max-lag",
        "2",
        "--require-all",
        "apply",
        "--plan",
        "plan.json",
        "--confirm",
        "shop",
    ];
    case.ringfence(&apply).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let after = crate::support::picture::application(&case.picture().await);
    assert_eq!(
        crate::support::picture::differences(&before, &after, true),
        Vec::<String>::new()
    );
    arbiter.kill().await.unwrap();
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_certificate_that_is_not_trusted_is_named_as_the_cause() {
    let pem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaks/self-signed.pem");
    let file = pem.display().to_string();
    let arguments = ["--tlsMode", "preferTLS", "--tlsCertificateKeyFile", &file];
    let server = support::private(Topology::Standalone, &arguments).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    let host = format!("127.0.0.1:{}", server.port(0).unwrap());
    let uri = |more: &str| format!("mongodb://{host}/shop?tls=true&directConnection=true{more}");
    let ended = case.bare(&["--uri", &uri(""), "status"]).await.code(1);
    ended.says(&[
        "TLS certificate",
        "not trusted here",
        "tlsCAFile",
        "Nothing was changed",
    ]);
    let trusted = case
        .bare(&["--uri", &uri("&tlsInsecure=true"), "status"])
        .await;
    trusted.code(0);
    // From now on it speaks nothing but TLS.
    let only = doc! { "setParameter": 1, "tlsMode": "requireTLS" };
    let admin = case.database.client().database("admin");
    admin.run_command(only).await.unwrap();
    let without = format!("mongodb://{host}/shop?directConnection=true");
    let ended = case.bare(&["--uri", &without, "status"]).await.code(1);
    ended.says(&["add tls=true to the connection string"]);
    // A server that speaks no TLS.
    let plain = support::private(Topology::Standalone, &[]).await;
    let host = format!("127.0.0.1:{}", plain.port(0).unwrap());
    let ended = case
        .bare(&[
            "--uri",
            &format!("mongodb://{host}/shop?tls=true"),
            "status",
        ])
        .await;
    ended.code(1).says(&["TLS"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn names_at_the_limit_and_odd_names_of_databases_go_there_and_back() {
    for odd in [
        "sh-op_1", "Größe", "a'b;c", "x#y%41@z", "-v", "日本", "a&b=c?d",
    ] {
        let name = format!("{odd}{}", support::fresh_name());
        let case = Case::at(support::shared().uri(""), name.clone()).await;
        data::seed(&case.database).await;
        // The longest name: database, dot and collection have 255 bytes.
        let long = format!("é{}", "n".repeat(255 - name.len() - 3));
        assert_eq!(name.len() + 1 + long.len(), 255);
        let other = case.database.collection::<Document>(&long);
        other
            .insert_one(doc! { "_id": 1, "userId": data::id(data::USER, 20) })
            .await
            .unwrap();
        let before = crate::support::picture::application(&case.picture().await);
        let db = format!("--db={name}");
        let confirm = format!("--confirm={name}");
        let run = async |arguments: &[&str]| {
            let mut all = vec![db.as_str()];
            all.extend(arguments);
            case.ringfence(&all).await
        };
        run(&["plan", "--defaults", "--out", "plan.json"])
            .await
            .code(0);
        run(&["apply", "--plan", "plan.json", &confirm])
            .await
            .code(0);
        run(&["verify"]).await.code(0);
        run(&["report"]).await.code(0).says(&["rollback"]);
        run(&["rollback", &confirm]).await.code(0);
        let after = crate::support::picture::application(&case.picture().await);
        assert_eq!(
            crate::support::picture::differences(&before, &after, true),
            Vec::<String>::new()
        );
        run(&["backup", "--out", "dump"]).await.code(0);
        case.database.drop().await.unwrap();
        run(&["restore", "--from", "dump"]).await.code(0);
        let restored = crate::support::picture::application(&case.picture().await);
        assert_eq!(
            crate::support::picture::differences(&before, &restored, false),
            Vec::<String>::new()
        );
        case.database.drop().await.unwrap();
    }
}
