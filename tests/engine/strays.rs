//! Writes at the wrong moment: what an application makes under a vacated name is live, or named with its place by every later command.

use bson::{Document, doc};

use crate::support::case::Case;
use crate::support::data::{self, id};
use crate::support::picture;

async fn names(case: &Case) -> Vec<String> {
    let mut names = case.database.list_collection_names().await.unwrap();
    names.sort();
    names
}

async fn rename(case: &Case, from: &str, to: &str) {
    let admin = case.database.client().database("admin");
    let of = |name: &str| format!("{}.{name}", case.name);
    admin
        .run_command(doc! { "renameCollection": of(from), "to": of(to) })
        .await
        .unwrap();
}

/// A booking as an old process writes it.
fn booking(number: u32) -> Document {
    doc! { "_id": id(data::BOOKING, number), "userId": id(data::USER, 8), "serviceId": id(data::SERVICE, 1), "status": "LATE" }
}

/// Puts the database where a kill after the first rename of the bookings leaves it, and an application that inserted since.
async fn killed_between_the_renames(case: &Case) {
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    case.apply(&["--through", "cut-over"]).await.code(0);
    rename(case, "Booking", "_ringfence_next_Booking").await;
    let bookings = case.database.collection::<Document>("Booking");
    bookings.insert_one(booking(900)).await.unwrap();
    rename(case, "Booking", "_ringfence_stray_1_Booking").await;
    let runs = case.database.collection::<Document>("_ringfence_runs");
    let unset = doc! { "$unset": { "steps.cut-over": "" } };
    runs.update_one(doc! {}, unset).await.unwrap();
}

