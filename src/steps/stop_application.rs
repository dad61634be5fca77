//! Step 3, stop the application: watches for foreign writes and gives a verdict. BLOCKED: the server refuses them. QUIET: none was seen from T0
//! to T1. UNKNOWN: we cannot see. Says who is connected.

use std::time::Duration;

use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::lease::clock;
use crate::domain::mapping::Rebuilt;
use crate::domain::run::VerdictRecord;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, now};
use crate::store::StoreError;
use crate::store::watch::{self, Seen};

pub(crate) async fn run(
    session: &mut Session,
    confirmed: Option<Confirmed>,
    watcher: &Watcher,
) -> Result<String> {
    if let Some(confirmed) = confirmed {
        session.block_writes(confirmed, watcher).await?;
    }
    session.begin_run().await?;
    let since_backup = session.foreign_writes_since_backup().await?;
    let block = session.block().await;
    let seconds = if matches!(block, crate::engine::stopped::Block::Holds) {
        Duration::ZERO
    } else {
        session.watch
    };
    watcher.says("watching for foreign writes", 0, 0);
    let from = now();
    let start = watch::begin(&session.connection).await?;
    let seen = tokio::select! {
        seen = watch::since(&session.connection, &start, seconds) => seen?,
        () = watcher.cancel.cancelled() => return Err(StoreError::Cancelled.into()), // it only reads
    };
    let window = format!(
        "from {} to {} ({} s)",
        clock(from),
        clock(now()),
        seconds.as_secs_f64()
    );
    let past = match &block {
        crate::engine::stopped::Block::Leaks(why) => format!("; writes are blocked, but {why}"),
        _ => String::new(),
    };
    let verdict = match seen {
        Seen::Writes(writes) if writes.is_empty() => match block {
            crate::engine::stopped::Block::Holds => (
                "BLOCKED",
                format!(
                    "the server refuses the writes of every other user since {}",
                    clock(now())
                ),
            ),
            _ => ("QUIET", format!("no foreign write {window}{past}")),
        },
        Seen::Writes(writes) => {
            let list: Vec<_> = writes
                .iter()
                .map(|(name, count)| format!("{name}: {count}"))
                .collect();
            return Err(StepError::NotReady(format!(
                "the application still writes ({}) {window}{past}. Nothing was changed; stop it and run this step again. {}",
                list.join(", "),
                session.who_is_connected().await
            )));
        }
        Seen::Blind(why) => ("UNKNOWN", format!("writes cannot be watched: {why}{past}")),
    };
    let verdict = (
        verdict.0,
        format!("{}; {}", verdict.1, session.who_is_connected().await),
    );
    let stale = matches!(&since_backup, Some(Seen::Writes(writes)) if !writes.is_empty());
    let record = session.begin_run().await?;
    record.watch = Some(start);
    record.verdict = Some(VerdictRecord {
        word: verdict.0.to_owned(),
        evidence: verdict.1.clone(),
        at: now(),
    });
    if stale {
        record.backup = None;
        // Copies that were built ahead lack what was written since: they are brought up to date before they are proved.
        for which in [Rebuilt::Customer, Rebuilt::Booking] {
            record.collection_mut(which).prepared_for = None;
        }
        if let Some(step) = record.steps.get_mut(Step::BackUp.word()) {
            "stale".clone_into(&mut step.state);
            "the application wrote after the backup; take it again".clone_into(&mut step.says);
        }
    }
    session.save().await?;
    let note = if stale {
        "; the application wrote after the backup, so the backup is stale and must be taken again"
    } else {
        ""
    };
    Ok(format!("{}: {}{note}", verdict.0, verdict.1))
}
