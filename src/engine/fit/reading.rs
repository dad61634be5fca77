//! Reading for the check of a mapping, and for a proposal: what documents of a collection look like, by a sample where it is large.

use bson::raw::RawDocument;
use bson::{Document, RawDocumentBuf, doc};
use futures_util::TryStreamExt;

use crate::domain::mapping::filter::Filter;
use crate::domain::profile::Profile;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::scan::{self, Scan};

/// Collections of at most so many documents are read whole.
pub(crate) const READ_WHOLE: u64 = 3_000;
/// Documents of a sample.
const SAMPLE: i32 = 1_000;

impl Session {
    /// Some documents of a collection, all of them where there are few; and how many there are, roughly.
    pub(crate) async fn some_documents(&self, place: &str) -> Result<(Vec<RawDocumentBuf>, u64)> {
        let database = &self.work.connection.database;
        let total = scan::rough_count(database, place).await;
        if total <= READ_WHOLE {
            let all = scan::all(database, place, &Scan::default()).await?;
            let total = all.len() as u64;
            return Ok((all, total));
        }
        let failed = |error| StoreError::from_driver(format!("sampling {place}"), &error);
        let sample = database
            .collection::<RawDocumentBuf>(place)
            .aggregate([doc! { "$sample": { "size": SAMPLE } }])
            .with_type::<RawDocumentBuf>()
            .await
            .map_err(failed)?;
        Ok((sample.try_collect().await.map_err(failed)?, total))
    }

    /// What the documents of a collection look like that pass the filter.
    pub(crate) async fn profile(&self, place: &str, filter: Option<&Filter>) -> Result<Profile> {
        let (documents, total) = self.some_documents(place).await?;
        let mut profile = Profile::new(total);
        let mut outside = 0;
        for document in &documents {
            if filter.is_none_or(|filter| filter.lets_in(document)) {
                profile.take(document);
            } else {
                outside += 1;
            }
        }
        profile.total = profile.total.saturating_sub(outside);
        Ok(profile)
    }

    /// True where this field stands in some document; all of them are looked at, if need be.
    pub(crate) async fn occurs(&self, place: &str, path: &str) -> Result<bool> {
        let failed = |error| StoreError::from_driver(format!("looking through {place}"), &error);
        let path = path.replace("[]", "");
        let found = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(place)
            .find_one(doc! { path: { "$exists": true } })
            .projection(doc! { "_id": 1 })
            .await
            .map_err(failed)?;
        Ok(found.is_some())
    }

    /// True where some document passes every one of these filters.
    pub(crate) async fn lets_any_in(
        &self,
        place: &str,
        filters: &[&Filter],
        watcher: &Watcher,
    ) -> Result<bool> {
        let passes = |it: &RawDocument| filters.iter().all(|filter| filter.lets_in(it));
        self.any_document(place, passes, watcher).await
    }

    /// True where this field stands in some document that passes the filter.
    pub(crate) async fn occurs_inside(
        &self,
        place: &str,
        filter: &Filter,
        path: &str,
        watcher: &Watcher,
    ) -> Result<bool> {
        let has = |it: &RawDocument| {
            let mut one = Profile::new(1);
            one.take(it);
            filter.lets_in(it) && one.has(path)
        };
        self.any_document(place, has, watcher).await
    }

    async fn any_document(
        &self,
        place: &str,
        is_one: impl Fn(&RawDocument) -> bool,
        watcher: &Watcher,
    ) -> Result<bool> {
        let database = &self.work.connection.database;
        let mut reader = scan::read(database, place, &Scan::default(), None)?;
        while let Some(batch) = reader.next().await? {
            if watcher.cancel.is_cancelled() {
                return Err(StoreError::Cancelled.into());
            }
            if batch.documents().any(&is_one) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Documents of a collection in which this field has one of these values, these fields of them alone.
    pub(crate) async fn documents_with(
        &self,
        place: &str,
        by: &str,
        values: Vec<bson::Bson>,
        fields: &[String],
    ) -> Result<Vec<RawDocumentBuf>> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |error| StoreError::from_driver(format!("looking up in {place}"), &error);
        let mut projection = Document::new();
        for field in fields {
            // A field inside another that is asked for too is no projection of its own.
            let inside = fields
                .iter()
                .any(|other| other != field && field.starts_with(&format!("{other}.")));
            if !inside {
                projection.insert(field.clone(), 1);
            }
        }
        let found = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(place)
            .find(doc! { by: { "$in": values } })
            .projection(projection)
            .await
            .map_err(failed)?;
        Ok(found.try_collect().await.map_err(failed)?)
    }
}
