//! Ending: by its handle, by a panic, by an interrupt, by a kill -9 of the owner. Each owner is this test binary run again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ringfence::demo::server::{Signal, Topology};

use crate::support;

/// Set where this binary runs as an owner: how it ends.
const ENDS_BY: &str = "RINGFENCE_TEST_OWNER_ENDS_BY";

/// What the tests below run in a process of its own.
async fn the_owner(how: &str) {
    let server = support::private(Topology::ReplicaSet(1), &[]).await;
    println!("\nserver {}", server.pid(0).unwrap());
    match how {
        "panic" => panic!("the owner panics"),
        "exit" => std::process::exit(0),
        "static" => println!("\nserver {}", support::shared().pid(0).unwrap()),
        _ => loop {
            tokio::time::sleep(Duration::from_mins(1)).await;
        },
    }
}

/// The test that is the owner where [`ENDS_BY`] is set.
const OWNER: &str =
    "servers::ending::dropping_the_handle_ends_the_server_and_removes_its_folder_before_it_returns";

fn owner(how: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", OWNER, "--nocapture"])
        .env(ENDS_BY, how)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The next mongod that the owner tells of, which must be running, and its folder.
fn next_server(lines: &mut impl Iterator<Item = String>) -> (u32, PathBuf) {
    let pid = lines
        .find_map(|line| line.strip_prefix("server ").map(str::to_owned))
        .expect("the owner tells its server's pid")
        .parse()
        .unwrap();
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let data = arguments
        .split(|byte| *byte == 0)
        .skip_while(|it| *it != b"--dbpath")
        .nth(1)
        .map(|it| PathBuf::from(String::from_utf8_lossy(it).into_owned()));
    let folder = data.and_then(|it| it.parent().map(Path::to_path_buf));
    (pid, folder.unwrap_or_default())
}

fn lines(owner: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(owner.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
}

fn ends(pid: u32, folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let process = PathBuf::from(format!("/proc/{pid}/cmdline"));
    let runs = || std::fs::read(&process).is_ok_and(|it| !it.is_empty()); // a zombie has none
    while runs() || folder.exists() {
        assert!(
            Instant::now() < deadline,
            "mongod {pid} runs: {}, folder {} is there: {}",
            runs(),
            folder.display(),
            folder.exists()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn server_ends_when_its_owner_gets(signal: &str) {
    let mut owner = owner("waiting");
    let (pid, folder) = next_server(&mut lines(&mut owner));
    assert!(folder.join("data").is_dir(), "{}", folder.display());
    let sent = Command::new("kill")
        .args([signal, &owner.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    owner.wait().unwrap();
    ends(pid, &folder);
}

#[test]
fn the_server_ends_when_its_owner_is_killed() {
    server_ends_when_its_owner_gets("-KILL");
}

#[test]
#[ignore = "long: RINGFENCE_TESTS=full"]
fn the_server_ends_when_its_owner_is_interrupted() {
    server_ends_when_its_owner_gets("-INT");
}

#[test]
fn the_server_ends_when_its_owner_panics_or_exits() {
    for how in ["panic", "exit"] {
        let mut owner = owner(how);
        let mut lines = lines(&mut owner);
        let (pid, folder) = next_server(&mut lines);
        let _ = lines.count();
        owner.wait().unwrap();
        ends(pid, &folder);
    }
}

#[test]
fn the_shared_server_of_a_test_binary_ends_with_the_binary() {
    let mut owner = owner("static");
    let mut lines = lines(&mut owner);
    let private = next_server(&mut lines);
    let shared = next_server(&mut lines);
    assert_ne!(private.0, shared.0);
    let _ = lines.count();
    assert!(owner.wait().unwrap().success());
    ends(private.0, &private.1);
    ends(shared.0, &shared.1);
}

#[tokio::test]
async fn dropping_the_handle_ends_the_server_and_removes_its_folder_before_it_returns() {
    if let Ok(how) = std::env::var(ENDS_BY) {
        return the_owner(&how).await;
    }
    let server = support::private(Topology::Standalone, &[]).await;
    let pid = server.pid(0).unwrap();
    let (_, folder) = next_server(&mut [format!("server {pid}")].into_iter());
    assert!(folder.join("data").is_dir(), "{}", folder.display());
    drop(server);
    assert!(!folder.exists(), "{}", folder.display());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_node_that_was_killed_starts_again_on_its_data_and_its_port() {
    for topology in [Topology::Standalone, Topology::ReplicaSet(1)] {
        let mut server = support::private(topology, &[]).await;
        let client = mongodb::Client::with_uri_str(server.uri("x"))
            .await
            .unwrap();
        let documents = client.database("x").collection("c");
        let insert = documents.insert_one(bson::doc! { "_id": 1 });
        let concern = mongodb::options::WriteConcern::builder().journal(true);
        insert.write_concern(concern.build()).await.unwrap();
        let (port, pid) = (server.port(0), server.pid(0));
        assert!(server.restart(99).await.is_err());
        server.signal(0, Signal::Kill).unwrap();
        server.restart(0).await.unwrap();
        assert_eq!(server.port(0), port);
        assert_ne!(server.pid(0), pid);
        assert_eq!(documents.count_documents(bson::doc! {}).await.unwrap(), 1);
        let folder = std::fs::read_to_string(format!("/proc/{}/cmdline", server.pid(0).unwrap()));
        drop(server);
        let words = folder.unwrap();
        let data = words.split('\0').find(|word| word.ends_with("/data"));
        assert!(!Path::new(data.unwrap()).exists(), "{topology:?}");
    }
}
