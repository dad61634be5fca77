//! What was proved, and whether it still stands.

use crate::domain::mapping::{RETIRED, SET_ASIDE};
use crate::domain::quiet::Fact;
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::domain::run::WatchStart;
use crate::engine::check::Checked;
use crate::engine::error::{Result, StepError};
use crate::engine::layout::Layout;
use crate::engine::session::Session;
use crate::store::{collection_spec, watch};

impl Session {
    /// Has the survey give up its memory where a proof, which keeps an account of its own, would have too little: it stands in the temporary file then.
    pub(crate) fn make_room_for_a_proof(&mut self) {
        if self.work.memory.has_as_much_again() {
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

    /// Keeps what a proof of a group said that began at `since`.
    pub(crate) fn note_proved(&mut self, group: Group, checked: &Checked, since: WatchStart) {
        let list = self.work.mapping.rebuilt_in(group);
        if let Some(record) = &mut self.run.record {
            for which in &list {
                let proved = checked.fingerprints.get(which.key());
                record.collection_mut(which).proved = proved.cloned();
            }
        }
        self.quiet.found(Fact::Proved(group), since);
    }

    /// True when the server's log shows that nobody wrote to originals or copies of a group, or dropped one of them, since its proof began: what was
    /// proved then is what stands now, whatever its names are by now. False also where the log cannot be read.
    pub(crate) async fn is_as_proved(&self, group: Group) -> Result<bool> {
        let list = self.work.mapping.rebuilt_in(group);
        let proved = |which| self.run.collection(which).proved.is_some();
        let since = self.quiet.of(Fact::Proved(group));
        let Some(since) = since.filter(|_| list.iter().all(proved)) else {
            return Ok(false);
        };
        let copies = list.iter().map(Rebuilt::next);
        let kept = list.iter().map(Rebuilt::before);
        let sides = list.iter().filter_map(Rebuilt::side_collection);
        let gone = [RETIRED, SET_ASIDE].into_iter().map(str::to_owned);
        let gone = gone.filter(|_| group == Group::CleanUp);
        let old = list.iter().flat_map(|which| self.run.collection(which).old);
        let sides = sides.chain(gone).chain(old.map(|old| old.name));
        let ours: Vec<String> = sides.chain(copies).chain(kept).collect();
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        // A copy of ours that somebody dropped or renamed is not seen in the log.
        let standing = collection_spec::uuids(&self.work.connection).await?;
        let stands = |which: &Rebuilt| {
            let copy = self.run.collection(which).next;
            let names = [which.next(), self.layout.live(which).to_owned()];
            copy.is_some() && names.iter().any(|name| standing.get(name) == Some(&copy))
        };
        if !list.iter().all(stands) {
            return Ok(false);
        }
        Ok(watch::is_untouched(&self.work.connection, since, &ours).await?)
    }
}

impl Layout {
    /// Refuses when the prepared copy of this run is not there.
    pub(crate) fn require_prepared(&self, which: &Rebuilt) -> Result<()> {
        if self.is_prepared(which) {
            return Ok(());
        }
        Err(StepError::NotReady(format!(
            "{} is not prepared yet; prepare the copies first (Create customers, Reassign bookings). Nothing was changed",
            which.live()
        )))
    }
}
