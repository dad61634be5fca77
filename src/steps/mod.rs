//! One file per checklist step: domain decides, engine and store do, progress comes out. The console and the headless verbs run the same
//! steps, through [`Session::run`], [`Session::status`] and [`Session::gate`], which read the table of these files.

mod api_endpoints;
mod back_up;
mod clean_users;
mod create_customers;
mod cut_over;
mod delete_originals;
mod document;
mod frontend;
mod go_live;
mod monitor;
mod prove;
mod reassign_bookings;
mod retire_users;
mod review;
mod stop_application;
mod survey;
mod test;
mod update_schema;
mod verify;

use std::fmt::Write;

use crate::domain::checklist::{Item, NoteOn, State, Step, StepStatus, Touch};
use crate::domain::gate::{
    BlockWrites, CleanUsers, Confirmed, CutOver, Destructive, Gate, Purge, PushSchema,
    PutBackIndexes, Restore, RetireUsers, RollBack, RollBackUnrecorded, SetAside, TakeIn,
    UpdateSchema,
};
use crate::domain::run::{Outcome, RunRecord, StepRecord};
use crate::domain::situation::{Situation, Standing};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::{Session, now};
use crate::engine::step_file::{File, recorded};
use crate::store::run_log;

/// The file of each step.
/// A step of the operator's own work that has no note itself: it is done once every item of its list is noted.
fn noted_items(run: Option<&RunRecord>, step: Step) -> (State, String) {
    let items = step.items();
    let is_noted = |item: &&'static Item| {
        let on = NoteOn {
            step,
            item: Some(*item),
        };
        run.is_some_and(|run| run.notes.contains_key(&on.key()))
    };
    let noted = items.iter().filter(is_noted).count();
    let says = format!("{noted} of {} items noted", items.len());
    match noted {
        0 => (State::Pending, step.ready().to_owned()),
        _ if noted == items.len() => (State::Done, says),
        _ => (State::Pending, says),
    }
}

fn file(step: Step) -> &'static File {
    match step {
        Step::Survey => &survey::FILE,
        Step::BackUp => &back_up::FILE,
        Step::StopApplication => &stop_application::FILE,
        Step::Document => &document::FILE,
        Step::Review => &review::FILE,
        Step::CreateCustomers => &create_customers::FILE,
        Step::ReassignBookings => &reassign_bookings::FILE,
        Step::Prove => &prove::FILE,
        Step::CutOver => &cut_over::FILE,
        Step::CleanUsers => &clean_users::FILE,
        Step::RetireUsers => &retire_users::FILE,
        Step::Schema => &update_schema::FILE,
        Step::Verify => &verify::FILE,
        Step::ApiEndpoints => &api_endpoints::FILE,
        Step::Frontend => &frontend::FILE,
        Step::Test => &test::FILE,
        Step::GoLive => &go_live::FILE,
        Step::Monitor => &monitor::FILE,
        Step::DeleteOriginals => &delete_originals::FILE,
    }
}

impl Session {
    /// Runs a step, and keeps what came out in the run record.
    ///
    /// # Errors
    /// Why the step is not done.
    pub async fn run_step(
        &mut self,
        step: Step,
        confirmed: Option<Confirmed>,
        watcher: &Watcher,
    ) -> Result<String> {
        let pushes = confirmed.as_ref().is_some_and(|it| {
            matches!(
                it.action(),
                Destructive::PushSchema | Destructive::PutBackIndexes
            )
        });
        if step != Step::Schema || !pushes {
            return self.run_this(step, confirmed, watcher).await;
        }
        // The block may refuse our own lease, too.
        let lifted = self.open_for_push().await?;
        let outcome = self.run_this(step, confirmed, watcher).await;
        match lifted {
            Some(lifted) => self.close_after_push(lifted, outcome).await,
            None => outcome,
        }
    }

    async fn run_this(
        &mut self,
        step: Step,
        confirmed: Option<Confirmed>,
        watcher: &Watcher,
    ) -> Result<String> {
        let file = file(step);
        let Some(run) = file.run else {
            return Err(StepError::NotReady(format!(
                "{} is your team's work: write a note on it when it is done",
                step.title()
            )));
        };
        // The survey and the verification only read. What a verification said is kept where that can be done.
        let reads = matches!(step, Step::Survey | Step::Verify);
        let notice = if reads { None } else { self.hold().await? };
        watcher.listen_to(&self.work.connection.throttle);
        run_log::write("INFO", &format!("{}: begins", step.title()));
        let started = now();
        let mut outcome = patiently!(self, watcher, {
            let again = confirmed.as_ref().map(Confirmed::again);
            run(self, again, watcher)
        });
        let mut may_note = self.work.connection.lease.is_held();
        if step == Step::Verify && !may_note && self.run.open().is_some() {
            match (self.hold().await, &mut outcome) {
                (Ok(_), _) => may_note = true,
                (Err(why), Ok(says)) => {
                    let _ = write!(says, " (not noted in the run record: {why})"); // writing to a String cannot fail
                }
                (Err(_), Err(_)) => {}
            }
        }
        if let (Some(notice), Ok(says)) = (notice, &mut outcome) {
            let _ = write!(says, "; {notice}"); // as above
        }
        if let (Some(trouble), Ok(says)) = (self.run.journal_trouble.take(), &mut outcome) {
            let _ = write!(says, "; the run goes on without its journal: {trouble}"); // as above
        }
        let (state, says) = match &outcome {
            Ok(says) => ((file.ends)(self.run.open()), says.clone()),
            Err(error) => (error.state(), error.to_string()),
        };
        let level = match state {
            State::Failed => "ERROR",
            State::Stopped | State::Refused => "WARN",
            _ => "INFO",
        };
        let line = format!("{}: {}: {says}", step.title(), state.word());
        run_log::write(level, &line);
        let noted = StepRecord {
            state,
            says,
            started,
            ended: now(),
        };
        if step == Step::Survey && self.run.open().is_none() {
            self.run.survey_said = Some(noted.clone());
        }
        if may_note {
            // A failure to note a failure must not hide the failure itself.
            let saved = patiently!(self, watcher, self.note_step(step, noted.clone()));
            if outcome.is_ok() {
                saved?;
            }
        }
        outcome
    }

