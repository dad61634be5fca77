//! Documents that come back alone: those of collections that need no other, and new ones that come back as they are.

use super::{Carrying, invalid};
use crate::domain::id::Id;
use crate::domain::keep_new::alone::{self, Baseline};
use crate::domain::keep_new::report::{Change, Reason};
use crate::domain::rebuilt::Rebuilt;
use crate::domain::survey::facts::id_of;
use crate::engine::error::Result;
use crate::store::scan;

impl Carrying<'_> {
    /// Carries what comes back alone, of every rebuilt collection.
    pub(crate) async fn carry_alone(&mut self) -> Result<()> {
        for which in &self.session.work.mapping.rebuilt() {
            let live = self.session.layout.live(which);
            let source = self.session.layout.source(which);
            // Without a swap what is live is the original, and no other is kept.
            let Some(before) = source.filter(|name| name != live) else {
                continue;
            };
            if let Some(baseline) = alone::baseline(which) {
                self.changed_alone(which, &before, baseline).await?;
            }
            if alone::takes_new(which) {
                self.new_alone(which, &before).await?;
            }
        }
        Ok(())
    }

    /// What became of the originals.
    async fn changed_alone(
        &mut self,
        which: &Rebuilt,
        before: &str,
        baseline: Baseline,
    ) -> Result<()> {
        let session = self.session;
        let mut pages = scan::in_id_order(&session.work.connection.database, before)?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let mut current = self.fetch(session.layout.live(which), &ids).await?;
            self.undo(which, &mut current, page.documents())?;
            for (document, id) in page.documents().zip(&ids) {
                let Some(current) = current.get(&id.canonical()) else {
                    if self.links.is_merged_away(id, None) {
                        self.want(which, document.to_owned(), false).await?;
                        continue; // the migration took it away
                    }
                    self.found(which, Change::Deleted);
                    self.out.differs.insert(which.clone());
                    continue;
                };
                let made = baseline(&session.work.mapping, document).map_err(invalid)?;
                let mut back = alone::back(document, &made, current).map_err(invalid)?;
                if *current != made {
                    self.found(which, Change::Changed);
                    if self.is_held(which, id) {
                        self.leave((which, Change::Changed), Reason::NotUnique, id, &[]);
                        back = document.to_owned();
                    }
                }
                let touched = *back != *document;
                self.want(which, back, touched).await?;
            }
        }
        Ok(())
    }

    /// Documents that the application made: as they are.
    async fn new_alone(&mut self, which: &Rebuilt, before: &str) -> Result<()> {
        let session = self.session;
        let mut pages = scan::in_id_order(
            &session.work.connection.database,
            session.layout.live(which),
        )?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let known = self.ids_in(before, &ids).await?;
            let new = page.documents().zip(&ids);
            for (document, id) in new.filter(|(_, id)| !known.contains(&id.canonical())) {
                self.found(which, Change::Added);
                if self.is_held(which, id) {
                    self.leave((which, Change::Added), Reason::NotUnique, id, &[]);
                } else {
                    let document = self.undo_new(which, document)?;
                    self.want(which, document, true).await?;
                }
            }
        }
        Ok(())
    }
}
