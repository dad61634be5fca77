//! Delete the originals: the point of no return.

use super::File;
use crate::domain::checklist::Step;
use crate::domain::gate::{Confirmed, DeleteOriginals};
use crate::domain::mapping::Rebuilt;
use crate::domain::run::Outcome;
use crate::engine::error::Result;
use crate::engine::gates::Gated;
use crate::engine::session::Session;
use crate::engine::{Watcher, counted};
use crate::store::collection_spec;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    ..File::USUAL
};

async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    session.see_what_is_swapped().await?;
    // No survey: after a kill between the drops there is nothing left to survey.
    let confirmed = session.pass::<DeleteOriginals>(confirmed, watcher).await?;
    drop_originals(session, confirmed).await
}

async fn drop_originals(session: &mut Session, _: Confirmed<DeleteOriginals>) -> Result<String> {
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

impl Gated for DeleteOriginals {
    const OF_A_PLAN: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for which in Rebuilt::ALL {
            let before = session.mapping.before(which);
            let spec = collection_spec::load(&session.connection, &before).await?;
            if spec.is_some() {
                let documents = counted(session.rough(&before).await, "document", "documents");
                lines.push(format!("drop {before} ({documents})"));
            }
        }
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        let swapped = Rebuilt::ALL.iter().all(|which| session.is_swapped(*which));
        let done = session
            .open_run()
            .is_some_and(|run| run.is_done(Step::CutOver) && run.is_done(Step::CleanUsers));
        Ok(if swapped && done {
            Vec::new()
        } else {
            vec![
                "the migration is not complete: the cut-over and the users' clean-up come first"
                    .to_owned(),
            ]
        })
    }

    fn way_back(self, _: &Session) -> String {
        "none but the backup: this is the point of no return".to_owned()
    }
}
