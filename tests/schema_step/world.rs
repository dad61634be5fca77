//! A booking application of the guide's kind, small, with its schema of today and the one of the new application.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};

use crate::support::case::Case;
use crate::support::data::run;

/// The `_id` of document `number` of a kind.
pub fn id(kind: u8, number: u8) -> ObjectId {
    ObjectId::from_bytes([0x65, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, number])
}

pub const BUSINESS: u8 = 1;
pub const USER: u8 = 2;
pub const SERVICE: u8 = 3;
pub const BOOKING: u8 = 4;
pub const ROOM: u8 = 5;

/// A day of 2024.
pub fn day(number: u8) -> DateTime {
    DateTime::from_millis(1_704_067_200_000 + i64::from(number) * 86_400_000)
}

pub const BEFORE: &str = r#"
datasource db {
  provider = "mongodb"
  url      = env("DATABASE_URL")
}

enum Status {
  NEW
  DONE
}

type Address {
  street String
  city   String?
}

model User {
  id             String     @id @default(auto()) @map("_id") @db.ObjectId
  name           String?
  email          String?
  hashedPassword String?
  phone          String?
  createdAt      DateTime   @default(now())
  bookings       Booking[]
  businesses     Business[]
}

model Business {
  id       String    @id @default(auto()) @map("_id") @db.ObjectId
  name     String
  ownerId  String    @db.ObjectId
  owner    User      @relation(fields: [ownerId], references: [id])
  address  Address?
  services Service[]
}

model Service {
  id         String    @id @default(auto()) @map("_id") @db.ObjectId
  name       String
  price      Float
  businessId String    @db.ObjectId
  business   Business  @relation(fields: [businessId], references: [id])
  bookings   Booking[]
}

model Booking {
  id        String   @id @default(auto()) @map("_id") @db.ObjectId
  userId    String   @db.ObjectId
  user      User     @relation(fields: [userId], references: [id])
  serviceId String   @db.ObjectId
  service   Service  @relation(fields: [serviceId], references: [id])
  date      DateTime
  status    Status   @default(NEW)
  note      String?
  createdAt DateTime @default(now())
}

model Room {
  id   String @id @default(auto()) @map("_id") @db.ObjectId
  name String
}
"#;

/// The schema of the new application. Every model has another collection, and some fields other names.
pub const AFTER: &str = r#"
datasource db {
  provider = "mongodb"
  url      = env("DATABASE_URL")
}

enum Status {
  NEW  @map("new")
  DONE
}

enum State {
  OPEN   @map("open")
  CLOSED @map("closed")
}

type Address {
  street String
  city   String?
}

model User {
  id             String     @id @default(auto()) @map("_id") @db.ObjectId
  name           String?
  email          String
  hashedPassword String?
  createdAt      DateTime   @default(now())
  updatedAt      DateTime   @updatedAt
  businesses     Business[]

  @@unique([email])
  @@map("users")
}

model Business {
  id        String     @id @default(auto()) @map("_id") @db.ObjectId
  name      String
  ownerId   String     @db.ObjectId
  owner     User       @relation(fields: [ownerId], references: [id], onDelete: Cascade)
  address   Address?
  state     State      @default(OPEN)
  services  Service[]
  customers Customer[]

  @@map("businesses")
}

model Service {
  id         String    @id @default(auto()) @map("_id") @db.ObjectId
  name       String
  price      Int
  businessId String    @db.ObjectId
  business   Business  @relation(fields: [businessId], references: [id])
  bookings   Booking[]

  @@index([businessId])
  @@map("services")
}

model Customer {
  id         String    @id @default(auto()) @map("_id") @db.ObjectId
  businessId String    @db.ObjectId
  business   Business  @relation(fields: [businessId], references: [id], onDelete: Cascade)
  name       String
  email      String?
  phone      String?
  isActive   Boolean   @default(true)
  tags       String[]
  createdAt  DateTime  @default(now())
  updatedAt  DateTime  @updatedAt
  bookings   Booking[]

  @@unique([businessId, email])
  @@index([businessId, name])
  @@map("customers")
}

model Booking {
  id         String   @id @default(auto()) @map("_id") @db.ObjectId
  customerId String   @db.ObjectId
  customer   Customer @relation(fields: [customerId], references: [id])
  serviceId  String   @db.ObjectId
  service    Service  @relation(fields: [serviceId], references: [id])
  startTime  DateTime @map("start_time")
  note       String?  @map("remark")
  createdAt  DateTime @default(now())
  updatedAt  DateTime @updatedAt

  @@index([customerId])
  @@index([startTime])
  @@map("bookings")
}

model Room {
  id   String @id @default(auto()) @map("_id") @db.ObjectId
  name String

  @@map("rooms")
}

