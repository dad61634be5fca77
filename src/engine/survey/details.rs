//! The survey's second look, once the pairs are known: equal phone numbers and mailboxes, e-mails that a collation makes equal, and references to users from
//! every other collection. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Document, doc};
use futures_util::TryStreamExt;

use crate::domain::decision::Contact;
use crate::domain::id::Id;
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::raw::{elements, get};
use crate::domain::survey::crowded::{Crowded, CrowdedSearch};
use crate::domain::survey::facts::id_of;
use crate::domain::survey::references::{LookFor, ReferenceSearch, Referenced};
use crate::domain::survey::{Of, Survey};
use crate::engine::Watcher;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::StoreError;
use crate::store::collection_spec::CollectionSpec;
use crate::store::scan::{self, Scan};
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
        for ids in survey.candidates().chunks(BATCH) {
            for view in self.views(survey, ids).await? {
                survey.take_candidate(&view);
            }
        }
        self.look_for_collated(survey, specs).await?;
        self.look_for_shared(survey, specs, watcher).await?;
        self.look_for_crowded(survey, specs, watcher).await?;
        survey.find_sharing();
        self.look_for_references(survey, specs, watcher).await
    }

    /// Bookings and followed documents that a unique index of theirs could not hold together once their users share a customer. The server says which of them a
    /// partial index holds.
    async fn look_for_shared(
        &self,
        survey: &mut Survey,
        specs: &BTreeMap<String, CollectionSpec>,
        watcher: &Watcher,
    ) -> Result<()> {
        let mapping = &self.work.mapping;
        let bookings = [(Of::Bookings, mapping.booking.collection.as_str())];
        let entries = mapping.follow.iter().enumerate();
        let entries = entries.map(|(at, entry)| (Of::Entry(at), entry.collection.as_str()));
        let mut found = Vec::new();
        for (of, collection) in bookings.into_iter().chain(entries) {
            let place = self.layout.original_of(mapping, collection);
            let Some(spec) = specs.get(&place) else {
                continue;
            };
            for index in &spec.indexes {
                let Some(mut search) = survey.search_unique(of, index) else {
                    continue;
                };
                let filter = index.get_document("partialFilterExpression").ok();
                let filter = filter.and_then(|filter| Document::try_from(filter).ok());
                let scan = Scan {
                    filter: filter.unwrap_or_default(),
                    ..Scan::default()
                };
                watcher.says(&format!("looking at a unique index of {}", spec.name), 0, 0);
                let place = (&self.work.connection.database, None);
                scan::each(place, &spec.name, &scan, &watcher.cancel, |booking| {
                    search.take(survey, booking);
                    Ok(())
                })
                .await?;
                found.extend(search.end());
            }
        }
        survey.take_shared(found);
        Ok(())
    }

    /// Unique indexes of customers and users that could not hold together what these become.
    async fn look_for_crowded(
        &self,
        survey: &mut Survey,
        specs: &BTreeMap<String, CollectionSpec>,
        watcher: &Watcher,
    ) -> Result<()> {
        let mapping = &self.work.mapping;
        let users = self.layout.source(&mapping.users());
        let customers = self.layout.source(&mapping.customers());
        let indexes = |place: &Option<String>| {
            let spec = place.as_ref().and_then(|name| specs.get(name));
            spec.map_or(&[][..], |spec| &spec.indexes)
        };
        let of_customers = indexes(&customers).iter();
        let of_customers = of_customers.filter_map(|it| survey.search_customers(it));
        let mut all: Vec<CrowdedSearch> = of_customers.collect();
        if let Some(customers) = customers.filter(|_| !all.is_empty()) {
            let take = |document: &RawDocument| {
                for search in &mut all {
                    search.take_existing(survey, document);
                }
            };
            self.work.scan(&customers, watcher, take).await?;
        }
        let searched = all.len();
        for contact in [Contact::Remove, Contact::Null] {
            let of_users = indexes(&users).iter();
            all.extend(of_users.filter_map(|it| survey.search_users(it, contact)));
        }
        if let Some(users) = users.filter(|_| !all.is_empty()) {
            let take = |document: &RawDocument| {
                for search in &mut all {
                    search.take_user(survey, document);
                }
            };
            self.work.scan(&users, watcher, take).await?;
        }
        let of_users = all.split_off(searched).into_iter();
        let (removed, null): (Vec<_>, Vec<_>) =
            of_users.partition(|search| search.contact() == Contact::Remove);
        let end = |searches: Vec<CrowdedSearch>| -> Vec<Crowded> {
            let ended = searches.into_iter();
            ended.filter_map(|search| search.end(survey)).collect()
        };
        let (of_customers, removed, null) = (end(all), end(removed), end(null));
        survey.take_crowded(
            [of_customers.clone(), removed].concat(),
            [of_customers, null].concat(),
        );
        Ok(())
    }

    /// Where the customers' collection has a collation, the server says which e-mails are equal by it: the unique index inherits it.
    async fn look_for_collated(
        &self,
        survey: &mut Survey,
        specs: &BTreeMap<String, CollectionSpec>,
    ) -> Result<()> {
        let customers = self.layout.source(&self.work.mapping.customers());
        let spec = customers.and_then(|name| specs.get(&name));
        let Some(collation) = spec.and_then(|spec| get(&spec.options, "collation")) else {
            return Ok(());
        };
        let Ok(collation) = RawDocument::from_bytes(collation.bytes).and_then(Document::try_from)
        else {
            return Ok(());
        };
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let Some(email) = &self.work.mapping.user.emails else {
            return Ok(());
        };
        let email = email.to_string();
        let mut sets = self
            .work
            .connection
            .database
            .collection::<RawDocumentBuf>(&users)
            .aggregate([
                doc! { "$match": { &email: { "$gt": "" } } },
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
        let mut found = Referenced::default();
        let looks = self.work.mapping.has_users() || !survey.looked_for().is_empty();
        if !looks {
            return Ok(());
        }
        for (name, spec) in specs {
            if spec.kind != "collection"
                || name.starts_with(SIDE_PREFIX)
                || name.starts_with("system.")
                || *name == self.work.mapping.customer.collection
            {
                continue;
            }
            let place = self.layout.original_of(&self.work.mapping, name);
            let mut search = survey.search_references(name);
            if scan::rough_count(&self.work.connection.database, &place).await > READ_WHOLE {
                let sample = self.sample(&place).await?;
                search.look_for(LookFor::UsersInASample);
                for document in &sample {
                    search.take(document);
                }
                if !search.found_any() {
                    self.look_for_bookings(&place, survey, &mut search).await?;
                    found.extend(search.end());
                    continue;
                }
                search.count_anew();
            }
            self.work
                .scan(&place, watcher, |document| search.take(document))
                .await?;
            found.extend(search.end());
        }
        survey.references = found;
        Ok(())
    }

    /// The server looks through a large collection for references to bookings that may go to the quarantine.
    async fn look_for_bookings(
        &self,
        place: &str,
        survey: &Survey,
        search: &mut ReferenceSearch<'_>,
    ) -> Result<()> {
        let ids = survey.looked_for();
        let fields: Vec<String> = search.fields_like_bookings().map(str::to_owned).collect();
        if ids.is_empty() || fields.is_empty() {
            return Ok(());
        }
        search.look_for(LookFor::Bookings);
        let mut seen: BTreeSet<Id> = BTreeSet::new();
        for ids in ids.chunks(BATCH) {
            let among = ids.iter().map(scan::bson_of);
            let among = among.collect::<crate::store::Result<Vec<_>>>()?;
            let any: Vec<Document> = fields
                .iter()
                .map(|field| doc! { field: { "$in": among.clone() } })
                .collect();
            let filter = doc! { "$or": any };
            let scan = Scan {
                filter,
                ..Scan::default()
            };
            for document in scan::all(&self.work.connection.database, place, &scan).await? {
                if id_of(&document).is_some_and(|id| seen.insert(id)) {
                    search.take(&document);
                }
            }
        }
        Ok(())
    }

    async fn sample(&self, collection: &str) -> Result<Vec<RawDocumentBuf>> {
        let failed = |error| StoreError::from_driver(format!("sampling {collection}"), &error);
        let sample = self
            .work
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
