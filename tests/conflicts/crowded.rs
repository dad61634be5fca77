//! Unique indexes of customers and of users that could not hold together what these become, found by the survey.

use bson::{Document, doc};
use ringfence::domain::conflict::{Choice, Code, ConflictKey};
use ringfence::domain::id::Id;

use crate::conflicts::world::{
    World, apply, booking, business, choose, customer_of, found, key, one, planned, somebody,
    surveyed, user, with,
};
use crate::support::case::Case;

async fn index(case: &Case, collection: &str, index: Document) {
    let create = doc! { "createIndexes": collection, "indexes": [index] };
    case.database.run_command(create).await.unwrap();
}

fn of(code: Code, index: &str) -> ConflictKey {
    key(code, None, &[Id::string(index)])
}

async fn found_of(case: &Case, code: Code) -> Vec<(ConflictKey, u64)> {
    let mut found = found(&surveyed(case).await);
    found.retain(|(key, _)| key.code == code);
    found
}

/// Users 3 and 4 have one phone number at business 1, where one customer is there already.
async fn customers() -> Case {
    let mut world = World::new();
    for n in [3, 4] {
        world.customer(with(somebody(n), doc! { "phone": "+44 20 7946 0999" }), 1);
    }
    world.add(
        "Customer",
        doc! { "_id": "old", "businessId": business(1), "email": "old@example.org", "phone": "7" },
    );
    world.seeded().await
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn customer_unique() {
    let case = customers().await;
    let keys = doc! { "businessId": 1, "phone": 1 };
    index(
        &case,
        "Customer",
        doc! { "key": keys, "name": "one_phone", "unique": true },
    )
    .await;
    let conflict = of(Code::CustomerUnique, "Customer.one_phone");
    assert_eq!(
        found_of(&case, Code::CustomerUnique).await,
        [(conflict.clone(), 2)]
    );
    case.ringfence(&["survey"])
        .await
        .code(2)
        .says(&["customer-unique"]);
    let sources = surveyed(&case).await.sources(&conflict).await.unwrap();
    assert_eq!(sources.records.len(), 2, "its members are shown");

    planned(&case, vec![choose(&conflict, Choice::Stop)]).await;
    let before = case.picture().await;
    let stopped = case.apply(&["--accept-unknown"]).await.code(1);
    stopped.says(&["customer-unique: stop", "Nothing was changed"]);
    case.assert_same(&before).await;

    apply(&case, vec![choose(&conflict, Choice::DropIndex)]).await;
    let indexes = &case.picture().await["Customer"].indexes;
    assert!(
        !indexes.contains_key("one_phone") && indexes.contains_key("Customer_businessId_email_key")
    );
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["one_phone of Customer is left out by decision"]);
    case.roll_back(&[]).await.code(0);
    assert!(
        case.picture().await["Customer"]
            .indexes
            .contains_key("one_phone")
    );
}

#[tokio::test]
async fn an_index_that_is_sparse_or_partial_or_tells_them_apart_is_no_conflict() {
    let case = customers().await;
    for (n, more) in (0..).zip([
        doc! { "key": { "businessId": 1, "phone": 1, "_id": 1 } },
        doc! { "key": { "legacyCode": 1 }, "sparse": true },
        doc! { "key": { "businessId": 1 }, "partialFilterExpression": { "legacyCode": { "$exists": true } } },
        doc! { "key": { "businessId": 1, "email": 1 } },
    ]) {
        let name = doc! { "name": format!("i{n}"), "unique": true };
        index(&case, "Customer", with(more, name)).await;
    }
    assert_eq!(found_of(&case, Code::CustomerUnique).await, []);
    // A field that no new customer has is null for all of them.
    let keys = doc! { "key": { "legacyCode": 1 }, "name": "code", "unique": true };
    index(&case, "Customer", keys).await;
    let conflict = of(Code::CustomerUnique, "Customer.code");
    assert_eq!(found_of(&case, Code::CustomerUnique).await, [(conflict, 5)]);
}

/// Every user has a phone number of their own, and 1 and 2 become customers.
async fn users() -> Case {
    let case = World::new().seeded().await;
    let users = case.database.collection::<Document>("User");
    for n in [101, 102] {
        let phone = doc! { "$set": { "phone": format!("{n}") } };
        users
            .update_one(doc! { "_id": user(n) }, phone)
            .await
            .unwrap();
    }
    case
}

#[tokio::test]
async fn user_unique() {
    let case = users().await;
    let plain = doc! { "key": { "phone": 1 }, "name": "User_phone_key", "unique": true };
    index(&case, "User", plain).await;
    let conflict = of(Code::UserUnique, "User.User_phone_key");
    assert_eq!(
        found_of(&case, Code::UserUnique).await,
        [(conflict.clone(), 2)]
    );
    let before = case.picture().await;
    planned(&case, vec![choose(&conflict, Choice::Stop)]).await;
    let stopped = case.apply(&["--accept-unknown"]).await.code(1);
    stopped.says(&["user-unique: stop", "Nothing was changed"]);

    apply(&case, vec![choose(&conflict, Choice::DropIndex)]).await;
    let cleaned = one(&case, "User", user(1)).await.unwrap();
    assert!(!cleaned.contains_key("phone"));
    assert!(customer_of(&case, booking(1)).await.contains_key("phone"));
    assert!(
        !case.picture().await["User"]
            .indexes
            .contains_key("User_phone_key")
    );
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = crate::support::picture::but_runs(&case.picture().await);
    let differs = crate::support::picture::differences(
        &crate::support::picture::but_runs(&before),
        &now,
        true,
    );
    assert_eq!(differs, Vec::<String>::new());
}

#[tokio::test]
async fn a_sparse_index_of_users_or_one_without_contact_fields_stays() {
    let case = users().await;
    let sparse = doc! { "key": { "phone": 1 }, "name": "sparse", "unique": true, "sparse": true };
    index(&case, "User", sparse).await;
    index(
        &case,
        "User",
        doc! { "key": { "email": 1 }, "name": "email", "unique": true },
    )
    .await;
    assert_eq!(found_of(&case, Code::UserUnique).await, []);
    apply(&case, Vec::new()).await;
    let indexes = &case.picture().await["User"].indexes;
    assert!(indexes.contains_key("sparse") && indexes.contains_key("email"));
}
