//! Starting the binary and ending it with kill -9.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use bson::{Document, doc};
use futures_util::TryStreamExt;
use tokio::process::{Child, Command};

use crate::support::case::{Case, Ended};

/// A run of the binary that is going to be killed.
pub struct Running<'a> {
    case: &'a Case,
    child: Child,
}

/// Starts the binary on this case; what it says goes to files, which need nobody who reads.
pub fn start<'a>(case: &'a Case, arguments: &[&str]) -> Running<'a> {
    let file = |name| File::create(case.path(name)).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(["--uri", &case.uri, "--watch-seconds", "0"])
        .args(arguments)
        .current_dir(case.folder.path())
        .env("HOME", case.folder.path())
        .env_remove("DATABASE_URL")
        .env_remove("RINGFENCE_URI")
        .stdin(Stdio::null())
        .stdout(file("said.out"))
        .stderr(file("said.err"))
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    Running { case, child }
}

impl Running<'_> {
    /// Kills it after this time. `Some` when it had ended by itself before.
    pub async fn kill_after(mut self, delay: Duration) -> Option<Ended> {
        match tokio::time::timeout(delay, self.child.wait()).await {
            Ok(status) => Some(self.ended(status.unwrap().code())),
            Err(_) => self.kill().await,
        }
    }

    /// Waits for it to end by itself.
    pub async fn ends(&mut self) -> Ended {
        let status = self.child.wait().await.unwrap();
        self.ended(status.code())
    }

    /// Kills it now. `Some` when it had ended by itself before.
    pub async fn kill(mut self) -> Option<Ended> {
        self.child.start_kill().unwrap();
        let code = self.child.wait().await.unwrap().code();
        code.map(|code| self.ended(Some(code)))
    }

    fn ended(&self, code: Option<i32>) -> Ended {
        let said = |name| std::fs::read_to_string(self.case.path(name)).unwrap();
        Ended {
            code: code.unwrap_or(-1),
            out: said("said.out"),
            err: said("said.err"),
        }
    }
}

/// Waits until the server is at none of ringfence's commands on this database.
pub async fn server_is_done(case: &Case) {
    while !commands(case).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Has the server give up what it does for ringfence on this database: nobody waits for the answer any more.
pub async fn end_commands(case: &Case) {
    let admin = case.database.client().database("admin");
    for operation in commands(case).await {
        let id = operation.get("opid").unwrap();
        admin
            .run_command(doc! { "killOp": 1, "op": id })
            .await
            .unwrap();
    }
    server_is_done(case).await;
}

/// Ringfence's commands on this database, as the server tells.
async fn commands(case: &Case) -> Vec<Document> {
    let admin = case.database.client().database("admin");
    let namespace = doc! { "$regex": format!("^{}\\.", case.name) };
    let ours = [
        doc! { "$currentOp": { "allUsers": true } },
        doc! { "$match": { "appName": "ringfence", "active": true, "$or": [
            { "ns": &namespace },
            { "command.renameCollection": &namespace },
        ] } },
    ];
    let cursor = admin.aggregate(ours).await.unwrap();
    cursor.try_collect().await.unwrap()
}
