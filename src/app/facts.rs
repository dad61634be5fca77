//! What the database and the run record said last: one value that every pane reads, so that no pane knows an older truth than another.

use crate::domain::checklist::{NoteOn, Step, StepStatus};
use crate::domain::conflict::{Code, Severity};
use crate::domain::decision::Alike;
use crate::domain::overview::{BusinessRow, ConflictRow, Overview, Review};
use crate::domain::run::Outcome;
use crate::domain::run_view::RunView;
use crate::domain::situation::Situation;

/// How many conflicts of a kind there are, and how many of them have no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The kind.
    pub code: Code,
    /// Conflicts.
    pub count: usize,
    /// Those without an answer.
    pub undecided: usize,
}

/// What is known.
#[derive(Debug, Default)]
pub struct Facts {
    /// All steps in order; empty until the engine has answered.
    pub statuses: Vec<StepStatus>,
    /// The situation; `None` until the engine has answered.
    pub situation: Option<Situation>,
    /// When it was read last, by the wall clock.
    pub read: String,
    /// Something ended since, and what is true now is being read.
    pub outdated: bool,
    /// The last survey's numbers.
    pub overview: Option<Overview>,
    /// The businesses of the last survey, in the order that the operator chose.
    pub businesses: Vec<BusinessRow>,
    /// The server's write block holds: since when, and how it is released.
    pub writes_blocked: Option<String>,
    review: Review,
    counts: Vec<Count>,
    review_number: u64,
}

impl Facts {
    /// What the engine said about a step.
    pub fn status(&self, step: Step) -> Option<&StepStatus> {
        self.statuses.iter().find(|status| status.step == step)
    }

    /// The latest run, once one left a record.
    pub fn run(&self) -> Option<&RunView> {
        self.situation.as_ref()?.run.as_ref()
    }

    /// The latest run, unless it was rolled back: then nothing of what it proved is true of the data any more.
    pub fn standing_run(&self) -> Option<&RunView> {
        self.run().filter(|run| run.outcome != Outcome::RolledBack)
    }

    /// The operator's words on a step or an item; `None` where there are none, or where they are of a run that was rolled back.
    pub fn note(&self, on: NoteOn) -> Option<&str> {
        let run = self.standing_run()?;
        run.notes.get(&on.key()).map(|note| note.text.as_str())
    }

    /// Takes a survey's numbers.
    pub fn set_overview(&mut self, overview: Overview) {
        self.businesses.clone_from(&overview.businesses);
        self.overview = Some(overview);
    }

    /// The data is another now, or nobody knows: what was counted of it is forgotten.
    pub fn forget_survey(&mut self) {
        self.businesses.clear();
        self.overview = None;
    }

    /// Takes the conflicts and decisions as they are now.
    pub fn set_review(&mut self, review: Review) {
        let same = self.review.rows.len() == review.rows.len()
            && self
                .conflicts()
                .iter()
                .zip(&review.rows)
                .all(|(old, new)| old.key == new.key);
        self.review_number += u64::from(!same);
        self.review = review;
        self.counts = counts(&self.review.rows);
    }

    /// Everything that is decided, and what is not.
    pub fn review(&self) -> &Review {
        &self.review
    }

    /// Another number whenever there are other conflicts than before.
    pub fn review_number(&self) -> u64 {
        self.review_number
    }

    /// Every conflict with its answer.
    pub fn conflicts(&self) -> &[ConflictRow] {
        &self.review.rows
    }

    /// The kinds of conflicts that were found, with their counts.
    pub fn counts(&self) -> &[Count] {
        &self.counts
    }

    /// Undecided conflicts, of one kind or of all.
    pub fn undecided(&self, code: Option<Code>) -> usize {
        let of = |count: &&Count| code.is_none_or(|code| count.code == code);
        self.counts.iter().filter(of).map(|it| it.undecided).sum()
    }

    /// Undecided conflicts that `alike` answers.
    pub fn undecided_alike(&self, alike: &Alike) -> usize {
        self.conflicts()
            .iter()
            .filter(|row| row.is_undecided() && alike.fits(&row.key, &row.businesses))
            .count()
    }

    /// Undecided blockers: they hold everything up.
    pub fn undecided_blockers(&self) -> usize {
        let blockers = |it: &&Count| it.code.severity() == Severity::Blocker;
        self.counts
            .iter()
            .filter(blockers)
            .map(|it| it.undecided)
            .sum()
    }
}

fn counts(rows: &[ConflictRow]) -> Vec<Count> {
    let mut counts: Vec<Count> = Code::ALL
        .iter()
        .map(|code| Count {
            code: *code,
            count: 0,
            undecided: 0,
        })
        .collect();
    for row in rows {
        if !counts.iter().any(|it| it.code == row.key.code) {
            counts.push(Count {
                code: row.key.code,
                count: 0,
                undecided: 0,
            });
        }
        if let Some(count) = counts.iter_mut().find(|it| it.code == row.key.code) {
            count.count += 1;
            count.undecided += usize::from(row.is_undecided());
        }
    }
    counts.retain(|it| it.count > 0);
    counts.sort_by_key(|it| it.code);
    counts
}
