//! `demo`: a throw-away MongoDB with sample data, and the console on it; and the console on a real one.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::place::PlaceArguments;
use super::{output, progress};
use crate::app::ExitReason;
use crate::app::commands::about::Keymap;
use crate::demo::sample::{self, Size};
use crate::demo::server::{Server, Topology};
use crate::demo::{mongod, schemas};
use crate::domain::checklist::Step;
use crate::domain::plan::SchemaText;
use crate::engine::after_schema::GivenSchema;
use crate::engine::mapping_file;
use crate::engine::session::Session;
use crate::engine::{Result, StepError};
use crate::runtime::{self, Settings};
use crate::terminal;

/// The demo's database.
const DATABASE: &str = "booking_demo";

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Run it all without a terminal, with the suggested decisions, and print the report
    #[arg(long)]
    headless: bool,
    /// How much: 2 k, 100 k, 1 M or 5 M bookings
    #[arg(long, value_enum, default_value_t = SizeWord::Small)]
    size: SizeWord,
    /// The same seed gives the same data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The mongod to use; else RINGFENCE_MONGOD, else PATH, else one is fetched
    #[arg(long, value_name = "PATH")]
    mongod: Option<PathBuf>,
}

/// How much sample data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SizeWord {
    /// About 2,000 bookings
    Small,
    /// About 100,000 bookings
    Medium,
    /// About 1,000,000 bookings
    Large,
    /// About 5,000,000 bookings
    Huge,
}

pub(super) async fn run(place: &PlaceArguments, arguments: DemoArguments) -> Result<ExitCode> {
    if !arguments.headless {
        require_terminal()?;
    }
    let (settings, keys) = settings(place)?;
    let started = |error: &dyn std::fmt::Display| StepError::NotReady(error.to_string());
    let binary = mongod::find(arguments.mongod.as_deref(), &output::aside)
        .map_err(|error| started(&error))?;
    output::aside("starting a throw-away MongoDB …");
    let room: &[&str] = match arguments.size {
        SizeWord::Small | SizeWord::Medium => &[],
        // The log must hold what a migration writes.
        SizeWord::Large | SizeWord::Huge => {
            &["--wiredTigerCacheSizeGB", "2", "--oplogSize", "8192"]
        }
    };
    let server = Server::start(
        &binary,
        &std::env::temp_dir(),
        Topology::ReplicaSet(1),
        room,
    )
    .await
    .map_err(|error| started(&error))?;
    let mut options = place.options(server.uri(DATABASE), "demo");
    options.database = Some(DATABASE.to_owned());
    options.config.clone_from(&place.config); // a mapping file in this folder is for another database
    output::aside("seeding sample data …");
    let mut session = Session::open(options).await?;
    if place.show_personal_data {
        session.show_personal_data();
    }
    place.watch_lease(&session);
    let size = match arguments.size {
        SizeWord::Small => Size::Small,
        SizeWord::Medium => Size::Medium,
        SizeWord::Large => Size::Large,
        SizeWord::Huge => Size::Huge,
    };
    sample::seed(session.database(), arguments.seed, size, &|_, _| {}).await?;
    let code = if arguments.headless {
        Box::pin(headless(place, session)).await
    } else {
        session.offer_schema(&schema_of_the_demo());
        Box::pin(open_console(session, settings, keys)).await
    };
    place.let_go().await; // while there still is a server
    drop(server);
    code
}

/// The schemas of the demo's application, before and after.
fn schema_of_the_demo() -> GivenSchema {
    let file = |name: &str, text: &str| SchemaText {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    GivenSchema {
        after: vec![file("schema-after.prisma", schemas::AFTER)],
        before: vec![file("schema-before.prisma", schemas::BEFORE)],
        ..GivenSchema::default()
    }
}

async fn headless(place: &PlaceArguments, mut session: Session) -> Result<ExitCode> {
    let (watcher, task) = progress::watch(place, &session, "");
    session.take_suggestions();
    let outcome = async {
        session.survey(&watcher).await?;
        session.accept_schema();
        let asked = session.ask_schema(&schema_of_the_demo(), &watcher).await?;
        asked.require_answered()?;
        let plan = session.plan()?;
        super::apply::apply(
            &mut session,
            &plan,
            &super::apply::Order {
                confirm: Some(DATABASE),
                through: Step::Verify,
                build_ahead: false,
                block_writes: false,
                retire_users: false,
                quiet: place.json,
            },
            &watcher,
        )
        .await
    }
    .await;
    task.end(&outcome);
    outcome?;
    session.standing().await?;
    let report = session.report(place.show_personal_data)?;
    if place.json {
        output::json(&report.to_json());
    } else {
        output::line(&report.to_markdown());
    }
    Ok(ExitCode::SUCCESS)
}

/// The console on the database that the arguments name.
pub(super) async fn console(place: &PlaceArguments) -> Result<ExitCode> {
    require_terminal()?;
    let (settings, keys) = settings(place)?;
    Box::pin(open_console(place.session().await?, settings, keys)).await
}

/// How the operator wants the console; refused before anything is connected to.
fn settings(place: &PlaceArguments) -> Result<(Settings, Keymap)> {
    let mapping = match place.mapping_file() {
        Some(path) => Some(mapping_file::read(&path)?),
        None => None,
    };
    let (theme, keys) = mapping.map_or_else(Default::default, |it| (it.theme, it.keys));
    let settings = Settings {
        theme: place.theme.clone().or(theme),
        keys,
    };
    let keys = runtime::check(&settings).map_err(StepError::NotReady)?;
    Ok((settings, keys))
}

/// Refuses before anything is started or connected to.
fn require_terminal() -> Result<()> {
    if terminal::is_one() {
        Ok(())
    } else {
        Err(StepError::NotReady(terminal::REFUSAL.to_owned()))
    }
}

async fn open_console(mut session: Session, settings: Settings, keys: Keymap) -> Result<ExitCode> {
    session.order_push(super::push::of_console());
    let database = session.place().database.clone();
    match Box::pin(runtime::run_console(session, settings, keys)).await {
        Ok(ExitReason::Left(files)) => {
            for file in files {
                output::line(&format!("report: {}", output::path(&file)));
            }
            Ok(ExitCode::SUCCESS)
        }
        Ok(ExitReason::Signal(name)) => {
            output::aside(&format!(
                "ringfence: {name} ended the console between two batches. What was prepared is kept; open it again on {database} to go on"
            ));
            Ok(ExitCode::from(130))
        }
        Ok(ExitReason::EngineEnded(why)) => Err(StepError::NotReady(format!(
            "the engine ended unexpectedly: {why}. What was written so far is kept; open the console again: it starts where the data stands"
        ))),
        Err(error) => Err(StepError::NotReady(format!(
            "the terminal gave an error: {error}. What was written so far is kept; open the console again"
        ))),
    }
}
