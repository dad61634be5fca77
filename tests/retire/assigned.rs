//! Users without a password and without a booking whom an answer gives to a business: they become customers there, and take part in every
//! conflict.

use std::fmt::Write as _;

use bson::{Document, doc};

use crate::retire::world;
use crate::support::case::{Case, Ended};
use crate::support::data::{BUSINESS, USER, id};
use crate::support::picture;

/// Answers: users with the business that each is given to.
fn decide(case: &Case, assigned: &[(u32, &str)]) {
    let mut text = format!("version = 1\ndatabase = \"{}\"\n", case.name);
    for (user, business) in assigned {
        let user = id(USER, *user).to_hex();
        let _ = write!(
            text,
            "\n[[decision]]\ncode = \"idle-user\"\nsubjects = [\"{user}\"]\nchoice = \"assign\"\nset = {{ business = \"{business}\" }}\n",
        );
    }
    std::fs::write(case.path("decisions.toml"), text).unwrap();
}

async fn plan(case: &Case, more: &[&str]) -> Ended {
    let words = ["plan", "--out", "plan.json"];
    case.ringfence(&[&words, more].concat()).await
}

/// The customers that were made of a user, with their links.
async fn customers_of(case: &Case, user: u32) -> Vec<(Document, Document)> {
    let links = case.database.collection::<Document>("_ringfence_links");
    let customers = case.database.collection::<Document>("Customer");
    let mut found = Vec::new();
    let mut cursor = links.find(doc! { "users": id(USER, user) }).await.unwrap();
    while cursor.advance().await.unwrap() {
        let link = cursor.deserialize_current().unwrap();
        let of = doc! { "_id": link.get("_id").unwrap() };
        found.push((customers.find_one(of).await.unwrap().unwrap(), link));
    }
    found
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn all_of_them_become_customers_of_the_business_that_is_named_and_come_back() {
    let case = world::seeded().await;
    let before = case.picture().await;
    let assign = ["--defaults", "--assign-idle", "Salon 1", "--retire-users"];
    plan(&case, &assign)
        .await
        .code(0)
        .says(&["15 users would retire", "no booking 0"]);
    case.apply(&[])
        .await
        .code(0)
        .says(&["users 42 = kept 27 + retired 15 + set aside 0"]);
    for user in [5, 6, 60, 61] {
        let made = customers_of(&case, user).await;
        assert_eq!(made.len(), 1, "{user}");
        let (customer, _) = &made[0];
        assert_eq!(
            customer.get_object_id("businessId").unwrap(),
            id(BUSINESS, 1)
        );
    }
    let (idle, _) = customers_of(&case, 60).await.remove(0);
    assert_eq!(idle.get_str("phone").unwrap(), "1");
    let live = world::numbers(&case, "User").await;
    assert!(live.contains(&5) && !live.contains(&60) && !live.contains(&61));
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong"]);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_conflicts_are_found_again_after_the_answer_and_its_pair_takes_part_in_them() {
    let case = world::seeded().await;
    // As a customer of business 1 is called already, and as another one telephones.
    let users = case.database.collection::<Document>("User");
    let set = async |user: u32, set: Document| {
        let of = doc! { "_id": id(USER, user) };
        users.update_one(of, doc! { "$set": set }).await.unwrap();
    };
    set(
        60,
        doc! { "email": "USER22@example.com", "phone": "+49 30 9999999" },
    )
    .await;
    set(61, doc! { "phone": "+49 30 9999999" }).await;
    let business = id(BUSINESS, 1).to_hex();
    let survey = async || {
        let words = ["--json", "survey", "--decisions", "decisions.toml"];
        let ended = case.ringfence(&words).await;
        let said: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        let count = |code: &str| {
            let rows = said["conflicts"].as_array().unwrap();
            let row = rows.iter().find(|row| row["code"] == code);
            row.map_or(0, |row| row["count"].as_u64().unwrap())
        };
        (
            said["pairs"].as_u64().unwrap(),
            count("duplicate-email"),
            count("same-phone"),
            count("idle-user"),
        )
    };
    decide(&case, &[]);
    let (pairs, emails, phones, idle) = survey().await;
    decide(&case, &[(60, &business), (61, "Salon 1")]);
    assert_eq!(survey().await, (pairs + 2, emails + 1, phones + 1, idle));
    let words = ["--decisions", "decisions.toml", "--defaults"];
    plan(&case, &words).await.code(0);
    case.apply(&[]).await.code(0);
    let (customer, link) = customers_of(&case, 60).await.remove(0);
    let merged = link.get_array("users").unwrap();
    assert_eq!(merged.len(), 2, "{link}");
    assert!(merged.contains(&id(USER, 22).into()));
    assert_eq!(
        customer.get_object_id("businessId").unwrap(),
        id(BUSINESS, 1)
    );
    assert_eq!(customers_of(&case, 61).await.len(), 1);
    // The rest of them is kept, as the suggestion says.
    assert!(customers_of(&case, 5).await.is_empty());
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong"]);
    // A customer that is gone is found by the proof.
    let (customer, _) = customers_of(&case, 61).await.remove(0);
    let of = doc! { "_id": customer.get("_id").unwrap() };
    let links = case.database.collection::<Document>("_ringfence_links");
    let customers = case.database.collection::<Document>("Customer");
    customers.delete_one(of.clone()).await.unwrap();
    links.delete_one(of).await.unwrap();
    case.ringfence(&["verify"])
        .await
        .code(2)
        .says(&["was given to business", "and no customer is theirs"]);
}

#[tokio::test]
async fn a_business_that_is_none_or_several_is_refused_with_words() {
    let case = world::seeded().await;
    let before = case.picture().await;
    let none = plan(&case, &["--defaults", "--assign-idle", "Salon 9"]).await;
    assert_ne!(none.code, 0);
    none.says(&["no business has the id or the name Salon 9"]);
    decide(&case, &[]);
    let text = std::fs::read_to_string(case.path("decisions.toml")).unwrap();
    let text = format!("{text}\n[policy]\nidle-user = \"assign\"\n");
    std::fs::write(case.path("decisions.toml"), text).unwrap();
    let unnamed = plan(&case, &["--decisions", "decisions.toml", "--defaults"]).await;
    assert_ne!(unnamed.code, 0);
    unnamed.says(&["no business is named"]);
    case.assert_same(&before).await;
    let businesses = case.database.collection::<Document>("Business");
    let set = doc! { "$set": { "name": "Salon 1" } };
    businesses
        .update_one(doc! { "_id": id(BUSINESS, 2) }, set)
        .await
        .unwrap();
    let several = plan(&case, &["--defaults", "--assign-idle", "Salon 1"]).await;
    assert_ne!(several.code, 0);
    several.says(&["several businesses have the name Salon 1"]);
}
