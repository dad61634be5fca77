//! Cut over: a last converge, then two renames, then one more look at what was frozen. Where the server's log shows that nobody wrote
//! since the proof began, the proof itself is the last converge and the last look.

use super::File;
use crate::domain::checklist::Step;
use crate::domain::forecast::Forecast;
use crate::domain::gate::{Confirmed, CutOver};
use crate::domain::mapping::Rebuilt;
use crate::domain::run::Verdict;
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::session::Session;
use crate::store::watch;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| super::swapped_state(run, Step::CutOver, session.is_cut_over()),
    ..File::USUAL
};

async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    // Journaled is not renamed: a run that was killed before the first rename looks at everything again.
    let began = [Rebuilt::Customer, Rebuilt::Booking]
        .into_iter()
        .any(|which| session.has_moved(which));
    let confirmed = session.pass::<CutOver>(confirmed, watcher).await?;
    if !began {
        session.require_still_quiet().await?;
        last_converge(session, watcher).await?;
        for which in [Rebuilt::Customer, Rebuilt::Booking] {
            session.journal_swap(which).await?;
        }
        session.require_still_quiet().await?;
    }
    swap(session, confirmed, watcher).await
}

/// Renames, and looks once more at what was frozen.
async fn swap(session: &mut Session, _: Confirmed<CutOver>, watcher: &Watcher) -> Result<String> {
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
        "every converge found something new, so something still writes. The live data is unchanged; stop the application, then run “Stop the application” again".to_owned(),
    ))
}

impl Gated for CutOver {
    const OF_A_PLAN: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let renames = vec![
            session.will_swap(Rebuilt::Customer).await,
            session.will_swap(Rebuilt::Booking).await,
            format!(
                "bookings then have {} and no {}",
                session.mapping.booking.customer,
                crate::domain::reference::leaving(&session.mapping)
            ),
        ];
        let forecast = session.open_run().and_then(Forecast::of);
        let forecast = forecast.map(|forecast| forecast.words());
        Ok(renames.into_iter().chain(forecast).collect())
    }

    async fn missing(self, session: &mut Session, watcher: &Watcher) -> Result<Vec<String>> {
        // Renamed is not done: validators, expiries and the last look come after the renames.
        let done = session
            .open_run()
            .is_some_and(|run| run.is_done(Step::CutOver));
        if done && session.is_cut_over() {
            return Ok(vec![
                "customers and bookings are cut over already".to_owned(),
            ]);
        }
        let mut missing = Vec::new();
        match session.require_decided() {
            Ok(()) => {}
            Err(StepError::Findings(why) | StepError::NotReady(why)) => missing.push(why),
            Err(other) => return Err(other),
        }
        let Some(run) = session.open_run() else {
            missing.push("no run is open: the backup comes first".to_owned());
            return Ok(missing);
        };
        if run.plan_hash() != Some(session.plan_hash().as_str()) {
            missing.push(
                "the plan of this run is not the one of the moment: review again (Review conflicts)"
                    .to_owned(),
            );
        }
        if !run.is_done(Step::Prove) {
            missing.push("the prepared copies are not proved (Prove)".to_owned());
        }
        match run.verdict.as_ref().map(|verdict| verdict.word) {
            Some(Verdict::Blocked | Verdict::Quiet) => {}
            Some(Verdict::Unknown) if session.accept_unknown => {}
            Some(word @ Verdict::Unknown) => missing.push(format!(
                "whether the application has stopped is {}: make sure that it has, then waive this with --accept-unknown",
                word.word()
            )),
            None => missing.push(
                "nobody watched whether the application has stopped (Stop the application)"
                    .to_owned(),
            ),
        }
        // In the middle of a swap that was killed, the originals have moved already.
        if !Rebuilt::ALL.iter().any(|which| session.has_moved(*which)) {
            missing.extend(session.missing_backup(&Rebuilt::ALL, watcher).await?);
        }
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        session.renamed_back()
    }
}
