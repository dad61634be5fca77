//! The mapping for the console: shown with what was seen in the database, changed there, and saved to its file.

use std::path::{Path, PathBuf};

use crate::domain::fit::Fit;
use crate::domain::mapping::{DEFAULT, FILE, Mapping};
use crate::domain::mapping_view::{MappingSource, MappingView};
use crate::domain::propose::{Catalogue, propose};
use crate::domain::run::Outcome;
use crate::domain::text::named;
use crate::domain::toml_text;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::mapping_file;
use crate::engine::session::Session;
use crate::store::StoreError;

impl Session {
    /// The mapping, and what helps to change it. Reads samples of all collections.
    ///
    /// # Errors
    /// The server's refusal, or the system's.
    pub async fn mapping_view(&self, watcher: &Watcher) -> Result<MappingView> {
        let seen = self.look_at_everything(watcher).await?;
        let database = &self.work.connection.place.database;
        let proposed = propose(&seen, database)
            .map(|it| it.text)
            .map_err(|why| why.to_string());
        let path = self.mapping_path();
        let in_file = text_of(&path)?;
        let locked = self.mapping_locked();
        let of_run = locked.is_some();
        let fits = self.fit.refusals.is_empty();
        let (text, source) = match (&in_file, &proposed) {
            _ if of_run => (self.text_of_the_run()?, MappingSource::Run),
            (Some(text), _) => (text.clone(), MappingSource::File),
            (None, Ok(text)) if !fits => (text.clone(), MappingSource::Proposal),
            (None, _) => (DEFAULT.to_owned(), MappingSource::BuiltIn),
        };
        // What was said against the built-in names is not said of what was proposed instead.
        let said = !matches!(source, MappingSource::Proposal);
        let refused = self.fit.refusals.iter().filter(|_| said);
        Ok(MappingView {
            text,
            source,
            file: named(&path.display().to_string()),
            in_file,
            refused: refused.map(|bad| bad.why.clone()).collect(),
            warnings: self.warnings(),
            catalogue: Catalogue::of(&seen),
            proposed,
            locked,
        })
    }

    /// Where the mapping file is, or will be.
    fn mapping_path(&self) -> PathBuf {
        let path = self.work.mapping_path.clone();
        path.unwrap_or_else(|| PathBuf::from(FILE))
    }

    /// Why the mapping cannot be another one now.
    fn mapping_locked(&self) -> Option<String> {
        let run = self.run.latest()?;
        match run.outcome {
            Outcome::Open => Some(format!(
                "run {} is under way and keeps the mapping that it began with; roll it back to change the mapping",
                run.id
            )),
            Outcome::Finished => Some(format!(
                "run {} is finished, and its mapping is kept with it",
                run.id
            )),
            _ => None,
        }
    }

    /// The mapping of the run as a file would say it.
    fn text_of_the_run(&self) -> Result<String> {
        let mapping = &self.work.mapping;
        if Mapping::parse(DEFAULT).is_ok_and(|usual| usual == *mapping) {
            return Ok(DEFAULT.to_owned());
        }
        toml_edit::ser::to_string_pretty(mapping).map_err(|error| {
            StepError::NotReady(format!(
                "the mapping of the run cannot be shown: {error}. Nothing was changed"
            ))
        })
    }

    /// Puts `text` in place as the mapping file, and works with it from now on. What was surveyed is forgotten.
    ///
    /// # Errors
    /// A mapping that cannot be used, a run that keeps its own, a file that was changed since it was read; nothing is written then.
    pub async fn save_mapping(&mut self, text: &str, read: Option<&str>) -> Result<String> {
        if let Some(why) = self.mapping_locked() {
            return Err(StepError::NotReady(format!("{why}. Nothing was changed")));
        }
        let path = self.mapping_path();
        let file = named(&path.display().to_string());
        let mapping = Mapping::parse_as(text, &file)?;
        if text_of(&path)?.as_deref() != read {
            return Err(StepError::NotReady(format!(
                "{file} was changed by something else since it was read. Nothing was written; go to another pane and back to read it again"
            )));
        }
        mapping_file::write(&path, &toml_text::visible(text))?;
        self.work.mapping_file = Some(mapping.clone());
        self.work.mapping = mapping;
        self.work.built_in = false;
        self.fit = Fit::default();
        self.surveyed = None;
        self.fates = None;
        self.labels.forget();
        self.see_what_is_swapped().await?;
        Ok(format!("the mapping is saved in {file}"))
    }
}

/// The text of a file; `None` where there is none.
fn text_of(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::file("reading", path, error).into()),
    }
}
