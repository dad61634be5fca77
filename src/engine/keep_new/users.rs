//! Users: what comes back of each, who left, who must stay.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use bson::raw::RawDocument;

use super::{Carrying, forms, invalid};
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::id::Id;
use crate::domain::keep_new::report::{Change, Reason};
use crate::domain::keep_new::user;
use crate::domain::link::LinkKind;
use crate::domain::mapping::{RETIRED, SET_ASIDE};
use crate::domain::reference::{AccountNames, AccountPath};
use crate::domain::schema_change::CollectionChange;
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::engine::after_schema::lens::{change_at, undone};
use crate::engine::error::Result;
use crate::store::scan;
use crate::store::side_by_side::PAGE;

/// A live document with the fields as it had them before the after-schema; one that is not BSON as it is.
fn as_it_was<'d>(
    change: Option<&CollectionChange>,
    document: &'d RawDocument,
) -> Cow<'d, RawDocument> {
    undone(change, document, Known::Nothing).unwrap_or(Cow::Borrowed(document))
}

impl Carrying<'_> {
    /// Who is gone.
    pub(crate) async fn look_at_users(&mut self) -> Result<()> {
        let live = self.session.layout.live(&self.users);
        let before = self.session.layout.source(&self.users).unwrap_or_default();
        if before == live {
            // Users were not swapped: what is live is the original, and no other is kept.
            let linked = self
                .links
                .origins()
                .filter(|it| it.kind != LinkKind::Placeholder);
            let linked: Vec<Id> = linked.flat_map(|it| it.users.iter().cloned()).collect();
            for ids in linked.chunks(PAGE) {
                let here = self.ids_in(live, ids).await?;
                let gone = ids.iter().map(Id::canonical);
                self.gone.extend(gone.filter(|id| !here.contains(id)));
            }
            return Ok(());
        }
        let mut pages = scan::in_id_order(&self.session.work.connection.database, &before)?;
        while let Some(page) = pages.next().await? {
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let here = self.ids_in(live, &ids).await?;
            let aside = self.ids_aside(&ids).await?;
            let gone = ids.iter().map(Id::canonical);
            self.gone
                .extend(gone.filter(|id| !here.contains(id) && !aside.contains(id)));
        }
        Ok(())
    }

    /// Which of these the migration itself took out of the users: they retired, or were set aside.
    async fn ids_aside(&self, ids: &[Id]) -> Result<HashSet<Id>> {
        let mut aside = self.ids_in(RETIRED, ids).await?;
        aside.extend(self.ids_in(SET_ASIDE, ids).await?);
        Ok(aside)
    }

    /// Users who may not leave with their customer: owners and whoever an account collection names.
    pub(crate) async fn account_holders(&self) -> Result<HashSet<Id>> {
        let mapping = &self.session.work.mapping;
        let mut holders = HashSet::new();
        if self.leaving.is_empty() {
            return Ok(holders);
        }
        let rows = AccountPath::rows(mapping).into_iter();
        let mut names = AccountNames::default();
        for account in rows.chain(AccountPath::owners(mapping)) {
            let place = self.session.layout.now(&account.collection);
            let change = change_at(mapping, &account.collection);
            self.each(place, |row| names.take(&account, &as_it_was(change, row)))
                .await?;
        }
        for hop in names.hops() {
            let place = self.session.layout.now(&hop.collection).to_owned();
            let change = change_at(mapping, &hop.collection);
            self.each(&place, |document| {
                names.take_hop(&hop, &as_it_was(change, document));
            })
            .await?;
            names.end_hop(&hop);
        }
        holders.extend(names.named.iter().flat_map(forms));
        Ok(holders)
    }

    pub(crate) async fn carry_users(&mut self) -> Result<()> {
        let session = self.session;
        let database = &session.work.connection.database;
        let users = self.users.clone();
        let live = session.layout.live(&users);
        let before = session.layout.source(&self.users).unwrap_or_default();
        let swapped = before != live;
        let holders = self.account_holders().await?;
        let here = &self.here;
        for origin in self.links.origins() {
            let made = matches!(origin.kind, LinkKind::Created | LinkKind::Narrow);
            if made && here.contains(&origin.id.canonical()) {
                // A customer that is still there keeps its first user.
                let user = origin
                    .first_user(|id| self.gone.contains(id))
                    .map(Id::canonical);
                self.needed
                    .extend(user.filter(|user| self.gone.contains(user)));
            }
        }
        let mut pages = scan::in_id_order(database, &before)?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            let ids: Vec<Id> = page.documents().filter_map(id_of).collect();
            let mut current = HashMap::new();
            if swapped {
                current = self.fetch(live, &ids).await?;
                self.undo(&users, &mut current, page.documents())?;
            }
            let aside = if swapped {
                self.ids_aside(&ids).await?
            } else {
                HashSet::new()
            };
            for (document, id) in page.documents().zip(&ids) {
                let current = if swapped {
                    let live = current.get(&id.canonical()).map(|it| &**it);
                    // Whom the migration took out, the application did not change.
                    live.or_else(|| aside.contains(&id.canonical()).then_some(document))
                } else {
                    Some(document)
                };
                self.user(&holders, (id, document), current, swapped)
                    .await?;
            }
        }
        for user in std::mem::take(&mut self.created) {
            self.want(&users, user, true).await?;
        }
        Ok(())
    }

    pub(crate) async fn user(
        &mut self,
        holders: &HashSet<Id>,
        (id, before): (&Id, &RawDocument),
        current: Option<&RawDocument>,
        swapped: bool,
    ) -> Result<()> {
        let users = self.users.clone();
        let role = &self.session.work.mapping.user;
        let key = id.canonical();
        if let Some(current) = current.filter(|_| self.leaving.contains(&key)) {
            let others = self.links.customers_of(id);
            let stays = self.needed.contains(&key)
                || holders.contains(&key)
                || others.iter().any(|other| self.here.contains(other))
                || role.has_password(current);
            if !stays {
                self.out.differs.insert(users.clone());
                return Ok(());
            }
            self.staying.insert(key.clone());
        }
        if current.is_none() {
            self.found(&users, Change::Deleted);
            if !self.needed.contains(&key) {
                self.out.differs.insert(users.clone());
                return Ok(());
            }
            self.leave((&users, Change::Deleted), Reason::StillNeeded, id, &[]);
        }
        let taken_out = current.is_some_and(|current| std::ptr::eq(current, before));
        let contact = self.session.answers.decisions.contact;
        let cleaned = swapped
            && !taken_out
            && (self.links.is_cleaned(id)
                || (self.is_wiped(id)
                    && current
                        .is_some_and(|current| user::without_contact(role, contact, current))));
        let edits = self.edits.get(&key).cloned();
        let back = user::back(
            role,
            before,
            current,
            cleaned.then_some(contact),
            edits.as_ref().map(|it| &it.1),
        )
        .map_err(invalid)?;
        if back.changed {
            self.found(&users, Change::Changed);
        }
        let mut document = back.document;
        if *document != *before && self.is_held(&users, id) {
            document = before.to_owned();
            if back.changed {
                self.leave((&users, Change::Changed), Reason::NotUnique, id, &[]);
            }
            if let Some((customer, edits)) = &edits
                && edits.foreign.is_empty()
            {
                let changed = (&self.customers.clone(), Change::Changed);
                self.leave(changed, Reason::NotUnique, customer, &[]);
            }
        } else if let Some((customer, edits)) = &edits
            && !back.clashes.is_empty()
            && edits.foreign.is_empty()
        {
            let changed = (&self.customers.clone(), Change::Changed);
            self.leave(changed, Reason::UserChangedToo, customer, &back.clashes);
        }
        let touched = *document != *before;
        self.want(&users, document, touched).await
    }

    /// Whether the operator had the contact fields of this user removed though no customer took them.
    pub(crate) fn is_wiped(&self, id: &Id) -> bool {
        let wipes = |code| {
            let key = ConflictKey {
                code,
                business: None,
                subjects: vec![id.clone()],
            };
            self.session.answers.decisions.choice(&key) == Choice::Wipe
        };
        let mut codes = [Code::ContactOnlyOnAccount, Code::IdleUser].into_iter();
        self.links.customers_of(id).is_empty() && codes.any(wipes)
    }
}
