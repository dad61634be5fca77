//! The proof that the unique index on business and e-mail can be: by the plan, and by the server.

use bson::{Document, doc};
use ringfence::domain::conflict::{Choice, Code};
use ringfence::domain::id::Id;

use crate::conflicts::world::{
    World, applied, booking, business, choose, customer_of, found, id, key, planned, service,
    somebody, surveyed, user, with,
};
use crate::support::case::Case;

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn emails_that_a_collation_makes_equal_are_one_group() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "zoe@example.org" }), 1);
    world.customer(with(somebody(4), doc! { "email": "zoë@example.org" }), 1);
    let plain = world.seeded().await;
    assert_eq!(found(&surveyed(&plain).await), []);

    let case = world.seeded().await;
    let collation = doc! { "locale": "en", "strength": 1 };
    let create = doc! { "create": "Customer", "collation": collation };
    case.database.run_command(create).await.unwrap();
    let conflict = key(
        Code::DuplicateEmail,
        Some(business(1)),
        &[id(user(3)), id(user(4))],
    );
    assert_eq!(found(&surveyed(&case).await), [(conflict.clone(), 1)]);
    crate::conflicts::world::apply(&case, vec![choose(&conflict, Choice::Merge)]).await;
    let merged = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(4)).await, merged);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_email_that_is_a_list_shares_each_of_its_texts() {
    let mut world = World::new();
    world.customer(
        with(
            somebody(3),
            doc! { "email": ["a@example.org", "b@example.org"] },
        ),
        1,
    );
    world.customer(with(somebody(4), doc! { "email": "b@example.org" }), 1);
    let case = world.seeded().await;
    let group = key(
        Code::DuplicateEmail,
        Some(business(1)),
        &[id(user(3)), id(user(4))],
    );
    let odd = key(Code::InvalidEmail, None, &[id(user(3))]);
    assert_eq!(
        found(&surveyed(&case).await),
        [(group.clone(), 1), (odd, 1)]
    );
    for choice in [Choice::Merge, Choice::KeepApart] {
        applied(&world, vec![choose(&group, choice)]).await;
    }
}

#[tokio::test]
async fn two_customers_that_were_there_before_and_are_kept_apart_with_one_email_are_named_before_anything_is_written()
 {
    let mut world = World::new();
    for old in ["one", "two"] {
        world.add(
            "Customer",
            doc! { "_id": old, "businessId": business(1), "email": "same@example.org" },
        );
    }
    let case = world.seeded().await;
    let apart = key(
        Code::DuplicateEmail,
        Some(business(1)),
        &[Id::string("one"), Id::string("two")],
    );
    planned(&case, vec![choose(&apart, Choice::KeepApart)]).await;
    let before = case.picture().await;
    let refused = case.apply(&["--accept-unknown"]).await.code(1);
    refused.says(&["\"one\"", "\"two\"", "Nothing was changed"]);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn the_server_names_every_customer_in_the_way_of_the_index() {
    // By the collection's collation these two are equal; the survey asks about users, and one of them is no user's.
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "zoë@example.org" }), 1);
    let case = world.seeded().await;
    let collation = doc! { "locale": "en", "strength": 1 };
    let create = doc! { "create": "Customer", "collation": collation };
    case.database.run_command(create).await.unwrap();
    let old = doc! { "_id": "old", "businessId": business(1), "email": "zoe@example.org" };
    case.database
        .collection("Customer")
        .insert_one(old)
        .await
        .unwrap();
    let live = crate::support::picture::application(&case.picture().await);
    planned(&case, Vec::new()).await;
    let stopped = case.apply(&["--accept-unknown"]).await.code(2);
    stopped.says(&[
        "the server finds 1 group of customers",
        "\"old\"",
        "The live data is unchanged",
    ]);
    let now = crate::support::picture::application(&case.picture().await);
    assert_eq!(
        crate::support::picture::differences(&live, &now, true),
        Vec::<String>::new()
    );
    let next = case
        .database
        .collection::<Document>("_ringfence_next_Customer");
    let names = next.list_index_names().await.unwrap();
    assert!(
        !names.contains(&"Customer_businessId_email_key".to_owned()),
        "{names:?}"
    );
    // Another e-mail mends it.
    let conflict = key(Code::CustomerExists, Some(business(1)), &[]);
    let update = doc! { "$set": { "email": "other@example.org" } };
    let customers = case.database.collection::<Document>("Customer");
    customers
        .update_one(doc! { "_id": "old" }, update)
        .await
        .unwrap();
    crate::conflicts::world::apply(&case, vec![choose(&conflict, Choice::KeepBeside)]).await;
    let index = case.picture().await["Customer"].indexes["Customer_businessId_email_key"].clone();
    assert!(
        index.get_bool("unique").unwrap() && index.get("prepareUnique").unwrap().is_none(),
        "{index:?}"
    );
}

