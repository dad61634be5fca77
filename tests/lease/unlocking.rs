//! `unlock`: it refuses a holder that lives, ends what a gone one left under way, and can itself be ended.

use bson::{Document, doc};
use ringfence::demo::server::Topology;

use crate::lease::field::{Field, LIFE, LONG, is_free, leases, pid_of, until};
use crate::support::case::Case;
use crate::support::{self, picture};

const UNLOCK: [&str; 3] = ["unlock", "--confirm", "shop"];

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn unlock_refuses_a_holder_that_lives_and_shows_it_whatever_was_typed() {
    let field = Field::planned().await;
    let running = field.apply_under_way(LONG).await;
    let before = field.lease().await;
    let process = format!("(process {}", running.pid);
    field
        .start(LONG, &["unlock"])
        .ends()
        .await
        .code(3)
        .says(&[&process]);
    let wrong = ["unlock", "--confirm", "Shop"];
    field
        .start(LONG, &wrong)
        .ends()
        .await
        .code(3)
        .says(&[&process]);
    field
        .start(LONG, &UNLOCK)
        .ends()
        .await
        .code(5)
        .says(&[&process, "Let it end"]);
    assert_eq!(field.lease().await.get("token"), before.get("token"));
    field.slow(&[], 0).await;
    running.ends().await.code(0);
    field
        .start(LONG, &UNLOCK)
        .ends()
        .await
        .code(0)
        .says(&["nobody holds the lease"]);
}

#[tokio::test]
async fn unlock_where_no_lease_ever_was_says_so_and_leaves_nothing() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.ringfence(&["unlock", "--confirm", &case.name])
        .await
        .code(0)
        .says(&["nobody holds the lease"]);
    assert_eq!(
        picture::differences(&before, &case.picture().await, true),
        Vec::<String>::new()
    );
}

/// Holds every insert into the prepared bookings on the server, until it is told to end.
async fn hang_inserts(field: &Field, on: bool) {
    let mode = if on { "alwaysOn" } else { "off" };
    let data = doc! { "nss": "shop._ringfence_next_Booking", "ns": "shop._ringfence_next_Booking", "shouldCheckForInterrupt": true };
    field
        .admin(doc! { "configureFailPoint": "hangDuringBatchInsert", "mode": mode, "data": data })
        .await;
}

