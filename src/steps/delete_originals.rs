//! Step 19, delete the originals; and purge, which drops what is kept after it.

use crate::domain::gate::{Confirmed, Destructive};
use crate::domain::mapping::Rebuilt;
use crate::domain::run::Outcome;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::collection_spec;

pub(crate) async fn run(session: &mut Session, confirmed: Option<Confirmed>) -> Result<String> {
    session.see_what_is_swapped().await?;
    // No survey: after a kill between the drops there is nothing left to survey.
    session
        .pass(confirmed, Destructive::Finish, &Watcher::silent())
        .await?;
    let mut dropped = Vec::new();
    for which in Rebuilt::ALL {
        let record = session
            .open_run()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        let before = session.mapping.before(which);
        let kept = collection_spec::load(&session.connection, &before)
            .await?
            .and_then(|spec| spec.uuid);
        if record.is_original(kept.as_deref()) {
            collection_spec::drop(&session.connection, &before).await?;
            dropped.push(before);
        }
        collection_spec::drop(&session.connection, &session.mapping.next(which)).await?;
    }
    if let Some(record) = &mut session.record {
        record.outcome = Outcome::Finished;
    }
    session.save().await?;
    session.end_lease().await?;
    session.surveyed = None;
    session.see_what_is_swapped().await?;
    Ok(format!(
        "dropped {}; links, quarantine and run record stay until `ringfence purge`",
        dropped.join(", ")
    ))
}
