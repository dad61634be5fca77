//! The report: what a run found, decided, did and proved, and how to get back. Pure: built from the run record, so that it says the same
//! from the console, from `ringfence report`, and a year later.

mod checklist;
mod found;
mod markdown;

use serde_json::{Value, json};

use crate::domain::checklist::Step;
use crate::domain::conflict::Code;
use crate::domain::decision_file::DecisionFile;
use crate::domain::departure::Departures;
use crate::domain::forecast::Forecast;
use crate::domain::keep_new::report::Kept;
use crate::domain::run::{Millis, Outcome, RunRecord};
use crate::domain::situation::{Situation, roll_back};
use crate::domain::standstill::Standstill;
use crate::domain::text::{mask, sentence};

/// A run's report.
#[derive(Debug, Clone)]
pub struct Report<'r> {
    run: &'r RunRecord,
    personal: bool,
    /// Strays that nobody has decided on, with their documents.
    strays: Vec<(String, u64)>,
    situation: Option<&'r Situation>,
    /// What is wrong with the backup now.
    lost_backup: Option<String>,
    /// What of the run's files is gone, the backup among them.
    lost_files: Vec<String>,
}

impl<'r> Report<'r> {
    /// The report of `run`; with `personal`, values typed by hand and notes are shown as they are, else masked. `strays` are those that nobody
    /// has decided on, with their documents.
    pub fn new(run: &'r RunRecord, personal: bool, strays: Vec<(String, u64)>) -> Self {
        Self {
            run,
            personal,
            strays,
            situation: None,
            lost_backup: None,
            lost_files: Vec::new(),
        }
    }

    /// The same, with the situation as it was read from the database.
    #[must_use]
    pub fn standing(mut self, situation: Option<&'r Situation>) -> Self {
        self.situation = situation;
        self
    }

    /// The same, with what is wrong with the backup now, and what of all the run's files is gone.
    #[must_use]
    pub fn without(mut self, lost: Option<String>, files: Vec<String>) -> Self {
        self.lost_backup = lost;
        self.lost_files = files;
        self
    }

    /// Foreign writes since writers were found to stand still.
    fn writes(&self) -> Option<&str> {
        self.situation?.writes.as_deref()
    }

    /// How long writers stood still; nothing where that is not true, or not known any more.
    fn standstill(&self) -> Option<Standstill> {
        let standstill = Standstill::of(self.run)?;
        let goes_on = self.run.outcome == Outcome::Open && self.writes().is_none();
        (goes_on || standstill.until.is_some()).then_some(standstill)
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let run = self.run;
        json!({
            "run": run.id,
            "tool": format!("ringfence {}", run.tool),
            "operator": run.operator,
            "started": time(run.started),
            "outcome": self.outcome(),
            "place": {
                "host": run.host, "replicaSet": run.replica_set, "server": run.server_version, "database": run.database,
            },
            "plan": run.plan_hash(),
            "found": run.numbers,
            "takenInSinceThePlan": self.taken_in(),
            "leaving": self.departures().map(Departures::to_json),
            "conflicts": run.decided.iter().map(|line| json!({
                "code": line.code, "count": line.count, "answers": line.answers,
            })).collect::<Vec<_>>(),
            "byHand": self.by_hand().iter().map(|(what, values)| json!({ "decision": what, "values": values })).collect::<Vec<_>>(),
            "steps": self.steps().iter().map(|(step, state, says, started, ended)| json!({
                "step": step.word(), "state": state, "says": says, "started": time(*started), "ended": time(*ended),
                "seconds": (ended - started) as f64 / 1000.0,
            })).collect::<Vec<_>>(),
            "notes": run.notes.iter().map(|(step, note)| json!({
                "step": step, "note": note.text, "at": time(note.at), "by": note.by,
            })).collect::<Vec<_>>(),
            "backup": run.backup.as_ref().map(|backup| json!({
                "path": backup.path, "documents": backup.documents, "verified": time(backup.verified), "fingerprints": backup.fingerprints,
                "trouble": self.lost_backup,
            })),
            "lostFiles": self.lost_files,
            "strays": self.strays.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "decidedStrays": run.decided_strays,
            "writeBlock": run.write_block.as_ref().map(|block| json!({
                "since": time(block.since), "released": block.released.map(time), "release": block.release,
            })),
            "verdict": run.verdict.as_ref().map(|verdict| json!({
                "word": verdict.word, "evidence": verdict.evidence, "at": time(verdict.at),
            })),
            "forecast": Forecast::of(run).map(|it| json!({
                "seconds": it.expected as f64 / 1000.0, "tookSeconds": it.took.map(|took| took as f64 / 1000.0),
                "diskBytes": it.disk, "diskTookBytes": it.disk_took,
            })),
            "standstill": self.standstill().map(|it| json!({
                "since": time(it.since), "until": it.until.map(time), "ownWorkSeconds": it.own as f64 / 1000.0,
            })),
            "retired": run.retired.as_ref().filter(|_| run.has_retired()),
            "equations": run.equations,
            "rollback": self.kept().map(|kept| json!({ "changes": kept.counts, "leftBehind": kept.left })),
            "checklist": self.checklist().iter().map(|line| json!({
                "line": line.guide, "step": line.step.word(), "state": line.verdict.word(), "evidence": line.evidence,
            })).collect::<Vec<_>>(),
            "wayBack": self.way_back(),
            "foreignWrites": self.writes(),
            "situation": self.situation.map(|it| it.to_json(&run.database)),
        })
    }

