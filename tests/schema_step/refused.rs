//! What no rule mends keeps the plan from being made, and is said.

use bson::{Document, doc};

use crate::schema_step::world::{self, AFTER, BOOKING, BUSINESS, SERVICE, USER, id};
use crate::support::case::Case;

const PLAN: [&str; 5] = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];

async fn refused(case: &Case, says: &[&str]) {
    case.ringfence(&PLAN).await.code(2).says(says);
    assert!(!case.path("plan.json").exists());
}

#[tokio::test]
async fn a_target_that_holds_documents_is_a_blocker() {
    let case = world::seeded().await;
    let bookings = case.database.collection::<Document>("bookings");
    bookings.insert_one(doc! { "x": 1 }).await.unwrap();
    let ended = case.ringfence(&PLAN).await.code(2);
    assert!(
        !ended.out.contains("rename (accepted): Booking becomes"),
        "what is forbidden is not accepted: {}",
        ended.out
    );
    ended.says(&["Booking cannot become bookings", "1 document"]);
    bookings.drop().await.unwrap();
    let view = doc! { "create": "bookings", "viewOn": "Booking", "pipeline": [] };
    crate::support::data::run(&case.database, view).await;
    refused(
        &case,
        &["Booking cannot become bookings: bookings is a view"],
    )
    .await;
}

#[tokio::test]
async fn what_a_blocker_forbids_is_not_accepted_beside_it() {
    let accepted = |said: &str| -> String {
        let lines = said.lines().filter(|it| it.contains("(accepted)"));
        lines.collect::<Vec<_>>().join("\n")
    };
    // A unique that documents break is not made; other indexes of the same collection are.
    let case = world::seeded().await;
    let services = case.database.collection::<Document>("Service");
    let same = doc! { "$set": { "name": "Cut" } };
    services.update_many(doc! {}, same).await.unwrap();
    let after = AFTER.replace(
        "  @@index([businessId])\n  @@map(\"services\")",
        "  @@index([price])\n  @@unique([name])\n  @@map(\"services\")",
    );
    assert_ne!(after, AFTER);
    world::write(&case, &after);
    let plan = case.ringfence(&PLAN).await.code(2);
    let said = accepted(&plan.out);
    assert!(said.contains("services_price_idx"), "{said}");
    assert!(!said.contains("services_name_key"), "{said}");
    // Of a collection that cannot be rebuilt nothing is accepted.
    let case = world::seeded().await;
    let rooms = case.database.collection::<Document>("Room");
    rooms.drop().await.unwrap();
    let capped = doc! { "create": "Room", "capped": true, "size": 4096 };
    crate::support::data::run(&case.database, capped).await;
    rooms.insert_one(doc! { "name": "Red" }).await.unwrap();
    let plan = case.ringfence(&PLAN).await.code(2);
    let plan = plan.says(&["what Room asks of Room cannot be done"]);
    let said = accepted(&plan.out);
    assert!(!said.contains("Room"), "{said}");
    // A field that a validator names keeps its name until that is changed.
    let case = world::seeded().await;
    let validator = doc! { "collMod": "Booking", "validator": { "date": { "$exists": true } } };
    crate::support::data::run(&case.database, validator).await;
    let plan = case.ringfence(&PLAN).await.code(2);
    let said = accepted(&plan.out);
    assert!(!said.contains("date becomes"), "{said}");
    // A field under both names.
    let case = world::seeded().await;
    let bookings = case.database.collection::<Document>("Booking");
    let both = doc! { "$set": { "remark": "x" } };
    let first = doc! { "_id": id(BOOKING, 0) };
    bookings.update_one(first, both).await.unwrap();
    let plan = case.ringfence(&PLAN).await.code(2);
    let said = accepted(&plan.out);
    assert!(!said.contains("note becomes remark"), "{said}");
}

#[tokio::test]
async fn a_name_that_no_collection_of_an_application_can_have_is_a_blocker() {
    let case = world::seeded().await;
    let long = "r".repeat(230);
    for (name, says) in [
        (
            "_ringfence_before_Booking",
            "those of ringfence's own collections",
        ),
        (
            "system.rooms",
            "the server takes no collection of that name",
        ),
        ("ro$oms", "the server takes no collection of that name"),
        (&long, "it passes the 255 bytes that the server takes"),
    ] {
        let after = AFTER.replace("@@map(\"rooms\")", &format!("@@map(\"{name}\")"));
        world::write(&case, &after);
        refused(&case, &["Room cannot become", says]).await;
    }
}

#[tokio::test]
async fn an_index_name_that_another_index_has_is_a_blocker() {
    let case = world::seeded().await;
    let other = doc! { "createIndexes": "Service", "indexes": [{ "key": { "name": 1 }, "name": "services_businessId_idx" }] };
    crate::support::data::run(&case.database, other).await;
    refused(
        &case,
        &["Service names the index services_businessId_idx, and another one has that name"],
    )
    .await;
    // Two that a rename makes one.
    let case = world::seeded().await;
    let both = doc! { "createIndexes": "Booking", "indexes": [
        { "key": { "date": 1 }, "name": "old" }, { "key": { "start_time": 1 }, "name": "odd" },
    ] };
    crate::support::data::run(&case.database, both).await;
    refused(&case, &["no server keeps both: drop one of them", "odd"]).await;
}

