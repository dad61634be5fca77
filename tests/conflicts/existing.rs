//! Customers that were there before and share an e-mail: a script that ran twice. One of them stays, the others stand whole in its link.

use bson::{DateTime, Document, doc};
use ringfence::domain::conflict::{Choice, Code, ConflictKey};
use ringfence::domain::id::Id;

use crate::conflicts::world::{
    World, apply, booking, business, choose, count, customer_of, found, key, one, planned, service,
    surveyed, user,
};
use crate::support::case::Case;

fn old(id: &str, email: &str, more: Document) -> Document {
    let mut old = doc! { "_id": id, "businessId": business(1), "name": id, "email": email };
    old.extend(more);
    old
}

/// Three customers of business 1 with user 1's e-mail: `full` has every field, `busy` two bookings, `new` nothing; and one of business 2.
fn world() -> World {
    let mut world = World::new();
    world.add(
        "Customer",
        old(
            "full",
            "person1@example.org",
            doc! { "phone": "1", "city": "Bath", "note": { "a": 1 } },
        ),
    );
    world.add(
        "Customer",
        old(
            "busy",
            "PERSON1@example.org",
            doc! { "createdAt": DateTime::from_millis(9) },
        ),
    );
    world.add("Customer", old("new", " person1@example.org", doc! {}));
    world.add(
        "Customer",
        doc! { "_id": "other", "businessId": business(2), "email": "person1@example.org" },
    );
    // Bookings 3 to 6.
    for customer in ["busy", "busy", "new", "full"] {
        world
            .book_with(doc! { "userId": user(1), "serviceId": service(1), "customerId": customer });
    }
    world
}

fn group() -> ConflictKey {
    let ids = ["busy", "full", "new"].map(Id::string);
    key(Code::DuplicateEmail, Some(business(1)), &ids)
}

#[tokio::test]
async fn existing_customers_that_share_an_email_are_found_and_the_busiest_stays() {
    let case = world().seeded().await;
    let before = case.picture().await;
    let codes: Vec<_> = found(&surveyed(&case).await);
    assert!(codes.contains(&(group(), 1)), "{codes:?}");
    assert_eq!(
        codes
            .iter()
            .filter(|(key, _)| key.code == Code::DuplicateEmail)
            .count(),
        1
    );
    case.ringfence(&["survey"])
        .await
        .code(2)
        .says(&["duplicate-email"]);
    case.plan().await;
    case.apply(&["--accept-unknown"])
        .await
        .code(0)
        .says(&["customers before 4 = kept 1 + adopted 1 + merged away 2"]);
    assert_eq!(count(&case, "Customer").await, 3); // two of them, and user 2's
    for of in 1..=6 {
        if of != 2 {
            let customer = customer_of(&case, booking(of)).await;
            assert_eq!(customer.get_str("_id").unwrap(), "busy", "{of}");
            assert_eq!(
                customer,
                old(
                    "busy",
                    "PERSON1@example.org",
                    doc! { "createdAt": DateTime::from_millis(9) }
                )
            );
        }
    }
    // The others are kept whole in the link.
    let link = one(&case, "_ringfence_links", "busy").await.unwrap();
    let merged: Vec<_> = link
        .get_array("merged")
        .unwrap()
        .iter()
        .map(|it| it.as_document().unwrap())
        .collect();
    let full = old(
        "full",
        "person1@example.org",
        doc! { "phone": "1", "city": "Bath", "note": { "a": 1 } },
    );
    assert_eq!(
        merged,
        [&full, &old("new", " person1@example.org", doc! {})]
    );
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong", "merged away 2"]);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    comes_back(&case, &before).await;
}

async fn comes_back(case: &Case, before: &crate::support::picture::Picture) {
    let now = crate::support::picture::but_runs(&case.picture().await);
    let differs = crate::support::picture::differences(before, &now, true);
    assert_eq!(differs, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_keeps_what_was_written_brings_the_merged_ones_back() {
    let case = world().seeded().await;
    apply(&case, Vec::new()).await;
    let bookings = case.database.collection::<Document>("Booking");
    let set = doc! { "$set": { "note": "later" } };
    bookings
        .update_one(doc! { "_id": booking(5) }, set)
        .await
        .unwrap();
    let customers = case.database.collection::<Document>("Customer");
    let set = doc! { "$set": { "city": "York" } };
    customers
        .update_one(doc! { "_id": "busy" }, set)
        .await
        .unwrap();
    case.roll_back(&["--keep-new"]).await.code(0);
    let changed = one(&case, "Booking", booking(5)).await.unwrap();
    assert_eq!(changed.get_str("customerId").unwrap(), "new");
    assert_eq!(changed.get_object_id("userId").unwrap(), user(1));
    assert_eq!(changed.get_str("note").unwrap(), "later");
    let same = one(&case, "Booking", booking(6)).await.unwrap();
    assert_eq!(same.get_str("customerId").unwrap(), "full");
    assert_eq!(count(&case, "Customer").await, 4);
    let full = old(
        "full",
        "person1@example.org",
        doc! { "phone": "1", "city": "Bath", "note": { "a": 1 } },
    );
    assert_eq!(one(&case, "Customer", "full").await, Some(full));
    let busy = one(&case, "Customer", "busy").await.unwrap();
    assert_eq!(busy.get_str("city").unwrap(), "York");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn without_bookings_the_survivor_rule_decides_and_the_users_booking_goes_to_the_one_that_stays()
 {
    let mut world = World::new();
    world.add("Customer", old("a", "person1@example.org", doc! {}));
    world.add(
        "Customer",
        old("b", "person1@example.org", doc! { "city": "Bath" }),
    );
    let case = world.seeded().await;
    apply(&case, Vec::new()).await;
    let customer = customer_of(&case, booking(1)).await;
    assert_eq!(customer.get_str("_id").unwrap(), "b");
    assert_eq!(one(&case, "Customer", "a").await, None);
}

#[tokio::test]
async fn a_group_to_which_another_collection_refers_is_not_merged() {
    let mut world = world();
    world.add("Invoice", doc! { "_id": 1, "for": { "customer": "new" } });
    let case = world.seeded().await;
    planned(&case, Vec::new()).await;
    let before = case.picture().await;
    let refused = case.apply(&["--accept-unknown"]).await.code(2);
    refused.says(&["Invoice.for.customer", "Nothing was changed"]);
    case.assert_same(&before).await;

    // Kept apart, they stay: no two of these texts are equal.
    apply(&case, vec![choose(&group(), Choice::KeepApart)]).await;
    assert_eq!(count(&case, "Customer").await, 5);
    for (of, customer) in [(3, "busy"), (5, "new"), (6, "full")] {
        let now = customer_of(&case, booking(of)).await;
        assert_eq!(now.get_str("_id").unwrap(), customer);
    }
}
