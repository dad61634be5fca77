//! The names that an after-schema gives to collections which are not rebuilt: taken at the cut-over, in the same journal entry, and given
//! back by a rollback. What is what is told by UUID, as the run record noted it before the first rename.

use crate::domain::gate::New;
use crate::domain::mapping::SIDE_PREFIX;
use crate::domain::number::counted;
use crate::domain::rebuilt::Group;
use crate::domain::schema_change::{CollectionChange, MOVING, SchemaChanges};
use crate::domain::text::named;
use crate::engine::Watcher;
use crate::engine::error::{Result, StepError};
use crate::engine::session::Session;
use crate::store::scan::{self, Scan};
use crate::store::{collection_spec, identity, swap};

impl Session {
    /// What a collection was when the cut-over began.
    fn noted(&self, name: &str) -> Option<String> {
        let run = self.run.open()?;
        run.others.get(name).cloned()
    }

    /// True where a collection holds no document.
    async fn holds_nothing(&self, name: &str) -> Result<bool> {
        let one = Scan {
            limit: 1,
            ..Scan::default()
        };
        let found = scan::all(&self.work.connection.database, name, &one).await?;
        Ok(found.is_empty())
    }

    /// Names that the after-schema gives in this group and something else has: refused before anything is renamed.
    pub(crate) async fn names_taken(&self, group: Group) -> Result<Vec<String>> {
        let Some(changes) = self.work.mapping.changes() else {
            return Ok(Vec::new());
        };
        // What was begun is completed, and what stands in its way becomes a stray.
        if self.layout.has_group_moved(&self.work.mapping, group) {
            return Ok(Vec::new());
        }
        let standing = collection_spec::uuids(&self.work.connection).await?;
        let mut taken = Vec::new();
        for (live, change) in changes
            .collections
            .iter()
            .filter(|it| Group::of(it.1) == group)
        {
            let to = &change.to;
            let leaves = |it: &CollectionChange| it.to != *to && Group::of(it) == group;
            let leaves = changes.of(to).is_some_and(leaves);
            let stands = standing.get(to).cloned().flatten();
            if to == live || leaves || stands.is_none() {
                continue;
            }
            let is_it = stands == self.noted(live); // the operator gave it the name
            if is_it || change.sets_aside && self.holds_nothing(to).await? {
                continue;
            }
            let (live, to) = (named(live), named(to));
            taken.push(if group == Group::CutOver {
                format!(
                    "{live} cannot become {to}: a collection of that name holds documents, or was made since the plan. Look at it, then make the plan again"
                )
            } else {
                format!(
                    "{live} cannot become {to}: a collection of that name was made since the plan ({}). Nothing was changed. Look at it, then drop it or give it another name, and run the same command again",
                    counted(self.work.rough(&change.to).await, "document", "documents")
                )
            });
        }
        Ok(taken)
    }

    /// Frees the names that a group needs: empty collections are put aside, and those that only get another name stand between the two. May be
    /// called any number of times.
    pub(crate) async fn free_names(&self, group: Group) -> Result<()> {
        let Some(changes) = self.work.mapping.changes() else {
            return Ok(());
        };
        let connection = &self.work.connection;
        let standing = collection_spec::uuids(connection).await?;
        let stands = |name: &str| standing.get(name).cloned().flatten();
        let needed = changes.collections.values();
        let needed = needed.filter(|it| it.sets_aside && Group::of(it) == group);
        for name in needed.map(|it| it.to.as_str()) {
            let uuid = self.noted(name);
            if uuid.is_none() || stands(name) != uuid {
                continue;
            }
            if self.holds_nothing(name).await? {
                swap::rename(connection, name, &format!("{SIDE_PREFIX}before_{name}")).await?;
            } else {
                swap::move_stray(connection, name).await?;
            }
        }
        for (from, _) in self.work.mapping.renamed_only_in(group) {
            let uuid = self.noted(&from);
            if uuid.is_some() && stands(&from) == uuid {
                swap::rename(connection, &from, &format!("{MOVING}{from}")).await?;
            }
        }
        Ok(())
    }

    /// Gives the new names of a group. May be called any number of times.
    ///
    /// # Errors
    /// A collection that is gone, or the server's refusal.
    pub(crate) async fn give_names(&self, group: Group) -> Result<()> {
        for (from, to) in self.work.mapping.renamed_only_in(group) {
            let Some(uuid) = self.noted(&from) else {
                continue; // it came after the plan, or never stood
            };
            if swap::name(&self.work.connection, &uuid, &to)
                .await?
                .is_none()
            {
                return Err(StepError::Findings(format!(
                    "{} was to become {} and is gone: no collection has its UUID any more. The rest is renamed; `ringfence rollback` goes back, and the backup holds it",
                    named(&from),
                    named(&to)
                )));
            }
        }
        Ok(())
    }

