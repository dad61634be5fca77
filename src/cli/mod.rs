//! Arguments, and one file per headless verb. Standard output holds the answer (with `--json` one document and nothing else); everything else
//! goes to standard error.

mod address;
mod apply;
mod backup;
mod conform;
mod decisions;
mod demo;
mod output;
mod plan;
mod progress;
mod rollback;
mod strays;
mod survey;
mod unlock;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use clap::error::ContextValue;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::domain::checklist::Step;
use crate::domain::number::parse_size;
use crate::domain::pace::Limits;
use crate::domain::text;
use crate::engine::reporting::log_file;
use crate::engine::session::{RUN_ROOT, Session, SessionOptions};
use crate::engine::{Result, StepError};
use crate::store::lease::Lease;
use crate::store::{private_file, run_log, throttle};

/// Takes a MongoDB booking database from shared User rows to one Customer per user and business.
///
/// Without a verb it opens the console. Exit codes: 0 fine · 1 error · 2 findings (undecided conflicts, failed checks) ·
/// 3 confirmation missing or wrong · 4 drift or stale plan · 5 lease held by another · 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "ringfence", version)]
pub struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// Where to work, and how to answer.
#[allow(clippy::struct_excessive_bools)] // each is a flag of the command line
#[derive(Debug, Args)]
pub struct PlaceArguments {
    /// Connection string; else RINGFENCE_URI, else DATABASE_URL
    #[arg(long, global = true, value_name = "U", hide_env_values = true)]
    uri: Option<String>,
    /// Database, when the connection string names none
    #[arg(long, global = true, value_name = "NAME")]
    db: Option<String>,
    /// Mapping file, where collections or fields are not named as Prisma would
    #[arg(long, global = true, value_name = "F")]
    config: Option<PathBuf>,
    /// Folder for runs: backups, plans, decisions, reports
    #[arg(long, global = true, value_name = "D", default_value = RUN_ROOT)]
    run_dir: PathBuf,
    /// One JSON document on standard output, and nothing else
    #[arg(long, global = true)]
    json: bool,
    /// Names, e-mails and ids that look like them as they are, not masked
    #[arg(long, global = true)]
    show_personal_data: bool,
    /// Seconds that “Stop the application” watches for foreign writes
    #[arg(long, global = true, value_name = "S", default_value = "3", value_parser = seconds)]
    watch_seconds: Duration,
    /// Documents a second that are written at most
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_rate: Option<u64>,
    /// Seconds that the slowest secondary may be behind before writing waits
    #[arg(long, global = true, value_name = "S", value_parser = seconds)]
    max_lag: Option<Duration>,
    /// With --max-lag: writing waits also while a member of the replica set cannot be reached
    #[arg(long, global = true, requires = "max_lag")]
    require_all: bool,
    /// Milliseconds that a batch may take before the next one waits as long
    #[arg(long, global = true, value_name = "MS")]
    max_latency: Option<u64>,
    /// Memory for what is kept of users and customers, such as 1G; what passes it goes to a temporary file
    #[arg(long, global = true, value_name = "SIZE", default_value = "56M", value_parser = parse_size)]
    memory: u64,
    /// Go on although nobody can see whether the application has stopped
    #[arg(long, global = true)]
    accept_unknown: bool,
    /// Colours of the console: default, dark, light, high-contrast, colour-blind, mono
    #[arg(long, global = true, value_name = "NAME")]
    theme: Option<String>,
    /// Append what was tried again, and why, to this file
    #[arg(long, global = true, value_name = "F")]
    log: Option<PathBuf>,
    /// The lease of the session that was opened here: whatever way a verb ends, it is let go of.
    #[arg(skip)]
    lease: OnceLock<Lease>,
}

/// What to do without the console.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// A throw-away MongoDB with sample data, and the console on it
    Demo(demo::DemoArguments),
    /// Count, pair, find conflicts; changes nothing; exit 2 while blockers are undecided
    Survey(survey::SurveyArguments),
    /// Survey and decisions → a plan; exit 2 while blockers are undecided
    Plan(plan::PlanArguments),
    /// A decisions file: check it against a database, show it in words, merge two
    #[command(subcommand)]
    Decisions(decisions::DecisionsVerb),
    /// Everything from backup to verify; refuses a plan that no longer fits (exit 4)
    Apply(apply::ApplyArguments),
    /// Integrity and isolation of what is live; exit 2 with counter-examples
    Verify,
    /// Every document against a schema.prisma: what the application could not read; exit 2 with findings
    Conform(conform::ConformArguments),
    /// Rename the originals back
    Rollback(rollback::RollbackArguments),
    /// What an application wrote under a vacated name: list it, take it in, or set it aside
    Strays(strays::StraysArguments),
    /// Drop the originals: the point of no return
    Finish(rollback::Confirmation),
    /// Drop links, quarantine, run records and what rollbacks put aside, after finish or rollback
    Purge(rollback::Confirmation),
    /// Free the lease of an operator who is gone; refuses one who is not (exit 5)
    Unlock(unlock::UnlockArguments),
    /// Where every step stands
    Status,
    /// The report of the latest run
    Report(survey::ReportArguments),
    /// A backup alone, in mongodump's layout
    Backup(backup::BackupArguments),
    /// Restore a backup of ours, or mongodump's
    Restore(backup::RestoreArguments),
    /// Users, bookings and services as JSON lines and CSV
    Export(backup::ExportArguments),
}

