//! The report's files: the latest run, as Markdown and JSON, in its folder or another.

use std::path::{Path, PathBuf};

use crate::domain::run::RunRecord;
use crate::domain::text::json;
use crate::engine::error::{Result, StepError};
use crate::engine::kept_files;
use crate::engine::session::Session;
use crate::report::Report;
use crate::store::{StoreError, private_file, run_log};

/// The log of the run, once this process wrote one.
pub fn log_file() -> Option<PathBuf> {
    run_log::path()
}

impl Session {
    /// The report of the latest run, as Markdown.
    ///
    /// # Errors
    /// No run has left a record yet.
    pub fn report_markdown(&self, personal: bool) -> Result<String> {
        Ok(self.report(personal)?.to_markdown())
    }

    /// Writes the report of the latest run into its folder; returns the files.
    ///
    /// # Errors
    /// No run yet, or the system's answer.
    pub fn export_report(&self, personal: bool) -> Result<Vec<PathBuf>> {
        let run = self.reported_run()?;
        write_report(
            &self.run_folder(run),
            &self.report(personal)?,
            &["md", "json"],
        )
    }

    /// The report of the latest run, with what stands aside now and the situation as it was read last.
    ///
    /// # Errors
    /// No run has left a record yet.
    pub fn report(&self, personal: bool) -> Result<Report<'_>> {
        let strays = self.layout.strays().iter();
        let strays = strays.map(|it| (it.name.clone(), it.documents)).collect();
        let report = Report::new(self.reported_run()?, personal, strays);
        let lost = self.run.latest().and_then(kept_files::trouble);
        let report = report.standing(self.situation.as_ref());
        Ok(report.without(lost, self.lost_files()))
    }
}

impl Session {
    fn reported_run(&self) -> Result<&RunRecord> {
        self.run.latest().ok_or_else(|| {
            StepError::NotReady(self.kept_without_a_run().unwrap_or_else(|| {
                "no run has left a record in this database yet, so there is nothing to report. The first step that writes begins a run"
                    .to_owned()
            }))
        })
    }
}

/// What is true when the disk takes no report.
fn not_written(error: StoreError) -> StoreError {
    error.with_truth("The report is not written. Nothing else was changed: it is made of the run record, which is whole in the database. Make room there or name another folder (--out), then report again")
}

/// Writes a report into `folder` in these formats (`md`, `json`); returns the files.
///
/// # Errors
/// The system's answer.
pub fn write_report(folder: &Path, report: &Report<'_>, formats: &[&str]) -> Result<Vec<PathBuf>> {
    private_file::create_folder(folder).map_err(not_written)?;
    let mut files = Vec::new();
    for format in formats {
        let (name, text) = match *format {
            "json" => (
                "report.json",
                format!("{}\n", json(&format!("{:#}", report.to_json()))),
            ),
            _ => ("report.md", report.to_markdown()),
        };
        let path = folder.join(name);
        private_file::replace(&path, text.as_bytes()).map_err(not_written)?;
        files.push(path);
    }
    Ok(files)
}
