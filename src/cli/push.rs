//! `push`: runs the operator's own `npx prisma@6 db push` beside a run, and puts back what it dropped.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::apply::check_confirmation;
use super::place::PlaceArguments;
use super::rollback::Confirmation;
use super::{output, progress};
use crate::domain::checklist::Step;
use crate::domain::gate::Destructive;
use crate::engine::Result;
use crate::engine::push::order::{PushOrder, Voice};

/// Arguments of `push`.
#[derive(Debug, Args)]
pub struct PushArguments {
    #[command(flatten)]
    key: Confirmation,
    /// The schema that is pushed: a file or a folder; else prisma/schema.prisma or schema.prisma in this folder
    #[arg(long, value_name = "F")]
    schema: Option<PathBuf>,
    /// Build the indexes again that the last push dropped
    #[arg(long, conflicts_with_all = ["schema", "command"])]
    put_back: bool,
    /// Your own command, after --; it gets the address of this database in DATABASE_URL. Else: npx prisma@6 db push --schema F. The console takes it
    /// from RINGFENCE_PUSH
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Holds the command line of a push that the console runs.
const COMMAND: &str = "RINGFENCE_PUSH";

/// What the console runs: the command of the environment, through a shell; else the usual one.
pub(super) fn of_console() -> PushOrder {
    let command = std::env::var(COMMAND).ok().filter(|it| !it.is_empty());
    let command = command.map(|it| vec!["sh".to_owned(), "-c".to_owned(), it]);
    PushOrder {
        command: command.unwrap_or_default(),
        ..PushOrder::default()
    }
}

pub(super) async fn run(place: &PlaceArguments, arguments: PushArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let confirm = arguments.key.confirm;
    let action = if arguments.put_back {
        Destructive::PutBackIndexes
    } else {
        Destructive::PushSchema
    };
    session.order_push(PushOrder {
        command: arguments.command,
        schema: arguments.schema,
        voice: Some(Voice(Arc::new(output::aside))),
    });
    let gate = session.gate(action).await?;
    // Said before anything runs, and by a refusal too.
    for line in &gate.will_do {
        output::aside(line);
    }
    check_confirmation(&session, confirm.as_deref())?;
    let confirmed = gate.confirm(confirm.as_deref().unwrap_or_default())?;
    let (watcher, task) = progress::watch(place, &session, "push");
    let outcome = session
        .run_step(Step::Schema, Some(confirmed), &watcher)
        .await;
    task.end(&outcome);
    let says = outcome?;
    if place.json {
        output::json(&json!({ "says": says }));
    } else {
        output::line(&says);
    }
    Ok(ExitCode::SUCCESS)
}
