//! Reads what the proof of merged copies asks for: every document of the originals, every one that is live and every one of the copy. What is
//! wrong with them the domain says.

use std::collections::{HashMap, HashSet};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use crate::domain::id::Id;
use crate::domain::invariant::UserWay;
use crate::domain::invariant::merged::{Merged, Sides, UsersOf};
use crate::domain::keep_new::report::Kept;
use crate::domain::mapping::{LINKS, QUARANTINE};
use crate::domain::raw::{elements, get};
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::engine::Watcher;
use crate::engine::after_schema::lens::change_of;
use crate::engine::check::{Checked, by_id};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan;

impl Session {
    /// Checks the merged copies of `which`.
    pub(crate) async fn check_merged(
        &self,
        which: &[Rebuilt],
        kept: &Kept,
        watcher: &Watcher,
    ) -> Result<Checked> {
        let mut users_of = UsersOf::new();
        self.work
            .scan(LINKS, watcher, |link| {
                let users =
                    get(link, "users").and_then(|it| RawDocument::from_bytes(it.bytes).ok());
                let users = users.into_iter().flat_map(elements);
                let users = users.map_while(std::result::Result::ok);
                if let Some(id) = id_of(link) {
                    let users = users.map(|user| Id::from_value(user.value).canonical());
                    users_of.insert(id.canonical(), users.collect());
                }
            })
            .await?;
        let mut checked = Checked::default();
        for which in which {
            let mut ways = UserWay::all(&self.work.mapping, which, &self.work.memory);
            for (_, way) in &mut ways {
                self.feed(way, watcher).await?;
            }
            let mut account = Merged::new(&self.work.mapping, which, (&users_of, &ways));
            self.check_merged_one(which, &mut account, &mut checked, watcher)
                .await?;
            for differs in account.close(kept) {
                checked.finds(differs);
            }
        }
        Ok(checked)
    }

    /// Hands a way the documents that it leads through: what left a rebuilt collection stands in its original.
    async fn feed(&self, way: &mut UserWay, watcher: &Watcher) -> Result<()> {
        for needed in way.needed() {
            let live = self.layout.now(&needed.collection).to_owned();
            let original = self
                .layout
                .original_of(&self.work.mapping, &needed.collection);
            let original = Some(original).filter(|name| *name != live);
            for place in original.iter().chain([&live]) {
                self.work
                    .scan(place, watcher, |document| way.take(&needed, document))
                    .await?;
            }
        }
        if way.of_users().is_some() {
            let users = self.layout.source(&self.work.mapping.users());
            let take = |user: &RawDocument| way.take_user(user);
            self.work
                .scan(&users.unwrap_or_default(), watcher, take)
                .await?;
        }
        Ok(())
    }

    /// What is live as it was before the rules of the after-schema.
    fn undo_live(&self, which: &Rebuilt, found: &mut [HashMap<Id, RawDocumentBuf>]) -> Result<()> {
        let Some(change) = change_of(&self.work.mapping, which) else {
            return Ok(());
        };
        let Some((originals, rest)) = found.split_first_mut() else {
            return Ok(());
        };
        for (id, live) in rest.first_mut().into_iter().flatten() {
            let known = originals
                .get(id)
                .map_or(Known::Nothing, |it| Known::Document(it));
            *live = change.undo(live, known)?;
        }
        Ok(())
    }

    async fn check_merged_one(
        &self,
        which: &Rebuilt,
        account: &mut Merged<'_>,
        checked: &mut Checked,
        watcher: &Watcher,
    ) -> Result<()> {
        let database = &self.work.connection.database;
        let (live, merged) = (self.layout.live(which), which.merged());
        let before = self.layout.source(which).unwrap_or_default();
        let customers = self.work.mapping.customers();
        let customers = self.layout.live(&customers);
        let aside = match which.role() {
            Role::Bookings | Role::Followed => which.side_collection(),
            Role::Customers | Role::Users | Role::Reshaped => None,
        };
        let aside = aside.unwrap_or_else(|| QUARANTINE.to_owned());
        watcher.says(&format!("proving what comes back in {live}"), 0, 0);
        let mut seen = HashSet::new();
        for collection in [before.as_str(), live, merged.as_str()] {
            let mut pages = scan::in_id_order(database, collection)?;
            while let Some(page) = pages.next().await? {
                let ids: Vec<Id> = page
                    .documents()
                    .filter_map(id_of)
                    .filter(|id| seen.insert(id.canonical()))
                    .collect();
                let mut found = Vec::new();
                for name in [&before, live, &merged, &aside, customers] {
                    found.push(by_id(scan::by_ids(database, name, &ids).await?));
                }
                self.undo_live(which, &mut found)?;
                for id in &ids {
                    let key = id.canonical();
                    let sides = Sides {
                        before: found[0].get(&key),
                        current: found[1].get(&key),
                        merged: found[2].get(&key),
                        quarantined: found[3].contains_key(&key),
                        customer: found[4].contains_key(&key),
                    };
                    if let Some(wrong) = account.take(&sides) {
                        checked.finds(format!("{live} {id} {wrong}"));
                    }
                }
            }
        }
        Ok(())
    }
}
