//! `rollback`, `finish`, `purge`: the ways out of a run, each behind its gate.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::apply::open_gate;
use super::{PlaceArguments, output};
use crate::domain::checklist::Step;
use crate::domain::gate::Destructive;
use crate::steps::Result;

/// The key of a gate.
#[derive(Debug, Args)]
pub struct Confirmation {
    /// The database's name, typed again
    #[arg(long, value_name = "DB")]
    confirm: Option<String>,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArguments {
    #[command(flatten)]
    key: Confirmation,
    /// Go back although the application wrote since the cut-over; what it wrote stays aside
    #[arg(long)]
    discard_new: bool,
}

pub(super) async fn run(place: &PlaceArguments, arguments: RollbackArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let action = Destructive::RollBack {
        discard_new: arguments.discard_new,
    };
    let confirmed = open_gate(&mut session, action, arguments.key.confirm.as_deref()).await?;
    let (watcher, task) = output::watcher();
    let outcome = session.roll_back(confirmed, &watcher).await;
    task.abort();
    answer(place, &outcome?);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn finish(place: &PlaceArguments, key: Confirmation) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let (watcher, task) = output::watcher();
    if session.open_run().is_some() {
        session.survey(&watcher).await?;
    }
    let confirmed = open_gate(&mut session, Destructive::Finish, key.confirm.as_deref()).await?;
    let outcome = session
        .run(Step::DeleteOriginals, Some(confirmed), &watcher)
        .await;
    task.abort();
    answer(place, &outcome?);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn purge(place: &PlaceArguments, key: Confirmation) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let confirmed = open_gate(&mut session, Destructive::Purge, key.confirm.as_deref()).await?;
    answer(place, &session.purge(confirmed).await?);
    Ok(ExitCode::SUCCESS)
}

fn answer(place: &PlaceArguments, says: &str) {
    if place.json {
        output::json(&json!({ "says": says }));
    } else {
        output::line(says);
    }
}
