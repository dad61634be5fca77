//! Options and indexes of the mapped collections, and the collections beside them that must not be touched.

use bson::{Document, doc};
use fastrand::Rng;

use super::values::{IdStyle, booking_id, id, odd_fields, odd_value};
use super::{Collection, Kind, distinct_ids, finish};
use crate::oracle::bytes::{Value, field, fields, first, tag};

/// Puts collations, validators and indexes on the mapped collections.
pub fn dress(rng: &mut Rng, collections: &mut [Collection]) {
    for collection in collections {
        if collection.name != "Customer" && rng.u8(..6) == 0 {
            collection.options.insert("collation", collation(rng));
        }
        if rng.u8(..8) == 0 {
            collection
                .options
                .insert("changeStreamPreAndPostImages", doc! { "enabled": true });
        }
        if rng.u8(..5) == 0 {
            collection.validation = Some(validation(rng, &collection.name));
        }
        match collection.name.as_str() {
            "Booking" => booking_indexes(rng, collection),
            "User" => user_indexes(rng, collection),
            "Customer" if rng.bool() => {
                collection
                    .indexes
                    .push(doc! { "key": { "createdAt": -1 }, "name": "newest" });
            }
            _ => {}
        }
        indexable(collection);
    }
}

/// Leaves out what no server can hold: a symbol under a collation cannot be indexed.
fn indexable(collection: &mut Collection) {
    let collated = |settings: &Document| settings.contains_key("collation");
    if collated(&collection.options) || collection.indexes.iter().any(collated) {
        collection
            .documents
            .retain(|document| !holds_symbol(document));
    }
}

fn holds_symbol(document: &[u8]) -> bool {
    fields(document).iter().any(|field| match field.value.tag {
        tag::SYMBOL => true,
        tag::DOCUMENT | tag::ARRAY => holds_symbol(&field.value.bytes),
        _ => false,
    })
}

/// A collation under which order, and sometimes equality, is not that of the bytes.
fn collation(rng: &mut Rng) -> Document {
    match rng.u8(..3) {
        0 => doc! { "locale": "en", "strength": 2 },
        1 => doc! { "locale": "fr", "numericOrdering": true },
        _ => doc! { "locale": "de", "caseFirst": "upper" },
    }
}

/// Rules that many of the documents break, none naming a field that the migration removes.
fn validation(rng: &mut Rng, collection: &str) -> Document {
    let required = match collection {
        "Booking" => "serviceId",
        _ => "name",
    };
    let validator = match rng.u8(..3) {
        0 => doc! { "$jsonSchema": { "bsonType": "object", "required": [required] } },
        1 => doc! { "$jsonSchema": { "properties": { "status": { "enum": ["CONFIRMED"] } } } },
        _ => doc! { required: { "$exists": true } },
    };
    let mut options = doc! { "validator": validator };
    if rng.bool() {
        options.insert("validationLevel", ["strict", "moderate"][rng.usize(..2)]);
    }
    if rng.bool() {
        options.insert("validationAction", ["error", "warn"][rng.usize(..2)]);
    }
    options
}

