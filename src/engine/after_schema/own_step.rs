//! What an after-schema asks of collections that the migration does not rebuild anyway, where that has a step of its own: what waits for it,
//! and what came to those collections since the plan and the backup were made.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::Demand;
use crate::domain::checklist::Step;
use crate::domain::number::counted;
use crate::domain::rebuilt::{Group, Role};
use crate::domain::run::Outcome;
use crate::domain::schema_change::SchemaChanges;
use crate::domain::text::{listed, named, safe};
use crate::engine::Watcher;
use crate::engine::check::Checked;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::identity;

impl Session {
    /// The live names of what the migration rebuilds anyway.
    fn rebuilt_anyway(&self) -> BTreeSet<String> {
        let rebuilt = self.work.mapping.rebuilt().into_iter();
        let own = rebuilt.filter(|which| which.role() != Role::Reshaped);
        own.map(|which| which.live().to_owned()).collect()
    }

    /// Has what the migration does not rebuild anyway wait for the step that updates the schema, and says so.
    pub(super) fn put_into_own_step(&self, changes: &mut SchemaChanges, demands: &mut Vec<Demand>) {
        let own = self.rebuilt_anyway();
        changes.wait_for_own_step(&own);
        let asked = changes.collections.iter();
        let (mut waits, mut sooner) = (Vec::new(), Vec::new());
        for (live, change) in asked.filter(|(live, _)| !own.contains(*live)) {
            if change.own_step {
                waits.push(named(live));
            } else if change.copy || change.to != *live {
                sooner.push(named(live));
            }
        }
        if !waits.is_empty() {
            demands.push(Demand::note(
                "step",
                "step",
                format!(
                    "done in a step of its own, “{}”, after the cut-over and the clean-up of users: {}. The new application can start after that, and not before",
                    Step::Schema.title(),
                    listed(waits.iter().map(String::as_str))
                ),
            ));
        }
        if !sooner.is_empty() {
            demands.push(Demand::note(
                "step",
                "step sooner",
                format!(
                    "done with the cut-over all the same, since it gives up a name that another collection gets there: {}",
                    listed(sooner.iter().map(String::as_str))
                ),
            ));
        }
    }

    /// What would get the users' name at the cut-over, which they leave only when they are cleaned up.
    pub(super) fn waits_for_users(&self, changes: &SchemaChanges) -> Vec<Demand> {
        if !self.work.mapping.has_users() {
            return Vec::new();
        }
        let users = self.work.mapping.users();
        let all = changes.collections.iter();
        let too_soon = all.filter(|(live, change)| {
            change.to == users.live() && *live != users.live() && !change.own_step
        });
        let demands = too_soon.map(|(live, change)| {
            let key = format!("rename {live}");
            let (live, to) = (safe(live, 120), safe(&change.to, 120));
            Demand::blocker(
                "rename",
                &key,
                format!(
                    "{live} cannot become {to} in the cut-over: the users have that name until they are cleaned up. Give one of the two another name with `@@map`, or say with = \"own-step\" in [schema] where {live} is no collection that the migration rebuilds anyway"
                ),
                0,
            )
            .forbidding([key])
        });
        demands.collect()
    }

    /// True while something that the after-schema asks waits for the step that updates the schema, or that step was not completed.
    pub fn schema_step_waits(&self) -> bool {
        let asks = !self.work.mapping.asked_of_own_step().is_empty();
        let run = self.run.latest();
        let done = run.is_some_and(|run| match run.outcome {
            Outcome::Open => run.is_done(Step::Schema) && self.is_live(Group::Schema),
            Outcome::Finished => run.is_done(Step::Schema),
            Outcome::RolledBack | Outcome::Restored => false,
        });
        asks && !done
    }

    /// What waits for that step, by name; nothing once it is done.
    pub(crate) fn waiting_for_schema_step(&self) -> Vec<String> {
        if !self.schema_step_waits() {
            return Vec::new();
        }
        let asked = self.work.mapping.asked_of_own_step().into_iter();
        asked.map(named).collect()
    }