    /// The outcome, with what was left.
    fn outcome_words(&self) -> String {
        let left = self
            .kept()
            .map_or(0, |kept| kept.left.iter().map(|left| left.count).sum());
        match (self.run.outcome, left) {
            (Outcome::RolledBack, 1) => "rolled back, partly: 1 thing left behind".to_owned(),
            (Outcome::RolledBack, 2..) => format!("rolled back, partly: {left} things left behind"),
            _ => self.outcome().to_owned(),
        }
    }

    fn outcome(&self) -> &'static str {
        match self.run.outcome {
            Outcome::Open if self.run.is_done(Step::CutOver) => "applied",
            Outcome::Open => "under way",
            Outcome::RolledBack => "rolled back",
            Outcome::Finished => "finished",
            Outcome::Restored => "restored from its backup",
        }
    }

    /// What a rollback carried back, and what it left behind.
    fn kept(&self) -> Option<&Kept> {
        self.run.rollback.as_ref()?.kept.as_ref()
    }

    /// Pairs that came since the plan was made.
    fn taken_in(&self) -> u64 {
        let now = self.run.numbers.get("pairs").copied().unwrap_or_default();
        let planned = self.run.plan.as_ref().map_or(now, |plan| plan.pairs);
        now.saturating_sub(planned)
    }

    /// Bookings that left the application by the plan.
    fn departures(&self) -> Option<&Departures> {
        self.run.plan.as_ref()?.leaving.as_ref()
    }

    fn steps(&self) -> Vec<(Step, &str, &str, Millis, Millis)> {
        Step::ALL
            .iter()
            .filter_map(|step| {
                let record = self.run.step(*step)?;
                Some((
                    *step,
                    record.state.word(),
                    record.says.as_str(),
                    record.started,
                    record.ended,
                ))
            })
            .collect()
    }

    /// Decisions with values typed by hand.
    fn by_hand(&self) -> Vec<(String, Vec<String>)> {
        let Some(plan) = &self.run.plan else {
            return Vec::new();
        };
        let file: &DecisionFile = &plan.decisions;
        let Ok(decisions) = file.decisions(&plan.database, &plan.mapping.user) else {
            return Vec::new();
        };
        decisions
            .single
            .iter()
            .filter(|(_, decision)| !decision.set.is_empty() || !decision.note.is_empty())
            .map(|(key, decision)| {
                let mut values: Vec<_> = decision
                    .set
                    .iter()
                    .map(|(field, value)| {
                        format!(
                            "{field} = {}",
                            if self.personal {
                                value.clone()
                            } else {
                                mask(value)
                            }
                        )
                    })
                    .collect();
                if !decision.note.is_empty() && self.personal {
                    values.push(format!("note: {}", decision.note));
                }
                (format!("{key}: {}", decision.choice.word()), values)
            })
            .collect()
    }

    fn way_back(&self) -> String {
        let database = &self.run.database;
        let path = self.run.backup.as_ref().map(|it| it.path.as_str());
        let path = path.unwrap_or("(none)");
        let lost = self.lost_backup.as_deref();
        let backup = lost.map_or_else(|| format!("the backup is in {path}"), str::to_owned);
        let swapped = self.run.collections.values().any(|it| it.swap_began);
        match self.run.outcome {
            Outcome::Open if !swapped => {
                let back = self.situation.map(|it| it.back_by(&roll_back(database)));
                let back = back.unwrap_or_else(|| "nothing to undo".to_owned());
                format!("nothing was cut over: {back}. {}", sentence(&backup))
            }
            Outcome::Open => format!(
                "`ringfence --db {database} rollback --confirm {database}` renames the originals back, byte for byte, until they are deleted; redeploy the old code before you start the application. {}",
                sentence(&backup)
            ),
            Outcome::RolledBack => format!("the originals are live again; {backup}"),
            Outcome::Restored => {
                let lost = lost.map_or_else(String::new, |lost| format!("; {lost}"));
                format!(
                    "the backup in {path} was restored: what was there before is live again, and what stood there instead is aside until `ringfence purge`{lost}"
                )
            }
            Outcome::Finished => match lost {
                None => format!(
                    "the originals are deleted; what is left is the backup in {path} (`ringfence restore`, or mongorestore)"
                ),
                Some(lost) => format!("the originals are deleted, and {lost}"),
            },
        }
    }
}

/// A time for people and machines: RFC 3339, UTC, seconds.
fn time(millis: Millis) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(
        |_| millis.to_string(),
        |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

/// The title of a conflict code's line.
fn title_of(code: &str) -> &'static str {
    Code::from_word(code).map_or("", Code::title)
}
