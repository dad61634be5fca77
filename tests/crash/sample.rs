//! The database that is killed over: the demo's sample, made two pages of bookings long, with expiries and validators, which a cut-over
//! must carry over after its renames.

use bson::oid::ObjectId;
use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::Database;
use ringfence::demo::sample::{Size, seed};

use crate::support;
use crate::support::case::Case;
use crate::support::data::run;

/// The seed of every database here: all of them hold the same bytes.
const SEED: u64 = 11;
/// Bookings on top of the sample's 2,000: a page of a converge holds 2,000.
const MORE: usize = 400;
/// Twenty years, in seconds: nothing expires while a test looks.
const YEARS: i32 = 630_720_000;

/// A case with the sample, on the shared server.
pub async fn case() -> Case {
    let (uri, name) = support::fresh_database();
    case_at(uri, name).await
}

/// A case with the sample, in an empty database of any server.
pub async fn case_at(uri: String, name: String) -> Case {
    let case = Case::at(uri, name).await;
    seed(&case.database, SEED, Size::Small, &|_, _| {})
        .await
        .unwrap();
    more_bookings(&case.database).await;
    for (collection, action) in [("Booking", "error"), ("User", "warn"), ("Customer", "warn")] {
        let expiry = doc! { "key": { "createdAt": 1 }, "name": format!("{collection}_createdAt_idx"), "expireAfterSeconds": YEARS };
        let database = &case.database;
        run(
            database,
            doc! { "createIndexes": collection, "indexes": [expiry] },
        )
        .await;
        let validator = doc! { "_id": { "$type": "objectId" } };
        run(
            database,
            doc! { "collMod": collection, "validator": validator, "validationAction": action },
        )
        .await;
    }
    case.plan().await;
    case
}

/// Bookings again, under further ids: of the same people at the same businesses.
async fn more_bookings(database: &Database) {
    let bookings = database.collection::<Document>("Booking");
    let cursor = bookings.find(doc! { "userId": { "$type": "objectId" } });
    let cursor = cursor
        .sort(doc! { "_id": 1 })
        .limit(MORE.try_into().unwrap());
    let mut more: Vec<Document> = cursor.await.unwrap().try_collect().await.unwrap();
    for (booking, number) in more.iter_mut().zip(0_u32..) {
        let mut id = [0x7f; 12];
        id[8..].copy_from_slice(&number.to_be_bytes());
        booking.insert("_id", ObjectId::from_bytes(id));
    }
    assert_eq!(more.len(), MORE);
    bookings.insert_many(more).await.unwrap();
}
