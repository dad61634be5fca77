//! `[schema] with = "own-step"`: what the after-schema asks of collections that the migration does not rebuild anyway is prepared, proved and
//! swapped by a step of its own, and goes back with the rest.

use bson::{Bson, Document, doc};
use ringfence::demo::server::Topology;

use crate::schema_step::world::{self, BUSINESS, ROOM, SERVICE, id, one};
use crate::support;
use crate::support::case::Case;
use crate::support::hold::kill_at;
use crate::support::picture::{self, Picture};

const CONFORM: [&str; 3] = ["conform", "--schema", "after.prisma"];

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

async fn assert_back(case: &Case, before: &Picture) {
    let differences = picture::differences(&own(before), &own(&case.picture().await), true);
    assert!(differences.is_empty(), "{differences:#?}");
}

/// A plan with a step of its own.
async fn planned_in(case: Case) -> Case {
    let mapping = std::fs::read_to_string(case.path("ringfence.toml")).unwrap();
    let own = format!("{mapping}with = \"own-step\"\n");
    std::fs::write(case.path("ringfence.toml"), own).unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0).says(&[
        "done in a step of its own, “Update the schema”",
        "Business, Room and Service",
    ]);
    case
}

async fn planned() -> Case {
    planned_in(world::seeded().await).await
}

