//! Feeding the proof of bookings and followed documents: the originals beside what is live and what is in the quarantine; and what is live alone.

use std::collections::HashSet;
use std::sync::Arc;

use bson::raw::RawDocument;

use crate::domain::aside::{Aside, Why};
use crate::domain::id::Id;
use crate::domain::invariant::{Examined, Ledger};
use crate::domain::rebuilt::Rebuilt;
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::after_schema::lens::{as_now, change_of, undone};
use crate::engine::check::{SMALL, by_id, fields};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::scan::{self, Scan};
use crate::store::side_by_side::{Hashes, Pipelined, SideBySide};

impl Session {
    /// Reads the live documents of a collection once more.
    pub(super) async fn stand(
        &self,
        which: &Rebuilt,
        ledger: &mut Ledger,
        watcher: &Watcher,
    ) -> Result<()> {
        let change = change_of(&self.work.mapping, which);
        let scan = Scan {
            batch: SMALL,
            fields: as_now(change, &ledger.paths().fields()),
            ..Scan::default()
        };
        let database = &self.work.connection.database;
        let place = self.layout.place(which);
        let total = scan::rough_count(database, &place).await;
        let mut reader = scan::read(database, &place, &scan, None)?;
        while let Some(batch) = reader.next().await? {
            self.work.between_batches(watcher)?;
            let before = batch
                .documents()
                .map(|document| undone(change, document, Known::Nothing))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            let documents: Vec<&RawDocument> = before.iter().map(|it| &**it).collect();
            ledger.all_standing(&documents);
            let (_, many) = which.counted_as();
            let doing = format!("checking whose the {many} are");
            watcher.says(&doing, ledger.bookings, total);
        }
        self.work.tables_hold()
    }

    /// Returns the fingerprint of the bookings, or of the followed documents, as they are now.
    pub(super) async fn walk_bookings(
        &self,
        which: &Rebuilt,
        ledger: &mut Ledger,
        watcher: &Watcher,
    ) -> Result<String> {
        let database = &self.work.connection.database;
        let source = self.layout.source(which).unwrap_or_default();
        let current = self.layout.place(which);
        let (rebuilt, live) = (which, self.layout.is_swapped(which));
        let total = scan::rough_count(database, &source).await;
        let taken_in = self.ids_of_taken_in(which.live(), watcher).await?;
        let mut came: HashSet<Id> = HashSet::new();
        let quarantine = which.side_collection().unwrap_or_default();
        let companions = [current.as_str(), quarantine.as_str()];
        let places = [current.as_str(), "the quarantine"];
        let pages = SideBySide::of(database, &source, &companions, Hashes::Companion)?;
        let paths = Arc::new(ledger.paths().clone());
        let change = Arc::new(change_of(&self.work.mapping, which).cloned());
        let mut pages = Pipelined::new(pages, |page| {
            let (paths, change) = (Arc::clone(&paths), Arc::clone(&change));
            async move {
                let mut examined = Vec::new();
                for met in page.rows() {
                    let [now, aside] =
                        [0, 1].map(|which| met.partners.get(which).copied().flatten());
                    let known = Known::Document(met.original);
                    let now = now.map(|now| undone((*change).as_ref(), now, known));
                    let now = now
                        .transpose()
                        .map_err(|error| StoreError::Invalid(error.to_string()))?;
                    examined.extend(Examined::of(&paths, met.original, now.as_deref(), aside));
                }
                Ok((examined, page))
            }
        });
        while let Some((examined, page)) = pages.next().await? {
            self.work.between_batches(watcher)?;
            ledger.bookings(&examined);
            for (which, extra) in page.unmatched() {
                let known = id_of(extra).is_some_and(|id| taken_in.contains(&id.canonical()));
                if known {
                    came.extend(id_of(extra).map(|id| id.canonical()));
                } else if which == 0 && live {
                    let change = change_of(&self.work.mapping, rebuilt);
                    let extra = undone(change, extra, Known::Nothing)?;
                    ledger.written_since(&extra, places[which]);
                } else {
                    ledger.extra_booking(extra, places[which]);
                }
            }
            watcher.says(which.checking(), ledger.bookings, total);
        }
        self.walk_taken_in(which, ledger, (&current, &came)).await?;
        Ok(pages.fingerprint())
    }

    /// Strays of a collection, by its live name of before, whose documents were taken in.
    pub(crate) fn taken_in(&self, live: &str) -> Vec<String> {
        let aside = self.layout.aside().iter();
        let taken = aside.filter(|it| matches!(it.why, Why::TakenIn(_)) && it.of == live);
        taken.map(Aside::name).collect()
    }

    /// The same, and those of which a part was taken in: false for these.
    pub(crate) fn read_from(&self, live: &str) -> Vec<(String, bool)> {
        let aside = self.layout.aside().iter().filter(|it| it.of == live);
        let part = aside.filter(|it| matches!(it.why, Why::Stray(_) | Why::SetAside(_)));
        let part = part.map(|it| (it.name(), false));
        let whole = self.taken_in(live).into_iter().map(|name| (name, true));
        whole.chain(part).collect()
    }

    pub(super) async fn ids_of_taken_in(
        &self,
        live: &str,
        watcher: &Watcher,
    ) -> Result<HashSet<Id>> {
        let mut ids = HashSet::new();
        for (name, _) in self.read_from(live) {
            let place = (&self.work.connection.database, None);
            scan::each(place, &name, &fields(&["_id"]), &watcher.cancel, |it| {
                ids.extend(id_of(it).map(|id| id.canonical()));
                Ok(())
            })
            .await?;
        }
        Ok(ids)
    }

    /// Proves the bookings that were taken in, as those of the original.
    async fn walk_taken_in(
        &self,
        which: &Rebuilt,
        ledger: &mut Ledger,
        (current, came): (&str, &HashSet<Id>),
    ) -> Result<()> {
        let database = &self.work.connection.database;
        let paths = ledger.paths().clone();
        let change = change_of(&self.work.mapping, which);
        ledger.takes_late(true);
        for (name, whole) in self.read_from(which.live()) {
            let mut pages = scan::in_id_order(database, &name)?;
            while let Some(page) = pages.next().await? {
                let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
                let live = by_id(scan::by_ids(database, current, &ids).await?);
                let here = |id: &Id| whole || came.contains(&id.canonical());
                let came = page.documents().zip(&ids).filter(|(_, id)| here(id));
                let examined = came.filter_map(|(stray, id)| {
                    let now = live.get(&id.canonical()).map(AsRef::as_ref);
                    let now = now.map(|now| undone(change, now, Known::Document(stray)));
                    let now = now.and_then(std::result::Result::ok);
                    Examined::of(&paths, stray, now.as_deref(), None)
                });
                ledger.bookings(&examined.collect::<Vec<_>>());
            }
        }
        ledger.takes_late(false);
        Ok(())
    }
}