impl Verb {
    /// True for verbs whose words go to the operator alone, and into no run record.
    fn only_says(&self) -> bool {
        matches!(
            self,
            Self::Survey(_)
                | Self::Plan(_)
                | Self::Decisions(_)
                | Self::Verify
                | Self::Status
                | Self::Report(_)
        )
    }
}

/// Runs the command line; the only place where an error becomes words and an exit code.
pub async fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, not errors.
            let code = u8::from(error.use_stderr());
            if code == 0 {
                let _ = error.print(); // a closed pipe is no reason to fail twice
            } else {
                output::aside(on_one_line(error).render().to_string().trim_end());
            }
            return ExitCode::from(code);
        }
    };
    let json = arguments.place.json;
    match Box::pin(dispatch(arguments)).await {
        Ok(code) => code,
        Err(error) => {
            if json {
                output::json(
                    &serde_json::json!({ "error": error.to_string(), "exit": error.exit_code() }),
                );
            }
            output::aside(&format!("ringfence: {error}"));
            if let Some(log) = log_file() {
                output::aside(&format!("The log: {}", output::path(&log)));
            }
            run_log::write("ERROR", &error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

/// The same error, with what was typed on one line each.
fn on_one_line(mut error: clap::Error) -> clap::Error {
    let typed: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(typed) => Some((kind, text::named(typed))),
            _ => None,
        })
        .collect();
    for (kind, typed) in typed {
        error.insert(kind, ContextValue::String(typed));
    }
    error
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode> {
    let place = &arguments.place;
    keep_log(place.log.as_deref())?;
    if place.show_personal_data && arguments.verb.as_ref().is_some_and(Verb::only_says) {
        crate::domain::id::show_personal_data();
    }
    let outcome = Box::pin(carry_out(place, arguments.verb)).await;
    place.let_go().await;
    outcome
}

async fn carry_out(place: &PlaceArguments, verb: Option<Verb>) -> Result<ExitCode> {
    match verb {
        None => Box::pin(demo::console(place)).await,
        Some(Verb::Demo(verb)) => Box::pin(demo::run(place, verb)).await,
        Some(Verb::Survey(verb)) => survey::run(place, verb).await,
        Some(Verb::Plan(verb)) => plan::run(place, verb).await,
        Some(Verb::Decisions(verb)) => decisions::run(place, verb).await,
        Some(Verb::Apply(verb)) => Box::pin(apply::run(place, verb)).await,
        Some(Verb::Verify) => survey::verify(place).await,
        Some(Verb::Conform(verb)) => Box::pin(conform::run(place, verb)).await,
        Some(Verb::Rollback(verb)) => rollback::run(place, verb).await,
        Some(Verb::Finish(verb)) => Box::pin(rollback::finish(place, verb)).await,
        Some(Verb::Strays(verb)) => strays::run(place, verb).await,
        Some(Verb::Purge(verb)) => rollback::purge(place, verb).await,
        Some(Verb::Unlock(verb)) => unlock::run(place, verb).await,
        Some(Verb::Status) => survey::status(place).await,
        Some(Verb::Report(verb)) => survey::report(place, verb).await,
        Some(Verb::Backup(verb)) => backup::run(place, verb).await,
        Some(Verb::Restore(verb)) => backup::restore(place, verb).await,
        Some(Verb::Export(verb)) => backup::export(place, verb).await,
    }
}

/// Lets what is worth knowing afterwards, and never belongs on the screen, be written into the run's log, and into a file of the operator's.
fn keep_log(path: Option<&Path>) -> Result<()> {
    let run = fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .with_writer(|| RunLog);
    let kept = match path {
        None => tracing_subscriber::registry().with(run).try_init(),
        Some(path) => {
            let own = fmt::layer()
                .with_ansi(false)
                .with_target(false)
                .with_writer(Mutex::new(LogFile(own_log(path)?)));
            tracing_subscriber::registry()
                .with(run)
                .with(own)
                .try_init()
        }
    };
    kept.map_err(|error| {
        StepError::NotReady(format!("no log can be kept: {error}. Nothing was changed"))
    })
}

/// The file that the operator named for the log.
fn own_log(path: &Path) -> Result<std::fs::File> {
    let open = private_file::is_open_to_others(path);
    let file = private_file::append(path)?;
    if open {
        output::aside(&format!(
            "{} could be read or written by other users; it is closed to them now (mode 600)",
            output::path(path)
        ));
    }
    Ok(file)
}

/// The run's log, which stamps each line itself.
struct RunLog;

impl Write for RunLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        let (level, text) = line.trim().split_once(' ').unwrap_or(("INFO", line.trim()));
        run_log::write(level, text.trim_start());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What --max-lag does not see, or what it will wait for.
async fn lag_notices(session: &Session, most: Duration, require_all: bool) -> Vec<String> {
    let Some(members) = throttle::members(session.database().client()).await else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if !members.away.is_empty() {
        let away = members.away.join(", ");
        lines.push(if require_all {
            format!("--require-all: writing waits until {away} can be reached")
        } else {
            format!(
                "warning: {away} cannot be reached, so --max-lag does not see how far that member is behind; with --max-lag {} --require-all writing waits for it",
                most.as_secs_f64()
            )
        });
    }
    if !members.delayed.is_empty() {
        lines.push(format!(
            "{} is behind on purpose (secondaryDelaySecs) and does not count for --max-lag",
            members.delayed.join(", ")
        ));
    }
    if members.lag > most {
        lines.push(format!(
            "the slowest secondary is {:.0} s behind, more than --max-lag {}: writing waits until it has caught up",
            members.lag.as_secs_f64(),
            most.as_secs_f64()
        ));
    }
    lines
}

/// The log, with nothing in it that a terminal would obey; what is written at once is one line.
struct LogFile(std::fs::File);

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        let line = text::named(line.trim_end_matches('\n'));
        writeln!(self.0, "{line}")?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let number = text.parse().ok();
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "it takes a number of seconds, such as 5 or 0.5".to_owned())
}

