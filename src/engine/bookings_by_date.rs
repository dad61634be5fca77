//! The bookings in the order of their dates. An index on the date serves it; without one the server looks through all bookings for each page,
//! for a few seconds at the most. Reads only.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use mongodb::Cursor;

use crate::domain::id::Id;
use crate::domain::people::date_field;
use crate::domain::view::{DiffCursor, Order};
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::scan::bson_of;

/// How long the server may look for one page.
const LONGEST: Duration = Duration::from_secs(10);
/// Bookings that tell where the date stands.
const LOOKED_AT: i64 = 50;
/// The server's code for a command that took too long.
const TOOK_TOO_LONG: i32 = 50;
/// Documents per batch.
const BATCH: u32 = 200;

impl Session {
    /// At most `most` bookings of the collection `source` behind `cursor`, in the order of their dates; those of one date by their `_id`.
    ///
    /// # Errors
    /// The server's refusal; no field with a date; no page within some seconds.
    pub(super) async fn bookings_by_date(
        &self,
        source: &str,
        order: Order,
        cursor: &DiffCursor,
        most: i64,
    ) -> Result<Cursor<RawDocumentBuf>> {
        let path = self.date_path(source).await?;
        let (from, backwards) = match cursor {
            DiffCursor::Start => (None, false),
            DiffCursor::After(id) => (Some(id), false),
            DiffCursor::Before(id) => (Some(id), true),
        };
        let ascending = (order == Order::Oldest) != backwards;
        let filter = match from {
            None => doc! {},
            Some(id) => self.behind(source, &path, id, ascending).await?,
        };
        let sign = if ascending { 1 } else { -1 };
        let bookings = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(source);
        let found = bookings
            .find(filter)
            .sort(doc! { &path: sign, "_id": sign })
            .limit(most)
            .batch_size(BATCH)
            .allow_disk_use(true)
            .max_time(LONGEST)
            .await;
        found.map_err(|error| {
            let error = StoreError::from_driver(format!("sorting {source} by date"), &error);
            if error.code() == Some(TOOK_TOO_LONG) {
                StepError::NotReady(format!(
                    "sorting the bookings by {path} took longer than {} s, so it was ended. Nothing was changed. An index on {path} would serve it; the order in which they are stored needs none",
                    LONGEST.as_secs()
                ))
            } else {
                error.into()
            }
        })
    }

    /// Documents behind the booking `id` in the order of dates: compared by the server, whatever type a date has.
    async fn behind(&self, source: &str, path: &str, id: &Id, ascending: bool) -> Result<Document> {
        let failed =
            |error| StoreError::from_driver(format!("looking for a booking in {source}"), &error);
        let value = |document: &Document, path: &str| -> Bson {
            let mut parts = path.split('.');
            let first = parts.next().and_then(|part| document.get(part));
            let found = parts.try_fold(first, |at, part| {
                Some(at?.as_document().and_then(|inner| inner.get(part)))
            });
            found.flatten().cloned().unwrap_or(Bson::Null)
        };
        let own = bson_of(id)?;
        let key = doc! { "_id": own.clone() };
        let bookings = self.work.connection.database.collection::<Document>(source);
        let found = bookings
            .find_one(key)
            .projection(doc! { path: 1 })
            .await
            .map_err(failed)?;
        let Some(found) = found else {
            return Err(StepError::NotReady(
                "the booking at the end of this page is gone, so the next page cannot be found. Nothing was changed; go back to the first page".to_owned(),
            ));
        };
        let compare = if ascending { "$gt" } else { "$lt" };
        let date = doc! { "$ifNull": [format!("${path}"), Bson::Null] };
        let mark = doc! { "$literal": value(&found, path) };
        let behind = doc! { compare: [date.clone(), mark.clone()] };
        let same = doc! { "$eq": [date, mark] };
        let later = doc! { compare: ["$_id", { "$literal": own }] };
        Ok(doc! { "$expr": { "$or": [behind, { "$and": [same, later] }] } })
    }

    /// The field that holds a booking's date: as the mapping says, else the one that most of the first bookings have.
    async fn date_path(&self, source: &str) -> Result<String> {
        let mapping = &self.work.mapping;
        if let Some(when) = &mapping.booking.when {
            if when.goes_through_arrays() {
                return Err(StepError::NotReady(
                    "the booked time stands in a list, so bookings cannot be sorted by it. Nothing was changed".to_owned(),
                ));
            }
            return Ok(when.to_string());
        }
        let failed =
            |error| StoreError::from_driver(format!("looking for dates in {source}"), &error);
        let bookings = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(source);
        let found = bookings
            .find(doc! {})
            .limit(LOOKED_AT)
            .await
            .map_err(failed)?;
        let found: Vec<RawDocumentBuf> = found.try_collect().await.map_err(failed)?;
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for field in found.iter().filter_map(|it| date_field(mapping, it)) {
            *counts.entry(field).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        most.map(|(field, _)| field).ok_or_else(|| {
            StepError::NotReady(
                "no field with a date was found in the bookings. Nothing was changed; `booking.when` in the mapping names it".to_owned(),
            )
        })
    }
}
