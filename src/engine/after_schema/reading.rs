//! Every document as the migration and the rules of the after-schema will leave it, judged against that schema: which rules apply, and what none
//! of them mends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bson::raw::RawDocument;
use serde_json::Value as Json;

use super::asked::{Demand, GivenSchema, Stands};
use super::models::{AllReads, Specs};
use super::ways::{duplicate_way, is_of_users, retiring_mends};
use crate::domain::number::counted;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::schema_change::Rule;
use crate::domain::schema_change::shape::Shape;
use crate::domain::survey::facts::id_of;
use crate::domain::text::{safe, sentence};
use crate::domain::transform::{self, Placed};
use crate::engine::Watcher;
use crate::engine::customers::{CustomersOut, Out};
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Surveyed};
use crate::prisma::conformity::{Conformity, Finding, ModelConformity};
use crate::prisma::demand::{Around, Candidate, candidates};
use crate::prisma::kind::Kind;
use crate::prisma::schema::Schema;
use crate::prisma::{Compares, Listener, SchemaCheck, Standing};
use crate::store::scan::{self, Scan};

/// Groups of duplicates that are named.
const NAMED: usize = 20;

/// What the documents said.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) demands: Vec<Demand>,
    /// The rules that apply, for each model that was read.
    pub(super) rules: Vec<Vec<Rule>>,
    /// Findings that a decision leaves.
    pub(super) left: Vec<String>,
}

/// Takes in a document, a customer with what may date it.
pub(super) type Take<'t> = dyn FnMut(&RawDocument, Option<i64>) + Send + 't;

/// A collection whose documents are read; its indexes are judged elsewhere.
pub(super) fn standing_as(compares: Compares) -> Standing {
    Standing::Collection {
        indexes: Vec::new(),
        compares,
    }
}

/// The documents of one model on their way to the check.
pub(super) struct Taking<'c, 's> {
    check: &'c mut SchemaCheck<'s>,
    shape: Shape,
    /// How many documents each candidate changed.
    did: Vec<u64>,
    occupied: u64,
    failed: Option<StepError>,
}

impl<'c, 's> Taking<'c, 's> {
    /// So many rules are in the shape.
    pub(super) fn new(check: &'c mut SchemaCheck<'s>, shape: Shape, rules: usize) -> Self {
        Self {
            check,
            shape,
            did: vec![0; rules],
            occupied: 0,
            failed: None,
        }
    }

    /// What could not be read.
    pub(super) fn failed(self) -> Result<()> {
        self.failed.map_or(Ok(()), Err)
    }

    pub(super) fn take(&mut self, document: &RawDocument, oldest: Option<i64>) {
        let shaped = self.shape.of_dated(document, oldest);
        let taken = shaped.and_then(|shaped| {
            self.occupied += u64::from(shaped.occupied);
            for at in shaped.did {
                if let Some(count) = self.did.get_mut(at) {
                    *count += 1;
                }
            }
            self.check.take(&shaped.document)
        });
        if let Err(error) = taken {
            self.failed.get_or_insert(error.into());
        }
    }
}

/// Groups of documents that share a value of a unique, as they are found.
pub(super) type Groups = Arc<Mutex<BTreeMap<(String, String), Vec<String>>>>;

/// Hears of every group of duplicates.
pub(super) fn listener(groups: &Groups) -> Listener {
    let groups = Arc::clone(groups);
    Box::new(move |line: &Json| {
        if line["kind"] != "duplicate" {
            return;
        }
        let fields = match (&line["field"], &line["fields"]) {
            (Json::String(field), _) => field.clone(),
            (_, Json::Array(fields)) => {
                let fields: Vec<_> = fields.iter().filter_map(Json::as_str).collect();
                fields.join(", ")
            }
            _ => return,
        };
        let ids = line["ids"].as_array().into_iter().flatten();
        let ids: Vec<String> = ids
            .map(|id| {
                let plain = id.get("$oid").unwrap_or(id);
                plain
                    .as_str()
                    .map_or_else(|| plain.to_string(), str::to_owned)
            })
            .collect();
        let model = line["model"].as_str().unwrap_or_default().to_owned();
        let mut groups = groups.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry((model, fields)).or_default();
        if group.len() < NAMED {
            group.push(safe(&ids.join(", "), 300));
        }
    })
}

