//! What a push says before and after, what it leaves in the run record, and how its drops are put back.

use bson::doc;

use crate::push::shop::{self, as_prisma_does, push, push_with};
use crate::push::stand_in::{self, drops};
use crate::support::picture;

#[tokio::test]
async fn a_push_names_what_it_made_and_dropped_and_one_command_puts_the_drops_back() {
    let (case, _) = shop::migrated().await;
    let before = picture::indexes(&case.database, "Invoice").await;
    let ended = push(&case, &as_prisma_does()).await.code(0);
    assert!(
        ended
            .err
            .contains("the address is among its arguments: false"),
        "{}",
        ended.err
    );
    let gate = ended.err.find("a push drops, because").unwrap();
    let ran = ended.err.find("the stand-in begins").unwrap();
    assert!(gate < ran, "{}", ended.err);
    ended.says(&[
        "a push makes the indexes: Invoice_userId_idx of Invoice, Coupon_code_idx of Coupon",
        "a push makes the collections: Coupon",
        "it connects to …",
        "did dropIndexes",
        "made: Invoice_userId_idx of Invoice",
        "new collections: Coupon",
        "dropped: Invoice_dueAt_ttl of Invoice, Invoice_place_geo of Invoice",
        "--put-back",
    ]);
    let put_back = ["push", "--put-back", "--confirm", &case.name];
    case.ringfence(&put_back)
        .await
        .code(0)
        .says(&["2 indexes put back: Invoice_dueAt_ttl of Invoice, Invoice_place_geo of Invoice"]);
    let mut now = picture::indexes(&case.database, "Invoice").await;
    assert!(now.remove("Invoice_userId_idx").is_some());
    assert_eq!(now, before);
    case.ringfence(&put_back)
        .await
        .code(0)
        .says(&["every index that stood before the push stands"]);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn without_its_key_or_before_the_cut_over_nothing_runs() {
    let (case, before) = shop::seeded().await;
    let commands = as_prisma_does();
    push(&case, &commands)
        .await
        .code(1)
        .says(&["the cut-over comes first"]);
    shop::assert_back(&before, &case.picture().await, &[]);
    case.migrate().await;
    let live = case.picture().await;
    let wrong = [
        "push",
        "--schema",
        "after.prisma",
        "--confirm",
        "other",
        "--",
        "false",
    ];
    case.ringfence(&wrong).await.code(3);
    let none = ["push", "--schema", "after.prisma", "--", "false"];
    case.ringfence(&none)
        .await
        .code(3)
        .says(&["a push drops, because"]);
    let nowhere = ["push", "--confirm", &case.name, "--", "true"];
    case.ringfence(&nowhere)
        .await
        .code(1)
        .says(&["no schema is named", "--schema"]);
    case.assert_same(&live).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_drop_that_the_gate_did_not_name_ends_with_2() {
    let (case, _) = shop::migrated().await;
    let mut commands = as_prisma_does();
    commands.push(drops("Invoice", "Invoice_words_text"));
    let ended = push(&case, &commands).await.code(2);
    ended.says(&["dropped what its gate did not name: Invoice_words_text of Invoice."]);
    case.ringfence(&["push", "--put-back", "--confirm", &case.name])
        .await
        .code(0)
        .says(&["3 indexes put back", "Invoice_words_text"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_command_that_fails_ends_with_1_and_what_it_did_until_then_is_said() {
    let (case, _) = shop::migrated().await;
    let commands = [drops("Invoice", "Invoice_place_geo"), doc! { "exit": 7 }];
    push(&case, &commands).await.code(1).says(&[
        "the command failed (exit code 7)",
        "it fails",
        "dropped: Invoice_place_geo of Invoice",
    ]);
    let missing = [
        "push",
        "--schema",
        "after.prisma",
        "--confirm",
        &case.name,
        "--",
        "no-such-program",
    ];
    case.ringfence(&missing)
        .await
        .code(1)
        .says(&["no-such-program cannot be started"]);
    case.ringfence(&["status"])
        .await
        .says(&["Update the schema"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_schema_that_reads_another_variable_is_named_before_and_a_push_elsewhere_is_found() {
    let (case, _) = shop::migrated().await;
    let schema = shop::SCHEMA.replace("DATABASE_URL", "SHOP_URL");
    std::fs::write(case.path("after.prisma"), schema).unwrap();
    let elsewhere = format!("{}_elsewhere", case.name);
    let uri = crate::support::shared().uri(&elsewhere);
    let variables = [(stand_in::VARIABLE, "SHOP_URL"), ("SHOP_URL", uri.as_str())];
    let commands = &as_prisma_does()[..3];
    let ended = push_with(&case, commands, &variables).await.code(2);
    let named = ended
        .err
        .find("the schema reads SHOP_URL, not DATABASE_URL")
        .unwrap();
    assert!(named < ended.err.find("the stand-in begins").unwrap());
    ended.says(&[
        "do not stand in the database",
        "Invoice_userId_idx of Invoice",
    ]);
    case.database
        .client()
        .database(&elsewhere)
        .drop()
        .await
        .unwrap();
}
