//! Whether what a run wrote to its folder still stands: backup, export, draft. What names them asks here, so that nobody is sent to what is no
//! more.

use std::path::Path;

use crate::domain::checklist::Step;
use crate::domain::run::RunRecord;
use crate::domain::text::named;
use crate::engine::schema_lines::DRAFT;
use crate::engine::session::Session;
use crate::engine::taken_backup::open;

impl Session {
    /// What is wrong with the backup of the latest run, before something goes that it alone would hold then.
    pub fn backup_trouble(&self) -> Option<String> {
        self.run.latest().and_then(trouble)
    }

    /// What of the latest run's files is gone, each as a sentence without its full stop.
    pub fn lost_files(&self) -> Vec<String> {
        let Some(run) = self.run.latest() else {
            return Vec::new();
        };
        let folder = self.run_folder(run);
        let gone = |what: &str, path: &Path| {
            let path = named(&path.display().to_string());
            format!("{what} on this machine: there is no {path}")
        };
        let (export, draft) = (folder.join(EXPORT), folder.join(DRAFT));
        let schema = run.step(Step::Schema);
        let named_draft = schema.is_some_and(|it| it.says.contains(DRAFT));
        let exported = run.is_done(Step::Document) && !export.is_dir();
        let drafted = named_draft && !draft.is_file();
        let others = [
            exported.then(|| gone("the export is gone", &export)),
            drafted.then(|| gone("the models to copy are gone", &draft)),
        ];
        let all = [trouble(run)].into_iter().chain(others);
        all.flatten().collect()
    }
}

/// The folder of the export, in that of the run.
pub(crate) const EXPORT: &str = "export";

/// What is wrong with the backup of a run, as a sentence without its full stop; `None` where it stands, or none was taken.
pub(crate) fn trouble(run: &RunRecord) -> Option<String> {
    let path = &run.backup.as_ref()?.path;
    let folder = Path::new(path);
    if !folder.is_dir() {
        return Some(format!(
            "the backup is gone: there is no folder {} on this machine",
            named(path)
        ));
    }
    let whole = open(folder, &run.database).is_ok_and(|dump| {
        let mut files = dump.collections.iter().filter_map(|it| it.data.as_ref());
        files.all(|file| file.is_file())
    });
    (!whole).then(|| {
        format!(
            "the backup is not whole: a file in {} is gone or was changed",
            named(path)
        )
    })
}

/// The same where a backup can still be taken.
pub(crate) fn take_again(run: &RunRecord) -> Option<String> {
    trouble(run).map(|it| format!("{it}. Take the backup again (Back up)"))
}

/// Behind a sentence that names the backup, or a command that reads it: that it is gone, and what helps then. Empty where it stands.
pub(crate) fn unless_gone(run: Option<&RunRecord>) -> String {
    let trouble = run.and_then(trouble);
    trouble.map_or_else(String::new, |it| {
        format!(". But {it}: bring that folder back first, or name a copy of it")
    })
}
