//! The watch of the stopped application, kept open in the console: between two orders the worker looks whether anyone has written since, and says so at once.
//! It decides nothing: the gates ask the server on their own, from the verdict on.

use crate::domain::quiet::Fact;
use crate::domain::rebuilt::Group;
use crate::engine::session::LiveWatch;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::checklist::Step;
use crate::domain::lease::clock;
use crate::engine::session::Session;
use crate::engine::stopped::in_words;
use crate::store::watch::{self, Seen};

impl Session {
    /// Looks once. The words that are new since the last look: every foreign write between the verdict and the cut-over, by collection.
    /// What cannot be seen now is seen at the next look, or at the gate.
    pub async fn look_for_foreign_writes(&mut self) -> Option<String> {
        let cut = self.work.mapping.rebuilt_in(Group::CutOver);
        if cut.iter().any(|which| self.layout.has_moved(which)) {
            return None;
        }
        let verdict = self.run.open()?.verdict.as_ref()?.at;
        if self
            .live_watch
            .as_ref()
            .is_none_or(|it| it.verdict != verdict)
        {
            let start = self.quiet.of(Fact::Stopped)?.clone();
            self.quiet.found(Fact::Told, start);
            self.live_watch = Some(LiveWatch {
                verdict,
                writes: BTreeMap::new(),
            });
        }
        let now = watch::begin(&self.work.connection).await.ok()?;
        let told = self.quiet.of(Fact::Told)?;
        if *told == now {
            return None;
        }
        let seen = watch::since(&self.work.connection, told, Duration::ZERO).await;
        let Ok(Seen::Writes(writes)) = seen else {
            return None;
        };
        self.quiet.found(Fact::Told, now);
        let live = self.live_watch.as_mut()?;
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
