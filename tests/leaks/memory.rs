//! Large documents: every verb that reads or writes them stays under 256 MiB, whatever their number.

use std::time::Duration;

use bson::{Document, doc};
use tokio::io::AsyncReadExt;

use crate::support::case::{Case, Ended};
use crate::support::data;

/// What a process may take at most.
const MOST: u64 = 256 << 20;
const MIB: usize = 1 << 20;

/// Runs the binary; returns how it ended and its peak of resident memory (`VmHWM`).
async fn measured(case: &Case, arguments: &[&str]) -> (Ended, u64) {
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(["--uri", &case.uri, "--watch-seconds", "0"])
        .args(arguments)
        .current_dir(case.folder.path())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id().unwrap());
    let watching = tokio::spawn(async move {
        let mut peak = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let Some(line) = text.lines().find(|it| it.starts_with("VmHWM:")) else {
                break; // it has ended
            };
            let kibibytes: String = line.chars().filter(char::is_ascii_digit).collect();
            peak = kibibytes.parse::<u64>().unwrap() << 10;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        peak
    });
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut said, mut aside) = (String::new(), String::new());
    let (one, two) = tokio::join!(
        out.read_to_string(&mut said),
        err.read_to_string(&mut aside)
    );
    one.and(two).unwrap();
    let code = child.wait().await.unwrap().code().unwrap_or(-1);
    let ended = Ended {
        code,
        out: said,
        err: aside,
    };
    (ended, watching.await.unwrap())
}

/// A database whose bookings have these sizes; each user has one of `of_users` too.
async fn seeded(sizes: &[usize], of_users: &[usize]) -> Case {
    let case = Case::empty().await;
    data::seed(&case.database).await;
    let pad = |size: usize| "x".repeat(size.saturating_sub(1_000));
    let bookings = case.database.collection::<Document>("Booking");
    for (at, size) in (1_000..).zip(sizes) {
        let booking = doc! {
            "_id": data::id(data::BOOKING, at), "userId": data::id(data::USER, 20 + at % 15), "serviceId": data::id(data::SERVICE, at % 6),
            "reference": format!("L-{at}"), "status": "open", "attachment": pad(*size), "createdAt": bson::DateTime::now(),
        };
        bookings.insert_one(booking).await.unwrap();
    }
    let users = case.database.collection::<Document>("User");
    for (at, size) in (20..).zip(of_users) {
        let one = doc! { "_id": data::id(data::USER, at) };
        let more = doc! { "$set": { "portrait": pad(*size) } };
        users.update_one(one, more).await.unwrap();
    }
    case
}

async fn stays_within(name: &str, case: &Case) {
    let mut table = Vec::new();
    let database = case.name.clone();
    let mut run = async |case: &Case, verb: &str, arguments: &[&str], code: i32| {
        let (ended, peak) = measured(case, arguments).await;
        table.push(format!("{name}, {verb}: {} MiB", peak >> 20));
        println!("{}", table.last().unwrap());
        ended.code(code);
        peak
    };
    let mut peaks = vec![
        run(case, "survey", &["survey"], 2).await,
        run(case, "backup", &["backup", "--out", "dump"], 0).await,
        run(
            case,
            "plan",
            &["plan", "--defaults", "--out", "plan.json"],
            0,
        )
        .await,
        run(
            case,
            "apply through prove",
            &[
                "apply",
                "--plan",
                "plan.json",
                "--confirm",
                &database,
                "--through",
                "prove",
            ],
            0,
        )
        .await,
        run(
            case,
            "apply",
            &["apply", "--plan", "plan.json", "--confirm", &database],
            0,
        )
        .await,
        run(case, "verify", &["verify"], 0).await,
    ];
    let bookings = case.database.collection::<Document>("Booking");
    bookings
        .update_many(doc! {}, doc! { "$set": { "notes": "written later" } })
        .await
        .unwrap();
    let back = ["rollback", "--confirm", &database, "--keep-new"];
    peaks.push(run(case, "rollback --keep-new", &back, 0).await);
    let other = Case::empty().await;
    let dump = case.path("dump").display().to_string();
    peaks.push(
        run(
            &other,
            "restore",
            &["restore", "--from", &dump, "--source-db", &database],
            0,
        )
        .await,
    );
    let export = ["export", "--out", "export"];
    peaks.push(run(case, "export", &export, 0).await);
    assert!(peaks.iter().all(|peak| *peak <= MOST), "{table:#?}");
    case.database.drop().await.unwrap();
    other.database.drop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn ten_bookings_of_15_megabytes_stay_within_256_mebibytes() {
    let case = seeded(&[15_000_000; 10], &[]).await;
    stays_within("10 of 15 MB", &case).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn two_hundred_of_one_and_four_of_16_megabytes_stay_within_256_mebibytes() {
    let mut sizes = vec![1_000_000; 200];
    sizes.extend([16 * MIB - 100_000; 4]);
    let case = seeded(&sizes, &[4_000_000, 15_000_000, 1_000_000]).await;
    stays_within("200 of 1 MB and 4 of 16", &case).await;
}
