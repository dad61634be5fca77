//! A rollback never makes things worse: without its original, or over one that was changed, it refuses before the first rename.

use bson::{Document, doc};

use crate::support::case::Case;
use crate::support::picture;

/// Rolls back in every way, and fails unless each is refused with these words and changes nothing.
async fn refused(case: &Case, words: &[&str]) {
    let before = case.picture().await;
    for options in [&[][..], &["--keep-new"], &["--discard-new"]] {
        case.roll_back(options).await.code(2).says(words);
        let (was, now) = (picture::but_lease(&before), case.picture().await);
        let (was, now) = (
            picture::but_runs(&was),
            picture::but_runs(&picture::but_lease(&now)),
        );
        let differences = picture::differences(&was, &now, true);
        assert!(differences.is_empty(), "{options:?}: {differences:#?}");
    }
}

#[tokio::test]
async fn an_original_that_is_gone_is_said_and_nothing_is_renamed() {
    for name in ["Booking", "User"] {
        let case = Case::seeded().await;
        case.migrate().await;
        let original = format!("_ringfence_before_{name}");
        case.database
            .collection::<Document>(&original)
            .drop()
            .await
            .unwrap();
        let gone = format!("the original of {name} is gone");
        refused(
            &case,
            &[&gone, "Nothing was changed", "ringfence restore --from"],
        )
        .await;
        case.ringfence(&["verify"]).await.code(2).says(&[&gone]);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_original_that_was_changed_since_the_cut_over_never_comes_back_as_the_same() {
    for (name, change) in [
        ("Booking", doc! { "$set": { "status": "changed" } }),
        ("User", doc! { "$unset": { "name": "" } }),
    ] {
        let case = Case::seeded().await;
        case.migrate().await;
        let original = format!("_ringfence_before_{name}");
        let kept = case.database.collection::<Document>(&original);
        kept.update_one(doc! { "name": { "$ne": 1 } }, change)
            .await
            .unwrap();
        refused(&case, &[&original, "was changed since the cut-over"]).await;
        let ended = case.ringfence(&["verify"]).await.code(2);
        let changed = format!("- {original}, the original of {name}, was changed");
        let first = ended.out.lines().find(|line| line.contains("- ")).unwrap();
        assert!(first.contains(&changed), "{}", ended.out);
        let gate = case.session().await.finish_gate().await.unwrap();
        let mut said = gate.lost.iter();
        let said = said.any(|line| line.contains("was changed since the cut-over"));
        assert!(said, "{:?}", gate.lost);
    }
    let case = Case::seeded().await;
    case.migrate().await;
    let kept = case
        .database
        .collection::<Document>("_ringfence_before_Booking");
    kept.delete_one(doc! {}).await.unwrap();
    refused(&case, &["was changed since the cut-over"]).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_original_that_was_renamed_is_found_and_comes_back() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let admin = case.database.client().database("admin");
    let of = |name: &str| format!("{}.{name}", case.name);
    admin
        .run_command(
            doc! { "renameCollection": of("_ringfence_before_Booking"), "to": of("old_bookings") },
        )
        .await
        .unwrap();
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_run_whose_record_is_gone_is_said_by_every_command() {
    let case = Case::seeded().await;
    case.migrate().await;
    case.database
        .collection::<Document>("_ringfence_runs")
        .drop()
        .await
        .unwrap();
    let words = ["_ringfence_before_Booking", "ringfence restore --from"];
    case.ringfence(&["verify"]).await.code(2).says(&words);
    case.ringfence(&["status"]).await.code(0).says(&words);
    case.roll_back(&[]).await.code(1).says(&words);
    // Nothing begins over them, and no mapping is at fault.
    let plan = ["plan", "--defaults", "--out", "again.json"];
    case.ringfence(&plan).await.code(1).says(&words);
    case.apply(&[]).await.code(1).says(&words);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_run_record_that_cannot_be_read_is_said_in_words_by_every_command_and_a_way_leads_on() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let runs = case.database.collection::<Document>("_ringfence_runs");
    let record = runs.find_one(doc! {}).await.unwrap().unwrap();
    let backup = record.get_document("backup").unwrap();
    let backup = backup.get_str("path").unwrap().to_owned();
    let damages = [
        (doc! { "$set": { "outcome": "somehow" } }, "outcome"),
        (doc! { "$unset": { "mapping": 1 } }, "mapping"),
        (doc! { "$set": { "collections": 7 } }, "collections"),
        (doc! { "$unset": { "started": 1 } }, "started"),
        (
            doc! { "$set": { "tool": "99.0.0", "outcome": "x" } },
            "ringfence 99.0.0",
        ),
    ];
    let verbs: [&[&str]; 9] = [
        &["status"],
        &["verify"],
        &["survey"],
        &["report"],
        &["strays"],
        &["rollback", "--confirm", &case.name],
        &["finish", "--confirm", &case.name],
        &["purge", "--confirm", &case.name],
        &["unlock"],
    ];
    for (at, (damage, word)) in damages.into_iter().enumerate() {
        runs.update_one(doc! {}, damage).await.unwrap();
        // All of them say the same, so one damage is enough for all.
        for verb in &verbs[..if at == 0 { verbs.len() } else { 2 }] {
            let ended = case.ringfence(verb).await.code(1);
            let said = format!("{}{}", ended.out, ended.err);
            for no in [
                "BSON",
                "Kind:",
                "invalid type",
                "unknown variant",
                "somehow",
            ] {
                assert!(!said.contains(no), "{verb:?}: {said}");
            }
            ended.says(&[
                "cannot be read",
                word,
                "Nothing was changed",
                "_ringfence_before_Booking",
                &backup,
            ]);
        }
        runs.replace_one(doc! {}, &record).await.unwrap();
    }
    let admin = case.database.client().database("admin");
    let of = |name: &str| format!("{}.{name}", case.name);
    let away =
        doc! { "renameCollection": of("_ringfence_runs"), "to": of("_ringfence_runs_damaged") };
    admin.run_command(away).await.unwrap();
    case.roll_back(&["--without-record", "--backup", &backup])
        .await
        .code(0)
        .says(&["byte for byte"]);
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    let left = case.database.list_collection_names().await.unwrap();
    assert!(!left.iter().any(|it| it.contains("damaged")), "{left:?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_stands_in_the_way_of_a_rollback_keeps_the_cut_over_shut() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let way = case
        .database
        .collection::<Document>("_ringfence_before_Booking");
    way.insert_one(doc! { "of": "another" }).await.unwrap();
    case.apply(&[])
        .await
        .code(1)
        .says(&["_ringfence_before_Booking would block a rollback"]);
    way.drop().await.unwrap();
    case.apply(&[]).await.code(0);
}
