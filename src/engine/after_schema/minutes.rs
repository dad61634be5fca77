//! What rules add to dates: the minutes of other documents, read from the originals, so that they stay what they were. Documents that the application
//! made since have theirs for what is taken in later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::raw::{Value, get};
use crate::domain::schema_change::convert::{Native, convert};
use crate::domain::schema_change::minutes::{Minutes, MinutesOf, millis};
use crate::domain::schema_change::shape::Shape;
use crate::domain::schema_change::{Rule, name_after};
use crate::domain::survey::facts::id_of;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::scan::{self, Scan};

/// What is done to the documents of each collection, by its name of today.
pub(super) type RulesOf<'r> = BTreeMap<&'r str, &'r [Rule]>;

impl Session {
    /// Reads the minutes that stand in these places, once `rules` are done to the documents of each collection.
    pub(super) async fn read_minutes(
        &self,
        places: BTreeSet<MinutesOf>,
        rules: &RulesOf<'_>,
    ) -> Result<Minutes> {
        self.read_minutes_of(places, rules, false).await
    }

    /// The same; `since` also of documents that are live and were not there before.
    async fn read_minutes_of(
        &self,
        places: BTreeSet<MinutesOf>,
        rules: &RulesOf<'_>,
        since: bool,
    ) -> Result<Minutes> {
        let mapping = &self.work.mapping;
        let rebuilt = mapping.rebuilt();
        let mut read = BTreeMap::new();
        for place in places {
            let (live, field) = &place;
            let mut found = Map::default();
            let name = self.layout.original_of(mapping, live);
            let rules = rules.get(live.as_str()).copied().unwrap_or_default();
            self.minutes_in(&name, (field, rules), &mut found).await?;
            let copy = rebuilt.iter().find(|which| which.live() == live);
            if let Some(which) = copy.filter(|it| since && self.layout.is_swapped(it)) {
                let change = mapping.changes().and_then(|it| it.of(live));
                let now = change.and_then(|it| it.name_after(field)).unwrap_or(field);
                let name = self.layout.place(which);
                self.minutes_in(&name, (now, &[]), &mut found).await?;
            }
            read.insert(place, found);
        }
        Ok(Minutes::of(read))
    }

    /// Adds the minutes of a collection. What is known already stays. What a rule writes where a document has none counts too.
    async fn minutes_in(
        &self,
        name: &str,
        (field, rules): (&str, &[Rule]),
        found: &mut Map<Id, i64>,
    ) -> Result<()> {
        let after = name_after(rules, field).unwrap_or(field);
        let is_written = |rule: &Rule| matches!(rule, Rule::Write { field, .. } if field == after);
        // A date is no number of minutes: no rule for one is needed here, and there is no circle.
        let shape = rules.iter().any(is_written);
        let shape = shape.then(|| Shape::new(rules, &Minutes::default()));
        let fields = match &shape {
            Some(_) => Vec::new(),
            None => vec!["_id".to_owned(), field.to_owned()],
        };
        let scan = Scan {
            fields,
            ..Scan::default()
        };
        let database = &self.work.connection.database;
        let never = CancellationToken::new();
        scan::each((database, None), name, &scan, &never, |document| {
            let shaped = shape.as_ref().map(|it| it.of(document)).transpose();
            let shaped = shaped.map_err(|error| StoreError::Invalid(error.to_string()))?;
            let lasts = match &shaped {
                Some(shaped) => get(&shaped.document, after).and_then(lasts),
                None => get(document, field).and_then(lasts),
            };
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
        let rules = changes.collections.iter();
        let rules = rules.map(|(live, change)| (live.as_str(), &change.rules[..]));
        let minutes = self
            .read_minutes_of(places, &rules.collect(), since)
            .await?;
        let mut changes = changes.clone();
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