/// Users 3 and 4 share an e-mail, and each has a booking of the same slot; user 5 shares it too, and has another slot.
fn slots() -> World {
    let mut world = World::new();
    for n in [3, 4, 5] {
        let document = with(somebody(n), doc! { "email": "same@example.org" });
        world.add("User", document);
        let slot = if n == 5 { 8 } else { 7 };
        world.book_with(doc! { "userId": user(n), "serviceId": service(1), "slot": slot });
    }
    world
}

async fn unique(case: &Case, name: &str, keys: Document) {
    let index = doc! { "key": keys, "name": name, "unique": true };
    let create = doc! { "createIndexes": "Booking", "indexes": [index] };
    case.database.run_command(create).await.unwrap();
}

fn of_three() -> (
    ringfence::domain::conflict::ConflictKey,
    ringfence::domain::conflict::ConflictKey,
) {
    let all = [id(user(3)), id(user(4)), id(user(5))];
    (
        key(Code::DuplicateEmail, Some(business(1)), &all),
        key(Code::BookingUnique, Some(business(1)), &all[..2]),
    )
}

#[tokio::test]
async fn booking_unique() {
    let world = slots();
    let (email, slot) = of_three();
    // Without the index, or with one that does not hold the user, or tells the slots apart, nothing is found.
    let case = world.seeded().await;
    unique(&case, "a", doc! { "_id": 1, "slot": 1 }).await;
    unique(&case, "b", doc! { "userId": 1, "_id": 1 }).await;
    assert_eq!(found(&surveyed(&case).await), [(email.clone(), 1)]);

    let case = world.seeded().await;
    unique(
        &case,
        "Booking_userId_slot_key",
        doc! { "userId": 1, "slot": 1 },
    )
    .await;
    let conflicts = [(email.clone(), 1), (slot.clone(), 2)];
    assert_eq!(found(&surveyed(&case).await), conflicts);
    let asked = case.ringfence(&["survey"]).await.code(2);
    asked.says(&["booking-unique"]);

    // The suggestion leads through: one of the two is apart, the third is merged, and the index stands.
    crate::conflicts::world::apply(&case, Vec::new()).await;
    let customers = [booking(3), booking(4), booking(5)];
    let mut ids = Vec::new();
    for of in customers {
        ids.push(customer_of(&case, of).await.get_object_id("_id").unwrap());
    }
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], ids[1]);
    let index = &case.picture().await["Booking"].indexes["Booking_customerId_slot_key"];
    assert!(index.get_bool("unique").unwrap());
    let before = case.ringfence(&["rollback", "--confirm", &case.name]).await;
    before.code(0);
    let now = case.picture().await;
    assert!(
        now["Booking"]
            .indexes
            .contains_key("Booking_userId_slot_key")
    );

    // The other answer stops before anything is written.
    planned(&case, vec![choose(&slot, Choice::Stop)]).await;
    let stopped = case.apply(&["--accept-unknown"]).await.code(1);
    stopped.says(&["booking-unique: stop", "Nothing was changed"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn booking_unique_takes_each_element_of_a_list_and_texts_as_the_index_compares_them() {
    for (one, other, folds) in [
        (bson::bson!([1, 2]), bson::bson!([3, 2.0]), false),
        (bson::bson!("abc"), bson::bson!("ABC"), true),
    ] {
        let mut world = World::new();
        for (n, slot) in [(3, one), (4, other)] {
            let document = with(somebody(n), doc! { "email": "same@example.org" });
            world.add("User", document);
            world.book_with(doc! { "userId": user(n), "serviceId": service(1), "slot": slot });
        }
        let case = world.seeded().await;
        let mut index = doc! { "key": { "userId": 1, "slot": 1 }, "name": "u", "unique": true };
        if folds {
            index.insert("collation", doc! { "locale": "en", "strength": 2 });
        }
        let create = doc! { "createIndexes": "Booking", "indexes": [index] };
        case.database.run_command(create).await.unwrap();
        let all = [id(user(3)), id(user(4))];
        let conflicts = [Code::DuplicateEmail, Code::BookingUnique]
            .map(|code| key(code, Some(business(1)), &all));
        let seen = found(&surveyed(&case).await);
        assert_eq!(
            seen.iter().map(|it| it.0.clone()).collect::<Vec<_>>(),
            conflicts
        );
        // The suggestion keeps them apart, and the index can be built.
        crate::conflicts::world::apply(&case, Vec::new()).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn booking_unique_looks_only_at_what_a_partial_index_holds() {
    let world = slots();
    let (email, _) = of_three();
    let case = world.seeded().await;
    let index = doc! { "key": { "userId": 1, "slot": 1 }, "name": "p", "unique": true, "partialFilterExpression": { "slot": { "$gt": 7 } } };
    let create = doc! { "createIndexes": "Booking", "indexes": [index] };
    case.database.run_command(create).await.unwrap();
    assert_eq!(found(&surveyed(&case).await), [(email.clone(), 1)]);
    crate::conflicts::world::apply(&case, vec![choose(&email, Choice::Merge)]).await;
    let first = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(4)).await, first);
}

#[tokio::test]
async fn an_adopted_customer_whose_bookings_a_unique_index_cannot_hold_with_the_users_is_named_before_anything_is_written()
 {
    let mut world = World::new();
    let old = doc! { "_id": "old", "businessId": business(1), "email": "person1@example.org" };
    world.add("Customer", old);
    // Somebody else's booking stands with that customer already, in the slot of user 1's.
    let linked =
        doc! { "userId": user(2), "serviceId": service(1), "slot": 7, "customerId": "old" };
    world.book_with(linked);
    world.book_with(doc! { "userId": user(1), "serviceId": service(1), "slot": 7 });
    let case = world.seeded().await;
    unique(
        &case,
        "Booking_userId_slot_key",
        doc! { "userId": 1, "slot": 1 },
    )
    .await;
    planned(&case, Vec::new()).await;
    let before = case.picture().await;
    let stopped = case.apply(&["--accept-unknown"]).await.code(2);
    stopped.says(&["Booking_userId_slot_key", "\"old\"", "Nothing was changed"]);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn same_phones_that_are_merged_against_a_unique_index_are_refused_with_both_users() {
    let mut world = World::new();
    for n in [3, 4] {
        let document = with(somebody(n), doc! { "phone": "+44 20 7946 0999" });
        world.add("User", document);
        world.book_with(doc! { "userId": user(n), "serviceId": service(1), "slot": 7 });
    }
    let case = world.seeded().await;
    unique(
        &case,
        "Booking_userId_slot_key",
        doc! { "userId": 1, "slot": 1 },
    )
    .await;
    let both = [id(user(3)), id(user(4))];
    let phone = key(Code::SamePhone, Some(business(1)), &both);
    assert_eq!(found(&surveyed(&case).await), [(phone.clone(), 1)]);
    let mut session = surveyed(&case).await;
    let refused = session.decide(vec![choose(&phone, Choice::Merge)]);
    let refused = refused.unwrap_err().to_string();
    for word in ["Booking_userId_slot_key", "keep these customers apart"] {
        assert!(refused.contains(word), "{refused}");
    }
    drop(session);
    crate::conflicts::world::apply(&case, vec![choose(&phone, Choice::KeepApart)]).await;
}