#[tokio::test]
async fn a_value_that_would_lose_something_is_a_blocker_with_its_id() {
    let case = world::seeded().await;
    let services = case.database.collection::<Document>("Service");
    let cheap = id(SERVICE, 2);
    services
        .insert_one(
            doc! { "_id": cheap, "name": "Odd", "price": 49.99, "businessId": id(BUSINESS, 0) },
        )
        .await
        .unwrap();
    refused(&case, &["Service.price", "wrong-type", &cheap.to_hex()]).await;
}

#[tokio::test]
async fn a_required_field_that_nothing_gives_asks_and_an_answer_is_written() {
    let case = world::seeded().await;
    let needs = AFTER.replace(
        "  tags       String[]\n",
        "  tags       String[]\n  locale     String\n",
    );
    world::write(&case, &needs);
    refused(
        &case,
        &["Customer.locale", "missing-required", "constant VALUE"],
    )
    .await;
    let decisions = format!(
        "version = 1\ndatabase = \"{}\"\n[schema]\n\"Customer.locale\" = \"constant nl\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), decisions).unwrap();
    let plan = [&PLAN[..], &["--decisions", "decisions.toml"]].concat();
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    let customers = case.database.collection::<Document>("customers");
    let without = doc! { "locale": { "$ne": "nl" } };
    assert_eq!(customers.count_documents(without).await.unwrap(), 0);
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    case.roll_back(&[]).await.code(0);
}

#[tokio::test]
async fn several_customers_without_an_e_mail_cannot_be_unique_by_it() {
    let case = world::seeded().await;
    let bookings = case.database.collection::<Document>("Booking");
    // Guests 6 and 7 at one business.
    bookings
        .insert_one(doc! { "_id": id(BOOKING, 90), "userId": id(USER, 6), "serviceId": id(SERVICE, 1), "date": world::day(1), "createdAt": world::day(1) })
        .await
        .unwrap();
    refused(
        &case,
        &[
            "@@unique([businessId, email])",
            "@@index([businessId, email])",
            "businessId_email",
            "findFirst",
        ],
    )
    .await;
    let plain = AFTER.replace(
        "@@unique([businessId, email])",
        "@@index([businessId, email])",
    );
    world::write(&case, &plain);
    case.ringfence(&PLAN).await.code(0);
    case.apply(&[]).await.code(0);
    let indexes = crate::support::picture::indexes(&case.database, "customers").await;
    assert!(indexes.contains_key("customers_businessId_email_idx"));
    assert!(indexes.contains_key("customers_businessId_email_present_key"));
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
}

#[tokio::test]
async fn users_who_would_leave_break_a_rule_only_where_they_stay() {
    let case = world::seeded().await;
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan).await.code(2).says(&[
        "User.email",
        "Only users who would retire break it: `plan --retire-users`",
    ]);
    case.ringfence(&PLAN).await.code(0);
    // An owner stays.
    let users = case.database.collection::<Document>("User");
    let none = doc! { "$unset": { "email": 1 } };
    users
        .update_one(doc! { "_id": id(USER, 1) }, none)
        .await
        .unwrap();
    case.ringfence(&plan).await.code(2).says(&[
        "does not mend it: 1 user who stays would break it still",
        &id(USER, 1).to_hex(),
    ]);
}

#[tokio::test]
async fn bookings_that_a_decision_leaves_cannot_be_read_and_are_a_blocker() {
    let case = world::seeded().await;
    let bookings = case.database.collection::<Document>("Booking");
    bookings
        .insert_one(doc! { "_id": id(BOOKING, 91), "userId": id(USER, 99), "serviceId": id(SERVICE, 0), "date": world::day(1), "createdAt": world::day(1) })
        .await
        .unwrap();
    let decisions = format!(
        "version = 1\ndatabase = \"{}\"\n[policy]\n\"booking-without-user\" = \"leave\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), decisions).unwrap();
    let plan = [&PLAN[..], &["--decisions", "decisions.toml"]].concat();
    case.ringfence(&plan).await.code(2).says(&[
        "Booking.customerId",
        "missing-required, 1 document",
        "leaves or skips",
    ]);
}

#[tokio::test]
async fn a_field_that_the_migration_makes_keeps_its_name() {
    let case = world::seeded().await;
    for (from, to, says) in [
        (
            "  customerId String   @db.ObjectId\n",
            "  customerId String   @map(\"customer_id\") @db.ObjectId\n",
            ["Booking.customerId", "[booking] customer = \"customer_id\""],
        ),
        (
            "  phone      String?\n  isActive",
            "  phone      String?   @map(\"tel\")\n  isActive",
            [
                "Customer.phone",
                "[customer] fields = { \"tel\" = \"phone\" }",
            ],
        ),
    ] {
        let renamed = AFTER.replacen(from, to, 1);
        assert_ne!(renamed, AFTER);
        world::write(&case, &renamed);
        refused(&case, &says).await;
        // The cause alone is said, not what follows from it.
        let ended = case.ringfence(&PLAN).await;
        let said = format!("{}{}", ended.out, ended.err);
        for follows in ["leaves or skips", "missing-required"] {
            assert!(!said.contains(follows), "{follows}: {said}");
        }
    }
}
