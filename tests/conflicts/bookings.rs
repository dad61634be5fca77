//! Conflicts about bookings, references and customers that were there before, each found exactly, and each answer with what comes of it.

use bson::{Bson, DateTime, doc};
use ringfence::domain::conflict::{Choice, Code};
use ringfence::domain::id::Id;

use crate::conflicts::world::{
    World, applied, booking, business, choose, count, customer_of, finds_only, id, key, one,
    planned, service, somebody, user, with,
};

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn booking_without_user() {
    let gone = user(99);
    let cases = [
        (doc! { "userId": gone }, vec![id(gone)]),
        (doc! { "userId": null }, vec![]),
        (doc! {}, vec![]),
    ];
    for (named, subjects) in cases {
        let mut world = World::new();
        let earliest = DateTime::from_millis(5);
        let of = world.book_with(with(
            named.clone(),
            doc! { "serviceId": service(1), "createdAt": DateTime::from_millis(9) },
        ));
        world.book_with(with(
            named.clone(),
            doc! { "serviceId": service(1), "createdAt": earliest },
        ));
        let conflict = key(Code::BookingWithoutUser, Some(business(1)), &subjects);
        finds_only(&world, &conflict, 2).await;

        let case = applied(&world, vec![choose(&conflict, Choice::Placeholder)]).await;
        let customer = customer_of(&case, of).await;
        assert_eq!(customer.get_str("name").unwrap(), "Unknown Customer");
        assert_eq!(customer.get_datetime("createdAt").unwrap(), &earliest);
        assert_eq!(count(&case, "Customer").await, 3);

        let case = applied(&world, vec![choose(&conflict, Choice::Quarantine)]).await;
        assert_eq!(count(&case, "_ringfence_quarantine").await, 2);
        assert_eq!(one(&case, "Booking", of).await, None);

        let case = applied(&world, vec![choose(&conflict, Choice::Leave)]).await;
        let left = one(&case, "Booking", of).await.unwrap();
        assert_eq!(left.get("userId"), named.get("userId"));
    }
}

#[tokio::test]
async fn booking_without_business() {
    let mut world = World::new();
    world.add(
        "Service",
        doc! { "_id": service(7), "businessId": business(77) },
    );
    let of = world.book(user(1), service(7));
    let conflict = key(Code::BookingWithoutBusiness, None, &[id(service(7))]);
    finds_only(&world, &conflict, 1).await;
    let case = applied(&world, vec![choose(&conflict, Choice::Quarantine)]).await;
    assert!(
        one(&case, "_ringfence_quarantine", of)
            .await
            .unwrap()
            .contains_key("userId")
    );
    let case = applied(&world, vec![choose(&conflict, Choice::Leave)]).await;
    assert!(
        one(&case, "Booking", of)
            .await
            .unwrap()
            .contains_key("userId")
    );
    assert_eq!(count(&case, "_ringfence_quarantine").await, 0);
}

/// A world where business 1 has a customer already, with user 1's e-mail.
fn with_existing() -> World {
    let mut world = World::new();
    world.add("Customer", doc! { "_id": "old", "businessId": business(1), "name": "Old", "email": "PERSON1@example.org" });
    world
}

#[tokio::test]
async fn customer_exists() {
    let world = with_existing();
    let conflict = key(Code::CustomerExists, Some(business(1)), &[]);
    finds_only(&world, &conflict, 1).await;

    let case = applied(&world, vec![choose(&conflict, Choice::Adopt)]).await;
    assert_eq!(
        customer_of(&case, booking(1)).await.get_str("_id").unwrap(),
        "old"
    );
    assert_eq!(count(&case, "Customer").await, 2);

    // Beside it, with the same e-mail, is what the unique index forbids: refused before anything is written.
    let case = world.seeded().await;
    let mut session = crate::conflicts::world::surveyed(&case).await;
    let refused = session.decide(vec![choose(&conflict, Choice::KeepBeside)]);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("share an e-mail"), "{refused}");
    assert!(session.decisions().single.is_empty());

    planned(&case, vec![choose(&conflict, Choice::Stop)]).await;
    let before = case.picture().await;
    case.apply(&["--accept-unknown"])
        .await
        .code(1)
        .says(&["by hand first"]);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn customers_that_exist_are_kept_beside_where_nobody_has_their_email() {
    let mut world = World::new();
    let old =
        doc! { "_id": "old", "businessId": business(1), "name": "Old", "email": "old@example.org" };
    world.add("Customer", old.clone());
    let conflict = key(Code::CustomerExists, Some(business(1)), &[]);
    let case = applied(&world, vec![choose(&conflict, Choice::KeepBeside)]).await;
    assert_eq!(one(&case, "Customer", "old").await, Some(old));
    assert_eq!(count(&case, "Customer").await, 3);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn already_linked() {
    let mut world = World::new();
    world.add(
        "Customer",
        doc! { "_id": "old", "businessId": business(1), "name": "Old", "email": "old@example.org" },
    );
    let right =
        world.book_with(doc! { "userId": user(1), "serviceId": service(1), "customerId": "old" });
    let wrong =
        world.book_with(doc! { "userId": user(2), "serviceId": service(2), "customerId": "old" });
    let conflicts = [1, 2].map(|n| key(Code::AlreadyLinked, Some(business(n)), &[]));
    let exists = key(Code::CustomerExists, Some(business(1)), &[]);
    let case = world.seeded().await;
    let found = crate::conflicts::world::found(&crate::conflicts::world::surveyed(&case).await);
    let expected = [
        (exists.clone(), 1),
        (conflicts[0].clone(), 1),
        (conflicts[1].clone(), 1),
    ];
    assert_eq!(found, expected);
    for (choice, kept) in [(Choice::Keep, true), (Choice::Relink, false)] {
        let mut changes = vec![choose(&exists, Choice::KeepBeside)];
        changes.extend(conflicts.iter().map(|key| choose(key, choice)));
        let case = applied(&world, changes).await;
        let now = customer_of(&case, right).await;
        assert_eq!(now.get("_id") == Some(&Bson::from("old")), kept, "{now}");
        let relinked = customer_of(&case, wrong).await;
        assert_eq!(relinked.get_object_id("businessId").unwrap(), business(2));
    }
}

#[tokio::test]
async fn id_type_mismatch() {
    let mut world = World::new();
    world.add(
        "Service",
        doc! { "_id": service(3), "businessId": business(1).to_hex() },
    );
    world.add("User", somebody(3));
    let of = world.book(user(3).to_hex(), service(3).to_hex());
    let conflicts = ["Booking.serviceId", "Booking.userId", "Service.businessId"]
        .map(|field| key(Code::IdTypeMismatch, None, &[Id::string(field)]));
    let case = world.seeded().await;
    let found = crate::conflicts::world::found(&crate::conflicts::world::surveyed(&case).await);
    assert_eq!(found, conflicts.clone().map(|key| (key, 1)));
    let changes = conflicts.iter().map(|key| choose(key, Choice::JoinByValue));
    let case = applied(&world, changes.collect()).await;
    let customer = customer_of(&case, of).await;
    assert_eq!(customer.get_object_id("businessId").unwrap(), business(1));
    let stays = one(&case, "Booking", of).await.unwrap();
    assert_eq!(
        stays.get_str("serviceId").unwrap(),
        service(3).to_hex().as_str()
    );
    assert!(stays.get_object_id("customerId").is_ok(), "{stays}");
}
