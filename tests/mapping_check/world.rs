//! A small database of the default shape with nothing wrong in it, to be broken by each test.

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use mongodb::Database;

use crate::support::case::Case;

/// How many bookings there are.
pub const BOOKINGS: u32 = 400;
/// How many users; the first three own the businesses.
pub const USERS: u32 = 63;

/// Collections and their documents.
pub struct World {
    pub businesses: Vec<Document>,
    pub services: Vec<Document>,
    pub users: Vec<Document>,
    pub bookings: Vec<Document>,
    pub members: Vec<Document>,
    pub others: Vec<(&'static str, Vec<Document>)>,
}

/// The `_id` of a document; `kind` is a letter.
pub fn id(kind: u8, number: u32) -> ObjectId {
    let mut bytes = [0x66, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn day(number: u32) -> DateTime {
    DateTime::from_millis(1_690_000_000_000 + i64::from(number) * 86_400_000)
}

impl World {
    /// Three businesses with two services each, 60 customers, 400 bookings.
    pub fn clean() -> Self {
        let businesses = (0..3).map(|n| {
            doc! { "_id": id(b'b', n), "name": format!("Salon {n}"), "ownerId": id(b'u', n) }
        });
        let services = (0..6).map(|n| {
            doc! { "_id": id(b's', n), "title": format!("Cut {n}"), "businessId": id(b'b', n % 3), "price": 20 + i64::from(n) }
        });
        Self {
            businesses: businesses.collect(),
            services: services.collect(),
            users: (0..USERS).map(user).collect(),
            bookings: (0..BOOKINGS).map(booking).collect(),
            members: vec![
                doc! { "_id": id(b'm', 0), "userId": id(b'u', 1), "businessId": id(b'b', 1) },
            ],
            others: Vec::new(),
        }
    }

    /// Puts it into the case's database.
    pub async fn seed(self, database: &Database) {
        let mut all = vec![
            ("Business", self.businesses),
            ("Service", self.services),
            ("User", self.users),
            ("Booking", self.bookings),
            ("TeamMember", self.members),
        ];
        all.extend(self.others);
        for (name, documents) in all {
            if !documents.is_empty() {
                database
                    .collection(name)
                    .insert_many(documents)
                    .await
                    .unwrap();
            }
        }
    }

    /// A case on this world.
    pub async fn case(self) -> Case {
        let case = Case::empty().await;
        self.seed(&case.database).await;
        case
    }

    /// The first `count` bookings name a service that does not exist.
    pub fn without_business(mut self, count: usize) -> Self {
        for (at, booking) in self.bookings.iter_mut().take(count).enumerate() {
            booking.insert("serviceId", id(b's', 900 + u32::try_from(at % 3).unwrap()));
        }
        self
    }

    /// The last `count` bookings name a user who does not exist.
    pub fn without_user(mut self, count: usize) -> Self {
        for booking in self.bookings.iter_mut().rev().take(count) {
            booking.insert("userId", id(b'u', 900));
        }
        self
    }

    /// `count` bookings in the middle are of an owner.
    pub fn of_an_owner(mut self, count: usize) -> Self {
        for booking in self.bookings.iter_mut().skip(100).take(count) {
            booking.insert("userId", id(b'u', 0));
        }
        self
    }
}

fn user(n: u32) -> Document {
    let mut user = doc! { "_id": id(b'u', n), "name": format!("Person {n}"), "email": format!("person{n}@example.com"), "createdAt": day(n) };
    if n < 3 {
        user.insert(
            "hashedPassword",
            format!("$2b$10$abcdefghijklmnopqrstuv{n:09}"),
        );
        return user;
    }
    user.insert("phone", format!("+49 30 100{n:03}"));
    user.insert("city", "Berlin");
    user.insert("country", "DE");
    user
}

/// A booking of a customer, at the customer's own business.
pub fn booking(n: u32) -> Document {
    let user = 3 + n % (USERS - 3);
    doc! {
        "_id": id(b'k', n), "userId": id(b'u', user), "serviceId": id(b's', user % 3 + 3 * (n % 2)),
        "date": day(n + 400), "status": "done", "notes": format!("note {n}"), "createdAt": day(n),
    }
}
