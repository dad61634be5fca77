//! While one works: others are refused, the heartbeat keeps the lease, and every way out lets go of it.

use bson::doc;

use crate::lease::field::{
    Field, LIFE, LONG, Running, is_free, lease, leases, pid_of, start, until,
};
use crate::support::case::Case;
use crate::support::picture;

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn of_two_applies_at_once_one_works_and_the_other_ends_with_5_and_names_it() {
    let field = Field::planned().await;
    field.slow(&["insert"], 100).await;
    let (one, other) = (field.apply(LONG, &[]), field.apply(LONG, &[]));
    let pids = [i64::from(one.pid), i64::from(other.pid)];
    let (one, other) = tokio::join!(one.ends(), other.ends());
    let (worked, refused) = if one.code == 0 { (0, other) } else { (1, one) };
    let pid = pids[worked];
    let words = [
        &format!("(process {pid}"),
        "ann on ",
        "since ",
        "last beat ",
        "expires in ",
        "Nothing was changed",
        "ringfence unlock --confirm shop",
    ];
    refused.code(5).says(&words);
    let lease = field.lease().await;
    assert!(is_free(&lease));
    assert_eq!(pid_of(&lease, "previous"), pid);
    field.case.ringfence(&["verify"]).await.code(0);
    field.slow(&[], 0).await;
    field.case.apply(&[]).await.code(0);
}

#[tokio::test]
async fn every_verb_that_writes_is_refused_while_another_holds_the_lease_and_changes_nothing() {
    let case = Case::seeded().await;
    case.migrate().await;
    let backup = case.path("elsewhere");
    case.ringfence(&["backup", "--out", backup.to_str().unwrap()])
        .await
        .code(0);
    // A holder of another machine.
    let holder = doc! { "name": "bob", "host": "db-admin-2", "pid": 4711_i64, "process": null, "session": "s", "run": null };
    let now = doc! { "$add": ["$$NOW", 600_000] };
    let hold =
        doc! { "$set": { "holder": holder, "since": "$$NOW", "beat": "$$NOW", "until": now } };
    leases(&case).update_one(doc! {}, vec![hold]).await.unwrap();
    let before = case.picture().await;
    let confirm = ["--confirm", &case.name];
    let restore = ["restore", "--replace", "--from", backup.to_str().unwrap()];
    let only = [
        "restore",
        "--from",
        backup.to_str().unwrap(),
        "--only",
        "Invoice",
    ];
    let verbs: [&[&str]; 6] = [
        &["apply", "--plan", "plan.json"],
        &["rollback"],
        &["rollback", "--discard-new"],
        &["finish"],
        &["unlock"],
        &restore,
    ];
    for verb in verbs {
        let ended = case.ringfence(&[verb, &confirm].concat()).await.code(5);
        ended.says(&["bob on db-admin-2 (process 4711)", "expires in 10 min"]);
    }
    case.ringfence(&only).await.code(5);
    let ended = case
        .ringfence(&["--json", "finish", "--confirm", &case.name])
        .await;
    let said: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(said["exit"], 5);
    assert_eq!(
        picture::differences(&before, &case.picture().await, true),
        Vec::<String>::new()
    );
    // Expired, it is not taken either: nobody here can tell whether bob is gone.
    let expired = doc! { "$set": { "until": { "$subtract": ["$$NOW", 180_000] } } };
    leases(&case)
        .update_one(doc! {}, vec![expired])
        .await
        .unwrap();
    case.ringfence(&["finish", "--confirm", &case.name])
        .await
        .code(5)
        .says(&[
            "expired 3 min ago",
            "make sure that it is",
            "unlock --confirm",
        ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_heartbeat_keeps_the_lease_for_many_of_its_lives_with_one_taking() {
    let field = Field::planned().await;
    let running = field.apply(LIFE, &["--through", "stop", "--watch-seconds", "9"]);
    until("the lease", async || {
        lease(&field.case).await.is_some_and(|it| !is_free(&it))
    })
    .await;
    let first = field.lease().await;
    let (since, token) = (
        first.get_datetime("since").unwrap(),
        first.get_i64("token").unwrap(),
    );
    until("two lives of the lease", async || {
        let now = field.lease().await;
        assert_eq!(now.get_datetime("since").unwrap(), since);
        assert_eq!(now.get_i64("token").unwrap(), token);
        assert!(!is_free(&now));
        let beat = now.get_datetime("beat").unwrap();
        beat.timestamp_millis() - since.timestamp_millis() > 6_500
    })
    .await;
    let expired = doc! { "$expr": { "$lt": ["$until", "$$NOW"] } };
    assert_eq!(
        leases(&field.case).count_documents(expired).await.unwrap(),
        0
    );
    let run = field
        .lease()
        .await
        .get_document("holder")
        .unwrap()
        .get_str("run")
        .unwrap()
        .to_owned();
    field.apply(LIFE, &[]).ends().await.code(5).says(&[&run]);
    running.ends().await.code(0);
    assert!(is_free(&field.lease().await));
}

/// How a run that is under way is ended.
async fn ends_and_lets_go(field: &Field, running: Running, code: i32) {
    let pid = i64::from(running.pid);
    running.ends().await.code(code);
    let lease = field.lease().await;
    assert!(is_free(&lease), "{lease}");
    assert_eq!(pid_of(&lease, "previous"), pid);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_run_that_is_ended_by_a_signal_or_an_error_lets_go_of_the_lease_and_the_next_goes_on() {
    let field = Field::planned().await;
    for signal in ["INT", "TERM", "HUP"] {
        let before = field.prepared().await;
        field.slow(&["insert", "find"], 50).await;
        let running = field.apply(LONG, &[]);
        until("the lease", async || {
            lease(&field.case).await.is_some_and(|it| !is_free(&it))
        })
        .await;
        until("more of the bookings", async || {
            field.prepared().await > before || before > 6_000
        })
        .await;
        running.signal(signal);
        ends_and_lets_go(&field, running, 130).await;
    }
    let fail = doc! {
        "configureFailPoint": "failCommand",
        "mode": "alwaysOn",
        "data": { "failCommands": ["createIndexes"], "appName": "ringfence", "errorCode": 2 },
    };
    field.admin(fail).await;
    let failing = field.apply(LONG, &[]);
    ends_and_lets_go(&field, failing, 2).await;
    field.slow(&[], 0).await;
    let whole = field.apply(LONG, &[]);
    ends_and_lets_go(&field, whole, 0).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_and_a_finish_leave_no_lease_behind() {
    let case = Case::seeded().await;
    case.migrate().await;
    assert!(is_free(&lease(&case).await.unwrap()));
    case.roll_back(&[]).await.code(0);
    assert_eq!(lease(&case).await, None);
    case.apply(&[]).await.code(0);
    case.ringfence(&["finish", "--confirm", &case.name])
        .await
        .code(0);
    assert_eq!(lease(&case).await, None);
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    let names = case.database.list_collection_names().await.unwrap();
    assert!(!names.iter().any(|name| name.starts_with('_')), "{names:?}");
}

#[tokio::test]
async fn a_session_that_another_one_overtook_reads_anew_before_it_writes() {
    let case = Case::seeded().await;
    case.plan().await;
    let mut session = case.session().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let error = session.hold().await.unwrap_err().to_string();
    assert!(
        error.contains("another session worked on this database"),
        "{error}"
    );
    session.hold().await.unwrap();
    assert!(session.run.open().is_some());
    session.let_go().await.unwrap();
    assert!(
        start(&case, LONG, &["status"])
            .ends()
            .await
            .code(0)
            .out
            .contains("run ")
    );
}
