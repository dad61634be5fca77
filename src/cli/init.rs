//! `init`: a commented mapping from the data, and from a schema where one is given.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::place::PlaceArguments;
use super::{output, progress};
use crate::domain::mapping::{FILE, Mapping};
use crate::domain::number::counted;
use crate::domain::propose::propose;
use crate::domain::text::named;
use crate::domain::toml_text::{quoted, visible};
use crate::engine::conform::read_schema;
use crate::engine::{Result, StepError};
use crate::prisma::seen;
use crate::store::StoreError;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The application's schema: a file, or a folder of .prisma files
    #[arg(long, value_name = "FILE-OR-FOLDER")]
    schema: Option<PathBuf>,
    /// Where the mapping goes; a file that is there is never overwritten
    #[arg(long, value_name = "F", default_value = FILE)]
    out: PathBuf,
}

pub(super) async fn run(place: &PlaceArguments, arguments: InitArguments) -> Result<ExitCode> {
    let out = &arguments.out;
    let there = || {
        StepError::NotReady(format!(
            "{} is there already, and is not overwritten. Nothing was written; move it away, or name another file with --out",
            output::path(out)
        ))
    };
    if out.exists() {
        return Err(there());
    }
    let schema = arguments.schema.as_deref().map(read_schema).transpose()?;
    let session = place.session_without_mapping().await?;
    let (watcher, task) = progress::watch(place, &session, "init");
    let looked = session.look_at_everything(&watcher).await;
    task.end(&looked);
    let mut all = looked?;
    if let Some(schema) = &schema {
        seen::add_to(&mut all, schema);
    }
    let database = session.place().database.clone();
    let proposal = propose(&all, &database).map_err(|why| StepError::NotReady(why.to_string()))?;
    let mut text = proposal.text;
    let todays = arguments.schema.as_deref();
    text.extend(todays.and_then(|schema| todays_schema(schema, out)));
    let failed = |error| StoreError::file("writing", out, error);
    let mut file = match std::fs::File::create_new(out) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(there()),
        Err(error) => return Err(failed(error).into()),
    };
    if let Err(error) = file.write_all(text.as_bytes()) {
        // Part of a file would keep the next try from writing one.
        let _ = std::fs::remove_file(out);
        return Err(failed(error).into());
    }
    // What the file says that this version cannot read or carry out is said now, and not only by the survey.
    let trouble = Mapping::parse_as(&text, &named(&out.display().to_string())).err();
    let trouble = trouble.filter(|_| proposal.open.is_empty());
    if place.json {
        output::json(&json!({
            "out": out, "found": proposal.found, "open": proposal.open, "says": trouble.as_ref().map(ToString::to_string),
        }));
    } else {
        output::line(&format!(
            "{} written: {} found, {} left for you{}",
            output::path(out),
            counted(proposal.found as u64, "key", "keys"),
            proposal.open.len(),
            if proposal.open.is_empty() {
                String::new()
            } else {
                format!(
                    " ({}): each line of them has its candidates beside it",
                    proposal.open.join(", ")
                )
            }
        ));
        if let Some(trouble) = &trouble {
            output::line(&format!("look at {trouble}"));
        }
        output::line("look through the file, then `ringfence survey` checks it against the data");
    }
    Ok(ExitCode::from(if proposal.open.is_empty() { 0 } else { 2 }))
}

/// The section that names the schema of today: what the schema of the new application is compared with. `None` where its path cannot be written.
fn todays_schema(schema: &Path, out: &Path) -> Option<String> {
    // What a mapping names is meant from where it stands.
    let beside = out.parent().is_none_or(|it| it.as_os_str().is_empty());
    let path = if beside || schema.is_absolute() {
        schema.to_owned()
    } else {
        schema.canonicalize().ok()?
    };
    let text = format!(
        "\n[schema]\nbefore = {} # today's schema: this file was made from it\n",
        quoted(path.to_str()?)
    );
    Some(visible(&text))
}
