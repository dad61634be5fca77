//! Feeding the check of what customers hold: links in pages, each with its customer and its users' originals.

use std::collections::BTreeSet;

use bson::raw::RawDocument;
use mongodb::Database;

use super::Watcher;
use super::check::{Checked, KEPT};
use super::error::Result;
use super::session::Session;
use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::mapping::{LINKS, Rebuilt};
use crate::domain::raw::{elements, get};
use crate::domain::survey::facts::id_of;
use crate::domain::value_check::differences;
use crate::store::StoreError;
use crate::store::pages::{Hashes, Page, Pages};
use crate::store::scan::{self, Batch};

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
        let mut pages = Pages::of(database, LINKS, &[], Hashes::Nothing)?;
        watcher.says("checking what customers hold", 0, 0);
        let read = |page: Page| {
            let database = database.clone();
            tokio::spawn(LinksRead::of(
                database,
                page,
                customers.clone(),
                users.clone(),
            ))
        };
        let mut reading = pages.next().await?.map(read);
        while let Some(read_now) = reading.take() {
            if watcher.cancel.is_cancelled() {
                return Err(StoreError::Cancelled.into());
            }
            let read_now = read_now.await.unwrap_or_else(|_| {
                Err(StoreError::Refused(
                    "reading links was broken off".to_owned(),
                ))
            })?;
            // The next page is read while this one is looked at.
            reading = pages.next().await?.map(read);
            let (held, originals) = (by_id(&read_now.customers), by_id(&read_now.users));
            for link in read_now.page.documents().filter(|link| is_created(link)) {
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
        customers: &Map<Id, &RawDocument>,
        users: &Map<Id, &RawDocument>,
        typed: &BTreeSet<String>,
    ) -> Vec<String> {
        let customer = id_of(link).and_then(|id| customers.get(&id.canonical()));
        let Some(customer) = customer else {
            return Vec::new(); // the ledger names a customer that is missing
        };
        let mut originals: Vec<&RawDocument> = Vec::new();
        for id in users_of(link) {
            match users.get(&id.canonical()) {
                Some(user) => originals.push(*user),
                None => return vec![format!("a link names user {id}, who does not exist")],
            }
        }
        differences(&self.mapping, link, customer, &originals, typed)
    }
}

/// Links, and the customers and users that they name.
struct LinksRead {
    page: Page,
    customers: Vec<Batch>,
    users: Vec<Batch>,
}

impl LinksRead {
    async fn of(
        database: Database,
        page: Page,
        customers: String,
        users: String,
    ) -> crate::store::Result<Self> {
        let links = || page.documents().filter(|link| is_created(link));
        let made: Vec<Id> = links().filter_map(id_of).collect();
        let named: BTreeSet<Id> = links().flat_map(users_of).collect();
        let (customers, users) = tokio::try_join!(
            scan::batches_by_ids(&database, &customers, &made),
            scan::batches_by_ids(&database, &users, &named),
        )?;
        Ok(Self {
            page,
            customers,
            users,
        })
    }
}

/// Documents by canonical `_id`.
fn by_id(batches: &[Batch]) -> Map<Id, &RawDocument> {
    batches
        .iter()
        .flat_map(Batch::documents)
        .filter_map(|document| Some((id_of(document)?.canonical(), document)))
        .collect()
}

fn is_created(link: &RawDocument) -> bool {
    get(link, "kind")
        .and_then(|kind| kind.as_str())
        .is_some_and(|kind| kind.starts_with("created"))
}