impl Session {
    /// Reads the documents of all models, each once.
    #[allow(clippy::too_many_lines)] // one pass: what it counts is set up, filled and handed on here
    pub(super) async fn read_for_schema(
        &mut self,
        (after, before): (&Schema, Option<&Schema>),
        given: &GivenSchema,
        (reads, specs): (&AllReads, &Specs),
        watcher: &Watcher,
    ) -> Result<Read> {
        let mut read = Read::default();
        let mut candidates_of = Vec::new();
        let stands = reads.iter().map(|it| (it.model, it.live.clone())).collect();
        let of_no_model = |key: &&String| {
            let model = key.split_once('.').map(|(model, _)| model);
            !after
                .models
                .iter()
                .any(|it| Some(it.name.as_str()) == model)
        };
        if let Some(key) = given.rename.keys().find(of_no_model) {
            return Err(StepError::Findings(format!(
                "[schema] rename names {}, and the after-schema has no such model. Nothing was changed",
                safe(key, 120)
            )));
        }
        for it in reads {
            let Some(model) = after.models.get(it.model) else {
                continue;
            };
            let today = before.and_then(|schema| {
                let mut models = schema.models.iter();
                Some((schema, models.find(|other| other.name == model.name)?))
            });
            let around = Around {
                after,
                before: today,
                today: before,
                rename: &given.rename,
                answers: &self.answers.decisions.schema,
                stands: &stands,
                of_customers: it.live == self.work.mapping.customer.collection,
            };
            let found = candidates(model, around)
                .map_err(|why| StepError::Findings(format!("{why}. Nothing was changed")))?;
            candidates_of.push(found);
        }
        if self.answers.retire_users {
            self.look_who_retires(watcher).await?;
        }
        let rules_of: Vec<Vec<Rule>> = candidates_of
            .iter()
            .map(|all: &Vec<Candidate>| all.iter().map(|it| it.rule.clone()).collect())
            .collect();
        let by_live = reads.iter().zip(&rules_of);
        let by_live = by_live.map(|(read, rules)| (read.live.as_str(), &rules[..]));
        let places = rules_of.iter().flat_map(|it| Rule::minutes_of(it));
        let minutes = self
            .read_minutes(places.collect(), &by_live.collect())
            .await?;
        let groups = Groups::default();
        let personal = self.personal;
        let mut check =
            SchemaCheck::new(after, &self.work.memory, personal, Some(listener(&groups)));
        let mut counts: Vec<(Vec<u64>, u64)> = vec![(Vec::new(), 0); reads.len()];
        let mut compare = vec![Compares::ByLetters; reads.len()];
        for number in check.order() {
            let at = reads.iter().position(|it| it.model == number);
            let Some(at) = at else {
                check.begin(number, &Standing::Missing, 0);
                check.end();
                continue;
            };
            let rules = &rules_of[at];
            let expected = scan::rough_count(&self.work.connection.database, &reads[at].live).await;
            let shape = Shape::new(rules, &minutes);
            let model = (&after.models[number], reads[at].live.as_str());
            let spec = specs.get(&reads[at].live);
            compare[at] = self
                .how_uniques_compare(model, spec, (&shape, rules), watcher)
                .await?;
            check.begin(number, &standing_as(compare[at].clone()), expected);
            let mut taking = Taking::new(&mut check, shape, rules.len());
            let retiring = self.answers.retire_users;
            let mut take = |document: &RawDocument, oldest| taking.take(document, oldest);
            self.documents_after(&reads[at].live, (retiring, &mut take), watcher)
                .await?;
            if let Some(error) = taking.failed {
                return Err(error);
            }
            counts[at] = (taking.did, taking.occupied);
            check.end();
        }
        watcher.says("comparing references", 0, 0);
        let conformity = check.finish();
        self.work.tables_hold()?;
        for (at, it) in reads.iter().enumerate() {
            let Some(model) = after.models.get(it.model) else {
                continue;
            };
            let (did, occupied) = &counts[at];
            let rules = self.rules_of(
                model,
                it,
                (&candidates_of[at][..], &did[..]),
                &mut read.demands,
            );
            read.rules.push(rules);
            if *occupied > 0 {
                let candidates = candidates_of[at].iter();
                let renames =
                    candidates.filter(|it| matches!(it.rule.innermost(), Rule::Rename { .. }));
                let renames = renames.map(|it| format!("{}.{}", model.name, it.field));
                let blocker = Demand::blocker(
                    "rename",
                    &format!("rename {}", model.name),
                    format!(
                        "{} of {} have a field under its old name and its new one too: take one of them out first",
                        counted(*occupied, "document", "documents"),
                        safe(&it.live, 120)
                    ),
                    *occupied,
                );
                read.demands.push(blocker.forbidding(renames));
            }
        }
        let users = &self.work.mapping.user.collection;
        let users = reads.iter().position(|it| it.live == *users);
        let mut stay = None;
        if let Some(at) = users
            && let Some(model) = after.models.get(reads[at].model)
            && !self.answers.retire_users
            && breaks(&conformity, &model.name)
        {
            let shape = Shape::new(&rules_of[at], &minutes);
            let compares = compare[at].clone();
            let found = self.judge_who_stays((after, &reads[at]), (shape, compares), watcher);
            stay = Some((model.name.clone(), Box::pin(found).await?));
        }
        let groups = groups.lock().unwrap_or_else(PoisonError::into_inner);
        for found in &conformity.models {
            let known = read.demands.len();
            let of_model = |number: usize| after.models.get(number).map(|it| &it.name);
            let mut places = reads.iter();
            let at = places.position(|it| of_model(it.model) == Some(&found.name));
            let compares = at.and_then(|at| compare.get(at));
            let by_letters = matches!(compares, None | Some(Compares::ByLetters));
            let stay = stay.as_ref().filter(|it| it.0 == found.name);
            for finding in &found.findings {
                let before = read.demands.len();
                self.finding((after, found, by_letters), finding, &groups, &mut read);
                let Some((_, stay)) = stay.filter(|_| is_of_users(finding.kind)) else {
                    continue;
                };
                let new = read.demands[before..].iter_mut();
                for demand in new.filter(|it| it.stands == Stands::Blocker) {
                    demand.says.push_str(&retiring_mends(finding, stay));
                }
            }
            let live = at.map(|at| reads[at].live.clone()).unwrap_or_default();
            for demand in read.demands.iter_mut().skip(known) {
                demand.live.clone_from(&live);
            }
        }
        drop(groups);
        if conformity.incomplete {
            for note in &conformity.notes {
                read.demands
                    .push(Demand::blocker("check", "", note.clone(), 0));
            }
        }
        Ok(read)
    }

