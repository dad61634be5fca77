//! A push that is killed before anybody looked at what it did: the next start finds it out, and every way on knows of it.

use std::time::Duration;

use bson::doc;

use crate::push::shop::{self, as_prisma_does, push};
use crate::push::stand_in::{self, drops, makes};
use crate::support::case::Case;
use crate::support::picture;

fn kill(pid: u32) {
    let ended = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(ended.unwrap().success());
}

/// A push that drops and makes an index; then ringfence is killed, and its command too.
async fn cut_off(case: &Case) {
    let sign = case.path("waits");
    let commands = [
        drops("Invoice", "Invoice_dueAt_ttl"),
        makes("Invoice", "Invoice_userId_idx", doc! { "userId": 1 }),
        doc! { "create": "Coupon" },
        doc! { "wait": sign.to_str().unwrap() },
    ];
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(shop::arguments(case))
        .current_dir(case.folder.path())
        .env("HOME", case.folder.path())
        .env(
            stand_in::COMMANDS,
            serde_json::to_string(&commands).unwrap(),
        )
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let began = std::time::Instant::now();
    let waiting = loop {
        let read = std::fs::read_to_string(&sign).unwrap_or_default();
        if let Ok(pid) = read.parse::<u32>() {
            break pid;
        }
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "it never came so far"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    child.kill().await.unwrap();
    kill(waiting);
}

/// What is said of it.
const SAID: [&str; 6] = [
    "a push of the schema",
    "was cut off",
    "made: Invoice_userId_idx of Invoice",
    "new collections: Coupon",
    "dropped: Invoice_dueAt_ttl of Invoice",
    "--put-back",
];

#[tokio::test]
async fn the_next_start_says_what_a_killed_push_did_and_a_later_push_forgets_none_of_it() {
    let (case, _) = shop::migrated().await;
    let before = picture::indexes(&case.database, "Invoice").await;
    cut_off(&case).await;
    case.ringfence(&["status"]).await.says(&SAID);
    // It is said until somebody looked at it, not once alone.
    case.ringfence(&["status"]).await.says(&SAID);
    let rest = [
        drops("Invoice", "Invoice_place_geo"),
        makes("Coupon", "Coupon_code_idx", doc! { "code": 1 }),
    ];
    let ended = push(&case, &rest).await.code(0).says(&SAID);
    ended.says(&["dropped: Invoice_place_geo of Invoice"]);
    let status = case.ringfence(&["status"]).await;
    assert!(!status.out.contains("cut off"), "{}", status.out);
    case.ringfence(&["push", "--put-back", "--confirm", &case.name])
        .await
        .code(0)
        .says(&["2 indexes put back: Invoice_dueAt_ttl of Invoice, Invoice_place_geo of Invoice"]);
    let mut now = picture::indexes(&case.database, "Invoice").await;
    assert!(now.remove("Invoice_userId_idx").is_some());
    assert_eq!(now, before);
}

#[tokio::test]
async fn a_rollback_undoes_a_push_that_nobody_looked_at() {
    let (case, before) = shop::migrated().await;
    cut_off(&case).await;
    case.roll_back(&[]).await.code(0).says(&[
        "indexes that a push had dropped stand again: Invoice_dueAt_ttl of Invoice",
        "indexes that a push had made are dropped: Invoice_userId_idx of Invoice",
        "empty collections that a push had made are dropped: Coupon",
    ]);
    shop::assert_back(&before, &case.picture().await, &[]);
    let status = case.ringfence(&["status"]).await;
    assert!(!status.out.contains("cut off"), "{}", status.out);
}

#[tokio::test]
async fn a_command_that_is_killed_is_told_with_what_it_did() {
    let (case, _) = shop::migrated().await;
    let commands = [drops("Invoice", "Invoice_place_geo"), doc! { "killed": 1 }];
    push(&case, &commands).await.code(1).says(&[
        "the command failed (a signal ended it)",
        "dropped: Invoice_place_geo of Invoice",
    ]);
    let status = case.ringfence(&["status"]).await;
    assert!(!status.out.contains("cut off"), "{}", status.out);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_a_kill_in_the_middle_the_drops_can_be_put_back_and_the_push_can_be_run_again() {
    let (case, _) = shop::migrated().await;
    let before = picture::indexes(&case.database, "Invoice").await;
    cut_off(&case).await;
    case.ringfence(&["push", "--put-back", "--confirm", &case.name])
        .await
        .code(0)
        .says(&["1 index put back: Invoice_dueAt_ttl of Invoice"]);
    let mut now = picture::indexes(&case.database, "Invoice").await;
    assert!(now.remove("Invoice_userId_idx").is_some());
    assert_eq!(now, before);
    let rest = &as_prisma_does()[1..];
    push(&case, rest).await.code(0);
}