fn booking_indexes(rng: &mut Rng, booking: &mut Collection) {
    let collated = booking.options.contains_key("collation");
    let seconds = [0, 3600, 2_000_000_000][rng.usize(..3)];
    let choices = [
        doc! { "key": { "userId": 1 }, "name": "Booking_userId_idx" },
        doc! { "key": { "serviceId": 1, "status": -1 }, "name": "Booking_serviceId_status_idx" },
        doc! { "key": { "expiresAt": 1 }, "name": "expiry", "expireAfterSeconds": seconds },
        doc! { "key": { "reference": 1 }, "name": "Booking_reference_key", "unique": true, "sparse": true },
        doc! {
            "key": { "reference": -1 }, "name": "confirmed", "unique": true,
            "partialFilterExpression": { "status": "CONFIRMED", "reference": { "$exists": true } }
        },
        doc! { "key": { "status": 1 }, "name": "hidden one", "hidden": true },
        doc! { "key": { "meta.$**": 1 }, "name": "anything in meta" },
        doc! { "key": { "status": "hashed" }, "name": "status_hashed" },
        doc! {
            "key": { "status": 1, "createdAt": 1 }, "name": "any_case",
            "collation": { "locale": "en", "strength": 1 }
        },
        doc! { "key": { "place": "2dsphere" }, "name": "place_2dsphere", "2dsphereIndexVersion": 3 },
        doc! { "key": { "label": "text" }, "name": "label_text", "default_language": "german" },
    ];
    for index in choices {
        // Text, geo and hashed indexes need the simple collation.
        let simple_only = index
            .get_document("key")
            .is_ok_and(|key| key.values().any(|kind| kind.as_str().is_some()));
        if rng.u8(..5) == 0 {
            booking.indexes.push(match (simple_only, collated) {
                (true, true) => simple(index),
                (false, true) if rng.bool() && !index.contains_key("collation") => simple(index),
                _ => index,
            });
        }
    }
}

/// The index with the simple collation said outright; `listIndexes` then shows none.
fn simple(mut index: Document) -> Document {
    index.insert("collation", doc! { "locale": "simple" });
    index
}

fn user_indexes(rng: &mut Rng, user: &mut Collection) {
    if rng.u8(..4) == 0 {
        user.indexes
            .push(doc! { "key": { "createdAt": 1 }, "name": "User_createdAt_idx" });
    }
    if rng.u8(..2) == 0 && emails_differ(&user.documents) {
        let index = doc! { "key": { "email": 1 }, "name": "User_email_key", "unique": true };
        user.indexes
            .push(if user.options.contains_key("collation") {
                simple(index)
            } else {
                index
            });
    }
}

/// Whether a unique index on the e-mail would hold: the server takes missing for null, and a repeated field by its
/// first value; arrays are left alone.
fn emails_differ(users: &[Vec<u8>]) -> bool {
    let mut seen = Vec::new();
    users.iter().all(|user| {
        let fields = fields(user);
        let repeated = fields.iter().filter(|f| f.name == "email").count() > 1;
        let email = first(&fields, "email").cloned().unwrap_or(Value::null());
        let new = !seen.contains(&email) && email.tag != tag::SYMBOL;
        seen.push(email);
        new && !repeated
    })
}

/// Collections that nothing of the mapping names.
pub fn bystanders(rng: &mut Rng, collections: &mut Vec<Collection>) {
    let some = |rng: &mut Rng| -> Vec<Vec<u8>> {
        let documents = (0..rng.usize(..8)).map(|n| {
            let mut rest = odd_fields(rng);
            rest.push(field(
                "userId",
                id(rng, IdStyle::Mixed, Kind::User as u8, 1),
            ));
            rest.push(field("at", odd_value(rng, 0)));
            let id = booking_id(rng, n);
            finish(rng, &id, rest)
        });
        distinct_ids(documents.collect())
    };
    if rng.bool() {
        let mut review = Collection::new("Review", some(rng));
        review
            .indexes
            .push(doc! { "key": { "userId": 1 }, "name": "Review_userId_idx" });
        if rng.bool() {
            review.options.insert("collation", collation(rng));
        }
        indexable(&mut review);
        collections.push(review);
    }
    if rng.u8(..4) == 0 {
        let mut odd = Collection::new("audit log.été/2024", some(rng));
        odd.options = doc! { "capped": true, "size": 65_536 };
        collections.push(odd);
    }
    if rng.u8(..6) == 0 {
        let mut session = Collection::new("Session", Vec::new());
        session.indexes.push(
            doc! { "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 1_000_000_000 },
        );
        collections.push(session);
    }
    if rng.u8(..8) == 0 {
        let mut view = Collection::new("ConfirmedBooking", Vec::new());
        view.options = doc! {
            "viewOn": "Booking",
            "pipeline": [{ "$match": { "status": "CONFIRMED" } }, { "$project": { "serviceId": 1 } }]
        };
        collections.push(view);
    }
}
