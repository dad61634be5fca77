//! A small database, the same at every call: three businesses, 40 users, 150 bookings, every conflict that has a decision, indexes of every
//! kind that a rebuild must carry over, validators, and two collections that no mapping names.

#![allow(dead_code)] // each test binary uses its own part

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use mongodb::Database;

/// Businesses.
pub const BUSINESS: u8 = 1;
/// Users.
pub const USER: u8 = 2;
/// Services.
pub const SERVICE: u8 = 3;
/// Bookings.
pub const BOOKING: u8 = 4;
/// Customers that were there before.
pub const CUSTOMER: u8 = 5;
/// Documents of no role.
pub const OTHER: u8 = 6;

/// How many bookings there are.
pub const BOOKINGS: u32 = 150;
/// Bookings whose business nobody knows: the service is missing, its business is, or it names none.
pub const WITHOUT_BUSINESS: [u32; 3] = [144, 145, 146];
/// The contact fields of a user.
pub const CONTACT: [&str; 7] = [
    "phone", "company", "country", "address", "city", "state", "zipCode",
];

/// The `_id` of document `number` of a kind.
pub fn id(kind: u8, number: u32) -> ObjectId {
    let mut bytes = [0x65, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn day(number: u32) -> DateTime {
    DateTime::from_millis(1_690_000_000_000 + i64::from(number) * 86_400_000)
}

/// Puts everything into `database`.
pub async fn seed(database: &Database) {
    seed_plain(database).await;
    for command in options() {
        run(database, command).await;
    }
}

/// Puts the documents and plain indexes into `database`, without validators and TTLs.
pub async fn seed_plain(database: &Database) {
    let tables: [(&str, Vec<Document>); 8] = [
        ("Business", businesses()),
        ("Service", services()),
        ("TeamMember", vec![doc! { "_id": id(OTHER, 900), "userId": id(USER, 3) }, doc! { "_id": id(OTHER, 901), "userId": id(USER, 4) }]),
        ("Customer", customers()),
        ("User", (0..40).map(user).collect()),
        ("Booking", (0..BOOKINGS).map(booking).collect()),
        ("Invoice", (0..20).map(|n| doc! { "_id": id(OTHER, n), "number": format!("I-{n}"), "userId": id(USER, n), "lines": [{ "a.b": n }, 1.5] }).collect()),
        ("AuditLog", (0..5).map(|n| doc! { "_id": 5 - n, "who": id(USER, 1) }).collect()),
    ];
    run(
        database,
        doc! { "create": "AuditLog", "capped": true, "size": 65_536 },
    )
    .await;
    for (name, documents) in tables {
        database
            .collection(name)
            .insert_many(documents)
            .await
            .unwrap();
    }
    for command in indexes() {
        run(database, command).await;
    }
}

/// Runs a command that must succeed.
pub async fn run(database: &Database, command: Document) -> Document {
    database
        .run_command(command.clone())
        .await
        .unwrap_or_else(|error| panic!("{command}: {error}"))
}

fn businesses() -> Vec<Document> {
    (0..3)
        .map(|n| doc! { "_id": id(BUSINESS, n), "name": format!("Salon {n}"), "ownerId": id(USER, n) })
        .collect()
}

/// Services 0 to 5 are of business n % 3; 6 names a business that is gone, 7 names none.
fn services() -> Vec<Document> {
    let mut all: Vec<_> = (0..6)
        .map(|n| doc! { "_id": id(SERVICE, n), "name": format!("Cut {n}"), "businessId": id(BUSINESS, n % 3) })
        .collect();
    all.push(
        doc! { "_id": id(SERVICE, 6), "name": "of a gone business", "businessId": id(BUSINESS, 77) },
    );
    all.push(doc! { "_id": id(SERVICE, 7), "name": "of none" });
    all
}

/// Customer 0 is named by a booking, 1 has the e-mail of user 17 at the same business, 2 stands alone.
fn customers() -> Vec<Document> {
    vec![
        doc! { "_id": id(CUSTOMER, 0), "businessId": id(BUSINESS, 0), "name": "Kept", "email": "kept@example.com", "tier": 3_i64 },
        doc! { "tier": 1.0, "_id": id(CUSTOMER, 1), "businessId": id(BUSINESS, 2), "email": "User17@Example.com", "name": "Adopted" },
        doc! { "_id": id(CUSTOMER, 2), "businessId": id(BUSINESS, 1), "name": "Alone" },
    ]
}

fn user(n: u32) -> Document {
    let mut user = doc! { "_id": id(USER, n) };
    match n {
        7 => drop(user.insert("name", "  ")),
        8 => {}
        _ => drop(user.insert("name", format!("Person {n}"))),
    }
    match n {
        9 | 18 => {}
        10 => drop(user.insert("email", bson::Bson::Null)),
        11 => drop(user.insert("email", "not an address")),
        // Duplicates within business 0, and within business 1.
        12 => drop(user.insert("email", "Ann@Example.com")),
        15 => drop(user.insert("email", "ann@example.com ")),
        13 => drop(user.insert("email", "bo@example.com")),
        16 => drop(user.insert("email", "BO@example.com")),
        19 => drop(user.insert("email", " bo@example.com")),
        _ => drop(user.insert("email", format!("user{n}@example.com"))),
    }
    if n < 4 {
        user.insert("hashedPassword", format!("$2b$10${n}"));
    } else if n.is_multiple_of(3) {
        user.insert("hashedPassword", "");
    }
    if n.is_multiple_of(2) {
        user.insert("locale", "de");
    }
    if n > 2 {
        user.insert("phone", format!("+49 30 {n}"));
        user.insert("city", if n.is_multiple_of(5) { "" } else { "Berlin" });
        user.insert(
            "country",
            if n.is_multiple_of(7) {
                None
            } else {
                Some("DE")
            },
        );
        if n.is_multiple_of(4) {
            user.insert("company", "Ltd");
            user.insert("zipCode", i64::from(n));
        }
    }
    user.insert("createdAt", day(n));
    user.insert("preferences", doc! { "news": n.is_multiple_of(2) });
    user
}

/// The service of booking `n` of user `user`: at the user's own business, or now and then at the next one.
fn usual_service(n: u32, user: u32) -> u32 {
    let business = if user >= 30 && n.is_multiple_of(4) {
        user + 1
    } else {
        user
    };
    business % 3 + 3 * (n % 2)
}

/// Booking `n`. Those from 138 on are special.
pub fn booking(n: u32) -> Document {
    let usual = 7 + n % 33;
    let (user, service) = match n {
        139 => (Some(4), 1),         // of a team member
        140 | 141 => (Some(777), 0), // of a user that is gone
        142 | 143 => (None, 0),      // of nobody
        144 => (Some(usual), 99),    // of a service that is gone
        145 => (Some(usual), 6),
        146 => (Some(usual), 7),
        147 | 148 => (Some(usual), 0), // with a customer already
        149 => (Some(0), 1),           // of an owner, at another business
        _ => (Some(usual), usual_service(n, usual)),
    };
    let mut booking = doc! { "_id": id(BOOKING, n) };
    let reference = format!("R-{n:04}");
    let user = user.map(|user| id(USER, user));
    if n.is_multiple_of(5) {
        booking.insert("reference", &reference);
        booking.insert("notes", "before the user");
    }
    match (n, user) {
        (142, _) => {}
        (_, user) => drop(booking.insert("userId", user)),
    }
    booking.insert("serviceId", id(SERVICE, service));
    booking.insert("reference", &reference);
    if n != 7 {
        // 7 breaks the validator, which came later.
        booking.insert("status", if n.is_multiple_of(3) { "open" } else { "done" });
    }
    booking.insert(
        "price",
        if n.is_multiple_of(2) {
            bson::Bson::Int64(n.into())
        } else {
            bson::Bson::Double(n.into())
        },
    );
    match n {
        138 => drop(booking.insert("customerId", bson::Bson::Null)),
        147 => drop(booking.insert("customerId", id(CUSTOMER, 0))),
        148 => drop(booking.insert("customerId", id(CUSTOMER, 2))), // of another business
        _ => {}
    }
    booking.insert("notes", format!("note {n} \u{202e}"));
    if n.is_multiple_of(10) {
        booking.insert("expiresAt", DateTime::from_millis(4_102_444_800_000)); // 2100
    }
    booking.insert("createdAt", day(n));
    booking
}

fn indexes() -> Vec<Document> {
    vec![
        doc! { "createIndexes": "Booking", "indexes": [
            { "key": { "userId": 1 }, "name": "Booking_userId_idx" },
            { "key": { "reference": 1 }, "name": "Booking_reference_key", "unique": true },
            { "key": { "createdAt": -1 }, "name": "Booking_open_idx", "partialFilterExpression": { "status": "open" } },
        ] },
        doc! { "createIndexes": "User", "indexes": [
            { "key": { "email": 1 }, "name": "User_email_key", "unique": true, "partialFilterExpression": { "email": { "$type": "string" } } },
            { "key": { "createdAt": 1 }, "name": "User_createdAt_idx" },
        ] },
        doc! { "createIndexes": "Customer", "indexes": [{ "key": { "tier": 1 }, "name": "Customer_tier_idx", "sparse": true }] },
        doc! { "createIndexes": "Invoice", "indexes": [{ "key": { "number": 1 }, "name": "Invoice_number_key", "unique": true }] },
    ]
}

fn options() -> Vec<Document> {
    vec![
        doc! { "createIndexes": "Booking", "indexes": [{ "key": { "expiresAt": 1 }, "name": "Booking_expiresAt_idx", "expireAfterSeconds": 86_400 }] },
        doc! { "collMod": "Booking", "validator": { "status": { "$type": "string" } }, "validationLevel": "moderate" },
        doc! { "collMod": "User", "validator": { "createdAt": { "$type": "date" } }, "validationAction": "warn" },
    ]
}