    /// Collections of that step that were written to since the backup was taken, in words. The original that is kept holds it.
    pub(crate) async fn written_since_backup(&self, watcher: &Watcher) -> Result<Vec<String>> {
        let mut says = Vec::new();
        let Some(backup) = self.run.open().and_then(|run| run.backup.as_ref()) else {
            return Ok(says);
        };
        for which in self.work.mapping.rebuilt_in(Group::Schema) {
            let Some(place) = self.layout.source(&which) else {
                continue;
            };
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            let is = identity::fingerprint(connection, &place, cancel).await?;
            let was = backup.fingerprints.get(which.live());
            if was != Some(&is.text()) {
                says.push(held_words(which.live(), is.documents(), was));
            }
        }
        Ok(says)
    }

    /// Refuses where the prepared copies of the schema's own step hold what the new application could not read.
    pub(crate) async fn require_copies_conform(&mut self, watcher: &Watcher) -> Result<()> {
        let mapping = &self.work.mapping;
        let rebuilt = mapping.rebuilt_in(Group::Schema);
        let asked = mapping.asked_of_own_step().into_iter();
        let copies = asked.map(|live| {
            let copy = rebuilt.iter().find(|which| which.live() == live);
            let stands = match copy {
                Some(which) => self.layout.place(which),
                None => self.layout.now(live).to_owned(),
            };
            (live.to_owned(), stands)
        });
        let copies = copies.collect();
        self.require_conform(&copies, watcher).await
    }

    /// Refuses where the copy of the users that is about to become live, the last one of the plan, holds what the new application could not read.
    pub(crate) async fn require_users_conform(&mut self, watcher: &Watcher) -> Result<()> {
        let users = self.work.mapping.users();
        if self.schema_waits_for_retiring() && !self.layout.is_swapped(&users) {
            // Those who retire may break it: it is asked of those who remain.
            if self.answers.schema.is_none() || self.unchanged_since_backup().await? {
                return Ok(());
            }
            let checked = self.check_remaining_users(watcher).await?;
            return refuse_unreadable(&checked);
        }
        let copies = [(users.live().to_owned(), users.next())].into();
        self.require_conform(&copies, watcher).await
    }

    /// Refuses where the live users, changed since the plan was made, would not be as the after-schema asks: before their copy is brought up to
    /// date, whose unique indexes would only name one of them.
    pub(crate) async fn require_users_will_conform(&mut self, watcher: &Watcher) -> Result<()> {
        let later = self.schema_waits_for_retiring();
        if later || self.answers.schema.is_none() || self.unchanged_since_backup().await? {
            return Ok(());
        }
        let checked = self.check_users_to_be(watcher).await?;
        refuse_unreadable(&checked)
    }

    /// Refuses where these copies hold what the new application could not read: it came since the plan was made.
    async fn require_conform(
        &mut self,
        copies: &BTreeMap<String, String>,
        watcher: &Watcher,
    ) -> Result<()> {
        if self.answers.schema.is_none() || self.unchanged_since_backup().await? {
            return Ok(()); // the plan has read the same
        }
        let checked = self.check_copies_conform(copies, watcher).await?;
        refuse_unreadable(&checked)
    }
}

fn refuse_unreadable(checked: &Checked) -> Result<()> {
    if checked.wrong == 0 {
        return Ok(());
    }
    Err(StepError::Findings(format!(
        "documents that came since the plan was made would not be as the after-schema says. Nothing was renamed: what the cut-over made stays live. Change them, and run the same command again; or roll back, and make the plan again:\n{}",
        checked.list()
    )))
}

/// That a collection is not what the backup holds, with both counts.
pub(crate) fn held_words(live: &str, documents: u64, was: Option<&String>) -> String {
    let held = was.map_or_else(
        || "which the backup does not hold".to_owned(),
        |was| {
            let held = was.split('-').next().unwrap_or_default();
            format!("where the backup holds {held}")
        },
    );
    format!(
        "{} was written to since the backup ({}, {held})",
        named(live),
        counted(documents, "document", "documents")
    )
}
