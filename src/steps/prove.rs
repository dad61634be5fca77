//! Step 8, prove: the prepared copies are checked before anyone sees them; that of the users, which step 10 swaps in, is prepared here.

use super::check::Checked;
use super::error::{Result, StepError};
use super::session::Session;
use super::{Watcher, counted};
use crate::domain::mapping::{LINKS, QUARANTINE, Rebuilt};
use crate::domain::run::WatchStart;
use crate::store::{collection_spec, watch};

pub(super) async fn run(session: &mut Session, watcher: &Watcher) -> Result<String> {
    session.see_what_is_swapped().await?;
    session.before_cut_over(Rebuilt::Booking)?;
    for which in [Rebuilt::Customer, Rebuilt::Booking] {
        session.require_prepared(which)?;
    }
    if session.surveyed.is_none() {
        session.survey(watcher).await?;
    }
    // The users' copy is made meanwhile, so that writers need not stand still for it: the proof asks more of us, the copy of the server.
    let users_wanted = session.begin_users().await?;
    session.make_room_for_a_proof();
    let since = watch::begin(&session.connection).await?;
    let aside = watcher.muted();
    let copy = async {
        if users_wanted {
            session.copy_users(&aside).await?;
        }
        Result::Ok(())
    };
    let check = async {
        let checked = session.check_bookings(watcher).await;
        watcher.says("cleaning users", 0, 0); // where the copy takes longer, it is what is waited for
        checked
    };
    // So is all that we wrote since the backup looked through now, in the log, so that nobody waits for that while writers stand still.
    let look = session.look_through_since_backup();
    let (checked, copied, looked) = tokio::join!(check, copy, look);
    session.note_unchanged(looked?);
    let checked = checked?;
    if checked.wrong > 0 {
        return Err(StepError::Findings(format!(
            "the proof failed: {}. The live data is unchanged. Prepare again (steps 6 and 7); if it comes back, keep the run folder and report it:\n{}",
            counted(checked.wrong, "thing is wrong", "things are wrong"),
            checked.list()
        )));
    }
    let says = checked.equations.join("; ");
    session.note_bookings_proved(&checked, since);
    if let Some(record) = &mut session.record {
        record.equations = checked.equations;
    }
    session.save().await?;
    copied?;
    // What the log holds of our own since the proof of the bookings is looked through now, so that the cut-over need not.
    let now = watch::begin(&session.connection).await?;
    let users = async {
        if users_wanted {
            return session.check_users(watcher).await.map(Some);
        }
        Result::Ok(None)
    };
    // The users' copy is in the log by now.
    let look = session.look_through_since_backup();
    let stands = session.is_as_proved(Rebuilt::Booking);
    let (users, stands, looked) = tokio::join!(users, stands, look);
    session.note_unchanged(looked?);
    if stands? && let Some(record) = &mut session.record {
        for which in [Rebuilt::Customer, Rebuilt::Booking] {
            record.collection_mut(which).proved_since = Some(now.clone());
        }
    }
    if let Some(checked) = users? {
        session.note_users_proved(checked, now).await?;
    }
    Ok(says)
}

impl Session {
    /// Has the survey give up its memory where a proof, which keeps an account of its own, would have too little: it stands in the temporary file then.
    pub(super) fn make_room_for_a_proof(&mut self) {
        if self.memory.has_as_much_again() {
            return;
        }
        if let Some(surveyed) = &mut self.surveyed {
            surveyed.survey.spill();
        }
    }

    /// Has the survey in memory again, before much is asked of it.
    pub(super) fn give_memory_back(&mut self) {
        if let Some(surveyed) = &mut self.surveyed {
            surveyed.survey.reload();
        }
    }

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

    /// Keeps the fingerprints of customers and bookings that were proved, by a proof that began at `since`.
    pub(super) fn note_bookings_proved(&mut self, checked: &Checked, since: WatchStart) {
        let customers = checked.of_customers.clone();
        self.note_proved(Rebuilt::Customer, customers, since.clone());
        self.note_proved(Rebuilt::Booking, checked.fingerprint.clone(), since);
    }

    /// Keeps the fingerprint of what was proved, by a proof that began at `since`.
    pub(super) fn note_proved(
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
    pub(super) async fn is_as_proved(&self, which: Rebuilt) -> Result<bool> {
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
