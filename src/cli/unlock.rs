//! `unlock`: frees the lease of an operator who is gone, or releases the write block.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::apply::check_confirmation;
use super::place::PlaceArguments;
use super::rollback::Confirmation;
use super::{output, progress};
use crate::engine::Result;

/// Arguments of `unlock`.
#[derive(Debug, Args)]
pub struct UnlockArguments {
    #[command(flatten)]
    key: Confirmation,
    /// Release the server's write block instead: every application may write again
    #[arg(long)]
    write_block: bool,
}

pub(super) async fn run(place: &PlaceArguments, arguments: UnlockArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let key = arguments.key;
    if arguments.write_block {
        check_confirmation(&session, key.confirm.as_deref())?;
        let says = session.release_writes().await?;
        if place.json {
            output::json(&json!({ "says": says }));
        } else {
            output::line(&says);
        }
        return Ok(ExitCode::SUCCESS);
    }
    // The holder is shown first, whatever was typed: it is what the operator has to judge.
    if let Some(standing) = session.lease_standing().await? {
        output::aside(&format!(
            "the lease is held by {}",
            crate::domain::text::named(&standing.words())
        ));
    }
    check_confirmation(&session, key.confirm.as_deref())?;
    let (watcher, task) = progress::watch(place, &session, "unlock");
    let outcome = session.unlock(&watcher).await;
    task.end(&outcome);
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
