//! The server's write block around an apply: who is refused, who is not, what is said, and how it ends.

use bson::{Document, doc};
use mongodb::Client;
use mongodb::options::ClientOptions;

use crate::cli::privileges::Guarded;
use crate::support::case::Case;
use crate::support::data;

const MOVER: &str = "mover:pa55-w0rd";

/// A guarded database with a mover, who may set the block and write past it, and an application of its own user.
pub async fn guarded() -> (Guarded, Case, Client) {
    let guarded = Guarded::start().await;
    let admin = guarded.case.database.client().database("admin");
    let cluster = [
        "setUserWriteBlockMode",
        "bypassWriteBlockingMode",
        "inprog",
        "serverStatus",
    ];
    data::run(
        &admin,
        doc! {
            "createRole": "blocker", "roles": [],
            "privileges": [
                { "resource": { "cluster": true }, "actions": cluster.to_vec() },
                { "resource": { "db": "", "collection": "" }, "actions": ["viewUser"] },
            ],
        },
    )
    .await;
    let shop = |role: &str| doc! { "role": role, "db": "shop" };
    let roles = vec![
        shop("readWrite"),
        shop("dbAdmin"),
        doc! { "role": "blocker", "db": "admin" },
    ];
    data::run(
        &admin,
        doc! { "createUser": "mover", "pwd": "pa55-w0rd", "roles": roles },
    )
    .await;
    data::run(
        &admin,
        doc! { "createUser": "shop", "pwd": "pa55-w0rd", "roles": [shop("readWrite"), shop("dbAdmin")] },
    )
    .await;
    let mover = guarded.case_of(MOVER).await;
    let mut options = ClientOptions::parse(guarded.uri("shop:pa55-w0rd"))
        .await
        .unwrap();
    options.app_name = Some("the shop".to_owned());
    let shop = Client::with_options(options).unwrap();
    (guarded, mover, shop)
}

async fn write(client: &Client) -> Result<(), Option<i32>> {
    let events = client.database("shop").collection::<Document>("Event");
    let result = events.insert_one(doc! { "at": 1 }).await;
    result.map(|_| ()).map_err(|error| match *error.kind {
        mongodb::error::ErrorKind::Write(mongodb::error::WriteFailure::WriteError(error)) => {
            Some(error.code)
        }
        mongodb::error::ErrorKind::Command(error) => Some(error.code),
        _ => None,
    })
}

const BLOCKED: Result<(), Option<i32>> = Err(Some(371));

