//! What is in the database held against what must be: every difference as one readable line.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document, doc};

use crate::oracle::bytes::{Field, Value, fields, first, show, tag};
use crate::oracle::expected::{Customer, Fate, Link, Made, Outcome, with_customers, with_id};
use crate::oracle::state::{Held, Snapshot};

const SIDE: [&str; 4] = [
    "_ringfence_lease",
    "_ringfence_links",
    "_ringfence_quarantine",
    "_ringfence_runs",
];
/// What `expireAfterSeconds` is set to on a kept original, so that it does not empty itself.
const NEVER: i32 = i32::MAX;

/// What a customer's `_id` must follow from: business, smallest user id or reference to nobody, type of the `_id`.
pub type IdSource = (Value, Option<Value>, u8);

/// The differences, and every new customer's `_id` with what it must follow from.
#[derive(Default)]
pub struct Findings {
    pub differences: Vec<String>,
    pub ids: Vec<(IdSource, Value)>,
}

impl Findings {
    fn say(&mut self, difference: String) {
        self.differences.push(difference);
    }
}

/// Holds the database after `apply` against the oracle.
pub fn after_apply(original: &Snapshot, outcome: &Outcome, now: &Snapshot) -> Findings {
    let mut findings = Findings::default();
    let mut customer_ids = bookings(outcome, now, &mut findings);
    without_bookings(outcome, now, &mut customer_ids);
    customers(original, outcome, now, &customer_ids, &mut findings);
    links(outcome, now, &customer_ids, &mut findings);
    if outcome.rebuilt.contains(&"User") {
        let users: Vec<Vec<u8>> = sorted(outcome.users.clone());
        same_documents("User", &users, now.documents("User"), &mut findings);
    }
    collections(original, outcome, now, &mut findings);
    findings
}

/// Holds the database after `rollback` against what it was before everything.
pub fn after_rollback(original: &Snapshot, now: &Snapshot) -> Vec<String> {
    let mut findings = Findings::default();
    for name in now.collections.keys() {
        if !original.collections.contains_key(name) && !SIDE.contains(&name.as_str()) {
            findings.say(format!("after the rollback {name} is left over"));
        }
    }
    for (name, held) in &original.collections {
        same_collection(name, held, now.collections.get(name), &mut findings);
    }
    findings.differences
}

/// Holds the database after a refusal against what it was: nothing that an application sees may differ.
pub fn after_refusal(original: &Snapshot, now: &Snapshot) -> Vec<String> {
    after_rollback(original, now)
}

fn sorted(mut documents: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    documents.sort();
    documents
}

fn by_id(documents: &[Vec<u8>]) -> BTreeMap<Value, &Vec<u8>> {
    documents
        .iter()
        .map(|document| {
            let fields = fields(document);
            let id = first(&fields, "_id").expect("an _id");
            (id.clone(), document)
        })
        .collect()
}

fn id_of(document: &[u8]) -> Value {
    let fields = fields(document);
    first(&fields, "_id").expect("an _id").clone()
}

