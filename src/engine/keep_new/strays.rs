//! Strays after a rollback. Their documents go in as the application of before wrote them; one that names a customer names its user again, as what
//! a rollback carries back.

use std::collections::{HashMap, HashSet};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::bookings::Roads;
use super::{Carrying, Copies, Held, invalid};
use crate::domain::id::Id;
use crate::domain::keep_new::booking::Ground;
use crate::domain::keep_new::links::Links;
use crate::domain::link::LinkKind;
use crate::domain::rebuilt::{Rebuilt, Role};
use crate::domain::reference::References;
use crate::domain::schema_change::undo::Known;
use crate::engine::Watcher;
use crate::engine::after_schema::lens::change_of;
use crate::engine::check::by_id;
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan;

/// How documents of one collection name users again.
pub(crate) struct BackToUsers<'s> {
    session: &'s Session,
    which: Rebuilt,
    roads: Vec<Roads>,
    links: Links,
    nobody: HashSet<Id>,
}

impl<'s> BackToUsers<'s> {
    /// Reads the links, and what lies on the way to users.
    pub(crate) async fn of(
        session: &'s Session,
        which: &Rebuilt,
        watcher: &Watcher,
    ) -> Result<Self> {
        let held = Held::new();
        let mut carrying = Carrying::new(session, (false, &held), Copies::new(), watcher);
        carrying.read_links().await?;
        let mut roads = Vec::new();
        for (paths, code) in carrying.entries(which, which.role() == Role::Bookings) {
            roads.push(carrying.roads(paths, code).await?);
        }
        Ok(Self {
            session,
            which: which.clone(),
            roads,
            links: std::mem::take(&mut carrying.links),
            nobody: HashSet::new(),
        })
    }

    /// The document with its users in the places of customers; `None` where nobody can say who they are. The rules of the after-schema may be
    /// `undone` in it already.
    pub(crate) async fn document(
        &self,
        stray: &RawDocument,
        undone: bool,
    ) -> Result<Option<RawDocumentBuf>> {
        let ground = |roads| {
            let nobody = (&self.nobody, &self.nobody);
            Roads::ground(roads, self.session, &self.links, nobody)
        };
        let grounds: Vec<Ground<'_>> = self.roads.iter().map(ground).collect();
        let mut named = grounds.iter().map(|ground| ground.paths.read(stray));
        if !named.any(|said| said.customer.is_some()) {
            return Ok(Some(stray.to_owned()));
        }
        let change = change_of(&self.session.work.mapping, &self.which);
        let mut document = match change.filter(|_| !undone) {
            Some(change) => change.undo(stray, Known::Nothing)?,
            None => stray.to_owned(),
        };
        for ground in grounds.iter().rev() {
            let said = ground.paths.read(&document);
            if said.customer.is_none() || ground.paths.is_outside(&document) {
                continue;
            }
            if ground.paths.is_in_place() && !said.customers().any(|it| self.is_of_ours(it)) {
                // In that field the application of before names users.
                if !self.stand(ground, &said).await? {
                    return Ok(None);
                }
                continue;
            }
            let stand_ins = said.customers().all(|customer| {
                let origin = self.links.origin(customer);
                origin.is_some_and(|origin| origin.kind == LinkKind::Placeholder)
            });
            let Some(back) = ground.new_booking(&document).map_err(invalid)? else {
                return Ok(None);
            };
            let said = ground.paths.read(&back);
            if !stand_ins && !self.stand(ground, &said).await? {
                return Ok(None);
            }
            document = back;
        }
        Ok(Some(document))
    }

    fn is_of_ours(&self, customer: &Id) -> bool {
        self.links.origin(customer).is_some()
    }

    /// True where the users stand that a document names.
    async fn stand(&self, ground: &Ground<'_>, said: &References) -> Result<bool> {
        let users = if ground.paths.is_list() {
            ground.users_of(&said.user)
        } else {
            ground.user_of(&said.user).into_iter().collect()
        };
        let session = self.session;
        let users_of = session.work.mapping.users();
        let place = session.layout.now(users_of.live());
        let database = &self.session.work.connection.database;
        let found: HashMap<Id, _> = by_id(scan::by_ids(database, place, &users).await?);
        Ok(users.iter().all(|user| {
            let other = user.other_form().map(|it| it.canonical());
            found.contains_key(&user.canonical()) || other.is_some_and(|it| found.contains_key(&it))
        }))
    }
}
