//! Feeding the proof of collections that only the after-schema changes: each document beside its original, without what the rules made of it.

use std::collections::HashSet;

use crate::domain::id::Id;
use crate::domain::invariant::Ledger;
use crate::domain::rebuilt::Rebuilt;
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::after_schema::lens::{change_of, undone};
use crate::engine::check::{Checked, by_id};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan;
use crate::store::side_by_side::{Hashes, SideBySide};

impl Session {
    /// Checks a collection that only the after-schema changes: without its rules every document is the original's, byte for byte.
    pub(super) async fn check_reshaped(
        &self,
        which: &Rebuilt,
        current: &str,
        watcher: &Watcher,
    ) -> Result<Checked> {
        let mut ledger = Ledger::new(
            self.work.mapping.clone(),
            self.answers.left_allowed(&self.work.mapping),
            &self.work.memory,
        );
        let database = &self.work.connection.database;
        let source = self.layout.source(which).unwrap_or_default();
        let change = change_of(&self.work.mapping, which);
        let taken_in = self.ids_of_taken_in(which.live(), watcher).await?;
        let mut came: HashSet<Id> = HashSet::new();
        let mut pages = SideBySide::of(database, &source, &[current], Hashes::Companion)?;
        let (mut done, total) = (0_u64, scan::rough_count(database, &source).await);
        while let Some(page) = pages.next().await? {
            self.work.between_batches(watcher)?;
            for met in page.rows() {
                let known = Known::Document(met.original);
                let now = met.partners.first().copied().flatten();
                let now = now.map(|now| undone(change, now, known)).transpose()?;
                ledger.document(which, met.original, now.as_deref());
            }
            for (_, extra) in page.unmatched() {
                let known = id_of(extra).is_some_and(|id| taken_in.contains(&id.canonical()));
                if known {
                    came.extend(id_of(extra).map(|id| id.canonical()));
                } else {
                    ledger.extra(which, extra, current);
                }
            }
            done += page.len() as u64;
            watcher.says(which.checking(), done, total);
        }
        for (name, whole) in self.read_from(which.live()) {
            let mut pages = scan::in_id_order(database, &name)?;
            while let Some(page) = pages.next().await? {
                let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
                let live = by_id(scan::by_ids(database, current, &ids).await?);
                for (stray, id) in page.documents().zip(&ids) {
                    let now = live.get(&id.canonical());
                    if !whole && !came.contains(&id.canonical()) {
                        continue; // it stayed where it is
                    }
                    let now = now.map(|now| undone(change, now, Known::Document(stray)));
                    ledger.document(which, stray, now.transpose()?.as_deref());
                }
            }
        }
        let fingerprint = pages.fingerprint();
        let says = format!(
            "{} {done} = as they were but for the after-schema",
            which.live()
        );
        Ok(Checked::of(ledger, vec![says]).with(which, fingerprint))
    }
}
