//! Running a step: the right file is called, and what came out is kept in the run record.

use std::fmt::Write;

use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::run::{Outcome, StepRecord};
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::retry::patiently;
use crate::engine::session::{Session, now};

impl Session {
    /// Runs a step, and keeps what came out in the run record.
    ///
    /// # Errors
    /// What keeps the step from ending well.
    pub async fn run(
        &mut self,
        step: Step,
        confirmed: Option<Confirmed>,
        watcher: &Watcher,
    ) -> Result<String> {
        // The survey and the verification only read. What a verification said is kept where that can be done.
        let reads = matches!(step, Step::Survey | Step::Verify);
        let notice = if reads { None } else { self.hold().await? };
        watcher.listen_to(&self.connection.throttle);
        let started = now();
        let mut outcome = patiently!(self, watcher, {
            let again = confirmed.as_ref().map(Confirmed::again);
            self.dispatch(step, again, watcher)
        });
        let mut may_note = self.connection.lease.is_held();
        if step == Step::Verify && !may_note && self.open_run().is_some() {
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
        if let (Some(trouble), Ok(says)) = (self.journal_trouble.take(), &mut outcome) {
            let _ = write!(says, "; the run goes on without its journal: {trouble}"); // as above
        }
        let (state, says) = match &outcome {
            Ok(says) => (
                if step == Step::RetireUsers {
                    "skipped"
                } else {
                    "done"
                },
                says.clone(),
            ),
            Err(error) => ("failed", error.to_string()),
        };
        if may_note {
            let noted = StepRecord {
                state: state.to_owned(),
                says,
                started,
                ended: now(),
            };
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
        let record = self.record.as_mut();
        if let Some(record) = record.filter(|record| record.outcome == Outcome::Open) {
            record.steps.insert(step.word().to_owned(), noted);
            self.save().await?;
        }
        Ok(())
    }

    async fn dispatch(
        &mut self,
        step: Step,
        confirmed: Option<Confirmed>,
        watcher: &Watcher,
    ) -> Result<String> {
        match step {
            Step::Survey => super::survey::run(self, watcher).await,
            Step::BackUp => super::back_up::run(self, watcher).await,
            Step::StopApplication => super::stop_application::run(self, confirmed, watcher).await,
            Step::Document => super::document::run(self, watcher).await,
            Step::Review => super::review::run(self).await,
            Step::CreateCustomers => super::create_customers::run(self, watcher).await,
            Step::ReassignBookings => super::reassign_bookings::run(self, watcher).await,
            Step::Prove => super::prove::run(self, watcher).await,
            Step::CutOver => super::cut_over::run(self, confirmed, watcher).await,
            Step::CleanUsers => super::clean_users::run(self, confirmed, watcher).await,
            Step::RetireUsers => super::retire_users::run(self, watcher).await,
            Step::Schema => super::update_schema::run(self).await,
            Step::Verify => super::verify::run(self, watcher).await,
            Step::DeleteOriginals => super::delete_originals::run(self, confirmed).await,
            Step::ApiEndpoints | Step::Frontend | Step::Test | Step::GoLive | Step::Monitor => {
                Err(StepError::NotReady(format!(
                    "{} is your own work: write a note on it when it is done",
                    step.title()
                )))
            }
        }
    }
}
