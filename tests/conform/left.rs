//! A default that a decision leaves unwritten is advice: by `--decisions`, and by the run under way.

use bson::{Document, doc};

use crate::conform::shop::{self, BOOKING, conform, findings, id, json};

async fn without_status(case: &crate::support::case::Case, numbers: &[u32]) {
    let bookings = case.database.collection::<Document>("bookings");
    for number in numbers {
        let one = doc! { "_id": id(BOOKING, *number) };
        let unset = doc! { "$unset": { "status": "", "paid": "" } };
        bookings.update_one(one, unset).await.unwrap();
    }
}

#[tokio::test]
async fn a_default_that_the_decisions_file_leaves_is_advice_and_another_is_not() {
    let case = shop::case().await;
    without_status(&case, &[1, 4]).await;
    let both = [
        "Booking.status default-not-written 2",
        "Booking.paid default-not-written 2",
    ];
    assert_eq!(findings(&json(conform(&case, &["--json"]).await, 2)), both);
    let file = case.path("left.toml");
    let decided = ["--decisions", "left.toml", "--json"];
    std::fs::write(
        &file,
        "[schema]\n\"Booking.status\" = \"leave\"\n\"Booking.paid\" = \"accept\"\n",
    )
    .unwrap();
    let one = [
        "Booking.status default-not-written 2 advice",
        "Booking.paid default-not-written 2",
    ];
    assert_eq!(findings(&json(conform(&case, &decided).await, 2)), one);
    std::fs::write(&file, "[schema]\n\"Booking.status\" = \"leave\"\n\"Booking.paid\" = \"leave\"\n\"Nobody.here\" = \"leave\"\n").unwrap();
    let found = json(conform(&case, &decided).await, 0);
    assert_eq!(
        findings(&found)
            .iter()
            .filter(|it| it.ends_with("advice"))
            .count(),
        2
    );
    let note = found["notes"][0].as_str().unwrap();
    assert!(
        note.contains("Nobody.here, which the schema does not have"),
        "{note}"
    );
    let all = conform(&case, &["--decisions", "left.toml", "--all"])
        .await
        .code(0);
    let lines = shop::lines(&all);
    assert!(lines.len() == 4 && lines.iter().all(|it| it["advice"] == true));

    std::fs::write(&file, "no toml").unwrap();
    conform(&case, &decided)
        .await
        .code(1)
        .says(&["left.toml is no TOML"]);
    std::fs::write(&file, "schema = 1").unwrap();
    conform(&case, &decided)
        .await
        .code(1)
        .says(&["is no table"]);
    std::fs::remove_file(&file).unwrap();
    conform(&case, &decided).await.code(1);
}

#[tokio::test]
async fn a_default_that_the_open_run_leaves_is_advice_and_that_of_a_run_that_ended_is_not() {
    let case = shop::case().await;
    without_status(&case, &[2]).await;
    let runs = case.database.collection::<Document>("_ringfence_runs");
    let run = doc! {
        "_id": "20261129-181955-a3f1", "outcome": "open",
        "plan": { "decisions": { "schema": { "Booking.status": "leave" } }, "schema": { "left": ["Booking.paid default-not-written"] } },
    };
    runs.insert_one(run).await.unwrap();
    let left = [
        "Booking.status default-not-written 1 advice",
        "Booking.paid default-not-written 1 advice",
    ];
    assert_eq!(findings(&json(conform(&case, &["--json"]).await, 0)), left);
    let ended = doc! { "$set": { "outcome": "rolled-back" } };
    runs.update_one(doc! {}, ended).await.unwrap();
    conform(&case, &["--json"]).await.code(2);
}
