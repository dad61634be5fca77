//! The watch of the stopped application, kept open in the console: between two orders the worker looks whether anyone has written since, and says so at once.
//! It decides nothing: the gates ask the server on their own, from the verdict on.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::checklist::Step;
use crate::domain::lease::clock;
use crate::domain::mapping::Rebuilt;
use crate::domain::run::{Millis, WatchStart};
use crate::engine::session::Session;
use crate::engine::stopped::in_words;
use crate::store::watch::{self, Seen};

/// What was seen since a verdict.
#[derive(Debug)]
pub struct LiveWatch {
    /// The verdict's time: another verdict begins another watch.
    verdict: Millis,
    /// Up to here all was looked at.
    from: WatchStart,
    /// Foreign writes by collection.
    writes: BTreeMap<String, u64>,
}

impl Session {
    /// Looks once. The words that are new since the last look: every foreign write between the verdict and the cut-over, by collection.
    /// What cannot be seen now is seen at the next look, or at the gate.
    pub async fn look_for_foreign_writes(&mut self) -> Option<String> {
        let cut = [Rebuilt::Customer, Rebuilt::Booking];
        if cut.iter().any(|which| self.has_moved(*which)) {
            return None;
        }
        let run = self.open_run()?;
        let verdict = run.verdict.as_ref()?.at;
        let start = run.watch.clone()?;
        if self
            .live_watch
            .as_ref()
            .is_none_or(|it| it.verdict != verdict)
        {
            self.live_watch = Some(LiveWatch {
                verdict,
                from: start,
                writes: BTreeMap::new(),
            });
        }
        let now = watch::begin(&self.connection).await.ok()?;
        let live = self.live_watch.as_mut()?;
        if live.from == now {
            return None;
        }
        let seen = watch::since(&self.connection, &live.from, Duration::ZERO).await;
        let Ok(Seen::Writes(writes)) = seen else {
            return None;
        };
        live.from = now;
        if writes.is_empty() {
            return None;
        }
        for (name, count) in writes {
            *live.writes.entry(name).or_default() += count;
        }
        Some(format!(
            "{} since {}. The live data is as the application made it; the cut-over's gate stays shut. Stop it, then run “{}” again",
            in_words(&live.writes),
            clock(verdict),
            Step::StopApplication.title()
        ))
    }
}
