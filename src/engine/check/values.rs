//! Feeding the check of what customers hold: links beside their customers, page by page, each with its users' originals.

use std::collections::BTreeSet;
use std::sync::Arc;

use bson::raw::RawDocument;
use mongodb::Database;

use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::Decision;
use crate::domain::id::Id;
use crate::domain::invariant::{Ledger, ProofPaths, first_hop, guests_of};
use crate::domain::link::{BETWEEN, BOOKINGS, Between, LinkKind};
use crate::domain::map::Map;
use crate::domain::mapping::{FieldSource, LINKS, Mapping};
use crate::domain::raw::{elements, get};
use crate::domain::schema_change::undo::Known;
use crate::domain::survey::facts::id_of;
use crate::domain::survivorship::{MADE, dated_by};
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
        let places = Arc::new(Places {
            users,
            guests: self.places_of_guests(),
            between: between_of_mapping(&self.work.mapping)
                .into_iter()
                .map(|(name, fields)| {
                    let place = self.layout.original_of(&self.work.mapping, &name);
                    (name, place, fields)
                })
                .collect(),
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

impl Session {
    /// Where those documents stand that say who a guest is.
    fn places_of_guests(&self) -> Vec<(Option<String>, Vec<String>, Vec<String>)> {
        let mapping = &self.work.mapping;
        let bookings = mapping.bookings();
        let followed = mapping.follow.iter().map(|it| Some(it.collection.as_str()));
        let mut all: Vec<(Option<String>, Vec<String>, Vec<String>)> = Vec::new();
        for collection in std::iter::once(None).chain(followed) {
            let known = all.iter().any(|(it, ..)| it.as_deref() == collection);
            if known || guests_of(mapping, collection).next().is_none() {
                continue;
            }
            let live = collection.unwrap_or(bookings.live());
            let mut places = vec![self.layout.original_of(mapping, live)];
            let rebuilt = mapping.rebuilt();
            let which = rebuilt.iter().find(|it| it.live() == live);
            places.extend(which.into_iter().flat_map(|it| self.taken_in(it.live())));
            let mut fields: BTreeSet<String> = guests_of(mapping, collection)
                .flat_map(|guest| &guest.members)
                .map(|(_, path)| path.top().to_owned())
                .collect();
            if collection.is_none() {
                fields.extend(mapping.booking.created.iter().map(|it| it.top().to_owned()));
            }
            all.push((
                collection.map(str::to_owned),
                places,
                fields.into_iter().collect(),
            ));
        }
        all
    }
}

/// Where those stand of whom customers were made.
struct Places {
    users: String,
    /// Documents that say who a guest is: their collection, none for bookings; where these stand, the originals, then those that were taken in
    /// later; and what is read of them.
    guests: Vec<(Option<String>, Vec<String>, Vec<String>)>,
    /// The collections of the documents on the way to a user that give fields, where these stand, and what is read of them.
    between: Vec<(String, String, Vec<String>)>,
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
    let named: Vec<Between> = created()
        .flat_map(|met| Between::all(met.original, BOOKINGS))
        .collect();
    let mut batches = Vec::new();
    for (collection, places, fields) in &places.guests {
        let of = named.iter().filter(|it| it.collection == *collection);
        let ids: BTreeSet<Id> = of.map(|it| it.id.clone()).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        for place in places {
            let found = scan::fields_by_ids(&database, place, &ids, &fields).await?;
            batches.push((collection.as_deref(), found));
        }
    }
    let mut guests = OfGuests::default();
    for (collection, found) in &batches {
        for (id, document) in by_id(found) {
            guests.insert((*collection, id), document);
        }
    }
    let named: Vec<Between> = created()
        .flat_map(|met| Between::all(met.original, BETWEEN))
        .collect();
    let mut batches = Vec::new();
    for (collection, place, fields) in &places.between {
        let of = named
            .iter()
            .filter(|it| collection_of(&given.0, it) == Some(collection));
        let ids: BTreeSet<Id> = of.map(|it| it.id.clone()).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let found = scan::fields_by_ids(&database, place, &ids, &fields).await?;
        batches.push((collection.as_str(), found));
    }
    let mut between = OnTheWay::default();
    for (collection, found) in &batches {
        for (id, document) in by_id(found) {
            between.insert((collection, id), document);
        }
    }
    let mut wrong = Vec::new();
    for met in created() {
        // The ledger names a customer that is missing.
        if let Some(customer) = met.partners.first().copied().flatten() {
            let both = (met.original, customer);
            wrong.extend(values_of(&given, both, &originals, (&guests, &between)));
        }
    }
    drop(met);
    Ok((page, wrong))
}

/// Documents that say who a guest is, by their collection, none for bookings, and `_id`.
type OfGuests<'d> = Map<(Option<&'d str>, Id), &'d RawDocument>;
/// Documents on the way to a user, by their collection and `_id`.
type OnTheWay<'d> = Map<(&'d str, Id), &'d RawDocument>;

