//! Feeding the check of what customers hold: links beside their customers, page by page, each with its users' originals.

use std::collections::BTreeSet;
use std::sync::Arc;

use bson::raw::RawDocument;
use mongodb::Database;

use crate::domain::id::Id;
use crate::domain::invariant::Ledger;
use crate::domain::link::LinkKind;
use crate::domain::map::Map;
use crate::domain::mapping::{LINKS, Mapping};
use crate::domain::raw::{elements, get};
use crate::domain::reference::GuestPaths;
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::domain::survivorship::MADE;
use crate::domain::value_check::{Guests, differences};
use crate::engine::Watcher;
use crate::engine::after_schema::lens::{change_of, undone};
use crate::engine::check::{Checked, KEPT};
use crate::engine::error::Result;
use crate::engine::session::Session;
use crate::store::scan::{self, Batch};
use crate::store::side_by_side::{Hashes, Page, Pipelined, SideBySide, Source};

/// The users that a link names.
fn users_of(link: &RawDocument) -> Vec<Id> {
    named_in(link, "users")
}

/// The bookings of which a link says that its guests come from them.
fn bookings_of(link: &RawDocument) -> Vec<Id> {
    named_in(link, "bookings")
}

fn named_in(link: &RawDocument, list: &str) -> Vec<Id> {
    let users = get(link, list).and_then(|users| RawDocument::from_bytes(users.bytes).ok());
    let users = users.into_iter().flat_map(elements);
    users
        .map_while(std::result::Result::ok)
        .map(|element| Id::from_value(element.value))
        .collect()
}

impl Session {
    /// Hands links and customers to the ledger, and checks that every created customer holds what its users held. Also says the customers'
    /// fingerprint. After the users.
    pub(crate) async fn walk_links(
        &self,
        ledger: &mut Ledger,
        watcher: &Watcher,
    ) -> Result<Checked> {
        let database = &self.work.connection.database;
        let customers = self.layout.place(&self.work.mapping.customers());
        let users = self
            .layout
            .source(&self.work.mapping.users())
            .unwrap_or_default();
        let typed: BTreeSet<String> = self
            .answers
            .decisions
            .single
            .values()
            .flat_map(|decision| decision.set.values().cloned())
            .collect();
        let mut checked = Checked::default();
        let links = Source {
            name: LINKS,
            most: 0,
        };
        let pages = SideBySide::of(database, links, &[&customers], Hashes::Companion)?;
        watcher.says("checking what customers hold", 0, 0);
        let given = Arc::new((self.work.mapping.clone(), typed));
        let of_bookings = self.work.mapping.bookings();
        let bookings = self.layout.source(&of_bookings);
        let guest = self.work.mapping.booking.following.guest.as_ref();
        let taken_in = self.taken_in(&of_bookings);
        let mut bookings: Vec<String> = bookings.into_iter().chain(taken_in).collect();
        if guest.is_none() {
            bookings.clear();
        }
        let places = Arc::new(Places { users, bookings });
        let mut pages = Pipelined::new(pages, |page| {
            examined(
                database.clone(),
                page,
                Arc::clone(&places),
                Arc::clone(&given),
            )
        });
        while let Some((page, wrong)) = pages.next().await? {
            self.work.between_batches(watcher)?;
            for (_, customer) in page.unmatched() {
                ledger.customer(customer);
            }
            for met in page.rows() {
                ledger.link(met.original);
                if let Some(customer) = met.partners.first().copied().flatten() {
                    ledger.customer(customer);
                }
            }
            for says in wrong {
                checked.wrong += 1;
                if checked.findings.len() < KEPT {
                    checked.findings.push(says);
                }
            }
        }
        Ok(checked.with(&self.work.mapping.customers(), pages.fingerprint()))
    }
}

/// Where those stand of whom customers were made.
struct Places {
    users: String,
    /// The originals, then those that were taken in later; none where bookings have no guests.
    bookings: Vec<String>,
}

/// Links beside their customers, and what is wrong with what these hold.
async fn examined(
    database: Database,
    page: Page,
    places: Arc<Places>,
    given: Arc<(Mapping, BTreeSet<String>)>,
) -> crate::store::Result<(Page, Vec<String>)> {
    let met = page.rows();
    let created = || met.iter().filter(|met| is_created(met.original));
    let named: BTreeSet<Id> = created().flat_map(|met| users_of(met.original)).collect();
    let users = scan::batches_by_ids(&database, &places.users, &named).await?;
    let originals = by_id(&users);
    let named: BTreeSet<Id> = created()
        .flat_map(|met| bookings_of(met.original))
        .collect();
    let mut bookings = Vec::new();
    let fields = GuestPaths::of(&given.0).map(|it| it.fields());
    let fields = fields.unwrap_or_default();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    for place in &places.bookings {
        let found = scan::fields_by_ids(&database, place, &named, &fields).await?;
        bookings.extend(found);
    }
    let bookings = by_id(&bookings);
    let mut wrong = Vec::new();
    for met in created() {
        // The ledger names a customer that is missing.
        if let Some(customer) = met.partners.first().copied().flatten() {
            let both = (met.original, customer);
            wrong.extend(values_of(&given, both, &originals, &bookings));
        }
    }
    drop(met);
    Ok((page, wrong))
}

fn values_of(
    (mapping, typed): &(Mapping, BTreeSet<String>),
    (link, customer): (&RawDocument, &RawDocument),
    users: &Map<Id, &RawDocument>,
    bookings: &Map<Id, &RawDocument>,
) -> Vec<String> {
    let mut originals: Vec<&RawDocument> = Vec::new();
    for id in users_of(link) {
        match users.get(&id.canonical()) {
            Some(user) => originals.push(*user),
            None => return vec![format!("a link names user {id}, who does not exist")],
        }
    }
    let named = bookings_of(link);
    let found = named.iter().filter_map(|id| bookings.get(&id.canonical()));
    let guests = Guests {
        bookings: found.copied().collect(),
        named: named.len(),
    };
    let change = change_of(mapping, &mapping.customers());
    let made = get(link, MADE).and_then(|it| RawDocument::from_bytes(it.bytes).ok());
    let known = made.map_or(Known::Nothing, Known::Fields);
    match undone(change, customer, known) {
        Ok(customer) => differences(mapping, (link, &customer), &originals, &guests, typed),
        Err(error) => vec![error.to_string()],
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
    // A kind that is not known is a finding of the ledger.
    LinkKind::of(link).is_ok_and(LinkKind::is_created)
}
