//! `strays`: lists what applications wrote under vacated names, takes it in, or sets it aside.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::apply::{check_confirmation, open_gate};
use super::place::PlaceArguments;
use super::survey::strays_json;
use super::{output, progress};
use crate::domain::gate::Destructive;
use crate::engine::Result;

/// Arguments of `strays`.
#[derive(Debug, Args)]
pub struct StraysArguments {
    /// This stray alone
    #[arg(long, value_name = "NAME")]
    stray: Option<String>,
    /// Take their documents in; exit 2 when some have to stay
    #[arg(long, conflicts_with = "set_aside")]
    take_in: bool,
    /// Set them aside for good
    #[arg(long)]
    set_aside: bool,
    /// The database's name, typed again; needed with --take-in and --set-aside
    #[arg(long, value_name = "DB")]
    confirm: Option<String>,
}

pub(super) async fn run(place: &PlaceArguments, arguments: StraysArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    if !arguments.take_in && !arguments.set_aside {
        if place.json {
            output::json(&json!({ "strays": strays_json(&session) }));
        } else {
            output::line(&match session.strays_in_words() {
                Some(strays) => strays,
                None => "no stray stands in this database".to_owned(),
            });
        }
        return Ok(ExitCode::SUCCESS);
    }
    let key = arguments.confirm.as_deref();
    check_confirmation(&session, key)?;
    let action = if arguments.take_in {
        Destructive::TakeIn
    } else {
        Destructive::SetAside
    };
    let confirmed = open_gate(&mut session, action, key).await?;
    let (watcher, task) = progress::watch(place, &session, "strays");
    let only = arguments.stray.as_deref();
    let outcome = if arguments.take_in {
        session.take_strays_in(confirmed, only, &watcher).await
    } else {
        session.set_strays_aside(confirmed, only).await
    };
    task.end(&outcome);
    let decided = outcome?;
    if place.json {
        output::json(&json!({ "says": decided.says, "complete": decided.complete }));
    } else {
        for line in &decided.says {
            output::line(line);
        }
    }
    Ok(ExitCode::from(if decided.complete { 0 } else { 2 }))
}
