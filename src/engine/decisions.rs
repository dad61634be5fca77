//! The decisions, their file, and the plan that follows from them.

use crate::engine::Watcher;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::domain::accepted::Accepted;
use crate::domain::blueprint::Blueprint;
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::decision::{Alike, Decision, Decisions, check};
use crate::domain::decision_file::{self, DecisionFile};
use crate::domain::decision_match::Match;
use crate::domain::departure;
use crate::domain::history::{self, Change};
use crate::domain::mapping::{DEFAULT, Mapping};
use crate::domain::nearest::nearest;
use crate::domain::plan::Plan;
use crate::domain::run::DecidedLine;
use crate::domain::text::{json, named};
use crate::engine::error::{Result, StepError};
use crate::engine::fit::Said;
use crate::engine::session::{Session, Surveyed, Workspace};
use crate::store::{StoreError, private_file};

/// Writes a plan to a file.
///
/// # Errors
/// The system's answer.
pub fn write_plan(path: &Path, plan: &Plan) -> Result<()> {
    let text = serde_json::to_string_pretty(plan).map_err(crate::domain::plan::BadPlan::from)?;
    let written = private_file::replace(path, (json(&text) + "\n").as_bytes());
    Ok(written.map_err(|error| {
        error.with_truth("The plan is not in that file. The database is as it was before this plan")
    })?)
}

/// Reads a plan from a file.
///
/// # Errors
/// The system's answer, or a plan that cannot be used.
pub fn read_plan(path: &Path) -> Result<Plan> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| StoreError::file("reading the plan", path, error))?;
    Plan::parse(&text)
        .map_err(|error| StepError::PlanFile(named(&path.display().to_string()), error))
}

impl Session {
    /// Takes a plan from a file for this session, surveys, and refuses the plan when it no longer fits.
    ///
    /// # Errors
    /// Another database, or what changed since.
    pub async fn take_plan(&mut self, plan: &Plan, watcher: &Watcher) -> Result<()> {
        let database = &self.work.connection.place.database;
        if plan.database != *database {
            return Err(StepError::NotReady(format!(
                "the plan is for database {}, this one is {database}. Nothing was changed",
                plan.database
            )));
        }
        self.refuse_after_finish()?;
        self.require_the_plans_mapping(plan)?;
        self.take_mapping(&plan.mapping);
        self.take_decisions(plan.decisions()?);
        self.answers.retire_users = plan.retire_users;
        self.take_schema(plan.schema.clone());
        self.see_what_is_swapped().await?;
        self.check_mapping(Said::InThePlan, watcher).await?;
        self.survey(watcher).await?;
        if let Some(schema) = &plan.schema {
            self.require_schema_as_planned(schema, watcher).await?;
        }
        let changes = plan.drift(&self.plan()?);
        if changes.is_empty() {
            Ok(())
        } else {
            Err(StepError::Drift(changes))
        }
    }

    /// Works with a mapping that was kept; where the mapping file says the same, with that, which has lines.
    fn take_mapping(&mut self, mapping: &Mapping) {
        let file = self.work.mapping_file.as_ref();
        let same = file.filter(|file| *file == mapping);
        let usual = || Mapping::parse(DEFAULT).is_ok_and(|usual| usual == *mapping);
        self.work.built_in = file.is_none() && usual();
        self.work.mapping = same.unwrap_or(mapping).clone();
    }

    /// Refuses a plan for another mapping than the one that the run under way began with, or that the mapping file says.
    fn require_the_plans_mapping(&self, plan: &Plan) -> Result<()> {
        let run = self.run.open();
        let mut changes = Vec::new();
        if let Some(run) = run.filter(|run| run.mapping != plan.mapping) {
            changes.push(format!(
                "the plan has another mapping than run {} began with; roll that run back first",
                run.id
            ));
        }
        let file = self.work.mapping_file.as_ref();
        if file.is_some_and(|mapping| *mapping != plan.mapping) {
            changes.push("the mapping file says another mapping than the plan".to_owned());
        }
        if changes.is_empty() {
            return Ok(());
        }
        Err(StepError::Drift(changes))
    }

    /// Where this database's decisions are kept.
    pub fn decisions_path(&self) -> PathBuf {
        self.work.run_root.join(format!(
            "{}.decisions.toml",
            self.work.connection.place.database
        ))
    }

    /// Reads the decisions: of the decisions file, else of the open run's plan.
    pub(crate) fn load_decisions(&mut self) -> Result<()> {
        let path = self.decisions_path();
        if path.exists() {
            let text = read_text(&path)?;
            self.take_decisions(self.work.parse_decisions(&text)?);
            self.answers.text = Some(text);
        } else {
            self.load_run_decisions()?;
        }
        Ok(())
    }

