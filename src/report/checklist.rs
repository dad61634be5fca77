//! The guide's checklist in the report: each of its lines with its evidence, or that it is not done, or that nobody checked it.

use super::Report;
use crate::domain::checklist::{NoteOn, Phase, State, Step, Touch};
use crate::domain::lease::clock;
use crate::domain::run::Outcome;

/// How a line of the guide stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done, with evidence.
    Done,
    /// Not done.
    NotDone,
    /// Nobody checked it, and ringfence cannot.
    NotChecked,
}

impl Verdict {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not done",
            Self::NotChecked => "not checked",
        }
    }
}

/// A line of the guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As the guide has it.
    pub guide: &'static str,
    /// The step that it belongs to.
    pub step: Step,
    /// How it stands.
    pub verdict: Verdict,
    /// What shows it, or why it is not so.
    pub evidence: String,
}

/// Lines that no step of ours shows to be true, with why.
const UNSEEN: [(&str, &str); 6] = [
    (
        "Restore database backup",
        "the backup was read back, not restored",
    ),
    ("Revert code changes", "ringfence does not see your code"),
    (
        "Test migration scripts on copy of production data",
        "ringfence does not know whether this database is a copy",
    ),
    ("Investigate issues", "needed only where something failed"),
    ("Fix and retry", "needed only where something failed"),
    ("Rollback plan: until here", ""),
];

/// Lines that are shown to be true of the data only.
const OF_THE_DATA: [&str; 5] = [
    "Verify security isolation",
    "Check business isolation works",
    "Verify business A cannot see business B's data",
    "Test customer isolation",
    "Verify business isolation",
];

impl Report<'_> {
    /// Every line of the guide, in the order of the steps.
    pub(super) fn checklist(&self) -> Vec<Line> {
        let steps = Step::ALL.iter().copied();
        let lines = steps.flat_map(|step| {
            let guide = step.row().guide.iter().copied();
            guide.map(move |line| (step, line))
        });
        lines
            .filter(|(_, guide)| *guide != "Rollback plan: until here")
            .map(|(step, guide)| {
                let (verdict, evidence) = self.judge(step, guide);
                Line {
                    guide,
                    step,
                    verdict,
                    evidence,
                }
            })
            .collect()
    }

    fn judge(&self, step: Step, guide: &str) -> (Verdict, String) {
        if let Some((_, why)) = UNSEEN.iter().find(|(line, _)| *line == guide) {
            return (Verdict::NotChecked, (*why).to_owned());
        }
        if step.touch() == Touch::Note {
            return self.noted(step, guide);
        }
        if step == Step::Survey && !self.run.numbers.is_empty() {
            return (Verdict::Done, "its counts stand under Found".to_owned());
        }
        let of_users = matches!(step, Step::CleanUsers | Step::RetireUsers);
        if of_users && !self.run.mapping.has_users() {
            let why = "left out, for the mapping has no users";
            return (Verdict::NotDone, why.to_owned());
        }
        let Some(record) = self.run.step(step) else {
            return (Verdict::NotDone, String::new());
        };
        let migrated = matches!(step.phase(), Phase::Migration | Phase::Schema);
        if self.run.outcome == Outcome::RolledBack && migrated && step != Step::Review {
            return (Verdict::NotDone, "rolled back".to_owned());
        }
        let says = first_clause(&record.says);
        // Without an after-schema nobody knows whether the new application can read the result.
        let plan = self.run.plan.as_ref();
        let unasked = plan.is_none_or(|plan| plan.schema.is_none());
        match record.state {
            State::Done if step == Step::Schema && unasked => (
                Verdict::NotChecked,
                format!("{says}; schema.prisma is yours to change"),
            ),
            State::Done => {
                let data = OF_THE_DATA.contains(&guide);
                let data = if data {
                    " in the data; the application's own queries are not seen"
                } else {
                    ""
                };
                (
                    Verdict::Done,
                    format!("{} {}: {says}{data}", step.title(), clock(record.ended)),
                )
            }
            other => (
                Verdict::NotDone,
                format!("{} {}: {says}", step.title(), other.word()),
            ),
        }
    }

    /// A line of the operator's own work: its own note, or the note on the whole step.
    fn noted(&self, step: Step, guide: &str) -> (Verdict, String) {
        let item = step.items().iter().find(|item| item.guide == guide);
        let own = NoteOn { step, item };
        let notes = &self.run.notes;
        let note = notes
            .get(&own.key())
            .or_else(|| notes.get(&NoteOn::step(step).key()));
        if let Some(note) = note {
            return (
                Verdict::Done,
                format!("noted by {} {}", note.by, clock(note.at)),
            );
        }
        let all = step.items();
        let is_done = |item: &&'static _| {
            let item = Some(*item);
            notes.contains_key(&NoteOn { step, item }.key())
        };
        let count = all.iter().filter(is_done).count();
        match (item, count) {
            (None, count) if count > 0 && count == all.len() => {
                (Verdict::Done, format!("all {count} items are noted"))
            }
            (None, count) if count > 0 => (
                Verdict::NotDone,
                format!("{count} of {} items are noted", all.len()),
            ),
            (Some(_), _) if step == Step::Test || step == Step::Monitor => {
                (Verdict::NotChecked, "no note".to_owned())
            }
            _ => (Verdict::NotDone, String::new()),
        }
    }
}

/// What a step says, up to its first semicolon or comma.
fn first_clause(says: &str) -> &str {
    let line = says.lines().next().unwrap_or_default();
    let end = ["; ", ", "].iter().filter_map(|it| line.find(it)).min();
    &line[..end.unwrap_or(line.len())]
}
