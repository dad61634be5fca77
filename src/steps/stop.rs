//! Step 3, stop the application: watches for foreign writes and gives a verdict. BLOCKED: the server refuses them. QUIET: none was seen from T0
//! to T1. UNKNOWN: we cannot see. Says who is connected.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::{Result, StepError};
use super::session::{Session, now};
use super::{Watcher, counted};
use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::domain::lease::clock;
use crate::domain::mapping::Rebuilt;
use crate::domain::run::{VerdictRecord, WatchStart};
use crate::domain::text::safe;
use crate::store::StoreError;
use crate::store::watch::{self, Seen};
use crate::store::{clients, write_block};

pub(super) async fn run(
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
        Block::Leaks(why) => format!("; writes are blocked, but {why}"),
        _ => String::new(),
    };
    let verdict = match seen {
        Seen::Writes(writes) if writes.is_empty() => match block {
            Block::Holds => (
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

/// Foreign writes by collection, for people.
pub(super) fn in_words(writes: &BTreeMap<String, u64>) -> String {
    let list: Vec<_> = writes
        .iter()
        .map(|(name, count)| format!("{} to {name}", counted(*count, "write", "writes")))
        .collect();
    list.join(", ")
}

/// How the server's write block stands.
enum Block {
    /// It is not set, or cannot be seen.
    Off,
    /// It is set, and nobody else can write.
    Holds,
    /// It is set, and others may write all the same, or that cannot be told.
    Leaks(String),
}

impl Session {
    async fn block(&self) -> Block {
        if write_block::is_set(&self.connection).await != Some(true) {
            return Block::Off;
        }
        match write_block::past_it(&self.connection).await {
            Ok(past) if past.is_empty() => Block::Holds,
            Ok(past) => Block::Leaks(format!("these may write all the same: {}", past.join(", "))),
            Err(why) => Block::Leaks(format!(
                "whether others may write all the same cannot be told: {why}"
            )),
        }
    }

    /// The clients that are connected, in words.
    async fn who_is_connected(&self) -> String {
        match clients::connected(&self.connection).await {
            Ok(clients) if clients.is_empty() => "no other client is connected".to_owned(),
            Ok(clients) => {
                let words: Vec<_> = clients
                    .iter()
                    .map(|(client, count)| format!("{count} × {}", safe(&client.words(), 120)))
                    .collect();
                format!("connected: {}", words.join(", "))
            }
            Err(_) => {
                "who is connected cannot be seen (that needs the privilege inprog)".to_owned()
            }
        }
    }

    async fn foreign_writes_since_backup(&mut self) -> Result<Option<Seen>> {
        if self.unchanged_since_backup().await? {
            return Ok(Some(Seen::Writes(BTreeMap::new())));
        }
        let start = self
            .open_run()
            .filter(|run| run.backup.is_some())
            .and_then(|run| run.watch.clone());
        match start {
            Some(start) => Ok(Some(
                watch::since(&self.connection, &start, std::time::Duration::ZERO).await?,
            )),
            None => Ok(None),
        }
    }

    /// Refuses when a foreign write was seen since the verdict.
    pub(super) async fn require_still_quiet(&mut self) -> Result<()> {
        let Some(mut start) = self.open_run().and_then(|run| run.watch.clone()) else {
            return Err(StepError::NotReady(
                "nobody watched whether the application has stopped; run step 3 first".to_owned(),
            ));
        };
        let now = watch::begin(&self.connection).await?;
        let mut seen = watch::since(&self.connection, &start, std::time::Duration::ZERO).await?;
        // A log that was cut since the verdict shows what came after the originals were last found equal to the backup, all the same.
        let backup = self.open_run().and_then(|run| run.backup.as_ref());
        if let (Seen::Blind(_), Some(equal)) = (&seen, backup.and_then(|it| it.equal_since.clone()))
        {
            start = equal;
            seen = watch::since(&self.connection, &start, std::time::Duration::ZERO).await?;
        }
        if let Seen::Writes(writes) = &seen
            && !writes.is_empty()
        {
            let list = in_words(writes);
            if let Some(record) = &mut self.record {
                record.verdict = None;
            }
            self.save().await?;
            return Err(StepError::NotReady(format!(
                "the application wrote since it was found quiet ({list}). What is live is unchanged. Stop it, then run step 3 and step 2 again"
            )));
        }
        // What was looked through once, our own writes above all, need not be looked through again.
        if let (Seen::Writes(_), Some(surveyed)) = (&seen, &mut self.surveyed)
            && surveyed.since.is_not_before(&start)
        {
            surveyed.since = now.clone();
        }
        if let (Seen::Writes(_), WatchStart::OperationTime { .. }, Some(record)) =
            (seen, &now, &mut self.record)
        {
            record.watch = Some(now);
        }
        Ok(())
    }
}
