//! A check of every document against its schema, and a bare raw scan of the same collection beside it: time and memory. Bookings with seventeen
//! fields, a composite type, an enum, lists, a reference to customers, and a unique that no index guards.
//!
//! `cargo bench --bench conform` reads a million bookings; `cargo bench --bench conform -- 50000` so many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{DateTime, RawDocumentBuf, doc};
use futures_util::StreamExt as _;
use mongodb::{Client, Database};
use ringfence::demo::mongod;
use ringfence::demo::server::{Server, Topology};

const SCHEMA: &str = r#"
datasource db {
  provider = "mongodb"
}
enum Status {
  PENDING @map("pending")
  DONE    @map("done")
}
type Address {
  street String
  city   String
  zip    String?
}
model Customer {
  id       String    @id @map("_id") @db.ObjectId
  name     String
  bookings Booking[]
  @@map("customers")
}
model Booking {
  id         String   @id @map("_id") @db.ObjectId
  customer   Customer @relation(fields: [customerId], references: [id])
  customerId String   @db.ObjectId
  code       String   @unique
  date       DateTime
  ends       DateTime
  status     Status   @default(PENDING)
  seats      Int
  price      Float
  paid       Boolean  @default(false)
  notes      String?
  tags       String[]
  address    Address
  source     String
  ref        String?
  createdAt  DateTime @default(now())
  updatedAt  DateTime @updatedAt
  @@map("bookings")
}
"#;

/// How often each is timed; the best counts.
const ROUNDS: usize = 3;

fn id(of: u8, number: u32) -> ObjectId {
    let mut bytes = [of; 12];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    ObjectId::from_bytes(bytes)
}

async fn seed(database: &Database, bookings: u32) {
    let customers = (bookings / 10).max(1);
    let all: Vec<u32> = (0..customers).collect();
    for part in all.chunks(10_000) {
        let documents = part
            .iter()
            .map(|at| doc! { "_id": id(1, *at), "name": format!("Customer {at}") });
        let collection = database.collection("customers");
        collection.insert_many(documents).await.unwrap();
    }
    let all: Vec<u32> = (0..bookings).collect();
    for part in all.chunks(10_000) {
        let documents = part.iter().map(|at| {
            let when = DateTime::from_millis(1_700_000_000_000 + i64::from(*at) * 60_000);
            doc! {
                "_id": id(2, *at), "customerId": id(1, at % customers), "code": format!("B-{at:08}"), "date": when, "ends": when,
                "status": if at % 3 == 0 { "done" } else { "pending" }, "seats": 2, "price": 49.5, "paid": at % 2 == 0,
                "notes": "bring the long ladder", "tags": ["new", "web"], "address": { "street": "Kade 12", "city": "Delft", "zip": "2611" },
                "source": "website", "createdAt": when, "updatedAt": when,
            }
        });
        let collection = database.collection("bookings");
        collection.insert_many(documents).await.unwrap();
    }
}

/// Reads whole documents as raw bytes and looks at none.
async fn bare_scan(database: &Database) -> Duration {
    let began = Instant::now();
    for name in ["customers", "bookings"] {
        let collection = database.collection::<RawDocumentBuf>(name);
        let mut cursor = collection
            .find(doc! {})
            .batch_size(2_000)
            .batch()
            .await
            .unwrap();
        while let Some(batch) = cursor.next().await {
            std::hint::black_box(batch.unwrap());
        }
    }
    began.elapsed()
}

/// Time and the most memory, in KiB.
async fn conform(uri: &str, folder: &Path, memory: &str) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args([
            "--uri",
            uri,
            "--memory",
            memory,
            "conform",
            "--schema",
            "schema.prisma",
            "--json",
        ])
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0;
    loop {
        most = most.max(high_water(child.id()));
        if let Some(ended) = child.try_wait().unwrap() {
            // The unique has no index, which is a finding.
            assert_eq!(ended.code(), Some(2));
            return (began.elapsed(), most);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn high_water(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let bookings = std::env::args().skip(1).find_map(|it| it.parse().ok());
    let bookings: u32 = bookings.unwrap_or(1_000_000);
    let binary = mongod::find(None, &|words| eprintln!("{words}")).unwrap();
    let server = Server::start(&binary, &std::env::temp_dir(), Topology::ReplicaSet(1), &[])
        .await
        .unwrap();
    let uri = server.uri("conform");
    let database = Client::with_uri_str(&uri)
        .await
        .unwrap()
        .database("conform");
    seed(&database, bookings).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schema.prisma"), SCHEMA).unwrap();
    bare_scan(&database).await; // the server's cache is warm for both
    println!(
        "{bookings} bookings, {} customers; the best of {ROUNDS}",
        bookings / 10
    );
    println!("\n| | time | beside a bare scan | most memory |\n|---|---|---|---|");
    let mut bare = Duration::MAX;
    let memories = ["56M", "8M"];
    let mut best = [(Duration::MAX, 0); 2];
    for _ in 0..ROUNDS {
        bare = bare.min(bare_scan(&database).await);
        for (memory, best) in memories.iter().zip(&mut best) {
            let (took, most) = conform(&uri, folder.path(), memory).await;
            best.0 = best.0.min(took);
            best.1 = best.1.max(most);
        }
    }
    println!("| bare raw scan | {:.2} s | 1.00 | |", bare.as_secs_f64());
    for (memory, (took, most)) in memories.iter().zip(best) {
        println!(
            "| conform --memory {memory} | {:.2} s | {:.2} | {} MB |",
            took.as_secs_f64(),
            took.as_secs_f64() / bare.as_secs_f64(),
            most / 1024
        );
    }
}
