//! References that lead nowhere more often than not; the mapping of a run under way; databases that are migrated already.

use bson::doc;
use ringfence::domain::mapping::DEFAULT;

use crate::mapping_check::world::{World, booking, id};
use crate::support::case::Case;

/// More than half of the bookings are of a service that is gone.
async fn orphans() -> Case {
    World::clean().without_business(240).case().await
}

const REFERENCE: &str = "mapping:booking.service=240";
const BOOKINGS: &str = "booking-without-business=240";

#[tokio::test]
async fn fewer_than_half_that_lead_somewhere_are_refused_until_their_number_is_accepted() {
    let case = orphans().await;
    let says = ["booking.service: only 160 of 400 set values", REFERENCE];
    case.ringfence(&["survey"]).await.code(1).says(&says);
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan).await.code(1).says(&says);
    let with = |more: &[&'static str]| [&plan[..], more].concat();
    for wrong in [
        "mapping:booking.service=239",
        "mapping:booking.user=3",
        "mapping:nothing=3",
    ] {
        let ended = case.ringfence(&with(&["--accept", wrong])).await;
        assert!(ended.code == 2 || ended.code == 1, "{ended:?}");
        assert!(!case.path("plan.json").exists());
    }
    let wrong = with(&["--accept", "mapping:booking.service=239"]);
    case.ringfence(&wrong).await.code(2).says(&["240 of 400"]);
    // The bookings themselves leave the application, which is a number of its own.
    let half = with(&["--accept", REFERENCE]);
    case.ringfence(&half).await.code(2).says(&[BOOKINGS]);
    let survey = ["survey", "--accept", REFERENCE, "--accept", BOOKINGS];
    case.ringfence(&survey).await.code(0);
    let both = with(&["--accept", REFERENCE, "--accept", BOOKINGS]);
    case.ringfence(&both).await.code(0);
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
async fn an_accepted_number_that_is_another_when_it_is_applied_is_drift() {
    let case = orphans().await;
    let plan = [
        "plan",
        "--defaults",
        "--out",
        "plan.json",
        "--accept",
        REFERENCE,
        "--accept",
        BOOKINGS,
    ];
    case.ringfence(&plan).await.code(0);
    let mut late = booking(700);
    late.insert("serviceId", id(b's', 900));
    case.database
        .collection("Booking")
        .insert_one(late)
        .await
        .unwrap();
    let before = case.picture().await;
    case.apply(&[]).await.code(4).says(&["241 of 401"]);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn null_and_missing_references_are_not_counted() {
    let mut world = World::clean();
    for (at, booking) in world.bookings.iter_mut().enumerate() {
        match at % 10 {
            0 => drop(booking.insert("userId", bson::Bson::Null)),
            1..=8 => drop(booking.remove("userId")),
            _ => {}
        }
    }
    let case = world.case().await;
    // Nine in ten bookings have nobody: that is not the mapping's fault, and it is no default either.
    let ended = case
        .ringfence(&["plan", "--defaults", "--out", "p.json"])
        .await;
    ended.code(2).says(&["booking-without-user=360"]);
}

#[tokio::test]
async fn ids_that_are_kept_as_text_lead_to_the_ids_that_they_spell() {
    let mut world = World::clean();
    for booking in &mut world.bookings {
        let service = booking.get_object_id("serviceId").unwrap();
        booking.insert("serviceId", service.to_hex());
    }
    let case = world.case().await;
    case.ringfence(&["survey"])
        .await
        .code(2)
        .says(&["id-type-mismatch"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_run_under_way_keeps_its_mapping_and_another_file_is_drift() {
    let case = World::clean().case().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    std::fs::write(case.path("same.toml"), DEFAULT).unwrap();
    let other = DEFAULT.replace("owner = \"ownerId\"\n", "");
    std::fs::write(case.path("other.toml"), other).unwrap();
    let before = case.picture().await;
    for verb in [
        &["survey"][..],
        &["plan", "--defaults", "--out", "p.json"],
        &["apply", "--plan", "plan.json", "--confirm", &case.name],
    ] {
        let with = [verb, &["--config", "other.toml"]].concat();
        case.ringfence(&with).await.code(4).says(&["mapping"]);
    }
    case.assert_same(&before).await;
    case.ringfence(&["survey", "--config", "same.toml"])
        .await
        .code(0);
    case.apply(&["--config", "same.toml"]).await.code(0);
    // The originals stand aside by now, and are what is looked at.
    case.ringfence(&["survey"]).await.code(0);
    case.roll_back(&[]).await.code(0);
}

#[tokio::test]
async fn a_plan_is_drift_where_the_mapping_file_says_something_else_by_now() {
    let case = World::clean().case().await;
    std::fs::write(case.path("ringfence.toml"), DEFAULT).unwrap();
    case.plan().await;
    let other = DEFAULT.replace("owner = \"ownerId\"\n", "");
    std::fs::write(case.path("ringfence.toml"), other).unwrap();
    let before = case.picture().await;
    case.apply(&[])
        .await
        .code(4)
        .says(&["the mapping file says another mapping"]);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_finish_the_verbs_say_that_all_is_migrated_and_verify_says_what_it_cannot_check() {
    let case = World::clean().without_user(4).case().await;
    let leave = format!(
        "version = 1\ndatabase = \"{}\"\n[policy]\nbooking-without-user = \"leave\"\n",
        case.name
    );
    std::fs::write(case.path("d.toml"), leave).unwrap();
    let plan = ["plan", "--decisions", "d.toml", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    case.ringfence(&["finish", "--confirm", &case.name])
        .await
        .code(0);
    let before = case.picture().await;
    for verb in [&["survey"][..], &["plan", "--defaults", "--out", "p.json"]] {
        case.ringfence(verb)
            .await
            .code(0)
            .says(&["migrated by run"]);
    }
    case.apply(&[]).await.code(0).says(&["migrated by run"]);
    assert!(!case.path("p.json").exists());
    let says = [
        "396",
        "left by decision 4",
        "fidelity",
        "can no longer be checked",
    ];
    case.ringfence(&["verify"]).await.code(0).says(&says);
    case.assert_same(&before).await;
    // An old process writes one more, and somebody breaks another.
    let bookings = case.database.collection::<bson::Document>("Booking");
    bookings.insert_one(booking(700)).await.unwrap();
    let ended = case.ringfence(&["survey"]).await;
    assert!(!ended.out.contains("migrated by run"), "{ended:?}");
    case.ringfence(&["verify"])
        .await
        .code(2)
        .says(&["1 booking has no customerId"]);
    bookings
        .delete_one(doc! { "_id": id(b'k', 700) })
        .await
        .unwrap();
    let wrong = doc! { "$set": { "customerId": id(b'c', 1) } };
    bookings
        .update_one(doc! { "_id": id(b'k', 5) }, wrong)
        .await
        .unwrap();
    case.ringfence(&["verify"])
        .await
        .code(2)
        .says(&["does not exist"]);
}
