//! The list of what the after-schema asks, for the console: read anew where nothing was swapped yet, else as the plan of the run keeps it.
//! Writes nothing, and leaves the session's plan as it was.

use std::sync::Arc;

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::asked::{AskedSchema, Demand, GivenSchema, parse};
use super::ways::IN_A_FILE;
use crate::domain::blueprint::EmailIndex;
use crate::domain::index_plan::{self, name_of};
use crate::domain::number::counted;
use crate::domain::plan::SchemaText;
use crate::domain::raw::elements;
use crate::domain::schema_change::SchemaChanges;
use crate::domain::schema_view::{Fate, IndexLine, SchemaLine, SchemaView, Stands, line_of_plan};
use crate::domain::text::{named, safe};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Surveyed};
use crate::prisma::demand::check_answer;
use crate::store::collection_spec;

/// A line for one who gave no after-schema.
fn to_change(says: &str) -> SchemaLine {
    SchemaLine {
        about: "schema line".to_owned(),
        ..line_of_plan(says)
    }
}

impl Session {
    /// What the after-schema asks. Reads every document where nothing was swapped yet.
    ///
    /// # Errors
    /// A schema that cannot be read, or the server's refusal.
    pub async fn schema_view(&mut self, watcher: &Watcher) -> Result<SchemaView> {
        self.see_what_is_swapped().await?;
        let planned = self.answers.schema.clone();
        if self.layout.has_any_moved() {
            let Some(plan) = planned else {
                return Ok(self.without_a_schema("the run has no after-schema"));
            };
            return Ok(SchemaView {
                files: files(&plan.after),
                lines: plan.says.iter().map(|it| line_of_plan(it)).collect(),
                indexes: self.index_lines(&plan.changes, None).await?,
                remark: "as the plan of the run says".to_owned(),
                locked: Some(
                    "the run keeps what it began with: roll it back to answer otherwise".to_owned(),
                ),
            });
        }
        let given = match &planned {
            Some(plan) => Some(GivenSchema::of_plan(plan)),
            None => self.given_schema(None)?,
        };
        let Some(given) = given else {
            return Ok(self.without_a_schema("no after-schema is given"));
        };
        let undecided = {
            let decisions = &self.answers.decisions;
            let conflicts = &self.surveyed()?.conflicts;
            decisions.undecided_blockers(conflicts).count() as u64
        };
        let asked = self.ask_schema(&given, watcher).await;
        self.take_schema(planned); // the review of conflicts takes it, and nothing else
        let asked = asked?;
        let remark = if undecided > 0 {
            format!(
                "{}: suggestions presumed",
                counted(undecided, "conflict undecided", "conflicts undecided")
            )
        } else {
            String::new()
        };
        let mut lines = Vec::new();
        for demand in &asked.demands {
            lines.push(self.line_of(demand).await?);
        }
        Ok(SchemaView {
            files: files(&given.after),
            lines,
            indexes: self.index_lines(&asked.plan.changes, Some(&asked)).await?,
            remark,
            locked: None,
        })
    }

    /// What the last reading of the mapping's after-schema left open.
    pub(crate) fn note_open(&mut self, asked: &AskedSchema) {
        self.answers.schema_is_open = asked.open().next().is_some();
    }

    /// True where the review of conflicts stopped at what the after-schema asks.
    pub fn stopped_at_the_schema(&self) -> bool {
        self.answers.schema_is_open
    }

    fn without_a_schema(&self, why: &str) -> SchemaView {
        let lines = self.schema_lines().unwrap_or_default();
        SchemaView {
            lines: lines.iter().map(|it| to_change(it)).collect(),
            remark: why.to_owned(),
            ..SchemaView::default()
        }
    }

    async fn line_of(&self, demand: &Demand) -> Result<SchemaLine> {
        let answers = &self.answers.decisions.schema;
        let (says, groups) = demand
            .says
            .split_once('\n')
            .unwrap_or((demand.says.as_str(), ""));
        let groups = groups.lines().map(|it| it.trim().to_owned());
        let mut samples = demand.samples.clone();
        let shown = format!(" (for example {})", samples.join(", "));
        samples.extend(groups);
        // Here an answer is a key.
        let cut = IN_A_FILE.iter().filter_map(|it| says.find(it)).min();
        let says = says.get(..cut.unwrap_or(says.len())).unwrap_or(says);
        let given = answers.get(&demand.key);
        let of_all = || {
            let accepted = demand.stands == Stands::Accepted;
            answers
                .get("*")
                .filter(|_| accepted)
                .map(|it| format!("{it} (all of them)"))
        };
        Ok(SchemaLine {
            key: demand.key.clone(),
            about: demand.about.to_owned(),
            says: says.replace(&shown, ""),
            count: demand.count,
            stands: demand.stands,
            ways: demand.ways.clone(),
            answer: given.cloned().or_else(of_all),
            named: self.seen_in(&demand.live, &samples).await?,
            samples,
        })
    }

