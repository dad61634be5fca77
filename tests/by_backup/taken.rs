//! `apply --backup`: an operator's own dump is the run's backup where it equals the database, to the last index.

use bson::doc;

use crate::by_backup::world::{assert_back, book, lose_record, of};
use crate::support::case::Case;
use crate::support::data;
use crate::support::picture;

/// A folder as mongodump leaves it: ours without the manifest.
async fn dump(case: &Case) -> String {
    let out = case.path("dump");
    if out.exists() {
        std::fs::remove_dir_all(&out).unwrap();
    }
    let text = out.display().to_string();
    case.ringfence(&["backup", "--out", &text]).await.code(0);
    std::fs::remove_file(out.join("ringfence-backup.json")).unwrap();
    text
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_dump_that_equals_the_database_is_the_runs_backup_for_every_way_back() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.plan().await;
    let dump = dump(&case).await;
    case.apply(&["--backup", &dump, "--through", "backup"])
        .await
        .code(0)
        .says(&["equal to what is live, options and indexes too"]);
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.ringfence(&["report"]).await.code(0).says(&["/dump"]);
    let runs = std::fs::read_dir(case.path("ringfence-runs")).unwrap();
    let run = runs.map(|run| run.unwrap().path()).max().unwrap();
    assert!(!run.join("backup-1").exists());
    book(&case, 700).await;
    // The whole folder is read for it, as that of any mongodump.
    let words = [
        "restore",
        "--from",
        &dump,
        "--replace",
        "--confirm",
        &case.name,
    ];
    case.ringfence(&words).await.code(0);
    assert_back(&case, &before, false).await;
    case.plan().await;
    case.apply(&["--backup", &dump]).await.code(0);
    lose_record(&case).await;
    case.roll_back(&["--without-record", "--backup", &dump])
        .await
        .code(0);
    assert_back(&case, &before, false).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_dump_that_is_other_than_the_database_is_refused_and_says_in_what() {
    let case = Case::seeded().await;
    case.plan().await;
    let whole = dump(&case).await;
    let apply = ["--backup", &whole, "--through", "prove"];
    let refused = async |words: &str| {
        let before = case.picture().await;
        case.apply(&apply).await.code(2).says(&[
            words,
            "cannot be this run's backup",
            "Nothing was changed",
        ]);
        let now = case.picture().await;
        let (before, now) = (picture::but_runs(&before), picture::but_runs(&now));
        assert_eq!(
            picture::differences(&before, &now, true),
            Vec::<String>::new()
        );
    };
    let run = async |command| data::run(&case.database, command).await;
    run(doc! { "createIndexes": "Invoice", "indexes": [{ "key": { "x": 1 }, "name": "x_1" }] })
        .await;
    refused("Invoice has other options or indexes now").await;
    run(doc! { "dropIndexes": "Invoice", "index": "x_1" }).await;
    run(doc! { "collMod": "User", "validationAction": "error" }).await;
    refused("User has other options or indexes now").await;
    run(doc! { "collMod": "User", "validationAction": "warn" }).await;
    let invoices = of(&case, "Invoice");
    let one = invoices
        .find_one_and_delete(doc! {})
        .await
        .unwrap()
        .unwrap();
    refused("Invoice holds other documents now (19 documents here, 20 documents in the dump)")
        .await;
    invoices.insert_one(one).await.unwrap();
    of(&case, "Later")
        .insert_one(doc! { "_id": 1 })
        .await
        .unwrap();
    refused("it does not hold Later").await;
    of(&case, "Later").drop().await.unwrap();
    // A run of its own folder is left as it is: with all undone, the same dump serves.
    case.apply(&["--backup", &whole]).await.code(0);
    let none = case.apply(&["--backup", "nowhere"]).await;
    assert!([0, 1].contains(&none.code), "{none:?}");
}
