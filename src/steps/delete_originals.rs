//! Delete the originals: the point of no return.

use crate::domain::checklist::Step;
use crate::domain::gate::{Confirmed, DeleteOriginals};
use crate::domain::mapping::RETIRED;
use crate::domain::rebuilt::Group;
use crate::domain::run::Outcome;
use crate::domain::text::listed;
use crate::engine::error::Result;
use crate::engine::gates::Gated;
use crate::engine::kept_files;
use crate::engine::session::Session;
use crate::engine::step_file::File;
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
    session.refuse_half_restored()?;
    session.see_what_is_swapped().await?;
    session.require_no_strays("nothing was changed")?;
    session.require_nothing_gone()?;
    session.require_sides_whole().await?;
    // No survey: after a kill between the drops there is nothing left to survey.
    let confirmed = session.pass::<DeleteOriginals>(confirmed, watcher).await?;
    drop_originals(session, confirmed).await
}

async fn drop_originals(session: &mut Session, _: Confirmed<DeleteOriginals>) -> Result<String> {
    if let Some(record) = &mut session.run.record
        && !record.finish_began
    {
        record.finish_began = true;
        session.save().await?;
    }
    let left = session.renamed_originals();
    let mut dropped = Vec::new();
    for which in &session.work.mapping.rebuilt() {
        let record = session
            .run
            .open()
            .map(|run| run.collection(which))
            .unwrap_or_default();
        let before = which.before();
        let kept = collection_spec::load(&session.work.connection, &before)
            .await?
            .and_then(|spec| spec.uuid);
        if record.is_original(kept.as_deref()) {
            collection_spec::drop(&session.work.connection, &before).await?;
            dropped.push(before);
        }
        collection_spec::drop(&session.work.connection, &which.next()).await?;
        dropped.extend(session.drop_old_copies(which).await?);
    }
    dropped.extend(session.drop_set_aside_names().await?);
    if !session.has_begun_to_retire() {
        // Rows of a retirement that was prepared and not done: all of them are live.
        collection_spec::drop(&session.work.connection, RETIRED).await?;
    }
    if let Some(record) = &mut session.run.record {
        record.outcome = Outcome::Finished;
    }
    session.save().await?;
    session.end_lease().await?;
    session.surveyed = None;
    session.see_what_is_swapped().await?;
    let mut says = format!(
        "dropped {}; links, quarantine and run record stay until `ringfence purge`",
        dropped.join(", ")
    );
    for line in left {
        says.push_str("; ");
        says.push_str(&line);
    }
    Ok(says)
}

impl Gated for DeleteOriginals {
    const OF_A_PLAN: bool = true;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for which in &session.work.mapping.rebuilt() {
            let before = which.before();
            let spec = collection_spec::load(&session.work.connection, &before).await?;
            if spec.is_some() {
                let documents = counted(session.work.rough(&before).await, "document", "documents");
                lines.push(format!("drop {before} ({documents})"));
            }
        }
        lines.extend(session.renamed_originals());
        if session.has_begun_to_retire() {
            let old = session.work.mapping.users().old(1);
            lines.push(format!(
                "drop {old}, the users before customer users retired"
            ));
            let counts = session.retire_counts().unwrap_or_default();
            lines.push(format!(
                "the whole rows of {} who retired stay in {RETIRED} until `ringfence purge`",
                counts.going()
            ));
            lines.extend(counts.lines());
        }
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        if let Some(gone) = session.gone_in_words() {
            return Ok(vec![gone]);
        }
        let swapped = session.is_live(Group::CutOver) && session.is_live(Group::CleanUp);
        let done = session.run.open().is_some_and(|run| {
            let cleaned = !run.mapping.has_users() || run.is_done(Step::CleanUsers);
            run.is_done(Step::CutOver) && cleaned
        });
        if swapped && done && session.schema_waits_for_retiring() {
            return Ok(vec![
                "users who are to retire are still among the users, which the after-schema does not allow: run “Retire customer users” first".to_owned(),
            ]);
        }
        let waiting = session.waiting_for_schema_step();
        if swapped && done && !waiting.is_empty() {
            return Ok(vec![format!(
                "what the after-schema asks of {} is not done: “{}” comes first",
                listed(waiting.iter().map(String::as_str)),
                Step::Schema.title()
            )]);
        }
        Ok(if swapped && done {
            let sides = session.sides_not_whole_in_words().await?;
            session.strays_in_words().into_iter().chain(sides).collect()
        } else {
            vec![
                "the migration is not complete: the cut-over and the users' clean-up come first"
                    .to_owned(),
            ]
        })
    }

    fn way_back(self, session: &Session) -> String {
        match session.run.open().and_then(kept_files::trouble) {
            Some(trouble) => format!(
                "none: {trouble}, and these originals are the only copy of what was there before. This is the point of no return"
            ),
            None => "none but the backup: this is the point of no return".to_owned(),
        }
    }
}
