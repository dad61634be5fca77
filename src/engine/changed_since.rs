//! What was changed since the cut-over, counted by collection and kind, for the gate that ends the way back and for its headless form.

use std::collections::BTreeMap;

use crate::domain::gate::{DeleteOriginals, Gate};
use crate::domain::rebuilt::Rebuilt;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::kept_files;
use crate::engine::session::Session;

/// How far the counts can be relied upon.
const EXACT: &str = "each live document was compared with what the migration made of its original, so these counts are exact for what stands now; what was written and undone again, or several times to one document, shows as its last state alone";

impl Session {
    /// The gate to delete the originals, with what was changed since the cut-over.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn finish_gate(&mut self) -> Result<Gate> {
        let mut gate = self.open_gate(DeleteOriginals).await?;
        if self.run.open().is_some() && self.layout.is_any_swapped() {
            gate.lost = self.lost_originals(&Watcher::silent()).await?;
            gate.written = self.changed_since(&Watcher::silent()).await?;
        }
        Ok(gate)
    }

    /// Originals that are gone, or are not what was there before, in words. Once they are being deleted, what is gone is gone by our own hand.
    /// Reads them whole.
    async fn lost_originals(&self, watcher: &Watcher) -> Result<Vec<String>> {
        let Some(run) = self.run.open().filter(|run| !run.finish_began) else {
            return Ok(Vec::new());
        };
        let backup = run.backup.as_ref();
        let backup = backup.map_or("no backup", |backup| backup.path.as_str());
        let mut lost = Vec::new();
        for which in &self.work.mapping.rebuilt() {
            if self.layout.is_lost(which) {
                lost.push(format!(
                    "the original of {} is gone: no collection has its UUID any more. What was there before is in the backup alone ({backup}){}",
                    which.live(),
                    kept_files::unless_gone(Some(run))
                ));
            }
        }
        lost.extend(self.changed_originals(watcher).await?);
        Ok(lost)
    }

    /// Originals that stand under a name that somebody else gave them: they stay.
    pub(crate) fn renamed_originals(&self) -> Vec<String> {
        let list = self.work.mapping.rebuilt();
        let renamed = list.iter().filter_map(|which| {
            let place = self.layout.moved_to(which)?;
            (place != which.before()).then(|| {
                format!(
                    "{place}, the original of {}, stays, since somebody gave it that name",
                    which.live()
                )
            })
        });
        renamed.collect()
    }

    /// What was changed since the cut-over in each rebuilt collection, in words. Reads only.
    ///
    /// # Errors
    /// The server's refusal.
    pub(crate) async fn changed_since(&self, watcher: &Watcher) -> Result<Vec<String>> {
        let list = self.work.mapping.rebuilt();
        let swapped = |which: &&Rebuilt| self.layout.is_swapped(which);
        let gone: Vec<_> = list.iter().filter(|it| self.layout.is_lost(it)).collect();
        if !gone.is_empty() {
            let names = gone.iter().map(|which| which.live());
            return Ok(vec![format!(
                "cannot be counted: the original of {} is gone, and there is nothing to compare with",
                names.collect::<Vec<_>>().join(", ")
            )]);
        }
        let live = self.live_fingerprints(watcher).await?;
        if !self.differs_from_proved(&live) {
            let names = list.iter().filter(swapped);
            let names = names.map(|which| self.layout.live(which));
            return Ok(vec![format!(
                "nothing since the cut-over: the documents of {} are byte for byte what was proved",
                names.collect::<Vec<_>>().join(", ")
            )]);
        }
        let kept = self.would_keep(false, watcher).await?;
        let counted: BTreeMap<&str, bool> = kept
            .counts
            .iter()
            .map(|(name, of)| (name.as_str(), of.values().any(|count| count.found > 0)))
            .collect();
        let mut lines = kept.found_lines();
        lines.retain(|line| !line.ends_with(": 0 documents added, 0 changed, 0 deleted"));
        let (mut same, mut others) = (Vec::new(), Vec::new());
        for which in list.iter().filter(swapped) {
            let proved = self.run.collection(which).proved;
            if proved.is_some() && proved.as_ref() == live.get(which.key()) {
                same.push(which.live());
            } else if !counted.get(which.live()).copied().unwrap_or(false) {
                others.push(which.live());
            }
        }
        if !same.is_empty() {
            lines.push(format!("{}: nothing", same.join(", ")));
        }
        if !others.is_empty() {
            lines.push(format!(
                "{}: other than what was proved, and in how many documents is not counted: only fields that the migration drops, or the order of fields",
                others.join(", ")
            ));
        }
        lines.push(EXACT.to_owned());
        Ok(lines)
    }
}
