//! The seeded database with users who may not go: 20 and 21 have a quarantined booking, 25 verified the e-mail, 26 is named in text deep in another
//! collection, 27 by a field's name, 28 by another user, 29 by a customer; below 20 all are named by invoices.

use std::collections::BTreeSet;

use bson::{Document, RawDocumentBuf, doc};

use crate::support::case::Case;
use crate::support::data::{CUSTOMER, OTHER, USER, id};

/// Who goes.
pub const GOING: [u32; 13] = [22, 23, 24, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39];

/// The world, before anything.
pub async fn seeded() -> Case {
    let case = Case::seeded().await;
    prepare(&case).await;
    case
}

/// Adds to the seeded data what keeps users.
pub async fn prepare(case: &Case) {
    let update = async |name: &str, id: bson::oid::ObjectId, set: Document| {
        let collection = case.database.collection::<Document>(name);
        let done = collection
            .update_one(doc! { "_id": id }, doc! { "$set": set })
            .await;
        assert_eq!(done.unwrap().modified_count, 1);
    };
    update(
        "User",
        id(USER, 25),
        doc! { "emailVerified": bson::DateTime::from_millis(5) },
    )
    .await;
    update("User", id(USER, 24), doc! { "emailVerified": null }).await;
    update("User", id(USER, 30), doc! { "invitedBy": id(USER, 28) }).await;
    update(
        "User",
        id(USER, 31),
        doc! { "self": id(USER, 31), "image": "face.png" },
    )
    .await;
    update(
        "Customer",
        id(CUSTOMER, 2),
        doc! { "madeFrom": id(USER, 29) },
    )
    .await;
    let reviews = [
        doc! { "_id": id(OTHER, 500), "talk": [{ "said": [{ "by": id(USER, 26).to_hex() }] }] },
        doc! { "_id": id(OTHER, 501), "readBy": { id(USER, 27).to_hex(): true } },
    ];
    let collection = case.database.collection("Review");
    collection.insert_many(reviews).await.unwrap();
    // Whom nobody can tell a business of.
    let idle = [
        doc! { "_id": id(USER, 60), "name": "Idle", "email": "idle@example.com", "phone": "1", "createdAt": bson::DateTime::from_millis(7) },
        doc! { "_id": id(USER, 61), "name": "Idle too", "email": "idle2@example.com", "createdAt": bson::DateTime::from_millis(8) },
    ];
    let users = case.database.collection("User");
    users.insert_many(idle).await.unwrap();
}

/// The numbers of the users in a collection.
pub async fn numbers(case: &Case, collection: &str) -> BTreeSet<u32> {
    let rows = rows(case, collection).await;
    let ids = rows.iter().map(|row| row.get_object_id("_id").unwrap());
    ids.map(|id| u32::from_be_bytes(id.bytes()[8..].try_into().unwrap()))
        .collect()
}

/// The rows of a collection.
pub async fn rows(case: &Case, collection: &str) -> Vec<RawDocumentBuf> {
    crate::support::picture::documents(&case.database, collection).await
}

/// Plans with every suggestion and with retiring, and applies; both must go well.
pub async fn retire(case: &Case) {
    plan(case).await;
    case.apply(&[]).await.code(0);
}

/// A plan that retires.
pub async fn plan(case: &Case) -> crate::support::case::Ended {
    let words = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&words).await.code(0)
}