    /// Takes the decisions that the open run's plan holds.
    pub(crate) fn load_run_decisions(&mut self) -> Result<()> {
        if let Some(plan) = self.run.open().and_then(|run| run.plan.clone()) {
            self.take_decisions(plan.decisions()?);
            self.answers.retire_users = plan.retire_users;
            self.take_schema(plan.schema);
        }
        Ok(())
    }

    /// Reads a decisions file for this database.
    ///
    /// # Errors
    /// The system's answer, or a file that cannot be used.
    pub fn read_decisions(&self, path: &Path) -> Result<Decisions> {
        self.work.parse_decisions(&read_text(path)?)
    }

    /// Takes `decisions` for this session, without writing the file.
    pub fn take_decisions(&mut self, decisions: Decisions) {
        if decisions != self.answers.decisions {
            self.answers.decisions = decisions;
            self.apply_decisions();
        }
    }

    /// Takes the suggestion for every kind that has no answer.
    pub fn take_suggestions(&mut self) {
        let followed = self.work.mapping.followed_codes();
        self.answers.decisions.fill_with_suggestions(&followed);
        self.apply_decisions();
    }

    /// Takes confirmed numbers for this session. One of a kind that has no answer yet accepts the suggestion, too.
    pub fn accept(&mut self, numbers: &[(Accepted, u64)]) {
        for (what, number) in numbers {
            self.answers
                .decisions
                .accepted
                .insert(what.clone(), *number);
            if let Accepted::Bookings(code) = what
                && code.suggests()
            {
                let policy = &mut self.answers.decisions.policy;
                policy.entry(*code).or_insert(code.suggestion());
            }
        }
        self.apply_decisions();
    }

    /// Refuses confirmed numbers that are not what the survey counts.
    ///
    /// # Errors
    /// The first that is another, with the right one.
    pub fn require_numbers(&self, numbers: &[(Accepted, u64)]) -> Result<()> {
        let departures = &self.surveyed()?.blueprint.departures;
        for (what, number) in numbers {
            let Accepted::Bookings(code) = what else {
                continue;
            };
            let counted = departures.by(*code);
            if counted != *number {
                let right = if counted == 0 {
                    format!("leave --accept {code} out")
                } else {
                    format!("say --accept {code}={counted}")
                };
                return Err(StepError::Findings(format!(
                    "--accept {code}={number} is not what the survey counts: {}. Nothing was changed; look at what differs before you {right}",
                    departures.words_of(*code)
                )));
            }
        }
        Ok(())
    }

    /// The decisions of the moment.
    pub fn decisions(&self) -> &Decisions {
        &self.answers.decisions
    }

    /// Whoever changes decisions calls this, so that the blueprint is always of the decisions of the moment.
    fn apply_decisions(&mut self) {
        if let Some(surveyed) = &mut self.surveyed {
            // Whom an answer gives to a business takes part in all conflicts; null in a field is a value to an index.
            let contact = self.answers.decisions.contact;
            let otherwise = surveyed.survey.contact_leaves(contact);
            if surveyed.survey.assign(&self.answers.decisions) || otherwise {
                surveyed.conflicts = surveyed.survey.conflicts();
            }
            surveyed.blueprint = Blueprint::new(&surveyed.survey, &self.answers.decisions);
        }
    }

    /// Makes changes, keeps them in the decisions file, and remembers how to take them back.
    ///
    /// # Errors
    /// A value that is none, answers that do not go together, or a file that cannot be written; nothing is kept then.
    pub fn decide(&mut self, mut changes: Vec<Change>) -> Result<()> {
        for change in &mut changes {
            if let Change::Answer(key, Some(decision)) = change {
                check(&self.work.mapping.user, key, decision)
                    .map_err(|why| StepError::NotReady(format!("{why}. Nothing was changed")))?;
            }
            if let Change::Schema(key, Some(answer)) = change {
                self.check_schema_answer(key, answer)?;
            }
        }
        self.require_typed_numbers(&changes)?;
        let back = self.change(changes)?;
        self.answers.history.did(back);
        Ok(())
    }

