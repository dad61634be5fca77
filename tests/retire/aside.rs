//! Users without a password and without a booking: kept, set aside, or kept without their contact data.

use std::fmt::Write as _;

use bson::{Document, doc};

use crate::retire::world;
use crate::support::case::Case;
use crate::support::data::{OTHER, USER, id};
use crate::support::picture;

/// Writes a decisions file with one answer for every user of `idle-user`, but for those with a single answer.
fn decide(case: &Case, policy: &str, single: &[(u32, &str)]) {
    let mut text = format!(
        "version = 1\ndatabase = \"{}\"\n\n[policy]\nidle-user = \"{policy}\"\n",
        case.name
    );
    for (user, choice) in single {
        let _ = write!(
            text,
            "\n[[decision]]\ncode = \"idle-user\"\nsubjects = [\"{}\"]\nchoice = \"{choice}\"\n",
            id(USER, *user).to_hex()
        );
    }
    std::fs::write(case.path("decisions.toml"), text).unwrap();
}

async fn plan(case: &Case, more: &[&str]) -> crate::support::case::Ended {
    let words = [
        "plan",
        "--defaults",
        "--decisions",
        "decisions.toml",
        "--out",
        "plan.json",
    ];
    case.ringfence(&[&words, more].concat()).await
}

#[tokio::test]
async fn who_is_set_aside_leaves_with_the_clean_up_and_comes_back_with_a_rollback() {
    let case = world::seeded().await;
    let before = case.picture().await;
    decide(&case, "keep", &[(60, "set-aside"), (61, "wipe")]);
    plan(&case, &["--retire-users"]).await.code(0);
    case.apply(&[]).await.code(0).says(&[
        "users 42 = kept 28 + retired 13 + set aside 1",
        "no booking 3",
    ]);
    let live = world::numbers(&case, "User").await;
    assert!(!live.contains(&60) && live.contains(&61));
    let aside = world::rows(&case, "_ringfence_set_aside").await;
    assert_eq!(aside.len(), 1);
    assert!(
        before["User"].documents.contains(&aside[0]),
        "whole, as it was"
    );
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong", "set aside 1"]);
    case.roll_back(&[]).await.code(0);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn who_is_referred_to_cannot_be_set_aside_and_the_reference_is_named() {
    let case = world::seeded().await;
    let note = doc! { "_id": id(OTHER, 700), "deep": [{ "about": id(USER, 60) }] };
    case.database
        .collection("Note")
        .insert_one(note)
        .await
        .unwrap();
    let before = case.picture().await;
    decide(&case, "keep", &[(60, "set-aside")]);
    let ended = plan(&case, &[]).await.code(2);
    ended.says(&["cannot be set aside", "Note.deep.about 1"]);
    case.assert_same(&before).await;
    decide(&case, "keep", &[(61, "set-aside")]);
    plan(&case, &[]).await.code(0);
    case.apply(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn contact_data_that_was_copied_nowhere_is_wiped_by_decision_and_comes_back() {
    let case = world::seeded().await;
    let before = case.picture().await;
    decide(&case, "wipe", &[]);
    plan(&case, &[]).await.code(0);
    case.apply(&[]).await.code(0);
    let users = case.database.collection::<Document>("User");
    let idle = users.find_one(doc! { "_id": id(USER, 60) }).await.unwrap();
    let idle = idle.unwrap();
    assert!(!idle.contains_key("phone") && idle.contains_key("email"));
    case.ringfence(&["verify"]).await.code(0);
    // What the application writes since is carried; what was wiped comes back.
    let set = doc! { "$set": { "name": "New name" } };
    users
        .update_one(doc! { "_id": id(USER, 60) }, set)
        .await
        .unwrap();
    case.roll_back(&["--keep-new"]).await.code(0);
    let back = users.find_one(doc! { "_id": id(USER, 60) }).await.unwrap();
    let back = back.unwrap();
    assert_eq!(back.get_str("phone").unwrap(), "1");
    assert_eq!(back.get_str("name").unwrap(), "New name");
    assert_eq!(
        case.picture().await["User"].documents.len(),
        before["User"].documents.len()
    );
}
