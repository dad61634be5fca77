//! What was spoiled between two commands is found and made anew: a folder of the backup that is gone, a prepared copy that lost a document.

use bson::{Document, doc};

use crate::support::case::Case;
use crate::support::picture::{self, Picture};

/// The folder of the run's backup.
async fn backup_of(case: &Case) -> String {
    let session = case.session().await;
    let run = session.run.open().unwrap();
    run.backup.clone().unwrap().path
}

/// The records of runs stay; all else is as it was.
async fn assert_same(case: &Case, before: &Picture) {
    let (before, now) = (
        picture::but_runs(before),
        picture::but_runs(&case.picture().await),
    );
    let differences = picture::differences(&before, &now, true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn a_backup_that_is_gone_is_taken_again_before_the_cut_over() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let folder = backup_of(&case).await;
    case.ringfence(&["report"])
        .await
        .says(&["nothing was cut over: nothing to undo"]);
    std::fs::remove_dir_all(&folder).unwrap();
    case.ringfence(&["status"])
        .await
        .says(&["the backup is gone: there is no folder"]);
    case.apply(&[]).await.code(0);
    let again = backup_of(&case).await;
    assert!(std::path::Path::new(&again).is_dir(), "{again}");
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    assert_same(&case, &before).await;
}

#[tokio::test]
async fn a_copy_whose_proof_failed_is_prepared_again_by_the_next_apply() {
    for copy in ["_ringfence_next_Booking", "_ringfence_next_Customer"] {
        let case = Case::seeded().await;
        let before = case.picture().await;
        case.plan().await;
        case.apply(&["--through", "bookings"]).await.code(0);
        let prepared = case.database.collection::<Document>(copy);
        let gone = prepared.delete_one(doc! {}).await.unwrap();
        assert_eq!(gone.deleted_count, 1);
        case.apply(&[]).await.code(2).says(&["the proof failed"]);
        case.apply(&[]).await.code(0);
        case.ringfence(&["verify"]).await.code(0);
        case.roll_back(&[]).await.code(0);
        assert_same(&case, &before).await;
    }
}
