//! Prove and verify can fail: faults planted one at a time, in a prepared copy and in what is live, are each named with their id.

use bson::oid::ObjectId;
use bson::{Document, doc};
use mongodb::Collection;

use crate::support::case::Case;
use crate::support::data::{BOOKING, BUSINESS, CUSTOMER, SERVICE, USER, id};
use crate::support::picture;

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    CustomerOfAnotherBusiness,
    CustomerMovedToAnotherBusiness,
    CustomerMissing,
    CustomerWithoutALink,
    CustomerWithoutAValue,
    CustomerWithAnotherValue,
    BookingMissing,
    BookingExtra,
    BookingWithAChangedByte,
    BookingWithFieldsInAnotherOrder,
    BookingWithItsUserStill,
    BookingTwice,
    QuarantinedWithAChangedByte,
    IndexMissing,
    IndexNotUnique,
    IndexExtra,
    LinkToTheWrongUser,
    LinkMissing,
}

const FAULTS: [Fault; 18] = [
    Fault::CustomerOfAnotherBusiness,
    Fault::CustomerMovedToAnotherBusiness,
    Fault::CustomerMissing,
    Fault::CustomerWithoutALink,
    Fault::CustomerWithoutAValue,
    Fault::CustomerWithAnotherValue,
    Fault::BookingMissing,
    Fault::BookingExtra,
    Fault::BookingWithAChangedByte,
    Fault::BookingWithFieldsInAnotherOrder,
    Fault::BookingWithItsUserStill,
    Fault::BookingTwice,
    Fault::QuarantinedWithAChangedByte,
    Fault::IndexMissing,
    Fault::IndexNotUnique,
    Fault::IndexExtra,
    Fault::LinkToTheWrongUser,
    Fault::LinkMissing,
];

/// Where things stand: with this prefix while prepared, without one once live.
struct Place<'a> {
    case: &'a Case,
    prefix: &'a str,
}

