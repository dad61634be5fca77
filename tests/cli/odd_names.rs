//! Names that are hard on tools: as long as a server takes, and databases called like options, folders or sentences.

use std::fmt::Write as _;

use bson::doc;

use crate::support::case::Case;
use crate::support::picture;
use crate::support::{self, data};

/// What a rollback puts before a live name.
const LONGEST_PREFIX: usize = "_ringfence_rolled_back_20260101-000000-0000_".len();

/// A mapping whose bookings have this name.
fn mapping(case: &Case, bookings: &str) {
    let default = ringfence::domain::mapping::DEFAULT;
    let mut text = String::new();
    for line in default.lines() {
        let line = if line.trim() == "collection = \"Booking\"" {
            format!("collection = \"{bookings}\"")
        } else {
            line.to_owned()
        };
        let _ = writeln!(text, "{line}");
    }
    assert!(text.contains(bookings));
    std::fs::write(case.path("ringfence-long.toml"), text).unwrap();
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_collection_name_that_just_fits_goes_all_ways_and_one_byte_more_is_refused_beforehand() {
    let case = Case::seeded().await;
    let room = 255 - case.name.len() - 1 - LONGEST_PREFIX;
    let rename = async |from: &str, to: &str| {
        let full = |name: &str| format!("{}.{name}", case.name);
        let command = doc! { "renameCollection": full(from), "to": full(to) };
        let admin = case.database.client().database("admin");
        admin.run_command(command).await.unwrap();
    };
    let (fits, long) = ("b".repeat(room), "b".repeat(room + 1));
    let config = ["--config", "ringfence-long.toml"];
    let run = async |words: &[&str]| case.ringfence(&[&config, words].concat()).await;
    rename("Booking", &long).await;
    mapping(&case, &long);
    let before = case.picture().await;
    run(&["survey"])
        .await
        .code(1)
        .says(&["is too long", "255 bytes", "Nothing was changed"]);
    case.assert_same(&before).await;
    rename(&long, &fits).await;
    mapping(&case, &fits);
    // A collection that nobody names may have the longest name there is.
    let other = "o".repeat(255 - case.name.len() - 1);
    case.database
        .collection(&other)
        .insert_one(doc! { "_id": 1 })
        .await
        .unwrap();
    let before = case.picture().await;
    run(&["plan", "--defaults", "--out", "plan.json"])
        .await
        .code(0);
    let confirm = ["--confirm", case.name.as_str()];
    run(&[&["apply", "--plan", "plan.json"][..], &confirm].concat())
        .await
        .code(0);
    run(&["verify"]).await.code(0);
    let bookings = case.database.collection::<bson::Document>(&fits);
    bookings.delete_one(doc! {}).await.unwrap();
    run(&[&["rollback", "--discard-new"][..], &confirm].concat())
        .await
        .code(0);
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
    run(&[&["purge"][..], &confirm].concat()).await.code(0);
    case.assert_same(&before).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_database_may_be_called_whatever_a_server_takes() {
    for name in [
        "-x",
        "--keep-new",
        "ü'`;#&",
        "a:b*c|d?",
        "%41",
        "tr\u{202e}ap",
        "admin2",
    ] {
        let uri = support::shared().uri("");
        let case = Case::at(uri.clone(), name.to_owned()).await;
        data::seed(&case.database).await;
        let before = case.picture().await;
        let run = async |words: &[&str]| {
            let (db, key) = (format!("--db={name}"), format!("--confirm={name}"));
            let mut all = vec!["--uri", &uri, "--watch-seconds", "0", &db];
            all.extend(words);
            if ["apply", "rollback", "finish", "purge", "restore"].contains(&words[0]) {
                all.push(&key);
            }
            case.bare(&all).await
        };
        run(&["plan", "--defaults", "--out", "plan.json"])
            .await
            .code(0);
        run(&["apply", "--plan", "plan.json"]).await.code(0);
        run(&["verify"]).await.code(0);
        let report = run(&["report"]).await.code(0);
        let status = run(&["status"]).await.code(0);
        assert!(!report.out.contains('\u{202e}') && !status.out.contains('\u{202e}'));
        let runs = std::fs::read_dir(case.path("ringfence-runs")).unwrap();
        let of_run = runs.map(|run| run.unwrap().path());
        let backup = of_run.map(|it| it.join("backup-1")).find(|it| it.exists());
        let backup = backup.unwrap().display().to_string();
        run(&["rollback"]).await.code(0);
        let now = picture::but_runs(&case.picture().await);
        assert_eq!(
            picture::differences(&before, &now, true),
            Vec::<String>::new(),
            "{name}"
        );
        run(&["restore", "--from", &backup, "--replace"])
            .await
            .code(0);
        run(&["purge"]).await.code(0);
        case.assert_same(&before).await;
        case.database.drop().await.unwrap();
    }
}
