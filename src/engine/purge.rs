//! Purge: drops what a finished or rolled-back run keeps.

use crate::domain::aside::Aside;
use crate::domain::gate::{Confirmed, Purge};
use crate::domain::mapping::{LINKS, QUARANTINE, RETIRED, RUNS, SET_ASIDE, is_quarantine};
use crate::engine::error::Result;
use crate::engine::gates::Gated;
use crate::engine::kept_files;
use crate::engine::layout::Layout;
use crate::engine::session::Session;
use crate::engine::{Watcher, counted};
use crate::store::{collection_spec, run_record};

impl Session {
    /// Drops links, quarantine, run records, and what rollbacks and restores put aside.
    ///
    /// # Errors
    /// A run is open, or the server's refusal.
    pub async fn purge(&mut self, confirmed: Confirmed) -> Result<String> {
        self.see_what_is_swapped().await?;
        self.require_no_strays("nothing was changed")?;
        let confirmed = self
            .pass::<Purge>(Some(confirmed), &Watcher::silent())
            .await?;
        self.drop_the_rest(confirmed).await
    }

    async fn drop_the_rest(&mut self, _: Confirmed<Purge>) -> Result<String> {
        self.hold().await?;
        for name in self.layout.kept_aside() {
            collection_spec::drop(&self.work.connection, &name).await?;
        }
        let names = collection_spec::uuids(&self.work.connection).await?;
        for name in names.keys().filter(|name| is_quarantine(name)) {
            collection_spec::drop(&self.work.connection, name).await?;
        }
        for name in [LINKS, RETIRED, SET_ASIDE, RUNS, run_record::DAMAGED] {
            collection_spec::drop(&self.work.connection, name).await?;
        }
        self.end_lease().await?;
        self.run.record = None;
        Ok(
            "links, quarantine, run records and what rollbacks and restores put aside are dropped; the run folder and its backup stay"
                .to_owned(),
        )
    }
}

impl Layout {
    /// What rollbacks and restores put aside, and strays that were decided on.
    fn kept_aside(&self) -> Vec<String> {
        let aside = self.aside().iter();
        let aside = aside.filter(|it| !it.is_stray()).map(Aside::name);
        aside.chain(self.beside().iter().cloned()).collect()
    }
}

impl Gated for Purge {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let mut lines = vec![
            format!(
                "drop {LINKS} ({})",
                counted(session.work.rough(LINKS).await, "link", "links")
            ),
            format!(
                "drop {QUARANTINE} ({})",
                counted(session.work.rough(QUARANTINE).await, "booking", "bookings")
            ),
        ];
        let names = collection_spec::uuids(&session.work.connection).await?;
        let quarantines = names.keys().filter(|name| is_quarantine(name));
        for name in quarantines.filter(|name| *name != QUARANTINE) {
            let documents = counted(session.work.rough(name).await, "document", "documents");
            lines.push(format!("drop {name} ({documents})"));
        }
        for (name, what) in [(RETIRED, "who retired"), (SET_ASIDE, "who were set aside")] {
            if names.contains_key(name) {
                let users = counted(session.work.rough(name).await, "user", "users");
                lines.push(format!(
                    "drop {name} (whole rows of {users} {what}): they are then in the backup alone"
                ));
            }
        }
        for name in session.layout.kept_aside() {
            let documents = counted(session.work.rough(&name).await, "document", "documents");
            lines.push(format!(
                "drop {name} ({documents}), which was put aside: it is nowhere else"
            ));
        }
        lines.push(
            "drop the run record; merged-away values are then in the backup alone".to_owned(),
        );
        lines.extend(
            session
                .run
                .latest()
                .and_then(kept_files::trouble)
                .map(|trouble| {
                    format!(
                        "{trouble}: what is said here to be in the backup alone is then nowhere"
                    )
                }),
        );
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        Ok(match session.run.open() {
            _ if session.half_restored().is_some() => session.half_restored().into_iter().collect(),
            Some(_) => vec!["a run is open: finish it or roll it back first".to_owned()],
            None => {
                // Links, quarantine and the rest belong to these originals: without a run nobody can tell that they are needed no more.
                let kept = session.kept_without_a_run().map(|kept| {
                    format!("{kept}. Links and quarantine belong to them, and stay too. To keep what is live for good, drop these originals by hand first, then purge again")
                });
                let strays = session.strays_in_words();
                strays.or(kept).into_iter().collect()
            }
        })
    }

    fn way_back(self, session: &Session) -> String {
        match session.run.latest().and_then(kept_files::trouble) {
            Some(trouble) => format!("none: {trouble}"),
            None => "none but the backup".to_owned(),
        }
    }
}