    /// Hands on the documents of a collection as the migration will leave them; with `retiring`, without the users who retire.
    pub(super) async fn documents_after(
        &self,
        live: &str,
        (retiring, take): (bool, &mut Take<'_>),
        watcher: &Watcher,
    ) -> Result<()> {
        let mapping = &self.work.mapping;
        let rebuilt = mapping.rebuilt();
        let which = rebuilt.iter().find(|it| it.live() == live);
        if which.is_some_and(Rebuilt::is_made_of_pairs) {
            let mut out = CustomersOut {
                customers: Out::Shown(Box::new(|document, oldest| take(document, oldest))),
                links: Out::Shown(Box::new(|_, _| ())),
                shape: None,
                dated: true,
            };
            return self.produce_customers(&mut out, watcher).await;
        }
        let Surveyed {
            survey, blueprint, ..
        } = self.surveyed()?;
        let transform = which.and_then(|which| transform::of(which, survey, blueprint));
        let is_user = which.is_some_and(|it| it.role() == Role::Users);
        let leaves = |document: &RawDocument| {
            let fates = self.fates.as_ref().filter(|_| retiring);
            let id = id_of(document).filter(|_| is_user);
            fates
                .zip(id)
                .is_some_and(|(fates, id)| fates.goes(survey, &id))
        };
        let doing = format!("reading {live} for the after-schema");
        let mut reader = scan::read(&self.work.connection.database, live, &Scan::default(), None)?;
        let mut done = 0;
        while let Some(batch) = reader.next().await? {
            self.work.between_batches(watcher)?;
            for document in batch.documents().filter(|it| !leaves(it)) {
                match &transform {
                    None => take(document, None),
                    Some(transform) => {
                        if let Placed::Copy(document) = transform(document)? {
                            take(&document, None);
                        }
                    }
                }
            }
            done += batch.len() as u64;
            watcher.says(&doing, done, 0);
        }
        Ok(())
    }

    /// What a finding is: left by decision, or a blocker.
    fn finding(
        &self,
        (schema, found, by_letters): (&Schema, &ModelConformity, bool),
        finding: &Finding,
        groups: &BTreeMap<(String, String), Vec<String>>,
        read: &mut Read,
    ) {
        let of_indexes = matches!(
            finding.kind,
            Kind::IndexMissing | Kind::IndexDroppedByPush | Kind::ReferenceWithoutIndex
        );
        if of_indexes || finding.advice || is_made_otherwise(found, finding, &read.demands) {
            return;
        }
        let fields = finding.fields.join(", ");
        let key = format!("{}.{fields}", found.name);
        let (name, shown) = (safe(&found.name, 60), safe(&fields, 120));
        let kind = finding.kind.word();
        let answer = self.answers.decisions.schema.get(&key);
        if answer.is_some_and(|it| it.trim() == "leave") && finding.kind != Kind::Duplicate {
            read.left.push(format!("{key} {kind}"));
            let says = format!(
                "{name}.{shown}: {kind}, {}: {}",
                counted(
                    finding.count,
                    "document stays as it is",
                    "documents stay as they are"
                ),
                finding.error
            );
            read.demands.push(Demand {
                stands: Stands::Left,
                ways: self.ways_of(found, finding),
                samples: finding.samples.clone(),
                ..Demand::blocker("unreadable", &key, says, finding.count)
            });
            return;
        }
        let samples = if finding.samples.is_empty() {
            String::new()
        } else {
            format!(" (for example {})", finding.samples.join(", "))
        };
        let says = if finding.kind == Kind::Duplicate {
            let members = groups.get(&(found.name.clone(), fields.clone()));
            let members = members.map(|groups| {
                let lines: Vec<_> = groups.iter().map(|it| format!("\n      {it}")).collect();
                lines.concat()
            });
            let by = if by_letters {
                ""
            } else {
                " (by the collation of the collection, not letter by letter)"
            };
            format!(
                "{name}: {} with one value of {shown}{by}, which the schema says is unique{}{}",
                counted(finding.count, "group of documents", "groups of documents"),
                duplicate_way(schema, &found.name, &finding.fields),
                members.unwrap_or_default()
            )
        } else {
            format!(
                "{name}.{shown}: {kind}, {}{samples}: {}. {}{}",
                counted(finding.count, "document", "documents"),
                finding.error,
                sentence(&finding.repair),
                self.way_on(found, finding)
            )
        };
        let about = match finding.kind {
            Kind::Duplicate => "unique",
            Kind::WrongType | Kind::OutOfRange | Kind::MalformedId | Kind::BadEnum => "convert",
            _ => "unreadable",
        };
        let mut demand = Demand::blocker(about, &key, says, finding.count);
        demand.samples.clone_from(&finding.samples);
        demand.ways = self.ways_of(found, finding);
        read.demands.push(demand);
    }
}

/// True of a finding that only follows from a field which the migration makes under another name: that is said already.
fn is_made_otherwise(found: &ModelConformity, finding: &Finding, demands: &[Demand]) -> bool {
    let follows = matches!(
        finding.kind,
        Kind::MissingRequired | Kind::NullRequired | Kind::Duplicate
    );
    let said = |it: &&Demand| it.about == "rename" && it.stands == Stands::Blocker;
    follows
        && demands.iter().filter(said).any(|it| {
            let field = it.key.strip_prefix(&found.name);
            let field = field.and_then(|it| it.strip_prefix('.'));
            field.is_some_and(|field| finding.fields.iter().any(|it| it == field))
        })
}

/// True where users break a rule of the schema.
fn breaks(conformity: &Conformity, model: &str) -> bool {
    let mut models = conformity.models.iter();
    let users = models.find(|it| it.name == model);
    let mut findings = users.into_iter().flat_map(|it| &it.findings);
    findings.any(|it| !it.advice && is_of_users(it.kind))
}
