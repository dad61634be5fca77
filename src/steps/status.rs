//! Where every step stands: derived from what is in the database and the run record, never from a flag alone.

use crate::domain::checklist::{State, Step, StepStatus, Touch};
use crate::domain::mapping::Rebuilt;
use crate::domain::run::{Outcome, RunRecord};
use crate::domain::standstill::Standstill;
use crate::engine::error::Result;
use crate::engine::retry::patiently;
use crate::engine::session::Session;
use crate::engine::{Watcher, counted};

/// Where a swap stands whose process ended after its renames.
const UNFINISHED: &str =
    "renamed, but stopped before validators, expiries and the last look; run it again";

impl Session {
    /// All steps, in order.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn status(&mut self) -> Result<Vec<StepStatus>> {
        patiently!(self, &Watcher::silent(), self.read_status())
    }

    async fn read_status(&mut self) -> Result<Vec<StepStatus>> {
        self.see_what_is_swapped().await?;
        let mut statuses: Vec<StepStatus> = Vec::new();
        for step in Step::ALL.iter().copied() {
            let (state, says) = self.state(step, &statuses);
            statuses.push(StepStatus { step, state, says });
        }
        Ok(statuses)
    }

    #[allow(clippy::too_many_lines)] // one arm per step, side by side on purpose
    fn state(&self, step: Step, before: &[StepStatus]) -> (State, String) {
        let run = self
            .latest_run()
            .filter(|run| run.outcome != Outcome::RolledBack);
        let done = |step: Step| {
            before
                .iter()
                .any(|it| it.step == step && it.state == State::Done)
        };
        let after = |needs: &[Step], says: &str| match needs.iter().find(|needed| !done(**needed)) {
            Some(needed) => (
                State::Pending,
                format!("after step {}, {}", needed.number(), needed.title()),
            ),
            None => (State::Ready, says.to_owned()),
        };
        if let Some(run) = run
            && let Some(note) = run.notes.get(step.word())
        {
            return (State::Done, note.text.clone());
        }
        if run.is_some_and(|run| run.outcome == Outcome::Finished)
            && step.touch() != Touch::Note
            && step != Step::Survey
        {
            return recorded(run, step).unwrap_or((State::Done, "the run is finished".to_owned()));
        }
        let swapped = self.is_swapped(Rebuilt::Booking) && self.is_swapped(Rebuilt::Customer);
        match step {
            Step::Survey => match self.overview() {
                Some(overview) => (
                    State::Done,
                    format!(
                        "{}, {}, {}",
                        counted(overview.users, "user", "users"),
                        counted(overview.bookings, "booking", "bookings"),
                        counted(overview.pairs, "pair", "pairs")
                    ),
                ),
                None => (
                    State::Ready,
                    "reads everything once, changes nothing".to_owned(),
                ),
            },
            Step::BackUp | Step::StopApplication | Step::Document => {
                let recorded = recorded(run, step);
                match (recorded, run.and_then(Standstill::of)) {
                    (Some((state, says)), Some(standstill)) if step == Step::StopApplication => {
                        (state, format!("{}; {says}", standstill.words()))
                    }
                    (Some(recorded), _) => recorded,
                    (None, _) => after(&[Step::Survey], step.does()),
                }
            }
            Step::Review => self
                .review_state(run, swapped)
                .unwrap_or_else(|| after(&[Step::Survey], step.does())),
            Step::CreateCustomers => self
                .prepared_state(run, step, Rebuilt::Customer)
                .unwrap_or_else(|| after(&[Step::Review], step.does())),
            Step::ReassignBookings => self
                .prepared_state(run, step, Rebuilt::Booking)
                .unwrap_or_else(|| after(&[Step::CreateCustomers], step.does())),
            Step::Prove if swapped => {
                recorded(run, step).unwrap_or((State::Done, "cut over".to_owned()))
            }
            Step::Prove => {
                let fits = run.is_some_and(|run| {
                    [Rebuilt::Customer, Rebuilt::Booking]
                        .iter()
                        .all(|which| run.collection(*which).proved.is_some())
                });
                match recorded(run, step) {
                    Some((State::Done, _)) if !fits => (
                        State::Stale,
                        "the copies were prepared again since; prove them again".to_owned(),
                    ),
                    Some(state) => state,
                    None => after(&[Step::ReassignBookings], step.does()),
                }
            }
            Step::CutOver if swapped => {
                recorded(run, step).unwrap_or((State::Ready, UNFINISHED.to_owned()))
            }
            Step::CutOver => match recorded(run, step) {
                Some((State::Failed, says)) => (State::Failed, says),
                _ => after(
                    &[
                        Step::BackUp,
                        Step::StopApplication,
                        Step::Review,
                        Step::Prove,
                    ],
                    "gate: renames, and keeps the originals",
                ),
            },
            Step::CleanUsers if self.is_swapped(Rebuilt::User) => {
                recorded(run, step).unwrap_or((State::Ready, UNFINISHED.to_owned()))
            }
            Step::CleanUsers => match recorded(run, step) {
                Some((State::Failed, says)) => (State::Failed, says),
                _ => after(&[Step::CutOver], "gate: copied contact fields leave"),
            },
            Step::RetireUsers => {
                recorded(run, step).unwrap_or_else(|| after(&[Step::CleanUsers], step.does()))
            }
            Step::Schema | Step::Verify => {
                recorded(run, step).unwrap_or_else(|| after(&[Step::CutOver], step.does()))
            }
            Step::ApiEndpoints | Step::Frontend | Step::Test | Step::GoLive | Step::Monitor => (
                State::Pending,
                "your own work; write a note when it is done".to_owned(),
            ),
            Step::DeleteOriginals => after(
                &[Step::CleanUsers, Step::Verify, Step::GoLive],
                "gate: the point of no return",
            ),
        }
    }

    fn review_state(&self, run: Option<&RunRecord>, swapped: bool) -> Option<(State, String)> {
        if swapped {
            return recorded(run, Step::Review);
        }
        let surveyed = self.surveyed.as_ref()?;
        let undecided = self
            .decisions
            .undecided_blockers(&surveyed.conflicts)
            .count() as u64;
        if undecided > 0 {
            return Some((
                State::Ready,
                format!("{} to decide", counted(undecided, "blocker", "blockers")),
            ));
        }
        if let Some(first) = surveyed.blueprint.obstacles.first() {
            return Some((State::Failed, first.clone()));
        }
        match run.and_then(RunRecord::plan_hash) {
            Some(hash)
                if hash == self.plan_hash() && run.is_some_and(|run| run.is_done(Step::Review)) =>
            {
                Some((State::Done, format!("plan {}", &hash[..12.min(hash.len())])))
            }
            Some(hash) if hash != self.plan_hash() => Some((
                State::Stale,
                "decisions or conflicts changed since the plan was made".to_owned(),
            )),
            _ => Some((
                State::Ready,
                "every blocker has an answer; make the plan".to_owned(),
            )),
        }
    }

    fn prepared_state(
        &self,
        run: Option<&RunRecord>,
        step: Step,
        which: Rebuilt,
    ) -> Option<(State, String)> {
        let (state, says) = recorded(run, step)?;
        if state != State::Done || self.is_swapped(which) {
            return Some((state, says));
        }
        let record = run?.collection(which);
        let why = if !self.prepared.contains(&which) {
            "the prepared copy is gone; prepare it again"
        } else if record.prepared_for.is_none() {
            "it was being prepared anew and that was cut off; prepare it again"
        } else if record.prepared_for.as_deref() != run?.plan_hash() {
            "the plan is another one since; prepare it again, only what differs is written"
        } else {
            return Some((state, says));
        };
        Some((State::Stale, why.to_owned()))
    }
}

/// What the run record says of a step.
fn recorded(run: Option<&RunRecord>, step: Step) -> Option<(State, String)> {
    let record = run?.step(step)?;
    let state = [State::Done, State::Failed, State::Skipped, State::Stale]
        .into_iter()
        .find(|state| state.word() == record.state)?;
    Some((state, record.says.clone()))
}
