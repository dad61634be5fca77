//! Step 5, review conflicts: the decisions, their file, and the plan with its hash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::counted;
use super::error::{Result, StepError};
use super::session::Session;
use crate::domain::blueprint::Blueprint;
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::decision::{Decision, Decisions, check_value};
use crate::domain::decision_file::DecisionFile;
use crate::domain::plan::Plan;
use crate::domain::run::DecidedLine;
use crate::store::{StoreError, private_file};

pub(super) async fn run(session: &mut Session) -> Result<String> {
    session.require_decided()?;
    let plan = session.plan()?;
    let decided = session.decided_lines()?;
    let record = session.begin_run().await?;
    record.decided = decided;
    let hash = plan.hash.clone();
    record.plan = Some(plan.clone());
    let record = record.clone();
    let folder = session.run_folder(&record);
    private_file::create_folder(&folder)?;
    write_plan(&folder.join("plan.json"), &plan)?;
    session.save().await?;
    Ok(format!(
        "plan {} over {}",
        &hash[..12],
        counted(plan.conflicts.len() as u64, "conflict", "conflicts")
    ))
}

/// Writes a plan to a file.
///
/// # Errors
/// The system's answer.
pub fn write_plan(path: &Path, plan: &Plan) -> Result<()> {
    let text = serde_json::to_string_pretty(plan).map_err(crate::domain::plan::BadPlan::from)?;
    Ok(private_file::replace(path, (text + "\n").as_bytes())?)
}

/// Reads a plan from a file.
///
/// # Errors
/// The system's answer, or a plan that cannot be used.
pub fn read_plan(path: &Path) -> Result<Plan> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| StoreError::file("reading the plan", path, error))?;
    Ok(Plan::parse(&text)?)
}

impl Session {
    /// Where this database's decisions are kept.
    pub fn decisions_path(&self) -> PathBuf {
        self.run_root
            .join(format!("{}.decisions.toml", self.connection.place.database))
    }

    /// Reads the decisions: of the run's plan once it is cut over, else of the decisions file.
    pub(super) fn load_decisions(&mut self) -> Result<()> {
        let path = self.decisions_path();
        if path.exists() {
            self.decisions = read_decisions(&path, &self.connection.place.database)?;
        } else {
            self.load_run_decisions()?;
        }
        Ok(())
    }

    /// Takes the decisions that the open run's plan holds.
    pub(super) fn load_run_decisions(&mut self) -> Result<()> {
        if let Some(plan) = self.open_run().and_then(|run| run.plan.clone()) {
            self.decisions = plan.decisions()?;
        }
        Ok(())
    }

    /// Takes `decisions` for this session, without writing the file.
    pub fn take_decisions(&mut self, decisions: Decisions) {
        self.decisions = decisions;
        self.apply_decisions();
    }

    /// Takes the suggestion for every kind that has no answer.
    pub fn take_suggestions(&mut self) {
        self.decisions.fill_with_suggestions();
        self.apply_decisions();
    }

    /// The decisions of the moment.
    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    fn apply_decisions(&mut self) {
        if let Some(surveyed) = &mut self.surveyed {
            let obstacles = std::mem::take(&mut surveyed.blueprint.obstacles);
            surveyed.blueprint = Blueprint::new(&surveyed.survey, &self.decisions);
            for obstacle in obstacles {
                // Those of the collections stay, those of the old decisions were found again if they still hold.
                if obstacle.contains("names ") || obstacle.contains("filters by") {
                    surveyed.blueprint.obstacles.push(obstacle);
                }
            }
        }
    }

    /// Takes answers, or takes them back (`None`), and writes the decisions file.
    ///
    /// # Errors
    /// A value typed by hand that is none, or a file that cannot be written; nothing is kept then.
    pub fn decide(&mut self, changes: Vec<(ConflictKey, Option<Decision>)>) -> Result<()> {
        let old = self.decisions.clone();
        for (key, decision) in changes {
            match decision {
                Some(mut decision) => {
                    for (field, value) in &mut decision.set {
                        *value = check_value(field, value).map_err(|why| {
                            StepError::NotReady(format!("{field}: {why}. Nothing was changed"))
                        })?;
                    }
                    self.decisions.single.insert(key, decision);
                }
                None => {
                    self.decisions.single.remove(&key);
                }
            }
        }
        self.apply_decisions();
        let kept = self.write_decisions();
        if kept.is_err() {
            self.take_decisions(old);
        }
        kept
    }

    /// Accepts the suggestion for every conflict of `code` without an answer, or of all codes. Returns how many.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn decide_all(&mut self, code: Option<Code>) -> Result<usize> {
        let changes: Vec<_> = self
            .surveyed()?
            .conflicts
            .iter()
            .filter(|conflict| {
                code.is_none_or(|code| conflict.key.code == code)
                    && !self.decisions.is_decided(&conflict.key)
            })
            .map(|conflict| {
                (
                    conflict.key.clone(),
                    Some(Decision::new(conflict.key.code.suggestion())),
                )
            })
            .collect();
        let count = changes.len();
        self.decide(changes)?;
        Ok(count)
    }

    /// Writes the decisions file.
    ///
    /// # Errors
    /// The system's answer.
    pub fn write_decisions(&self) -> Result<()> {
        private_file::create_folder(&self.run_root)?;
        let file = DecisionFile::new(&self.connection.place.database, &self.decisions);
        Ok(private_file::replace(
            &self.decisions_path(),
            file.to_text().as_bytes(),
        )?)
    }

    fn decided_lines(&self) -> Result<Vec<DecidedLine>> {
        let mut lines: BTreeMap<Code, DecidedLine> = BTreeMap::new();
        for conflict in &self.surveyed()?.conflicts {
            let key = &conflict.key;
            let line = lines.entry(key.code).or_insert_with(|| DecidedLine {
                code: key.code.word().to_owned(),
                count: 0,
                answers: BTreeMap::new(),
            });
            line.count += conflict.units;
            let choice = self.decisions.choice(key).word();
            let word = if self.decisions.is_decided(key) {
                choice.to_owned()
            } else {
                format!("{choice} (by rule)")
            };
            *line.answers.entry(word).or_default() += conflict.units;
        }
        Ok(lines.into_values().collect())
    }
}

/// Reads a decisions file for `database`.
///
/// # Errors
/// The system's answer, or a file that cannot be used.
pub fn read_decisions(path: &Path, database: &str) -> Result<Decisions> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| StoreError::file("reading the decisions", path, error))?;
    Ok(DecisionFile::parse(&text)?.decisions(database)?)
}
