//! Each violation that one document can have: planted alone in a database of its own, found with its id and nothing else, and ended by its repair.

use bson::oid::ObjectId;
use bson::{Binary, Bson, DateTime, Decimal128, Document, doc};
use futures_util::{StreamExt, stream};

use crate::conform::shop::{
    self, BOOKING, BUSINESS, CUSTOMER, TAG, USER, conform, findings, id, json, lines,
};

/// What is done to one document, what is found, and what mends it.
struct Plant {
    of: u8,
    put: Document,
    /// Model, field, kind.
    found: (&'static str, &'static str, &'static str),
    /// How the error begins.
    error: &'static str,
    mend: Document,
}

fn collection(of: u8) -> &'static str {
    match of {
        USER => "users",
        BUSINESS => "businesses",
        TAG => "Tag",
        CUSTOMER => "customers",
        _ => "bookings",
    }
}

const P2032: &str = "P2032";
const P2023: &str = "P2023";
const SILENT: &str = "silent";
const STOPS: &str = "\"Decimal128 extended JSON not implemented yet\"";

fn booking(
    field: &'static str,
    value: impl Into<Bson>,
    (name, kind, error): (&'static str, &'static str, &'static str),
    mended: impl Into<Bson>,
) -> Plant {
    Plant {
        of: BOOKING,
        put: doc! { "$set": { field: value.into() } },
        found: ("Booking", name, kind),
        error,
        mend: doc! { "$set": { field: mended.into() } },
    }
}

fn unset(
    of: u8,
    field: &'static str,
    (model, name, kind): (&'static str, &'static str, &'static str),
    error: &'static str,
    mended: impl Into<Bson>,
) -> Plant {
    Plant {
        of,
        put: doc! { "$unset": { field: 1 } },
        found: (model, name, kind),
        error,
        mend: doc! { "$set": { field: mended.into() } },
    }
}

fn business(
    set: Document,
    (name, kind, error): (&'static str, &'static str, &'static str),
    mend: Document,
) -> Plant {
    Plant {
        of: BUSINESS,
        put: doc! { "$set": set },
        found: ("Business", name, kind),
        error,
        mend: doc! { "$set": mend },
    }
}

fn decimal() -> Decimal128 {
    "1".parse().unwrap()
}

fn date() -> DateTime {
    DateTime::from_millis(5)
}

fn uuid() -> Binary {
    let subtype = bson::spec::BinarySubtype::Uuid;
    Binary {
        subtype,
        bytes: vec![7; 16],
    }
}

#[allow(clippy::too_many_lines)] // one row for each case
fn absent() -> Vec<Plant> {
    let updated = ("Booking", "updatedAt", "missing-required");
    vec![
        unset(BOOKING, "updatedAt", updated, P2032, date()),
        unset(
            BOOKING,
            "seats",
            ("Booking", "seats", "missing-required"),
            P2032,
            1,
        ),
        unset(
            BOOKING,
            "startTime",
            ("Booking", "start", "missing-required"),
            P2032,
            date(),
        ),
        unset(
            BOOKING,
            "customer_id",
            ("Booking", "customerId", "missing-required"),
            P2032,
            id(CUSTOMER, 0),
        ),
        unset(
            BUSINESS,
            "address.town",
            ("Business", "address.city", "missing-required"),
            P2032,
            "Delft",
        ),
        booking("seats", Bson::Null, ("seats", "null-required", P2032), 1),
        booking(
            "startTime",
            Bson::Null,
            ("start", "null-required", P2032),
            date(),
        ),
        business(
            doc! { "address": Bson::Null },
            ("address", "null-required", P2032),
            doc! { "address": { "street": "s", "town": "t", "lines": [], "kind": "home" } },
        ),
        business(
            doc! { "branches.1.town": Bson::Null },
            ("branches.city", "null-required", P2032),
            doc! { "branches.1.town": "t" },
        ),
        business(
            doc! { "address.geo": { "lat": Bson::Null, "lng": 1 } },
            ("address.geo.lat", "null-required", P2032),
            doc! { "address.geo.lat": 1.5 },
        ),
        booking(
            "notes",
            vec![Bson::Null],
            ("notes", "null-in-list", P2032),
            vec!["a"],
        ),
        booking(
            "history",
            vec![Bson::Null, "DONE".into()],
            ("history", "null-in-list", P2032),
            vec!["DONE"],
        ),
        business(
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1), Bson::Null] },
            ("tagIds", "null-in-list", P2032),
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1)] },
        ),
        business(
            doc! { "branches": [Bson::Null] },
            ("branches", "null-in-list", P2032),
            doc! { "branches": [] },
        ),
        unset(
            BOOKING,
            "notes",
            ("Booking", "notes", "missing-list"),
            SILENT,
            Bson::Array(vec![]),
        ),
        booking(
            "scores",
            Bson::Null,
            ("scores", "missing-list", SILENT),
            Bson::Array(vec![]),
        ),
        unset(
            BUSINESS,
            "branches",
            ("Business", "branches", "missing-list"),
            SILENT,
            Bson::Array(vec![]),
        ),
        unset(
            BUSINESS,
            "address.lines",
            ("Business", "address.lines", "missing-list"),
            SILENT,
            Bson::Array(vec![]),
        ),
        unset(
            BOOKING,
            "paid",
            ("Booking", "paid", "default-not-written"),
            SILENT,
            false,
        ),
        booking(
            "status",
            Bson::Null,
            ("status", "default-not-written", SILENT),
            "pending",
        ),
        unset(
            BUSINESS,
            "address.kind",
            ("Business", "address.kind", "default-not-written"),
            SILENT,
            "home",
        ),
    ]
}