    /// Keeps what came out of a step, while its run is open.
    async fn note_step(&mut self, step: Step, noted: StepRecord) -> Result<()> {
        let record = self.run.record.as_mut();
        if let Some(record) = record.filter(|record| record.outcome == Outcome::Open) {
            if let Some(survey) = self.run.survey_said.take() {
                let word = Step::Survey.word().to_owned();
                record.steps.entry(word).or_insert(survey);
            }
            record.steps.insert(step.word().to_owned(), noted);
            self.save().await?;
        }
        Ok(())
    }

    /// Where every step stands, in order: derived from what is in the database and the run record, never from a flag alone.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn status(&mut self) -> Result<Vec<StepStatus>> {
        patiently!(self, &Watcher::silent(), self.read_status())
    }

    async fn read_status(&mut self) -> Result<Vec<StepStatus>> {
        self.see_what_is_swapped().await?;
        Ok(self.statuses())
    }

    fn statuses(&self) -> Vec<StepStatus> {
        let mut statuses: Vec<StepStatus> = Vec::new();
        for step in Step::ALL.iter().copied() {
            let (state, says) = self.state(step, &statuses);
            statuses.push(StepStatus { step, state, says });
        }
        statuses
    }

    fn state(&self, step: Step, before: &[StepStatus]) -> (State, String) {
        let run = self
            .run
            .latest()
            .filter(|run| !matches!(run.outcome, Outcome::RolledBack | Outcome::Restored));
        if let Some(note) = run.and_then(|run| run.notes.get(step.word())) {
            return (State::Done, note.text.clone());
        }
        if run.is_some_and(|run| run.outcome == Outcome::Finished)
            && step.touch() != Touch::Note
            && step != Step::Survey
        {
            return recorded(run, step).unwrap_or((State::Done, "the run is finished".to_owned()));
        }
        if step.touch() == Touch::Note {
            return noted_items(run, step);
        }
        if let Some(state) = (file(step).state)(self, run) {
            return state;
        }
        let done = |needed: &&Step| {
            before
                .iter()
                .any(|it| it.step == **needed && matches!(it.state, State::Done | State::Skipped))
        };
        match step.row().needs.iter().find(|needed| !done(needed)) {
            Some(needed) => (State::Pending, format!("after {}", needed.title())),
            None => (State::Ready, step.ready().to_owned()),
        }
    }

    /// Reads where everything stands: the steps and the situation, from the database and not from memory.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn standing(&mut self) -> Result<Standing> {
        patiently!(self, &Watcher::silent(), self.standing_now())
    }

    /// The same, tried once.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn standing_now(&mut self) -> Result<Standing> {
        let mut seen = self.look_around().await?;
        // Looked for anew, where another session may have begun the watch.
        self.look_for_foreign_writes().await;
        seen.writes = self.foreign_writes_in_words();
        let statuses = self.statuses();
        let situation = Situation::of(&seen, &statuses);
        self.situation = Some(situation.clone());
        Ok(Standing {
            statuses,
            situation,
        })
    }

    /// Opens the gate of `action`: what it will do, and what is missing.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn gate(&mut self, action: Destructive) -> Result<Gate> {
        match action {
            Destructive::BlockWrites => self.open_gate(BlockWrites).await,
            Destructive::CutOver => self.open_gate(CutOver).await,
            Destructive::CleanUsers => self.open_gate(CleanUsers).await,
            Destructive::RetireUsers => self.open_gate(RetireUsers).await,
            Destructive::UpdateSchema => self.open_gate(UpdateSchema).await,
            Destructive::RollBack(new) => self.open_gate(RollBack(new)).await,
            Destructive::RollBackUnrecorded => self.open_gate(RollBackUnrecorded).await,
            Destructive::Finish => self.finish_gate().await,
            Destructive::Purge => self.open_gate(Purge).await,
            Destructive::Restore => self.open_gate(Restore).await,
            Destructive::TakeIn => self.open_gate(TakeIn).await,
            Destructive::SetAside => self.open_gate(SetAside).await,
            Destructive::PushSchema => self.open_gate(PushSchema).await,
            Destructive::PutBackIndexes => self.open_gate(PutBackIndexes).await,
        }
    }
}
