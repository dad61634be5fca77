//! The one place that knows how the product is called: through its binary and the headless contract of DESIGN §8.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value as Json;
use tokio::process::Command;

/// A database to be migrated, and a folder for what the run leaves behind.
pub struct Product<'a> {
    pub uri: &'a str,
    pub database: &'a str,
    pub folder: &'a Path,
    /// Everything that is kept of users, pairs and customers goes to a temporary file.
    pub without_memory: bool,
}

/// What a verb ended with.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Fails with all that was said, unless the exit code is one of these.
    pub fn expect(self, verb: &str, codes: &[i32]) -> Result<Self, String> {
        if codes.contains(&self.code) {
            return Ok(self);
        }
        Err(format!(
            "{verb} ended with {} instead of {codes:?}\n{}\n{}",
            self.code, self.stdout, self.stderr
        ))
    }
}

impl Product<'_> {
    /// Runs the survey; its JSON and its exit code.
    pub async fn survey(&self) -> Result<(Json, i32), String> {
        let ended = self.with_numbers("survey", &["--json"], &[1]).await?;
        let ended = ended.expect("survey", &[0, 2])?;
        let json = serde_json::from_str(&ended.stdout)
            .map_err(|error| format!("survey --json printed no JSON: {error}\n{}", ended.stdout))?;
        Ok((json, ended.code))
    }

    /// Makes a plan with every suggestion accepted, and every number that is asked for.
    pub async fn plan(&self) -> Result<Ended, String> {
        let plan = self.plan_file();
        let more = ["--defaults", "--out", &plan];
        self.with_numbers("plan", &more, &[1, 2]).await
    }

    /// Runs a verb again with every number that it asks for, while it ends with one of these codes.
    async fn with_numbers(
        &self,
        verb: &str,
        arguments: &[&str],
        codes: &[i32],
    ) -> Result<Ended, String> {
        let mut numbers = Vec::new();
        loop {
            let mut more = arguments.to_vec();
            more.extend(
                numbers
                    .iter()
                    .flat_map(|it: &String| ["--accept", it.as_str()]),
            );
            let ended = self.run(verb, &more).await?;
            let words = ended.stderr.split_whitespace();
            let asked = words.clone().zip(words.skip(1));
            let asked = asked.filter(|(word, _)| *word == "--accept");
            let asked: Vec<String> = asked
                .map(|(_, number)| number.trim_end_matches([',', '.']).to_owned())
                .filter(|number| !numbers.contains(number))
                .collect();
            if !codes.contains(&ended.code) || asked.is_empty() {
                return Ok(ended);
            }
            numbers.extend(asked);
        }
    }

    /// Applies the plan made before.
    pub async fn apply(&self) -> Result<Ended, String> {
        let (plan, runs) = (self.plan_file(), self.run_folder());
        let more = [
            "--plan",
            &plan,
            "--confirm",
            self.database,
            "--accept-unknown",
            "--run-dir",
            &runs,
        ];
        self.run("apply", &more).await
    }

    /// Checks what is live.
    pub async fn verify(&self) -> Result<Ended, String> {
        let runs = self.run_folder();
        self.run("verify", &["--run-dir", &runs]).await
    }

    /// Gives everything back, with what was written since; its JSON tells what that was.
    pub async fn roll_back(&self) -> Result<Ended, String> {
        let runs = self.run_folder();
        let more = [
            "--confirm",
            self.database,
            "--keep-new",
            "--json",
            "--run-dir",
            &runs,
        ];
        self.run("rollback", &more).await
    }

    fn plan_file(&self) -> String {
        self.inside("plan.json")
    }

    fn run_folder(&self) -> String {
        self.inside("runs")
    }

    fn inside(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    async fn run(&self, verb: &str, more: &[&str]) -> Result<Ended, String> {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_ringfence"));
        let output: Output = Command::new(binary)
            .args([
                verb,
                "--uri",
                self.uri,
                "--db",
                self.database,
                "--watch-seconds",
                "0",
            ])
            .args(more)
            .args(self.without_memory.then_some("--memory=0"))
            .current_dir(self.folder)
            .env("HOME", self.folder)
            .env_remove("DATABASE_URL")
            .env_remove("RINGFENCE_URI")
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("{verb} could not be started: {error}"))?;
        Ok(Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
