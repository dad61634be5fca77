//! A database with a fixed name on this binary's own server, and the product's binary on it. The name is part of what is kept.

use std::path::PathBuf;

use mongodb::{Client, Database};
use tempfile::TempDir;

use crate::support;

/// A database, and a folder to work in.
pub struct Stage {
    pub name: String,
    pub database: Database,
    uri: String,
    folder: TempDir,
}

/// What a command ended with.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Fails with all that was said, unless the exit code is this one.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON, indented.
    pub fn json(&self) -> String {
        let value: serde_json::Value = serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err));
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    }
}

impl Stage {
    /// The database `name`, empty. Each name belongs to one test.
    pub async fn empty(name: &str) -> Self {
        let uri = support::shared().uri(name);
        support::janitor::take(name);
        let client = Client::with_uri_str(&uri).await.unwrap();
        let database = client.database(name);
        database.drop().await.unwrap();
        Self {
            name: name.to_owned(),
            database,
            uri,
            folder: support::folder(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary on this database, in the stage's folder and without a terminal.
    pub async fn ringfence(&self, arguments: &[&str]) -> Said {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_ringfence"))
            .args(["--uri", &self.uri, "--watch-seconds", "0"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("USER", "ann")
            .env_remove("DATABASE_URL")
            .env_remove("RINGFENCE_URI")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
