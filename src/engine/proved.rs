//! What was proved, and whether it still stands.

use crate::domain::mapping::{LINKS, QUARANTINE, Rebuilt};
use crate::domain::run::WatchStart;
use crate::engine::check::Checked;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::{collection_spec, watch};

impl Session {
    /// Has the survey give up its memory where a proof, which keeps an account of its own, would have too little: it stands in the temporary file then.
    pub(crate) fn make_room_for_a_proof(&mut self) {
        if self.memory.has_as_much_again() {
            return;
        }
        if let Some(surveyed) = &mut self.surveyed {
            surveyed.survey.spill();
        }
    }

    /// Has the survey in memory again, before much is asked of it.
    pub(crate) fn give_memory_back(&mut self) {
        if let Some(surveyed) = &mut self.surveyed {
            surveyed.survey.reload();
        }
    }

    /// Refuses when the prepared copy of this run is not there.
    pub(crate) fn require_prepared(&self, which: Rebuilt) -> Result<()> {
        if self.prepared.contains(&which) {
            return Ok(());
        }
        Err(StepError::NotReady(format!(
            "{} is not prepared yet; prepare the copies first (Create customers, Reassign bookings). Nothing was changed",
            self.mapping.live(which)
        )))
    }

    /// Keeps the fingerprints of customers and bookings that were proved, by a proof that began at `since`.
    pub(crate) fn note_bookings_proved(&mut self, checked: &Checked, since: WatchStart) {
        let customers = checked.of_customers.clone();
        self.note_proved(Rebuilt::Customer, customers, since.clone());
        self.note_proved(Rebuilt::Booking, checked.fingerprint.clone(), since);
    }

    /// Keeps the fingerprint of what was proved, by a proof that began at `since`.
    pub(crate) fn note_proved(
        &mut self,
        which: Rebuilt,
        fingerprint: Option<String>,
        since: WatchStart,
    ) {
        if let Some(record) = &mut self.record {
            let record = record.collection_mut(which);
            record.proved = fingerprint;
            record.proved_since = Some(since);
        }
    }

    /// True when the server's log shows that nobody wrote to originals or copies, or dropped one of them, since the proof of `which` began: what was proved then
    /// is what stands now, whatever its names are by now. False also where the log cannot be read.
    pub(crate) async fn is_as_proved(&self, which: Rebuilt) -> Result<bool> {
        let since = self
            .open_run()
            .and_then(|run| run.collection(which).proved_since);
        let Some(since) = since else {
            return Ok(false);
        };
        let (together, sides): (&[Rebuilt], &[&str]) = match which {
            Rebuilt::User => (&[Rebuilt::User], &[]),
            _ => (&[Rebuilt::Customer, Rebuilt::Booking], &[LINKS, QUARANTINE]),
        };
        let copies = together.iter().map(|which| self.mapping.next(*which));
        let kept = together.iter().map(|which| self.mapping.before(*which));
        let ours: Vec<String> = copies.chain(kept).collect();
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        let ours = [sides, &ours].concat();
        // A copy of ours that somebody dropped or renamed is not seen in the log.
        let standing = collection_spec::uuids(&self.connection).await?;
        let stands = |which: &Rebuilt| {
            let copy = self.open_run().and_then(|run| run.collection(*which).next);
            let names = [
                self.mapping.next(*which),
                self.mapping.live(*which).to_owned(),
            ];
            copy.is_some() && names.iter().any(|name| standing.get(name) == Some(&copy))
        };
        if !together.iter().all(stands) {
            return Ok(false);
        }
        Ok(watch::is_untouched(&self.connection, &since, &ours).await?)
    }
}