/// Checks bookings and quarantine; returns the `_id` of each new customer, by its place, as its bookings name it.
fn bookings(outcome: &Outcome, now: &Snapshot, findings: &mut Findings) -> BTreeMap<usize, Value> {
    let live = by_id(now.documents("Booking"));
    let mut expected_ids = BTreeSet::new();
    let mut quarantined = Vec::new();
    let mut customers: BTreeMap<usize, Value> = BTreeMap::new();
    for booking in &outcome.bookings {
        let id = id_of(&booking.before);
        if matches!(booking.fate, Fate::Quarantined) {
            quarantined.push(booking.before.clone());
            continue;
        }
        expected_ids.insert(id.clone());
        let Some(actual) = live.get(&id) else {
            findings.say(format!("Booking {id:?} is missing"));
            continue;
        };
        let expected = match &booking.fate {
            Fate::Linked { rest, to, put } => {
                let all = fields(actual);
                let held = match put.at {
                    Some(at) => all.get(at),
                    None => all.last(),
                };
                let Some(held) = held.filter(|it| it.name == "customerId") else {
                    findings.say(format!("Booking {id:?} has no customerId in its place"));
                    continue;
                };
                let inside = put.listed && held.value.tag == tag::ARRAY;
                let inner = inside.then(|| fields(&held.value.bytes));
                let value = |at: usize| match &inner {
                    Some(list) => list.get(at).map_or(Value::null(), |it| it.value.clone()),
                    None => held.value.clone(),
                };
                let named: Vec<Value> = to
                    .iter()
                    .enumerate()
                    .map(|(place, to)| match to {
                        Customer::Made(at) => {
                            customers.entry(*at).or_insert_with(|| value(place)).clone()
                        }
                        Customer::Existing(at) => outcome.existing[*at].clone(),
                    })
                    .collect();
                with_customers(rest, &named, *put)
            }
            Fate::Kept(bytes) => bytes.clone(),
            Fate::Quarantined => unreachable!("handled above"),
        };
        differ(&format!("Booking {id:?}"), &expected, actual, findings);
    }
    for id in live.keys().filter(|id| !expected_ids.contains(id)) {
        findings.say(format!("Booking {id:?} should not be there"));
    }
    let held = now.documents("_ringfence_quarantine");
    same_documents(
        "_ringfence_quarantine",
        &sorted(quarantined),
        held,
        findings,
    );
    customers
}

/// Customers of users whom bookings name beside the one who holds them: their links tell which they are.
fn without_bookings(outcome: &Outcome, now: &Snapshot, ids: &mut BTreeMap<usize, Value>) {
    for (at, made) in outcome.made.iter().enumerate() {
        let of_this = |link: &&Vec<u8>| {
            let link = fields(link);
            first(&link, "businessId") == Some(&made.link.business)
                && named_in(&link, "users") == wanted(&made.link.users)
                && named_in(&link, "guests") == wanted(&made.link.guests)
        };
        if !ids.contains_key(&at)
            && let Some(link) = now.documents("_ringfence_links").iter().find(of_this)
        {
            ids.insert(at, id_of(link));
        }
    }
}

/// A list of a link, whole numbers by their value.
fn named_in(link: &[Field], list: &str) -> Vec<Value> {
    let list = first(link, list).filter(|it| it.tag == tag::ARRAY);
    let all = list.into_iter().flat_map(|list| fields(&list.bytes));
    let mut all: Vec<Value> = all.map(|it| it.value.by_value()).collect();
    all.sort();
    all
}

fn wanted(people: &BTreeSet<Value>) -> Vec<Value> {
    let mut wanted: Vec<Value> = people.iter().map(Value::by_value).collect();
    wanted.sort();
    wanted
}

/// The notes of bookings that name several users, by the bookings.
fn notes(outcome: &Outcome, links: &[Vec<u8>], findings: &mut Findings) {
    let note = |link: &[Field]| {
        let id = first(link, "_id").filter(|id| id.tag == tag::DOCUMENT)?;
        let id = fields(&id.bytes);
        let of_bookings = first(&id, "in").and_then(Value::as_str) == Some("Booking");
        let list = first(link, "users").filter(|_| of_bookings)?;
        let users = fields(&list.bytes).into_iter();
        let users: Vec<Value> = users.map(|it| it.value.by_value()).collect();
        Some((first(&id, "document")?.clone(), users))
    };
    let all = links.iter().map(|link| fields(link));
    let all = all.filter(|link| is_note(link));
    let mut found: Vec<(Value, Vec<Value>)> = Vec::new();
    for link in all {
        match note(&link) {
            Some(note) => found.push(note),
            None => findings.say(format!("a note that cannot be read: {link:?}")),
        }
    }
    let by_value = |(booking, users): &(Value, Vec<Value>)| {
        let users: Vec<Value> = users.iter().map(Value::by_value).collect();
        (booking.clone(), users)
    };
    let mut expected: Vec<_> = outcome.others.iter().map(by_value).collect();
    expected.sort();
    found.sort();
    if expected != found {
        findings.say(format!(
            "notes of several users are {found:?}, not {expected:?}"
        ));
    }
}

