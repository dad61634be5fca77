//! Fields that the mapping reads and the after-schema gives other names: users, bookings, services and businesses are still found, proved,
//! verified and carried back, before `finish` and after it.

use bson::{DateTime, Document, doc};

use crate::schema_step::world::{self, AFTER, BOOKING, SERVICE, USER, id, one};
use crate::support::case::Case;
use crate::support::picture::{self, Picture};

const PLAN: [&str; 5] = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
const CONFORM: [&str; 3] = ["conform", "--schema", "after.prisma"];

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

/// Nearly everything has another name.
fn after() -> String {
    let mut after = AFTER.to_owned();
    for (from, to) in [
        (
            "  email          String\n  hashedPassword String?\n",
            "  email          String @map(\"mail\")\n  hashedPassword String? @map(\"password_hash\")\n",
        ),
        (
            "  serviceId  String   @db.ObjectId\n",
            "  serviceId  String   @map(\"service_id\") @db.ObjectId\n",
        ),
        (
            "  businessId String    @db.ObjectId\n  business   Business  @relation(fields: [businessId], references: [id])\n",
            "  businessId String    @map(\"business_id\") @db.ObjectId\n  business   Business  @relation(fields: [businessId], references: [id])\n",
        ),
        (
            "  ownerId   String     @db.ObjectId\n",
            "  ownerId   String     @map(\"owner_id\") @db.ObjectId\n",
        ),
        (
            "model Service {\n  id         String    @id @default(auto()) @map(\"_id\") @db.ObjectId\n  name       String\n",
            "model Service {\n  id         String    @id @default(auto()) @map(\"_id\") @db.ObjectId\n  name       String    @map(\"title\")\n",
        ),
    ] {
        assert!(after.contains(from), "{from}");
        after = after.replacen(from, to, 1);
    }
    after
}

async fn migrated() -> (Case, Picture) {
    let case = world::seeded().await;
    world::write(&case, &after());
    let before = case.picture().await;
    case.ringfence(&PLAN).await.code(0).says(&[
        "email becomes mail",
        "serviceId becomes service_id",
        "businessId becomes business_id",
        "ownerId becomes owner_id",
    ]);
    case.apply(&[]).await.code(0);
    (case, before)
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn all_is_found_under_the_new_names_and_goes_back() {
    let (case, before) = migrated().await;
    case.ringfence(&CONFORM).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    let indexes = picture::indexes(&case.database, "users").await;
    let key = indexes["users_mail_key"].get_document("key").unwrap();
    assert_eq!(*key, *bson::rawdoc! { "mail": 1 });
    let user = one(&case, "users", id(USER, 0)).await;
    assert_eq!(user.get_str("mail").unwrap(), "owner0@example.com");
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let differences = picture::differences(&own(&before), &own(&case.picture().await), true);
    assert!(differences.is_empty(), "{differences:#?}");
    case.apply(&[]).await.code(0);
    let finish = ["finish", "--confirm", &case.name];
    case.ringfence(&finish).await.code(0);
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["with a customer of their own business 14"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_written_under_the_new_names_is_carried_back_under_the_old_ones() {
    let (case, _) = migrated().await;
    let at = DateTime::from_millis(1_800_000_000_000);
    let users = case.database.collection::<Document>("users");
    let new = doc! {
        "_id": id(USER, 60), "name": "New", "mail": "new@example.com", "password_hash": "$2b$10$z", "createdAt": at, "updatedAt": at,
    };
    users.insert_one(new).await.unwrap();
    let other = doc! { "$set": { "mail": "first@example.com" } };
    users
        .update_one(doc! { "_id": id(USER, 0) }, other)
        .await
        .unwrap();
    let customer = one(&case, "bookings", id(BOOKING, 1)).await;
    let customer = customer.get_object_id("customerId").unwrap();
    let bookings = case.database.collection::<Document>("bookings");
    let booked = doc! {
        "_id": id(BOOKING, 100), "customerId": customer, "service_id": id(SERVICE, 1), "start_time": at, "createdAt": at, "updatedAt": at,
    };
    bookings.insert_one(booked).await.unwrap();
    case.roll_back(&["--keep-new"]).await.code(0);
    let user = one(&case, "User", id(USER, 60)).await;
    assert_eq!(user.get_str("email").unwrap(), "new@example.com");
    assert_eq!(user.get_str("hashedPassword").unwrap(), "$2b$10$z");
    let user = one(&case, "User", id(USER, 0)).await;
    assert_eq!(user.get_str("email").unwrap(), "first@example.com");
    let booking = one(&case, "Booking", id(BOOKING, 100)).await;
    assert_eq!(booking.get_object_id("serviceId").unwrap(), id(SERVICE, 1));
    assert_eq!(booking.get_object_id("userId").unwrap(), id(USER, 3));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_operator_can_say_the_old_name_where_no_schema_of_today_does() {
    let case = world::seeded().await;
    world::write(&case, &after());
    let mapping = std::fs::read_to_string(case.path("ringfence.toml")).unwrap();
    let renames = [
        ("Booking.startTime", "date"),
        ("Booking.note", "note"),
        ("Booking.serviceId", "serviceId"),
        ("Service.businessId", "businessId"),
        ("Service.name", "name"),
        ("Business.ownerId", "ownerId"),
        ("User.email", "email"),
        ("User.hashedPassword", "hashedPassword"),
    ];
    let renames: Vec<String> = renames
        .iter()
        .map(|(field, old)| format!("\"{field}\" = \"{old}\""))
        .collect();
    let alone = mapping.replace("before = \"before.prisma\"\n", "").replace(
        "rename = { \"Booking.startTime\" = \"date\" }",
        &format!("rename = {{ {} }}", renames.join(", ")),
    );
    std::fs::write(case.path("ringfence.toml"), alone).unwrap();
    case.ringfence(&PLAN)
        .await
        .code(0)
        .says(&["email becomes mail", "note becomes remark"]);
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
}
