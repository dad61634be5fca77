//! The one place where tests find and start servers: a one-node replica set that they share, each test with a database of its own,
//! and private servers of any topology.

pub mod case;
pub mod console;
pub mod data;
pub mod hold;
pub mod janitor;
pub mod kill;
pub mod nth;
pub mod picture;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use ringfence::demo::mongod;
use ringfence::demo::server::{Server, Topology};

static SHARED: OnceLock<Server> = OnceLock::new();
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// In memory where the system has a folder for that: what a test waits for is then the product, not the disk. A server that is killed
/// finds its files again all the same.
fn folder_for_data() -> PathBuf {
    let memory = Path::new("/dev/shm");
    match tempfile::tempdir_in(memory) {
        Ok(_) => memory.to_owned(),
        Err(_) => std::env::temp_dir(),
    }
}

/// A folder for what the product writes, in memory where the system has a place for that: the product waits for the disk at every save.
pub fn folder() -> tempfile::TempDir {
    tempfile::TempDir::with_prefix_in("ringfence-test-", folder_for_data()).expect("a folder")
}

/// True where the long tests are asked for, with `RINGFENCE_TESTS=full`.
pub fn full() -> bool {
    std::env::var("RINGFENCE_TESTS").is_ok_and(|text| text == "full")
}

/// Runs the long tests where they are asked for. They are marked `#[ignore]`, so that a default run says that they did not
/// run; a mark that is lost fails here.
pub fn long_tests() {
    let binary = std::env::current_exe().expect("this binary");
    let listed = Command::new(&binary)
        .args(["--list", "--ignored"])
        .output()
        .expect("the list of long tests");
    assert!(
        String::from_utf8_lossy(&listed.stdout).contains(": test"),
        "no test is marked as long"
    );
    if full() {
        let ended = Command::new(&binary).arg("--ignored").status();
        assert!(
            ended.expect("the long tests").success(),
            "a long test failed"
        );
    }
}

/// A private server, ended when the handle is dropped.
pub async fn private(topology: Topology, arguments: &[&str]) -> Server {
    let binary = mongod::find(None, &|words| eprintln!("{words}")).expect("a mongod");
    Server::start(&binary, &folder_for_data(), topology, arguments)
        .await
        .expect("a server")
}

/// A private server with access control; its URI is the administrator's.
pub async fn private_with_access_control(topology: Topology) -> Server {
    let binary = mongod::find(None, &|words| eprintln!("{words}")).expect("a mongod");
    Server::start_with_access_control(&binary, &folder_for_data(), topology, &[])
        .await
        .expect("a server")
}

/// The shared one-node replica set. It ends with the test binary: its guard sees our end of the pipe close.
pub fn shared() -> &'static Server {
    SHARED.get_or_init(|| {
        // A runtime of its own: each test has another one, and the server belongs to none of them.
        std::thread::spawn(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(private(
                    Topology::ReplicaSet(1),
                    &[
                        "--setParameter",
                        "enableTestCommands=1",
                        // Files of what was dropped stay open as long as this: at 300, two thousand databases need more than a process may have.
                        "--setParameter",
                        "minSnapshotHistoryWindowInSeconds=30",
                    ],
                ))
        })
        .join()
        .expect("the server's thread")
    })
}

/// The shared server was started.
fn shared_runs() -> bool {
    SHARED.get().is_some()
}

/// A database name that no other test has. What stands there on the shared server is dropped when the test ends.
pub fn fresh_name() -> String {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = format!("t{}_{number}", std::process::id());
    janitor::take(&name);
    name
}

/// The URI of a fresh database on the shared server, and its name.
pub fn fresh_database() -> (String, String) {
    let name = fresh_name();
    (shared().uri(&name), name)
}

/// A one-node replica set with access control and no user yet: the first is made under the localhost exception.
pub async fn with_access_control() -> Server {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    std::fs::write(&key, "a key that the members of the set share").expect("a key file");
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
    std::fs::set_permissions(&key, mode).expect("a key file of our own");
    // The key is read at the start, which has ended when this returns.
    let key = key.display().to_string();
    private(Topology::ReplicaSet(1), &["--keyFile", &key]).await
}