const UNTIL_THEN: [&str; 6] = [
    "Business",
    "Room",
    "Service",
    "bookings",
    "customers",
    "users",
];
const AFTERWARDS: [&str; 6] = [
    "bookings",
    "businesses",
    "customers",
    "rooms",
    "services",
    "users",
];

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_step_changes_what_the_cut_over_left_and_all_of_it_goes_back() {
    let case = planned().await;
    case.database.create_collection("rooms").await.unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    let before = case.picture().await;
    case.apply(&["--through", "retire-users"]).await.code(0);
    let names = world::names(&case).await;
    assert_eq!(
        names,
        [
            "Business",
            "Room",
            "Service",
            "bookings",
            "customers",
            "rooms",
            "users"
        ]
    );
    let service = one(&case, "Service", id(SERVICE, 0)).await;
    assert_eq!(service.get("price"), Some(&Bson::Double(30.0)));
    let status = case.ringfence(&["status"]).await.code(0);
    status.says(&[
        "what the after-schema asks of Business, Room, Service is not done yet",
        "behind a gate",
    ]);
    let finish = ["finish", "--confirm", &case.name];
    case.ringfence(&finish)
        .await
        .code(1)
        .says(&["Update the schema"]);
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["“Update the schema” is not done yet"]);
    // Stopped before the step, it goes back.
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    assert_back(&case, &before).await;
    // And the whole of it.
    case.apply(&[])
        .await
        .code(0)
        .says(&["businesses, services and rooms are live as the after-schema asks"]);
    assert_eq!(world::names(&case).await, AFTERWARDS);
    case.ringfence(&CONFORM).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.apply(&[]).await.code(0); // changes nothing
    case.roll_back(&[])
        .await
        .code(0)
        .says(&["byte for byte", "rooms is called Room again, unchanged"]);
    assert_back(&case, &before).await;
    case.apply(&[]).await.code(0);
    case.ringfence(&finish).await.code(0);
    let left = case.database.list_collection_names().await.unwrap();
    let left: Vec<_> = left
        .iter()
        .filter(|name| name.starts_with("_ringfence_before"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_came_between_cut_over_and_step_is_taken_in_and_comes_back() {
    let case = planned().await;
    case.apply(&["--through", "retire-users"]).await.code(0);
    let services = case.database.collection::<Document>("Service");
    let new =
        doc! { "_id": id(SERVICE, 9), "name": "New", "price": 20.0, "businessId": id(BUSINESS, 0) };
    services.insert_one(&new).await.unwrap();
    let odd = doc! { "_id": id(SERVICE, 8), "name": "Odd", "price": 49.99, "businessId": id(BUSINESS, 0) };
    services.insert_one(odd).await.unwrap();
    case.apply(&[]).await.code(2).says(&[
        "Nothing was renamed",
        "Service.price",
        &id(SERVICE, 8).to_hex(),
    ]);
    assert_eq!(world::names(&case).await, UNTIL_THEN);
    services
        .delete_one(doc! { "_id": id(SERVICE, 8) })
        .await
        .unwrap();
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    let service = one(&case, "services", id(SERVICE, 9)).await;
    assert_eq!(service.get("price"), Some(&Bson::Int32(20)));
    case.roll_back(&[]).await.code(0).says(&[
        "Service was written to since the backup (3 documents, where the backup holds 2): it comes back with that",
    ]);
    assert_eq!(one(&case, "Service", id(SERVICE, 9)).await, new);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_stands_under_a_new_name_by_then_keeps_the_gate_shut() {
    let case = planned().await;
    case.apply(&["--through", "retire-users"]).await.code(0);
    let rooms = case.database.collection::<Document>("rooms");
    rooms.insert_one(doc! { "x": 1 }).await.unwrap();
    case.apply(&[]).await.code(1).says(&[
        "Room cannot become rooms",
        "1 document",
        "Nothing was changed",
    ]);
    rooms.drop().await.unwrap();
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_the_application_wrote_after_the_step_is_carried_back() {
    let case = planned().await;
    case.apply(&[]).await.code(0);
    let services = case.database.collection::<Document>("services");
    let dearer = doc! { "$set": { "price": 35 } };
    services
        .update_one(doc! { "_id": id(SERVICE, 0) }, dearer)
        .await
        .unwrap();
    let rooms = case.database.collection::<Document>("rooms");
    rooms
        .insert_one(doc! { "_id": id(ROOM, 1), "name": "Blue" })
        .await
        .unwrap();
    case.roll_back(&[]).await.code(2).says(&["--keep-new"]);
    case.roll_back(&["--keep-new"])
        .await
        .code(0)
        .says(&["rooms is called Room again, with what was written since"]);
    let service = one(&case, "Service", id(SERVICE, 0)).await;
    assert_eq!(service.get("price"), Some(&Bson::Double(35.0)));
    let room = one(&case, "Room", id(ROOM, 1)).await;
    assert_eq!(room.get_str("name").unwrap(), "Blue");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_name_that_the_cut_over_needs_is_left_then() {
    let case = world::seeded().await;
    // Bookings get the name that the rooms leave.
    let chain = world::AFTER.replace("@@map(\"bookings\")", "@@map(\"Room\")");
    world::write(&case, &chain);
    let before = case.picture().await;
    let mapping = std::fs::read_to_string(case.path("ringfence.toml")).unwrap();
    let own = format!("{mapping}with = \"own-step\"\n");
    std::fs::write(case.path("ringfence.toml"), own).unwrap();
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan)
        .await
        .code(0)
        .says(&["done with the cut-over all the same", "Room"]);
    case.apply(&["--through", "cut-over"]).await.code(0);
    let names = world::names(&case).await;
    assert_eq!(
        names,
        ["Business", "Room", "Service", "User", "customers", "rooms"]
    );
    case.apply(&[]).await.code(0);
    case.ringfence(&CONFORM).await.code(0);
    case.roll_back(&[]).await.code(0);
    assert_back(&case, &before).await;
}

/// Where the step is killed.
const POINTS: [&str; 6] = [
    "rename _ringfence_next_Business",
    "insert _ringfence_next_Service",
    "rename Business",
    "rename Room",
    "rename _ringfence_next_Service",
    "rename _ringfence_moving_Room",
];

async fn killed_at(points: &[&str]) {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    let case = planned_in(world::seeded_in(case).await).await;
    let before = case.picture().await;
    let apply = ["apply", "--plan", "plan.json", "--confirm", "shop"];
    for (at, point) in points.iter().enumerate() {
        case.apply(&["--through", "retire-users"]).await.code(0);
        kill_at(&case, &apply, point).await;
        // One goes back from there, the other goes on first.
        if at % 2 == 0 {
            case.apply(&[]).await.code(0);
            assert_eq!(world::names(&case).await, AFTERWARDS, "{point}");
            case.ringfence(&CONFORM).await.code(0);
            case.ringfence(&["verify"]).await.code(0);
        }
        case.roll_back(&[]).await.code(0);
        assert_back(&case, &before).await;
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_step_that_is_killed_between_its_renames_goes_on_and_back() {
    killed_at(&POINTS[..1]).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_step_that_is_killed_anywhere_goes_on_and_back() {
    killed_at(&POINTS).await;
}
