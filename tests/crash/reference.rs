//! What an uninterrupted run leaves behind, and whether an interrupted one left the same.

use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use mongodb::Database;
use ringfence::domain::checklist::Step;
use tokio::sync::OnceCell;

use crate::crash::sample;
use crate::support::case::{Case, Ended};
use crate::support::picture::{self, Picture};

/// A database at rest: every collection but the run records, and what of the latest run record is the same in every run.
#[derive(Debug, Clone)]
pub struct State {
    picture: Picture,
    record: Document,
}

impl State {
    /// How the case stands.
    pub async fn of(case: &Case) -> Self {
        Self {
            picture: picture::but_runs(&case.picture().await),
            record: steady(&latest_run(&case.database).await.unwrap_or_default()),
        }
    }

    /// How `other` differs, in words. UUIDs are another database's.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut all = picture::differences(&self.picture, &other.picture, false);
        for (key, value) in &self.record {
            if other.record.get(key) != Some(value) {
                all.push(format!(
                    "the run record's {key}: {value} became {:?}",
                    other.record.get(key)
                ));
            }
        }
        all
    }
}

/// An uninterrupted run.
pub struct Reference {
    /// As it was seeded.
    pub original: Picture,
    /// After `apply`.
    pub applied: State,
    /// After `finish`.
    pub finished: State,
    /// How long `apply` took.
    pub apply: Duration,
    /// How long `rollback` took.
    pub roll_back: Duration,
    /// How long `finish` took.
    pub finish: Duration,
}

/// The uninterrupted run, made once for all tests of this binary.
pub async fn shared() -> &'static Reference {
    static SHARED: OnceCell<Reference> = OnceCell::const_new();
    SHARED
        .get_or_init(async || Reference::of(&sample::case().await).await)
        .await
}

impl Reference {
    /// Applies, goes back, applies and finishes on this case, without an interruption.
    pub async fn of(case: &Case) -> Self {
        let original = case.picture().await;
        let apply = timed(case.apply(&[])).await;
        let applied = State::of(case).await;
        let roll_back = timed(case.roll_back(&[])).await;
        assert_back(case, &original).await;
        timed(case.apply(&[])).await;
        let finish = timed(case.ringfence(&["finish", "--confirm", &case.name])).await;
        Self {
            original,
            applied,
            finished: State::of(case).await,
            apply,
            roll_back,
            finish,
        }
    }
}

async fn timed(command: impl Future<Output = Ended>) -> Duration {
    let started = Instant::now();
    command.await.code(0);
    started.elapsed()
}

/// Fails unless the case is as it was before any run: the same collections, bytes, indexes and options, and of ours the run records alone.
pub async fn assert_back(case: &Case, original: &Picture) {
    let now = picture::but_runs(&case.picture().await);
    let differences = picture::differences(original, &now, true);
    assert!(differences.is_empty(), "{}: {differences:#?}", case.name);
}

/// Fails when a document of the original is neither where it was nor under the kept original's name, or when a collection that no mapping
/// names was touched. Holds at every instant until `finish`.
pub async fn assert_nothing_lost(case: &Case, original: &Picture) {
    let now = case.picture().await;
    for (name, was) in original {
        let kept = now
            .get(&format!("_ringfence_before_{name}"))
            .or_else(|| now.get(name));
        let kept = kept.unwrap_or_else(|| panic!("{name} of {} is gone", case.name));
        assert_eq!(kept.uuid, was.uuid, "{name} of {}", case.name);
        assert!(
            kept.documents == was.documents,
            "{name} of {} lost or changed a document",
            case.name
        );
    }
}

/// Where a database stands whose run was killed, as far as its record and the names tell.
pub async fn stands(case: &Case) -> String {
    let names = case.database.list_collection_names().await.unwrap();
    let is_there = |name: &str| names.iter().any(|it| it == name);
    let mut swapped = Vec::new();
    for live in ["Customer", "Booking", "User"] {
        if !is_there(live) {
            return format!("between the renames of {live}");
        }
        if is_there(&format!("_ringfence_before_{live}")) {
            swapped.push(live);
        }
    }
    let record = latest_run(&case.database).await;
    let open = record.filter(|record| record.get_str("outcome").is_ok_and(|it| it == "open"));
    let steps = open
        .and_then(|record| record.get_document("steps").cloned().ok())
        .unwrap_or_default();
    let done = |step: &&Step| steps.contains_key(step.word());
    let last = Step::ALL.iter().rfind(done).map_or_else(
        || "without a step done".to_owned(),
        |step| format!("after {:02} {}", step.number(), step.word()),
    );
    if swapped.is_empty() {
        last
    } else {
        format!("{last}, {} swapped", swapped.join(" "))
    }
}

/// The latest run record.
pub async fn latest_run(database: &Database) -> Option<Document> {
    let runs = database.collection::<Document>("_ringfence_runs");
    let latest = runs.find_one(doc! {}).sort(doc! { "started": -1 });
    latest.await.unwrap()
}

/// The fields of a run record that hold no time, no UUID and no name of the database.
fn steady(record: &Document) -> Document {
    let mut steady = Document::new();
    for key in [
        "format",
        "tool",
        "transform",
        "outcome",
        "mapping",
        "numbers",
        "decided",
        "equations",
    ] {
        steady.insert(key, record.get(key).cloned().unwrap_or(Bson::Null));
    }
    for (part, fields) in [
        (
            "collections",
            &["swap_began", "ttl", "specification", "proved"][..],
        ),
        ("steps", &["state"][..]),
    ] {
        let all = record.get_document(part).cloned().unwrap_or_default();
        for (name, entry) in all
            .iter()
            .filter_map(|(name, it)| Some((name, it.as_document()?)))
        {
            for field in fields {
                let value = entry.get(field).cloned().unwrap_or(Bson::Null);
                steady.insert(format!("{part}.{name}.{field}"), value);
            }
        }
    }
    let backup = record.get_document("backup").cloned().unwrap_or_default();
    for field in ["fingerprints", "documents"] {
        steady.insert(
            format!("backup.{field}"),
            backup.get(field).cloned().unwrap_or(Bson::Null),
        );
    }
    steady
}
