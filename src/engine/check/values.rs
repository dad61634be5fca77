//! Feeding the check of what customers hold: links beside their customers, page by page, each with its users' originals.

use std::collections::BTreeSet;
use std::sync::Arc;

use bson::raw::RawDocument;
use mongodb::Database;

use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::Decision;
use crate::domain::id::Id;
use crate::domain::invariant::{Ledger, ProofPaths};
use crate::domain::link::LinkKind;
use crate::domain::map::Map;
use crate::domain::mapping::{FieldSource, LINKS, Mapping};
use crate::domain::raw::{elements, get};
use crate::domain::reference::GuestPaths;
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::domain::survivorship::MADE;
use crate::domain::value_check::{Decided, Guests, differences};
use crate::engine::Watcher;
use crate::engine::after_schema::lens::{change_of, undone};
use crate::engine::check::{Checked, KEPT};
use crate::engine::error::Result;
use crate::engine::session::{Answers, Session};
use crate::store::scan::{self, Batch};
use crate::store::side_by_side::{Hashes, Page, Pipelined, SideBySide, Source};

impl Answers {
    /// What the decisions let customers hold that no user does.
    fn decided(&self) -> Decided {
        let single = || self.decisions.single.iter();
        let normalises = |(key, it): (&ConflictKey, &Decision)| {
            key.code == Code::EmailSpelling && it.choice == Choice::Normalise
        };
        Decided {
            typed: single()
                .flat_map(|(_, decision)| decision.set.values().cloned())
                .collect(),
            respelled: single().any(normalises)
                || self.decisions.policy.get(&Code::EmailSpelling) == Some(&Choice::Normalise),
        }
    }
}

/// The users that a link names.
fn users_of(link: &RawDocument) -> Vec<Id> {
    named_in(link, "users")
}

/// The bookings of which a link says that its guests come from them.
fn bookings_of(link: &RawDocument) -> Vec<Id> {
    named_in(link, "bookings")
}

/// The documents on the way to a user of which a link says that fields come from them.
fn between_of(link: &RawDocument) -> Vec<Id> {
    named_in(link, "between")
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
        let decided = self.answers.decided();
        let mut checked = Checked::default();
        let links = Source {
            name: LINKS,
            most: 0,
        };
        let pages = SideBySide::of(database, links, &[&customers], Hashes::Companion)?;
        watcher.says("checking what customers hold", 0, 0);
        let given = Arc::new((self.work.mapping.clone(), decided));
        let of_bookings = self.work.mapping.bookings();
        let bookings = self.layout.source(&of_bookings);
        let guest = self.work.mapping.booking.following.guest.as_ref();
        let taken_in = self.taken_in(&of_bookings);
        let mut bookings: Vec<String> = bookings.into_iter().chain(taken_in).collect();
        if guest.is_none() {
            bookings.clear();
        }
        let places = Arc::new(Places {
            users,
            bookings,
            between: between_of_mapping(&self.work.mapping)
                .map(|(name, fields)| (self.layout.original_of(&self.work.mapping, &name), fields)),
        });
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
    /// The documents on the way to a user that give fields, and what is read of them.
    between: Option<(String, Vec<String>)>,
}

/// Links beside their customers, and what is wrong with what these hold.
async fn examined(
    database: Database,
    page: Page,
    places: Arc<Places>,
    given: Arc<(Mapping, Decided)>,
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
    let named: BTreeSet<Id> = created().flat_map(|met| between_of(met.original)).collect();
    let between = match &places.between {
        Some((place, fields)) => {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            scan::fields_by_ids(&database, place, &named, &fields).await?
        }
        None => Vec::new(),
    };
    let between = by_id(&between);
    let mut wrong = Vec::new();
    for met in created() {
        // The ledger names a customer that is missing.
        if let Some(customer) = met.partners.first().copied().flatten() {
            let both = (met.original, customer);
            wrong.extend(values_of(&given, both, &originals, (&bookings, &between)));
        }
    }
    drop(met);
    Ok((page, wrong))
}

fn values_of(
    (mapping, decided): &(Mapping, Decided),
    (link, customer): (&RawDocument, &RawDocument),
    users: &Map<Id, &RawDocument>,
    (bookings, between): (&Map<Id, &RawDocument>, &Map<Id, &RawDocument>),
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
    let via = between_of(link);
    let via_found = via.iter().filter_map(|id| between.get(&id.canonical()));
    let guests = Guests {
        bookings: found.copied().collect(),
        named: named.len(),
        named_between: via.len(),
        between: via_found.copied().collect(),
    };
    let change = change_of(mapping, &mapping.customers());
    let made = get(link, MADE).and_then(|it| RawDocument::from_bytes(it.bytes).ok());
    let known = made.map_or(Known::Nothing, Known::Fields);
    match undone(change, customer, known) {
        Ok(customer) => differences(mapping, (link, &customer), &originals, &guests, decided),
        Err(error) => vec![error.to_string()],
    }
}

/// The collection of the documents on the way to a user that give fields to customers, and what of them is needed to prove that.
fn between_of_mapping(mapping: &Mapping) -> Option<(String, Vec<String>)> {
    let fields = mapping.customer.fields.iter();
    let mut hops = fields.filter_map(|(_, source)| match source {
        FieldSource::Hop { collection, .. } => Some(collection.clone()),
        FieldSource::Of(_) => None,
    });
    let collection = hops.next()?;
    let proof = ProofPaths::of(mapping).needed().into_iter();
    let then = proof.filter(|needed| needed.collection == collection);
    let mut names: BTreeSet<String> = then.flat_map(|needed| needed.fields).collect();
    for (_, source) in &mapping.customer.fields {
        if let FieldSource::Hop { field, .. } = source {
            names.insert(field.top().to_owned());
        }
    }
    Some((collection, names.into_iter().collect()))
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
