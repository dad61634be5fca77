//! Survey: reads businesses, services, account rows, customers, users and bookings once each. Writes nothing.

use super::File;
use crate::domain::checklist::State;
use crate::domain::gate::Confirmed;
use crate::domain::run::RunRecord;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    session.survey_if_changed(watcher).await?;
    let overview = session
        .overview()
        .ok_or_else(crate::engine::survey::not_kept)?;
    let conflicts: u64 = overview.conflicts.iter().map(|row| row.count).sum();
    let [missing, null, empty] = overview.without_password;
    Ok(format!(
        "{}, {}, {}, {}; password missing {missing}, null {null}, \"\" {empty}",
        counted(overview.users, "user", "users"),
        counted(overview.bookings, "booking", "bookings"),
        counted(overview.pairs, "pair", "pairs"),
        counted(conflicts, "finding", "findings"),
    ))
}

fn state(session: &Session, _: Option<&RunRecord>) -> Option<(State, String)> {
    let overview = session.overview()?;
    let says = format!(
        "{}, {}, {}",
        counted(overview.users, "user", "users"),
        counted(overview.bookings, "booking", "bookings"),
        counted(overview.pairs, "pair", "pairs")
    );
    Some((State::Done, says))
}