fn ids() -> Vec<Plant> {
    let customer = id(CUSTOMER, 1);
    vec![
        booking(
            "customer_id",
            "abc",
            ("customerId", "malformed-id", "P2023 Malformed"),
            customer,
        ),
        booking(
            "customer_id",
            "",
            ("customerId", "malformed-id", P2023),
            customer,
        ),
        booking(
            "customer_id",
            "z".repeat(24),
            ("customerId", "malformed-id", P2023),
            customer,
        ),
        booking(
            "customer_id",
            customer.to_hex(),
            ("customerId", "wrong-type", "silent: it is read as an id"),
            customer,
        ),
        booking(
            "customer_id",
            5,
            ("customerId", "wrong-type", P2023),
            customer,
        ),
        business(
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1).to_hex()] },
            ("tagIds", "wrong-type", SILENT),
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1)] },
        ),
        business(
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1), "x"] },
            ("tagIds", "malformed-id", P2023),
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1)] },
        ),
    ]
}

#[allow(clippy::too_many_lines)] // as above
fn types() -> Vec<Plant> {
    let refused = |field| (field, "wrong-type", P2023);
    vec![
        booking("seats", "2", refused("seats"), 2),
        booking("seats", decimal(), refused("seats"), 2),
        booking("seats", true, refused("seats"), 2),
        booking("seats", f64::NAN, refused("seats"), 2),
        booking("seats", f64::INFINITY, refused("seats"), 2),
        booking(
            "seats",
            1.5,
            (
                "seats",
                "wrong-type",
                "silent: the number is read without its fraction",
            ),
            1,
        ),
        booking(
            "scores",
            vec![Bson::Double(1.5)],
            ("scores", "wrong-type", SILENT),
            vec![1],
        ),
        booking("scores", 5, refused("scores"), vec![5]),
        booking("scores", doc! { "a": 1 }, refused("scores"), vec![1]),
        booking(
            "scores",
            vec![Bson::Array(vec![1.into()])],
            refused("scores"),
            vec![1],
        ),
        booking("price", f64::NAN, refused("price"), 1.0),
        booking("price", "1", refused("price"), 1.0),
        booking("price", decimal(), refused("price"), 1.0),
        booking("serial", 3.0, refused("serial"), 3),
        booking("serial", "3", refused("serial"), 3),
        booking("paid", 1, refused("paid"), true),
        booking("paid", "true", refused("paid"), true),
        booking("startTime", "2026-01-01", refused("start"), date()),
        booking("startTime", 5_i64, refused("start"), date()),
        booking("startTime", 5.0, refused("start"), date()),
        booking("notes", vec![Bson::Int32(1)], refused("notes"), vec!["1"]),
        booking("photo", "text", refused("photo"), Bson::Null),
        booking("extra", decimal(), ("extra", "wrong-type", STOPS), 1),
        booking(
            "extra",
            doc! { "a": [{ "b": decimal() }] },
            ("extra", "wrong-type", STOPS),
            1,
        ),
        booking("reason", 3, refused("reason"), Bson::Null),
        business(doc! { "name": 1 }, refused("name"), doc! { "name": "1" }),
        business(doc! { "name": true }, refused("name"), doc! { "name": "1" }),
        business(
            doc! { "name": date() },
            refused("name"),
            doc! { "name": "1" },
        ),
        business(
            doc! { "name": { "a": 1 } },
            refused("name"),
            doc! { "name": "1" },
        ),
        business(
            doc! { "name": uuid() },
            refused("name"),
            doc! { "name": "1" },
        ),
        business(
            doc! { "address.geo": "52, 4" },
            (
                "address.geo",
                "wrong-type",
                "silent: the whole value is read as null",
            ),
            doc! { "address.geo": Bson::Null },
        ),
        business(
            doc! { "address.geo": [] },
            refused("address.geo"),
            doc! { "address.geo": Bson::Null },
        ),
        business(
            doc! { "address.geo": { "lat": "1", "lng": 2 } },
            refused("address.geo.lat"),
            doc! { "address.geo.lat": 1 },
        ),
        business(
            doc! { "branches": { "street": "s" } },
            refused("branches"),
            doc! { "branches": [] },
        ),
        booking(
            "seats",
            3_000_000_000_i64,
            ("seats", "out-of-range", SILENT),
            3,
        ),
        booking("seats", 3e9, ("seats", "out-of-range", SILENT), 3),
        booking(
            "seats",
            -2_147_483_649_i64,
            ("seats", "out-of-range", SILENT),
            3,
        ),
        booking(
            "scores",
            vec![1_i64 << 40],
            ("scores", "out-of-range", SILENT),
            vec![1],
        ),
        booking(
            "status",
            "PENDING",
            ("status", "bad-enum", "\"Value … not found in enum\""),
            "pending",
        ),
        booking(
            "status",
            "Pending",
            ("status", "bad-enum", "\"Value"),
            "pending",
        ),
        booking("status", "", ("status", "bad-enum", "\"Value"), "pending"),
        booking(
            "history",
            vec!["gone"],
            ("history", "bad-enum", "\"Value"),
            vec!["DONE"],
        ),
    ]
}