    /// The indexes of every collection that the schema reads, and what becomes of each; `asked` while no plan is under way.
    async fn index_lines(
        &self,
        changes: &SchemaChanges,
        asked: Option<&AskedSchema>,
    ) -> Result<Vec<IndexLine>> {
        let is_open = asked.is_some_and(|it| it.open().next().is_some());
        let is_forbidden = |live: &str, index: &RawDocument| {
            let key = (live.to_owned(), name_of(index).to_owned());
            asked.is_some_and(|it| it.forbidden.contains(&key))
        };
        let specs = collection_spec::load_all(&self.work.connection).await?;
        let mut mapping = self.work.mapping.clone();
        mapping.set_changes(Some(Arc::new(changes.clone())));
        let moved = self.layout.has_any_moved();
        let mut lines = Vec::new();
        for which in &mapping.rebuilt() {
            let Some(change) = changes.of(which.live()) else {
                continue;
            };
            let now = self.layout.now(which.live());
            let standing = specs.get(now).map(|it| it.indexes.clone());
            let standing = standing.unwrap_or_default();
            let wanted = match &self.surveyed {
                Some(surveyed) if !moved => {
                    let Surveyed {
                        survey, blueprint, ..
                    } = &**surveyed;
                    let some_stay = blueprint.some_stay(survey, which);
                    let email = (EmailIndex::Partial, &some_stay[..]);
                    let mut wanted = index_plan::wanted(&mapping, which, &standing, email);
                    wanted.retain(|it| !blueprint.drops_index(which.live(), name_of(it)));
                    wanted
                }
                _ => standing.clone(),
            };
            let stands =
                |index: &RawDocument| standing.iter().any(|old| name_of(old) == name_of(index));
            let is_named = |index: &RawDocument| {
                let mut all = change.indexes.iter();
                all.any(|it| it.name == name_of(index))
            };
            for index in wanted.iter().filter(|it| name_of(it) != "_id_") {
                let fate = if !is_named(index) && is_plain(index) && stands(index) {
                    Fate::PushDrops
                } else if stands(index) {
                    Fate::Stands
                } else if is_forbidden(which.live(), index) {
                    Fate::Forbidden
                } else if is_open {
                    Fate::MadeOnceSettled
                } else if !is_named(index) && is_plain(index) {
                    Fate::PushDrops
                } else {
                    Fate::Made
                };
                lines.push(line(which.live(), index, fate));
            }
            let gone = standing.iter().filter(|old| {
                name_of(old) != "_id_" && !wanted.iter().any(|it| name_of(it) == name_of(old))
            });
            lines.extend(gone.map(|old| {
                let fate = if is_forbidden(which.live(), old) {
                    Fate::Stands
                } else if is_open {
                    Fate::ReplacedOnceSettled
                } else {
                    Fate::Replaced
                };
                line(which.live(), old, fate)
            }));
        }
        Ok(lines)
    }

    /// Refuses an answer that the after-schema cannot take.
    ///
    /// # Errors
    /// Why it cannot be an answer.
    pub(crate) fn check_schema_answer(&self, key: &str, answer: &str) -> Result<()> {
        if answer.trim() == "accept" {
            return Ok(());
        }
        let given = match &self.answers.schema {
            Some(plan) => Some(GivenSchema::of_plan(plan)),
            None => self.given_schema(None)?,
        };
        let refuse = |why: String| {
            StepError::NotReady(format!("{}: {why}. Nothing was changed", safe(key, 120)))
        };
        let Some(given) = given else {
            return Err(refuse("no after-schema is given".to_owned()));
        };
        let schema = parse(&given.after)?;
        match check_answer(&schema, key, answer) {
            Some(checked) => checked.map_err(refuse),
            None if answer.trim() == "leave" => Ok(()),
            None => Err(refuse("it is no field of the schema".to_owned())),
        }
    }
}

fn files(texts: &[SchemaText]) -> String {
    let names: Vec<_> = texts.iter().map(|it| named(&it.name)).collect();
    names.join(", ")
}

/// True for an index that a push looks at: neither partial nor a text index.
fn is_plain(index: &RawDocument) -> bool {
    let partial = index.get_document("partialFilterExpression").is_ok();
    !partial && index.get_document("weights").is_err()
}

fn line(collection: &str, index: &RawDocumentBuf, fate: Fate) -> IndexLine {
    let keys = index.get_document("key").into_iter().flat_map(elements);
    let keys = keys.map_while(std::result::Result::ok);
    let keys: Vec<_> = keys
        .map(|it| safe(&String::from_utf8_lossy(it.key), 60))
        .collect();
    IndexLine {
        collection: safe(collection, 120),
        name: safe(name_of(index), 130),
        keys: keys.join(", "),
        unique: index.get_bool("unique").unwrap_or(false),
        fate,
    }
}