    /// Takes the last decision back; how many answers changed, 0 where there is nothing to take back.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn undo(&mut self) -> Result<usize> {
        let Some(changes) = self.answers.history.undo.last().cloned() else {
            return Ok(0);
        };
        let count = changes.len();
        let again = self.change(changes)?;
        self.answers.history.undo.pop();
        self.answers.history.redo.push(again);
        Ok(count)
    }

    /// Does again what was taken back last; how many answers changed, 0 where there is nothing.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn redo(&mut self) -> Result<usize> {
        let Some(changes) = self.answers.history.redo.last().cloned() else {
            return Ok(0);
        };
        let count = changes.len();
        let back = self.change(changes)?;
        self.answers.history.redo.pop();
        self.answers.history.undo.push(back);
        Ok(count)
    }

    /// Changes decisions, blueprint and file together, or none of them. Returns what takes it back.
    fn change(&mut self, changes: Vec<Change>) -> Result<Vec<Change>> {
        let old = self.answers.decisions.clone();
        let clashed = self.clashes();
        let back = history::apply(changes, &mut self.answers.decisions);
        self.apply_decisions();
        let new = self.clashes().into_iter().find(|it| !clashed.contains(it));
        let kept = match new {
            Some(clash) => Err(StepError::NotReady(format!("{clash}. Nothing was changed"))),
            None => self.write_decisions(),
        };
        match kept {
            Ok(()) => Ok(back),
            Err(error) => {
                self.take_decisions(old);
                Err(error)
            }
        }
    }

    /// Whether `decision` could be kept as the answer to `key`; nothing is.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn try_out(&mut self, key: &ConflictKey, mut decision: Decision) -> Result<()> {
        check(&self.work.mapping.user, key, &mut decision).map_err(StepError::NotReady)?;
        let mut decisions = self.answers.decisions.clone();
        decisions.single.insert(key.clone(), decision);
        let before = self.clashes();
        let Surveyed { survey, .. } = self.surveyed()?;
        if let Some(Err(why)) = survey.assigned_to(&decisions, key) {
            return Err(StepError::NotReady(why));
        }
        let after = Blueprint::new(survey, &decisions).clashes;
        match after.into_iter().find(|it| !before.contains(it)) {
            Some(clash) => Err(StepError::NotReady(clash)),
            None => Ok(()),
        }
    }

    /// Refuses answers that take more bookings out of the application than may leave without their number, unless that is among the changes.
    fn require_typed_numbers(&self, changes: &[Change]) -> Result<()> {
        let Some((code, bookings, words)) = self.asked_by(changes).into_iter().next() else {
            return Ok(());
        };
        Err(StepError::AsksForNumber {
            code,
            bookings,
            words,
            changes: changes.to_vec(),
        })
    }

    /// The kinds that these changes answer and whose number is then still to be confirmed.
    fn asked_by(&self, changes: &[Change]) -> Vec<(Code, u64, String)> {
        let takes_out = |change: &Change| match change {
            Change::Answer(key, Some(decision)) if departure::takes_out(decision.choice) => {
                Some(key.code)
            }
            _ => None,
        };
        let answered: BTreeSet<Code> = changes.iter().filter_map(takes_out).collect();
        let Some(surveyed) = self.surveyed.as_ref().filter(|_| !answered.is_empty()) else {
            return Vec::new();
        };
        let mut decisions = self.answers.decisions.clone();
        history::apply(changes.to_vec(), &mut decisions);
        let departures = Blueprint::new(&surveyed.survey, &decisions).departures;
        let asked = departures.not_accepted(&decisions.accepted).into_iter();
        asked
            .filter(|(code, _)| answered.contains(code))
            .map(|(code, bookings)| (code, bookings, departures.words_of(code)))
            .collect()
    }

    fn clashes(&self) -> Vec<String> {
        self.surveyed
            .as_ref()
            .map(|surveyed| surveyed.blueprint.clashes.clone())
            .unwrap_or_default()
    }

    /// Gives every conflict that `alike` covers and that has no answer the same one. Returns how many. Where the answers to one kind need
    /// their number confirmed, answers of every kind leave that kind undecided.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn decide_alike(&mut self, alike: &Alike) -> Result<usize> {
        let surveyed = self.surveyed()?;
        let departures = &surveyed.blueprint.departures;
        let asks = departures.not_accepted(&self.answers.decisions.accepted);
        let asks: Vec<Code> = asks.into_iter().map(|(code, _)| code).collect();
        let mut changes: Vec<_> = surveyed
            .conflicts
            .iter()
            .filter(|conflict| {
                let says = alike.choice.is_some() || conflict.key.code.suggests();
                says && alike.covers(conflict)
                    && (asks.contains(&conflict.key.code)
                        || !self.answers.decisions.is_decided(&conflict.key))
            })
            .map(|conflict| {
                let key = conflict.key.clone();
                // One that was answered, and only lacks its number, keeps its answer.
                let answered = self.answers.decisions.answer(&key);
                let mut decision = answered.unwrap_or_else(|| {
                    Decision::new(alike.choice.unwrap_or(key.code.suggestion()))
                });
                if let Some(choice) = alike.choice {
                    decision.choice = choice;
                }
                decision.survivor = alike.survivor;
                Change::Answer(key, Some(decision))
            })
            .collect();
        if alike.code.is_none() {
            let asked = self.asked_by(&changes);
            let kept = changes.iter().filter(|change| {
                !matches!(change, Change::Answer(key, _) if asked.iter().any(|it| it.0 == key.code))
            });
            let kept: Vec<_> = kept.cloned().collect();
            if !kept.is_empty() {
                changes = kept;
            } else if let Some((first, ..)) = asked.first() {
                // Nothing else is left: one kind after the other asks for its number.
                changes.retain(
                    |change| matches!(change, Change::Answer(key, _) if key.code == *first),
                );
            }
        }
        let count = changes.len();
        self.decide(changes)?;
        Ok(count)
    }

    /// Writes the decisions file over what stands in it.
    ///
    /// # Errors
    /// The system's answer, or a file that something else has changed since it was read.
    pub fn write_decisions(&mut self) -> Result<()> {
        let path = self.decisions_path();
        let old = path.exists().then(|| read_text(&path)).transpose()?;
        if old.is_some() && old != self.answers.text {
            return Err(StepError::NotReady(format!(
                "{} was changed by something else since it was read. Nothing was changed; open the console again to take in what it says now",
                named(&path.display().to_string())
            )));
        }
        let file = DecisionFile::new(
            &self.work.connection.place.database,
            &self.answers.decisions,
        );
        let names = |key: &ConflictKey| Some(self.key_words(key, self.personal));
        let text = decision_file::text::update(&file, old.as_deref().as_slice(), &names);
        let written = private_file::create_folder(&self.work.run_root)
            .and_then(|()| private_file::replace(&path, text.as_bytes()));
        written.map_err(|error| {
            error.with_truth("This answer is not kept. All earlier ones are, in the file and here")
        })?;
        self.answers.text = Some(text);
        Ok(())
    }

    /// How `decisions` fit what the survey found.
    ///
    /// # Errors
    /// No survey yet.
    pub fn match_decisions(&self, decisions: &Decisions) -> Result<Match> {
        Ok(Match::of(decisions, &self.surveyed()?.conflicts))
    }

    pub(crate) fn decided_lines(&self) -> Result<Vec<DecidedLine>> {
        let mut lines: BTreeMap<Code, DecidedLine> = BTreeMap::new();
        for conflict in &self.surveyed()?.conflicts {
            let key = &conflict.key;
            let line = lines.entry(key.code).or_insert_with(|| DecidedLine {
                code: key.code.word().to_owned(),
                count: 0,
                answers: BTreeMap::new(),
            });
            line.count += conflict.units;
            let choice = self.answers.decisions.choice(key).word();
            let word = if self.answers.decisions.is_decided(key) {
                choice.to_owned()
            } else {
                format!("{choice} (by rule)")
            };
            *line.answers.entry(word).or_default() += conflict.units;
        }
        Ok(lines.into_values().collect())
    }
}