#[tokio::test]
async fn a_stray_is_named_by_every_command_until_somebody_decides() {
    let case = Case::seeded().await;
    killed_between_the_renames(&case).await;
    let stray = "_ringfence_stray_1_Booking (1 document)";
    // The rename that was journaled is completed first, so that the live name stands.
    case.apply(&[]).await.code(2).says(&[stray]);
    assert!(names(&case).await.contains(&"Booking".to_owned()));
    case.apply(&[]).await.code(2).says(&[stray]);
    case.ringfence(&["verify"]).await.code(2).says(&[stray]);
    case.ringfence(&["status"]).await.code(0).says(&[stray]);
    case.ringfence(&["report"])
        .await
        .code(0)
        .says(&[r"\_ringfence\_stray\_1\_Booking holds 1 document"]);
    let json = case.ringfence(&["status", "--json"]).await.code(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["strays"]["_ringfence_stray_1_Booking"], 1);
    let before = case.picture().await;
    for verb in ["finish", "purge", "rollback"] {
        case.ringfence(&[verb, "--confirm", &case.name])
            .await
            .code(2)
            .says(&[stray]);
        let now = picture::application(&case.picture().await);
        let was = picture::application(&before);
        assert_eq!(picture::differences(&was, &now, true), Vec::<String>::new());
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_discards_leaves_strays_where_they_stand_and_keeps_the_links() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    killed_between_the_renames(&case).await;
    case.apply(&[]).await.code(2);
    case.roll_back(&["--discard-new"])
        .await
        .code(2)
        .says(&["_ringfence_stray_1_Booking (1 document)"]);
    let after = case.picture().await;
    assert_eq!(
        picture::differences(&before, &picture::application(&after), true),
        Vec::<String>::new()
    );
    assert!(after.contains_key("_ringfence_links"));
    // Named still, though no run is open.
    for (verb, name) in [
        ("status", "_ringfence_stray_1_Booking"),
        ("report", r"\_ringfence\_stray\_1\_Booking"),
    ] {
        case.ringfence(&[verb]).await.code(0).says(&[name]);
    }
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(2);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_was_renamed_after_the_cut_over_is_found_counted_and_renamed_back() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let renames = [
        ("Booking", "bookings"),
        ("Customer", "customers"),
        ("User", "users"),
        ("Business", "businesses"),
        ("Service", "services"),
    ];
    for (from, to) in renames {
        rename(&case, from, to).await;
    }
    case.ringfence(&["verify"]).await.code(0);
    // Nothing is built a second time.
    case.apply(&[]).await.code(0);
    assert!(!names(&case).await.contains(&"Booking".to_owned()));
    let new =
        doc! { "_id": id(data::BOOKING, 901), "serviceId": id(data::SERVICE, 1), "status": "NEW" };
    let live = case.database.collection::<Document>("bookings");
    live.insert_one(new).await.unwrap();
    let services = case.database.collection::<Document>("services");
    services
        .insert_one(doc! { "_id": "new", "businessId": id(data::BUSINESS, 1) })
        .await
        .unwrap();
    case.roll_back(&[])
        .await
        .code(2)
        .says(&["1 document added", "Nothing was changed"]);
    case.roll_back(&["--discard-new"])
        .await
        .code(0)
        .says(&["services is called Service again, with what was written since"]);
    let mut after = picture::application(&case.picture().await);
    let service = after.get_mut("Service").unwrap();
    assert_eq!(
        service.documents.len(),
        before["Service"].documents.len() + 1
    );
    *service = before["Service"].clone();
    let differences = picture::differences(&before, &after, true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_went_live_and_was_renamed_to_a_name_of_ours_is_named_and_nothing_is_built_a_second_time()
 {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let hidden = "_ringfence_old_1_Booking";
    rename(&case, "Booking", hidden).await;
    let says = ["Booking stands as _ringfence_old_1_Booking now", "Rename"];
    case.ringfence(&["verify"]).await.code(2).says(&says);
    case.apply(&[]).await.code(2).says(&says);
    case.roll_back(&[]).await.code(2).says(&says);
    let finish = ["finish", "--confirm", &case.name];
    case.ringfence(&finish).await.code(2).says(&says);
    assert!(!names(&case).await.contains(&"Booking".to_owned()));
    rename(&case, hidden, "Booking").await;
    case.roll_back(&[]).await.code(0);
    let after = picture::application(&case.picture().await);
    let differences = picture::differences(&before, &after, true);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_time_series_under_a_vacated_name_is_named_before_anything_is_renamed_back() {
    let case = Case::seeded().await;
    case.migrate().await;
    rename(&case, "Booking", "bookings").await;
    let create = doc! { "create": "Booking", "timeseries": { "timeField": "at" } };
    case.database.run_command(create).await.unwrap();
    let before = names(&case).await;
    for options in [&["--keep-new"][..], &["--discard-new"]] {
        let ended = case.roll_back(options).await.code(1);
        ended.says(&["Booking is a time series now", "Nothing was changed"]);
    }
    for decision in ["--take-in", "--set-aside"] {
        let decide = ["strays", decision, "--confirm", &case.name];
        let ended = case.ringfence(&decide).await.code(1);
        ended.says(&["Booking is a time series now", "Nothing was changed"]);
    }
    assert_eq!(names(&case).await, before);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_view_under_the_name_of_a_stray_is_named_and_a_way_leads_on() {
    let case = Case::seeded().await;
    case.migrate().await;
    let stray = "_ringfence_stray_1_Booking";
    let create = doc! { "create": stray, "viewOn": "Booking", "pipeline": [] };
    case.database.run_command(create).await.unwrap();
    for decision in ["--take-in", "--set-aside"] {
        let decide = ["strays", decision, "--confirm", &case.name];
        let ended = case.ringfence(&decide).await.code(1);
        ended.says(&[
            "_ringfence_stray_1_Booking is a view now",
            "Nothing was changed",
            "drop it",
        ]);
    }
    case.database
        .collection::<bson::Document>(stray)
        .drop()
        .await
        .unwrap();
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_an_old_process_makes_under_a_name_that_was_vacated_is_a_stray() {
    let case = Case::seeded().await;
    case.migrate().await;
    rename(&case, "Booking", "bookings").await;
    let old = case.database.collection::<Document>("Booking");
    old.insert_one(booking(902)).await.unwrap();
    for verb in [&["verify"][..], &["finish", "--confirm", &case.name]] {
        case.ringfence(verb)
            .await
            .code(2)
            .says(&["Booking (1 document)"]);
    }
    case.roll_back(&[])
        .await
        .code(2)
        .says(&["Nothing was changed"]);
    assert_eq!(old.count_documents(doc! {}).await.unwrap(), 1);
    case.roll_back(&["--discard-new"])
        .await
        .code(2)
        .says(&["_ringfence_stray_1_Booking (1 document)"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_stray_that_is_set_aside_is_recorded_and_stands_until_purge() {
    let case = Case::seeded().await;
    killed_between_the_renames(&case).await;
    case.apply(&[]).await.code(2);
    let name = "_ringfence_stray_1_Booking";
    let decide = [
        "strays",
        "--set-aside",
        "--stray",
        name,
        "--confirm",
        &case.name,
    ];
    case.ringfence(&[
        "strays",
        "--stray",
        "other",
        "--set-aside",
        "--confirm",
        &case.name,
    ])
    .await
    .code(1)
    .says(&["Nothing was changed"]);
    case.ringfence(&decide)
        .await
        .code(0)
        .says(&["_ringfence_set_aside_1_Booking (1 document)"]);
    case.apply(&[]).await.code(0);
    case.ringfence(&["report"])
        .await
        .code(0)
        .says(&["is set aside by decision"]);
    case.roll_back(&[]).await.code(0);
    assert!(
        names(&case)
            .await
            .contains(&"_ringfence_set_aside_1_Booking".to_owned())
    );
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    assert!(!names(&case).await.iter().any(|it| it.contains("set_aside")));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_booking_whose_id_is_live_already_stays_in_the_stray_and_is_counted() {
    let case = Case::seeded().await;
    killed_between_the_renames(&case).await;
    case.apply(&[]).await.code(2);
    let stray = case
        .database
        .collection::<Document>("_ringfence_stray_1_Booking");
    let mut taken = booking(10);
    taken.insert("status", "ANOTHER");
    stray.insert_one(taken).await.unwrap();
    let live = case.database.collection::<Document>("Booking");
    let of = doc! { "_id": id(data::BOOKING, 10) };
    let before = live.find_one(of.clone()).await.unwrap();
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    for _ in 0..2 {
        case.ringfence(&take_in)
            .await
            .code(2)
            .says(&["1 of 2 documents stay there"]);
        assert_eq!(live.find_one(of.clone()).await.unwrap(), before);
    }
    case.ringfence(&["verify"]).await.code(2);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_booking_whose_customer_the_server_refuses_stays_and_never_names_nobody() {
    let case = Case::seeded().await;
    killed_between_the_renames(&case).await;
    case.apply(&[]).await.code(2);
    // A user without a booking, whose e-mail the application gave to a customer of its own meanwhile.
    let user = doc! { "_id": id(data::USER, 990), "name": "Late", "email": "late@example.org" };
    let users = case.database.collection::<Document>("User");
    users.insert_one(user).await.unwrap();
    let customers = case.database.collection::<Document>("Customer");
    let mut taken = customers.find_one(doc! {}).await.unwrap().unwrap();
    let service = case.database.collection::<Document>("Service");
    let service = service.find_one(doc! { "_id": id(data::SERVICE, 1) }).await;
    taken.insert("_id", id(data::CUSTOMER, 990));
    taken.insert(
        "businessId",
        service.unwrap().unwrap().get("businessId").unwrap(),
    );
    taken.insert("email", "late@example.org");
    customers.insert_one(taken).await.unwrap();
    let stray = case
        .database
        .collection::<Document>("_ringfence_stray_1_Booking");
    let mut late = booking(991);
    late.insert("userId", id(data::USER, 990));
    stray.insert_one(late).await.unwrap();
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    case.ringfence(&take_in)
        .await
        .code(2)
        .says(&["1 of 2 documents stay there"]);
    let live = case.database.collection::<Document>("Booking");
    let of = doc! { "_id": id(data::BOOKING, 991) };
    assert_eq!(live.find_one(of).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_a_rollback_a_stray_of_the_new_application_names_its_users_again() {
    let case = Case::seeded().await;
    killed_between_the_renames(&case).await;
    case.apply(&[]).await.code(2);
    let live = case.database.collection::<Document>("Booking");
    let stray = case
        .database
        .collection::<Document>("_ringfence_stray_1_Booking");
    let of = doc! { "_id": id(data::BOOKING, 60) };
    let migrated = live.find_one(of.clone()).await.unwrap().unwrap();
    let mut new = migrated.clone();
    new.insert("_id", id(data::BOOKING, 910));
    new.insert("reference", "new 910");
    let mut of_nobody = new.clone();
    of_nobody.insert("_id", id(data::BOOKING, 911));
    of_nobody.insert("reference", "new 911");
    of_nobody.insert("customerId", id(data::CUSTOMER, 999));
    stray.insert_many([&new, &of_nobody]).await.unwrap();
    case.roll_back(&["--discard-new"]).await.code(2);
    let was = live.find_one(of).await.unwrap().unwrap();
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    for _ in 0..2 {
        case.ringfence(&take_in)
            .await
            .code(2)
            .says(&["1 of 3 documents stay there"]);
    }
    let back = doc! { "_id": id(data::BOOKING, 910) };
    let back = live.find_one(back).await.unwrap().unwrap();
    assert!(was.get_object_id("userId").is_ok(), "{was}");
    assert_eq!(back.get("userId"), was.get("userId"));
    assert_eq!(back.get("customerId"), None);
    assert_eq!(back.get("serviceId"), was.get("serviceId"));
    let old = doc! { "_id": id(data::BOOKING, 900) };
    assert_eq!(live.find_one(old).await.unwrap(), Some(booking(900)));
    let nobody = doc! { "_id": id(data::BOOKING, 911) };
    assert_eq!(live.find_one(nobody.clone()).await.unwrap(), None);
    // Its customer is of nobody that the migration knows: it stays, or is set aside.
    assert!(stray.find_one(nobody.clone()).await.unwrap().is_some());
    stray.delete_one(nobody).await.unwrap();
    case.ringfence(&take_in).await.code(0);
}
