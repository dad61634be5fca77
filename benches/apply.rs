//! The whole apply, measured against the guide's access pattern and against a floor, on one server in one run.
//!
//! `cargo bench --bench apply -- [small|medium|large|huge]` (small unless told; huge leaves the guide out). The server is a one-node replica set of this machine; everything is
//! written with majority and journal. The guide's loop is timed on some customers and extrapolated; its two last updates are timed in full. Ours, the
//! floor and a part of the guide's loop take turns, so that a machine that others use too is as slow for all of them; medians count.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bson::{Bson, Document, RawDocumentBuf, doc};
use futures_util::TryStreamExt;
use mongodb::options::{Acknowledgment, ClientOptions, WriteConcern};
use mongodb::{Client, Database};
use ringfence::demo::mongod;
use ringfence::demo::sample::{self, Size};
use ringfence::demo::server::{Server, Topology};
use ringfence::domain::checklist::Step;
use ringfence::domain::pace::Limits;
use ringfence::engine::Watcher;
use ringfence::engine::decisions;
use ringfence::engine::session::{Session, SessionOptions};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Customers on which the guide's loop is timed.
const SAMPLE: usize = 5_000;
/// Runs of each; the median counts. (One, where this is but a test, and of huge.)
const RUNS: usize = 5;

/// A command of ours that has ended.
struct Ran {
    took: Duration,
    /// The most memory that it ever held, in KiB.
    peak: u64,
    /// Seconds of processor time.
    processor: f64,
    /// The same of the server.
    served: f64,
    out: String,
}

/// Runs the release binary to its end.
async fn ringfence(uri: &str, folder: &Path, arguments: &[&str]) -> Ran {
    let began = Instant::now();
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(["--uri", uri, "--watch-seconds", "0", "--json"])
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().unwrap();
    // Read as they come: a pipe that nobody reads holds up who writes.
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (out, err) = (tokio::spawn(all_of(out)), tokio::spawn(all_of(err)));
    let (mut peak, mut used) = (0, 0.0);
    let status = loop {
        peak = peak.max(high_water(pid));
        used = processor(pid).max(used);
        let tick = Duration::from_millis(20);
        if let Ok(status) = tokio::time::timeout(tick, child.wait()).await {
            break status.unwrap();
        }
    };
    let took = began.elapsed();
    let (out, err) = (out.await.unwrap(), err.await.unwrap());
    assert!(matches!(status.code(), Some(0 | 2)), "{arguments:?}: {err}");
    Ran {
        took,
        peak,
        processor: used,
        served: 0.0,
        out,
    }
}

async fn all_of(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).await.unwrap();
    text
}

