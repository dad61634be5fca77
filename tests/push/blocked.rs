//! A push while the server's write block is set: it stays where our user writes past it, and is lifted around the command elsewhere.

use bson::{Document, doc};
use ringfence::demo::server::Topology;

use crate::push::shop::{self, as_prisma_does, push};
use crate::support;
use crate::support::case::Case;

async fn set(case: &Case, block: bool) {
    let admin = case.database.client().database("admin");
    crate::support::data::run(&admin, doc! { "setUserWriteBlockMode": 1, "global": block }).await;
}

async fn is_set(case: &Case) -> bool {
    let admin = case.database.client().database("admin");
    let status = crate::support::data::run(&admin, doc! { "serverStatus": 1, "repl": 1 }).await;
    let mode = status.get_document("repl").unwrap();
    mode.get_i32("userWriteBlockMode").unwrap() == 2
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn where_our_user_may_not_write_past_it_the_block_is_lifted_around_the_command_and_writes_are_counted()
 {
    let server = support::private(Topology::ReplicaSet(1), &[]).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    let (case, _) = shop::seeded_in(case).await;
    case.migrate().await;
    set(&case, true).await;
    let mut commands = as_prisma_does();
    let late = doc! { "number": "late" };
    commands.push(doc! { "insert": "Invoice", "documents": [late] });
    push(&case, &commands).await.code(0).says(&[
        "THE WHOLE CLUSTER IS OPEN",
        "the write block was lifted for the command and is set again; written meanwhile: 1 write to Invoice",
    ]);
    assert!(is_set(&case).await);
    // A command that fails leaves it set, too.
    push(&case, &[doc! { "exit": 1 }])
        .await
        .code(1)
        .says(&["is set again"]);
    assert!(is_set(&case).await);
    let invoices = case.database.collection::<Document>("Invoice");
    assert!(invoices.insert_one(doc! { "number": "x" }).await.is_err());
    set(&case, false).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn where_our_user_writes_past_it_the_block_stays() {
    let server = support::private_with_access_control(Topology::ReplicaSet(1)).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    let (case, _) = shop::seeded_in(case).await;
    case.migrate().await;
    set(&case, true).await;
    let ended = push(&case, &as_prisma_does()).await.code(0);
    assert!(!ended.err.contains("lifted"), "{}", ended.err);
    ended.says(&["the server's write block stays", "made: "]);
    assert!(is_set(&case).await);
    set(&case, false).await;
}
