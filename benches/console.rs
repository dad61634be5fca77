//! How quickly the console answers. First what `update` and a drawing cost for each key in every pane, over a million bookings and five
//! thousand conflicts; then, in a real pseudo-terminal while the copies are made and proved, the time until the screen shows a key's effect;
//! and what the console costs while nothing runs.
//!
//! `cargo bench --bench console -- [small|medium|large]` (large unless told)

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![allow(dead_code)] // the tests use more of it

#[path = "../tests/support/console.rs"]
mod console;

use std::path::Path;
use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use console::{Console, ENTER};
use futures_util::TryStreamExt;
use mongodb::{Client, Database};
use portable_pty::CommandBuilder;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ringfence::app::key::Key;
use ringfence::app::panes::TABLE;
use ringfence::app::{Answer, Effect, Message, Model, Request, begin, update};
use ringfence::command;
use ringfence::demo::mongod;
use ringfence::demo::sample::{self, Size};
use ringfence::demo::server::{Server, Topology};
use ringfence::domain::checklist::Progress;
use ringfence::domain::pace::Limits;
use ringfence::engine::session::{Session, SessionOptions};
use ringfence::ui::{self, Theme};
use ringfence::worker;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// What only the checklist shows.
const CHECKLIST: &str = "▾ Phase 2: data migration";

/// Seconds of processor time that a process used.
fn processor(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Users who get a conflict of their own.
const CONFLICTS: i64 = 5_000;
/// What a key and the drawing after it may cost, 99 times of 100.
const FRAME: Duration = Duration::from_millis(16);
/// Keys in each pane: up and down, by pages and to the ends, ids, sorting, details, a filter typed and taken away, the help and the palette.
const KEYS: &str = "j j j k PgDn PgDn PgUp G k k g j Enter j j J K Esc i i s j s G s g / a n Esc ? Esc : g Esc R Esc";

/// Gives users without a password no name, so that a survey finds as many conflicts more.
async fn more_conflicts(database: &Database) {
    let users = database.collection::<Document>("User");
    let ids: Vec<Bson> = users
        .find(doc! { "password": null, "name": { "$gt": "" } })
        .projection(doc! { "_id": 1 })
        .limit(CONFLICTS)
        .await
        .unwrap()
        .map_ok(|it| it.get("_id").unwrap().clone())
        .try_collect()
        .await
        .unwrap();
    let filter = doc! { "_id": { "$in": ids } };
    let change = doc! { "$unset": { "name": "" } };
    users.update_many(filter, change).await.unwrap();
}

/// The console over a real engine, without a terminal: what it asks for is answered before the next key.
struct Bare {
    runtime: Runtime,
    model: Model,
    requests: mpsc::Sender<(Request, CancellationToken)>,
    answers: mpsc::Receiver<Answer>,
    terminal: Terminal<TestBackend>,
    /// What was measured in this pane.
    times: Vec<Duration>,
}

impl Bare {
    fn open(uri: &str, folder: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SessionOptions {
            uri: uri.to_owned(),
            uri_source: "the bench".to_owned(),
            database: None,
            config: None,
            run_root: folder.join("bare"),
            watch: Duration::ZERO,
            limits: Limits::default(),
            memory: 56 << 20,
        };
        let session = runtime.block_on(Session::open(options)).unwrap();
        let mut model = Model::new(session.place().clone(), command::keymap());
        let (requests, received) = mpsc::channel(64);
        let (answer, answers) = mpsc::channel(64);
        let (says, _) = watch::channel(Progress::default());
        runtime.spawn(worker::serve(session, received, answer, says));
        model.shared.themes = ui::names();
        let mut bare = Self {
            runtime,
            model,
            requests,
            answers,
            terminal: Terminal::new(TestBackend::new(200, 60)).unwrap(),
            times: Vec::new(),
        };
        let (width, height) = (200, 60);
        bare.take(Message::Resized { width, height });
        let effects = begin(&mut bare.model, true);
        bare.carry_out(effects);
        bare.settle();
        bare
    }

    /// Takes a message and draws; both are measured.
    fn take(&mut self, message: Message) {
        let began = Instant::now();
        let effects = update(&mut self.model, message);
        let mut told = ringfence::app::message::Drawn::default();
        self.terminal
            .draw(|frame| told = ui::draw(frame, &self.model, Theme::default()))
            .unwrap();
        update(&mut self.model, Message::Drawn(told));
        self.times.push(began.elapsed());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Ask(request) = effect {
                let order = (request, CancellationToken::new());
                self.requests.try_send(order).unwrap();
            }
        }
    }

    /// Takes every answer that is still to come.
    fn settle(&mut self) {
        while self.model.shared.waiting > 0 || self.model.shared.running.is_some() {
            let answer = self.runtime.block_on(self.answers.recv()).unwrap();
            self.take(Message::Answer(answer));
        }
    }
}

