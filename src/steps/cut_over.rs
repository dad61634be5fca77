//! Step 9, cut over: a last converge, then two renames, then one more look at what was frozen. Where the server's log shows that nobody wrote
//! since the proof began, the proof itself is the last converge and the last look.

use super::Watcher;
use super::check::Checked;
use super::error::{Result, StepError};
use super::session::Session;
use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::mapping::Rebuilt;
use crate::store::swap::{self, Stray, Swap};
use crate::store::{collection_spec, watch};

pub(super) async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    // Journaled is not renamed: a run that was killed before the first rename looks at everything again.
    let began = [Rebuilt::Customer, Rebuilt::Booking]
        .into_iter()
        .any(|which| session.has_moved(which));
    session
        .pass(confirmed, Destructive::CutOver, watcher)
        .await?;
    if !began {
        session.require_still_quiet().await?;
        last_converge(session, watcher).await?;
        for which in [Rebuilt::Customer, Rebuilt::Booking] {
            session.journal_swap(which).await?;
        }
        session.require_still_quiet().await?;
    }
    watcher.says("renaming", 0, 0);
    let started = std::time::Instant::now();
    let mut strays = Vec::new();
    for which in [Rebuilt::Customer, Rebuilt::Booking] {
        strays.extend(session.swap_forward(which).await?);
    }
    let took = started.elapsed();
    for which in [Rebuilt::Customer, Rebuilt::Booking] {
        session.dress(which).await?;
    }
    session.see_what_is_swapped().await?;
    session.refuse_strays(&strays).await?;
    // Where the log shows that nothing was written late, what is live is what was proved.
    if !session.is_as_proved(Rebuilt::Booking).await? {
        refuse_late_writes(session, watcher).await?;
    }
    Ok(format!(
        "{} and {} are live with {}; renamed in {} ms; the originals are kept",
        session.mapping.customer.collection,
        session.mapping.booking.collection,
        session.mapping.booking.customer,
        took.as_millis()
    ))
}

/// Compares what is live with what the originals, frozen now, give.
async fn refuse_late_writes(session: &Session, watcher: &Watcher) -> Result<()> {
    let customers = session.converge_customers(false, watcher).await?;
    let bookings = session.converge_bookings(false, watcher).await?;
    match customers.and(bookings.tally).changes() {
        0 => Ok(()),
        late => Err(StepError::Findings(format!(
            "the cut-over is done, but {late} documents differ from what the frozen originals give: something wrote during it. Do not start the application; `ringfence verify` names them, `ringfence rollback` goes back"
        ))),
    }
}

/// Brings the copies up to date until nothing is left to do, proving again when something was.
async fn last_converge(session: &mut Session, watcher: &Watcher) -> Result<()> {
    session.survey_as_planned(watcher).await?;
    // The gate's conditions have compared the backup with the originals, or looked into the log for it.
    let current = [Rebuilt::Customer, Rebuilt::Booking]
        .into_iter()
        .all(|which| session.is_of_this_plan(which));
    if current && session.is_as_proved(Rebuilt::Booking).await? {
        return Ok(());
    }
    for _ in 0..3 {
        let customers = session.bring_customers_up_to_date(watcher).await?;
        let bookings = session.converge_bookings(true, watcher).await?;
        session.require_backed_up(Rebuilt::Booking, &bookings)?;
        if customers.and(bookings.tally).changes() == 0 {
            return Ok(());
        }
        session.build_indexes(Rebuilt::Booking, watcher).await?;
        session.make_room_for_a_proof();
        let since = watch::begin(&session.connection).await?;
        let checked: Checked = session.check_bookings(watcher).await?;
        if checked.wrong > 0 {
            return Err(StepError::Findings(format!(
                "the proof failed after the last converge. The live data is unchanged:\n{}",
                checked.list()
            )));
        }
        session.note_bookings_proved(&checked, since);
        session.give_memory_back();
    }
    Err(StepError::NotReady(
        "every converge found something new, so something still writes. The live data is unchanged; stop the application and run step 3 again".to_owned(),
    ))
}