    /// Drops the collections that were put aside for a name, where they are still empty; the names of those dropped.
    pub(crate) async fn drop_set_aside_names(&self) -> Result<Vec<String>> {
        let mut dropped = Vec::new();
        let changes = self.work.mapping.changes();
        for name in changes.map(SchemaChanges::set_aside).unwrap_or_default() {
            let aside = format!("{SIDE_PREFIX}before_{name}");
            let standing = collection_spec::uuids(&self.work.connection).await?;
            let is_it =
                self.noted(name).is_some() && standing.get(&aside) == Some(&self.noted(name));
            if is_it && self.holds_nothing(&aside).await? {
                collection_spec::drop(&self.work.connection, &aside).await?;
                dropped.push(aside);
            }
        }
        Ok(dropped)
    }

    /// The first half of a rollback where the after-schema gave names: every new name is free, so that no old one is in another's way. May be
    /// called any number of times.
    pub(crate) async fn free_old_names(&self) -> Result<()> {
        if self.work.mapping.changes().is_none() {
            return Ok(());
        }
        let connection = &self.work.connection;
        let name_of = |uuid: &str, names: &std::collections::BTreeMap<String, Option<String>>| {
            let mut found = names.iter().filter(|(_, it)| it.as_deref() == Some(uuid));
            let name = found.next().map(|(name, _)| name.clone());
            name.filter(|name| !name.starts_with(SIDE_PREFIX))
        };
        for which in &self.work.mapping.rebuilt() {
            let record = self.run.collection(which);
            let copy = record.next.filter(|_| record.swap_began);
            let names = collection_spec::uuids(connection).await?;
            if let Some(name) = copy.and_then(|uuid| name_of(&uuid, &names)) {
                swap::rename(connection, &name, &self.run.rolled_back_name(which)).await?;
            }
        }
        let others = self.run.open().map(|run| run.others.clone());
        for (then, uuid) in others.unwrap_or_default() {
            let names = collection_spec::uuids(connection).await?;
            let now = name_of(&uuid, &names).filter(|now| *now != then);
            if let Some(now) = now {
                swap::rename(connection, &now, &format!("{MOVING}{then}")).await?;
            }
        }
        Ok(())
    }
    /// Gives collections that were only renamed since the cut-over their names back. Says what of them was written since.
    pub(crate) async fn name_back(&mut self, new: New, watcher: &Watcher) -> Result<Vec<String>> {
        self.see_what_is_swapped().await?;
        let rebuilt = self.work.mapping.rebuilt();
        let mut says = Vec::new();
        let mut record = self.run.rollback_record().unwrap_or_default();
        for (then, now) in self.layout.renamed().clone() {
            if rebuilt.iter().any(|which| *which.live() == then) {
                continue;
            }
            let (connection, cancel) = (&self.work.connection, &watcher.cancel);
            let is = identity::fingerprint(connection, &now, cancel).await?;
            let backup = self.run.open().and_then(|run| run.backup.as_ref());
            let was = backup.and_then(|backup| backup.fingerprints.get(&then));
            let was = was.cloned();
            if was.as_ref().is_none_or(|was| *was != is.text()) {
                let mut kept = record.kept.clone().unwrap_or_default();
                self.note_unread_of_renamed((&then, &now), &mut kept, watcher)
                    .await?;
                if kept != record.kept.clone().unwrap_or_default() {
                    record.kept = Some(kept);
                    self.keep_rollback(record.clone()).await?;
                }
            }
            let connection = &self.work.connection;
            swap::name_back(connection, &now, &then).await?;
            let documents = |text: &str| text.split('-').next().unwrap_or_default().to_owned();
            let changes = self.work.mapping.changes();
            let now = match changes {
                // It stood between its two names for a moment.
                Some(changes) if now.starts_with(MOVING) => changes.name_after(&then).to_owned(),
                _ => now,
            };
            says.push(match was {
                Some(was) if was == is.text() => format!("{now} is called {then} again, unchanged"),
                Some(was) => format!(
                    "{now} is called {then} again, with what was written since: {}, where the backup holds {}{}",
                    counted(is.documents(), "document", "documents"),
                    documents(&was),
                    if new == New::Discard {
                        "; --discard-new cannot take that out of a collection that was only renamed"
                    } else {
                        ""
                    }
                ),
                None => format!("{now} is called {then} again"),
            });
        }
        Ok(says)
    }
}
