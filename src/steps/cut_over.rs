//! Step 9, cut over: a last converge, then two renames, then one more look at what was frozen. Where the server's log shows that nobody wrote
//! since the proof began, the proof itself is the last converge and the last look.

use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::mapping::Rebuilt;
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::watch;

pub(crate) async fn run(
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
