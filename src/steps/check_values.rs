//! Feeding the check of what customers hold: links in pages, each with its customer and its users' originals.

use std::collections::{BTreeSet, HashMap};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::Watcher;
use super::check::{Checked, KEPT, by_id};
use super::error::Result;
use super::session::Session;
use crate::domain::id::Id;
use crate::domain::mapping::{LINKS, Rebuilt};
use crate::domain::raw::{elements, get};
use crate::domain::survey::facts::id_of;
use crate::domain::value_check::differences;
use crate::store::StoreError;
use crate::store::pages::Pages;
use crate::store::scan;

/// The users that a link names.
fn users_of(link: &RawDocument) -> Vec<Id> {
    let users = get(link, "users").and_then(|users| RawDocument::from_bytes(users.bytes).ok());
    let users = users.into_iter().flat_map(elements);
    users
        .map_while(std::result::Result::ok)
        .map(|element| Id::from_value(element.value))
        .collect()
}

impl Session {
    /// Checks that every created customer holds what its users held.
    pub(super) async fn check_values(&self, watcher: &Watcher) -> Result<Checked> {
        let database = &self.connection.database;
        let customers = self.mapping_place(Rebuilt::Customer);
        let users = self.source(Rebuilt::User).unwrap_or_default();
        let typed: BTreeSet<String> = self
            .decisions
            .single
            .values()
            .flat_map(|decision| decision.set.values().cloned())
            .collect();
        let mut checked = Checked::default();
        let mut pages = Pages::of(database, LINKS, &[])?;
        watcher.says("checking what customers hold", 0, 0);
        while let Some(page) = pages.next().await? {
            if watcher.cancel.is_cancelled() {
                return Err(StoreError::Cancelled.into());
            }
            let links: Vec<&RawDocument> =
                page.documents().filter(|link| is_created(link)).collect();
            let ids: Vec<Id> = links.iter().filter_map(|link| id_of(link)).collect();
            let held = by_id(scan::by_ids(database, &customers, &ids).await?);
            let ids: BTreeSet<Id> = links.iter().flat_map(|link| users_of(link)).collect();
            let originals = by_id(scan::by_ids(database, &users, &ids).await?);
            for link in links {
                for says in self.values_of(link, &held, &originals, &typed) {
                    checked.wrong += 1;
                    if checked.findings.len() < KEPT {
                        checked.findings.push(says);
                    }
                }
            }
        }
        Ok(checked)
    }

    fn values_of(
        &self,
        link: &RawDocument,
        customers: &HashMap<Id, RawDocumentBuf>,
        users: &HashMap<Id, RawDocumentBuf>,
        typed: &BTreeSet<String>,
    ) -> Vec<String> {
        let customer = id_of(link).and_then(|id| customers.get(&id.canonical()));
        let Some(customer) = customer else {
            return Vec::new(); // the ledger names a customer that is missing
        };
        let mut originals: Vec<&RawDocument> = Vec::new();
        for id in users_of(link) {
            match users.get(&id.canonical()) {
                Some(user) => originals.push(user),
                None => return vec![format!("a link names user {id}, who does not exist")],
            }
        }
        differences(&self.mapping, link, customer, &originals, typed)
    }
}

fn is_created(link: &RawDocument) -> bool {
    get(link, "kind")
        .and_then(|kind| kind.as_str())
        .is_some_and(|kind| kind.starts_with("created"))
}
