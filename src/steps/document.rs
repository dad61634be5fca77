//! Document current data: users, bookings and services as JSON lines and CSV, with counts and hashes.

use crate::domain::checklist::Step;
use crate::domain::gate::Confirmed;
use crate::engine::error::Result;
use crate::engine::kept_files::EXPORT;
use crate::engine::session::Session;
use crate::engine::step_file::{File, recorded};
use crate::engine::{Watcher, counted};

pub(super) const FILE: File = File {
    run: Some(|session, confirmed, watcher| Box::pin(run(session, confirmed, watcher))),
    state: |_, run| recorded(run, Step::Document),
    ..File::USUAL
};

async fn run(session: &mut Session, _: Option<Confirmed>, watcher: &Watcher) -> Result<String> {
    let record = session.begin_run().await?.clone();
    let out = session.run_folder(&record).join(EXPORT);
    if out.exists() {
        // Of an earlier try of this step in this run.
        std::fs::remove_dir_all(&out)
            .map_err(|error| crate::store::StoreError::file("clearing", &out, error))?;
    }
    let export = session.export_once(&out, watcher).await?;
    let mapping = &session.work.mapping;
    let users = mapping.has_users().then(|| mapping.users());
    let users = users.and_then(|it| session.layout.source(&it));
    let bookings = session.layout.source(&mapping.bookings());
    let list = export.collections.iter().map(|it| {
        let (one, many) = match &it.name {
            name if users.as_ref() == Some(name) => ("user", "users"),
            name if bookings.as_ref() == Some(name) => ("booking", "bookings"),
            _ => ("service", "services"),
        };
        counted(it.documents, one, many)
    });
    let list: Vec<_> = list.collect();
    Ok(format!("{} exported", list.join(", ")))
}