model Coupon {
  id   String @id @default(auto()) @map("_id") @db.ObjectId
  code String @unique

  @@map("coupons")
}
"#;

/// The mapping: the built-in one, and where the schemas stand.
fn mapping() -> String {
    let usual = include_str!("../../assets/mapping.toml");
    format!(
        "{usual}\n[schema]\nbefore = \"before.prisma\"\nafter = \"after.prisma\"\nrename = {{ \"Booking.startTime\" = \"date\" }}\n"
    )
}

fn users() -> Vec<Document> {
    let mut all = Vec::new();
    for n in 0..2 {
        all.push(doc! {
            "_id": id(USER, n), "name": format!("Owner {n}"), "email": format!("owner{n}@example.com"), "hashedPassword": "$2b$10$x", "createdAt": day(n),
        });
    }
    for n in 2..8 {
        let mut user = doc! { "_id": id(USER, n), "name": format!("Guest {n}"), "email": format!("guest{n}@example.com"), "phone": format!("+31 6 {n}"), "createdAt": day(n) };
        match n {
            // Without an e-mail, each at one business alone.
            6 => drop(user.remove("email")),
            7 => drop(user.insert("email", Bson::Null)),
            // Without a date: the one in the _id serves.
            3 => drop(user.remove("createdAt")),
            _ => {}
        }
        all.push(user);
    }
    all
}

fn bookings() -> Vec<Document> {
    (0..14)
        .map(|n| {
            let mut booking = doc! {
                "_id": id(BOOKING, n), "userId": id(USER, 2 + n % 6), "serviceId": id(SERVICE, n % 2), "date": day(100 + n),
            };
            if n % 3 == 0 {
                booking.insert("note", format!("note {n}"));
            }
            booking.insert("status", if n % 2 == 0 { "NEW" } else { "DONE" });
            if n != 5 {
                booking.insert("createdAt", day(n));
            }
            booking
        })
        .collect()
}

/// Fills a database of its own, and writes mapping and schemas beside it.
pub async fn seeded() -> Case {
    seeded_in(Case::empty().await).await
}

/// The same, of a database that is there.
pub async fn seeded_in(case: Case) -> Case {
    let businesses = vec![
        doc! { "_id": id(BUSINESS, 0), "name": "Salon", "ownerId": id(USER, 0), "address": { "street": "Main 1" } },
        doc! { "_id": id(BUSINESS, 1), "name": "Spa", "ownerId": id(USER, 1), "state": "closed" },
    ];
    let services = vec![
        doc! { "_id": id(SERVICE, 0), "name": "Cut", "price": 30.0, "businessId": id(BUSINESS, 0) },
        doc! { "_id": id(SERVICE, 1), "name": "Bath", "price": 45_i64, "businessId": id(BUSINESS, 1) },
    ];
    let rooms = vec![doc! { "_id": id(ROOM, 0), "name": "Red" }];
    let all = [
        ("Business", businesses),
        ("User", users()),
        ("Service", services),
        ("Booking", bookings()),
        ("Room", rooms),
    ];
    for (name, documents) in all {
        let collection = case.database.collection::<Document>(name);
        collection.insert_many(documents).await.unwrap();
    }
    let index = |name: &str, key: Document| doc! { "key": key, "name": name };
    for (collection, indexes) in [
        (
            "Booking",
            vec![
                index("Booking_userId_idx", doc! { "userId": 1 }),
                index("by hand", doc! { "date": -1, "serviceId": 1 }),
            ],
        ),
        (
            "Service",
            vec![index("services by business", doc! { "businessId": 1 })],
        ),
        ("User", vec![index("User_email_idx", doc! { "email": 1 })]),
    ] {
        run(
            &case.database,
            doc! { "createIndexes": collection, "indexes": indexes },
        )
        .await;
    }
    write(&case, AFTER);
    case
}

/// Writes the mapping, the schema of today and this after-schema into the case's folder.
pub fn write(case: &Case, after: &str) {
    std::fs::write(case.path("ringfence.toml"), mapping()).unwrap();
    std::fs::write(case.path("before.prisma"), BEFORE).unwrap();
    std::fs::write(case.path("after.prisma"), after).unwrap();
}

/// The one document of a collection with this `_id`.
pub async fn one(case: &Case, collection: &str, id: ObjectId) -> Document {
    let collection = case.database.collection::<Document>(collection);
    collection
        .find_one(doc! { "_id": id })
        .await
        .unwrap()
        .unwrap()
}

/// The names of all collections that are not ours.
pub async fn names(case: &Case) -> Vec<String> {
    let mut names = case.database.list_collection_names().await.unwrap();
    names.retain(|name| !name.starts_with("_ringfence_"));
    names.sort();
    names
}
