//! Step 8, prove: the prepared copies are checked before anyone sees them.

use super::check::Checked;
use super::error::{Result, StepError};
use super::session::Session;
use super::{Watcher, counted};
use crate::domain::mapping::Rebuilt;
use crate::store::identity;

pub(super) async fn run(session: &mut Session, watcher: &Watcher) -> Result<String> {
    session.see_what_is_swapped().await?;
    session.before_cut_over(Rebuilt::Booking)?;
    for which in [Rebuilt::Customer, Rebuilt::Booking] {
        session.require_prepared(which)?;
    }
    if session.surveyed.is_none() {
        session.survey(watcher).await?;
    }
    let checked = session.check_bookings(watcher).await?;
    if checked.wrong > 0 {
        return Err(StepError::Findings(format!(
            "the proof failed: {}. The live data is unchanged. Prepare again (steps 6 and 7); if it comes back, keep the run folder and report it:\n{}",
            counted(checked.wrong, "thing is wrong", "things are wrong"),
            checked.list()
        )));
    }
    let says = checked.equations.join("; ");
    session.note_bookings_proved(&checked, watcher).await?;
    if let Some(record) = &mut session.record {
        record.equations = checked.equations;
    }
    session.save().await?;
    Ok(says)
}

impl Session {
    /// Refuses when the prepared copy of this run is not there.
    pub(super) fn require_prepared(&self, which: Rebuilt) -> Result<()> {
        if self.prepared.contains(&which) {
            return Ok(());
        }
        Err(StepError::NotReady(format!(
            "{} is not prepared yet; prepare the copies first (steps 6 and 7). Nothing was changed",
            self.mapping.live(which)
        )))
    }

    /// Keeps the fingerprints of customers and bookings that were proved.
    pub(super) async fn note_bookings_proved(
        &mut self,
        checked: &Checked,
        watcher: &Watcher,
    ) -> Result<()> {
        self.note_proved(Rebuilt::Customer, watcher).await?;
        if let Some(record) = &mut self.record {
            let proved = &mut record.collection_mut(Rebuilt::Booking).proved;
            proved.clone_from(&checked.fingerprint);
        }
        Ok(())
    }

    /// Keeps the fingerprint of what was proved.
    pub(super) async fn note_proved(&mut self, which: Rebuilt, watcher: &Watcher) -> Result<()> {
        let place = self.mapping_place(which);
        watcher.says(&format!("hashing {}", self.mapping.live(which)), 0, 0);
        let (hash, _) = identity::fingerprint(&self.connection, &place, &watcher.cancel).await?;
        if let Some(record) = &mut self.record {
            record.collection_mut(which).proved = Some(hash);
        }
        Ok(())
    }
}
