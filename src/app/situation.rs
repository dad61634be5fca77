//! The four sentences that are always on screen: what is true now, what happens next, what it will destroy, and how to get back.

use super::commands::about::quoted;
use super::commands::ids::{CANCEL, QUIT, ROLL_BACK, RUN};
use super::message::Job;
use super::panes;
use super::panes::checklist::Checklist;
use super::panes::conflicts::Conflicts;
use super::panes::pane::PaneCommands;
use super::panes::report::Report;
use super::progress::Running;
use super::shared::Shared;
use crate::domain::calendar;
use crate::domain::checklist::{State, Step};
use crate::domain::number::{Millis, counted, grouped};
use crate::domain::run_view::RunView;
use crate::domain::situation::{Situation as Known, step_words};

/// The four sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// What is true of the data.
    pub now: String,
    /// What happens next, and which key does it.
    pub next: String,
    /// What that will destroy.
    pub destroys: String,
    /// How to get back.
    pub back: String,
}

impl Situation {
    /// As plain text, to take elsewhere.
    pub fn text(&self) -> String {
        let Self {
            now,
            next,
            destroys,
            back,
        } = self;
        format!("True now: {now}\nNext: {next}\nDestroys: {destroys}\nWay back: {back}")
    }
}

/// How long writers stand still so far, and what ringfence's own steps took of it.
pub fn clocks(shared: &Shared) -> Option<(Millis, Millis)> {
    let known = shared.facts.situation.as_ref()?;
    let still = known.run.as_ref()?.standstill?;
    if known.writes.is_some() {
        return None; // somebody writes
    }
    let until = still.until.unwrap_or(shared.wall);
    let running = shared.running.as_ref().map_or(0, |running| {
        let so_far = shared.now.saturating_sub(running.began).as_millis();
        Millis::try_from(so_far).unwrap_or(0)
    });
    let own = if still.until.is_some() {
        still.own
    } else {
        still.own + running
    };
    Some(((until - still.since).max(0), own))
}

/// The verdict on the application, how old it is, and what was seen since.
pub fn verdict(shared: &Shared) -> Option<String> {
    let known = shared.facts.situation.as_ref()?;
    if let Some(writes) = &known.writes {
        return Some(format!("WRITTEN SINCE: {writes}"));
    }
    let (word, at) = known.run.as_ref()?.verdict.as_ref()?;
    known.run.as_ref()?.standstill?;
    Some(format!(
        "{}, {}, nothing seen since",
        word.to_lowercase(),
        calendar::ago(shared.wall - at)
    ))
}

/// True where somebody else wrote since the verdict.
pub fn is_written_since(shared: &Shared) -> bool {
    let known = shared.facts.situation.as_ref();
    known.is_some_and(|it| it.writes.is_some())
}

/// The verdict and its age in as few letters as can be.
pub fn verdict_in_brief(shared: &Shared) -> Option<String> {
    if is_written_since(shared) {
        return Some("WRITTEN SINCE".to_owned());
    }
    let run = shared.facts.situation.as_ref()?.run.as_ref()?;
    run.standstill?;
    let (word, at) = run.verdict.as_ref()?;
    let seconds = (shared.wall - at).max(0) / 1_000;
    let age = match seconds {
        0..60 => format!("{seconds}s"),
        60..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    };
    Some(format!("{} {age} ago", word.to_lowercase()))
}

/// Who may write now: nobody, us, or somebody else.
pub fn lease(shared: &Shared) -> Option<String> {
    let known = shared.facts.situation.as_ref()?;
    if known.held {
        return Some("lease ours".to_owned());
    }
    known.holder.as_ref().map(|holder| {
        let name = holder.split(" (").next().unwrap_or(holder);
        format!("lease {name}")
    })
}

