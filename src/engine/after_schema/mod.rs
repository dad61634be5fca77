//! What an after-schema asks of this database: one list, made from the two schemas and from every document as the migration will leave it.
//! What no rule mends is a blocker. Writes nothing.

mod conformity;
mod indexes;
pub(crate) mod lens;
mod models;
mod names;
mod reading;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::domain::plan::{SchemaPlan, SchemaText};
use crate::domain::run::Outcome;
use crate::domain::schema_change::{CollectionChange, SchemaChanges};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::Session;
use crate::prisma::demand::{indexes as named_indexes, on_delete};
use crate::prisma::schema::Schema;
use crate::prisma::{self, Source};
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::schema_files;
use models::Reads;

/// The answer for all that can be accepted.
const ALL: &str = "*";

/// An after-schema as it was given.
#[derive(Debug, Clone, Default)]
pub struct GivenSchema {
    /// The schema of the new application.
    pub after: Vec<SchemaText>,
    /// The schema of today.
    pub before: Vec<SchemaText>,
    /// Fields that the operator says have another name.
    pub rename: BTreeMap<String, String>,
}

impl GivenSchema {
    /// Reads the files.
    ///
    /// # Errors
    /// No such file, or one that is no text.
    pub fn read(
        after: &Path,
        before: Option<&Path>,
        rename: BTreeMap<String, String>,
    ) -> Result<Self> {
        Ok(Self {
            after: texts(after)?,
            before: before.map(texts).transpose()?.unwrap_or_default(),
            rename,
        })
    }

    /// That of a plan.
    pub(crate) fn of_plan(plan: &SchemaPlan) -> Self {
        Self {
            after: plan.after.clone(),
            before: plan.before.clone(),
            rename: plan.rename.clone(),
        }
    }
}

fn texts(path: &Path) -> Result<Vec<SchemaText>> {
    let files = schema_files::read(path)?.into_iter();
    Ok(files
        .map(|(name, text)| SchemaText { name, text })
        .collect())
}

/// Reads the text of a schema.
///
/// # Errors
/// The place of what cannot be read.
pub(crate) fn parse(texts: &[SchemaText]) -> Result<Schema> {
    let sources = texts.iter().map(|it| Source {
        name: it.name.clone(),
        text: it.text.clone(),
    });
    let sources: Vec<Source> = sources.collect();
    prisma::read(&sources)
        .map_err(|error| StepError::NotReady(format!("{error}\nNothing was changed")))
}

/// What becomes of a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is done, by an answer.
    Accepted,
    /// It waits for an answer, which may be to accept it.
    Undecided,
    /// No answer mends it, or only one that says what.
    Blocker,
    /// A decision leaves it as it is.
    Left,
    /// It is worth knowing.
    Note,
}

impl Stands {
    /// In the list and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Undecided => "undecided",
            Self::Blocker => "blocker",
            Self::Left => "left",
            Self::Note => "note",
        }
    }
}

/// One thing that an after-schema asks.
#[derive(Debug, Clone)]
pub struct Demand {
    /// What an answer calls it: `Customer.updatedAt`, `rename Booking`.
    pub key: String,
    /// What it is about, in one word.
    pub about: &'static str,
    /// In words.
    pub says: String,
    /// How many documents, where it is about documents.
    pub count: u64,
    /// What becomes of it.
    pub stands: Stands,
}

impl Demand {
    fn note(about: &'static str, key: &str, says: String) -> Self {
        Self {
            key: key.to_owned(),
            about,
            says,
            count: 0,
            stands: Stands::Note,
        }
    }

    fn blocker(about: &'static str, key: &str, says: String, count: u64) -> Self {
        Self {
            stands: Stands::Blocker,
            count,
            ..Self::note(about, key, says)
        }
    }

    /// A line of the list.
    pub fn line(&self) -> String {
        format!("{} ({}): {}", self.about, self.stands.word(), self.says)
    }
}

/// All that an after-schema asks.
#[derive(Debug, Clone, Default)]
pub struct AskedSchema {
    /// The list, in the order in which it is read.
    pub demands: Vec<Demand>,
    /// What goes into the plan.
    pub plan: SchemaPlan,
}

impl AskedSchema {
    /// Those that keep a plan from being made.
    pub fn open(&self) -> impl Iterator<Item = &Demand> {
        let open = |it: &&Demand| matches!(it.stands, Stands::Blocker | Stands::Undecided);
        self.demands.iter().filter(open)
    }

    /// For `--json`.
    pub fn to_json(&self) -> Json {
        let demands = self.demands.iter().map(|it| {
            json!({ "key": it.key, "about": it.about, "says": it.says, "count": it.count, "state": it.stands.word() })
        });
        Json::Array(demands.collect())
    }

    /// Refuses while something is open.
    ///
    /// # Errors
    /// All of it, in words.
    pub fn require_answered(&self) -> Result<()> {
        let open: Vec<_> = self.open().collect();
        if open.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = open
            .iter()
            .map(|it| format!("\n  - {}", it.line()))
            .collect();
        let undecided = open.iter().any(|it| it.stands == Stands::Undecided);
        let how = if undecided {
            " What is undecided is accepted by --defaults, or by a line of the section [schema] of a decisions file, such as \"Customer.updatedAt\" = \"accept\"."
        } else {
            ""
        };
        Err(StepError::Findings(format!(
            "the after-schema asks for what cannot be done so:{}\nNothing was changed.{how}",
            lines.concat()
        )))
    }
}

