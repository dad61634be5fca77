//! Reading for the check of a mapping, and for a proposal: what documents of a collection look like, by a sample where it is large.

use bson::raw::RawDocument;
use bson::{Document, RawDocumentBuf, doc};
use futures_util::TryStreamExt;
use mongodb::Cursor;

use crate::domain::mapping::filter::Filter;
use crate::domain::profile::Profile;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::scan::{self, Reader, Scan};

/// Collections of at most so many documents are read whole.
const READ_WHOLE: u64 = 3_000;
/// Documents of a sample.
const SAMPLE: i32 = 1_000;

/// Bytes of documents that are looked at together.
const BYTES: usize = 4 << 20;
/// Documents that are looked at together.
const TOGETHER: usize = 500;

/// Some documents of a collection, or all of them where there are few; a part at a time, for they may be large.
pub(crate) struct Documents {
    source: Source,
    /// How many there are in the collection, roughly.
    pub(crate) total: u64,
    /// All of them are given.
    pub(crate) whole: bool,
    place: String,
}

enum Source {
    All(Reader),
    Sample(Box<Cursor<RawDocumentBuf>>),
}

impl Documents {
    /// The next part; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<RawDocumentBuf>>> {
        let mut part = Vec::new();
        match &mut self.source {
            Source::All(reader) => {
                if let Some(batch) = reader.next().await? {
                    part.extend(batch.documents().map(RawDocument::to_owned));
                }
            }
            Source::Sample(cursor) => {
                let mut bytes = 0;
                while bytes < BYTES && part.len() < TOGETHER {
                    let next = cursor.try_next().await.map_err(|error| {
                        StoreError::from_driver(format!("sampling {}", self.place), &error)
                    })?;
                    let Some(document) = next else { break };
                    bytes += document.as_bytes().len();
                    part.push(document);
                }
            }
        }
        Ok((!part.is_empty()).then_some(part))
    }
}

impl Session {
    /// Some documents of a collection; all of them where there are few, or those that match where that is asked for.
    pub(crate) async fn documents(&self, place: &str, all: Option<Document>) -> Result<Documents> {
        let database = &self.work.connection.database;
        let total = scan::rough_count(database, place).await;
        let whole = all.is_some() || total <= READ_WHOLE;
        let source = if whole {
            let scan = Scan {
                filter: all.unwrap_or_default(),
                ..Scan::default()
            };
            Source::All(scan::read(database, place, &scan, None)?)
        } else {
            let failed = |error| StoreError::from_driver(format!("sampling {place}"), &error);
            let collection = database.collection::<RawDocumentBuf>(place);
            let sample = collection
                .aggregate([doc! { "$sample": { "size": SAMPLE } }])
                .with_type::<RawDocumentBuf>();
            Source::Sample(Box::new(sample.await.map_err(failed)?))
        };
        Ok(Documents {
            source,
            total,
            whole,
            place: place.to_owned(),
        })
    }

    /// What the documents of a collection look like that pass the filter.
    pub(crate) async fn profile(&self, place: &str, filter: Option<&Filter>) -> Result<Profile> {
        let mut documents = self.documents(place, None).await?;
        let mut profile = Profile::new(documents.total);
        let mut outside = 0;
        while let Some(part) = documents.next().await? {
            for document in &part {
                if filter.is_none_or(|filter| filter.lets_in(document)) {
                    profile.take(document);
                } else {
                    outside += 1;
                }
            }
        }
        profile.total = if documents.whole {
            profile.documents
        } else {
            profile.total.saturating_sub(outside)
        };
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
        // A field inside another that is asked for too is no projection of its own.
        let inside = |field: &&String| {
            let mut others = fields.iter().filter(|other| other != field);
            others.any(|other| field.starts_with(&format!("{other}.")))
        };
        let fields: Vec<String> = fields.iter().filter(|it| !inside(it)).cloned().collect();
        let found = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(place)
            .find(doc! { by: { "$in": values } })
            .projection(scan::projection(&fields))
            .await
            .map_err(failed)?;
        Ok(found.try_collect().await.map_err(failed)?)
    }
}
