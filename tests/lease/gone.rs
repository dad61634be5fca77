//! Holders that are gone, or seem to be: killed ones, and stopped ones that wake up late.

use bson::{Bson, Document, doc};

use crate::lease::field::{Field, LIFE, LONG, is_free, lease, leases, until};
use crate::support::picture;

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_same_apply_resumes_after_a_kill_without_an_unlock_and_says_whose_lease_it_took_over() {
    let field = Field::planned().await;
    let running = field.apply_under_way(LONG).await;
    let pid = running.pid;
    running.kill().await;
    let left = field.lease().await;
    assert!(!is_free(&left));
    field.slow(&[], 0).await;
    let words = [
        &format!("(process {pid}"),
        "expires in",
        "has ended on this machine",
        "taken over",
    ];
    field.apply(LONG, &[]).ends().await.code(0).says(&words);
    let token = |lease: &Document| lease.get_i64("token").unwrap();
    assert_eq!(token(&field.lease().await), token(&left) + 1);
    field.case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_expired_holder_of_another_machine_or_boot_is_not_taken_over_without_an_unlock() {
    let field = Field::planned().await;
    let running = field.apply_under_way(LIFE).await;
    running.kill().await;
    field.slow(&[], 0).await;
    let elsewhere =
        doc! { "$set": { "holder.host": "db-admin-2", "holder.process.boot": "another" } };
    leases(&field.case)
        .update_one(doc! {}, elsewhere)
        .await
        .unwrap();
    field.expires().await;
    let before = field.case.picture().await;
    let words = ["on db-admin-2", "expired", "unlock --confirm shop"];
    field.apply(LIFE, &[]).ends().await.code(5).says(&words);
    field.case.assert_same(&before).await;
    let unlock = ["unlock", "--confirm", "shop"];
    let said = field.start(LIFE, &unlock).ends().await.code(0);
    said.says(&["on db-admin-2", "has expired", "the lease of shop is free"]);
    field.apply(LIFE, &[]).ends().await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_holder_that_wakes_up_after_its_lease_was_unlocked_ends_with_5_after_one_batch_at_most() {
    let field = Field::planned().await;
    let live = picture::application(&field.case.picture().await);
    let running = field.apply_under_way(LIFE).await;
    running.signal("STOP");
    field.expires().await;
    // It is not dead: its lease is expired, and nobody takes it.
    let words = ["expired", "make sure that it is"];
    field.apply(LIFE, &[]).ends().await.code(5).says(&words);
    field
        .start(LIFE, &["unlock", "--confirm", "shop"])
        .ends()
        .await
        .code(0);
    let (lease, prepared) = (field.lease().await, field.prepared().await);
    assert!(is_free(&lease));

    running.signal("CONT");
    running
        .ends()
        .await
        .code(5)
        .says(&["was lost", "ann on", "has let go of it"]);
    assert!(field.prepared().await <= prepared + 2_000);
    assert_eq!(field.lease().await, lease);
    let now = picture::application(&field.case.picture().await);
    assert_eq!(
        picture::differences(&live, &now, true),
        Vec::<String>::new()
    );

    field.slow(&[], 0).await;
    field.apply(LIFE, &[]).ends().await.code(0);
    field.case.ringfence(&["verify"]).await.code(0);
}

/// True once the run record says that the swap of bookings began.
async fn swap_began(field: &Field) -> bool {
    let runs = field
        .case
        .database
        .collection::<Document>("_ringfence_runs");
    let began = doc! { "collections.booking.swap_began": true };
    runs.find_one(began).await.unwrap().is_some()
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_holder_that_wakes_up_before_its_first_rename_with_an_old_answer_of_the_server_renames_nothing()
 {
    let field = Field::planned().await;
    field
        .apply(LONG, &["--through", "prove"])
        .ends()
        .await
        .code(0);
    let live = field.case.picture().await;
    // Long enough to stop the process while it waits for the server to confirm its lease.
    field.slow(&["update"], 400).await;
    let running = field.apply(LIFE, &["--through", "cut-over"]);
    until("the swap's beginning", async || swap_began(&field).await).await;
    running.signal("STOP");
    field.expires().await;
    field.slow(&[], 0).await;
    field
        .start(LIFE, &["unlock", "--confirm", "shop"])
        .ends()
        .await
        .code(0);
    let renamed = |picture: &picture::Picture| {
        let ours = |name: &str| ["Booking", "Customer"].contains(&name);
        picture::differences(
            &picture::only(&live, ours),
            &picture::only(picture, ours),
            true,
        )
    };
    let stopped = field.case.picture().await;
    // A TTL is kept from acting before the rename; that is all that had been done.
    let before = renamed(&stopped);
    assert!(before.iter().all(|it| it.contains("indexes")), "{before:?}");

    running.signal("CONT");
    running.ends().await.code(5).says(&["was lost"]);
    let now = field.case.picture().await;
    assert_eq!(renamed(&now), before);
    assert!(!now.contains_key("_ringfence_before_Booking"));
    assert_eq!(
        picture::differences(
            &picture::but_lease(&stopped),
            &picture::but_lease(&now),
            true
        ),
        Vec::<String>::new()
    );
    field.apply(LIFE, &[]).ends().await.code(0);
    field.case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_holder_that_was_stopped_past_its_expiry_and_that_nobody_unlocked_goes_on() {
    let field = Field::planned().await;
    let running = field.apply_under_way(LIFE).await;
    running.signal("STOP");
    field.expires().await;
    field.slow(&[], 0).await;
    running.signal("CONT");
    running.ends().await.code(0);
    let lease = lease(&field.case).await.unwrap();
    assert_eq!(lease.get("holder"), Some(&Bson::Null));
}