/// What a key costs in each pane.
fn panes(uri: &str, folder: &Path) -> Duration {
    let mut bare = Bare::open(uri, folder);
    let overview = bare.model.shared.facts.overview.as_ref().unwrap();
    println!(
        "{} bookings, {} customers-to-be, {} conflicts; update and drawing at 200×60:",
        overview.bookings,
        overview.pairs,
        bare.model.shared.facts.conflicts().len()
    );
    let mut worst = Duration::ZERO;
    for (at, row) in TABLE.iter().enumerate() {
        let digit = char::from_digit(u32::try_from((at + 1) % 10).unwrap(), 10).unwrap();
        bare.take(Message::Key(Key::char(digit)));
        bare.settle();
        bare.times.clear();
        for _ in 0..5 {
            for name in KEYS.split(' ') {
                bare.take(Message::Key(Key::parse(name).unwrap()));
                bare.settle();
            }
            // Whatever a key opened is closed before the next round.
            for _ in 0..3 {
                bare.take(Message::Key(Key::parse("Esc").unwrap()));
            }
            bare.take(Message::Key(Key::char(digit)));
            bare.settle();
        }
        bare.times.sort_unstable();
        let last = bare.times.len() - 1;
        let (of_99, most) = (bare.times[last * 99 / 100], bare.times[last]);
        worst = worst.max(of_99);
        println!(
            "  {:<12} {:>4} times: median {:>6.2} ms, 99 of 100 within {:>6.2} ms, at most {:>6.2} ms",
            row.title,
            bare.times.len(),
            bare.times[last / 2].as_secs_f64() * 1e3,
            of_99.as_secs_f64() * 1e3,
            most.as_secs_f64() * 1e3
        );
    }
    worst
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
    let said = |word: &str| std::env::args().any(|it| it == word);
    let size = match (said("small"), said("medium")) {
        (true, _) => Size::Small,
        (_, true) => Size::Medium,
        _ => Size::Large,
    };
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
        more_conflicts(&database).await;
    });
    let folder = tempfile::tempdir().unwrap();
    let worst = panes(&uri, folder.path());
    let log = folder.path().join("log");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(["--uri", &uri, "--watch-seconds", "0", "--run-dir"]);
    command.arg(folder.path().join("runs"));
    command.arg("--log");
    command.arg(&log);
    let console = Console::spawn(command, (120, 40));
    console.shows("Next     2 Back up");
    console.press_for("3", "To decide");
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
    let at = |percent: usize| {
        let at = times.len().saturating_sub(1) * percent / 100;
        times.get(at).map_or(0.0, |it| it.as_secs_f64() * 1e3)
    };
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
    assert!(worst < FRAME, "a key and its drawing cost {worst:?}");
    assert!(at(99) < 50.0, "a key's effect takes {:.1} ms", at(99));
    assert!(idle < IDLE.as_secs_f64() / 50.0, "it is busy with nothing");
    let log = std::fs::read_to_string(log).unwrap();
    println!("{}", log.lines().last().unwrap_or_default());
}
