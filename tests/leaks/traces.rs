//! All places where the product leaves words: both streams, the log, the run folder, the run record.

use std::path::Path;

use bson::Document;
use futures_util::TryStreamExt;

use crate::support::case::{Case, Ended};

/// The log's file in the case's folder.
pub const LOG: &str = "words.log";

/// Everything that was said and written, but for backups, exports and plans, which hold data on purpose.
pub async fn of(case: &Case, ended: &Ended) -> Vec<(String, String)> {
    let mut all = vec![
        ("standard output".to_owned(), ended.out.clone()),
        ("standard error".to_owned(), ended.err.clone()),
    ];
    files(case.folder.path(), &mut all);
    let runs = case.database.collection::<Document>("_ringfence_runs");
    let runs: Vec<Document> = runs
        .find(Document::new())
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let mut record = String::new();
    for run in runs {
        record.push_str(&run.to_string());
    }
    all.push(("the run record".to_owned(), record));
    all
}

fn files(folder: &Path, all: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let data = ["backup", "export", "dump", "plan.json"];
        if data.iter().any(|it| name.starts_with(it)) {
            continue;
        }
        if path.is_dir() {
            files(&path, all);
        } else {
            let text = std::fs::read(&path).unwrap();
            all.push((name, String::from_utf8_lossy(&text).into_owned()));
        }
    }
}

/// Fails where one of `secrets` stands in any trace.
#[track_caller]
pub fn hold_none_of(traces: &[(String, String)], secrets: &[&str]) {
    for (place, text) in traces {
        for secret in secrets {
            assert!(
                !text.contains(secret),
                "{secret:?} stands in {place}: {text}"
            );
        }
    }
}
