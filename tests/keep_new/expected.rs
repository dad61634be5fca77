//! A migrated database, what the application writes to it, and what must come back: the originals with the changes made by hand.

use std::collections::BTreeMap;

use bson::oid::ObjectId;
use bson::{Document, RawDocumentBuf, doc};
use mongodb::Collection;

use crate::support::case::{Case, Ended};
use crate::support::data::{BOOKING, USER, id};
use crate::support::picture::{self, Picture};

/// A migrated database, and how it stood before.
pub struct Migrated {
    pub case: Case,
    pub original: Picture,
    expected: BTreeMap<String, BTreeMap<ObjectId, Option<RawDocumentBuf>>>,
}

impl Migrated {
    pub async fn new() -> Self {
        Self::through("verify").await
    }

    /// Migrated up to this step.
    pub async fn through(step: &str) -> Self {
        Self::of_case(Case::seeded().await, step).await
    }

    /// The seeded database of `case`, migrated up to this step.
    pub async fn of_case(case: Case, step: &str) -> Self {
        let original = case.picture().await;
        case.plan().await;
        case.apply(&["--through", step]).await.code(0);
        Self {
            case,
            original,
            expected: BTreeMap::new(),
        }
    }

    pub fn of(&self, name: &str) -> Collection<Document> {
        self.case.database.collection(name)
    }

    /// A live document.
    pub async fn one(&self, name: &str, filter: Document) -> Document {
        let found = self.of(name).find_one(filter.clone()).await.unwrap();
        found.unwrap_or_else(|| panic!("no {filter} in {name}"))
    }

    /// The customer of a booking that was there before.
    pub async fn customer_of(&self, booking: u32) -> ObjectId {
        let booking = self
            .one("Booking", doc! { "_id": id(BOOKING, booking) })
            .await;
        booking.get_object_id("customerId").unwrap()
    }

    pub async fn insert(&self, name: &str, document: Document) {
        self.of(name).insert_one(document).await.unwrap();
    }

    pub async fn update(&self, name: &str, of: ObjectId, update: Document) {
        let updated = self.of(name).update_one(doc! { "_id": of }, update).await;
        assert_eq!(updated.unwrap().matched_count, 1, "{of} of {name}");
    }

    pub async fn delete(&self, name: &str, of: ObjectId) {
        let deleted = self.of(name).delete_one(doc! { "_id": of }).await.unwrap();
        assert_eq!(deleted.deleted_count, 1, "{of} of {name}");
    }

    /// A document as it was before.
    pub fn before(&self, name: &str, of: ObjectId) -> Document {
        let all = &self.original[name].documents;
        let found = all.iter().find(|it| it.get_object_id("_id").unwrap() == of);
        Document::try_from(found.unwrap()).unwrap()
    }

    /// This document must come back, with these bytes.
    pub fn expect(&mut self, name: &str, document: &Document) {
        let of = document.get_object_id("_id").unwrap();
        let raw = RawDocumentBuf::try_from(document).unwrap();
        let all = self.expected.entry(name.to_owned()).or_default();
        all.insert(of, Some(raw));
    }

    /// This document must not come back.
    pub fn expect_gone(&mut self, name: &str, of: ObjectId) {
        let all = self.expected.entry(name.to_owned()).or_default();
        all.insert(of, None);
    }

    pub async fn keep_new(&self) -> Ended {
        self.case.roll_back(&["--keep-new"]).await
    }

    /// Fails unless everything else is as it was before, and what is expected is as expected.
    #[track_caller]
    pub fn assert_back(&self, now: &Picture) {
        let mut expected = self.original.clone();
        for (name, documents) in &self.expected {
            let all = &mut expected.get_mut(name).unwrap().documents;
            for (of, document) in documents {
                all.retain(|it| it.get_object_id("_id").unwrap() != *of);
                all.extend(document.clone());
            }
            all.sort_by_key(|it| it.get_object_id("_id").unwrap().bytes());
        }
        let differences = picture::differences(&expected, &picture::application(now), false);
        assert!(differences.is_empty(), "{differences:#?}");
    }

    /// Rolls back, and fails unless all is as expected; a second picture is not needed.
    pub async fn comes_back(&self, options: &[&str], code: i32) -> Ended {
        let mut all = vec!["--keep-new"];
        all.extend(options);
        let ended = self.case.roll_back(&all).await.code(code);
        let now = self.case.picture().await;
        self.assert_back(&now);
        for name in now.keys() {
            assert!(
                !["_next_", "_before_", "_merged_"]
                    .iter()
                    .any(|it| name.contains(it)),
                "{name} is left"
            );
        }
        ended
    }
}

/// A booking as the new application writes it.
pub fn new_booking(n: u32, customer: ObjectId) -> Document {
    doc! {
        "_id": id(BOOKING, n), "customerId": customer, "serviceId": id(crate::support::data::SERVICE, 0), "reference": format!("N-{n}"),
        "status": "new",
    }
}

/// The same as the old application would have written it: without the customer, the user appended.
pub fn of_user(mut booking: Document, user: u32) -> Document {
    booking.remove("customerId");
    booking.insert("userId", id(USER, user));
    booking
}
