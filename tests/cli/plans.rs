//! A plan or decisions file that no longer fits, is broken, or is another's: refused, and nothing changed.

use bson::doc;

use crate::support::case::{Case, Ended};
use crate::support::data::{SERVICE, USER, booking, id};

/// Applies whatever `plan.json` holds; it must fail so, and change nothing.
async fn refused(case: &Case, code: i32, words: &[&str]) -> Ended {
    let before = case.picture().await;
    let ended = case.apply(&[]).await.code(code).says(words);
    case.assert_same(&before).await;
    ended
}

#[tokio::test]
async fn a_conflict_that_is_new_since_the_plan_ends_with_4_and_is_named() {
    let case = Case::seeded().await;
    case.plan().await;
    let mut new = booking(500);
    new.insert("serviceId", id(SERVICE, 4_444));
    case.database
        .collection("Booking")
        .insert_one(new)
        .await
        .unwrap();
    refused(&case, 4, &["booking-without-business", "no longer fits"]).await;
    case.plan().await;
    case.apply(&[]).await.code(0);
}

#[tokio::test]
async fn a_conflict_whose_members_changed_since_the_plan_ends_with_4() {
    let case = Case::seeded().await;
    case.plan().await;
    // A third Ann joins the two at business 0.
    case.database
        .collection::<bson::Document>("User")
        .update_one(
            doc! { "_id": id(USER, 21) },
            doc! { "$set": { "email": "ANN@example.com" } },
        )
        .await
        .unwrap();
    refused(&case, 4, &["duplicate-email"]).await;
}

#[tokio::test]
async fn a_conflict_that_is_gone_since_the_plan_ends_with_4() {
    let case = Case::seeded().await;
    case.plan().await;
    case.database
        .collection::<bson::Document>("User")
        .update_one(
            doc! { "_id": id(USER, 15) },
            doc! { "$set": { "email": "other@example.com" } },
        )
        .await
        .unwrap();
    refused(&case, 4, &["gone: duplicate-email"]).await;
}

#[tokio::test]
async fn a_plan_with_an_undecided_blocker_is_not_made() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    let ended = case.ringfence(&["plan", "--out", "plan.json"]).await;
    ended.code(2).says(&["without an answer"]);
    assert!(!case.path("plan.json").exists());
    case.ringfence(&["survey"]).await.code(2);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn a_broken_plan_is_refused_with_line_and_column() {
    let case = Case::seeded().await;
    case.plan().await;
    let path = case.path("plan.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let broken = text.replacen("\"pairs\":", "\"pairs\"", 1);
    std::fs::write(&path, broken).unwrap();
    refused(&case, 1, &["the plan cannot be read", "line 7 column"]).await;
    std::fs::write(&path, text.replacen("\"pairs\"", "\"peers\"", 1)).unwrap();
    refused(&case, 1, &["peers", "line 7 column"]).await;
    std::fs::write(&path, "").unwrap();
    refused(
        &case,
        1,
        &["plan.json", "line 1 column 0", "Nothing was changed"],
    )
    .await;
    std::fs::remove_file(&path).unwrap();
    refused(&case, 1, &["plan.json"]).await;
}

#[tokio::test]
async fn a_plan_changed_by_hand_is_refused() {
    let case = Case::seeded().await;
    case.plan().await;
    let path = case.path("plan.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replacen("\"merge\"", "\"keep-apart\"", 1);
    assert_ne!(text, changed);
    std::fs::write(&path, changed).unwrap();
    refused(&case, 1, &["changed by hand", "ringfence plan"]).await;
    std::fs::write(&path, text.replacen("\"version\": 1", "\"version\": 2", 1)).unwrap();
    refused(&case, 1, &["version 2"]).await;
}

#[tokio::test]
async fn the_plan_and_the_decisions_of_another_database_are_refused() {
    let (case, other) = (Case::seeded().await, Case::seeded().await);
    other.plan().await;
    std::fs::copy(other.path("plan.json"), case.path("plan.json")).unwrap();
    refused(&case, 1, &[&other.name, &case.name]).await;
    let decisions = format!("version = 1\ndatabase = \"{}\"\n", other.name);
    std::fs::write(case.path("d.toml"), decisions).unwrap();
    let before = case.picture().await;
    let arguments = ["plan", "--decisions", "d.toml", "--out", "p.json"];
    let ended = case.ringfence(&arguments).await;
    ended.code(1).says(&[&other.name, &case.name, "database"]);
    case.assert_same(&before).await;
    assert!(!case.path("p.json").exists());
}

#[tokio::test]
async fn a_broken_decisions_file_is_refused_with_line_and_column() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    let head = format!("version = 1\ndatabase = \"{}\"\n[policy]\n", case.name);
    let arguments = ["plan", "--decisions", "d.toml", "--out", "p.json"];
    for (line, words) in [
        ("duplicate-email = merge", &["line 4", "column"] as &[&str]),
        ("duplicate-mail = \"merge\"", &["line 4", "duplicate-mail"]),
        ("duplicate-email = \"marge\"", &["line 4", "marge"]),
        ("duplicate-email = \"quarantine\"", &["duplicate-email"]),
        ("[policies]", &["line 4", "policies"]),
    ] {
        std::fs::write(case.path("d.toml"), format!("{head}{line}\n")).unwrap();
        let ended = case.ringfence(&arguments).await;
        assert_eq!(ended.code, 1, "{line}: {ended:?}");
        ended.says(words);
        assert!(!case.path("p.json").exists());
    }
    let ended = case
        .ringfence(&["survey", "--decisions", "missing.toml"])
        .await;
    ended.code(1).says(&["missing.toml"]);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn a_broken_mapping_file_is_refused_with_its_line_and_one_with_other_names_is_honoured() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    let text = include_str!("../../assets/mapping.toml");
    std::fs::write(case.path("m.toml"), text.replace("owner =", "ownr =")).unwrap();
    let survey = ["survey", "--config", "m.toml"];
    case.ringfence(&survey)
        .await
        .code(1)
        .says(&["mapping", "m.toml:", "ownr", "nearest: `owner`"]);
    case.assert_same(&before).await;
    case.database
        .client()
        .database("admin")
        .run_command(doc! {
            "renameCollection": format!("{}.Booking", case.name),
            "to": format!("{}.bookings", case.name),
        })
        .await
        .unwrap();
    let text = text.replace("\"Booking\"", "\"bookings\"");
    std::fs::write(case.path("m.toml"), text).unwrap();
    case.ringfence(&survey).await.code(2);
    case.ringfence(&[
        "plan",
        "--defaults",
        "--out",
        "plan.json",
        "--config",
        "m.toml",
    ])
    .await
    .code(0);
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}
