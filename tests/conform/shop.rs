//! A shop whose documents are as its schema says, and what is found when they are not.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use mongodb::Database;
use serde_json::Value as Json;

use crate::support::case::{Case, Ended};
use crate::support::data;

pub const SCHEMA: &str = include_str!("shop.prisma");

/// The id of this number in a collection.
pub fn id(of: u8, number: u32) -> ObjectId {
    let mut bytes = [of; 12];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

pub const USER: u8 = 0xA1;
pub const BUSINESS: u8 = 0xB1;
pub const TAG: u8 = 0xC1;
pub const CUSTOMER: u8 = 0xD1;
pub const BOOKING: u8 = 0xE1;

fn address(city: &str) -> Document {
    doc! { "street": "Kade 1", "town": city, "geo": { "lat": 52.0, "lng": 4 }, "lines": ["a"], "kind": "home" }
}

pub fn booking(number: u32) -> Document {
    doc! {
        "_id": id(BOOKING, number), "customer_id": id(CUSTOMER, number % 4), "startTime": DateTime::from_millis(1_000),
        "status": "pending", "reason": Bson::Null, "seats": 2, "price": 9.5, "serial": 7_i64, "paid": true,
        "photo": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1] }, "extra": { "a": [1] },
        "notes": ["n"], "scores": [1, 2_i64, 3.0], "history": ["confirmed", "DONE"], "updatedAt": DateTime::from_millis(2_000),
        "unknown": "to the schema",
    }
}

/// The documents, and the indexes that `db push` would make.
pub async fn seed(database: &Database) {
    let insert = async |name: &str, documents: Vec<Document>| {
        let collection = database.collection::<Document>(name);
        collection.insert_many(documents).await.unwrap();
    };
    let users = (0..3).map(|at| {
        doc! { "_id": id(USER, at), "name": format!("U{at}"), "email": format!("u{at}@example.org") }
    });
    insert("users", users.collect()).await;
    let businesses = (0..2).map(|at| {
        doc! {
            "_id": id(BUSINESS, at), "name": "B", "address": address("Delft"), "branches": [address("Gouda"), address("Lisse")],
            "ownerId": id(USER, at), "tag_ids": [id(TAG, 0), id(TAG, 1)],
        }
    });
    insert("businesses", businesses.collect()).await;
    let tags = (0..2).map(|at| {
        doc! { "_id": id(TAG, at), "label": "t", "businessIds": [id(BUSINESS, 0), id(BUSINESS, 1)] }
    });
    insert("Tag", tags.collect()).await;
    let customers = (0..4).map(|at| {
        doc! {
            "_id": id(CUSTOMER, at), "businessId": id(BUSINESS, at % 2), "email": format!("c{at}@example.org"),
            "slug": format!("s{at}"), "referredById": if at == 3 { Bson::Null } else { id(CUSTOMER, at + 1).into() },
        }
    });
    insert("customers", customers.collect()).await;
    insert("bookings", (0..8).map(booking).collect()).await;
    for (collection, key, name, unique) in [
        ("users", doc! { "email": 1 }, "users_email_key", true),
        (
            "businesses",
            doc! { "ownerId": 1 },
            "businesses_ownerId_idx",
            false,
        ),
        (
            "businesses",
            doc! { "address.town": 1 },
            "businesses_address_town_idx",
            false,
        ),
        ("customers", doc! { "slug": 1 }, "customers_slug_key", true),
        (
            "customers",
            doc! { "businessId": 1, "email": 1 },
            "customers_businessId_email_key",
            true,
        ),
        (
            "customers",
            doc! { "referredById": 1 },
            "customers_referredById_idx",
            false,
        ),
        (
            "bookings",
            doc! { "customer_id": 1, "startTime": -1 },
            "bookings_customer_id_startTime_idx",
            false,
        ),
    ] {
        let index = doc! { "key": key, "name": name, "unique": unique };
        data::run(
            database,
            doc! { "createIndexes": collection, "indexes": [index] },
        )
        .await;
    }
}

/// The shop in a database of its own, with its schema beside it.
pub async fn case() -> Case {
    let case = Case::empty().await;
    seed(&case.database).await;
    with_schema(&case, SCHEMA);
    case
}

pub fn with_schema(case: &Case, schema: &str) {
    std::fs::write(case.path("schema.prisma"), schema).unwrap();
}

pub async fn conform(case: &Case, more: &[&str]) -> Ended {
    let mut all = vec!["conform", "--schema", "schema.prisma"];
    all.extend(more);
    case.ringfence(&all).await
}

/// The document of `--json`, which must end with this code.
#[track_caller]
pub fn json(ended: Ended, code: i32) -> Json {
    serde_json::from_str(&ended.code(code).out).unwrap()
}

/// The lines of `--all`.
pub fn lines(ended: &Ended) -> Vec<Json> {
    let lines = ended.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Every finding as `Model.field kind count`, advice marked.
pub fn findings(json: &Json) -> Vec<String> {
    let mut found = Vec::new();
    for model in json["models"].as_array().unwrap() {
        for finding in model["findings"].as_array().unwrap() {
            let field = match (&finding["field"], &finding["fields"]) {
                (Json::String(field), Json::Null) => field.clone(),
                (Json::Null, Json::Array(fields)) => {
                    let fields = fields.iter().map(|it| it.as_str().unwrap());
                    fields.collect::<Vec<_>>().join("+")
                }
                other => panic!("{other:?}"),
            };
            let advice = if finding["advice"] == true {
                " advice"
            } else {
                ""
            };
            found.push(format!(
                "{}.{field} {} {}{advice}",
                model["name"].as_str().unwrap(),
                finding["kind"].as_str().unwrap(),
                finding["count"]
            ));
        }
    }
    found
}
