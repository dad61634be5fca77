//! Stop the application: watches for foreign writes and gives a verdict. BLOCKED: the server refuses them. QUIET: none was seen from T0
//! to T1. UNKNOWN: we cannot see. Says who is connected.

use crate::domain::checklist::State;
use crate::domain::run::RunRecord;
use crate::domain::run::Verdict;
use crate::domain::standstill::Standstill;
use crate::engine::step_file::{File, recorded};
use std::time::Duration;

use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::lease::clock;
use crate::domain::quiet::Fact;
use crate::domain::rebuilt::Group;
use crate::domain::run::VerdictRecord;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, now};
use crate::engine::stopped::Block;
use crate::store::StoreError;
use crate::store::watch::{self, Seen};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

async fn run(
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
    let seconds = if matches!(block, Block::Holds) {
        Duration::ZERO
    } else {
        session.work.watch
    };
    watcher.says("watching for foreign writes", 0, 0);
    let from = now();
    let start = watch::begin(&session.work.connection).await?;
    let seen = tokio::select! {
        seen = watch::since(&session.work.connection, &start, seconds) => seen?,
        () = watcher.cancel.cancelled() => return Err(StoreError::Cancelled.into()), // it only reads
    };
    let window = format!(
        "from {} to {} ({} s)",
        clock(from),
        clock(now()),
        seconds.as_secs_f64()
    );
    let past = match &block {
        Block::Leaks(why) => format!("; writes are blocked, but {why}"),
        Block::Off | Block::Holds => String::new(),
    };
    let verdict = match seen {
        Seen::Writes(writes) if writes.is_empty() => match block {
            Block::Holds => (
                Verdict::Blocked,
                format!(
                    "the server refuses the writes of every other user since {}",
                    clock(now())
                ),
            ),
            Block::Off | Block::Leaks(_) => {
                (Verdict::Quiet, format!("no foreign write {window}{past}"))
            }
        },
        Seen::Writes(writes) => {
            let list: Vec<_> = writes
                .iter()
                .map(|(name, count)| format!("{name}: {count}"))
                .collect();
            return Err(StepError::NotReady(format!(
                "the application still writes ({}) {window}{past}. Nothing was changed; stop it and run this step again. {}",
                list.join(", "),
                session.work.who_is_connected().await
            )));
        }
        Seen::Blind(why) => (
            Verdict::Unknown,
            format!("writes cannot be watched: {why}{past}"),
        ),
    };
    let verdict = (
        verdict.0,
        format!("{}; {}", verdict.1, session.work.who_is_connected().await),
    );
    let stale = match &since_backup {
        Some(Seen::Writes(writes)) => !writes.is_empty(),
        // The log cannot tell who wrote, so the documents are compared with the backup.
        Some(Seen::Blind(_)) => {
            let all = session.work.mapping.rebuilt();
            !session.missing_backup(&all, watcher).await?.is_empty()
        }
        None => false,
    };
    let list = session.work.mapping.rebuilt_in(Group::CutOver);
    session.quiet.found(Fact::Stopped, start);
    if stale {
        session.quiet.forget(Fact::BackedUp);
    }
    let record = session.begin_run().await?;
    record.verdict = Some(VerdictRecord {
        word: verdict.0,
        evidence: verdict.1.clone(),
        at: now(),
    });
    if stale {
        record.backup = None;
        // Copies that were built ahead lack what was written since: they are brought up to date before they are proved.
        for which in &list {
            record.collection_mut(which).prepared_for = None;
        }
        if let Some(step) = record.steps.get_mut(Step::BackUp.word()) {
            step.state = State::Stale;
            "the application wrote after the backup; take it again".clone_into(&mut step.says);
        }
    }
    session.save().await?;
    let note = if stale {
        "; the application wrote after the backup, so the backup is stale and must be taken again"
    } else {
        ""
    };
    Ok(format!("{}: {}{note}", verdict.0.word(), verdict.1))
}

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    let (state, says) = recorded(run, Step::StopApplication)?;
    if let Some(writes) = session.foreign_writes_in_words() {
        let says = format!(
            "the application wrote since ({writes}), so it does not stand still; stop it and run this again"
        );
        let is_live = session.is_live(Group::CutOver);
        return Some(match state {
            State::Done if !is_live => (State::Stale, says),
            state => (state, format!("the application wrote since ({writes})")),
        });
    }
    Some(match run.and_then(Standstill::of) {
        Some(standstill) => (state, format!("{}; {says}", standstill.words())),
        None => (state, says),
    })
}
