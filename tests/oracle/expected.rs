//! What must be there after `apply` with every suggestion accepted: DESIGN §3 and §4 once more, plain and slow, on
//! documents in memory. It shares no code with the product, not even its reading of BSON.

mod counts;
mod guests;
mod join;
mod merge;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use crate::oracle::bytes::{Field, Value, document, field};
use crate::oracle::form::Put;
use crate::oracle::generate::Database;
pub use counts::Counts;
pub use merge::normal_email;
use world::{Becoming, Pair, Reading, World, pairs};

/// The design does not say what such data should become; the harness takes another database instead.
#[derive(Debug)]
pub struct Unsaid(pub &'static str);

/// What must come of a database.
pub enum Verdict {
    /// The migration ends like this.
    Migrated(Box<Outcome>),
    /// The migration refuses, with this reason, and changes nothing.
    Refused(&'static str),
    /// The plan waits for an answer that no suggestion gives.
    Asked(&'static str),
}

/// The end state, apart from the `_id`s of new customers.
pub struct Outcome {
    /// What becomes of each booking, in the order of the data.
    pub bookings: Vec<BookingAfter>,
    /// The collections that are rebuilt.
    pub rebuilt: &'static [&'static str],
    /// Every user's bytes.
    pub users: Vec<Vec<u8>>,
    /// Customers that the migration makes: each with at least one booking.
    pub made: Vec<Made>,
    /// The `_id`s of the customers that are there already, in the order of the data.
    pub existing: Vec<Value>,
    /// People and business of each existing customer that somebody goes to, by its place in the data.
    pub links_of_existing: BTreeMap<usize, Link>,
    /// Of bookings that name several users, by their `_id`s: the others than the one who holds it.
    pub others: Vec<(Value, Vec<Value>)>,
    pub plain_email_index: bool,
    pub counts: Counts,
    pub equations: Equations,
}

/// One booking after the migration.
pub struct BookingAfter {
    pub before: Vec<u8>,
    pub fate: Fate,
}

/// Where a booking goes.
pub enum Fate {
    /// To the quarantine, as it is.
    Quarantined,
    /// It keeps its `customerId`: these bytes.
    Kept(Vec<u8>),
    /// It gets a `customerId` of these customers after these fields: one, or a list.
    Linked {
        rest: Vec<Field>,
        to: Vec<Customer>,
        put: Put,
    },
}

/// A customer, by its place among the new or the existing ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Customer {
    Made(usize),
    Existing(usize),
}

/// A new customer.
pub struct Made {
    /// All fields after `_id`.
    pub rest: Vec<Field>,
    pub id: IdRule,
    pub link: Link,
}

/// Whom a customer stands for.
#[derive(Clone)]
pub struct Link {
    pub business: Value,
    /// The `_id`s of the users.
    pub users: BTreeSet<Value>,
    /// Those of the guests; a placeholder has neither.
    pub guests: BTreeSet<Value>,
    /// The reference to nobody that a placeholder stands for.
    pub nobody: Option<Value>,
}

impl Link {
    fn of(business: &Value) -> Self {
        Self {
            business: business.clone(),
            users: BTreeSet::new(),
            guests: BTreeSet::new(),
            nobody: None,
        }
    }

    fn take(&mut self, world: &World, person: usize) {
        let all = if person < world.users {
            &mut self.users
        } else {
            &mut self.guests
        };
        all.insert(world.people[person].id.clone());
    }
}

/// What the `_id` of a new customer is made from.
pub struct IdRule {
    /// The type that it must have; nothing where the design leaves it open.
    pub tag: Option<u8>,
    /// The smallest user id, or the guest's, or the reference to nobody; nothing for bookings without any user.
    pub from: Option<Value>,
    /// It is made from a guest.
    pub of_guest: bool,
}

/// `bookings = linked + quarantined + left` and `pairs = created + adopted + merged_away + skipped`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Equations {
    pub bookings: usize,
    pub linked: usize,
    pub quarantined: usize,
    pub pairs: usize,
    pub created: usize,
    pub adopted: usize,
    pub merged_away: usize,
}

