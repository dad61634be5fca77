//! A restore over what stands: the backup is restored beside, swapped in, and what it replaces stands aside. Of a run's own backup, what the
//! backup does not hold leaves too, so that the database equals the backup, and the run ends with it.

use std::path::Path;

use crate::domain::aside::{self, Aside};
use crate::domain::gate::{Confirmed, Restore};
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::run::{Outcome, RestoreRecord};
use crate::domain::text::listed;
use crate::engine::backup::says;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::kept_files;
use crate::engine::retry::patiently;
use crate::engine::session::{Session, new_run_id};
use crate::engine::taken_backup::{absolute, open};
use crate::engine::{Watcher, counted};
use crate::store::dump::folder::Dump;
use crate::store::dump::replace::{ReplaceOptions, Replaced, Replacing};
use crate::store::dump::restore::RestoreOptions;
use crate::store::journal::{JOURNAL, Journal};
use crate::store::{collection_spec, run_record};

impl Session {
    /// Restores a backup over what stands.
    ///
    /// # Errors
    /// A damaged backup, or the server's refusal; the same command then goes on.
    pub async fn restore_over(
        &mut self,
        from: &Path,
        options: RestoreOptions,
        confirmed: Confirmed,
        watcher: &Watcher,
    ) -> Result<Replaced> {
        self.pass::<Restore>(Some(confirmed), watcher).await?;
        // Before the lease is taken: a folder that holds no backup asks for nothing.
        let dump = match options.source_database.as_deref() {
            Some(name) => Dump::open(from, Some(name))?,
            None => open(from, &self.work.connection.place.database)?,
        };
        self.hold().await?;
        patiently!(
            self,
            watcher,
            self.restore_over_once(from, &dump, &options, watcher)
        )
    }

    async fn restore_over_once(
        &mut self,
        from: &Path,
        dump: &Dump,
        options: &RestoreOptions,
        watcher: &Watcher,
    ) -> Result<Replaced> {
        let whole = options.collections.is_none() && self.is_own_backup(from, dump).await?;
        if !whole {
            self.see_what_is_swapped().await?;
            self.refuse_half_restored()?;
            self.refuse_over_what_is_live(dump, options)?;
        }
        let path = absolute(from);
        let backups = run_record::backups(&self.work.connection).await?;
        let taken = |path: &str| {
            backups
                .iter()
                .find(|it| absolute(Path::new(&it.path)) == path)
        };
        let recorded = taken(&path).map(|backup| backup.fingerprints.clone());
        let id = self.restore_id(&path).await?;
        let options = ReplaceOptions {
            source_database: Some(dump.database.clone()),
            collections: options.collections.clone(),
            whole,
            recorded: recorded.filter(|_| whole).unwrap_or_default(),
            id: id.clone(),
        };
        let connection = self.work.connection.clone();
        let progress = |progress| says(watcher, &progress);
        let replacing =
            Replacing::prepare(&connection, from, options, &progress, &watcher.cancel).await?;
        let is_new = self.run.record.as_ref().is_some_and(|record| {
            record.outcome != Outcome::Restored
                || record.restore.as_ref().is_none_or(|it| it.id != id)
        });
        let ends_run = whole && self.run.record.is_some() && (is_new || !replacing.is_done());
        if ends_run {
            self.open_journal_of_latest();
            if let Some(record) = &mut self.run.record {
                record.restore = Some(RestoreRecord { id, from: path });
                if record.outcome == Outcome::Restored {
                    record.outcome = Outcome::Open;
                }
            }
            self.save().await?;
        }
        watcher.says("putting the backup in place", 0, 0);
        let done = replacing.swap().await?;
        if ends_run {
            if let Some(record) = &mut self.run.record {
                record.outcome = Outcome::Restored;
            }
            self.save().await?;
        }
        self.end_lease().await?;
        self.surveyed = None;
        self.see_what_is_swapped().await?;
        Ok(done)
    }

