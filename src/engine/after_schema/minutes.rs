//! What rules add to dates: the minutes of other documents, read from the originals, so that they stay what they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::domain::map::Map;
use crate::domain::raw::get;
use crate::domain::schema_change::Rule;
use crate::domain::schema_change::minutes::{Minutes, MinutesOf, millis};
use crate::domain::survey::facts::id_of;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan::{self, Scan};

impl Session {
    /// Reads the minutes that stand in these places.
    pub(super) async fn read_minutes(&self, places: BTreeSet<MinutesOf>) -> Result<Minutes> {
        let mut read = BTreeMap::new();
        for place in places {
            let (live, field) = &place;
            let name = self.layout.original_of(&self.work.mapping, live);
            let scan = Scan {
                fields: vec!["_id".to_owned(), field.clone()],
                ..Scan::default()
            };
            let mut found = Map::default();
            let database = &self.work.connection.database;
            let never = CancellationToken::new();
            scan::each((database, None), &name, &scan, &never, |document| {
                let lasts = get(document, field).and_then(millis);
                if let Some((id, lasts)) = id_of(document).zip(lasts) {
                    found.insert(id.canonical(), lasts);
                }
                Ok(())
            })
            .await?;
            read.insert(place, found);
        }
        Ok(Minutes::of(read))
    }

    /// Reads what the rules of the moment add to dates.
    pub(crate) async fn fill_minutes(&mut self) -> Result<()> {
        let Some(changes) = self.work.mapping.changes() else {
            return Ok(());
        };
        let of = |rules: &[Rule]| Rule::minutes_of(rules);
        let all = changes.collections.values();
        let places: BTreeSet<MinutesOf> = all.flat_map(|change| of(&change.rules)).collect();
        if places.is_empty() {
            return Ok(());
        }
        let mut changes = changes.clone();
        let minutes = self.read_minutes(places).await?;
        for change in changes.collections.values_mut() {
            change.minutes = minutes.clone();
        }
        self.work.mapping.set_changes(Some(Arc::new(changes)));
        Ok(())
    }
}
