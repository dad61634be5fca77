//! `backup`, `restore`, `export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::apply::open_gate;
use super::place::PlaceArguments;
use super::{output, progress};
use crate::domain::gate::Destructive;
use crate::domain::number::counted;
use crate::domain::text::named;
use crate::engine::Result;
use crate::engine::backup::documents_of;
use crate::store::dump::replace::Replaced;
use crate::store::dump::restore::RestoreOptions;

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArguments {
    /// Folder for the backup; must hold none yet
    #[arg(long, value_name = "D")]
    out: PathBuf,
    /// Gzip every file
    #[arg(long)]
    gzip: bool,
}

pub(super) async fn run(place: &PlaceArguments, arguments: BackupArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let (watcher, task) = progress::watch(place, &session, "backup");
    let outcome = session
        .write_backup(&arguments.out, arguments.gzip, &watcher)
        .await;
    task.end(&outcome);
    let manifest = outcome?;
    let documents = documents_of(&manifest);
    if place.json {
        output::json(
            &json!({ "out": arguments.out, "documents": documents, "collections": manifest.collections }),
        );
    } else {
        let collections = manifest.collections.len();
        output::line(&format!(
            "{} of {} in {}, read back",
            counted(documents, "document", "documents"),
            counted(collections as u64, "collection", "collections"),
            output::path(&arguments.out)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// The backup's folder: the one that holds a folder per database
    #[arg(long, value_name = "D")]
    from: PathBuf,
    /// The database whose backup it is, where the folder holds several
    #[arg(long, value_name = "NAME")]
    source_db: Option<String>,
    /// Only these collections
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Put the backup in place of what stands; what it replaces stays aside as _ringfence_restored_* until purge; needs --confirm
    #[arg(long, requires = "confirm")]
    replace: bool,
    /// The database's name, typed again
    #[arg(long, value_name = "DB")]
    confirm: Option<String>,
}

pub(super) async fn restore(
    place: &PlaceArguments,
    arguments: RestoreArguments,
) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let options = RestoreOptions {
        source_database: arguments.source_db,
        collections: (!arguments.only.is_empty()).then(|| arguments.only.into_iter().collect()),
    };
    if arguments.replace {
        let key = arguments.confirm.as_deref();
        let confirmed = open_gate(&mut session, Destructive::Restore, key).await?;
        let (watcher, task) = progress::watch(place, &session, "restore");
        let restoring = session.restore_over(&arguments.from, options, confirmed, &watcher);
        let outcome = restoring.await;
        task.end(&outcome);
        return Ok(tell_replaced(place, &outcome?));
    }
    let (watcher, task) = progress::watch(place, &session, "restore");
    let outcome = session.restore(&arguments.from, options, &watcher).await;
    task.end(&outcome);
    let restored = outcome?;
    if place.json {
        output::json(&json!({ "restored": restored.collections, "left": restored.left }));
    } else {
        for (name, documents) in &restored.collections {
            let documents = counted(*documents, "document", "documents");
            output::line(&format!("{}: {documents}", named(name)));
        }
        tell_left(&restored.left);
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_left(left: &[String]) {
    if !left.is_empty() {
        output::line(&format!("left as they are: {}", named(&left.join(", "))));
    }
}

/// Says what a restore over what stood did. Exit 2 where an application wrote meanwhile.
fn tell_replaced(place: &PlaceArguments, done: &Replaced) -> ExitCode {
    let strays: Vec<_> = done.strays.iter().map(ToString::to_string).collect();
    if place.json {
        let aside: std::collections::BTreeMap<_, _> = done.aside.iter().cloned().collect();
        output::json(&json!({
            "restored": done.collections, "unchanged": done.unchanged, "aside": aside,
            "left": done.left, "strays": strays,
        }));
    } else {
        for (name, documents) in &done.collections {
            let stood = if done.unchanged.contains(name) {
                ", which stood there already"
            } else {
                ""
            };
            let documents = counted(*documents, "document", "documents");
            output::line(&format!("{}: {documents}{stood}", named(name)));
        }
        for (name, documents) in &done.aside {
            output::line(&format!(
                "aside until `ringfence purge`: {} ({})",
                named(name),
                counted(*documents, "document", "documents")
            ));
        }
        tell_left(&done.left);
        if !strays.is_empty() {
            output::line(&format!(
                "an application wrote during the renames: {}. Stop it; `ringfence strays` says what can be done with that",
                named(&strays.join(", "))
            ));
        }
    }
    ExitCode::from(if strays.is_empty() { 0 } else { 2 })
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Folder for the files; must not exist yet
    #[arg(long, value_name = "D")]
    out: PathBuf,
}

pub(super) async fn export(place: &PlaceArguments, arguments: ExportArguments) -> Result<ExitCode> {
    let mut session = place.session().await?;
    let (watcher, task) = progress::watch(place, &session, "export");
    let outcome = session.export(&arguments.out, &watcher).await;
    task.end(&outcome);
    let export = outcome?;
    if place.json {
        output::json(&json!(export));
    } else {
        for collection in &export.collections {
            output::line(&format!(
                "{}: {}",
                named(&collection.name),
                counted(collection.documents, "document", "documents")
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
