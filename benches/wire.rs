//! What packing saves on the wire: a survey, an apply and a rollback through a proxy that counts bytes and lets only so many pass in a second.
//!
//! `cargo bench --bench wire`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mongodb::Client;
use ringfence::demo::mongod;
use ringfence::demo::sample::{self, Size};
use ringfence::demo::server::{Server, Topology};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Networks: a name, and bytes per second.
const NETWORKS: [(&str, Option<u64>); 3] = [
    ("no limit", None),
    ("1 Gbit/s", Some(125_000_000)),
    ("100 Mbit/s", Some(12_500_000)),
];

/// Passes bytes on, counts them, and takes as long as the network would.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    limit: Option<u64>,
    count: Arc<AtomicU64>,
) {
    let mut buffer = vec![0; 64 << 10];
    let mut free_at = Instant::now();
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(read as u64, Ordering::Relaxed);
        if let Some(limit) = limit {
            let takes = Duration::from_secs_f64(read as f64 / limit as f64);
            free_at = free_at.max(Instant::now()) + takes;
            // A timer's grain is a millisecond, so what is owed is gathered.
            if free_at > Instant::now() + Duration::from_millis(2) {
                tokio::time::sleep_until(free_at.into()).await;
            }
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// A proxy to `port`; returns its own port.
async fn proxy(port: u16, limit: Option<u64>, count: Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let (client_in, client_out) = client.into_split();
            let (server_in, server_out) = server.into_split();
            tokio::spawn(pass(client_in, server_out, limit, Arc::clone(&count)));
            tokio::spawn(pass(server_in, client_out, limit, Arc::clone(&count)));
        }
    });
    own
}

async fn ringfence(uri: &str, folder: &Path, arguments: &[&str]) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command
        .args(["--uri", uri, "--watch-seconds", "0"])
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let ended = tokio::task::spawn_blocking(move || command.status().unwrap());
    let code = ended.await.unwrap().code();
    assert!(matches!(code, Some(0 | 2)), "{arguments:?}: {code:?}");
    began.elapsed()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let binary = mongod::find(None, &|words| eprintln!("{words}")).unwrap();
    let server = Server::start(&binary, &std::env::temp_dir(), Topology::ReplicaSet(1), &[])
        .await
        .unwrap();
    let client = Client::with_uri_str(server.uri("wire")).await.unwrap();
    sample::seed(&client.database("wire"), 1, Size::Medium, &|_, _| {})
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    ringfence(&server.uri("wire"), folder.path(), &plan).await;
    println!("100,000 bookings; one-node replica set, everything through a proxy");
    println!(
        "\n| network | command | plain | MB | snappy | MB | time |\n|---|---|---|---|---|---|---|"
    );
    for (name, limit) in NETWORKS {
        let commands: [&[&str]; 3] = [
            &["survey"],
            &["apply", "--plan", "plan.json", "--confirm", "wire"],
            &["rollback", "--confirm", "wire"],
        ];
        let mut rows: Vec<Vec<(Duration, u64)>> = vec![Vec::new(); commands.len()];
        for packing in ["", "&compressors=snappy"] {
            let count = Arc::new(AtomicU64::new(0));
            let port = proxy(server.port(0).unwrap(), limit, Arc::clone(&count)).await;
            let uri = format!("mongodb://127.0.0.1:{port}/wire?directConnection=true{packing}");
            for (row, arguments) in rows.iter_mut().zip(commands) {
                count.store(0, Ordering::Relaxed);
                let took = ringfence(&uri, folder.path(), arguments).await;
                row.push((took, count.load(Ordering::Relaxed)));
            }
        }
        for (row, arguments) in rows.iter().zip(commands) {
            let [(bare, bare_bytes), (packed, packed_bytes)] = row[..] else {
                panic!("two runs each");
            };
            let megabytes = |bytes: u64| bytes as f64 / 1e6;
            println!(
                "| {name} | {} | {:.2} s | {:.1} | {:.2} s | {:.1} | {:.2} |",
                arguments[0],
                bare.as_secs_f64(),
                megabytes(bare_bytes),
                packed.as_secs_f64(),
                megabytes(packed_bytes),
                packed.as_secs_f64() / bare.as_secs_f64()
            );
        }
    }
}
