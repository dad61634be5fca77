//! Step 3, stop the application: watches for foreign writes and gives a verdict. QUIET: none was seen from T0 to T1. UNKNOWN: we cannot see.

use super::error::{Result, StepError};
use super::session::{Session, now};
use super::{Watcher, counted};
use crate::domain::checklist::Step;
use crate::domain::run::VerdictRecord;
use crate::store::watch::{self, Seen};

pub(super) async fn run(session: &mut Session, watcher: &Watcher) -> Result<String> {
    session.begin_run().await?;
    let since_backup = session.foreign_writes_since_backup().await?;
    let seconds = session.watch.as_secs_f64();
    watcher.says("watching for foreign writes", 0, 0);
    let from = now();
    let start = watch::begin(&session.connection).await?;
    let seen = watch::since(&session.connection, &start, session.watch).await?;
    let window = format!("from {} to {} ({seconds} s)", clock(from), clock(now()));
    let verdict = match seen {
        Seen::Writes(writes) if writes.is_empty() => {
            ("QUIET", format!("no foreign write {window}"))
        }
        Seen::Writes(writes) => {
            let list: Vec<_> = writes
                .iter()
                .map(|(name, count)| format!("{name}: {count}"))
                .collect();
            return Err(StepError::NotReady(format!(
                "the application still writes ({}) {window}. Nothing was changed; stop it and run this step again",
                list.join(", ")
            )));
        }
        Seen::Blind(why) => ("UNKNOWN", format!("writes cannot be watched: {why}")),
    };
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

/// A time of day in UTC, for evidence.
fn clock(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map(|time| time.strftime("%H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

impl Session {
    async fn foreign_writes_since_backup(&self) -> Result<Option<Seen>> {
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
        let Some(start) = self.open_run().and_then(|run| run.watch.clone()) else {
            return Err(StepError::NotReady(
                "nobody watched whether the application has stopped; run step 3 first".to_owned(),
            ));
        };
        if let Seen::Writes(writes) =
            watch::since(&self.connection, &start, std::time::Duration::ZERO).await?
            && !writes.is_empty()
        {
            let list: Vec<_> = writes
                .iter()
                .map(|(name, count)| format!("{} to {name}", counted(*count, "write", "writes")))
                .collect();
            if let Some(record) = &mut self.record {
                record.verdict = None;
            }
            self.save().await?;
            return Err(StepError::NotReady(format!(
                "the application wrote since it was found quiet ({}). What is live is unchanged. Stop it, then run step 3 and step 2 again",
                list.join(", ")
            )));
        }
        Ok(())
    }
}