impl Session {
    /// Works with this after-schema from now on: its collections are among those that are rebuilt.
    pub(crate) fn take_schema(&mut self, schema: Option<SchemaPlan>) {
        let changes = schema.as_ref().map(|it| Arc::new(it.changes.clone()));
        self.work.mapping.set_changes(changes);
        self.answers.schema = schema;
    }

    /// The same, of the plan that the run holds.
    pub(crate) fn take_schema_of_the_run(&mut self) {
        let run = self.run.latest();
        let run = run.filter(|it| matches!(it.outcome, Outcome::Open | Outcome::Finished));
        if let Some(plan) = run.and_then(|run| run.plan.clone()) {
            self.take_schema(plan.schema);
        }
    }

    /// Asks what an after-schema needs, after a survey, and takes it for the plan of the moment.
    ///
    /// # Errors
    /// A schema that cannot be read, an answer that is none, or the server's refusal.
    pub async fn ask_schema(
        &mut self,
        given: &GivenSchema,
        watcher: &Watcher,
    ) -> Result<AskedSchema> {
        let asked: Result<AskedSchema> = patiently!(self, watcher, self.ask(given, watcher));
        let asked = asked?;
        self.take_schema(Some(asked.plan.clone()));
        Ok(asked)
    }

    /// Refuses a plan whose after-schema asks for something else by now.
    ///
    /// # Errors
    /// What is new, as drift; or what stands against it.
    pub(crate) async fn require_schema_as_planned(
        &mut self,
        planned: &SchemaPlan,
        watcher: &Watcher,
    ) -> Result<()> {
        self.see_what_is_swapped().await?;
        if self.layout.has_any_moved() {
            return Ok(()); // what stands then is what the plan made
        }
        let given = GivenSchema::of_plan(planned);
        self.take_schema(None);
        let asked: Result<AskedSchema> = patiently!(self, watcher, self.ask(&given, watcher));
        self.take_schema(Some(planned.clone()));
        let asked = asked?;
        let mut changes = planned.changes.drift(&asked.plan.changes);
        let blockers = asked.open().filter(|it| it.stands == Stands::Blocker);
        changes.extend(blockers.map(Demand::line));
        if changes.is_empty() {
            return Ok(());
        }
        Err(StepError::Drift(changes))
    }

    async fn ask(&mut self, given: &GivenSchema, watcher: &Watcher) -> Result<AskedSchema> {
        let after = parse(&given.after)?;
        let before = (!given.before.is_empty())
            .then(|| parse(&given.before))
            .transpose()?;
        self.take_schema(None);
        let specs = collection_spec::load_all(&self.work.connection).await?;
        let (reads, mut demands) = self
            .find_collections(&after, before.as_ref(), &specs)
            .await?;
        self.renames(&after, &reads, &specs, &mut demands).await?;
        let read = self
            .read_for_schema((&after, before.as_ref()), given, &reads, watcher)
            .await?;
        demands.extend(read.demands);
        let mut changes = SchemaChanges::default();
        for (at, read_by) in reads.iter().enumerate() {
            let Some(model) = after.models.get(read_by.model) else {
                continue;
            };
            let change = CollectionChange {
                model: model.name.clone(),
                to: read_by.to.clone(),
                sets_aside: demands.iter().any(|it| {
                    it.about == models::SET_ASIDE && it.key.ends_with(&format!(" {}", read_by.to))
                }),
                copy: true,
                rules: read.rules.get(at).cloned().unwrap_or_default(),
                indexes: named_indexes(model),
            };
            changes.collections.insert(read_by.live.clone(), change);
        }
        self.look_at_indexes(&after, &reads, &specs, &mut changes, &mut demands)?;
        for line in on_delete(&after, before.as_ref()) {
            demands.push(Demand::note("onDelete", "", line));
        }
        self.answer(&mut demands);
        let says = demands.iter().map(Demand::line).collect();
        Ok(AskedSchema {
            plan: SchemaPlan {
                after: given.after.clone(),
                before: given.before.clone(),
                rename: given.rename.clone(),
                changes,
                left: read.left,
                says,
            },
            demands,
        })
    }

    /// Marks what an answer accepts.
    fn answer(&self, demands: &mut [Demand]) {
        let answers = &self.answers.decisions.schema;
        let accepts = |key: &str| answers.get(key).is_some_and(|it| it.trim() == "accept");
        for demand in demands
            .iter_mut()
            .filter(|it| it.stands == Stands::Undecided)
        {
            if accepts(ALL) || accepts(&demand.key) {
                demand.stands = Stands::Accepted;
            }
        }
    }

    /// Accepts all of an after-schema that can be accepted.
    pub fn accept_schema(&mut self) {
        let schema = &mut self.answers.decisions.schema;
        schema
            .entry(ALL.to_owned())
            .or_insert_with(|| "accept".to_owned());
    }
}

/// The documents of collections that models read.
type Specs = BTreeMap<String, CollectionSpec>;

/// Where a model's documents stand today, in the order of the schema.
type AllReads = [Reads];
