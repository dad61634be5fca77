//! The date of a customer whose users say none: that of its oldest user or booking, proved from the bookings, and never an invented one.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};

use crate::schema_step::world::day;
use crate::support::case::Case;
use crate::support::picture::{self, Picture};

const BEFORE: &str = r#"
datasource db {
  provider = "mongodb"
  url      = env("DATABASE_URL")
}
model User {
  id    String  @id @map("_id")
  name  String?
  email String?
}
model Business {
  id   String @id @map("_id")
  name String
}
model Service {
  id         String @id @map("_id")
  businessId String
}
model Booking {
  id        String    @id @map("_id") @db.ObjectId
  userId    String?
  serviceId String
  createdAt DateTime?
}
"#;

const AFTER: &str = r#"
datasource db {
  provider = "mongodb"
  url      = env("DATABASE_URL")
}
model User {
  id    String  @id @map("_id")
  name  String?
  email String?
}
model Business {
  id        String     @id @map("_id")
  name      String
  customers Customer[]
}
model Service {
  id         String @id @map("_id")
  businessId String
}
model Customer {
  id         String    @id @map("_id")
  businessId String
  business   Business  @relation(fields: [businessId], references: [id])
  name       String
  email      String?
  since      DateTime  @default(now()) @map("member_since")
  createdAt  DateTime  @default(now())
  updatedAt  DateTime  @updatedAt
  bookings   Booking[]

  @@index([businessId, email])
}
model Booking {
  id         String    @id @map("_id") @db.ObjectId
  customerId String
  customer   Customer  @relation(fields: [customerId], references: [id])
  serviceId  String
  createdAt  DateTime?

  @@index([customerId])
  @@map("bookings")
}
"#;

