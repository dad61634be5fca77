//! Soft-deleted users: brought along as customers who are not active, or as placeholders, or not at all; never the survivor of a merge.

use bson::{DateTime, doc};

use crate::conflicts::world::{
    World, booking, business, count, customer_of, one, service, somebody, user, with,
};
use crate::support::case::Case;

const MAPPING: &str = r#"
version = 2

[user]
collection = "User"
name       = "name"
email      = "email"
password   = "hashedPassword"
created    = "createdAt"
contact    = ["phone", "city"]
phone      = "phone"
deleted    = [{ deletedAt = { set = true } }, { isActive = false }]

[business]
collection = "Business"
name       = "name"
owner      = "ownerId"

[service]
collection = "Service"
business   = "businessId"

[booking]
collection = "Booking"
user       = "userId"
service    = "serviceId"
customer   = "customerId"
created    = "createdAt"

[customer]
collection = "Customer"
business   = "businessId"
defaults   = { isActive = true }
nulls      = ["deletedAt"]
"#;

/// Users 3 and 4 are deleted, one by a date, one by a flag; user 1 is not.
fn world() -> World {
    let mut world = World::new();
    let gone = DateTime::from_millis(5_000_000);
    world.add("User", with(somebody(3), doc! { "deletedAt": gone }));
    world.add(
        "User",
        with(somebody(4), doc! { "isActive": false, "deletedAt": null }),
    );
    for (n, at) in [(3, 70), (3, 60), (4, 80)] {
        world.book_with(doc! { "userId": user(n), "serviceId": service(1), "createdAt": DateTime::from_millis(at) });
    }
    world
}

async fn seeded(world: &World) -> Case {
    let case = world.seeded().await;
    std::fs::write(case.path("ringfence.toml"), MAPPING).unwrap();
    case
}

