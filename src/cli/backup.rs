//! `backup`, `restore`, `export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::apply::open_gate;
use super::place::PlaceArguments;
use super::{output, progress};
use crate::domain::gate::Destructive;
use crate::domain::text::named;
use crate::engine::Result;
use crate::engine::backup::documents_of;
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
            "{documents} documents of {collections} collections in {}, read back",
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
    /// Drop collections of the same names first; needs --confirm
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
    let replace = if arguments.replace {
        let key = arguments.confirm.as_deref();
        Some(open_gate(&mut session, Destructive::Restore, key).await?)
    } else {
        None
    };
    let (watcher, task) = progress::watch(place, &session, "restore");
    let options = RestoreOptions {
        source_database: arguments.source_db,
        collections: (!arguments.only.is_empty()).then(|| arguments.only.into_iter().collect()),
        ..RestoreOptions::default()
    };
    let restoring = session.restore(&arguments.from, options, replace, &watcher);
    let outcome = restoring.await;
    task.end(&outcome);
    let restored = outcome?;
    if place.json {
        output::json(&json!({ "restored": restored.collections, "left": restored.left }));
    } else {
        for (name, documents) in &restored.collections {
            output::line(&format!("{}: {documents} documents", named(name)));
        }
        if !restored.left.is_empty() {
            output::line(&format!(
                "left as they are: {}",
                named(&restored.left.join(", "))
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
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
                "{}: {} documents",
                named(&collection.name),
                collection.documents
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
