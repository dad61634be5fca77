//! `plan`: survey and decisions become a plan.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{PlaceArguments, output};
use crate::engine::Result;
use crate::engine::decisions;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Where the plan goes
    #[arg(long, value_name = "F")]
    out: PathBuf,
    /// Decisions file; else the one of the run folder, if there is one
    #[arg(long, value_name = "F")]
    decisions: Option<PathBuf>,
    /// Take the suggestion wherever nothing is decided
    #[arg(long)]
    defaults: bool,
}

pub(super) async fn run(place: &PlaceArguments, arguments: PlanArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    if let Some(path) = &arguments.decisions {
        let decisions = session.read_decisions(path)?;
        session.take_decisions(decisions);
    }
    if arguments.defaults {
        session.take_suggestions();
    }
    let (watcher, task) = output::watcher();
    let outcome = session.survey(&watcher).await;
    task.abort();
    outcome?;
    session.require_decided()?;
    let plan = session.plan()?;
    decisions::write_plan(&arguments.out, &plan)?;
    if place.json {
        output::json(
            &json!({ "plan": arguments.out, "hash": plan.hash, "pairs": plan.pairs, "bookings": plan.bookings }),
        );
    } else {
        output::line(&format!(
            "plan {} written to {}",
            plan.hash,
            output::path(&arguments.out)
        ));
    }
    Ok(ExitCode::SUCCESS)
}