/// Plans with this answer for all deleted users and with these further arguments, and applies.
async fn applied(case: &Case, choice: &str, more: &[&str]) {
    let text = format!(
        "version = 1\ndatabase = \"{}\"\n\n[policy]\ndeleted-user = \"{choice}\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), text).unwrap();
    let plan = [
        "plan",
        "--defaults",
        "--decisions",
        "decisions.toml",
        "--out",
        "plan.json",
    ];
    case.ringfence(&[&plan, more].concat()).await.code(0);
    case.apply(&["--accept-unknown"]).await.code(0);
}

async fn answered(case: &Case, choice: &str) {
    applied(case, choice, &[]).await;
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong"]);
}

async fn codes(case: &Case) -> Vec<(String, u64)> {
    let json = case.ringfence(&["--json", "survey"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let rows = json["conflicts"].as_array().unwrap().iter();
    let rows = rows.map(|row| {
        (
            row["code"].as_str().unwrap().to_owned(),
            row["count"].as_u64().unwrap(),
        )
    });
    rows.collect()
}

#[tokio::test]
async fn deleted_users_are_found_and_come_along_as_customers_who_are_deleted_too() {
    let case = seeded(&world()).await;
    assert_eq!(codes(&case).await, [("deleted-user".to_owned(), 2)]);
    let before = case.picture().await;
    answered(&case, "bring-along").await;
    let by_date = customer_of(&case, booking(3)).await;
    assert_eq!(by_date.get_str("name").unwrap(), "Person 3");
    assert!(!by_date.get_bool("isActive").unwrap(), "{by_date}");
    let gone = DateTime::from_millis(5_000_000);
    assert_eq!(by_date.get_datetime("deletedAt").unwrap(), &gone);
    let by_flag = customer_of(&case, booking(5)).await;
    assert!(!by_flag.get_bool("isActive").unwrap(), "{by_flag}");
    assert!(by_flag.get("deletedAt").unwrap().as_null().is_some());
    let living = customer_of(&case, booking(1)).await;
    assert!(living.get_bool("isActive").unwrap(), "{living}");
    assert!(living.get("deletedAt").unwrap().as_null().is_some());
    comes_back(&case, &before).await;
}

async fn comes_back(case: &Case, before: &crate::support::picture::Picture) {
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = crate::support::picture::but_runs(&case.picture().await);
    let differs = crate::support::picture::differences(before, &now, true);
    assert_eq!(differs, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn by_decision_their_bookings_go_to_placeholders_and_what_is_known_of_them_stays_with_the_user()
 {
    let case = seeded(&world()).await;
    let before = case.picture().await;
    answered(&case, "placeholder").await;
    let placeholder = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(4)).await, placeholder);
    let mut expected = doc! {
        "_id": placeholder.get("_id").unwrap(), "businessId": business(1), "name": "Unknown Customer",
        "createdAt": DateTime::from_millis(60), "isActive": true, "deletedAt": null,
    };
    assert_eq!(placeholder, expected);
    let other = customer_of(&case, booking(5)).await;
    expected.insert("_id", other.get("_id").unwrap());
    expected.insert("createdAt", DateTime::from_millis(80));
    assert_eq!(other, expected);
    assert_ne!(other.get("_id"), placeholder.get("_id"));
    let stays = one(&case, "User", user(3)).await.unwrap();
    assert_eq!(
        stays.get_str("phone").unwrap(),
        somebody(3).get_str("phone").unwrap()
    );
    let link = one(
        &case,
        "_ringfence_links",
        placeholder.get("_id").unwrap().clone(),
    )
    .await;
    let link = link.unwrap();
    assert_eq!(link.get_str("kind").unwrap(), "placeholder");
    assert!(!link.contains_key("lost"), "{link}");
    comes_back(&case, &before).await;
}

#[tokio::test]
async fn placeholders_of_deleted_users_count_as_bookings_that_leave_the_application() {
    let mut world = world();
    for _ in 0..11 {
        world.book(user(3), service(1));
    }
    let case = seeded(&world).await;
    let text = format!(
        "version = 1\ndatabase = \"{}\"\n\n[policy]\ndeleted-user = \"placeholder\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), text).unwrap();
    let plan = [
        "plan",
        "--defaults",
        "--decisions",
        "decisions.toml",
        "--out",
        "plan.json",
    ];
    let asked = case.ringfence(&plan).await.code(2);
    asked.says(&["--accept deleted-user=14"]);
    let accepting = [&plan[..], &["--accept", "deleted-user=14"]].concat();
    case.ringfence(&accepting).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn by_decision_they_get_no_customer_and_their_bookings_stay() {
    let case = seeded(&world()).await;
    answered(&case, "skip").await;
    let left = one(&case, "Booking", booking(3)).await.unwrap();
    assert_eq!(left.get_object_id("userId").unwrap(), user(3));
    assert_eq!(count(&case, "Customer").await, 2);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_deleted_user_is_never_the_survivor_and_never_retired_as_a_placeholder() {
    let mut world = world();
    // The deleted one is older and more complete.
    let living = doc! { "_id": user(5), "name": "Ann", "email": "person3@example.org" };
    world.customer(living, 1);
    let case = seeded(&world).await;
    answered(&case, "bring-along").await;
    let merged = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(6)).await, merged);
    assert_eq!(merged.get_str("name").unwrap(), "Ann");
    assert!(merged.get_bool("isActive").unwrap(), "{merged}");

    // A placeholder takes part in no group.
    let case = seeded(&world).await;
    applied(&case, "placeholder", &["--retire-users"]).await;
    let ann = customer_of(&case, booking(6)).await;
    assert_eq!(ann.get_str("name").unwrap(), "Ann");
    assert_eq!(ann.get_str("email").unwrap(), "person3@example.org");
    let placeholder = customer_of(&case, booking(3)).await;
    assert!(!placeholder.contains_key("email"), "{placeholder}");
    assert!(one(&case, "User", user(3)).await.is_some());
    assert!(one(&case, "User", user(5)).await.is_none());
}