const CONTACT: [&str; 7] = [
    "phone", "company", "country", "address", "city", "state", "zipCode",
];

pub fn verdict(data: &Database) -> Result<Verdict, Unsaid> {
    let mut world = World::of(data);
    if world.has_twins() {
        return Ok(Verdict::Asked("an id and its text are two users"));
    }
    let readings = world.readings()?;
    let world = &world;
    let pairs = pairs(&readings);
    world.ids_are_spoken_of(&pairs)?;
    let Some(mut becoming) = world.customers_to_be(&pairs)? else {
        return Ok(Verdict::Refused("a user's _id is of another type"));
    };
    let duplicates = becoming.duplicates;
    let equations = equations(&readings, &pairs, &becoming);
    let Some(placeholders) = world.placeholders(&readings, &mut becoming.made)? else {
        return Ok(Verdict::Refused("a value that names nobody is a user's id"));
    };
    let mut destinations = Vec::new();
    for (at, reading) in readings.iter().enumerate() {
        destinations.push(match (reading.business, &reading.people[..]) {
            (None, _) => Vec::new(),
            _ if reading.keeps.is_some() => {
                reading.keeps.map(Customer::Existing).into_iter().collect()
            }
            (Some(_), []) => vec![Customer::Made(placeholders[&at])],
            (Some(business), people) => customers_of(business, people, &pairs, &becoming, world),
        });
    }
    let links_of_existing = fill_links(world, &readings, &pairs, &mut becoming);
    Ok(Verdict::Migrated(Box::new(Outcome {
        bookings: bookings_after(world, &readings, &destinations),
        rebuilt: data.form.rebuilt(),
        users: users_after(world, &becoming),
        plain_email_index: world.plain_email_index(&becoming.made)?,
        existing: world.customers.iter().map(|c| c.id.clone()).collect(),
        links_of_existing,
        others: others(data.form.listed, world, &readings),
        counts: counts::count(data, world, &readings, &pairs, duplicates)?,
        equations,
        made: becoming.made,
    })))
}

/// The customers that a booking of these people points at: the first one's, or each one's once, in their order.
fn customers_of(
    business: usize,
    people: &[usize],
    pairs: &[Pair],
    becoming: &Becoming,
    world: &World,
) -> Vec<Customer> {
    let listed = world.form.listed;
    let mut all = Vec::new();
    for person in people.iter().take(if listed { people.len() } else { 1 }) {
        let pair = |pair: &&Pair| pair.business == business && pair.person == *person;
        let stands_with = pairs.iter().find(pair).map(|pair| &pair.stands_with);
        let to = match (becoming.goes_to.get(&(business, *person)), stands_with) {
            (Some(to), _) => *to,
            (None, Some(places)) => {
                let id = |at: &usize| &world.customers[*at].id;
                let smallest = places.iter().min_by(|a, b| id(a).server_order(id(b)));
                Customer::Existing(*smallest.expect("a pair that does not move stands somewhere"))
            }
            (None, None) => unreachable!("whoever is named has a pair"),
        };
        if !all.contains(&to) {
            all.push(to);
        }
    }
    all
}

/// Whom bookings name beside the user who holds them, where one customer is all that they point at.
fn others(listed: bool, world: &World, readings: &[Reading]) -> Vec<(Value, Vec<Value>)> {
    let all = readings.iter().zip(&world.bookings);
    let several = all
        .filter(|(reading, _)| !listed && reading.business.is_some() && reading.people.len() > 1);
    several
        .map(|(reading, booking)| {
            let others = reading.people[1..].iter();
            let others = others.map(|&user| world.people[user].id.clone());
            (booking.id.clone(), others.collect())
        })
        .collect()
}

