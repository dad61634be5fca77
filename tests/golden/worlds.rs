//! Small databases made by hand. What is in them is part of what is kept in `fixtures/`: nothing in them changes.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use mongodb::Database;

/// Documents by collection, and commands that come after them.
pub struct World {
    tables: Vec<(&'static str, Vec<Document>)>,
    commands: Vec<Document>,
}

impl World {
    /// Puts all of it into an empty database.
    pub async fn plant(self, database: &Database) {
        for (name, documents) in self.tables {
            database
                .collection(name)
                .insert_many(documents)
                .await
                .unwrap();
        }
        for command in self.commands {
            database.run_command(command).await.unwrap();
        }
    }
}

/// The `_id` of document `number` of a kind, such as `0xb` for businesses.
fn id(kind: u8, number: u8) -> ObjectId {
    ObjectId::from_bytes([0x65, 0, 0, number, kind, 0, 0, 0, 0, 0, 0, number])
}

fn day(number: u8) -> DateTime {
    DateTime::from_millis(1_690_000_000_000 + i64::from(number) * 86_400_000)
}

fn business(number: u8) -> ObjectId {
    id(0xb, number)
}

fn service(number: u8) -> ObjectId {
    id(0x5, number)
}

fn user(number: u8) -> ObjectId {
    id(0xa, number)
}

fn customer(number: u8) -> ObjectId {
    id(0xc, number)
}

/// A guest with an e-mail and a phone number of their own.
fn guest(number: u8) -> Document {
    doc! {
        "_id": user(number), "name": format!("Person {number}"), "email": format!("person{number}@example.com"),
        "phone": format!("+49 30 90182{number:02}"), "city": "Berlin", "country": "DE", "createdAt": day(number),
    }
}

fn with(mut document: Document, fields: Document) -> Document {
    document.extend(fields);
    document
}

fn owner(number: u8) -> Document {
    with(guest(number), doc! { "hashedPassword": "$2b$10$x" })
}

fn booking(number: u8, of: impl Into<Bson>, at: ObjectId) -> Document {
    doc! {
        "_id": id(0x4, number), "userId": of, "serviceId": at, "status": "done", "price": f64::from(number) + 0.5,
        "notes": format!("note {number}"), "createdAt": day(number),
    }
}

/// Two businesses with their owners (users 1 and 2) and a service each (services 1 and 2).
fn two_businesses() -> Vec<(&'static str, Vec<Document>)> {
    let businesses = (1..=2)
        .map(|n| doc! { "_id": business(n), "name": format!("Salon {n}"), "ownerId": user(n) });
    let services = (1..=2)
        .map(|n| doc! { "_id": service(n), "name": format!("Cut {n}"), "businessId": business(n) });
    vec![
        ("Business", businesses.collect()),
        ("Service", services.collect()),
    ]
}

/// People who come twice: two with one e-mail, three with one e-mail in three spellings, two with one phone number; a guest of both
/// businesses, an owner who books at the other one, and people without a name or with an e-mail that is none.
pub fn merges() -> World {
    let mut tables = two_businesses();
    let users = vec![
        owner(1),
        owner(2),
        with(guest(3), doc! { "email": "ann@example.com" }),
        with(
            guest(4),
            doc! { "email": "Ann@Example.com ", "city": "", "company": "Ltd" },
        ),
        with(guest(5), doc! { "email": "bo@example.com" }),
        with(guest(6), doc! { "email": "BO@example.com" }),
        with(guest(7), doc! { "email": " bo@example.com" }),
        with(guest(8), doc! { "phone": "030 9018299" }),
        with(guest(9), doc! { "phone": "+49 30 9018299" }),
        guest(10),
        with(guest(11), doc! { "name": "  " }),
        with(guest(12), doc! { "email": "not an address" }),
        with(guest(13), doc! { "email": null }),
        guest(14),
    ];
    let at = |business: u8, of: u8, number: u8| booking(number, user(of), service(business));
    let bookings = vec![
        at(1, 3, 1),
        at(1, 4, 2),
        at(2, 4, 3),
        at(2, 5, 4),
        at(2, 6, 5),
        at(2, 7, 6),
        at(1, 8, 7),
        at(1, 9, 8),
        at(1, 10, 9),
        at(2, 10, 10),
        at(1, 11, 11),
        at(2, 12, 12),
        at(2, 13, 13),
        at(2, 1, 14),
        at(1, 3, 15),
    ];
    tables.extend([("User", users), ("Booking", bookings)]);
    World {
        tables,
        commands: Vec::new(),
    }
}

/// Bookings of nobody, of users that are gone, of a service that is gone, of a service without a business.
pub fn strays() -> World {
    let mut tables = two_businesses();
    tables[1]
        .1
        .push(doc! { "_id": service(3), "name": "of a gone business", "businessId": business(99) });
    tables[1]
        .1
        .push(doc! { "_id": service(4), "name": "of none" });
    let mut without = booking(1, Bson::Null, service(1));
    without.remove("userId");
    let bookings = vec![
        without,
        booking(2, Bson::Null, service(1)),
        booking(3, Bson::Null, service(2)),
        booking(4, user(77), service(1)),
        booking(5, user(77), service(2)),
        booking(6, user(78), service(1)),
        booking(7, user(77).to_hex(), service(1)),
        booking(8, user(3), service(9)),
        booking(9, user(3), service(3)),
        booking(10, user(3), service(4)),
        booking(11, user(3), service(1)),
        booking(12, user(4), service(1)),
        booking(13, user(5), service(1)),
    ];
    let twins = |number| with(guest(number), doc! { "email": "twins@example.com" });
    let users = vec![owner(1), owner(2), guest(3), twins(4), twins(5)];
    tables.extend([("User", users), ("Booking", bookings)]);
    World {
        tables,
        commands: Vec::new(),
    }
}

/// Customers that stand there already: one that bookings name, one with a guest's e-mail, one alone; and bookings that name customers of
/// their own business, of another one, and none that exists.
pub fn linked() -> World {
    let mut tables = two_businesses();
    let customers = vec![
        doc! { "_id": customer(1), "businessId": business(1), "name": "Named", "email": "named@example.com", "tier": 3_i64 },
        doc! { "tier": 1.0, "_id": customer(2), "businessId": business(2), "email": "Person4@Example.com", "name": "Adopted" },
        doc! { "_id": customer(3), "businessId": business(2), "name": "Alone" },
    ];
    let linked = |number, of: u8, at: u8, to: ObjectId| {
        with(
            booking(number, user(of), service(at)),
            doc! { "customerId": to },
        )
    };
    let bookings = vec![
        linked(1, 3, 1, customer(1)),
        linked(2, 3, 1, customer(3)),
        linked(3, 3, 1, customer(88)),
        booking(4, user(4), service(2)),
        with(booking(5, user(5), service(2)), doc! { "customerId": null }),
        booking(6, user(3), service(1)),
    ];
    let users = vec![owner(1), owner(2), guest(3), guest(4), guest(5)];
    tables.extend([
        ("User", users),
        ("Customer", customers),
        ("Booking", bookings),
    ]);
    World {
        tables,
        commands: Vec::new(),
    }
}

/// What the run records of version 0.1 were made on: something of each of the others, with an expiry, a validator, unique keys, and a capped
/// collection that no mapping names.
pub fn small() -> World {
    let mut tables = two_businesses();
    let customers = vec![
        doc! { "_id": customer(1), "businessId": business(1), "name": "Named", "email": "named@example.com" },
        doc! { "_id": customer(2), "businessId": business(2), "email": "Person6@Example.com", "name": "Adopted" },
    ];
    let users = vec![
        owner(1),
        owner(2),
        with(guest(3), doc! { "email": "ann@example.com" }),
        with(
            guest(4),
            doc! { "email": "Ann@Example.com", "company": "Ltd" },
        ),
        guest(5),
        guest(6),
        guest(7),
    ];
    let at = |business: u8, of: u8, number: u8| booking(number, user(of), service(business));
    let bookings = vec![
        at(1, 3, 1),
        at(1, 4, 2),
        at(2, 4, 3),
        at(1, 5, 4),
        with(
            at(2, 5, 5),
            doc! { "expiresAt": DateTime::from_millis(4_102_444_800_000) },
        ),
        at(2, 6, 6),
        with(at(1, 5, 7), doc! { "customerId": customer(1) }),
        booking(8, user(77), service(1)),
        booking(9, Bson::Null, service(2)),
        booking(10, user(3), service(9)),
    ];
    let entries = (1..=3).map(|n| doc! { "_id": 4 - n, "who": user(1) });
    tables.extend([
        ("User", users),
        ("Customer", customers),
        ("Booking", bookings),
        ("AuditLog", entries.collect()),
    ]);
    World {
        tables,
        commands: vec![
            doc! { "convertToCapped": "AuditLog", "size": 65_536 },
            doc! { "createIndexes": "Booking", "indexes": [
                { "key": { "userId": 1 }, "name": "Booking_userId_idx" },
                { "key": { "notes": 1 }, "name": "Booking_notes_key", "unique": true },
                { "key": { "expiresAt": 1 }, "name": "Booking_expiresAt_idx", "expireAfterSeconds": 86_400 },
            ] },
            doc! { "collMod": "User", "validator": { "createdAt": { "$type": "date" } }, "validationLevel": "moderate" },
        ],
    }
}

/// Ids of every usual type: users known by strings, businesses by UUIDs, references in the other form, numbers for ids; other names of
/// collections and fields, for [`RENAMED`].
pub fn renamed() -> World {
    let uuid =
        |n: u8| bson::Uuid::from_bytes([n, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14, n]);
    let person = |n: i32, key: Bson| {
        doc! { "_id": key, "fullName": format!("Person {n}"), "mail": format!("p{n}@example.com"), "tel": format!("030 901820{n}"), "made": day(1) }
    };
    let visit = |n: i32, who: Bson, what: &str| {
        doc! { "_id": n, "who": who, "what": what, "made": day(2), "text": format!("visit {n}") }
    };
    let people = vec![
        with(person(1, "clk1".into()), doc! { "secret": "x" }),
        person(2, "clk2".into()),
        with(person(3, "clk3".into()), doc! { "mail": "P2@example.com" }),
        person(4, "clk4".into()),
        person(5, user(5).into()),
        person(6, uuid(6).into()),
    ];
    let visits = vec![
        visit(1, "clk2".into(), "s1"),
        visit(2, "clk3".into(), "s1"),
        visit(3, "clk2".into(), "s2"),
        visit(4, 41_i64.into(), "s1"),
        visit(5, user(5).to_hex().into(), "s1"),
        visit(6, uuid(6).to_string().into(), "s2"),
        visit(7, "gone".into(), "s1"),
        visit(8, Bson::Null, "s2"),
    ];
    World {
        tables: vec![
            (
                "salons",
                vec![
                    doc! { "_id": uuid(1), "title": "One", "boss": "clk1" },
                    doc! { "_id": uuid(2), "title": "Two", "boss": "clk1" },
                ],
            ),
            (
                "offers",
                vec![
                    doc! { "_id": "s1", "salon": uuid(1) },
                    doc! { "_id": "s2", "salon": uuid(2).to_string() },
                ],
            ),
            ("people", people),
            ("visits", visits),
        ],
        commands: Vec::new(),
    }
}

/// The mapping of [`renamed`].
pub const RENAMED: &str = r#"
accounts = []

[user]
collection = "people"
name = "fullName"
email = "mail"
password = "secret"
created = "made"
contact = ["tel", "town"]
phone = "tel"
country = "land"

[business]
collection = "salons"
name = "title"
owner = "boss"

[service]
collection = "offers"
business = "salon"

[booking]
collection = "visits"
user = "who"
service = "what"
customer = "client"
created = "made"

[customer]
collection = "clients"
business = "salon"
"#;
