//! What rules add to dates: the minutes of other documents, read from the originals, so that they stay what they were. Documents that the application
//! made since have theirs for what is taken in later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::raw::{Value, get};
use crate::domain::schema_change::Rule;
use crate::domain::schema_change::convert::{Native, convert};
use crate::domain::schema_change::minutes::{Minutes, MinutesOf, millis};
use crate::domain::survey::facts::id_of;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan::{self, Scan};

impl Session {
    /// Reads the minutes that stand in these places.
    pub(super) async fn read_minutes(&self, places: BTreeSet<MinutesOf>) -> Result<Minutes> {
        self.read_minutes_of(places, false).await
    }

    /// The same; `since` also of documents that are live and were not there before.
    async fn read_minutes_of(&self, places: BTreeSet<MinutesOf>, since: bool) -> Result<Minutes> {
        let mapping = &self.work.mapping;
        let rebuilt = mapping.rebuilt();
        let mut read = BTreeMap::new();
        for place in places {
            let (live, field) = &place;
            let mut found = Map::default();
            let name = self.layout.original_of(mapping, live);
            self.minutes_in(&name, field, &mut found).await?;
            let copy = rebuilt.iter().find(|which| which.live() == live);
            if let Some(which) = copy.filter(|it| since && self.layout.is_swapped(it)) {
                let change = mapping.changes().and_then(|it| it.of(live));
                let now = change.and_then(|it| it.name_after(field)).unwrap_or(field);
                let name = self.layout.place(which);
                self.minutes_in(&name, now, &mut found).await?;
            }
            read.insert(place, found);
        }
        Ok(Minutes::of(read))
    }

    /// Adds the minutes of a collection. What is known already stays.
    async fn minutes_in(&self, name: &str, field: &str, found: &mut Map<Id, i64>) -> Result<()> {
        let scan = Scan {
            fields: vec!["_id".to_owned(), field.to_owned()],
            ..Scan::default()
        };
        let database = &self.work.connection.database;
        let never = CancellationToken::new();
        scan::each((database, None), name, &scan, &never, |document| {
            let lasts = get(document, field).and_then(lasts);
            if let Some((id, lasts)) = id_of(document).zip(lasts) {
                found.entry(id.canonical()).or_insert(lasts);
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Reads what the rules of the moment add to dates.
    pub(crate) async fn fill_minutes(&mut self) -> Result<()> {
        self.fill_minutes_of(false).await
    }

    /// The same; `since` also of documents that came since the cut-over.
    pub(crate) async fn fill_minutes_of(&mut self, since: bool) -> Result<()> {
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
        let minutes = self.read_minutes_of(places, since).await?;
        for change in changes.collections.values_mut() {
            change.minutes = minutes.clone();
        }
        self.work.mapping.set_changes(Some(Arc::new(changes)));
        Ok(())
    }
}

/// Minutes as milliseconds; text that the after-schema keeps as a number is one.
fn lasts(value: Value<'_>) -> Option<i64> {
    millis(value).or_else(|| {
        let bytes = convert(value, Native::BigInt)?;
        let kind = Native::BigInt.kind();
        let bytes = &bytes;
        millis(Value { kind, bytes })
    })
}
