//! The proof that the unique index on business and e-mail can be: by the plan, and by the server.

use bson::{Document, doc};
use ringfence::domain::conflict::{Choice, Code};

use crate::world::{
    World, applied, booking, business, choose, customer_of, found, id, key, planned, somebody,
    surveyed, user, with,
};

#[tokio::test]
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
    crate::world::apply(&case, vec![choose(&conflict, Choice::Merge)]).await;
    let merged = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(4)).await, merged);
}

#[tokio::test]
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
async fn two_customers_that_were_there_before_and_share_an_email_are_named_before_anything_is_written()
 {
    let mut world = World::new();
    for old in ["one", "two"] {
        world.add(
            "Customer",
            doc! { "_id": old, "businessId": business(1), "email": "same@example.org" },
        );
    }
    let case = world.seeded().await;
    planned(&case, Vec::new()).await;
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
    let live = crate::picture::application(&case.picture().await);
    planned(&case, Vec::new()).await;
    let stopped = case.apply(&["--accept-unknown"]).await.code(2);
    stopped.says(&[
        "the server finds 1 group of customers",
        "\"old\"",
        "The live data is unchanged",
    ]);
    let now = crate::picture::application(&case.picture().await);
    assert_eq!(
        crate::picture::differences(&live, &now, true),
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
    crate::world::apply(&case, vec![choose(&conflict, Choice::KeepBeside)]).await;
    let index = case.picture().await["Customer"].indexes["Customer_businessId_email_key"].clone();
    assert!(
        index.get_bool("unique").unwrap() && index.get("prepareUnique").unwrap().is_none(),
        "{index:?}"
    );
}
