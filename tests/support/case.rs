//! A seeded database, a folder for runs, and the product on them: through its binary, or through a session.

#![allow(dead_code)] // each test binary uses its own part

use std::path::PathBuf;
use std::time::Duration;

use mongodb::{Client, Database};
use ringfence::engine::session::{Session, SessionOptions};
use tempfile::TempDir;

use crate::support;
use crate::support::data;
use crate::support::picture::{self, Picture};

/// A database to migrate.
pub struct Case {
    pub name: String,
    pub uri: String,
    pub folder: TempDir,
    pub database: Database,
}

/// What a command ended with.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Fails with all that was said, unless the exit code is this one.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Fails unless each of these words was said.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        let said = format!("{}{}", self.out, self.err);
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
        self
    }
}

impl Case {
    /// The sample data in a database of its own on the shared server.
    pub async fn seeded() -> Self {
        let case = Self::empty().await;
        data::seed(&case.database).await;
        case
    }

    /// An empty database on the shared server.
    pub async fn empty() -> Self {
        let (uri, name) = support::fresh_database();
        Self::at(uri, name).await
    }

    /// The database `name` of this server.
    pub async fn at(uri: String, name: String) -> Self {
        let client = Client::with_uri_str(&uri).await.unwrap();
        Self {
            database: client.database(&name),
            folder: support::folder(),
            name,
            uri,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary on this database.
    pub async fn ringfence(&self, arguments: &[&str]) -> Ended {
        let mut all = vec!["--uri", &self.uri, "--watch-seconds", "0"];
        all.extend(arguments);
        self.bare(&all).await
    }

    /// Runs the binary with these arguments alone, in the case's folder and without a terminal.
    pub async fn bare(&self, arguments: &[&str]) -> Ended {
        self.with_environment(&[], arguments).await
    }

    /// As [`Self::bare`], with these variables.
    pub async fn with_environment(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env_remove("DATABASE_URL")
            .env_remove("RINGFENCE_URI")
            .envs(variables.iter().copied())
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Makes `plan.json` with every suggestion.
    pub async fn plan(&self) -> Ended {
        self.ringfence(&["plan", "--defaults", "--out", "plan.json"])
            .await
            .code(0)
    }

    /// Applies `plan.json`.
    pub async fn apply(&self, more: &[&str]) -> Ended {
        let mut all = vec!["apply", "--plan", "plan.json", "--confirm", &self.name];
        all.extend(more);
        self.ringfence(&all).await
    }

    /// Plans and applies; both must go well.
    pub async fn migrate(&self) {
        self.plan().await;
        self.apply(&[]).await.code(0);
    }

    /// Rolls back.
    pub async fn roll_back(&self, more: &[&str]) -> Ended {
        let mut all = vec!["rollback", "--confirm", &self.name];
        all.extend(more);
        self.ringfence(&all).await
    }

    /// A session of the library on this database.
    pub async fn session(&self) -> Session {
        let options = SessionOptions {
            uri: self.uri.clone(),
            uri_source: "the test".to_owned(),
            database: Some(self.name.clone()),
            config: None,
            run_root: self.path("ringfence-runs"),
            watch: Duration::ZERO,
            limits: ringfence::domain::pace::Limits::default(),
            memory: 56 << 20,
        };
        Session::open(options).await.unwrap()
    }

    /// How the database stands.
    pub async fn picture(&self) -> Picture {
        picture::of(&self.database).await
    }

    /// Fails when anything in the database is other than it was, but for the lease, which tells who asked last.
    pub async fn assert_same(&self, before: &Picture) {
        let (before, now) = (
            picture::but_lease(before),
            picture::but_lease(&self.picture().await),
        );
        let differences = picture::differences(&before, &now, true);
        assert!(differences.is_empty(), "{differences:#?}");
    }
}