/// The `_id` of a document that was made on that day of 2024.
fn made(on: u8, number: u8) -> ObjectId {
    let seconds = u32::try_from(day(on).timestamp_millis() / 1000).unwrap();
    let mut bytes = [number; 12];
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// A booking by that user, made on that day.
fn booking(on: u8, number: u8, user: impl Into<Bson>) -> Document {
    doc! { "_id": made(on, number), "userId": user.into(), "serviceId": if number.is_multiple_of(2) { "s0" } else { "s1" } }
}

async fn seeded() -> Case {
    let case = Case::empty().await;
    let user = |id: &str| doc! { "_id": id, "name": id, "email": format!("{id}@example.com") };
    let (mut dated, mut twin, mut owner) = (user("dated"), user("twin"), user("owner"));
    dated.insert("createdAt", day(1));
    twin.insert("email", "PLAIN@example.com");
    owner.insert("hashedPassword", "$2b$10$x");
    let mut said = booking(40, 4, "plain");
    said.insert("createdAt", day(20));
    let bookings = vec![
        // At s0 the second one is the oldest, by what it says; at s1 the only one is.
        booking(30, 2, "plain"),
        said,
        booking(35, 1, "plain"),
        // One customer with the one above.
        booking(15, 6, "twin"),
        booking(50, 8, "dated"),
        booking(45, 20, "solo"),
        // Placeholders: whose user is missing, and who names nobody.
        booking(25, 10, "gone"),
        booking(24, 12, "gone"),
        booking(26, 14, Bson::Null),
    ];
    let of = |id: &str| doc! { "_id": id, "name": id, "ownerId": "owner" };
    let service = |id: &str, business: &str| doc! { "_id": id, "businessId": business };
    for (name, documents) in [
        (
            "User",
            vec![user("plain"), twin, dated, user("solo"), owner],
        ),
        ("Business", vec![of("b0"), of("b1")]),
        ("Service", vec![service("s0", "b0"), service("s1", "b1")]),
        ("Booking", bookings),
    ] {
        let collection = case.database.collection::<Document>(name);
        collection.insert_many(documents).await.unwrap();
    }
    let usual = include_str!("../../assets/mapping.toml");
    let schema = "\n[schema]\nbefore = \"before.prisma\"\nafter = \"after.prisma\"\n";
    std::fs::write(case.path("ringfence.toml"), format!("{usual}{schema}")).unwrap();
    std::fs::write(case.path("before.prisma"), BEFORE).unwrap();
    std::fs::write(case.path("after.prisma"), AFTER).unwrap();
    let decisions = format!(
        "version = 1\ndatabase = \"{}\"\n[policy]\n\"booking-without-user\" = \"placeholder\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), decisions).unwrap();
    case
}

const PLAN: [&str; 6] = [
    "plan",
    "--defaults",
    "--decisions",
    "decisions.toml",
    "--out",
    "plan.json",
];

/// Customers by name and business: when they were created, and since when they are members.
async fn dates(case: &Case) -> Vec<(String, DateTime, DateTime)> {
    use futures_util::TryStreamExt as _;
    let customers = case.database.collection::<Document>("Customer");
    let customers = customers.find(doc! {}).await.unwrap();
    let customers: Vec<Document> = customers.try_collect().await.unwrap();
    let mut dates: Vec<_> = customers
        .iter()
        .map(|it| {
            let at = |field: &str| *it.get_datetime(field).unwrap();
            let who = format!(
                "{} of {}",
                it.get_str("name").unwrap(),
                it.get_str("businessId").unwrap()
            );
            assert_eq!(at("updatedAt"), at("createdAt"), "{who}");
            (who, at("createdAt"), at("member_since"))
        })
        .collect();
    dates.sort();
    dates
}

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

#[tokio::test]
async fn a_customer_without_a_date_has_that_of_its_oldest_booking_and_the_proof_finds_it_anew() {
    let case = seeded().await;
    let before = case.picture().await;
    case.ringfence(&PLAN).await.code(0).says(&[
        "createdAt: the time in its _id, else the date of its oldest user or booking written where it is missing or null",
    ]);
    case.apply(&[]).await.code(0);
    let row = |who: &str, created: u8, since: u8| (who.to_owned(), day(created), day(since));
    let expected = [
        row("Unknown Customer of b0", 24, 24),
        row("Unknown Customer of b0", 26, 26),
        row("dated of b0", 1, 50),
        row("plain of b0", 15, 15),
        row("plain of b1", 35, 35),
        row("solo of b0", 45, 45),
    ];
    assert_eq!(dates(&case).await, expected);
    case.ringfence(&["conform", "--schema", "after.prisma"])
        .await
        .code(0);
    case.ringfence(&["verify"]).await.code(0);
    // Another date is found, also where the link says it too.
    let customers = case.database.collection::<Document>("Customer");
    let links = case.database.collection::<Document>("_ringfence_links");
    let mine = doc! { "name": "plain", "businessId": "b1" };
    let id = customers.find_one(mine.clone()).await.unwrap().unwrap();
    let id = doc! { "_id": id.get("_id").unwrap().clone() };
    for field in ["createdAt", "member_since"] {
        let other = doc! { "$set": { field: day(34) } };
        customers.update_one(id.clone(), other).await.unwrap();
        case.ringfence(&["verify"]).await.code(2).says(&[field]);
    }
    let set =
        doc! { "$set": { "createdAt": day(34), "updatedAt": day(34), "member_since": day(34) } };
    customers.update_one(id.clone(), set).await.unwrap();
    let set = doc! { "$set": { "oldest": day(34) } };
    links.update_one(id.clone(), set).await.unwrap();
    case.ringfence(&["verify"])
        .await
        .code(2)
        .says(&["is dated otherwise than its oldest user or booking"]);
    let set =
        doc! { "$set": { "createdAt": day(35), "updatedAt": day(35), "member_since": day(35) } };
    customers.update_one(id.clone(), set).await.unwrap();
    let set = doc! { "$set": { "oldest": day(35) } };
    links.update_one(id, set).await.unwrap();
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let differences = picture::differences(&own(&before), &own(&case.picture().await), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn a_stray_s_new_customer_is_dated_by_it_and_edits_come_back_without_the_date() {
    let case = seeded().await;
    case.ringfence(&PLAN).await.code(0);
    case.apply(&[]).await.code(0);
    // An old process books: for a user who had no booking at that business, and long ago for one who had.
    let mut older = booking(61, 18, "plain");
    older.insert("createdAt", day(2));
    let bookings = case.database.collection::<Document>("Booking");
    bookings
        .insert_many([booking(60, 17, "dated"), older])
        .await
        .unwrap();
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    case.ringfence(&take_in).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    let all = dates(&case).await;
    for expected in [("dated of b1", 1, 60), ("plain of b0", 15, 15)] {
        let (who, created, since) = expected;
        assert!(
            all.contains(&(who.to_owned(), day(created), day(since))),
            "{all:#?}"
        );
    }
    let customers = case.database.collection::<Document>("Customer");
    let set = doc! { "$set": { "email": "new@example.com" } };
    let solo = doc! { "name": "solo" };
    customers.update_one(solo, set).await.unwrap();
    case.roll_back(&["--keep-new"]).await.code(0);
    let users = case.database.collection::<Document>("User");
    let solo = users.find_one(doc! { "_id": "solo" }).await.unwrap();
    let expected = doc! { "_id": "solo", "name": "solo", "email": "new@example.com" };
    assert_eq!(solo.unwrap(), expected);
}

#[tokio::test]
async fn where_bookings_have_no_time_either_the_plan_asks() {
    let case = seeded().await;
    let bookings = case.database.collection::<Document>("Booking");
    bookings
        .insert_one(doc! { "_id": "text", "userId": "owner", "serviceId": "s0" })
        .await
        .unwrap();
    let id = "  id         String    @id @map(\"_id\") @db.ObjectId\n  customerId";
    let after = AFTER.replace(id, "  id         String    @id @map(\"_id\")\n  customerId");
    assert_ne!(after, AFTER);
    std::fs::write(case.path("after.prisma"), after).unwrap();
    case.ringfence(&PLAN).await.code(2).says(&[
        "Customer.createdAt: missing-required, 1 document",
        "Customer.since: missing-required, 1 document",
    ]);
    let text = std::fs::read_to_string(case.path("decisions.toml")).unwrap();
    let answers = "[schema]\n\"Customer.createdAt\" = \"constant 2024-05-05T00:00:00Z\"\n\"Customer.since\" = \"field createdAt\"\n";
    std::fs::write(case.path("decisions.toml"), format!("{text}{answers}")).unwrap();
    case.ringfence(&PLAN).await.code(0);
}
