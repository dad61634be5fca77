//! Create customers: the prepared customers and their links, beside the live data.

use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::engine::step_file::File;
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |session, run| {
        let customers = [session.work.mapping.customers()];
        session
            .layout
            .prepared_state(run, Step::CreateCustomers, &customers)
    },
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    let customers = session.work.mapping.customers();
    session.layout.before_cut_over(&customers)?;
    session.survey_if_changed(watcher).await?;
    session.require_decided()?;
    session.begin_run().await?;
    let (needed, room) = session.require_room().await?;
    session.forecast(needed, watcher).await?;
    session.ensure_next(&customers).await?;
    let tally = session.bring_up_to_date(&customers, watcher).await?.tally;
    session.note_prepared(&customers).await?;
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
