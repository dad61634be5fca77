//! Create customers: the prepared customers and their links, beside the live data.

use super::File;
use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::mapping::{LINKS, Rebuilt};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| session.prepared_state(run, Step::CreateCustomers, Rebuilt::Customer),
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    session.before_cut_over(Rebuilt::Customer)?;
    session.survey_if_changed(watcher).await?;
    session.require_decided()?;
    session.begin_run().await?;
    let (needed, room) = session.require_room().await?;
    session.forecast(needed, watcher).await?;
    session.ensure_next(Rebuilt::Customer).await?;
    session.ensure_side(LINKS, None).await?;
    let tally = session.bring_customers_up_to_date(watcher).await?;
    session.note_prepared(Rebuilt::Customer).await?;
    let counts = session.surveyed()?.blueprint.counts;
    session.take_numbers()?;
    Ok(format!(
        "{} prepared ({} merged away), {}{room}",
        counted(
            counts.created + counts.placeholders,
            "customer",
            "customers"
        ),
        counts.merged_away,
        crate::engine::prepare::did(tally)
    ))
}
