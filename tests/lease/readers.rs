//! What only reads takes no lease, leaves none, and works while another holds it; and the console.

use bson::doc;

use crate::lease::field::{is_free, lease, leases, pid_of};
use crate::support::case::Case;
use crate::support::console::{Console, ENTER};
use crate::support::picture;

/// Every verb that only reads, with folders of this name.
async fn reads(case: &Case, name: &str, verify: bool) {
    let (backup, export) = (format!("backup-{name}"), format!("export-{name}"));
    let verbs: [&[&str]; 6] = [
        &["survey"],
        &["plan", "--defaults", "--out", "plan.json"],
        &["status"],
        &["--json", "status"],
        &["backup", "--out", &backup],
        &["export", "--out", &export],
    ];
    for verb in verbs {
        let ended = case.ringfence(verb).await;
        assert!([0, 2].contains(&ended.code), "{verb:?}: {ended:?}");
    }
    if verify {
        case.ringfence(&["verify"]).await.code(0);
        case.ringfence(&["report"]).await.code(0);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_verb_that_only_reads_takes_no_lease_and_works_while_another_holds_it() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    reads(&case, "before", false).await;
    assert_eq!(
        picture::differences(&before, &case.picture().await, true),
        Vec::<String>::new()
    );
    case.migrate().await;
    let session = case.session().await;
    session.lease().take().await.unwrap();
    let before = case.picture().await;
    reads(&case, "held", true).await;
    let words = format!("the lease is held by {}", whoami(&case).await);
    case.ringfence(&["status"]).await.code(0).says(&[&words]);
    let said = case.ringfence(&["--json", "status"]).await;
    let said: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said["lease"]["holder"]["pid"], std::process::id());
    // The holder's own sign of life comes every 15 seconds.
    let differences = picture::differences(&before, &case.picture().await, true);
    let others = differences
        .iter()
        .filter(|it| !it.starts_with("_ringfence_lease: "));
    assert_eq!(others.count(), 0, "{differences:?}");
    session.let_go().await.unwrap();
}

async fn whoami(case: &Case) -> String {
    let lease = lease(case).await.unwrap();
    let holder = lease.get_document("holder").unwrap();
    let (name, host) = (
        holder.get_str("name").unwrap(),
        holder.get_str("host").unwrap(),
    );
    format!("{name} on {host} (process {}", std::process::id())
}

#[tokio::test]
async fn a_restore_into_an_empty_database_leaves_no_lease_and_one_that_was_backed_up_is_not_restored()
 {
    let case = Case::seeded().await;
    let original = case.picture().await;
    case.ringfence(&["backup", "--out", "backup"]).await.code(0);
    // As mongodump would have it: with everything that was there.
    let folder = case.path("backup").join(&case.name);
    std::fs::copy(
        folder.join("Invoice.bson"),
        folder.join("_ringfence_lease.bson"),
    )
    .unwrap();
    std::fs::copy(
        folder.join("Invoice.metadata.json"),
        folder.join("_ringfence_lease.metadata.json"),
    )
    .unwrap();
    case.database.drop().await.unwrap();
    case.ringfence(&["restore", "--from", "backup"])
        .await
        .code(0);
    assert_eq!(
        picture::differences(&original, &case.picture().await, false),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_names_the_holder_instead_of_writing_and_lets_go_when_it_is_left() {
    let case = Case::seeded().await;
    let runs = case.path("ringfence-runs");
    let holder = doc! { "name": "bob", "host": "db-admin-2", "pid": 4711_i64, "process": null, "session": "s", "run": null };
    let held = doc! { "_id": "lease", "token": 7_i64, "holder": holder, "since": bson::DateTime::now(), "beat": bson::DateTime::now(),
    "until": bson::DateTime::from_millis(bson::DateTime::now().timestamp_millis() + 600_000) };
    leases(&case).insert_one(held).await.unwrap();
    let before = case.picture().await;
    let (uri, folder) = (case.uri.clone(), runs.clone());
    let console = tokio::task::spawn_blocking(move || {
        let console = Console::open(&uri, &folder, (140, 40));
        console.shows("Next     2 Back up");
        console.press_for(ENTER, "May ringfence write?");
        console.press_for("Y", "w: whole message");
        console.press_for("w", "ringfence unlock --confirm");
        console.press_for("\x1b", "w: whole message"); // alone: with the next key it would be another
        console
    })
    .await
    .unwrap();
    assert_eq!(
        picture::differences(&before, &case.picture().await, true),
        Vec::<String>::new()
    );
    leases(&case)
        .update_one(doc! {}, doc! { "$set": { "holder": null } })
        .await
        .unwrap();
    let (console, pid) = tokio::task::spawn_blocking(move || {
        console.press_for(ENTER, "Next     3 Stop");
        let pid = i64::from(console.pid());
        (console, pid)
    })
    .await
    .unwrap();
    assert_eq!(pid_of(&lease(&case).await.unwrap(), "holder"), pid);
    case.plan().await;
    case.apply(&[])
        .await
        .code(5)
        .says(&[&format!("(process {pid}")]);
    tokio::task::spawn_blocking(move || {
        console.press_for("q", "Leaving: the report");
        console.press("Q");
        assert_eq!(console.ends().code, 0);
    })
    .await
    .unwrap();
    let lease = lease(&case).await.unwrap();
    assert!(is_free(&lease));
    assert_eq!(pid_of(&lease, "previous"), pid);
}
