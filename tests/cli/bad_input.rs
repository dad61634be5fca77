//! Bad input gets a clear error, exit 1, and nothing changed.

use std::time::{Duration, Instant};

use bson::{Document, doc};

use crate::support::case::{Case, Ended};
use crate::support::data;
use crate::support::picture;

/// Runs `survey`, `plan --defaults` and `verify`; each must end with 1, say so, and change nothing.
async fn survey_and_plan_refuse(case: &Case, words: &[&str]) {
    let before = case.picture().await;
    let verbs: [&[&str]; 2] = [&["survey"], &["plan", "--defaults", "--out", "p.json"]];
    for verb in verbs {
        case.ringfence(verb).await.code(1).says(words);
    }
    case.assert_same(&before).await;
    assert!(!case.path("p.json").exists());
}

async fn drop_collection(case: &Case, name: &str) {
    let collection = case.database.collection::<Document>(name);
    collection.drop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_refused_with_the_nearest_name() {
    let (uri, name) = crate::support::fresh_database();
    let real = Case::at(
        uri.replace(&name, &format!("salon_{name}")),
        format!("salon_{name}"),
    )
    .await;
    data::seed(&real.database).await;
    let misspelt = format!("salom_{name}");
    let case = Case::at(uri.replace(&name, &misspelt), misspelt.clone()).await;
    let words = [
        misspelt.as_str(),
        &format!("Did you mean salon_{name}?"),
        "Nothing was changed",
    ];
    survey_and_plan_refuse(&case, &words).await;
    let names = case.database.client().list_database_names().await.unwrap();
    assert!(!names.contains(&misspelt));
}

#[tokio::test]
async fn a_database_without_a_collection_is_refused() {
    let case = Case::empty().await;
    case.database.create_collection("x").await.unwrap();
    drop_collection(&case, "x").await;
    survey_and_plan_refuse(&case, &["holds no collection"]).await;
}

#[tokio::test]
async fn a_mapped_collection_that_is_missing_is_refused_with_what_is_there_and_the_nearest_name() {
    let case = Case::seeded().await;
    let admin = case.database.client().database("admin");
    let (from, to) = (
        format!("{}.Booking", case.name),
        format!("{}.bookings", case.name),
    );
    data::run(&admin, doc! { "renameCollection": from, "to": to }).await;
    let words = [
        "Booking",
        "nearest: `bookings`",
        "AuditLog",
        "ringfence init",
    ];
    survey_and_plan_refuse(&case, &words).await;
}

#[tokio::test]
async fn a_view_or_a_capped_or_a_time_series_collection_in_a_mapped_role_is_refused_with_the_reason()
 {
    let kinds = [
        (
            doc! { "viewOn": "AuditLog", "pipeline": [] },
            "it is a view",
        ),
        (doc! { "capped": true, "size": 4_096 }, "it is capped"),
        (doc! { "timeseries": { "timeField": "t" } }, "time-series"),
        (
            doc! { "clusteredIndex": { "key": { "_id": 1 }, "unique": true } },
            "clustered",
        ),
    ];
    for role in ["Booking", "Customer"] {
        let case = Case::seeded().await;
        for (options, words) in &kinds {
            drop_collection(&case, role).await;
            let mut create = doc! { "create": role };
            create.extend(options.clone());
            data::run(&case.database, create).await;
            let before: Vec<_> = names(&case).await;
            let ended = case.ringfence(&["survey"]).await;
            ended.code(1).says(&[role, words, "Nothing was changed"]);
            let ended = case
                .ringfence(&["plan", "--defaults", "--out", "p.json"])
                .await;
            ended.code(1).says(&[role, words]);
            assert_eq!(names(&case).await, before);
        }
    }
}

async fn names(case: &Case) -> Vec<String> {
    let mut names = case.database.list_collection_names().await.unwrap();
    names.sort();
    names
}

#[tokio::test]
async fn a_uri_that_is_none_is_refused_without_its_password() {
    let case = Case::empty().await;
    for uri in [
        "http://ann:s3cret@host/db",
        "mongodb://ann:s3cret@host:port/db",
        "mongodb://ann:s3cret@host/db?socketTimeoutMS=5",
        "mongodb://ann:s3cret@/db",
        "mongodb://ann:s3%zz@host/db",
        "s3cret",
        "",
    ] {
        let started = Instant::now();
        let ended = case.bare(&["--uri", uri, "survey"]).await;
        assert_eq!(ended.code, 1, "{uri}: {ended:?}");
        assert!(
            ended.err.contains("Nothing was changed"),
            "{uri}: {ended:?}"
        );
        let said = format!("{}{}", ended.out, ended.err);
        assert!(
            !said.contains("s3cret") && !said.contains("s3%zz"),
            "{said}"
        );
        assert!(started.elapsed() < Duration::from_secs(15), "{uri}");
    }
}

#[tokio::test]
async fn no_uri_at_all_is_refused_with_the_places_that_were_looked_at() {
    let case = Case::empty().await;
    let words = ["--uri", "RINGFENCE_URI", "DATABASE_URL"];
    case.bare(&["survey"]).await.code(1).says(&words);
    let without_path = crate::support::shared()
        .uri("")
        .replace("/?", "/?appName=x&");
    case.bare(&["--uri", &without_path, "survey"])
        .await
        .code(1)
        .says(&["--db"]);
}

#[tokio::test]
async fn a_server_that_nobody_answers_for_is_given_up_within_15_seconds() {
    let case = Case::empty().await;
    let started = Instant::now();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let uri = format!("mongodb://ann:s3cret@127.0.0.1:{port}/db");
    let ended = case.bare(&["--uri", &uri, "survey"]).await.code(1);
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{:?}",
        started.elapsed()
    );
    assert!(!ended.err.contains("s3cret"), "{ended:?}");
    let here = format!("connecting to 127.0.0.1:{port}: the server cannot be reached");
    ended.says(&[&here, "Nothing was changed; see whether mongod runs there"]);
}

