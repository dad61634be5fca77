//! A migration that is finished, and then something befalls the database: every verb says what is true of what stands now.

use bson::doc;

use crate::by_backup::world::{backup, dump_drop_and_restore, of, rename};
use crate::support::case::Case;
use crate::support::data;
use crate::support::nth;

async fn finished(case: &Case) {
    case.migrate().await;
    let finish = ["finish", "--confirm", &case.name];
    case.ringfence(&finish).await.code(0);
}

async fn apply_again(case: &Case) -> crate::support::case::Ended {
    case.apply(&[]).await
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_restored_under_the_same_names_is_verified_and_not_passed_over() {
    let case = Case::seeded().await;
    finished(&case).await;
    let live = of(&case, "Booking").count_documents(doc! {}).await.unwrap();
    assert!(live > 100);
    let says = format!("live bookings {live} = ");
    case.ringfence(&["verify"]).await.code(0).says(&[&says]);
    dump_drop_and_restore(&case).await;
    case.ringfence(&["verify"]).await.code(0).says(&[&says]);
    case.ringfence(&["survey"])
        .await
        .code(0)
        .says(&["migrated by run"]);
    // A booking in the old form is found there too.
    let one = doc! { "customerId": { "$ne": null } };
    let unset = doc! { "$unset": { "customerId": 1 } };
    of(&case, "Booking").update_one(one, unset).await.unwrap();
    case.ringfence(&["verify"])
        .await
        .code(2)
        .says(&["1 booking has no customerId"]);
}

#[tokio::test]
async fn a_collection_of_the_migration_that_is_gone_is_a_finding_and_never_nothing_to_do() {
    let case = Case::seeded().await;
    finished(&case).await;
    for name in ["Customer", "Booking", "User"] {
        rename(&case, name, "Elsewhere").await;
        // It is found by its UUID.
        case.ringfence(&["verify"]).await.code(0);
        rename(&case, "Elsewhere", name).await;
    }
    for name in ["Booking", "Customer"] {
        of(&case, name).drop().await.unwrap();
        let gone = format!("collection {name}, which the migration made, is gone");
        case.ringfence(&["verify"]).await.code(2).says(&[&gone]);
        for verb in [
            &["survey"][..],
            &["plan", "--defaults", "--out", "other.json"],
        ] {
            let ended = case.ringfence(verb).await.code(2);
            drop(ended.says(&["collections are gone: ", name]));
        }
        drop(apply_again(&case).await.code(2).says(&["are gone: ", name]));
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_restore_that_is_half_done_after_a_finish_is_said_by_every_verb() {
    let server = nth::server().await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    finished(&case).await;
    let from = backup(&case);
    let restore = ["restore", "--from", &from, "--replace", "--confirm", "shop"];
    assert!(nth::kill_at(&case, &restore, "renameCollection", 2).await);
    for verb in [
        &["verify"][..],
        &["survey"],
        &["plan", "--defaults", "--out", "other.json"],
        &["apply", "--plan", "plan.json", "--confirm", "shop"],
    ] {
        let ended = case.ringfence(verb).await.code(1);
        drop(ended.says(&["a restore is half done"]));
    }
    case.ringfence(&restore).await.code(0);
    let surveyed = case.ringfence(&["survey"]).await;
    assert!(surveyed.out.contains("150 bookings"), "{surveyed:?}");
}