fn broken() -> Vec<Plant> {
    let nobody = ObjectId::from_bytes([9; 12]);
    vec![
        booking(
            "customer_id",
            nobody,
            (
                "customerId",
                "dangling-relation",
                "\"Inconsistent query result\"",
            ),
            id(CUSTOMER, 0),
        ),
        business(
            doc! { "ownerId": nobody },
            ("ownerId", "dangling-relation", "\"Inconsistent"),
            doc! { "ownerId": id(USER, 0) },
        ),
        business(
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1), nobody] },
            (
                "tagIds",
                "dangling-relation",
                "silent: the document is left out",
            ),
            doc! { "tag_ids": [id(TAG, 0), id(TAG, 1)] },
        ),
        Plant {
            of: TAG,
            put: doc! { "$pull": { "businessIds": id(BUSINESS, 1) } },
            // The business still names the tag.
            found: ("Business", "tagIds", "relation-mismatch"),
            error: SILENT,
            mend: doc! { "$push": { "businessIds": id(BUSINESS, 1) } },
        },
    ]
}

/// Plants, finds, mends.
async fn play(plant: Plant) {
    let case = shop::case().await;
    let documents = case.database.collection::<Document>(collection(plant.of));
    let number = 1;
    let planted = id(plant.of, number);
    let (model, field, kind) = plant.found;
    let what = format!("{kind} of {model}.{field}: {}", plant.put);
    let one = doc! { "_id": planted };
    documents.update_one(one.clone(), plant.put).await.unwrap();
    let found = json(conform(&case, &["--json"]).await, 2);
    assert_eq!(
        findings(&found),
        [format!("{model}.{field} {kind} 1")],
        "{what}"
    );
    let models = found["models"].as_array().unwrap().iter();
    let finding = models
        .flat_map(|it| it["findings"].as_array().unwrap())
        .next()
        .unwrap();
    // Of a mismatch it is the document that holds the id.
    let holder = match kind {
        "relation-mismatch" => id(BUSINESS, 1),
        _ => planted,
    };
    assert_eq!(
        finding["samples"],
        serde_json::json!([holder.to_hex()]),
        "{what}"
    );
    let error = finding["error"].as_str().unwrap();
    assert!(error.starts_with(plant.error), "{what}: {error}");
    assert!(
        finding["repair"].as_str().unwrap().len() > 10,
        "{what}: {finding}"
    );
    let all = conform(&case, &["--all"]).await.code(2);
    let line = serde_json::json!({
        "model": model, "collection": collection(if kind == "relation-mismatch" { BUSINESS } else { plant.of }),
        "id": { "$oid": holder.to_hex() }, "field": field, "kind": kind, "advice": false,
    });
    assert_eq!(lines(&all), [line], "{what}");
    documents.update_one(one, plant.mend).await.unwrap();
    let found = json(conform(&case, &["--json"]).await, 0);
    assert_eq!(findings(&found), Vec::<String>::new(), "{what}");
    case.database.drop().await.unwrap();
}

async fn play_all(plants: Vec<Plant>) {
    stream::iter(plants).for_each_concurrent(3, play).await;
}

#[tokio::test]
async fn what_is_missing_or_null_is_found_alone_and_ended_by_its_repair() {
    play_all(absent()).await;
}

#[tokio::test]
async fn what_is_no_id_is_found_alone_and_ended_by_its_repair() {
    play_all(ids()).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_has_another_type_or_value_is_found_alone_and_ended_by_its_repair() {
    play_all(types()).await;
}

#[tokio::test]
async fn a_reference_that_leads_nowhere_or_one_way_is_found_alone_and_ended_by_its_repair() {
    play_all(broken()).await;
}
