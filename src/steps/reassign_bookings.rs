//! Reassign bookings: the prepared bookings and the quarantine, beside the live data.

use super::File;
use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::mapping::{QUARANTINE, Rebuilt};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| session.prepared_state(run, Step::ReassignBookings, Rebuilt::Booking),
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    session.before_cut_over(Rebuilt::Booking)?;
    if session.surveyed.is_none() {
        session.survey(watcher).await?;
    }
    session.give_memory_back();
    session.require_decided()?;
    let original = session.ensure_next(Rebuilt::Booking).await?;
    // The quarantine is walked with the bookings, so it must order ids alike.
    session.ensure_side(QUARANTINE, original.as_ref()).await?;
    let tally = session.converge_bookings(true, watcher).await?.tally;
    session.build_indexes(Rebuilt::Booking, watcher).await?;
    session.note_prepared(Rebuilt::Booking).await?;
    Ok(format!(
        "{} prepared, {}",
        counted(
            tally.unchanged + tally.inserted + tally.replaced,
            "booking",
            "bookings"
        ),
        crate::engine::prepare::did(tally)
    ))
}