#[tokio::test]
async fn verify_before_anything_was_migrated_says_so() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    let ended = case.ringfence(&["verify"]).await;
    ended
        .code(1)
        .says(&["nothing to verify", "Nothing was changed"]);
    case.ringfence(&["report"])
        .await
        .code(1)
        .says(&["nothing to report"]);
    case.ringfence(&["status"])
        .await
        .code(0)
        .says(&["no run yet"]);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn json_is_one_document_on_standard_output_whatever_happens() {
    let case = Case::seeded().await;
    case.plan().await;
    let read = |ended: &Ended| -> serde_json::Value {
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
    };
    let survey = case.ringfence(&["survey", "--json"]).await.code(2);
    assert_eq!(read(&survey)["bookings"], 150);
    let refused = case
        .ringfence(&["--json", "apply", "--plan", "plan.json"])
        .await
        .code(3);
    assert_eq!(read(&refused)["exit"], 3);
    let applied = case.apply(&["--json"]).await.code(0);
    assert!(read(&applied)["steps"].as_array().unwrap().len() > 10);
    let verified = case.ringfence(&["verify", "--json"]).await.code(0);
    assert_eq!(read(&verified)["wrong"], 0);
    let status = case.ringfence(&["status", "--json"]).await.code(0);
    assert_eq!(read(&status)["steps"].as_array().unwrap().len(), 19);
    let rolled_back = case.roll_back(&["--json"]).await.code(0);
    assert!(read(&rolled_back)["says"].is_string());
}

#[tokio::test]
async fn a_survey_and_a_plan_leave_nothing_behind_in_the_database() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.ringfence(&["survey"]).await.code(2);
    case.plan().await;
    case.ringfence(&["status"]).await.code(0);
    let after = case.picture().await;
    assert_eq!(
        picture::differences(&before, &after, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_limit_that_is_no_number_is_refused_with_what_it_takes() {
    let case = Case::empty().await;
    let seconds = "it takes a number of seconds, such as 5 or 0.5";
    let whole = "it takes a whole number from 1 on, such as 500";
    for (flag, takes, extra) in [
        ("--max-lag", seconds, None),
        ("--watch-seconds", seconds, None),
        ("--max-rate", whole, Some("0")),
        ("--max-latency", whole, Some("0")),
    ] {
        for value in ["-3", "abc", "", "nan", "1e300"].into_iter().chain(extra) {
            let ended = case.bare(&[flag, value, "status"]).await.code(1);
            ended.says(&[flag, takes]);
        }
    }
}
