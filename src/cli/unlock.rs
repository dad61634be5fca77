//! `unlock`: frees the lease of an operator who is gone.

use std::process::ExitCode;

use serde_json::json;

use super::apply::check_confirmation;
use super::rollback::Confirmation;
use super::{PlaceArguments, output};
use crate::steps::Result;

pub(super) async fn run(place: &PlaceArguments, key: Confirmation) -> Result<ExitCode> {
    let mut session = place.session().await?;
    // The holder is shown first, whatever was typed: it is what the operator has to judge.
    if let Some(standing) = session.lease_standing().await? {
        output::aside(&format!("the lease is held by {}", standing.words()));
    }
    check_confirmation(&session, key.confirm.as_deref())?;
    let (watcher, task) = output::watcher();
    let outcome = session.unlock(&watcher).await;
    task.abort();
    let unlocked = outcome?;
    if place.json {
        output::json(&json!({ "holder": unlocked.holder, "done": unlocked.done }));
    } else {
        for line in &unlocked.done {
            output::line(line);
        }
    }
    Ok(ExitCode::SUCCESS)
}