impl Place<'_> {
    fn collection(&self, name: &str) -> Collection<Document> {
        let name = format!("{}{name}", self.prefix);
        self.case.database.collection(&name)
    }

    async fn one(&self, name: &str, filter: Document) -> Document {
        let found = self.collection(name).find_one(filter).await.unwrap();
        found.unwrap_or_else(|| panic!("nothing in {name}"))
    }

    async fn put(&self, collection: &Collection<Document>, document: &Document) {
        let of = doc! { "_id": document.get("_id").unwrap() };
        let put = collection.replace_one(of, document).upsert(true);
        put.bypass_document_validation(true).await.unwrap();
    }

    /// The customers that the migration created.
    async fn created(&self) -> Vec<ObjectId> {
        let links = self
            .case
            .database
            .collection::<Document>("_ringfence_links");
        let created = links
            .distinct("_id", doc! { "kind": "created" })
            .await
            .unwrap();
        created
            .iter()
            .filter_map(bson::Bson::as_object_id)
            .collect()
    }

    /// The booking that most faults are planted in, and its customer.
    async fn booking(&self) -> (Document, ObjectId) {
        let booking = self.one("Booking", doc! { "_id": id(BOOKING, 60) }).await;
        let customer = booking.get_object_id("customerId").unwrap();
        (booking, customer)
    }

    /// Plants a fault; returns the words that must name it.
    #[allow(clippy::too_many_lines)] // one arm per fault
    async fn plant(&self, fault: Fault) -> Vec<String> {
        let (bookings, customers) = (self.collection("Booking"), self.collection("Customer"));
        let side = |name: &str| self.case.database.collection::<Document>(name);
        let (links, quarantine) = (side("_ringfence_links"), side("_ringfence_quarantine"));
        let (mut booking, customer) = self.booking().await;
        let said = booking.get_object_id("_id").unwrap().to_string();
        let mine = doc! { "_id": customer };
        match fault {
            Fault::CustomerOfAnotherBusiness => {
                let of = self
                    .one("Customer", mine)
                    .await
                    .get_object_id("businessId")
                    .unwrap();
                let other = self
                    .one("Customer", doc! { "businessId": { "$ne": of } })
                    .await;
                booking.insert("customerId", other.get_object_id("_id").unwrap());
                self.put(&bookings, &booking).await;
                vec![said, "of another business".to_owned()]
            }
            Fault::CustomerMovedToAnotherBusiness => {
                let of = self
                    .one("Customer", mine.clone())
                    .await
                    .get_object_id("businessId")
                    .unwrap();
                let other = (0..3)
                    .map(|n| id(BUSINESS, n))
                    .find(|other| *other != of)
                    .unwrap();
                customers
                    .update_one(mine, doc! { "$set": { "businessId": other } })
                    .await
                    .unwrap();
                vec![said, customer.to_string()]
            }
            Fault::CustomerMissing => {
                customers.delete_one(mine).await.unwrap();
                vec![customer.to_string(), "does not exist".to_owned()]
            }
            Fault::CustomerWithoutAValue => {
                let of = doc! { "phone": { "$gt": "" } };
                let whose = self
                    .one(
                        "Customer",
                        doc! { "$and": [of, { "_id": { "$in": self.created().await } }] },
                    )
                    .await;
                let whose = whose.get_object_id("_id").unwrap();
                let unset = doc! { "$unset": { "phone": "" } };
                customers
                    .update_one(doc! { "_id": whose }, unset)
                    .await
                    .unwrap();
                vec![whose.to_string(), "phone of user".to_owned()]
            }
            Fault::CustomerWithAnotherValue => {
                let set = doc! { "$set": { "city": "Nowhere at all" } };
                customers.update_one(mine, set).await.unwrap();
                vec![
                    customer.to_string(),
                    "comes from none of its users".to_owned(),
                ]
            }
            Fault::CustomerWithoutALink => {
                let stranger = id(CUSTOMER, 50);
                // Once live, the new application may have made one at a business that exists.
                let business = id(BUSINESS, if self.prefix.is_empty() { 999 } else { 0 });
                let made = doc! { "_id": stranger, "businessId": business, "email": "x@y.z" };
                customers.insert_one(made).await.unwrap();
                vec![stranger.to_string(), "has no link".to_owned()]
            }
            Fault::BookingMissing => {
                bookings
                    .delete_one(doc! { "_id": id(BOOKING, 60) })
                    .await
                    .unwrap();
                vec![format!("booking {said} is missing")]
            }
            Fault::BookingExtra => {
                booking.insert("_id", id(BOOKING, 1_000));
                booking.insert("reference", "extra");
                if self.prefix.is_empty() {
                    // The new application writes right ones.
                    booking.remove("customerId");
                }
                self.put(&bookings, &booking).await;
                vec![
                    id(BOOKING, 1_000).to_string(),
                    "not in the original".to_owned(),
                ]
            }
            Fault::BookingWithAChangedByte => {
                booking.insert("status", "opem");
                self.put(&bookings, &booking).await;
                vec![said, "other bytes".to_owned()]
            }
            Fault::BookingWithFieldsInAnotherOrder => {
                let status = booking.remove("status").unwrap();
                booking.insert("status", status);
                self.put(&bookings, &booking).await;
                vec![said, "other bytes".to_owned()]
            }
            Fault::BookingWithItsUserStill => {
                booking.insert("userId", id(USER, 35));
                self.put(&bookings, &booking).await;
                vec![format!("booking {said} still has its userId")]
            }
            Fault::BookingTwice => {
                self.put(&quarantine, &booking).await;
                vec![said, "in the quarantine".to_owned()]
            }
            Fault::QuarantinedWithAChangedByte => {
                let one = doc! { "_id": id(BOOKING, 145) };
                quarantine
                    .update_one(one, doc! { "$set": { "notes": "changed" } })
                    .await
                    .unwrap();
                vec![id(BOOKING, 145).to_string(), "in the quarantine".to_owned()]
            }
            Fault::IndexMissing => {
                bookings.drop_index("Booking_customerId_idx").await.unwrap();
                vec!["Booking_customerId_idx".to_owned(), "is missing".to_owned()]
            }
            Fault::IndexNotUnique => {
                self.other_index(
                    "Booking",
                    doc! { "key": { "reference": 1 }, "name": "Booking_reference_key" },
                )
                .await;
                vec!["Booking_reference_key".to_owned(), "unique".to_owned()]
            }
            Fault::IndexExtra => {
                self.other_index(
                    "Customer",
                    doc! { "key": { "phone": 1 }, "name": "stranger" },
                )
                .await;
                vec!["stranger".to_owned(), "is not specified".to_owned()]
            }
            Fault::LinkToTheWrongUser => {
                links
                    .update_one(mine, doc! { "$set": { "users": [id(USER, 6)] } })
                    .await
                    .unwrap();
                vec![format!("the link of customer {customer}")]
            }
            Fault::LinkMissing => {
                links.delete_one(mine).await.unwrap();
                vec![customer.to_string(), "has no link".to_owned()]
            }
        }
    }

    async fn other_index(&self, name: &str, index: Document) {
        let name = format!("{}{name}", self.prefix);
        let index_name = index.get_str("name").unwrap().to_owned();
        let drop = doc! { "dropIndexes": &name, "index": index_name };
        let _ = self.case.database.run_command(drop).await; // the stranger was not there
        crate::support::data::run(
            &self.case.database,
            doc! { "createIndexes": name, "indexes": [index] },
        )
        .await;
    }

    /// Puts back what a fault changed.
    async fn mend(&self, before: &picture::Picture) {
        for name in ["Booking", "Customer"] {
            let full = format!("{}{name}", self.prefix);
            self.give_back(&full, before).await;
            let standing = picture::indexes(&self.case.database, &full).await;
            for (name, index) in &before[&full].indexes {
                if standing.get(name) == Some(index) {
                    continue;
                }
                if standing.contains_key(name) {
                    self.case
                        .database
                        .collection::<Document>(&full)
                        .drop_index(name)
                        .await
                        .unwrap();
                }
                let index = Document::try_from(&**index).unwrap();
                crate::support::data::run(
                    &self.case.database,
                    doc! { "createIndexes": &full, "indexes": [index] },
                )
                .await;
            }
            for name in standing
                .keys()
                .filter(|name| !before[&full].indexes.contains_key(*name))
            {
                self.case
                    .database
                    .collection::<Document>(&full)
                    .drop_index(name)
                    .await
                    .unwrap();
            }
        }
        self.give_back("_ringfence_links", before).await;
        self.give_back("_ringfence_quarantine", before).await;
        let now = picture::but_runs(&self.case.picture().await);
        let left = picture::differences(&picture::but_runs(before), &now, true);
        assert!(left.is_empty(), "not mended: {left:#?}");
    }

    async fn give_back(&self, name: &str, before: &picture::Picture) {
        let collection = self.case.database.collection::<Document>(name);
        let now = picture::documents(&self.case.database, name).await;
        let then = &before[name].documents;
        for document in then.iter().filter(|document| !now.contains(document)) {
            self.put(&collection, &Document::try_from(&**document).unwrap())
                .await;
        }
        let known: Vec<_> = then
            .iter()
            .map(|it| it.get_object_id("_id").unwrap())
            .collect();
        for document in &now {
            let id = document.get_object_id("_id").unwrap();
            if !known.contains(&id) {
                collection.delete_one(doc! { "_id": id }).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn each_fault_planted_in_a_prepared_copy_fails_the_proof_which_names_it() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "bookings"]).await.code(0);
    let before = case.picture().await;
    let place = Place {
        case: &case,
        prefix: "_ringfence_next_",
    };
    // The proof of what is live, below, is the same one; here a part of the faults is enough by default.
    let every = if crate::support::full() { 1 } else { 4 };
    for fault in FAULTS.into_iter().step_by(every) {
        let words = place.plant(fault).await;
        let ended = case.apply(&["--through", "prove"]).await;
        assert_eq!(ended.code, 2, "{fault:?}: {ended:?}");
        for word in words {
            assert!(
                ended.err.contains(&word),
                "{fault:?}: {word} is not in {}",
                ended.err
            );
        }
        // The proof prepares the users' copy before it looks at the bookings'.
        let users = case.database.collection::<Document>("_ringfence_next_User");
        users.drop().await.unwrap();
        place.mend(&before).await;
        // What has not passed is not taken for prepared.
        case.apply(&["--through", "bookings"]).await.code(0);
    }
    case.apply(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn each_fault_planted_in_what_is_live_fails_verify_which_names_it() {
    let case = Case::seeded().await;
    case.migrate().await;
    let before = case.picture().await;
    let place = Place {
        case: &case,
        prefix: "",
    };
    // An index more is no fault of what is live: the new application may have made it.
    for fault in FAULTS.into_iter().filter(|it| *it != Fault::IndexExtra) {
        let words = place.plant(fault).await;
        let ended = case.ringfence(&["verify"]).await;
        assert_eq!(ended.code, 2, "{fault:?}: {ended:?}");
        for word in words {
            assert!(
                ended.out.contains(&word),
                "{fault:?}: {word} is not in {}",
                ended.out
            );
        }
        place.mend(&before).await;
    }
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn verify_names_a_user_that_kept_or_lost_a_field_one_that_is_missing_and_a_bystander_that_changed()
 {
    let case = Case::seeded().await;
    case.migrate().await;
    let users = case.database.collection::<Document>("User");
    let of = |n| doc! { "_id": id(USER, n) };
    let faults = [
        (
            "User",
            of(20),
            doc! { "$set": { "phone": "1" } },
            id(USER, 20).to_string(),
        ),
        (
            "User",
            of(5),
            doc! { "$unset": { "phone": 1 } },
            id(USER, 5).to_string(),
        ),
        (
            "User",
            of(1),
            doc! { "$set": { "name": "Persom 1" } },
            id(USER, 1).to_string(),
        ),
        (
            "Invoice",
            doc! { "number": "I-3" },
            doc! { "$set": { "lines": [] } },
            "Invoice".to_owned(),
        ),
        (
            "Service",
            doc! { "_id": id(SERVICE, 0) },
            doc! { "$set": { "name": "" } },
            "Service".to_owned(),
        ),
    ];
    for (collection, of, change, word) in faults {
        let collection = case.database.collection::<Document>(collection);
        let was = collection.find_one(of.clone()).await.unwrap().unwrap();
        collection.update_one(of.clone(), change).await.unwrap();
        case.ringfence(&["verify"]).await.code(2).says(&[&word]);
        collection.replace_one(of, was).await.unwrap();
    }
    users.delete_one(of(12)).await.unwrap();
    let missing = format!("user {} is missing", id(USER, 12));
    case.ringfence(&["verify"]).await.code(2).says(&[&missing]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_the_new_application_writes_rightly_is_no_finding_and_what_is_wrong_of_it_is() {
    let case = Case::seeded().await;
    case.migrate().await;
    let place = Place {
        case: &case,
        prefix: "",
    };
    let (bookings, customers) = (place.collection("Booking"), place.collection("Customer"));
    let (booking, customer) = place.booking().await;
    let new = |n: u32| {
        let mut new = booking.clone();
        new.insert("_id", id(BOOKING, n));
        new.insert("reference", format!("new {n}"));
        new
    };
    let of = place.one("Customer", doc! { "_id": customer }).await;
    let business = of.get_object_id("businessId").unwrap();
    let made = doc! { "_id": id(CUSTOMER, 60), "businessId": business, "name": "New", "email": "new@example.org" };
    customers.insert_one(made).await.unwrap();
    let mut of_new = new(1_002);
    of_new.insert("customerId", id(CUSTOMER, 60));
    bookings.insert_many([new(1_001), of_new]).await.unwrap();
    case.ringfence(&["verify"]).await.code(0).says(&[
        "2 bookings came since the cut-over, with nothing wrong",
        "1 customer came since the cut-over, with nothing wrong",
    ]);
    let other = doc! { "businessId": { "$ne": business } };
    let other = place.one("Customer", other).await;
    let other = other.get_object_id("_id").unwrap();
    let wrong: [(Document, &str); 4] = [
        (doc! { "customerId": other }, "of another business"),
        (doc! { "customerId": id(CUSTOMER, 70) }, "does not exist"),
        (doc! { "userId": id(USER, 8) }, "still has its userId"),
        (doc! { "customerId": null }, "not in the original"),
    ];
    for (change, words) in wrong {
        let mut one = new(1_003);
        one.extend(change);
        bookings.insert_one(&one).await.unwrap();
        let said = id(BOOKING, 1_003).to_string();
        case.ringfence(&["verify"])
            .await
            .code(2)
            .says(&[&said, words, "2 bookings came since"]);
        let this = doc! { "_id": id(BOOKING, 1_003) };
        bookings.delete_one(this).await.unwrap();
    }
}
