//! Which defaults a decision leaves unwritten: of a decisions file, and of the run under way. A check shows them as advice.

use std::collections::BTreeSet;
use std::path::Path;

use bson::{Bson, Document, doc};

use crate::domain::mapping::RUNS;
use crate::domain::text::named;
use crate::engine::error::{Result, StepError};
use crate::prisma::kind::Kind;
use crate::store::StoreError;
use crate::store::connect::Connection;

/// The table of a decisions file that answers what a schema asks.
const TABLE: &str = "schema";
/// The answer that leaves documents as they are.
const LEAVE: &str = "leave";

/// Fields whose default stays unwritten, each `Model.field`.
pub(crate) type Left = BTreeSet<String>;

/// Those of a decisions file.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn of_file(path: &Path) -> Result<Left> {
    let name = named(&path.display().to_string());
    let failed = |error| StoreError::file("reading", path, error);
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let file: toml_edit::DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        StepError::NotReady(format!(
            "the decisions file {name} is no TOML: {}. Nothing was read",
            named(error.message())
        ))
    })?;
    let Some(table) = file.get(TABLE) else {
        return Ok(Left::new());
    };
    let table = table.as_table_like().ok_or_else(|| {
        StepError::NotReady(format!(
            "{TABLE} of the decisions file {name} is no table. Nothing was read; write [{TABLE}] and \"Model.field\" = \"{LEAVE}\" below it"
        ))
    })?;
    let left = table.iter().filter(|(_, it)| it.as_str() == Some(LEAVE));
    Ok(left.map(|(key, _)| key.to_owned()).collect())
}

/// Those of the run under way.
///
/// # Errors
/// The server's refusal.
pub(crate) async fn of_run(connection: &Connection) -> Result<Left> {
    let runs = connection.database.collection::<Document>(RUNS);
    let fields = doc! { "plan.decisions.schema": 1, "plan.schema.left": 1 };
    let found = runs
        .find_one(doc! { "outcome": "open" })
        .projection(fields)
        .await
        .map_err(|error| StoreError::from_driver("reading the run record", &error))?;
    let plan = found.and_then(|run| run.get_document("plan").ok().cloned());
    Ok(plan.map_or_else(Left::new, |plan| of_plan(&plan)))
}

/// Answers of its decisions, and findings that it says are left: `Model.field kind`.
fn of_plan(plan: &Document) -> Left {
    let inner = |document: &Document, key: &str| document.get_document(key).ok().cloned();
    let answers = inner(plan, "decisions").and_then(|it| inner(&it, TABLE));
    let answered = answers.unwrap_or_default().into_iter();
    let answered = answered.filter(|(_, answer)| answer.as_str() == Some(LEAVE));
    let mut left: Left = answered.map(|(what, _)| what).collect();
    let said = inner(plan, "schema").and_then(|it| it.get_array("left").ok().cloned());
    for line in said.unwrap_or_default() {
        let Bson::String(line) = line else { continue };
        if let Some((field, kind)) = line.rsplit_once(' ')
            && kind == Kind::DefaultNotWritten.word()
        {
            left.insert(field.to_owned());
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_leaves_what_its_answers_and_its_list_leave() {
        let plan = doc! {
            "decisions": { "schema": { "Booking.status": "leave", "User.role": "accept" } },
            "schema": { "left": ["Service.kind default-not-written", "Booking.at wrong-type"] },
        };
        let left: Vec<_> = of_plan(&plan).into_iter().collect();
        assert_eq!(left, ["Booking.status", "Service.kind"]);
        assert!(of_plan(&doc! {}).is_empty());
    }
}