/// The situation as the console says it.
pub fn of(shared: &Shared) -> Situation {
    let known = shared.facts.situation.as_ref();
    Situation {
        now: known.map_or_else(
            || "not known yet: the state is being read from the database".to_owned(),
            |known| now(shared, known),
        ),
        next: next(shared),
        destroys: match (working(shared), known) {
            (Some(running), _) => job_destroys(running.job).to_owned(),
            (None, Some(known)) => known.destroys.clone(),
            (None, None) => "nothing".to_owned(),
        },
        back: known.map_or_else(
            || "not known yet".to_owned(),
            |known| known.back_by(shared.key(ROLL_BACK)),
        ),
    }
}

fn now(shared: &Shared, known: &Known) -> String {
    let data = &known.now;
    let read = &shared.facts.read;
    match shared.facts.undecided_blockers() {
        0 => format!("{data} (read {read})"),
        1 => format!("{data}; 1 blocker undecided (read {read})"),
        blockers => {
            let blockers = grouped(blockers as u64);
            format!("{data}; {blockers} blockers undecided (read {read})")
        }
    }
}

/// The step or the roll back that runs. A reading for a pane is neither: what comes next is as it was.
fn working(shared: &Shared) -> Option<&Running> {
    let running = shared.running.as_ref();
    running.filter(|it| it.job != Job::Schema)
}

fn next(shared: &Shared) -> String {
    if shared.engine_ended.is_some() {
        return format!(
            "leave with {} and start again: the console opens where the data stands",
            shared.key(QUIT)
        );
    }
    if let Some(running) = working(shared) {
        return if running.cancelling {
            format!("{} ends after this batch", running.job.title())
        } else {
            format!(
                "{} runs; {} ends it between two batches",
                running.job.title(),
                shared.key(CANCEL)
            )
        };
    }
    if shared.facts.statuses.is_empty() || shared.facts.outdated {
        return "nothing, until the state of the steps is read".to_owned();
    }
    let Some(step) = shared.next_step() else {
        return match shared
            .facts
            .statuses
            .iter()
            .find(|status| status.state == State::Pending)
        {
            Some(status) => format!(
                "{} {}: {}",
                status.step.number(),
                status.step.title(),
                status.says
            ),
            None => format!(
                "nothing is left to do; {} leaves and offers the report",
                shared.key(QUIT)
            ),
        };
    };
    let blockers = shared.facts.undecided_blockers() as u64;
    if step == Step::Review && blockers > 0 {
        let number = counted(blockers, "blocker needs", "blockers need");
        return format!(
            "{} {}: first {number} an answer, in {} ({})",
            step.number(),
            step.title(),
            Conflicts::TITLE,
            panes::digit(Conflicts::ID)
        );
    }
    format!(
        "{}: {} in {} ({})",
        step_words(
            step,
            shared.state(step),
            RunView::touch(shared.facts.run(), step)
        ),
        shared.key(RUN),
        Checklist::TITLE,
        panes::digit(Checklist::ID)
    )
}

fn job_destroys(job: Job) -> &'static str {
    match job {
        Job::Step(step) => step.destroys(),
        Job::RollBack => "what the migration made live; the originals come back",
        Job::Schema => "nothing; it only reads",
        Job::TakeIn => "nothing; documents are added to what is live, and the strays are kept",
        Job::SetAside => "nothing; the strays stand aside until purge",
    }
}

/// What stands in a pane while nothing was surveyed.
pub fn not_surveyed(shared: &Shared) -> String {
    if shared.is_done(Step::DeleteOriginals) {
        return format!(
            "The migration is finished and the originals are deleted, so there is nothing to survey. {} shows the report of what was done.",
            panes::digit(Report::ID)
        );
    }
    if working(shared).is_some_and(|it| it.job == Job::Step(Step::Survey)) {
        return "The survey runs. What it finds is shown here when it ends.".to_owned();
    }
    format!(
        "Nothing was surveyed yet: press {}, then {} on {}.",
        panes::digit(Checklist::ID),
        shared.key(RUN),
        quoted(Step::Survey)
    )
}
