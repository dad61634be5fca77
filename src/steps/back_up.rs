//! Back up: the operator's own dump, where one was named and equals the database; else every collection to the run folder in mongodump's layout, hashed while it is written, read back and counted.

use std::path::Path;

use crate::domain::checklist::{State, Step};
use crate::domain::gate::Confirmed;
use crate::domain::quiet::Fact;
use crate::domain::rebuilt::Group;
use crate::domain::run::{BackupRecord, RunRecord, WatchStart};
use crate::engine::error::Result;
use crate::engine::kept_files;
use crate::engine::session::{Session, now};
use crate::engine::step_file::{File, recorded};
use crate::engine::{Watcher, counted};
use crate::store::dump::manifest::{MANIFEST, UNFINISHED};
use crate::store::watch;

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state,
    ..File::USUAL
};

fn state(session: &Session, run: Option<&RunRecord>) -> Option<(State, String)> {
    // In the middle of a swap that was killed, too, there is nothing left to take.
    let swaps = session.is_live(Group::CutOver) || session.layout.has_any_moved();
    let recorded = recorded(run, Step::BackUp);
    let Some((State::Done, says)) = &recorded else {
        return recorded;
    };
    match run.and_then(kept_files::trouble) {
        Some(trouble) if swaps => Some((State::Done, format!("{trouble}. It held {says}"))),
        Some(_) => Some((State::Stale, run.and_then(kept_files::take_again)?)),
        None => recorded,
    }
}

/// True for a folder that is not there yet, or that holds a backup of ours that was cut off.
fn can_hold(out: &Path) -> bool {
    !out.exists() || (out.join(UNFINISHED).exists() && !out.join(MANIFEST).exists())
}

/// Takes the operator's own dump.
async fn take(
    session: &mut Session,
    folder: &Path,
    start: WatchStart,
    watcher: &Watcher,
) -> Result<String> {
    let backup = session.backup_of_the_operator(folder, watcher).await?;
    let says = format!(
        "{} of {} in {} read, and equal to what is live, options and indexes too",
        counted(backup.documents, "document", "documents"),
        counted(
            backup.fingerprints.len() as u64,
            "collection",
            "collections"
        ),
        folder.display()
    );
    session.begin_run().await?.backup = Some(backup);
    session.quiet.found(Fact::Stopped, start.clone());
    session.quiet.found(Fact::BackedUp, start);
    session.save().await?;
    Ok(says)
}

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    session.restore_expiries_before_renames().await?;
    // Foreign writes are watched from before the first document is read.
    let start = watch::begin(&session.work.connection).await?;
    if let Some(folder) = session.answers.backup.clone() {
        return take(session, &folder, start, watcher).await;
    }
    let record = session.begin_run().await?.clone();
    let folder = session.run_folder(&record);
    let mut out = folder.join("backup-1");
    for number in 2_u32.. {
        if can_hold(&out) {
            break;
        }
        out = folder.join(format!("backup-{number}"));
    }
    let manifest = session.write_backup_once(&out, false, watcher).await?;
    let documents = crate::engine::backup::documents_of(&manifest);
    let fingerprints = manifest
        .collections
        .iter()
        .filter_map(|it| Some((it.name.clone(), it.data.as_ref()?.fingerprint.clone())))
        .collect();
    let record = session.begin_run().await?;
    let path = std::path::absolute(&out).unwrap_or(out);
    let path = path.display().to_string();
    record.backup = Some(BackupRecord::new(path, now(), fingerprints, documents));
    session.quiet.found(Fact::Stopped, start.clone());
    session.quiet.found(Fact::BackedUp, start);
    session.save().await?;
    Ok(format!(
        "{} of {} written, read back, and equal to their hashes",
        counted(documents, "document", "documents"),
        counted(
            manifest.collections.len() as u64,
            "collection",
            "collections"
        )
    ))
}