impl Session {
    /// Surveys anew, and refuses when that asks for other decisions than the plan has.
    pub(super) async fn survey_as_planned(&mut self, watcher: &Watcher) -> Result<()> {
        let planned = self
            .open_run()
            .and_then(|run| run.plan_hash().map(str::to_owned));
        self.survey_if_changed(watcher).await?;
        if planned.as_deref() == Some(&self.plan_hash()) {
            return Ok(());
        }
        Err(StepError::Drift(vec![
            "conflicts changed since the plan was made; review them again (step 5)".to_owned(),
        ]))
    }

    /// Writes down that the swap begins, and keeps the original's TTLs from acting while it is kept.
    pub(super) async fn journal_swap(&mut self, which: Rebuilt) -> Result<()> {
        let live = self.mapping.live(which).to_owned();
        let ttl = self
            .open_run()
            .map(|run| run.collection(which).ttl)
            .unwrap_or_default();
        if let Some(record) = &mut self.record {
            record.collection_mut(which).swap_began = true;
        }
        self.save().await?;
        for index in ttl.keys() {
            collection_spec::set_ttl(&self.connection, &live, index, None).await?;
        }
        Ok(())
    }

    /// Gives originals that were about to be renamed when their run was killed their true TTLs back, so that a backup holds them.
    pub(super) async fn restore_expiries_before_renames(&self) -> Result<()> {
        for which in Rebuilt::ALL {
            let record = self
                .open_run()
                .map(|run| run.collection(which))
                .unwrap_or_default();
            if record.swap_began && !self.has_moved(which) {
                self.set_true_ttls(self.mapping.live(which), &record.ttl)
                    .await?;
            }
        }
        Ok(())
    }

    /// Swaps; what an application made under the live name meanwhile is kept in the run record, with its name.
    pub(super) async fn swap_forward(&mut self, which: Rebuilt) -> Result<Vec<Stray>> {
        let record = self
            .open_run()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        let (next, before) = (self.mapping.next(which), self.mapping.before(which));
        let swap = Swap {
            live: self.mapping.live(which),
            next: &next,
            before: &before,
            original: record.original.as_deref(),
            prepared: record.next.as_deref().unwrap_or_default(),
        };
        Ok(swap::forward(&self.connection, swap).await?)
    }

    /// Writes into the run record what strangers were moved out of the way.
    pub(super) async fn keep_strays(&mut self, strays: &[Stray]) -> Result<()> {
        if let Some(record) = &mut self.record {
            let names = strays.iter().map(|it| (it.name.clone(), it.documents));
            record.strays.extend(names);
        }
        self.save().await
    }

    /// Stops where strangers were moved out of the way: what they hold is in no live collection.
    pub(super) async fn refuse_strays(&mut self, strays: &[Stray]) -> Result<()> {
        self.keep_strays(strays).await?;
        if strays.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = strays.iter().map(ToString::to_string).collect();
        Err(StepError::Findings(format!(
            "the swap is done, but an application inserted between the renames, and the server made a collection of it: {}. Nothing of it is lost, and nothing of it is live. Stop the application, look at what it wrote, carry over what counts, then run the same command again; it goes on from here",
            list.join(", ")
        )))
    }

    /// Gives what is now live its validator and its true TTLs.
    pub(super) async fn dress(&self, which: Rebuilt) -> Result<()> {
        let live = self.mapping.live(which);
        let record = self
            .open_run()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        if let Some(before) =
            collection_spec::load(&self.connection, &self.mapping.before(which)).await?
            && let Some(validation) = before.validation()
        {
            collection_spec::put_validation(&self.connection, live, &validation).await?;
        }
        self.set_true_ttls(live, &record.ttl).await
    }

    /// Restores true TTLs where the index still stands.
    pub(super) async fn set_true_ttls(
        &self,
        live: &str,
        ttl: &std::collections::BTreeMap<String, i64>,
    ) -> Result<()> {
        if ttl.is_empty() {
            return Ok(());
        }
        let indexes = collection_spec::load(&self.connection, live)
            .await?
            .map(|spec| spec.indexes)
            .unwrap_or_default();
        for (name, seconds) in ttl {
            if indexes
                .iter()
                .any(|index| crate::domain::index_plan::name_of(index) == name)
            {
                collection_spec::set_ttl(&self.connection, live, name, Some(*seconds)).await?;
            }
        }
        Ok(())
    }
}
