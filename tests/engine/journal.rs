//! The journal in the run folder: it mirrors the run record, and what does not fit it is refused before anything is written.

use std::path::PathBuf;

use bson::{Document, doc};

use crate::support::case::Case;

async fn begun() -> (Case, PathBuf) {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let record = record(&case).await;
    let folder = case
        .path("ringfence-runs")
        .join(record.get_str("_id").unwrap());
    (case, folder.join("journal.jsonl"))
}

async fn record(case: &Case) -> Document {
    let runs = case.database.collection::<Document>("_ringfence_runs");
    runs.find_one(doc! {}).await.unwrap().unwrap()
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_journal_tells_the_run_record_line_by_line() {
    let (case, journal) = begun().await;
    case.apply(&[]).await.code(0);
    let text = std::fs::read_to_string(&journal).unwrap();
    let mut told = serde_json::Map::new();
    for line in text.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        told.extend(entry["changed"].as_object().unwrap().clone());
    }
    let record = record(&case).await;
    let steps: Vec<_> = record.get_document("steps").unwrap().keys().collect();
    let mut told_steps: Vec<_> = told["steps"].as_object().unwrap().keys().collect();
    told_steps.sort();
    assert_eq!(told_steps, steps);
    assert_eq!(told["saves"], record.get_i64("saves").unwrap());
    let hash = record
        .get_document("plan")
        .unwrap()
        .get_str("hash")
        .unwrap();
    assert_eq!(told["plan"], hash);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_changed_journal_or_a_database_that_was_set_back_is_refused_and_nothing_is_written() {
    let (case, journal) = begun().await;
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(
        &journal,
        text.replacen("\"state\":\"done\"", "\"state\":\"over\"", 1),
    )
    .unwrap();
    let before = case.picture().await;
    let refused = case.apply(&[]).await.code(1);
    refused.says(&[
        "journal.jsonl was changed: line",
        "Nothing was changed",
        "move the file aside",
    ]);
    case.assert_same(&before).await;
    std::fs::write(&journal, &text).unwrap();
    let saves = record(&case).await.get_i64("saves").unwrap();
    let runs = case.database.collection::<Document>("_ringfence_runs");
    let back = doc! { "$set": { "saves": saves - 2 } };
    runs.update_one(doc! {}, back).await.unwrap();
    let refused = case.apply(&[]).await.code(1);
    refused.says(&[
        "the database was set back",
        &format!("save {saves}"),
        &format!("save {}", saves - 2),
    ]);
    std::fs::rename(&journal, journal.with_extension("aside")).unwrap();
    case.apply(&[])
        .await
        .code(0)
        .says(&["writers stand still since", "ringfence's share is"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_journal_that_cannot_be_written_keeps_nobody_from_going_back() {
    let (case, journal) = begun().await;
    case.apply(&[]).await.code(0);
    std::fs::remove_file(&journal).unwrap();
    std::fs::create_dir(&journal).unwrap();
    case.roll_back(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_damaged_an_empty_and_a_missing_journal_are_said_by_status_verify_and_report() {
    let (case, journal) = begun().await;
    case.apply(&[]).await.code(0);
    let text = std::fs::read_to_string(&journal).unwrap();
    let fine = case.ringfence(&["status"]).await.code(0);
    assert!(!fine.out.contains("journal"), "{}", fine.out);
    let damaged = text.replacen("\"state\":\"done\"", "\"state\":\"over\"", 1);
    let short: String = text.split_inclusive('\n').take(2).collect();
    for (content, words) in [
        (Some(damaged), "does not have the hash that it says"),
        (Some(short), "ends with save"),
        (Some(String::new()), "is empty"),
        (None, "is missing"),
    ] {
        match content {
            Some(content) => std::fs::write(&journal, content).unwrap(),
            None => std::fs::remove_file(&journal).unwrap(),
        }
        for verb in ["status", "verify", "report"] {
            case.ringfence(&[verb]).await.code(0).says(&[words]);
        }
        let verified = case.ringfence(&["verify", "--json"]).await.code(0);
        assert!(verified.out.contains(words), "{}", verified.out);
    }
}
