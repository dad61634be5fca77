//! Whether the application has stopped: who is connected, what was written, and whether the write block holds.

use crate::domain::quiet::Fact;
use std::collections::BTreeMap;

use crate::domain::run::WatchStart;
use crate::domain::text::safe;
use crate::engine::counted;
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, Workspace};
use crate::store::watch::{self, Seen};
use crate::store::{clients, write_block};

/// Foreign writes by collection, for people.
pub(crate) fn in_words(writes: &BTreeMap<String, u64>) -> String {
    let list: Vec<_> = writes
        .iter()
        .map(|(name, count)| format!("{} to {name}", counted(*count, "write", "writes")))
        .collect();
    list.join(", ")
}

/// How the server's write block stands.
pub(crate) enum Block {
    /// It is not set, or cannot be seen.
    Off,
    /// It is set, and nobody else can write.
    Holds,
    /// It is set, and others may write all the same, or that cannot be told.
    Leaks(String),
}

impl Session {
    pub(crate) async fn block(&self) -> Block {
        if write_block::is_set(&self.work.connection).await != Some(true) {
            return Block::Off;
        }
        match write_block::past_it(&self.work.connection).await {
            Ok(past) if past.is_empty() => Block::Holds,
            Ok(past) => Block::Leaks(format!("these may write all the same: {}", past.join(", "))),
            Err(why) => Block::Leaks(format!(
                "whether others may write all the same cannot be told: {why}"
            )),
        }
    }

    pub(crate) async fn foreign_writes_since_backup(&mut self) -> Result<Option<Seen>> {
        if self.unchanged_since_backup().await? {
            return Ok(Some(Seen::Writes(BTreeMap::new())));
        }
        let backup = self.run.open().and_then(|run| run.backup.as_ref());
        let start = self.quiet.of(Fact::Stopped).filter(|_| backup.is_some());
        let start = start.cloned();
        match start {
            Some(start) => Ok(Some(
                watch::since(&self.work.connection, &start, std::time::Duration::ZERO).await?,
            )),
            None => Ok(None),
        }
    }

    /// Refuses when a foreign write was seen since the verdict.
    pub(crate) async fn require_still_quiet(&mut self) -> Result<()> {
        let stopped = self.quiet.of(Fact::Stopped).cloned();
        let Some(mut start) = stopped.filter(|_| self.run.open().is_some()) else {
            return Err(StepError::NotReady(
                "nobody watched whether the application has stopped; run “Stop the application” first".to_owned(),
            ));
        };
        let now = watch::begin(&self.work.connection).await?;
        let mut seen =
            watch::since(&self.work.connection, &start, std::time::Duration::ZERO).await?;
        // A log that was cut since the verdict shows what came after the originals were last found equal to the backup, all the same.
        if let (Seen::Blind(_), Some(equal)) = (&seen, self.quiet.of(Fact::BackedUp)) {
            start = equal.clone();
            seen = watch::since(&self.work.connection, &start, std::time::Duration::ZERO).await?;
        }
        if let Seen::Writes(writes) = &seen
            && !writes.is_empty()
        {
            let list = in_words(writes);
            if let Some(record) = &mut self.run.record {
                record.verdict = None;
            }
            self.save().await?;
            return Err(StepError::NotReady(format!(
                "the application wrote since it was found quiet ({list}). What is live is unchanged. Stop it, then run “Stop the application” and “Back up” again"
            )));
        }
        // What was looked through once, our own writes above all, need not be looked through again.
        if matches!(seen, Seen::Writes(_)) && matches!(now, WatchStart::OperationTime { .. }) {
            self.quiet.quiet_between(&start, &now);
            self.quiet.found(Fact::Stopped, now);
        }
        Ok(())
    }
}

impl Workspace {
    /// The clients that are connected, in words.
    pub(crate) async fn who_is_connected(&self) -> String {
        match clients::connected(&self.connection).await {
            Ok(clients) if clients.is_empty() => "no other client is connected".to_owned(),
            Ok(clients) => {
                let words: Vec<_> = clients
                    .iter()
                    .map(|(client, count)| format!("{count} × {}", safe(&client.words(), 120)))
                    .collect();
                format!("connected: {}", words.join(", "))
            }
            Err(why) => format!("who is connected cannot be seen: {}", safe(&why, 400)),
        }
    }
}
