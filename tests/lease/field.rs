//! A database large enough for many batches, on a server whose operations can be slowed, and commands that run while others do.

use std::future::Future;
use std::process::Stdio;
use std::time::Duration;

use bson::{Document, doc};
use futures_util::TryStreamExt;
use mongodb::Collection;
use ringfence::demo::server::{Server, Topology};

use crate::support;
use crate::support::case::{Case, Ended};
use crate::support::data::{BOOKING, SERVICE, USER, booking, id};

/// The lease's life in these tests, in seconds.
pub const LIFE: &str = "3";
/// A life that nobody outwaits.
pub const LONG: &str = "60";
/// How long anything may take. Far more than it takes; a test that reaches it fails.
const DEADLINE: Duration = Duration::from_mins(1);
/// Bookings beside those of the sample: some five batches.
const MORE: u32 = 9_000;

/// A case on a server of its own.
pub struct Field {
    pub case: Case,
    _server: Server,
}

impl Field {
    /// The sample data and many more bookings, planned.
    pub async fn planned() -> Self {
        let arguments = ["--setParameter", "enableTestCommands=1"];
        let server = support::private(Topology::ReplicaSet(1), &arguments).await;
        let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
        crate::support::data::seed(&case.database).await;
        let more = (10_000..10_000 + MORE).map(|n| {
            let mut more = booking(n);
            more.insert("_id", id(BOOKING, n));
            more.insert("userId", id(USER, 21 + n % 3));
            more.insert("serviceId", id(SERVICE, 0));
            more
        });
        let bookings = case.database.collection::<Document>("Booking");
        bookings.insert_many(more).await.unwrap();
        case.plan().await;
        Self {
            case,
            _server: server,
        }
    }

    /// Makes each of these commands of ringfence wait, or none.
    pub async fn slow(&self, commands: &[&str], millis: i32) {
        let mode = if commands.is_empty() {
            "off"
        } else {
            "alwaysOn"
        };
        let fail = doc! {
            "configureFailPoint": "failCommand",
            "mode": mode,
            "data": { "failCommands": commands.to_vec(), "appName": "ringfence", "blockConnection": true, "blockTimeMS": millis },
        };
        self.admin(fail).await;
    }

    /// How many operations match, by the server's own list.
    pub async fn operations(&self, filter: Document) -> usize {
        let stages = [
            doc! { "$currentOp": {} },
            doc! { "$match": filter },
            doc! { "$project": { "opid": 1 } },
        ];
        let admin = self.case.database.client().database("admin");
        let found = admin.aggregate(stages).await.unwrap();
        found.try_collect::<Vec<_>>().await.unwrap().len()
    }

    pub async fn admin(&self, command: Document) -> Document {
        let admin = self.case.database.client().database("admin");
        admin.run_command(command).await.unwrap()
    }

    /// Starts a command; its lease lives for `life` seconds.
    pub fn start(&self, life: &str, arguments: &[&str]) -> Running {
        start(&self.case, life, arguments)
    }

    /// Starts an apply.
    pub fn apply(&self, life: &str, more: &[&str]) -> Running {
        let mut all = vec!["apply", "--plan", "plan.json", "--confirm", "shop"];
        all.extend(more);
        self.start(life, &all)
    }

    /// An apply whose inserts are slow, in the middle of its bookings.
    pub async fn apply_under_way(&self, life: &str) -> Running {
        self.slow(&["insert"], 300).await;
        let running = self.apply(life, &[]);
        until("some batches of bookings", async || {
            self.prepared().await > 0
        })
        .await;
        running
    }

    /// Prepared bookings.
    pub async fn prepared(&self) -> u64 {
        let prepared = self
            .case
            .database
            .collection::<Document>("_ringfence_next_Booking");
        prepared.count_documents(doc! {}).await.unwrap()
    }

    /// The lease's document.
    pub async fn lease(&self) -> Document {
        lease(&self.case).await.expect("a lease")
    }

    /// Waits until the server's clock says that the lease has expired.
    pub async fn expires(&self) {
        let expired = doc! { "$expr": { "$lt": ["$until", "$$NOW"] } };
        until("the lease's end", async || {
            let found = leases(&self.case).find_one(expired.clone()).await.unwrap();
            found.is_some()
        })
        .await;
    }
}

pub fn leases(case: &Case) -> Collection<Document> {
    case.database.collection("_ringfence_lease")
}

/// The lease's document, where there is one.
pub async fn lease(case: &Case) -> Option<Document> {
    leases(case).find_one(doc! {}).await.unwrap()
}

/// True when the lease is free.
pub fn is_free(lease: &Document) -> bool {
    lease.get_document("holder").is_err()
}

/// The process that holds a lease, or held it last.
pub fn pid_of(lease: &Document, which: &str) -> i64 {
    lease.get_document(which).unwrap().get_i64("pid").unwrap()
}

/// Waits until `holds`.
pub async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// A command that runs.
pub struct Running {
    child: tokio::process::Child,
    pub pid: u32,
}

/// Starts a command on `case`.
pub fn start(case: &Case, life: &str, arguments: &[&str]) -> Running {
    let child = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(["--uri", &case.uri, "--watch-seconds", "0"])
        .args(arguments)
        .current_dir(case.folder.path())
        .env("HOME", case.folder.path())
        .env("USER", "ann")
        .env("RINGFENCE_LEASE_SECONDS", life)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = child.id().unwrap();
    Running { child, pid }
}

impl Running {
    pub fn signal(&self, name: &str) {
        crate::support::console::send(name, self.pid);
    }

    pub async fn ends(self) -> Ended {
        let output = tokio::time::timeout(DEADLINE, self.child.wait_with_output())
            .await
            .expect("an end")
            .unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Stops it for good, at once.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