impl Workspace {
    fn parse_decisions(&self, text: &str) -> Result<Decisions> {
        let file = DecisionFile::parse(text)?;
        let decisions = file.decisions(&self.connection.place.database, &self.mapping.user)?;
        self.require_known_entries(&decisions)?;
        Ok(decisions)
    }

    /// Refuses answers for followed collections that the mapping does not follow.
    fn require_known_entries(&self, decisions: &Decisions) -> Result<()> {
        let known: Vec<String> = (0..self.mapping.follow.len())
            .map(|at| self.mapping.entry_name(at))
            .collect();
        let policy = decisions.policy.keys().copied();
        let single = decisions.single.keys().map(|key| key.code);
        let accepted = decisions.accepted.keys().filter_map(|it| match it {
            Accepted::Bookings(code) => Some(*code),
            Accepted::Unresolved(_) => None,
        });
        let mut codes = policy.chain(single).chain(accepted);
        let unknown = codes.find(|code| {
            let entry = code.entry();
            entry.is_some_and(|entry| !known.iter().any(|it| it == entry))
        });
        let Some(code) = unknown else { return Ok(()) };
        let near = nearest(
            code.entry().unwrap_or_default(),
            known.iter().map(String::as_str),
        );
        let near = near.map_or_else(String::new, |near| format!("; nearest: {}", named(near)));
        Err(StepError::NotReady(format!(
            "the decisions answer {}, and the mapping has no such [[follow]] entry{near}. Nothing was changed",
            named(code.word())
        )))
    }
}

/// The text of a decisions file.
///
/// # Errors
/// The system's answer.
pub fn read_text(path: &Path) -> Result<String> {
    Ok(std::fs::read_to_string(path)
        .map_err(|error| StoreError::file("reading the decisions", path, error))?)
}
