//! The journal that version 0.1 kept in the run folder: a later version goes on with it, and refuses it for the same reasons.

use std::fmt::Write;
use std::path::PathBuf;

use bson::{Document, doc};
use sha2::{Digest, Sha256};

use crate::golden::kept::fixture;
use crate::golden::normal::volatile;
use crate::golden::run_records::{left_by_0_1, replica_set_id, told};
use crate::golden::stage::Stage;

/// Puts this journal into the run folder.
async fn put(stage: &Stage, journal: &str) -> PathBuf {
    let records = stage.database.collection::<Document>("_ringfence_runs");
    let record = records.find_one(doc! {}).await.unwrap().unwrap();
    let run = record.get_str("_id").unwrap();
    let path = stage.path(&format!("ringfence-runs/{run}/journal.jsonl"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, journal).unwrap();
    path
}

/// A line without its hash, and the hash that it says.
fn opened(line: &str) -> (String, &str) {
    let (body, seal) = line.rsplit_once(",\"hash\":\"").unwrap();
    (format!("{body}}}"), seal.strip_suffix("\"}").unwrap())
}

/// The journal as that of another cluster, every line with the hash of the one before again.
fn sealed(journal: &str, cluster: &str, here: &str) -> String {
    let mut previous = String::new();
    let mut all = String::new();
    for line in journal.lines() {
        let (body, _) = opened(&line.replace(cluster, here));
        let (body, _) = body.rsplit_once("\"previous\":").unwrap();
        let body = format!("{body}\"previous\":\"{previous}\"");
        previous = format!("{:x}", Sha256::digest(format!("{body}}}")));
        writeln!(all, "{body},\"hash\":\"{previous}\"}}").unwrap();
    }
    all
}

/// Fails unless each line has its hash and that of the line before.
fn assert_sealed(journal: &str) {
    let mut previous = String::new();
    for line in journal.lines() {
        let (body, hash) = opened(line);
        assert!(
            body.ends_with(&format!("\"previous\":\"{previous}\"}}")),
            "{line}"
        );
        assert_eq!(format!("{:x}", Sha256::digest(&body)), hash, "{line}");
        hash.clone_into(&mut previous);
    }
}

/// What this way back says beside the journal of version 0.1: one that fits, one of another
/// cluster, a changed one, and one with later saves.
pub async fn told_beside(name: &str, back: &[&str]) -> String {
    let journal = fixture(&format!("runs/{name}.journal.jsonl"));
    assert_sealed(&journal);
    let first: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let cluster = first["cluster"].as_str().unwrap();
    let arguments = [back, &["--confirm", name]].concat();
    let mut text = String::new();
    for case in [
        "that fits",
        "of another cluster",
        "and record of another cluster",
        "that was changed",
        "with later saves",
    ] {
        let stage = left_by_0_1(name).await;
        // A killed process let go of nothing.
        let unlock = ["unlock", "--confirm", name];
        stage.ringfence(&unlock).await.code(0);
        let here = replica_set_id(&stage).await;
        let fitting = sealed(&journal, cluster, &here);
        let path = match case {
            "of another cluster" | "and record of another cluster" => put(&stage, &journal).await,
            "that was changed" => put(&stage, &fitting.replacen("ann@desk", "bob@desk", 1)).await,
            _ => put(&stage, &fitting).await,
        };
        let record = match case {
            "with later saves" => doc! { "saves": 9_i64 },
            "and record of another cluster" => doc! { "replica_set_id": cluster },
            _ => doc! { "database": name }, // as it is
        };
        stage
            .database
            .collection::<Document>("_ringfence_runs")
            .update_one(doc! {}, doc! { "$set": record })
            .await
            .unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        let said = told(&arguments, &stage.ringfence(&arguments).await);
        let after = std::fs::read_to_string(&path).unwrap();
        assert_eq!(case == "that fits", after != before, "{case}: {said}");
        if case == "that fits" {
            assert!(after.starts_with(&before), "{after}");
            assert_sealed(&after);
        }
        let added = after.lines().count() - before.lines().count();
        let said = said.replace(&here, "HERE");
        writeln!(text, "a journal {case}\n{said}lines added: {added}\n").unwrap();
    }
    volatile(&text)
}
