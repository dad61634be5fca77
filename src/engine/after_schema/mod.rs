//! What an after-schema asks of this database: one list, made from the two schemas and from every document as the migration will leave it.
//! What no rule mends is a blocker. Writes nothing.

mod asked;
mod conformity;
mod indexes;
pub(crate) mod lens;
mod minutes;
mod models;
mod names;
mod own_step;
mod reading;
mod remaining;
mod rules;
mod seen_in;
mod unique_comparison;
mod uniques;
mod unread;
mod view;
mod ways;

use std::path::Path;
use std::sync::Arc;

use crate::domain::mapping::SchemaStep;
use crate::domain::plan::SchemaPlan;
use crate::domain::run::Outcome;
use crate::domain::schema_change::minutes::Minutes;
use crate::domain::schema_change::{CollectionChange, SchemaChanges};
use crate::domain::text::safe;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::Session;
use crate::prisma::demand::{indexes as named_indexes, on_delete};
use crate::prisma::one_document::OneDocument;
use crate::store::collection_spec;
pub use asked::{AskedSchema, Demand, GivenSchema, Stands};
use asked::{parse, take_out_forbidden};
pub(crate) use own_step::held_words;

/// The answer for all that can be accepted.
const ALL: &str = "*";

impl Session {
    /// The after-schema that is named, else that of the mapping; `None` where there is none.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn given_schema(&self, after: Option<&Path>) -> Result<Option<GivenSchema>> {
        let role = self.work.mapping.schema.clone().unwrap_or_default();
        // What a mapping file names is meant from where it stands.
        let file = self.work.mapping_path.as_deref();
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        let beside = |name: &String| folder.join(name);
        let after = after.map(Path::to_owned);
        let Some(after) = after.or_else(|| role.after.as_ref().map(beside)) else {
            return Ok(self.answers.offered.as_ref().map(GivenSchema::of_plan));
        };
        let before = role.before.as_ref().map(beside);
        let rename = role.rename.into_iter().collect();
        let mut given = GivenSchema::read(&after, before.as_deref(), rename)?;
        given.own_step = role.with == SchemaStep::OwnStep;
        Ok(Some(given))
    }

    /// Takes this after-schema where the mapping names none.
    pub fn offer_schema(&mut self, given: &GivenSchema) {
        self.answers.offered = Some(SchemaPlan {
            after: given.after.clone(),
            before: given.before.clone(),
            rename: given.rename.clone(),
            ..SchemaPlan::default()
        });
    }

    /// Asks what the after-schema needs, where no plan said it yet, or other answers were given since.
    pub(crate) async fn ask_schema_of_mapping(&mut self, watcher: &Watcher) -> Result<()> {
        self.answers.schema_is_open = false;
        let given = match &self.answers.schema {
            Some(plan) if self.schema_is_answered_otherwise()? => Some(GivenSchema::of_plan(plan)),
            Some(_) => None,
            None => self.given_schema(None)?,
        };
        let Some(given) = given else {
            return Ok(());
        };
        let planned = self.answers.schema.clone();
        let asked = self.ask_schema(&given, watcher).await?;
        self.note_open(&asked);
        if self.answers.schema_is_open {
            self.take_schema(planned);
        }
        asked.require_answered()
    }

    /// True where the plan of the run rests on other answers than those of now, and nothing was swapped by it.
    fn schema_is_answered_otherwise(&self) -> Result<bool> {
        let plan = self.run.open().and_then(|run| run.plan.as_ref());
        let Some(plan) = plan.filter(|_| !self.layout.has_any_moved()) else {
            return Ok(false);
        };
        Ok(plan.decisions()?.schema != self.answers.decisions.schema)
    }

    /// Works with this after-schema from now on: its collections are among those that are rebuilt.
    pub(crate) fn take_schema(&mut self, schema: Option<SchemaPlan>) {
        let changes = schema.as_ref().map(|it| &it.changes);
        // What was read beside the same rules stays.
        if self.work.mapping.changes() != changes {
            let changes = changes.map(|it| Arc::new(it.clone()));
            self.work.mapping.set_changes(changes);
        }
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
        if asked.open().next().is_none() {
            self.take_schema(Some(asked.plan.clone()));
            Box::pin(self.fill_minutes()).await?;
        }
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
        Box::pin(self.fill_minutes()).await?;
        let asked = asked?;
        let mut changes = planned.changes.drift(&asked.plan.changes);
        let blockers = asked.open().filter(|it| it.stands == Stands::Blocker);
        changes.extend(blockers.map(Demand::line));
        if changes.is_empty() {
            return Ok(());
        }
        Err(StepError::Drift(changes))
    }

    /// Judges documents of the collection that has this name today by the after-schema of the run; `None` where that says nothing of it.
    pub(crate) fn reader_of(&self, live: &str) -> Result<Option<OneDocument>> {
        let change = self.work.mapping.changes().and_then(|it| it.of(live));
        let (Some(plan), Some(change)) = (&self.answers.schema, change) else {
            return Ok(None);
        };
        let schema = parse(&plan.after)?;
        Ok(OneDocument::of(&schema, &change.model, &plan.left))
    }

    /// Judges documents of the collection that has this name today by the schema of today; `None` where that was not given, or says nothing of it.
    pub(crate) fn reader_before(&self, live: &str) -> Result<Option<OneDocument>> {
        let plan = self.answers.schema.as_ref();
        let Some(plan) = plan.filter(|it| !it.before.is_empty()) else {
            return Ok(None);
        };
        let schema = parse(&plan.before)?;
        let mut models = schema.models.iter().filter(|it| !it.ignored);
        let model = models.find(|it| it.collection == live);
        Ok(model.and_then(|it| OneDocument::of(&schema, &it.name, &[])))
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
            .read_for_schema((&after, before.as_ref()), given, (&reads, &specs), watcher)
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
                own_step: false,
                rules: read.rules.get(at).cloned().unwrap_or_default(),
                indexes: named_indexes(model),
                minutes: Minutes::default(),
            };
            changes.collections.insert(read_by.live.clone(), change);
        }
        let forbidden = self.look_at_indexes(&after, &reads, &specs, &mut changes, &mut demands)?;
        if given.own_step {
            self.put_into_own_step(&mut changes, &mut demands);
        }
        demands.extend(self.waits_for_users(&changes));
        let users = &self.work.mapping.user.collection;
        if reads.iter().any(|it| it.live == *users) {
            demands.push(Demand::note(
                "users",
                &format!("users {users}"),
                format!(
                    "what is asked of {} is done when users are cleaned up, after the cut-over: the new application can start after that, and not before",
                    safe(users, 120)
                ),
            ));
        }
        for line in on_delete(&after, before.as_ref()) {
            demands.push(Demand::note("onDelete", "", line));
        }
        take_out_forbidden(&mut demands);
        self.answer(&mut demands);
        let says = demands.iter().map(Demand::line).collect();
        Ok(AskedSchema {
            forbidden,
            plan: SchemaPlan {
                after: given.after.clone(),
                before: given.before.clone(),
                rename: given.rename.clone(),
                own_step: given.own_step,
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
