//! Customers: edits of those that the migration made, new ones, deleted ones, and those that were there before.

use std::collections::HashSet;

use bson::RawDocumentBuf;

use super::Carrying;
use crate::domain::id::Id;
use crate::domain::keep_new::customer::{self, Edits};
use crate::domain::keep_new::report::{Change, Reason};
use crate::domain::link::LinkKind;
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::engine::after_schema::lens::{change_of, undone};
use crate::engine::error::Result;

impl Carrying<'_> {
    /// What became of the customers that the migration made, and which ones are new.
    pub(crate) async fn look_at_customers(&mut self) -> Result<()> {
        let mapping = &self.session.work.mapping;
        let mut changed = Vec::new();
        let mut new = Vec::new();
        let mut here = HashSet::new();
        let mut failed = None;
        let mut malformed = None;
        let change = change_of(mapping, &self.customers);
        let links = &self.links;
        self.each(self.session.layout.live(&self.customers), |document| {
            let Some(id) = id_of(document) else { return };
            here.insert(id.canonical());
            let origin = links.origin(&id);
            let made = origin.and_then(|it| Some((it.made.as_deref()?, it.oldest)));
            let known = made.map_or(Known::Nothing, |(made, oldest)| Known::Fields(made, oldest));
            let undone = match undone(change, document, known) {
                Ok(undone) => undone,
                Err(error) => {
                    malformed.get_or_insert(error);
                    return;
                }
            };
            let document = &*undone;
            match links.origin(&id) {
                None => new.push(document.to_owned()),
                Some(origin) if origin.kind == LinkKind::Existing => {}
                Some(origin) => match customer::edits(mapping, origin, document) {
                    Ok(Some(edits)) if edits.is_empty() => {}
                    Ok(edits) => changed.push((id, edits)),
                    Err(error) => failed = Some(error),
                },
            }
        })
        .await?;
        if let Some(error) = failed.or(malformed) {
            return Err(error.into());
        }
        self.here = here;
        // Sorted, so that the same ids are named whenever this is called.
        changed.sort_by(|one, other| one.0.cmp(&other.0));
        let customers = self.customers.clone();
        for (id, edits) in changed {
            self.found(&customers, Change::Changed);
            self.take_edits(id, edits);
        }
        new.sort_by_key(|document| id_of(document));
        self.take_new_customers(new).await
    }

    pub(crate) fn take_edits(&mut self, id: Id, edits: Option<Edits>) {
        let customers = self.customers.clone();
        let changed = (&customers, Change::Changed);
        let Some(origin) = self.links.origin(&id) else {
            return;
        };
        let placeholder = origin.kind == LinkKind::Placeholder;
        let of_guests = origin.is_of_guests();
        let user = origin
            .first_user(|id| self.gone.contains(id))
            .map(Id::canonical);
        let Some(edits) = edits else {
            return self.leave(changed, Reason::Unknown, &id, &[]);
        };
        if placeholder {
            return self.leave(changed, Reason::Placeholder, &id, &[]);
        }
        if of_guests {
            return self.leave(changed, Reason::GuestsOwn, &id, &[]);
        }
        match user {
            Some(user) if edits.carries() => {
                if self.gone.contains(&user) && !self.session.layout.is_swapped(&self.users) {
                    return self.leave(changed, Reason::UserGone, &id, &[]);
                }
                if self.links.customers_of(&user).len() > 1 {
                    return self.leave(changed, Reason::SeveralCustomers, &id, &[]);
                }
                if !edits.foreign.is_empty() {
                    self.leave(changed, Reason::NotAUsersField, &id, &edits.foreign);
                }
                self.edits.insert(user, (id, edits));
            }
            _ => self.leave(changed, Reason::NotAUsersField, &id, &edits.foreign),
        }
    }

    pub(crate) async fn take_new_customers(&mut self, new: Vec<RawDocumentBuf>) -> Result<()> {
        let (customers, users) = (self.customers.clone(), self.users.clone());
        let added = (&customers, Change::Added);
        let ids: Vec<Id> = new.iter().filter_map(|it| id_of(it)).collect();
        let mut taken = HashSet::new();
        if self.create_users && self.session.work.mapping.has_users() {
            let before = self.session.layout.source(&users).unwrap_or_default();
            for ids in ids.chunks(crate::store::side_by_side::PAGE) {
                taken.extend(self.ids_in(&before, ids).await?);
                taken.extend(self.ids_in(self.session.layout.live(&users), ids).await?);
            }
        }
        for (document, id) in new.iter().zip(ids) {
            self.found(&customers, Change::Added);
            if !self.session.work.mapping.has_users() {
                self.leave(added, Reason::NoUsers, &id, &[]);
            } else if !self.create_users {
                self.leave(added, Reason::NoUser, &id, &[]);
            } else if taken.contains(&id.canonical()) {
                self.leave(added, Reason::IdTaken, &id, &[]);
            } else if self.is_held(&users, &id) {
                self.leave(added, Reason::NotUnique, &id, &[]);
            } else {
                let (user, foreign) = customer::as_user(&self.session.work.mapping, document)?;
                if !foreign.is_empty() {
                    self.leave(added, Reason::NotAUsersField, &id, &foreign);
                }
                self.created_ids.insert(id.canonical());
                self.created.push(user);
            }
        }
        Ok(())
    }

    pub(crate) fn deleted_customers(&mut self) {
        let mut deleted: Vec<_> = self
            .links
            .origins()
            .filter(|it| it.kind != LinkKind::Existing && !self.here.contains(&it.id.canonical()))
            .map(|origin| {
                let mut users = origin.users.iter().map(Id::canonical);
                (
                    origin.id.clone(),
                    users.any(|user| self.staying.contains(&user)),
                )
            })
            .collect();
        deleted.sort();
        let customers = self.customers.clone();
        for (id, stays) in deleted {
            let what = (&customers, Change::Deleted);
            self.found(what.0, what.1);
            if stays {
                self.leave(what, Reason::UserIsMore, &id, &[]);
            }
        }
    }
}
