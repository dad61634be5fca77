//! One database through the whole way: survey, plan, apply, verify, rollback, each held against the oracle.

use bson::doc;
use mongodb::Client;

use crate::oracle::bytes::{Value, fields, show};
use crate::oracle::compare::{IdSource, after_apply, after_refusal, after_rollback};
use crate::oracle::expected::{Unsaid, Verdict, verdict};
use crate::oracle::form::occurs;
use crate::oracle::generate::Database;
use crate::oracle::product::Product;
use crate::oracle::state::{Snapshot, load, snapshot};
use crate::oracle::survey::compare_survey;

/// How a case went.
pub enum Ended {
    /// Everything is as it must be; the `_id`s that the customers got.
    Right(Vec<(IdSource, Value)>),
    /// What is not as it must be.
    Wrong(Vec<String>),
    /// The design does not say what must come of such data.
    Skipped(&'static str),
}

/// Runs one case in a database of that name, which is dropped before and after.
pub async fn run(client: &Client, uri: &str, name: &str, data: &Database) -> Ended {
    let verdict = match verdict(data) {
        Ok(verdict) => verdict,
        Err(Unsaid(why)) => return Ended::Skipped(why),
    };
    let database = client.database(name);
    let folder = crate::support::folder();
    if let Some(mapping) = data.form.mapping(data) {
        std::fs::write(folder.path().join("ringfence.toml"), mapping).expect("a mapping");
    }
    let product = Product {
        uri,
        database: name,
        folder: folder.path(),
        without_memory: data
            .collections
            .iter()
            .map(|it| it.documents.len())
            .sum::<usize>()
            % 3
            == 0,
    };
    let ended = walk(&database, &product, data, &verdict).await;
    let dropped = database.run_command(doc! { "dropDatabase": 1 }).await;
    match (ended, dropped) {
        (Ok((differences, ids)), Ok(_)) if differences.is_empty() => Ended::Right(ids),
        (Ok((differences, _)), Ok(_)) => Ended::Wrong(differences),
        (Err(trouble), _) => Ended::Wrong(vec![trouble]),
        (_, Err(error)) => Ended::Wrong(vec![format!("dropping {name}: {error}")]),
    }
}

async fn walk(
    database: &mongodb::Database,
    product: &Product<'_>,
    data: &Database,
    verdict: &Verdict,
) -> Result<(Vec<String>, Vec<(IdSource, Value)>), String> {
    database
        .run_command(doc! { "dropDatabase": 1 })
        .await
        .map_err(|error| format!("dropping {}: {error}", product.database))?;
    load(database, data).await?;
    let original = snapshot(database).await?;
    stands_as_generated(data, &original)?;
    if let Some(why) = nowhere(data) {
        return refuses(database, product, &original, (why, 1)).await;
    }
    let outcome = match verdict {
        Verdict::Migrated(outcome) => outcome,
        Verdict::Refused(why) => return refuses(database, product, &original, (why, 1)).await,
        Verdict::Asked(why) => return refuses(database, product, &original, (why, 2)).await,
    };
    let documents: usize = data.collections.iter().map(|it| it.documents.len()).sum();
    // The plan surveys too, and apply verifies: each is asked alone for half of the databases.
    let mut differences = Vec::new();
    if documents.is_multiple_of(2) {
        let (survey, code) = product.survey().await?;
        differences = compare_survey(&outcome.counts, &survey, code);
    }
    product.plan().await?.expect("plan --defaults", &[0])?;
    differences.extend(read_only(&original, &snapshot(database).await?));
    product.apply().await?.expect("apply", &[0])?;
    let findings = after_apply(&original, outcome, &snapshot(database).await?);
    differences.extend(findings.differences);
    if !documents.is_multiple_of(2)
        && let Err(refusal) = product.verify().await?.expect("verify", &[0])
    {
        differences.push(refusal);
    }
    // With a document that the application made the originals come back as merged copies; without one they are renamed back.
    let probed = documents.is_multiple_of(2);
    let added = if probed {
        probe(database, data).await
    } else {
        Vec::new()
    };
    match product.roll_back().await?.expect("rollback", &[0]) {
        Ok(ended) => {
            differences.extend(only_the_probe(&ended.stdout, &added));
            unprobe(database).await?;
            differences.extend(after_rollback(&original, &snapshot(database).await?));
        }
        Err(refusal) => differences.push(refusal),
    }
    Ok((differences, findings.ids))
}

/// What the mapping requires and no document has, or what is no e-mail under that key: such a database is refused. Empty collections are not judged.
fn nowhere(data: &Database) -> Option<&'static str> {
    let required = data.form.required();
    let absent = |(collection, name): &(&str, &str)| {
        let found = data.collections.iter().find(|it| it.name == *collection);
        let documents = found.map_or(&[][..], |it| &it.documents);
        !documents.is_empty() && !documents.iter().any(|it| occurs(it, name))
    };
    let guests = data.form.guests;
    if guests.is_some_and(|it| it.e_mails_are_none(data.documents("Booking"))) {
        return Some("guests' e-mails that are none");
    }
    required.into_iter().find(absent).map(|(_, name)| name)
}