    /// Refuses where the run would go on over a collection that it did not make: only a restore of its own backup, whole, ends it.
    fn refuse_over_what_is_live(&self, dump: &Dump, options: &RestoreOptions) -> Result<()> {
        let Some(run) = self.run.open() else {
            return Ok(());
        };
        let list = self.work.mapping.rebuilt();
        let made = list.iter().filter(|which| self.layout.has_moved(which));
        let made: Vec<&str> = made
            .flat_map(|which| [which.live(), which.to(), self.layout.live(which)])
            .collect();
        let wanted = options.collections.as_ref();
        let names = dump.collections.iter().map(|it| it.name.as_str());
        let names: Vec<&str> = names
            .filter(|name| made.contains(name) && wanted.is_none_or(|it| it.contains(*name)))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let database = &self.work.connection.place.database;
        let backup = run.backup.as_ref();
        let backup = backup.map_or("FOLDER", |backup| backup.path.as_str());
        Err(StepError::NotReady(format!(
            "run {} is open, and what it made stands live as {}: with something else in that place it could neither be verified nor rolled back. Nothing was changed. Either go back first: `ringfence rollback --confirm {database}`. Or put the run's own backup back whole, which ends the run: `ringfence restore --from {backup} --replace --confirm {database}`. Or end the run first: `ringfence finish --confirm {database}`{}",
            run.id,
            listed(names),
            kept_files::unless_gone(Some(run))
        )))
    }

    /// True for a backup that a run of this database took, or took for its own: by its place, its content, or the journal beside it.
    async fn is_own_backup(&self, from: &Path, dump: &Dump) -> Result<bool> {
        let path = absolute(from);
        let hashes = dump.manifest.as_ref().map(|manifest| {
            let collections = manifest.collections.iter();
            collections
                .filter_map(|it| Some((it.name.clone(), it.data.as_ref()?.fingerprint.clone())))
                .collect()
        });
        for backup in run_record::backups(&self.work.connection).await? {
            if absolute(Path::new(&backup.path)) == path
                || hashes.as_ref() == Some(&backup.fingerprints)
            {
                return Ok(true);
            }
        }
        let of_a_run = Path::new(&path)
            .parent()
            .is_some_and(|folder| folder.join(JOURNAL).is_file());
        Ok(of_a_run
            && dump.manifest.is_some()
            && dump.database == self.work.connection.place.database)
    }

    /// The id of a restore under way of the same backup, or a new one.
    async fn restore_id(&self, path: &str) -> Result<String> {
        let begun = self.half_restored_record().filter(|it| it.from == path);
        if let Some(begun) = begun {
            return Ok(begun.id.clone());
        }
        let names = collection_spec::uuids(&self.work.connection).await?;
        let mut beside = names.keys().filter_map(|name| aside::parse_beside(name));
        Ok(beside
            .next()
            .map_or_else(new_run_id, |(id, _)| id.to_owned()))
    }

    fn half_restored_record(&self) -> Option<&RestoreRecord> {
        let run = self.run.latest()?;
        let restore = run.restore.as_ref();
        restore.filter(|_| run.outcome != Outcome::Restored)
    }

    /// Opens the journal of the latest run, though it may have ended. A journal that cannot be kept keeps nobody from a restore.
    pub(crate) fn open_journal_of_latest(&mut self) {
        let Some(record) = self.run.latest().filter(|_| self.run.journal.is_none()) else {
            return;
        };
        match Journal::open(&self.run_folder(record), record) {
            Ok(journal) => self.run.journal = Some(journal),
            Err(error) => self.run.journal_trouble = Some(error.to_string()),
        }
    }

    /// That a restore is half done, in words; `None` where none is.
    pub(crate) fn half_restored(&self) -> Option<String> {
        let begun = self.half_restored_record()?;
        let database = &self.work.connection.place.database;
        Some(format!(
            "a restore is half done: part of what is live is the backup's. Finish it first, with the same command: `ringfence restore --from {} --replace --confirm {database}`",
            begun.from
        ))
    }

    /// Refuses while a restore is half done.
    pub(crate) fn refuse_half_restored(&self) -> Result<()> {
        match self.half_restored() {
            Some(says) => Err(StepError::NotReady(format!(
                "{says}. Nothing was changed by this command"
            ))),
            None => Ok(()),
        }
    }
}

impl Gated for Restore {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let mut lines = vec![
            "restore the backup beside what stands, compare it, then put it in place by renames"
                .to_owned(),
            "what it replaces goes to _ringfence_restored_*; with a run's own backup, all that the backup does not hold goes there too, and the run ends".to_owned(),
        ];
        let names = collection_spec::kinds(&session.work.connection).await?;
        for (name, _) in names.iter().filter(|(_, kind)| *kind == "collection") {
            let aside = Aside::parse(name).is_some() || aside::parse_beside(name).is_some();
            if name.starts_with("system.") || (aside && name.starts_with(SIDE_PREFIX)) {
                continue;
            }
            let documents = counted(session.work.rough(name).await, "document", "documents");
            lines.push(format!("stands now: {name} ({documents})"));
        }
        Ok(lines)
    }

    async fn missing(self, _: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn way_back(self, _: &Session) -> String {
        "what it replaces stands aside until `ringfence purge`".to_owned()
    }
}
