//! Survey: reads businesses, services, account rows, customers, users and bookings once each. Writes nothing.

use crate::domain::checklist::{State, Step};
use crate::domain::conflict::Severity;
use crate::domain::gate::Confirmed;
use crate::domain::run::RunRecord;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::step_file::{File, recorded};
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    if let Some(migrated) = session.migrated(watcher).await? {
        return Ok(migrated);
    }
    session.check_mapping_if_changed(watcher).await?;
    session.survey_if_changed(watcher).await?;
    let overview = session
        .overview()
        .ok_or_else(crate::engine::survey::not_kept)?;
    let review = session.review();
    let blockers = review
        .rows
        .iter()
        .filter(|row| row.key.code.severity() == Severity::Blocker)
        .count();
    let conflicts = match (review.rows.len(), blockers) {
        (0, _) => "no conflict".to_owned(),
        (rows, 0) => format!(
            "{}, none of them a blocker",
            counted(rows as u64, "conflict", "conflicts")
        ),
        (rows, blockers) => format!(
            "{} ({})",
            counted(rows as u64, "conflict", "conflicts"),
            counted(blockers as u64, "blocker", "blockers")
        ),
    };
    let [missing, null, empty] = overview.without_password;
    Ok(format!(
        "{}, {}, {}, {}; without a password: {missing} missing, {null} null, {empty} empty",
        counted(overview.users, "user", "users"),
        counted(overview.bookings, "booking", "bookings"),
        counted(overview.pairs, "pair", "pairs"),
        conflicts,
    ))
}

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    let Some(overview) = session.overview() else {
        // A run's own survey stands in its record; another session takes one anew before it writes.
        let (state, says) = recorded(run, Step::Survey)?;
        return Some((state, says));
    };
    let says = format!(
        "{}, {}, {}",
        counted(overview.users, "user", "users"),
        counted(overview.bookings, "booking", "bookings"),
        counted(overview.pairs, "pair", "pairs")
    );
    Some((State::Done, says))
}