const PROBE: &str = "made by the application";

/// Adds a booking and a user, where the mapping knows users, and no index or validator forbids it. Returns the collections that have one.
async fn probe(database: &mongodb::Database, data: &Database) -> Vec<&'static str> {
    let mut added = Vec::new();
    let rebuilt = data.form.rebuilt().iter().copied();
    for name in rebuilt.filter(|name| *name != "Customer") {
        let collection = database.collection(name);
        if collection.insert_one(doc! { "_id": PROBE }).await.is_ok() {
            added.push(name);
        }
    }
    added
}

/// Nothing but the probes may have been found to be new, changed or deleted.
fn only_the_probe(json: &str, added: &[&str]) -> Vec<String> {
    let Ok(json) = serde_json::from_str::<serde_json::Value>(json) else {
        return vec![format!("rollback --json printed no JSON: {json}")];
    };
    let changes = &json["changes"];
    let expected: serde_json::Map<_, _> = added
        .iter()
        .map(|name| {
            let one = serde_json::json!({ "added": { "found": 1, "carried": 1 } });
            ((*name).to_owned(), one)
        })
        .collect();
    if (added.is_empty() && changes.is_null()) || *changes == serde_json::Value::Object(expected) {
        return Vec::new();
    }
    vec![format!(
        "with a new document in {added:?}, rollback found {changes}"
    )]
}

/// Takes away the probes, and what was kept aside.
async fn unprobe(database: &mongodb::Database) -> Result<(), String> {
    for name in ["Booking", "User"] {
        let of = doc! { "_id": PROBE };
        let live = database.collection::<bson::Document>(name);
        live.delete_one(of)
            .await
            .map_err(|error| error.to_string())?;
    }
    let names = database.list_collection_names().await;
    for name in names.map_err(|error| error.to_string())? {
        if name.starts_with("_ringfence_rolled_back_") {
            let aside = database.collection::<bson::Document>(&name);
            aside.drop().await.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Data that cannot be migrated is refused by plan or apply, and nothing is changed.
async fn refuses(
    database: &mongodb::Database,
    product: &Product<'_>,
    original: &Snapshot,
    (why, code): (&str, i32),
) -> Result<(Vec<String>, Vec<(IdSource, Value)>), String> {
    let planned = product.plan().await?;
    let refused = if planned.code == 0 {
        product.apply().await?
    } else {
        planned
    };
    refused.expect(&format!("plan or apply ({why})"), &[code])?;
    let differences = after_refusal(original, &snapshot(database).await?);
    Ok((differences, Vec::new()))
}

/// Survey and plan leave nothing behind.
fn read_only(original: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut differences = after_rollback(original, now);
    let left = now
        .collections
        .keys()
        .filter(|name| name.starts_with("_ringfence_"));
    differences.extend(left.map(|name| format!("survey and plan left {name} behind")));
    differences
}

/// The server holds the generated bytes: else the oracle would speak of another database.
pub fn stands_as_generated(data: &Database, original: &Snapshot) -> Result<(), String> {
    for collection in &data.collections {
        let mut generated = collection.documents.clone();
        generated.sort();
        let held = original.documents(&collection.name);
        for document in &generated {
            if !held.contains(document) {
                let id = &fields(document)[0];
                let stored = held.iter().find(|other| fields(other)[0] == *id);
                return Err(format!(
                    "the server changed {} of {} into {:?}",
                    show(document),
                    collection.name,
                    stored.map(|d| show(d))
                ));
            }
        }
    }
    Ok(())
}