fn is_note(link: &[Field]) -> bool {
    first(link, "kind").and_then(Value::as_str) == Some("several-users")
}

fn customers(
    original: &Snapshot,
    outcome: &Outcome,
    now: &Snapshot,
    ids: &BTreeMap<usize, Value>,
    findings: &mut Findings,
) {
    let mut expected: Vec<Vec<u8>> = original.documents("Customer").to_vec();
    let mut taken: BTreeSet<Value> = outcome.existing.iter().cloned().collect();
    for (at, made) in outcome.made.iter().enumerate() {
        // Without its bookings, which are reported already, nothing tells which customer it is.
        let Some(id) = ids.get(&at) else { continue };
        expected.push(with_id(id, &made.rest));
        if !taken.insert(id.clone()) {
            findings.say(format!("two customers share the _id {id:?}"));
        }
        well_made(id, made, findings);
        findings.ids.push((
            (made.link.business.clone(), made.id.from.clone(), id.tag),
            id.clone(),
        ));
    }
    same_documents(
        "Customer",
        &sorted(expected),
        now.documents("Customer"),
        findings,
    );
}

/// Checks the type of a new `_id`, and the marks that its kind must bear.
fn well_made(id: &Value, made: &Made, findings: &mut Findings) {
    let allowed = match made.id.tag {
        Some(tag) => vec![tag],
        None => vec![tag::OBJECT_ID, tag::BINARY, tag::STRING],
    };
    if !allowed.contains(&id.tag) {
        findings.say(format!("customer {id:?} has an _id of the wrong type"));
    }
    let well_formed = match id.tag {
        tag::OBJECT_ID => match made.id.from.as_ref().and_then(Value::as_object_id) {
            Some(_) | None if made.id.of_guest => id.bytes[..4] == [0; 4],
            // The time of the user's own id is kept.
            Some(from) => id.bytes[..4] == from[..4],
            None => true,
        },
        tag::BINARY => id
            .as_uuid()
            .is_some_and(|uuid| uuid[6] >> 4 == 8 && uuid[8] >> 6 == 2),
        _ => id.as_str().is_some_and(|text| {
            text.len() == 24 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        }),
    };
    if !well_formed {
        findings.say(format!(
            "customer {id:?} of user {:?} has a malformed _id",
            made.id.from
        ));
    }
}

fn links(outcome: &Outcome, now: &Snapshot, ids: &BTreeMap<usize, Value>, findings: &mut Findings) {
    let mut expected: BTreeMap<Value, &Link> = BTreeMap::new();
    for (at, id) in ids {
        expected.insert(id.clone(), &outcome.made[*at].link);
    }
    for (at, link) in &outcome.links_of_existing {
        expected.insert(outcome.existing[*at].clone(), link);
    }
    let all = now.documents("_ringfence_links");
    notes(outcome, all, findings);
    let mut actual = by_id(all);
    actual.retain(|_, link| !is_note(&fields(link)));
    for (id, link) in &expected {
        let Some(document) = actual.get(id) else {
            findings.say(format!("customer {id:?} has no link"));
            continue;
        };
        let document = fields(document);
        match first(&document, "businessId") {
            Some(business) if *business == link.business => {}
            other => findings.say(format!(
                "the link of {id:?} names business {other:?}, not {:?}",
                link.business
            )),
        }
        let mut users = named_in(&document, "users");
        // A placeholder may name its reference to nobody: whether that is a user is left open.
        if link.users.is_empty() {
            let nobody = link.nobody.as_ref().map(Value::by_value);
            users.retain(|user| Some(user) != nobody.as_ref());
        }
        let guests = named_in(&document, "guests");
        if users != wanted(&link.users) || guests != wanted(&link.guests) {
            findings.say(format!(
                "the link of {id:?} holds users {users:?} and guests {guests:?}, not {:?} and {:?}",
                link.users, link.guests
            ));
        }
    }
    // A customer that was there before has a link too, with no users where no booking points at it.
    for (id, link) in actual.iter().filter(|(id, _)| !expected.contains_key(*id)) {
        let link = fields(link);
        let existing =
            matches!(first(&link, "kind"), Some(kind) if kind.bytes == b"\x09\0\0\0existing\0");
        let nobody = named_in(&link, "users").is_empty() && named_in(&link, "guests").is_empty();
        if !(existing && nobody) {
            findings.say(format!("a link for {id:?}, which no booking points at"));
        }
    }
}

