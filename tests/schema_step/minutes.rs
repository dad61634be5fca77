//! The operator's own rule of a date plus the minutes that another document holds, such as a booking's end by the length of its service.

use bson::{DateTime, Document, doc};

use crate::schema_step::world::{self, AFTER, BOOKING, SERVICE, USER, id, one};
use crate::support::case::Case;
use crate::support::picture::{self, Picture};

const CONFORM: [&str; 3] = ["conform", "--schema", "after.prisma"];

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

async fn seeded() -> Case {
    let case = world::seeded().await;
    let after = AFTER
        .replace(
            "  note       String?  @map(\"remark\")",
            "  endTime    DateTime @map(\"end_time\")\n  note       String?  @map(\"remark\")",
        )
        .replace(
            "  price      Int\n",
            "  price      Int\n  duration   Int @map(\"minutes\")\n",
        );
    world::write(&case, &after);
    let before = world::BEFORE.replace(
        "  price      Float\n",
        "  price      Float\n  duration   Int\n",
    );
    std::fs::write(case.path("before.prisma"), before).unwrap();
    for (n, lasts) in [(0, doc! { "duration": 30 }), (1, doc! { "duration": "45" })] {
        let services = case.database.collection::<Document>("Service");
        let set = doc! { "$set": lasts };
        services
            .update_one(doc! { "_id": id(SERVICE, n) }, set)
            .await
            .unwrap();
    }
    case
}

async fn plan(case: &Case, answer: &str) -> crate::support::case::Ended {
    let decisions = format!(
        "version = 1\ndatabase = \"{}\"\n[schema]\n\"Booking.endTime\" = \"{answer}\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), decisions).unwrap();
    let plan = [
        "plan",
        "--defaults",
        "--retire-users",
        "--decisions",
        "decisions.toml",
        "--out",
        "plan.json",
    ];
    case.ringfence(&plan).await
}

fn minutes_after(at: DateTime, minutes: i64) -> DateTime {
    DateTime::from_millis(at.timestamp_millis() + minutes * 60_000)
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_date_plus_the_minutes_of_the_service_is_written_and_taken_out_again() {
    let case = seeded().await;
    let before = case.picture().await;
    plan(&case, "date startTime plus minutes service.duration")
        .await
        .code(0)
        .says(&["end_time: its start_time plus the minutes in duration of the Service that its serviceId names written where it is missing or null (14 documents)"]);
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    for (n, lasts) in [(0, 30), (1, 45)] {
        let booking = one(&case, "bookings", id(BOOKING, n)).await;
        let ends = booking.get_datetime("end_time").unwrap();
        assert_eq!(*ends, minutes_after(world::day(100 + n), lasts));
    }
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let differences = picture::differences(&own(&before), &own(&case.picture().await), true);
    assert!(differences.is_empty(), "{differences:#?}");
    // A stray booking.
    case.apply(&[]).await.code(0);
    let insert = async |collection: &str, document: Document| {
        let collection = case.database.collection::<Document>(collection);
        collection.insert_one(document).await.unwrap();
    };
    insert("Booking", doc! { "_id": id(BOOKING, 70), "userId": id(USER, 2), "serviceId": id(SERVICE, 1), "date": world::day(3), "createdAt": world::day(1) }).await;
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    case.ringfence(&take_in).await.code(0);
    let booking = one(&case, "bookings", id(BOOKING, 70)).await;
    let ends = booking.get_datetime("end_time").unwrap();
    assert_eq!(*ends, minutes_after(world::day(3), 45));
    case.roll_back(&["--discard-new"]).await.code(0);
    let purge = ["purge", "--confirm", &case.name];
    case.ringfence(&purge).await.code(0);
    // Carried back, what the rule wrote is taken out of what the application changed, too.
    case.apply(&[]).await.code(0);
    let bookings = case.database.collection::<Document>("bookings");
    let set = doc! { "$set": { "remark": "late" } };
    bookings
        .update_one(doc! { "_id": id(BOOKING, 1) }, set)
        .await
        .unwrap();
    case.roll_back(&["--keep-new"]).await.code(0);
    let booking = one(&case, "Booking", id(BOOKING, 1)).await;
    assert_eq!(booking.get_str("note").unwrap(), "late");
    assert!(!booking.contains_key("end_time") && !booking.contains_key("endTime"));
}

#[tokio::test]
async fn where_the_service_or_its_minutes_are_missing_the_plan_is_not_made() {
    let case = seeded().await;
    let services = case.database.collection::<Document>("Service");
    let short = doc! { "$unset": { "duration": 1 } };
    services
        .update_one(doc! { "_id": id(SERVICE, 1) }, short)
        .await
        .unwrap();
    let answer = "date startTime plus minutes service.duration";
    plan(&case, answer).await.code(2).says(&[
        "Booking.endTime: missing-required, 7 documents",
        "gives nothing for these",
    ]);
    for (answer, why) in [
        (
            "date startTime plus minutes service.length",
            "has no field length",
        ),
        (
            "date startTime plus minutes room.duration",
            "has no relation room",
        ),
        ("date note plus minutes service.duration", "note is String"),
        (
            "date startTime plus 30",
            "date FIELD plus minutes RELATION.FIELD",
        ),
    ] {
        plan(&case, answer)
            .await
            .code(2)
            .says(&["the answer to Booking.endTime cannot be used", why]);
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn minutes_that_the_plan_itself_writes_count_and_those_that_a_decision_leaves_out_do_not() {
    let case = seeded().await;
    let services = case.database.collection::<Document>("Service");
    for (n, lasts) in [
        (0, doc! { "$unset": { "duration": 1 } }),
        (1, doc! { "$set": { "duration": bson::Bson::Null } }),
    ] {
        let one = doc! { "_id": id(SERVICE, n) };
        services.update_one(one, lasts).await.unwrap();
    }
    let default = std::fs::read_to_string(case.path("after.prisma")).unwrap();
    let default = default.replace("@map(\"minutes\")", "@default(20) @map(\"minutes\")");
    std::fs::write(case.path("after.prisma"), default).unwrap();
    let before = case.picture().await;
    let answer = "date startTime plus minutes service.duration";
    let none = format!("{answer}\"\n\"Service.duration\" = \"leave");
    plan(&case, &none).await.code(2).says(&[
        "Booking.endTime: missing-required, 14 documents",
        "gives nothing for these",
    ]);
    plan(&case, answer).await.code(0).says(&["(14 documents)"]);
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    for n in [0, 1] {
        let booking = one(&case, "bookings", id(BOOKING, n)).await;
        let ends = booking.get_datetime("end_time").unwrap();
        assert_eq!(*ends, minutes_after(world::day(100 + n), 20));
    }
    case.ringfence(&["verify"]).await.code(0);
    // The rules are taken out again, of what the application changed too.
    let bookings = case.database.collection::<Document>("bookings");
    let set = doc! { "$set": { "remark": "late" } };
    let changed = doc! { "_id": id(BOOKING, 1) };
    bookings.update_one(changed, set).await.unwrap();
    case.roll_back(&["--keep-new"]).await.code(0);
    let booking = one(&case, "Booking", id(BOOKING, 1)).await;
    assert_eq!(booking.get_str("note").unwrap(), "late");
    assert!(!booking.contains_key("end_time"));
    let (mut was, mut is) = (own(&before), own(&case.picture().await));
    assert!(was.remove("Booking").is_some() && is.remove("Booking").is_some());
    let differences = picture::differences(&was, &is, true);
    assert!(differences.is_empty(), "{differences:#?}");
}
