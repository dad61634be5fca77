//! The survey's second look, once the pairs are known: equal phone numbers, e-mails that a collation makes equal, and references to users from
//! every other collection. Reads only.

use std::collections::BTreeMap;

use bson::{Document, doc};
use futures_util::TryStreamExt;

use crate::domain::id::Id;
use crate::domain::mapping::{Rebuilt, SIDE_PREFIX};
use crate::domain::raw::{elements, get};
use crate::domain::survey::Survey;
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::collection_spec::CollectionSpec;
use crate::store::scan;
use bson::raw::{RawDocument, RawDocumentBuf};

/// Users fetched at a time.
const BATCH: usize = 1_000;
/// Collections of at most so many documents are read whole; larger ones are sampled first.
const READ_WHOLE: u64 = 20_000;
/// Documents of a sample.
const SAMPLE: i32 = 2_000;

impl Session {
    pub(crate) async fn look_closer(
        &self,
        survey: &mut Survey,
        specs: &BTreeMap<String, CollectionSpec>,
        watcher: &Watcher,
    ) -> Result<()> {
        let users = self.source(Rebuilt::User).unwrap_or_default();
        for ids in survey.phone_candidates().chunks(BATCH) {
            let documents = scan::by_ids(&self.connection.database, &users, ids).await?;
            for document in documents {
                survey.take_phone(&document);
            }
        }
        self.look_for_collated(survey, specs).await?;
        self.look_for_references(survey, specs, watcher).await
    }

    /// Where the customers' collection has a collation, the server says which e-mails are equal by it: the unique index inherits it.
    async fn look_for_collated(
        &self,
        survey: &mut Survey,
        specs: &BTreeMap<String, CollectionSpec>,
    ) -> Result<()> {
        let customers = self.source(Rebuilt::Customer);
        let spec = customers.and_then(|name| specs.get(&name));
        let Some(collation) = spec.and_then(|spec| get(&spec.options, "collation")) else {
            return Ok(());
        };
        let Ok(collation) = RawDocument::from_bytes(collation.bytes).and_then(Document::try_from)
        else {
            return Ok(());
        };
        let users = self.source(Rebuilt::User).unwrap_or_default();
        let email = &self.mapping.user.email;
        let mut sets = self
            .connection
            .database
            .collection::<RawDocumentBuf>(&users)
            .aggregate([
                doc! { "$match": { email: { "$gt": "" } } },
                doc! { "$group": { "_id": format!("${email}"), "users": { "$push": "$_id" } } },
                doc! { "$match": { "users.1": { "$exists": true } } },
            ])
            .collation(
                bson::deserialize_from_document::<mongodb::options::Collation>(collation)
                    .map_err(|error| StoreError::Invalid(error.to_string()))?,
            )
            .allow_disk_use(true)
            .with_type::<RawDocumentBuf>()
            .await
            .map_err(|error| {
                StoreError::from_driver(format!("comparing e-mails of {users}"), &error)
            })?;
        while let Some(set) = sets.try_next().await.map_err(|error| {
            StoreError::from_driver(format!("comparing e-mails of {users}"), &error)
        })? {
            let members: Vec<Id> = get(&set, "users")
                .and_then(|users| RawDocument::from_bytes(users.bytes).ok())
                .into_iter()
                .flat_map(elements)
                .map_while(std::result::Result::ok)
                .map(|user| Id::from_value(user.value))
                .collect();
            survey.take_collated(&members);
        }
        Ok(())
    }

    async fn look_for_references(
        &self,
        survey: &mut Survey,
        specs: &BTreeMap<String, CollectionSpec>,
        watcher: &Watcher,
    ) -> Result<()> {
        let mut found = BTreeMap::new();
        for (name, spec) in specs {
            if spec.kind != "collection"
                || name.starts_with(SIDE_PREFIX)
                || name.starts_with("system.")
                || *name == self.mapping.customer.collection
            {
                continue;
            }
            // A swapped collection is looked at where its original stands.
            let rebuilt = [Rebuilt::Booking, Rebuilt::User]
                .into_iter()
                .find(|which| self.mapping.live(*which) == name);
            let place = rebuilt
                .and_then(|which| self.source(which))
                .unwrap_or_else(|| name.clone());
            let mut search = survey.search_references(name);
            if scan::rough_count(&self.connection.database, &place).await > READ_WHOLE {
                let sample = self.sample(&place).await?;
                for document in &sample {
                    search.take(document);
                }
                if !search.found_any() {
                    continue;
                }
                search.count_anew();
            }
            self.scan(&place, watcher, |document| search.take(document))
                .await?;
            found.extend(search.end());
        }
        survey.referenced = found;
        Ok(())
    }

    async fn sample(&self, collection: &str) -> Result<Vec<RawDocumentBuf>> {
        let failed = |error| StoreError::from_driver(format!("sampling {collection}"), &error);
        let sample = self
            .connection
            .database
            .collection::<RawDocumentBuf>(collection)
            .aggregate([doc! { "$sample": { "size": SAMPLE } }])
            .with_type::<RawDocumentBuf>()
            .await
            .map_err(failed)?;
        Ok(sample.try_collect().await.map_err(failed)?)
    }
}