/// Checks names, options and indexes of everything, and the bytes of what is kept or not ours.
fn collections(original: &Snapshot, outcome: &Outcome, now: &Snapshot, findings: &mut Findings) {
    for (name, held) in &original.collections {
        if !outcome.rebuilt.contains(&name.as_str()) {
            same_collection(name, held, now.collections.get(name), findings);
            continue;
        }
        let kept = format!("_ringfence_before_{name}");
        let mut silenced = held.clone();
        for index in silenced.indexes.values_mut() {
            if index.contains_key("expireAfterSeconds") {
                index.insert("expireAfterSeconds", NEVER);
            }
        }
        same_collection(&kept, &silenced, now.collections.get(&kept), findings);
    }
    for &name in outcome.rebuilt {
        let mut expected = original.collections.get(name).cloned().unwrap_or(Held {
            kind: "collection".to_owned(),
            indexes: BTreeMap::from([("_id_".to_owned(), index("_id_", &doc! { "_id": 1 }))]),
            ..Held::default()
        });
        migrated_indexes(name, outcome.plain_email_index, &mut expected.indexes);
        match now.collections.get(name) {
            Some(actual) => same_shape(name, &expected, actual, findings),
            None => findings.say(format!("{name} is missing")),
        }
    }
    for name in now.collections.keys() {
        let before = name.strip_prefix("_ringfence_before_");
        let known = original.collections.contains_key(name)
            || outcome.rebuilt.contains(&name.as_str())
            || SIDE.contains(&name.as_str())
            || before.is_some_and(|name| {
                outcome.rebuilt.contains(&name) && original.collections.contains_key(name)
            });
        if !known {
            findings.say(format!("{name} should not be there"));
        }
    }
}

fn index(name: &str, key: &Document) -> Document {
    doc! { "v": 2, "key": key.clone(), "name": name }
}

/// The mapping's own changes to the indexes of a collection.
fn migrated_indexes(collection: &str, plain: bool, indexes: &mut BTreeMap<String, Document>) {
    // A new index has the collection's collation, as `_id_` shows it; one that follows another has that one's.
    let model = indexes.get("Booking_userId_idx").or(indexes.get("_id_"));
    let collation = model.and_then(|index| index.get("collation").cloned());
    let mut add = |name: &str, key: Document, more: Document| {
        let mut one = index(name, &key);
        one.extend(more);
        if let Some(collation) = &collation {
            one.insert("collation", collation.clone());
        }
        indexes.insert(name.to_owned(), one);
    };
    let by_email = doc! { "businessId": 1, "email": 1 };
    match collection {
        "Booking" => {
            add("Booking_customerId_idx", doc! { "customerId": 1 }, doc! {});
            indexes.remove("Booking_userId_idx");
        }
        "Customer" => {
            if plain {
                add(
                    "Customer_businessId_email_key",
                    by_email,
                    doc! { "unique": true },
                );
            } else {
                let present =
                    doc! { "unique": true, "partialFilterExpression": { "email": { "$gt": "" } } };
                add("Customer_businessId_email_present_key", by_email, present);
            }
            let by_name = doc! { "businessId": 1, "name": 1 };
            add("Customer_businessId_name_idx", by_name, doc! {});
        }
        _ => {}
    }
}

