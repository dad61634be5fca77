//! Conflicts about users, each found exactly, and each answer with what comes of it.

use bson::{Bson, DateTime, doc};
use ringfence::domain::conflict::{Choice, Code};
use ringfence::domain::id::Id;

use crate::conflicts::world::{
    World, applied, booking, business, choose, count, customer_of, finds_only, id, key, one,
    service, somebody, surveyed, user, with,
};

#[tokio::test]
async fn a_database_without_a_conflict_has_none() {
    let case = World::new().seeded().await;
    assert_eq!(crate::conflicts::world::found(&surveyed(&case).await), []);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn missing_name() {
    for name in [Bson::Null, "".into(), " \u{3000}\u{a0}".into()] {
        let mut world = World::new();
        world.customer(with(somebody(3), doc! { "name": name }), 1);
        let conflict = key(Code::MissingName, None, &[id(user(3))]);
        finds_only(&world, &conflict, 1).await;
        let case = applied(&world, vec![choose(&conflict, Choice::UnknownCustomer)]).await;
        let customer = customer_of(&case, booking(3)).await;
        assert_eq!(customer.get_str("name").unwrap(), "Unknown Customer");
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn missing_email_and_the_partial_index_where_two_lack_one() {
    let mut world = World::new();
    let mut without = somebody(3);
    without.remove("email");
    world.customer(without, 1);
    let conflict = key(Code::MissingEmail, None, &[id(user(3))]);
    finds_only(&world, &conflict, 1).await;
    let index = async |case: &crate::support::case::Case| {
        let names = case.database.collection::<bson::Document>("Customer");
        names.list_index_names().await.unwrap()
    };
    let case = applied(&world, vec![choose(&conflict, Choice::Keep)]).await;
    assert!(!customer_of(&case, booking(3)).await.contains_key("email"));
    assert!(
        index(&case)
            .await
            .contains(&"Customer_businessId_email_key".to_owned())
    );

    world.customer(with(somebody(4), doc! { "email": null }), 1);
    let case = applied(&world, Vec::new()).await;
    assert!(
        index(&case)
            .await
            .contains(&"Customer_businessId_email_present_key".to_owned())
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn invalid_email() {
    for email in ["nobody", "a@b", "two words@example.org"] {
        let mut world = World::new();
        world.customer(with(somebody(3), doc! { "email": email }), 1);
        let conflict = key(Code::InvalidEmail, None, &[id(user(3))]);
        finds_only(&world, &conflict, 1).await;
        let case = applied(&world, vec![choose(&conflict, Choice::Keep)]).await;
        assert_eq!(
            customer_of(&case, booking(3))
                .await
                .get_str("email")
                .unwrap(),
            email
        );
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn account_also_customer_by_password_ownership_membership_or_account() {
    let by_password = |world: &mut World| {
        world.customer(with(somebody(3), doc! { "hashedPassword": "$2b$10$x" }), 1);
    };
    let by_membership = |world: &mut World| {
        world.customer(somebody(3), 1);
        world.add("TeamMember", doc! { "_id": 1, "userId": user(3) });
    };
    let by_account = |world: &mut World| {
        world.customer(somebody(3), 1);
        world.add("Account", doc! { "_id": 1, "userId": user(3) });
    };
    let by_ownership = |world: &mut World| {
        world.customer(somebody(3), 1);
        world.add(
            "Business",
            doc! { "_id": business(3), "name": "Salon 3", "ownerId": user(3) },
        );
    };
    let ways: [&dyn Fn(&mut World); 4] = [&by_password, &by_membership, &by_account, &by_ownership];
    for way in ways {
        let mut world = World::new();
        way(&mut world);
        let conflict = key(Code::AccountAlsoCustomer, None, &[id(user(3))]);
        finds_only(&world, &conflict, 1).await;
    }
    let mut world = World::new();
    by_password(&mut world);
    let conflict = key(Code::AccountAlsoCustomer, None, &[id(user(3))]);
    let case = applied(&world, vec![choose(&conflict, Choice::Create)]).await;
    let customer = customer_of(&case, booking(3)).await;
    assert_eq!(customer.get_str("email").unwrap(), "person3@example.org");
    assert!(
        one(&case, "User", user(3))
            .await
            .unwrap()
            .contains_key("hashedPassword")
    );

    let case = applied(&world, vec![choose(&conflict, Choice::Skip)]).await;
    let left = one(&case, "Booking", booking(3)).await.unwrap();
    assert!(
        left.contains_key("userId") && !left.contains_key("customerId"),
        "{left}"
    );
    assert!(
        one(&case, "User", user(3))
            .await
            .unwrap()
            .contains_key("phone")
    );
}

#[tokio::test]
async fn a_password_that_is_missing_null_or_empty_is_none_and_each_is_counted() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "hashedPassword": null }), 1);
    world.customer(with(somebody(4), doc! { "hashedPassword": "" }), 1);
    let case = world.seeded().await;
    let session = surveyed(&case).await;
    assert_eq!(crate::conflicts::world::found(&session), []);
    assert_eq!(session.overview().unwrap().without_password, [2, 1, 1]);
    let json = case.ringfence(&["survey", "--json"]).await.code(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        json["withoutPassword"],
        serde_json::json!({ "missing": 2, "null": 1, "empty": 1 })
    );
}

#[tokio::test]
async fn idle_user() {
    let mut world = World::new();
    world.add("User", somebody(3));
    let conflict = key(Code::IdleUser, None, &[id(user(3))]);
    finds_only(&world, &conflict, 1).await;
    let case = applied(&world, vec![choose(&conflict, Choice::Keep)]).await;
    assert_eq!(one(&case, "User", user(3)).await, Some(somebody(3)));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn contact_only_on_account() {
    let mut world = World::new();
    let account = with(somebody(3), doc! { "hashedPassword": "x" });
    world.add("User", account.clone());
    let conflict = key(Code::ContactOnlyOnAccount, None, &[id(user(3))]);
    finds_only(&world, &conflict, 1).await;
    let case = applied(&world, vec![choose(&conflict, Choice::Keep)]).await;
    assert_eq!(one(&case, "User", user(3)).await, Some(account.clone()));
    let case = applied(&world, vec![choose(&conflict, Choice::Wipe)]).await;
    let mut wiped = account;
    wiped.remove("phone");
    assert_eq!(one(&case, "User", user(3)).await, Some(wiped));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn contact_shared() {
    let mut world = World::new();
    world.customer(somebody(3), 1);
    let second = world.book(user(3), service(2));
    let conflict = key(Code::ContactShared, None, &[id(user(3))]);
    finds_only(&world, &conflict, 1).await;
    let case = applied(&world, vec![choose(&conflict, Choice::CopyAll)]).await;
    for at in [booking(3), second] {
        assert!(customer_of(&case, at).await.contains_key("phone"));
    }
    assert!(
        !one(&case, "User", user(3))
            .await
            .unwrap()
            .contains_key("phone")
    );
    let case = applied(&world, vec![choose(&conflict, Choice::NameAndEmail)]).await;
    for at in [booking(3), second] {
        let customer = customer_of(&case, at).await;
        assert!(
            customer.contains_key("email") && !customer.contains_key("phone"),
            "{customer}"
        );
    }
    assert!(
        one(&case, "User", user(3))
            .await
            .unwrap()
            .contains_key("phone")
    );
}

#[tokio::test]
async fn unsafe_text() {
    let long = "x".repeat(1_001);
    for name in ["\u{1b}[31mred", "a\u{202e}b", "a\u{200b}b", "a\rb", &long] {
        let mut world = World::new();
        world.customer(with(somebody(3), doc! { "name": name }), 1);
        world.customer(
            with(
                somebody(4),
                doc! { "name": "José 李 שלום", "city": "x".repeat(1_000) },
            ),
            1,
        );
        let conflict = key(Code::UnsafeText, None, &[id(user(3))]);
        finds_only(&world, &conflict, 1).await;
        if name != "\u{1b}[31mred" {
            continue; // what is done with one is done with all
        }
        let case = applied(&world, vec![choose(&conflict, Choice::Keep)]).await;
        assert_eq!(
            customer_of(&case, booking(3))
                .await
                .get_str("name")
                .unwrap(),
            name
        );
    }
}

#[tokio::test]
async fn referenced_elsewhere_in_fields_arrays_and_as_text() {
    let mut world = World::new();
    world.add(
        "Review",
        doc! { "_id": 1, "by": { "author": user(1) }, "liked": [user(1), user(2), user(77)] },
    );
    world.add("Review", doc! { "_id": 2, "by": { "author": user(101) } }); // an owner: nothing is removed
    world.add(
        "Log",
        doc! { "_id": user(2), "actor": user(1).to_hex(), "note": "user" },
    );
    let case = world.seeded().await;
    let expected: Vec<_> = [
        ("Log._id", 1),
        ("Log.actor", 1),
        ("Review.by.author", 1),
        ("Review.liked", 2),
    ]
    .map(|(path, count)| {
        (
            key(Code::ReferencedElsewhere, None, &[Id::string(path)]),
            count,
        )
    })
    .into();
    assert_eq!(
        crate::conflicts::world::found(&surveyed(&case).await),
        expected
    );
    let changes = expected.iter().map(|(key, _)| choose(key, Choice::Keep));
    let case = applied(&world, changes.collect()).await;
    assert_eq!(
        count(&case, "User").await,
        4,
        "users who are referred to stay"
    );
}

#[tokio::test]
async fn references_in_a_large_collection_are_sampled_and_then_all_counted() {
    let mut world = World::new();
    world.customer(somebody(3), 1);
    let case = world.seeded().await;
    let many: Vec<_> = (0..21_000)
        .map(|n| doc! { "_id": n, "who": user(if n % 3 == 0 { 1 } else { 200 }), "at": DateTime::MIN })
        .collect();
    let events = case.database.collection("Event");
    events.insert_many(many).await.unwrap();
    let conflict = key(Code::ReferencedElsewhere, None, &[Id::string("Event.who")]);
    assert_eq!(
        crate::conflicts::world::found(&surveyed(&case).await),
        [(conflict, 7_000)]
    );
}
