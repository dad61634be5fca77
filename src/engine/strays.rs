//! Strays: collections that an application made under a name which a swap or a rename had vacated. They are derived from the database, in every
//! verb, and named until somebody decides on them.

use crate::domain::aside::{Aside, Why};
use crate::domain::gate::{SetAside, TakeIn};
use crate::domain::run::Outcome;
use crate::domain::text::listed;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::gates::Gated;
use crate::engine::session::Session;
use crate::store::swap::Stray;

impl Session {
    /// The strays that nobody has decided on, in words; `None` where there is none.
    pub fn strays_in_words(&self) -> Option<String> {
        let strays = self.layout.strays();
        if strays.is_empty() {
            return None;
        }
        let list: Vec<_> = strays.iter().map(ToString::to_string).collect();
        Some(format!(
            "an application wrote under a name that was vacated: {}. Nothing of it is lost, and nothing of it is live",
            list.join(", ")
        ))
    }

    /// Refuses while a stray stands that nobody has decided on.
    ///
    /// # Errors
    /// The strays, with their documents; `now` says what is true beside.
    pub fn require_no_strays(&self, now: &str) -> Result<()> {
        match self.strays_in_words() {
            None => Ok(()),
            Some(strays) => Err(StepError::Findings(format!(
                "{strays}; {now}. Stop the application, then take the documents in, or set them aside: `ringfence strays`"
            ))),
        }
    }

    /// What the run made live and stands nowhere any more, in words; `None` where all of it stands.
    pub fn gone_in_words(&self) -> Option<String> {
        if self.half_restored().is_some() {
            return None; // the restore put it aside, and says so
        }
        let list = self.work.mapping.rebuilt();
        let hidden = list
            .iter()
            .find_map(|which| Some((which.to(), self.layout.hidden(which)?)));
        if let Some((live, now)) = hidden
            && Aside::parse(now).is_some_and(|aside| matches!(aside.why, Why::Restored(_)))
        {
            let database = &self.work.connection.place.database;
            return Some(format!(
                "what the run made live as {live} stands as {now} now: a restore put something else in its place. To go on with what the run made, give {live} another name, rename {now} to {live}, then run the same command again. To give it up: `ringfence rollback --discard-new --confirm {database}`"
            ));
        }
        if let Some((live, now)) = hidden {
            return Some(format!(
                "what the run made live as {live} stands as {now} now, and no application finds it there: somebody renamed it. Rename {now} back to {live}, then run the same command again"
            ));
        }
        let gone: Vec<_> = list.iter().filter(|it| self.layout.is_gone(it)).collect();
        if gone.is_empty() || self.is_record_void() {
            return None;
        }
        let names = listed(gone.iter().map(|which| which.to()));
        let database = &self.work.connection.place.database;
        Some(format!(
            "what the run made live as {names} stands nowhere any more: no collection has its UUID, so it was dropped, or dropped and made anew. What was written there since cannot be counted or carried back. The originals are kept: `ringfence rollback --discard-new --confirm {database}` makes them live again"
        ))
    }

    /// Refuses where something that the run made live stands nowhere any more.
    ///
    /// # Errors
    /// Its name, and the way back.
    pub fn require_nothing_gone(&self) -> Result<()> {
        self.gone_in_words().map_or(Ok(()), |gone| {
            Err(StepError::Findings(format!("{gone}. Nothing was changed")))
        })
    }

    /// What stands of a run whose record is gone or void, in words; `None` where nothing does, or a run knows it.
    pub fn kept_without_a_run(&self) -> Option<String> {
        let kept = self.layout.kept_originals();
        let void = self.is_record_void();
        if kept.is_empty() || (self.run.open().is_some() && !void) {
            return None;
        }
        let why = if void {
            "the run's record knows none of the collections that stand, as after a restore of the whole database, and"
        } else {
            "there is no open run, and"
        };
        let gone = if void {
            ""
        } else {
            " The run's record is gone, or the database was restored without it."
        };
        let database = &self.work.connection.place.database;
        Some(format!(
            "{why} these originals of a migration still stand: {}.{gone} What is live is unchanged. The run's backup, in the run folder, leads back: `ringfence rollback --without-record --backup FOLDER --confirm {database}` renames back what equals it; `ringfence restore --from FOLDER --replace --confirm {database}` puts the backup in place of what is live",
            kept.join(", ")
        ))
    }

    /// Refuses to begin or to go on where originals stand that no run knows: what is live may be a migrated copy.
    ///
    /// # Errors
    /// Their names, and the way back.
    pub fn refuse_unknown_originals(&self) -> Result<()> {
        self.kept_without_a_run().map_or(Ok(()), |kept| {
            Err(StepError::NotReady(format!("{kept}. Nothing was changed")))
        })
    }

    /// The strays where a rollback has given the names back: those under the names of the after-schema too.
    pub(crate) async fn strays_of_going_back(&mut self) -> Result<Vec<Stray>> {
        self.see_what_is_swapped().await?;
        if let Some(run) = self.run.open() {
            let connection = &self.work.connection;
            self.layout.add_what_came_since(connection, run).await?;
        }
        Ok(self.layout.strays().to_vec())
    }

    fn strays_at_the_gate(&self) -> Vec<String> {
        let strays = self.layout.strays().iter();
        strays.map(ToString::to_string).collect()
    }
}

impl Gated for TakeIn {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let strays = session.strays_at_the_gate().into_iter();
        let mut lines: Vec<String> = strays.map(|it| format!("take in {it}")).collect();
        lines.push("documents whose _id or unique value is live already stay where they are; nothing live is overwritten".to_owned());
        Ok(lines)
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        let finished = session.run.latest();
        let finished = finished.filter(|run| run.outcome == Outcome::Finished);
        let mut missing = nothing_to_decide(session);
        missing.extend(finished.map(|run| format!(
            "run {} is finished and its originals are deleted, so nothing can say what these documents become. Read them, enter them in the new application, then set them aside: `ringfence strays --set-aside`",
            run.id
        )));
        Ok(missing)
    }

    fn way_back(self, session: &Session) -> String {
        let kept = "the strays are kept whole until purge";
        if session.run.open().is_none() {
            return kept.to_owned();
        }
        format!("{kept}; a rollback with --keep-new carries their documents back")
    }
}

impl Gated for SetAside {
    const OF_A_PLAN: bool = false;

    async fn will_do(self, session: &Session) -> Result<Vec<String>> {
        let strays = session.strays_at_the_gate().into_iter();
        Ok(strays
            .map(|it| format!("set {it} aside: its documents are never live"))
            .collect())
    }

    async fn missing(self, session: &mut Session, _: &Watcher) -> Result<Vec<String>> {
        Ok(nothing_to_decide(session))
    }

    fn way_back(self, _: &Session) -> String {
        "the documents stand aside until purge".to_owned()
    }
}

fn nothing_to_decide(session: &Session) -> Vec<String> {
    if session.layout.strays().is_empty() {
        return vec!["no stray stands in this database".to_owned()];
    }
    Vec::new()
}