/// How many inserts into the prepared bookings the server carries out.
async fn inserts(field: &Field) -> usize {
    let into = doc! { "ns": "shop._ringfence_next_Booking", "op": "insert" };
    field.operations(into).await
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn unlock_ends_what_the_old_session_has_under_way_and_waits_out_its_time_limit() {
    let field = Field::planned().await;
    hang_inserts(&field, true).await;
    let running = field.apply(LIFE, &[]);
    until("an insert that hangs", async || inserts(&field).await > 0).await;
    running.signal("STOP");
    field.expires().await;
    let until_then = field
        .lease()
        .await
        .get_datetime("until")
        .unwrap()
        .timestamp_millis();
    // As many batches as it had sent when it was stopped.
    let told = format!("{} told to end", inserts(&field).await);
    let words = [&told, "none is under way any more", "is free"];
    field.start(LIFE, &UNLOCK).ends().await.code(0).says(&words);
    assert_eq!(inserts(&field).await, 0);
    // Half as long again as the lease lives, by the server's clock.
    let now = field
        .admin(doc! { "hello": 1 })
        .await
        .get_datetime("localTime")
        .unwrap()
        .timestamp_millis();
    assert!(now - until_then >= 4_500, "{}", now - until_then);
    hang_inserts(&field, false).await;
    running.signal("CONT");
    running.ends().await.code(5).says(&["was lost"]);
    field.apply(LIFE, &[]).ends().await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_apply_ends_the_insert_that_a_killed_one_left_on_the_server() {
    let field = Field::planned().await;
    hang_inserts(&field, true).await;
    let running = field.apply(LONG, &[]);
    until("an insert that hangs", async || inserts(&field).await > 0).await;
    running.kill().await;
    let left = inserts(&field).await;
    assert!(left > 0);
    let next = field.apply(LONG, &[]);
    until("its end", async || {
        let taken = pid_of(&field.lease().await, "holder") == i64::from(next.pid);
        taken && inserts(&field).await == 0
    })
    .await;
    hang_inserts(&field, false).await;
    let told = format!("{left} told to end");
    next.ends().await.code(0).says(&[&told]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_unlock_that_was_ended_while_it_waited_leaves_the_lease_locked_until_the_next_unlock() {
    let field = Field::planned().await;
    // Half an hour of life, and so of waiting; expired by hand.
    let life = "1800";
    let running = field.apply_under_way(life).await;
    running.signal("STOP");
    let expired = doc! { "$set": { "until": { "$subtract": ["$$NOW", 1_000] } } };
    leases(&field.case)
        .update_one(doc! {}, vec![expired])
        .await
        .unwrap();
    let unlocking = field.start(life, &UNLOCK);
    let pid = i64::from(unlocking.pid);
    until("the unlock's own hold", async || {
        pid_of(&field.lease().await, "holder") == pid
    })
    .await;
    // While it waits it is a holder like any other.
    field.start(life, &UNLOCK).ends().await.code(5);
    unlocking.signal("INT");
    unlocking.ends().await.code(130);
    assert_eq!(pid_of(&field.lease().await, "holder"), pid);
    field
        .apply(life, &[])
        .ends()
        .await
        .code(5)
        .says(&["was unlocking", "unlock it again"]);
    let over =
        doc! { "$set": { "clear": "$$NOW", "until": { "$subtract": ["$$NOW", 10_000_000] } } };
    leases(&field.case)
        .update_one(doc! {}, vec![over])
        .await
        .unwrap();
    field.start(life, &UNLOCK).ends().await.code(0);
    assert!(is_free(&field.lease().await));
    running.signal("CONT");
    running.ends().await.code(5);
    field.slow(&[], 0).await;
    field.apply(life, &[]).ends().await.code(0);
    let none: Option<Document> = leases(&field.case)
        .find_one(doc! { "holder": { "$ne": null } })
        .await
        .unwrap();
    assert_eq!(none, None);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_user_who_may_only_write_unlocks_too_and_is_told_what_it_cannot_see_and_a_reader_may_not()
{
    let server = support::private_with_access_control(Topology::ReplicaSet(1)).await;
    let root = Case::at(server.uri("shop"), "shop".to_owned()).await;
    crate::support::data::seed_plain(&root.database).await;
    let admin = root.database.client().database("admin");
    for (user, role) in [("reader", "read"), ("writer", "readWrite")] {
        let roles = [doc! { "role": role, "db": "shop" }];
        let make = doc! { "createUser": user, "pwd": "secret", "roles": roles };
        crate::support::data::run(&admin, make).await;
    }
    let of =
        async |user: &str| Case::at(server.uri_as(user, "secret", "shop"), "shop".to_owned()).await;
    let (reader, writer) = (of("reader").await, of("writer").await);
    let long_ago = bson::DateTime::from_millis(1_000_000_000_000);
    let holder = doc! { "name": "bob", "host": "db-admin-2", "pid": 4711_i64, "process": null, "session": "s", "run": null };
    let held = doc! { "_id": "lease", "token": 7_i64, "holder": holder, "since": long_ago, "beat": long_ago, "until": long_ago };
    leases(&root).insert_one(held).await.unwrap();
    let before = root.picture().await;
    for refused in [
        reader.ringfence(&UNLOCK).await,
        reader.ringfence(&["rollback", "--confirm", "shop"]).await,
    ] {
        refused.code(1);
    }
    reader
        .ringfence(&["status"])
        .await
        .code(0)
        .says(&["bob on db-admin-2"]);
    reader.plan().await;
    assert_eq!(
        picture::differences(&before, &root.picture().await, true),
        Vec::<String>::new()
    );
    let words = ["bob on db-admin-2", "only its own operations", "is free"];
    writer.ringfence(&UNLOCK).await.code(0).says(&words);
    writer.migrate().await;
}