/// The most memory that a process held so far, in KiB.
fn high_water(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// Seconds of processor time that a process used so far.
fn processor(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Reads whole documents, or some fields, as raw bytes and looks at none.
async fn bare_scan(database: &Database, name: &str, fields: &[&str]) -> Duration {
    let began = Instant::now();
    let projection: Document = fields
        .iter()
        .map(|field| ((*field).to_owned(), Bson::Int32(1)))
        .collect();
    let collection = database.collection::<RawDocumentBuf>(name);
    let find = collection.find(doc! {}).batch_size(10_000);
    let mut cursor = if fields.is_empty() {
        find.await.unwrap()
    } else {
        find.projection(projection).await.unwrap()
    };
    while cursor.advance().await.unwrap() {}
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Copies a collection on the server, and builds its indexes.
async fn floor_of(from: &Database, to: &str, name: &str) -> Duration {
    let began = Instant::now();
    let out = doc! { "$out": { "db": to, "coll": name } };
    let documents = from.collection::<Document>(name);
    documents.aggregate([out]).await.unwrap();
    let indexes = documents.list_indexes().await.unwrap();
    let indexes: Vec<_> = indexes.try_collect().await.unwrap();
    let indexes: Vec<_> = indexes
        .into_iter()
        .filter(|index| !index.keys.contains_key("_id"))
        .collect();
    if !indexes.is_empty() {
        let copy = from.client().database(to).collection::<Document>(name);
        copy.create_indexes(indexes).await.unwrap();
    }
    began.elapsed()
}

/// What the guide's script does, by the same driver: one insert and one update per customer, one after the other; then the two updates. Its
/// reading of all users and bookings is left out, in its favour.
struct Guide {
    database: Database,
    people: HashMap<Bson, Document>,
    /// User, business and bookings of customers that are not made yet.
    pairs: Vec<((Bson, Bson), Vec<Bson>)>,
}

impl Guide {
    async fn new(database: Database) -> Self {
        let all = async |name: &str| -> Vec<Document> {
            let collection = database.collection::<Document>(name);
            let found = collection.find(doc! {}).await.unwrap();
            found.try_collect().await.unwrap()
        };
        let business: HashMap<Bson, Bson> = all("Service")
            .await
            .into_iter()
            .filter_map(|it| Some((it.get("_id")?.clone(), it.get("businessId")?.clone())))
            .collect();
        let people: HashMap<Bson, Document> = all("User")
            .await
            .into_iter()
            .filter_map(|it| Some((it.get("_id")?.clone(), it)))
            .collect();
        let mut pairs: HashMap<(Bson, Bson), Vec<Bson>> = HashMap::new();
        for booking in all("Booking").await {
            let user = booking.get("userId");
            let user = user.filter(|user| people.contains_key(user));
            let business = booking.get("serviceId").and_then(|it| business.get(it));
            if let (Some(user), Some(business)) = (user, business) {
                let pair = pairs.entry((user.clone(), business.clone()));
                pair.or_default().push(booking.get("_id").unwrap().clone());
            }
        }
        let pairs = pairs.into_iter().take(SAMPLE).collect();
        Self {
            database,
            people,
            pairs,
        }
    }

    /// Makes some customers; returns how long one took.
    async fn some(&mut self, most: usize) -> Duration {
        let bookings = self.database.collection::<Document>("Booking");
        let customers = self.database.collection::<Document>("GuideCustomer");
        let pairs = self.pairs.split_off(self.pairs.len().saturating_sub(most));
        let made = pairs.len();
        let began = Instant::now();
        for ((user, business), ids) in pairs {
            let person = &self.people[&user];
            let mut customer = doc! { "businessId": business };
            for field in [
                "name",
                "email",
                "phone",
                "company",
                "country",
                "address",
                "city",
                "state",
                "zipCode",
                "createdAt",
            ] {
                customer.insert(field, person.get(field).cloned().unwrap_or(Bson::Null));
            }
            let inserted = customers.insert_one(customer).await.unwrap();
            let set = doc! { "$set": { "customerId": inserted.inserted_id } };
            let of = doc! { "_id": { "$in": ids } };
            bookings.update_many(of, set).await.unwrap();
        }
        began.elapsed().div_f64(made.max(1) as f64)
    }

    /// The two updates at its end.
    async fn updates(self) -> Duration {
        let began = Instant::now();
        let unset = doc! { "$unset": { "userId": "" } };
        let bookings = self.database.collection::<Document>("Booking");
        bookings.update_many(doc! {}, unset).await.unwrap();
        let contact = doc! { "$set": { "phone": null, "company": null, "country": null, "address": null, "city": null, "state": null, "zipCode": null } };
        let users = self.database.collection::<Document>("User");
        users.update_many(doc! {}, contact).await.unwrap();
        began.elapsed()
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn row(what: &str, ours: Duration, against: &str, theirs: Duration) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!(
        "| {what} | {} | {against}: {} | {ratio:.2} |",
        seconds(ours),
        seconds(theirs)
    );
}

/// How long a step took, by the run record.
fn step(report: &Value, word: &str) -> Duration {
    let steps = report["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["step"] == word);
    Duration::from_secs_f64(found.map_or(0.0, |step| step["seconds"].as_f64().unwrap()))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::too_many_lines)] // one run, in order
async fn main() {
    let named =
        std::env::args().find(|it| ["small", "medium", "large", "huge"].contains(&it.as_str()));
    let size = match named.as_deref() {
        Some("medium") => Size::Medium,
        Some("large") => Size::Large,
        Some("huge") => Size::Huge,
        _ => Size::Small,
    };
    let rounds = match size {
        Size::Small | Size::Huge => 1,
        _ => RUNS,
    };
    let binary = mongod::find(None, &|words| eprintln!("{words}")).unwrap();
    let within = std::env::temp_dir();
    let room = ["--wiredTigerCacheSizeGB", "2", "--oplogSize", "8192"];
    let server = Server::start(&binary, &within, Topology::ReplicaSet(1), &room)
        .await
        .unwrap();
    let uri = server.uri("bench");
    let mut options = ClientOptions::parse(&uri).await.unwrap();
    let concern = WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true);
    options.write_concern = Some(concern.build());
    let client = Client::with_options(options).unwrap();
    let database = client.database("bench");
    sample::seed(&database, 1, size, &|_, _| {}).await.unwrap();
    for name in ["User", "Booking", "Service"] {
        floor_of(&database, "guide", name).await; // before ours changes anything, and to warm the cache
    }
    let bookings = database
        .collection::<Document>("Booking")
        .estimated_document_count()
        .await
        .unwrap();
    let users = database
        .collection::<Document>("User")
        .estimated_document_count()
        .await
        .unwrap();
    println!(
        "{bookings} bookings, {users} users; {}; ringfence {}; one-node replica set, majority + journal",
        server_version(&client).await,
        env!("CARGO_PKG_VERSION")
    );

    let folder = tempfile::tempdir().unwrap();
    let fields = ["userId", "serviceId", "customerId", "createdAt"];
    let (mut scans, mut surveys, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        scans.push(bare_scan(&database, "Booking", &fields).await);
        surveys.push(ringfence(&uri, folder.path(), &["survey"]).await.took);
        let mut all = Duration::ZERO;
        for name in database.list_collection_names().await.unwrap() {
            all += bare_scan(&database, &name, &[]).await;
        }
        raw.push(all);
    }
    let mut backups = Vec::new();
    for number in 0..rounds {
        let out = format!("backup-{number}");
        backups.push(
            ringfence(&uri, folder.path(), &["backup", "--out", &out])
                .await
                .took,
        );
        std::fs::remove_dir_all(folder.path().join(out)).unwrap();
    }
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    ringfence(&uri, folder.path(), &plan).await;
    let apply = ["apply", "--plan", "plan.json", "--confirm", "bench"];
    let mongod = server.pid(0).unwrap();
    let mut guide = match size {
        Size::Huge => None,
        _ => Some(Guide::new(client.database("guide")).await),
    };
    let (mut applies, mut floors, mut backs, mut loops) = (vec![], vec![], vec![], vec![]);
    let mut report = Value::Null;
    for _ in 0..rounds {
        let before = processor(mongod);
        let mut whole = ringfence(&uri, folder.path(), &apply).await;
        whole.served = processor(mongod) - before;
        applies.push(whole);
        report = self::report(&uri, folder.path()).await;
        let mut floor = Duration::ZERO;
        for name in ["User", "Booking", "Customer"] {
            floor += floor_of(&database, "floor", name).await;
        }
        floors.push(floor);
        client.database("floor").drop().await.unwrap();
        if let Some(guide) = &mut guide {
            loops.push(guide.some(SAMPLE / rounds).await);
        }
        backs.push(ringfence(&uri, folder.path(), &["rollback", "--confirm", "bench"]).await);
    }
    // Once more, built ahead: what is left to do once the application has stopped.
    let through = |step| [&apply[..], &["--through", step]].concat();
    ringfence(&uri, folder.path(), &through("bookings")).await;
    let (mut converges, mut pairs) = (Vec::new(), Vec::new());
    let mut session = prepared(&uri, folder.path()).await;
    for _ in 0..rounds {
        let began = Instant::now();
        let watcher = Watcher::silent();
        let says = session.run(Step::ReassignBookings, None, &watcher).await;
        converges.push(began.elapsed());
        assert!(says.unwrap().contains("nothing left to do"));
        let original = bare_scan(&database, "Booking", &[]).await;
        pairs.push(original + bare_scan(&database, "_ringfence_next_Booking", &[]).await);
    }
    session.lease().release().await.unwrap();
    drop(session);
    ringfence(&uri, folder.path(), &through("prove")).await;
    let rest = ringfence(&uri, folder.path(), &apply).await;
    let ahead_report = self::report(&uri, folder.path()).await;
    let still = Duration::from_secs_f64(
        ahead_report["standstill"]["ownWorkSeconds"]
            .as_f64()
            .unwrap(),
    );
    let customers = usize::try_from(report["found"]["created"].as_u64().unwrap_or(0)).unwrap();

    let whole = median(applies.iter().map(|it| it.took).collect());
    println!("\n| what | ours | against | ratio |\n|---|---|---|---|");
    if let Some(guide) = guide {
        let timed = SAMPLE.min(customers);
        let looped = median(loops).mul_f64(customers as f64);
        let says =
            format!("the guide's pattern ({timed} customers timed, {customers} extrapolated)");
        row(
            "whole apply, backup and proof included",
            whole,
            &says,
            looped + guide.updates().await,
        );
    }
    row(
        "whole apply",
        whole,
        "$out copies of the three collections and their indexes",
        median(floors.clone()),
    );
    row(
        "survey",
        median(surveys),
        "a bare projected scan of Booking",
        median(scans),
    );
    row(
        "a converge that finds nothing to do",
        median(converges),
        "bare scans of the bookings and their copies",
        median(pairs),
    );
    row(
        "backup, read back",
        median(backups),
        "bare scans of everything",
        median(raw),
    );
    row(
        "own work while writers stand still, built ahead",
        still,
        "the whole apply",
        whole,
    );
    println!("\nsteps: {}", steps(&report));
    println!(
        "built ahead, after the stop: {} ({})",
        seconds(rest.took),
        steps(&ahead_report)
    );
    let each = |times: Vec<Duration>| {
        times
            .into_iter()
            .map(seconds)
            .collect::<Vec<_>>()
            .join(", ")
    };
    println!(
        "each apply: {}; each floor: {}",
        each(applies.iter().map(|it| it.took).collect()),
        each(floors)
    );
    for whole in &applies {
        println!(
            "processor time of an apply: ringfence {:.1} s, mongod {:.1} s; peak memory {} KiB",
            whole.processor, whole.served, whole.peak
        );
    }
    println!(
        "memory that the goal allows: {} KiB",
        64 * 1024 + 64 * customers / 1024
    );
    println!(
        "forecast: {} s, it took {} s",
        report["forecast"]["seconds"], report["forecast"]["tookSeconds"]
    );
    let back = median(backs.iter().map(|it| it.took).collect());
    println!("rollback, checks included: {}", seconds(back));
    println!("{}", says(&report, "cut-over"));
}

/// A session of this process on a database whose copies are prepared.
async fn prepared(uri: &str, folder: &Path) -> Session {
    let options = SessionOptions {
        uri: uri.to_owned(),
        uri_source: "the bench".to_owned(),
        database: None,
        config: None,
        run_root: folder.join("ringfence-runs"),
        watch: Duration::ZERO,
        limits: Limits::default(),
        memory: 56 << 20,
    };
    let mut session = Session::open(options).await.unwrap();
    let plan = decisions::read_plan(&folder.join("plan.json")).unwrap();
    let watcher = Watcher::silent();
    session.take_plan(&plan, &watcher).await.unwrap();
    session
}

async fn report(uri: &str, folder: &Path) -> Value {
    let ran = ringfence(uri, folder, &["report"]).await;
    serde_json::from_str(&ran.out).unwrap()
}

fn steps(report: &Value) -> String {
    let steps = report["steps"].as_array().unwrap();
    let words: Vec<_> = steps
        .iter()
        .map(|it| it["step"].as_str().unwrap())
        .map(|word| format!("{word} {}", seconds(step(report, word))))
        .collect();
    words.join(", ")
}

fn says(report: &Value, word: &str) -> String {
    let steps = report["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["step"] == word).unwrap();
    found["says"].as_str().unwrap().to_owned()
}

async fn server_version(client: &Client) -> String {
    let admin = client.database("admin");
    let info = admin.run_command(doc! { "buildInfo": 1 }).await.unwrap();
    format!("MongoDB {}", info.get_str("version").unwrap())
}
