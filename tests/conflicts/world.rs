//! A database without a conflict, to plant one in; and the way from a planted conflict through an answer to what comes out.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};
use ringfence::domain::conflict::{Choice, Code, ConflictKey};
use ringfence::domain::decision::Decision;
use ringfence::domain::history::Change;
use ringfence::domain::id::Id;
use ringfence::engine::Watcher;
use ringfence::engine::decisions;
use ringfence::engine::session::Session;

use crate::support::case::Case;

/// The `_id` of business `n`.
pub fn business(n: u8) -> ObjectId {
    oid(1, n)
}

/// The `_id` of service `n`; services 1 and 2 are of businesses 1 and 2.
pub fn service(n: u8) -> ObjectId {
    oid(2, n)
}

/// The `_id` of user `n`.
pub fn user(n: u8) -> ObjectId {
    oid(3, n)
}

/// The `_id` of booking `n`.
pub fn booking(n: u8) -> ObjectId {
    oid(4, n)
}

fn oid(kind: u8, n: u8) -> ObjectId {
    let mut bytes = [0x65, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0];
    bytes[11] = n;
    ObjectId::from_bytes(bytes)
}

/// The id as the product writes it.
pub fn id(of: ObjectId) -> Id {
    Id::object_id(of.bytes())
}

/// Somebody with nothing odd about them.
pub fn somebody(n: u8) -> Document {
    doc! {
        "_id": user(n), "name": format!("Person {n}"), "email": format!("person{n}@example.org"),
        "phone": format!("+44 20 7946 {n:04}"), "createdAt": DateTime::from_millis(1_000_000 + i64::from(n)),
    }
}

/// `document` with these fields instead.
pub fn with(mut document: Document, fields: Document) -> Document {
    document.extend(fields);
    document
}

/// A database.
pub struct World {
    collections: Vec<(&'static str, Document)>,
    bookings: u8,
}

impl World {
    /// Two businesses with an owner and a service each, and users 1 and 2 booked at one of them each.
    pub fn new() -> Self {
        let mut world = Self {
            collections: Vec::new(),
            bookings: 0,
        };
        for n in [1, 2] {
            let owner = 100 + n;
            world.add(
                "Business",
                doc! { "_id": business(n), "name": format!("Salon {n}"), "ownerId": user(owner) },
            );
            world.add(
                "Service",
                doc! { "_id": service(n), "businessId": business(n) },
            );
            world.add("User", doc! { "_id": user(owner), "name": "Owner", "email": format!("owner{n}@example.org"), "hashedPassword": "x" });
            world.customer(somebody(n), n);
        }
        world
    }

    /// Adds a document.
    pub fn add(&mut self, collection: &'static str, document: Document) {
        self.collections.push((collection, document));
    }

    /// Adds a user with one booking at business `at`.
    pub fn customer(&mut self, document: Document, at: u8) {
        self.book(document.get("_id").unwrap().clone(), service(at));
        self.add("User", document);
    }

    /// Adds a booking; returns its `_id`.
    pub fn book(&mut self, user: impl Into<Bson>, service: impl Into<Bson>) -> ObjectId {
        self.bookings += 1;
        let of = booking(self.bookings);
        self.add(
            "Booking",
            doc! { "_id": of, "userId": user.into(), "serviceId": service.into(), "notes": "n" },
        );
        of
    }

    /// Adds a booking with further fields; returns its `_id`.
    pub fn book_with(&mut self, fields: Document) -> ObjectId {
        self.bookings += 1;
        let of = booking(self.bookings);
        self.add("Booking", with(doc! { "_id": of }, fields));
        of
    }

    /// Writes it all into a database of its own.
    pub async fn seeded(&self) -> Case {
        let case = Case::empty().await;
        for (collection, document) in &self.collections {
            case.database
                .collection::<Document>(collection)
                .insert_one(document)
                .await
                .unwrap();
        }
        case
    }
}

/// A session that has surveyed.
pub async fn surveyed(case: &Case) -> Session {
    let mut session = case.session().await;
    session.survey(&Watcher::silent()).await.unwrap();
    session
}

/// Every conflict with how many units it stands for.
pub fn found(session: &Session) -> Vec<(ConflictKey, u64)> {
    let rows = session.review().rows;
    rows.into_iter().map(|row| (row.key, row.units)).collect()
}

/// Fails unless the survey finds this conflict and no other.
pub async fn finds_only(world: &World, key: &ConflictKey, units: u64) {
    let case = world.seeded().await;
    assert_eq!(found(&surveyed(&case).await), [(key.clone(), units)]);
}

/// A conflict's key.
pub fn key(code: Code, business: Option<ObjectId>, subjects: &[Id]) -> ConflictKey {
    ConflictKey {
        code,
        business: business.map(id),
        subjects: subjects.to_vec(),
    }
}

/// The decision that makes this choice.
pub fn choose(key: &ConflictKey, choice: Choice) -> Change {
    Change::Answer(key.clone(), Some(Decision::new(choice)))
}

/// Decides, plans with the suggestion for everything else, and applies to the end; the equations must hold.
pub async fn applied(world: &World, changes: Vec<Change>) -> Case {
    let case = world.seeded().await;
    apply(&case, changes).await;
    case
}

/// The same on a database that stands.
pub async fn apply(case: &Case, changes: Vec<Change>) {
    planned(case, changes).await;
    case.apply(&["--accept-unknown"]).await.code(0);
    let verified = case.ringfence(&["verify", "--json"]).await.code(0);
    let verified: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(verified["wrong"], 0, "{verified:#}");
    for equation in verified["equations"].as_array().unwrap() {
        holds(equation.as_str().unwrap());
    }
}

/// Decides, and makes `plan.json` with the suggestion for everything else.
pub async fn planned(case: &Case, changes: Vec<Change>) {
    let mut session = surveyed(case).await;
    session.decide(changes).unwrap();
    session.take_suggestions();
    let plan = session.plan().unwrap();
    decisions::write_plan(&case.path("plan.json"), &plan).unwrap();
}

/// Fails unless the numbers of "bookings 5 = linked 4 + quarantined 1 + …" add up.
fn holds(equation: &str) {
    // Lines that only count have no other side.
    let Some((left, right)) = equation.split_once(" = ") else {
        assert!(
            equation.contains("accounts") || equation.contains("stay"),
            "{equation}"
        );
        return;
    };
    let (left, right) = (left, right.split(';').next().unwrap_or(right));
    let sum = |side: &str| -> u64 {
        let words = side.split_whitespace();
        words
            .filter_map(|word| word.trim_end_matches(',').parse::<u64>().ok())
            .sum()
    };
    assert_eq!(sum(left), sum(right), "{equation}");
}

/// A document by `_id`.
pub async fn one(case: &Case, collection: &str, of: impl Into<Bson>) -> Option<Document> {
    let collection = case.database.collection::<Document>(collection);
    collection
        .find_one(doc! { "_id": of.into() })
        .await
        .unwrap()
}

/// The customer that a booking points at now.
pub async fn customer_of(case: &Case, of: ObjectId) -> Document {
    let booking = one(case, "Booking", of).await.unwrap();
    assert!(!booking.contains_key("userId"), "{booking}");
    let customer = booking.get("customerId").expect("a customer").clone();
    one(case, "Customer", customer).await.unwrap()
}

/// How many documents a collection holds.
pub async fn count(case: &Case, collection: &str) -> u64 {
    let collection = case.database.collection::<Document>(collection);
    collection.count_documents(doc! {}).await.unwrap()
}
