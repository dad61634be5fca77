//! A dump that the operator made, taken for the run's backup: it must hold every collection of the database, and each must equal the live one in
//! documents, options and indexes.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::run::BackupRecord;
use crate::engine::Watcher;
use crate::engine::backup::says;
use crate::engine::counted;
use crate::engine::error::{Result, StepError};
use crate::engine::session::{Session, now};
use crate::store::collection_spec::{self, CollectionSpec};
use crate::store::dump::folder::Dump;
use crate::store::dump::read;
use crate::store::dump::same_spec::{Difference, difference};
use crate::store::identity;

impl Session {
    /// Has the run take the operator's own dump for its backup.
    pub fn take_backup(&mut self, folder: Option<&Path>) {
        self.answers.backup = folder.map(Path::to_owned);
    }

    /// True where the operator named a dump, and the run has another backup.
    pub fn has_backup_to_take(&self) -> bool {
        let Some(folder) = &self.answers.backup else {
            return false;
        };
        let backup = self.run.open().and_then(|run| run.backup.as_ref());
        backup.is_none_or(|backup| backup.path != absolute(folder))
    }

    /// Holds a dump against the database, to the last document.
    pub(crate) async fn backup_of_the_operator(
        &self,
        folder: &Path,
        watcher: &Watcher,
    ) -> Result<BackupRecord> {
        let dump = open(folder, &self.work.connection.place.database)?;
        let progress = |progress| says(watcher, &progress);
        let held = read::verify(&dump.collections, &progress, &watcher.cancel).await?;
        let mut of_database: BTreeMap<String, CollectionSpec> =
            collection_spec::load_all(&self.work.connection).await?;
        of_database.retain(|name, _| is_of_database(name));
        let mut wrong = Vec::new();
        let (mut fingerprints, mut documents) = (BTreeMap::new(), 0);
        for (dumped, held) in dump.collections.iter().zip(&held) {
            let name = &dumped.name;
            if !is_of_database(name) {
                continue;
            }
            let Some(spec) = of_database.remove(name) else {
                wrong.push(format!("it holds {name}, which the database does not"));
                continue;
            };
            watcher.says(&format!("comparing {name} with the dump"), 0, 0);
            let found = difference(&dumped.metadata, &spec);
            if found != Difference::default() {
                wrong.push(format!("{name} has other options or indexes now"));
            }
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            let is = identity::fingerprint_of(connection, &spec, cancel).await?;
            if is.text() != held.fingerprint {
                wrong.push(format!(
                    "{name} holds other documents now ({} here, {} in the dump)",
                    counted(is.documents(), "document", "documents"),
                    counted(held.documents, "document", "documents")
                ));
            }
            if dumped.data.is_some() {
                fingerprints.insert(name.clone(), held.fingerprint.clone());
            }
            documents += held.documents;
        }
        wrong.extend(
            of_database
                .keys()
                .map(|name| format!("it does not hold {name}")),
        );
        if !wrong.is_empty() {
            return Err(StepError::Findings(format!(
                "{} cannot be this run's backup: {}. Nothing was changed. Dump the database again while nobody writes, or leave --backup out: the run then takes a backup of its own",
                folder.display(),
                wrong.join("; ")
            )));
        }
        let path = absolute(folder);
        Ok(BackupRecord::new(path, now(), fingerprints, documents))
    }
}

/// The dump of a database: of the folder that holds several, that of this name.
pub(crate) fn open(folder: &Path, database: &str) -> Result<Dump> {
    let holds = folder.join(database).is_dir();
    let is_ours = folder.join(crate::store::dump::manifest::MANIFEST).exists();
    let named = (holds && !is_ours).then_some(database);
    Ok(Dump::open(folder, named)?)
}

/// A collection that a backup holds: none of ours, and what mongodump takes of the server's.
fn is_of_database(name: &str) -> bool {
    let of_the_server = name.starts_with("system.") && name != "system.js";
    !of_the_server && !name.starts_with(SIDE_PREFIX)
}

/// A folder by its full path, as run records name it.
pub(crate) fn absolute(path: &Path) -> String {
    let path = path
        .canonicalize()
        .or_else(|_| std::path::absolute(path))
        .unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}