fn same_collection(name: &str, expected: &Held, actual: Option<&Held>, findings: &mut Findings) {
    let Some(actual) = actual else {
        findings.say(format!("{name} is missing"));
        return;
    };
    same_shape(name, expected, actual, findings);
    same_documents(name, &expected.documents, &actual.documents, findings);
}

/// Checks kind, options and indexes.
fn same_shape(name: &str, expected: &Held, actual: &Held, findings: &mut Findings) {
    if expected.kind != actual.kind {
        findings.say(format!(
            "{name} is a {}, not a {}",
            actual.kind, expected.kind
        ));
    }
    let (wanted, found) = (canonical(&expected.options), canonical(&actual.options));
    if wanted != found {
        findings.say(format!("{name} has the options {found}, not {wanted}"));
    }
    let names: BTreeSet<&String> = expected
        .indexes
        .keys()
        .chain(actual.indexes.keys())
        .collect();
    for index in names {
        let wanted = expected.indexes.get(index).map(canonical);
        let found = actual.indexes.get(index).map(canonical);
        if wanted != found {
            findings.say(format!(
                "{name}, index {index}: {} instead of {}",
                found.unwrap_or("none".to_owned()),
                wanted.unwrap_or("none".to_owned())
            ));
        }
    }
}

/// Settings as text: top-level names in order, numbers by value, everything deeper in its own order.
fn canonical(settings: &Document) -> String {
    let by_name: BTreeMap<&String, String> = settings.iter().map(|(k, v)| (k, plain(v))).collect();
    format!("{by_name:?}")
}

fn plain(value: &Bson) -> String {
    match value {
        Bson::Int32(number) => f64::from(*number).to_string(),
        #[allow(clippy::cast_precision_loss)]
        Bson::Int64(number) => (*number as f64).to_string(),
        Bson::Double(number) => number.to_string(),
        Bson::Document(inner) => {
            let all: Vec<String> = inner
                .iter()
                .map(|(k, v)| format!("{k}: {}", plain(v)))
                .collect();
            format!("{{{}}}", all.join(", "))
        }
        Bson::Array(inner) => {
            let all: Vec<String> = inner.iter().map(plain).collect();
            format!("[{}]", all.join(", "))
        }
        other => format!("{other:?}"),
    }
}

/// Both in the order of their bytes.
fn same_documents(name: &str, expected: &[Vec<u8>], actual: &[Vec<u8>], findings: &mut Findings) {
    let (wanted, found) = (by_id(expected), by_id(actual));
    for (id, document) in &wanted {
        match found.get(id) {
            Some(other) => differ(&format!("{name} {id:?}"), document, other, findings),
            None => findings.say(format!("{name} {id:?} is missing: {}", show(document))),
        }
    }
    for (id, document) in found.iter().filter(|(id, _)| !wanted.contains_key(id)) {
        findings.say(format!(
            "{name} {id:?} should not be there: {}",
            show(document)
        ));
    }
}

fn differ(what: &str, expected: &[u8], actual: &[u8], findings: &mut Findings) {
    if expected == actual {
        return;
    }
    let (wanted, found): (Vec<Field>, Vec<Field>) = (fields(expected), fields(actual));
    let names = |all: &[Field]| all.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    let detail = if names(&wanted) == names(&found) {
        let changed = wanted.iter().zip(&found).filter(|(a, b)| a != b);
        changed
            .map(|(a, b)| format!("{}: {:?} instead of {:?}", a.name, b.value, a.value))
            .collect::<Vec<_>>()
            .join("; ")
    } else {
        format!("{} instead of {}", show(actual), show(expected))
    };
    findings.say(format!("{what}: {detail}"));
}