fn values_of(
    (mapping, decided): &(Mapping, Decided),
    (link, customer): (&RawDocument, &RawDocument),
    users: &Map<Id, &RawDocument>,
    (of_guests, between): (&OfGuests<'_>, &OnTheWay<'_>),
) -> Vec<String> {
    let mut originals: Vec<&RawDocument> = Vec::new();
    for id in users_of(link) {
        match users.get(&id.canonical()) {
            Some(user) => originals.push(*user),
            None => return vec![format!("a link names user {id}, who does not exist")],
        }
    }
    let named = Between::all(link, BOOKINGS);
    let found = named.iter().filter_map(|it| {
        let collection = it.collection.as_deref();
        let document = of_guests.get(&(collection, it.id.canonical()))?;
        Some((collection, *document))
    });
    let via = Between::all(link, BETWEEN);
    let via_found = via.iter().filter_map(|it| {
        let collection = collection_of(mapping, it)?;
        let document = between.get(&(collection, it.id.canonical()))?;
        Some((collection, *document))
    });
    let guests = Guests {
        bookings: found.collect(),
        named: named.len(),
        named_between: via.len(),
        between: via_found.collect(),
    };
    let change = change_of(mapping, &mapping.customers());
    let made = get(link, MADE).and_then(|it| RawDocument::from_bytes(it.bytes).ok());
    let dated = dated_by(link);
    let known = made.map_or(Known::Nothing, |made| Known::Fields(made, dated));
    let customer = match undone(change, customer, known) {
        Ok(customer) => customer,
        Err(error) => return vec![error.to_string()],
    };
    let mut wrong = differences(mapping, (link, &customer), &originals, &guests, decided);
    // A date that is still there is not the one that the link holds.
    let rules = change.into_iter().flat_map(|it| &it.rules);
    for rule in rules.filter(|rule| dated.is_some() && rule.asks_for_oldest()) {
        let of_user = made.is_none_or(|made| get(made, rule.field()).is_some());
        if let (false, Some(id), Some(_)) =
            (of_user, id_of(&customer), get(&customer, rule.field()))
        {
            wrong.push(format!(
                "{} of customer {id} is not the date of its oldest user or booking",
                rule.field()
            ));
        }
    }
    wrong
}

/// The collection of a document on the way.
fn collection_of<'m>(mapping: &'m Mapping, between: &'m Between) -> Option<&'m str> {
    let first = || first_hop(mapping);
    between.collection.as_deref().or_else(first)
}

/// The collections of the documents on the way to a user that give fields to customers, each once, and what of them is needed to prove that.
fn between_of_mapping(mapping: &Mapping) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (_, source) in &mapping.customer.fields {
        let FieldSource::Hop { collection, field } = source else {
            continue;
        };
        let at = all.iter().position(|(known, _)| known == collection);
        let at = at.unwrap_or_else(|| {
            let needed = ProofPaths::of(mapping).needed().into_iter();
            let needed = needed.filter(|needed| needed.collection == *collection);
            let names: BTreeSet<String> = needed.flat_map(|needed| needed.fields).collect();
            all.push((collection.clone(), names.into_iter().collect()));
            all.len() - 1
        });
        all[at].1.push(field.top().to_owned());
    }
    all
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
