//! Reassign bookings: the prepared bookings and the quarantine, beside the live data; and any other copy of the cut-over that is made of originals.

use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::rebuilt::{Group, Rebuilt};
use crate::engine::error::Result;
use crate::engine::prepare::did;
use crate::engine::session::Session;
use crate::engine::step_file::File;
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| {
        session
            .layout
            .prepared_state(run, Step::ReassignBookings, &copies(session))
    },
    ..File::USUAL
};

/// What this step prepares.
fn copies(session: &Session) -> Vec<Rebuilt> {
    let mut list = session.work.mapping.rebuilt_in(Group::CutOver);
    list.retain(|which| !which.is_made_of_pairs());
    list
}

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    let list = copies(session);
    for which in &list {
        session.layout.before_cut_over(which)?;
    }
    if session.surveyed.is_none() {
        session.survey_once(watcher).await?;
    }
    session.give_memory_back();
    session.require_decided()?;
    let mut says = Vec::new();
    for which in &list {
        session.ensure_next(which).await?;
        let tally = session.bring_up_to_date(which, watcher).await?.tally;
        session.note_prepared(which).await?;
        let (one, many) = which.counted_as();
        let documents = tally.unchanged + tally.inserted + tally.replaced;
        says.push(format!(
            "{} prepared, {}",
            counted(documents, one, many),
            did(tally)
        ));
    }
    Ok(says.join("; "))
}
