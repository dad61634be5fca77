//! `--memory`: what passes it goes to a temporary file, and changes nothing of the end.

use std::process::Command;
use std::time::{Duration, Instant};

use bson::doc;
use serde_json::Value;

use crate::support::case::Case;
use crate::support::data::{self, SERVICE, id};
use crate::support::picture;

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn without_any_memory_for_tables_an_apply_ends_as_ever_and_leaves_no_file_behind() {
    let whole = Case::seeded().await;
    whole.migrate().await;
    let case = Case::seeded().await;
    let survey = case.ringfence(&["--memory", "0", "survey", "--json"]).await;
    let survey: Value = serde_json::from_str(&survey.code(2).out).unwrap();
    assert!(
        survey["outsideMemory"].as_u64().unwrap() > 50_000,
        "{survey}"
    );
    let files = || std::fs::read_dir(case.path(".")).unwrap().count();
    let before = files();
    let said = case.ringfence(&["--memory=0", "survey"]).await;
    said.code(2)
        .says(&["KiB passed --memory and stood in a temporary file"]);
    assert_eq!(files(), before);
    case.plan().await;
    case.apply(&["--memory", "0"]).await.code(0);
    case.ringfence(&["--memory", "1k", "verify"]).await.code(0);
    assert_same_end(&whole, &case).await;
}

/// 80 KiB hold the tables of the sample's survey, or those of its proof, and not both.
#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_survey_that_steps_aside_for_the_proof_changes_nothing_of_the_end() {
    let whole = Case::seeded().await;
    whole.migrate().await;
    let case = Case::seeded().await;
    let survey = case.ringfence(&["--memory=80k", "survey", "--json"]).await;
    let survey: Value = serde_json::from_str(&survey.code(2).out).unwrap();
    let outside = survey["outsideMemory"].as_u64().unwrap();
    assert!(
        (1..40_000).contains(&outside),
        "most is in memory: {survey}"
    );
    case.plan().await;
    case.apply(&["--memory", "80k"]).await.code(0);
    case.ringfence(&["--memory=80k", "verify"]).await.code(0);
    assert_same_end(&whole, &case).await;
}

async fn assert_same_end(one: &Case, other: &Case) {
    let expected = picture::but_runs(&one.picture().await);
    let end = picture::but_runs(&other.picture().await);
    assert_eq!(
        picture::differences(&expected, &end, false),
        Vec::<String>::new()
    );
}

/// The shell's limit on the size of a file stands for a disk that is full.
#[cfg(unix)]
#[tokio::test]
async fn a_disk_without_room_for_the_tables_ends_the_run_and_changes_nothing() {
    let case = Case::seeded().await;
    case.plan().await;
    let before = case.picture().await;
    let ran = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_ringfence"))
        .args(["--uri", &case.uri, "--memory", "0", "survey"])
        .current_dir(case.path("."))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    for words in [
        "for what passes --memory could not be",
        "give more --memory",
    ] {
        assert!(said.contains(words), "{said}");
    }
    case.assert_same(&before).await;
}

/// What is read back of tables that could not be written is nothing: to go on with it took minutes for some ten thousand users. A small file
/// system of its own is the full disk; where nobody may mount one, there is nothing to try.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_survey_whose_tables_have_no_room_stops_at_once() {
    const MOUNT: &str = "mkdir tiny && mount -t tmpfs -o size=300k tmpfs tiny && mkdir tiny/runs";
    let case = Case::seeded().await;
    let inside = |script: &str, words: &[&str]| {
        let mut command = tokio::process::Command::new("unshare");
        command
            .args(["-Urm", "sh", "-c", script])
            .args(words)
            .current_dir(case.path("."))
            .stderr(std::process::Stdio::piped())
            .kill_on_drop(true);
        command
    };
    let may = inside(&format!("{MOUNT} && umount tiny && rm -r tiny"), &[]);
    if !{ may }.output().await.is_ok_and(|ran| ran.status.success()) {
        eprintln!("no small file system can be mounted here");
        return;
    }
    let in_bulk = |from: i32, to: i32| {
        (from..to).map(|n| {
            doc! { "_id": n, "userId": format!("u{}", n % 15_000), "serviceId": id(SERVICE, n.unsigned_abs() % 6) }
        })
    };
    let users = (0..15_000).map(|n| doc! { "_id": format!("u{n}"), "name": "Many" });
    let of = |name: &str| case.database.collection::<bson::Document>(name);
    of("User").insert_many(users).await.unwrap();
    let bookings = of("Booking");
    data::run(
        &case.database,
        doc! { "dropIndexes": "Booking", "index": "Booking_reference_key" },
    )
    .await;
    for from in [0, 15_000, 30_000] {
        let some = in_bulk(from, from + 15_000);
        let insert = bookings.insert_many(some).bypass_document_validation(true);
        insert.await.unwrap();
    }
    let began = Instant::now();
    let script = format!("{MOUNT} && exec \"$0\" \"$@\"");
    let words = [
        "--uri",
        &case.uri,
        "--run-dir",
        "tiny/runs",
        "--memory",
        "64k",
        "survey",
    ];
    let mut words = words.to_vec();
    words.insert(0, env!("CARGO_BIN_EXE_ringfence"));
    let ran = tokio::time::timeout(Duration::from_secs(30), inside(&script, &words).output());
    let ran = ran.await.expect("it goes on for ever").unwrap();
    eprintln!("ended after {:?}", began.elapsed());
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("no space is left there"), "{said}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_report_that_finds_no_room_says_what_is_true() {
    let case = Case::seeded().await;
    case.migrate().await;
    // A file stands where the folder would be, which is as good as a full disk.
    std::fs::write(case.path("taken"), "").unwrap();
    case.ringfence(&["report", "--out", "taken"])
        .await
        .code(1)
        .says(&["The report is not written", "name another folder (--out)"]);
}

#[tokio::test]
async fn a_size_that_is_none_is_refused_with_an_example() {
    let case = Case::seeded().await;
    for size in ["", "M", "-1", "1.5G", "64MB", "1T", "99999999999G"] {
        let ran = case
            .ringfence(&[&format!("--memory={size}"), "survey"])
            .await;
        assert_eq!(ran.code, 1, "{size}: {}", ran.err);
        assert!(
            ran.err.contains("64M or 1G") && ran.err.contains("The least is 0"),
            "{}",
            ran.err
        );
    }
}