#[tokio::test]
async fn an_apply_with_the_block_refuses_every_other_writer_until_it_is_released() {
    let (_guarded, mover, shop) = guarded().await;
    write(&shop).await.unwrap();
    mover.plan().await;
    let ended = mover.apply(&["--block-writes"]).await.code(0);
    ended.says(&[
        "Stop the application: ",
        "WRITES ARE BLOCKED in every database of this cluster since",
        "the shop",
    ]);
    assert_eq!(write(&shop).await, BLOCKED);
    mover.ringfence(&["verify"]).await.code(0);
    let report = mover.ringfence(&["report"]).await.code(0);
    report.says(&["unlock --write-block"]);
    // The way to release it without us was written down before it was set.
    let runs = std::fs::read_dir(mover.path("ringfence-runs")).unwrap();
    let mut files = runs.map(|run| run.unwrap().path().join("release-write-block.txt"));
    let file = files.find(|path| path.exists()).expect("the release file");
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .contains("setUserWriteBlockMode: 1, global: false")
    );

    mover.ringfence(&["unlock", "--write-block"]).await.code(3);
    assert_eq!(write(&shop).await, BLOCKED);
    mover
        .ringfence(&["unlock", "--write-block", "--confirm", "shop"])
        .await
        .code(0)
        .says(&["the write block is released"]);
    write(&shop).await.unwrap();
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_block_whose_release_cannot_be_written_down_is_not_set_and_not_said_to_be() {
    let (_guarded, mover, shop) = guarded().await;
    mover.plan().await;
    mover.apply(&["--through", "backup"]).await.code(0);
    let mut runs = std::fs::read_dir(mover.path("ringfence-runs")).unwrap();
    let run = runs.find_map(|run| {
        let path = run.unwrap().path();
        path.is_dir().then_some(path)
    });
    // A folder in the file's place, which is as good as a full disk.
    let place = run.unwrap().join("release-write-block.txt");
    std::fs::create_dir(&place).unwrap();
    let block = ["--block-writes", "--through", "stop"];
    let ended = mover.apply(&block).await.code(1);
    ended.says(&["it was not set: nobody's writes are blocked"]);
    let status = mover.ringfence(&["status"]).await.code(0);
    assert!(!status.out.contains("WRITES ARE BLOCKED"), "{}", status.out);
    write(&shop).await.unwrap();
    std::fs::remove_dir(&place).unwrap();
    mover.apply(&block).await.code(0);
    assert_eq!(write(&shop).await, BLOCKED);
    mover
        .ringfence(&["unlock", "--write-block", "--confirm", "shop"])
        .await
        .code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_client_that_may_write_past_the_block_keeps_the_verdict_at_quiet_and_is_named() {
    let (guarded, mover, _shop) = guarded().await;
    let mut options = ClientOptions::parse(guarded.uri("root:r00t"))
        .await
        .unwrap();
    options.app_name = Some("as root".to_owned());
    let root = Client::with_options(options).unwrap();
    root.database("shop")
        .run_command(doc! { "ping": 1 })
        .await
        .unwrap();
    mover.plan().await;
    let ended = mover
        .apply(&["--block-writes", "--through", "stop"])
        .await
        .code(0);
    ended.says(&[
        "QUIET: no foreign write",
        "these may write all the same",
        "as root",
    ]);
    write(&root).await.unwrap();
    mover
        .roll_back(&[])
        .await
        .code(0)
        .says(&["WRITES ARE BLOCKED"]);
    mover
        .ringfence(&["unlock", "--write-block", "--confirm", "shop"])
        .await
        .code(0);
}

#[tokio::test]
async fn with_nobody_past_it_the_verdict_is_blocked() {
    let (guarded, mover, shop) = guarded().await;
    let uri = guarded.uri("root:r00t");
    drop(guarded.case); // its root may write past the block, so it has to be gone
    write(&shop).await.unwrap();
    mover.plan().await;
    let mut said = mover
        .apply(&["--block-writes", "--through", "stop"])
        .await
        .code(0);
    let began = std::time::Instant::now();
    while !said.err.contains("BLOCKED: the server refuses") {
        // Its connections close in their own time; every apply looks again.
        assert!(began.elapsed().as_secs() < 20, "{}", said.err);
        said = mover.apply(&["--through", "stop"]).await.code(0);
    }
    assert_eq!(write(&shop).await, BLOCKED);
    let root = Client::with_uri_str(uri).await.unwrap();
    let release = doc! { "setUserWriteBlockMode": 1, "global": false };
    root.database("admin").run_command(release).await.unwrap();
    write(&shop).await.unwrap();
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn without_the_privileges_nothing_is_set_and_the_reason_is_said() {
    let (guarded, _mover, shop) = guarded().await;
    let writer = guarded.case_of("shop:pa55-w0rd").await;
    writer.plan().await;
    let refused = writer.apply(&["--block-writes", "--through", "stop"]).await;
    assert_ne!(refused.code, 0);
    refused.says(&["setUserWriteBlockMode and bypassWriteBlockingMode"]);
    write(&shop).await.unwrap();

    let open = Case::seeded().await;
    open.plan().await;
    let refused = open.apply(&["--block-writes", "--through", "stop"]).await;
    assert_ne!(refused.code, 0);
    refused.says(&["nobody authenticates on this server"]);
}
