//! The watch of the stopped application. Between two orders the console's worker looks whether anyone has written since, and `status` and
//! `report` look once. It decides nothing: the gates ask the server on their own, from the verdict on.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::checklist::Step;
use crate::domain::gate_lines::Look;
use crate::domain::lease::clock;
use crate::domain::quiet::Fact;
use crate::domain::rebuilt::Group;
use crate::domain::run::{Millis, WatchStart};
use crate::engine::session::{LiveWatch, Session};
use crate::engine::stopped::in_words;
use crate::store::watch::{self, Seen};

/// From when foreign writes are looked for.
struct From {
    /// Another one begins another watch.
    mark: Millis,
    start: WatchStart,
    /// The migrated copies are live.
    live: bool,
}

impl Session {
    /// When anybody wrote last, to any database of this server. `None` where the server does not say it: a standalone has no such time.
    pub async fn last_write(&self) -> Option<WatchStart> {
        if !self.work.connection.is_replica_set() {
            return None;
        }
        watch::begin(&self.work.connection).await.ok()
    }

    /// Looks once. The words that are new since the last look: every foreign write since writers were found to stand still, by collection.
    /// What cannot be seen now is seen at the next look, or at the gate.
    pub async fn look_for_foreign_writes(&mut self) -> Option<String> {
        let from = self.watched_from()?;
        if self
            .live_watch
            .as_ref()
            .is_none_or(|it| it.mark != from.mark)
        {
            self.quiet.found(Fact::Told, from.start);
            self.live_watch = Some(LiveWatch {
                mark: from.mark,
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
        let watched = self.live_watch.as_mut()?;
        if writes.is_empty() {
            return None;
        }
        for (name, count) in writes {
            *watched.writes.entry(name).or_default() += count;
        }
        let writes = in_words(&watched.writes);
        let since = clock(from.mark);
        Some(if from.live {
            format!(
                "{writes} since {since}. They are live. A rollback counts them, and asks whether to keep them; run “{}” again to check what is live now",
                Step::Verify.title()
            )
        } else {
            format!(
                "{writes} since {since}. The live data is as the application made it; the cut-over's gate stays shut. Stop it, then run “{}” again",
                Step::StopApplication.title()
            )
        })
    }

    /// Looks whether anybody wrote, for a gate, and takes nothing from what the next look tells.
    pub(crate) async fn look_at_writers(&self) -> Look {
        let Some(from) = self.watched_from() else {
            return Look::Unwatched;
        };
        let told = self
            .live_watch
            .as_ref()
            .filter(|it| it.mark == from.mark)
            .and_then(|it| Some((&it.writes, self.quiet.of(Fact::Told)?)));
        let start = told.map_or(&from.start, |(_, start)| start);
        let seen = watch::since(&self.work.connection, start, Duration::ZERO).await;
        let Ok(Seen::Writes(mut writes)) = seen else {
            return Look::Blind(from.mark);
        };
        for (name, count) in told.into_iter().flat_map(|(known, _)| known) {
            *writes.entry(name.clone()).or_default() += *count;
        }
        match (writes.is_empty(), from.live) {
            (true, false) => Look::Quiet,
            (true, true) => Look::QuietSinceProof(from.mark),
            (false, _) => Look::Written(from.mark, in_words(&writes)),
        }
    }

    /// True while foreign writes are looked for since this verdict or verification.
    pub(crate) fn is_watched_from(&self, mark: Millis) -> bool {
        self.watched_from().is_some_and(|from| from.mark == mark)
    }

    /// Before the cut-over from the verdict on; after it from the last verification or proof on, until going live is noted.
    fn watched_from(&self) -> Option<From> {
        let run = self.run.open()?;
        let cut = self.work.mapping.rebuilt_in(Group::CutOver);
        if !cut.iter().any(|which| self.layout.has_moved(which)) {
            return Some(From {
                mark: run.verdict.as_ref()?.at,
                start: self.quiet.of(Fact::Stopped)?.clone(),
                live: false,
            });
        }
        // A swap that is half done is nobody's moment to look, and counters count renames too.
        let is_live = self.is_live(Group::CutOver) && run.is_done(Step::CutOver);
        if !is_live || run.notes.contains_key(Step::GoLive.word()) {
            return None;
        }
        let verified = self.quiet.of(Fact::Verified);
        let verified = verified.and_then(|start| Some((run.step(Step::Verify)?.started, start)));
        let proved = self.quiet.of(Fact::Proved(Group::CutOver));
        let proved = proved.and_then(|start| Some((run.step(Step::CutOver)?.ended, start)));
        let (mark, start) = verified.or(proved)?;
        let start = match start {
            WatchStart::OperationTime { .. } => start.clone(),
            WatchStart::Counters(_) => return None,
        };
        let live = true;
        Some(From { mark, start, live })
    }
}
