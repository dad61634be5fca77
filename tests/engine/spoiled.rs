//! What was spoiled between two commands is found and made anew: a folder of the backup that is gone, a prepared copy that lost a document.

use bson::{Document, doc};

use ringfence::domain::gate::Destructive;

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

/// What is taken from under a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Backup,
    OneFile,
    RunFolder,
}

impl Taken {
    fn take(self, folder: &std::path::Path) {
        match self {
            Self::Backup => std::fs::remove_dir_all(folder).unwrap(),
            Self::OneFile => {
                let of_database = std::fs::read_dir(folder).unwrap().filter_map(|it| {
                    let path = it.unwrap().path();
                    path.is_dir().then_some(path)
                });
                let data = of_database.last().unwrap().join("Booking.bson");
                std::fs::remove_file(data).unwrap();
            }
            Self::RunFolder => std::fs::remove_dir_all(folder.parent().unwrap()).unwrap(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Backup | Self::RunFolder => "the backup is gone: there is no folder",
            Self::OneFile => "the backup is not whole: a file in",
        }
    }
}

#[tokio::test]
async fn a_backup_that_went_after_the_cut_over_is_said_by_all_that_name_it_and_the_way_back_stands()
{
    for taken in [Taken::Backup, Taken::OneFile, Taken::RunFolder] {
        let case = Case::seeded().await;
        let before = case.picture().await;
        case.migrate().await;
        let folder = std::path::PathBuf::from(backup_of(&case).await);
        for words in [&["status"][..], &["report"], &["verify"]] {
            let said = case.ringfence(words).await.code(0);
            assert!(
                !said.out.contains("the backup is"),
                "{words:?}: {}",
                said.out
            );
        }
        taken.take(&folder);
        let gone = taken.words();
        for words in [&["status"][..], &["report"], &["report", "--json"]] {
            case.ringfence(words).await.code(0).says(&[gone]);
        }
        for words in [&["status"][..], &["report"], &["status", "--json"]] {
            let said = case.ringfence(words).await.code(0).out;
            let lost = ["the export is gone", "the models to copy are gone"];
            for word in lost {
                let all = taken == Taken::RunFolder;
                assert_eq!(said.contains(word), all, "{words:?}: {said}");
            }
        }
        let verified = case.ringfence(&["verify"]).await.code(0);
        verified.says(&[gone, "a rollback needs no backup"]);
        let mut session = case.session().await;
        let gate = session.gate(Destructive::Finish).await.unwrap();
        assert!(gate.backup.says.contains(gone), "{:?}", gate.backup);
        assert!(!gate.backup.holds);
        let back = format!("none: {gone}");
        assert!(gate.way_back.says.contains(&back), "{:?}", gate.way_back);
        drop(session);
        let rolled_back = case.roll_back(&[]).await;
        rolled_back.code(0);
        case.ringfence(&["report"]).await.says(&[gone]);
        assert_same(&case, &before).await;
    }
}

#[tokio::test]
async fn a_finish_whose_backup_is_gone_says_what_is_lost_with_it() {
    let case = Case::seeded().await;
    case.migrate().await;
    let folder = backup_of(&case).await;
    std::fs::remove_dir_all(&folder).unwrap();
    let (gone, database) = (Taken::Backup.words(), case.name.clone());
    let finished = case.ringfence(&["finish", "--confirm", &database]).await;
    finished.code(0).says(&[gone, "nothing leads back"]);
    let back = case.roll_back(&[]).await;
    back.code(1)
        .says(&["restore --from", gone, "name a copy of it"]);
    let purged = case.ringfence(&["purge", "--confirm", &database]).await;
    purged.code(0).says(&[gone, "is then nowhere else"]);
}
