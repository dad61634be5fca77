//! How quickly the console answers, and what drawing costs, while a million bookings are copied and proved: keys go into a real
//! pseudo-terminal, and the time until the screen shows their effect is taken.
//!
//! `cargo bench --bench console -- [medium|large]` (large unless told)

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![allow(dead_code)] // the tests use more of it

#[path = "../tests/terminal/console.rs"]
mod console;

use std::time::{Duration, Instant};

use console::{Console, ENTER};
use mongodb::Client;
use portable_pty::CommandBuilder;
use ringfence::demo::mongod;
use ringfence::demo::sample::{self, Size};
use ringfence::demo::server::{Server, Topology};

/// What only the checklist shows.
const CHECKLIST: &str = "▾ Phase 2: data migration";

/// Seconds of processor time that a process used.
fn processor(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// How long it is watched doing nothing.
const IDLE: Duration = Duration::from_secs(20);

/// The most memory that a process ever had, in KiB.
fn highest_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

fn main() {
    let medium = std::env::args().any(|it| it == "medium");
    let size = if medium { Size::Medium } else { Size::Large };
    let binary = mongod::find(None, &|words| eprintln!("{words}")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let room = ["--wiredTigerCacheSizeGB", "2", "--oplogSize", "4096"];
    let server = runtime
        .block_on(Server::start(
            &binary,
            &std::env::temp_dir(),
            Topology::ReplicaSet(1),
            &room,
        ))
        .unwrap();
    let uri = server.uri("bench");
    runtime.block_on(async {
        let client = Client::with_uri_str(&uri).await.unwrap();
        let database = client.database("bench");
        sample::seed(&database, 1, size, &|_, _| {}).await.unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(["--uri", &uri, "--watch-seconds", "0", "--run-dir"]);
    command.arg(folder.path().join("runs"));
    command.arg("--log");
    command.arg(&log);
    let console = Console::spawn(command, (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("3", "→ will be");
    console.press_for("A", "The same answer for");
    console.press("of every");
    console.hides("look at them first");
    console.press_for(ENTER, "0 undecided");
    console.press_for("1", "Enter run step");
    console.press_for(ENTER, "May ringfence write?");
    console.press_for("Y", "Next     3 Stop");
    for next in ["4 Document", "5 Review", "6 Create"] {
        console.press_for(ENTER, &format!("Next     {next}"));
    }
    let mut random = fastrand::Rng::with_seed(1);
    let mut times: Vec<Duration> = Vec::new();
    let (began, used) = (Instant::now(), processor(console.pid()));
    for (runs, then) in [
        ("Create customers runs", "Next     7 Reassign"),
        ("Reassign bookings runs", "Next     8 Prove"),
        ("Prove runs", "Next     9 Cut over"),
    ] {
        console.press_for(ENTER, runs);
        while !console.screen().contains(then) {
            for key in ["2", "1"] {
                std::thread::sleep(Duration::from_millis(random.u64(20..120)));
                let pressed = Instant::now();
                console.press(key);
                console.until("the other pane", |screen| {
                    screen.contains(CHECKLIST) == (key == "1")
                });
                times.push(pressed.elapsed());
            }
        }
    }
    let (took, used) = (began.elapsed(), processor(console.pid()) - used);
    let highest = highest_memory(console.pid());
    // Nothing runs: it looks at the database every two seconds, and draws nothing.
    std::thread::sleep(Duration::from_secs(5));
    let idle = processor(console.pid());
    std::thread::sleep(IDLE);
    let idle = processor(console.pid()) - idle;
    console.press_for("q", "Leaving: the report");
    console.press("Q");
    assert_eq!(console.ends().code, 0);
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!(
        "{} keys while the copies were made and proved ({:.1} s; the console used {used:.1} s of processor): median {:.1} ms, 99 of 100 within {:.1} ms, at most {:.1} ms",
        times.len(),
        took.as_secs_f64(),
        at(50),
        at(99),
        at(100)
    );
    println!(
        "memory of the console and its engine at its highest: {highest} KiB; while nothing runs: {:.2} % of one processor",
        idle * 100.0 / IDLE.as_secs_f64()
    );
    assert!(at(99) < 50.0, "a key's effect takes {:.1} ms", at(99));
    assert!(idle < IDLE.as_secs_f64() / 50.0, "it is busy with nothing");
    let log = std::fs::read_to_string(log).unwrap();
    println!("{}", log.lines().last().unwrap_or_default());
}