fn equations(readings: &[Reading], pairs: &[Pair], becoming: &Becoming) -> Equations {
    let linked = readings.iter().filter(|r| r.business.is_some()).count();
    let moving = pairs.iter().filter(|pair| pair.moves).count();
    let created = becoming.made.len();
    Equations {
        bookings: readings.len(),
        linked,
        quarantined: readings.len() - linked,
        pairs: pairs.len(),
        created,
        adopted: becoming.adopting + pairs.len() - moving,
        merged_away: moving - created - becoming.adopting,
    }
}

fn bookings_after(
    world: &World,
    readings: &[Reading],
    destinations: &[Vec<Customer>],
) -> Vec<BookingAfter> {
    let fate = |booking: &[Field], reading: &Reading, to: &[Customer]| match to {
        [] => Fate::Quarantined,
        _ if reading.keeps.is_some() => Fate::Kept(document(&world.without_user(booking))),
        to => Fate::Linked {
            put: world.put(booking),
            rest: without(&world.without_user(booking), &["customerId"]),
            to: to.to_vec(),
        },
    };
    let all = world.bookings.iter().zip(readings).zip(destinations);
    all.map(|((booking, reading), to)| BookingAfter {
        before: booking.bytes.clone(),
        fate: fate(&booking.fields, reading, to),
    })
    .collect()
}

/// Users whose data went into a new customer lose their contact fields; all others stay as they are.
fn users_after(world: &World, becoming: &Becoming) -> Vec<Vec<u8>> {
    let copied: BTreeSet<usize> = becoming
        .goes_to
        .iter()
        .filter(|(_, to)| matches!(to, Customer::Made(_)))
        .map(|((_, person), _)| *person)
        .collect();
    let after = |(at, user): (usize, &join::Record)| {
        if copied.contains(&at) {
            document(&without(&user.fields, &CONTACT))
        } else {
            user.bytes.clone()
        }
    };
    world.users().iter().enumerate().map(after).collect()
}

/// Puts into each customer's link the people whom it stands for; returns those of the existing customers.
fn fill_links(
    world: &World,
    readings: &[Reading],
    pairs: &[Pair],
    becoming: &mut Becoming,
) -> BTreeMap<usize, Link> {
    let mut of_existing: BTreeMap<usize, Link> = BTreeMap::new();
    let existing = |business: usize| Link::of(&world.businesses[business].id);
    for reading in readings {
        if let (Some(business), Some(at)) = (reading.business, reading.keeps) {
            let link = of_existing.entry(at).or_insert_with(|| existing(business));
            if let Some(first) = reading.people.first() {
                link.take(world, *first);
            }
        }
    }
    for pair in pairs {
        let link = match becoming.goes_to.get(&(pair.business, pair.person)) {
            Some(Customer::Made(at)) => &mut becoming.made[*at].link,
            Some(Customer::Existing(at)) => of_existing
                .entry(*at)
                .or_insert_with(|| existing(pair.business)),
            None => continue,
        };
        link.take(world, pair.person);
    }
    of_existing
}

/// All fields but those, however often they stand there.
fn without(fields: &[Field], names: &[&str]) -> Vec<Field> {
    let stays = |field: &&Field| !names.contains(&field.name.as_str());
    fields.iter().filter(stays).cloned().collect()
}

/// The bytes of a document with this `_id` before these fields.
pub fn with_id(id: &Value, rest: &[Field]) -> Vec<u8> {
    let mut all = vec![field("_id", id.clone())];
    all.extend(rest.iter().cloned());
    document(&all)
}

/// The bytes of a document with these fields and these customers as its `customerId`, behind them or in its place.
pub fn with_customers(rest: &[Field], customers: &[Value], put: Put) -> Vec<u8> {
    let mut all = rest.to_vec();
    let value = match customers {
        [one] if !put.listed => one.clone(),
        all => Value::array(all),
    };
    let at = put.at.unwrap_or(all.len());
    all.insert(at, field("customerId", value));
    document(&all)
}