impl PlaceArguments {
    fn options(&self, uri: String, uri_source: &str) -> SessionOptions {
        SessionOptions {
            uri,
            uri_source: uri_source.to_owned(),
            database: self.db.clone(),
            config: self.config.clone(),
            run_root: self.run_dir.clone(),
            watch: self.watch_seconds,
            limits: Limits {
                paused: false,
                rate: self.max_rate,
                lag: self
                    .max_lag
                    .and_then(|lag| u64::try_from(lag.as_millis()).ok()),
                require_all: self.require_all,
                latency: self.max_latency,
            },
            memory: self.memory,
        }
    }

    /// Opens a session at the place that the arguments name.
    async fn session(&self) -> Result<Session> {
        let (uri, source) = address::find(self.uri.as_deref())?;
        let mut session = Session::open(self.options(uri, source)).await?;
        self.watch_lease(&session);
        if let Some(lag) = self.max_lag {
            for line in lag_notices(&session, lag, self.require_all).await {
                output::aside(&line);
            }
        }
        if self.accept_unknown {
            session.accept_unknown();
        }
        if self.show_personal_data {
            session.show_personal_data();
        }
        Ok(session)
    }

    /// Keeps the lease of `session` at hand, to let go of it at the end.
    fn watch_lease(&self, session: &Session) {
        let _ = self.lease.set(session.lease().clone()); // a verb opens one session
    }

    /// Lets go of the lease, where it was taken.
    async fn let_go(&self) {
        let Some(lease) = self.lease.get() else {
            return;
        };
        if let Err(error) = lease.release().await {
            output::aside(&format!(
                "ringfence: {error}. The lease could not be let go of: on this machine the next command takes it over, elsewhere it expires and then needs `ringfence unlock`"
            ));
        }
    }
}

/// The step of `--through`.
fn step_word(word: &str) -> std::result::Result<Step, String> {
    Step::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Step::ALL.iter().map(|step| step.word()).collect();
        format!("no such step; there are {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_readme_names_every_verb_as_the_help_does() {
        let readme = include_str!("../../README.md");
        for verb in Arguments::command().get_subcommands() {
            let about = verb
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            let line = format!("| `{}` | {about} |", verb.get_name());
            assert!(readme.contains(&line), "put this into README.md: {line}");
        }
    }

    #[test]
    fn the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }
}
