//! Arguments, and one file per headless verb. Standard output holds the answer (with `--json` one document and nothing else); everything else
//! goes to standard error.

mod address;
mod allocator;
mod apply;
mod backup;
mod bar;
mod conform;
mod decisions;
mod demo;
mod following;
mod init;
mod output;
mod place;
mod plan;
mod progress;
mod push;
mod rollback;
mod strays;
mod survey;
mod unlock;

use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::error::ContextValue;
use clap::{Parser, Subcommand};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::place::PlaceArguments;
use crate::domain::text;
use crate::engine::reporting::log_file;
use crate::engine::{Result, StepError};
use crate::store::{private_file, run_log};

/// Threads at most that read and write, one for each processor: each has a heap of its own, so more of them take more memory.
const THREADS: usize = 4;

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

/// What to do without the console.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// A throw-away MongoDB with sample data, and the console on it
    Demo(demo::DemoArguments),
    /// A commented mapping from the data, and from a schema.prisma; never overwrites a file; exit 2: written, with keys left for you
    Init(init::InitArguments),
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
    /// Run your own `npx prisma@6 db push` beside the run, and compare every index before and after; exit 2 with findings
    Push(push::PushArguments),
    /// Rename the originals back
    Rollback(rollback::RollbackArguments),
    /// What an application wrote under a vacated name: list it, take it in, or set it aside
    Strays(strays::StraysArguments),
    /// Drop the originals: the point of no return
    Finish(rollback::FinishArguments),
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

/// Starts a runtime and runs the command line on it. It is no `async fn`: the binary that calls it would compile every future once more.
#[must_use]
pub fn start() -> ExitCode {
    allocator::return_large_blocks();
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.min(THREADS))
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run());
            // The process ends now, and its threads with it. Ending the runtime first would cancel the driver's farewell to the server half
            // way, and the driver takes that for a defect of its own and says so at length.
            std::mem::forget(runtime);
            code
        }
        Err(error) => {
            output::aside(&format!(
                "ringfence: no runtime could be started: {error}. Nothing was changed"
            ));
            ExitCode::FAILURE
        }
    }
}

/// Runs the command line; the only place where an error becomes words and an exit code.
async fn run() -> ExitCode {
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
            if let Some(log) = log_file().filter(|_| error.exit_code() == 1) {
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
        Some(Verb::Init(verb)) => init::run(place, verb).await,
        Some(Verb::Survey(verb)) => Box::pin(survey::run(place, verb)).await,
        Some(Verb::Plan(verb)) => Box::pin(plan::run(place, verb)).await,
        Some(Verb::Decisions(verb)) => decisions::run(place, verb).await,
        Some(Verb::Apply(verb)) => Box::pin(apply::run(place, verb)).await,
        Some(Verb::Verify) => Box::pin(survey::verify(place)).await,
        Some(Verb::Conform(verb)) => Box::pin(conform::run(place, verb)).await,
        Some(Verb::Push(verb)) => Box::pin(push::run(place, verb)).await,
        Some(Verb::Rollback(verb)) => Box::pin(rollback::run(place, verb)).await,
        Some(Verb::Finish(verb)) => Box::pin(rollback::finish(place, verb)).await,
        Some(Verb::Strays(verb)) => Box::pin(strays::run(place, verb)).await,
        Some(Verb::Purge(verb)) => Box::pin(rollback::purge(place, verb)).await,
        Some(Verb::Unlock(verb)) => Box::pin(unlock::run(place, verb)).await,
        Some(Verb::Status) => Box::pin(survey::status(place)).await,
        Some(Verb::Report(verb)) => survey::report(place, verb).await,
        Some(Verb::Backup(verb)) => backup::run(place, verb).await,
        Some(Verb::Restore(verb)) => Box::pin(backup::restore(place, verb)).await,
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
