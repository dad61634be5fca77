//! What must be there after `apply` with every suggestion accepted: DESIGN §3 and §4 once more, plain and slow, on
//! documents in memory. It shares no code with the product, not even its reading of BSON.

mod counts;
mod join;
mod merge;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use crate::oracle::bytes::{Field, Value, document, field};
use crate::oracle::form::Put;
use crate::oracle::generate::Database;
pub use counts::Counts;
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
}

/// The end state, apart from the `_id`s of new customers.
pub struct Outcome {
    /// What becomes of each booking, in the order of the data.
    pub bookings: Vec<BookingAfter>,
    /// Every user's bytes.
    pub users: Vec<Vec<u8>>,
    /// Customers that the migration makes: each with at least one booking.
    pub made: Vec<Made>,
    /// The `_id`s of the customers that are there already, in the order of the data.
    pub existing: Vec<Value>,
    /// Users and business of each existing customer that bookings point at, by its place in the data.
    pub links_of_existing: BTreeMap<usize, Link>,
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
    /// It gets a `customerId` after these fields.
    Linked {
        rest: Vec<Field>,
        to: Customer,
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
    /// The `_id`s of the users; none for a placeholder.
    pub users: BTreeSet<Value>,
    /// The reference to nobody that a placeholder stands for.
    pub nobody: Option<Value>,
}

/// What the `_id` of a new customer is made from.
pub struct IdRule {
    /// The type that it must have; nothing where the design leaves it open.
    pub tag: Option<u8>,
    /// The smallest user id, or the reference to nobody; nothing for bookings without any user.
    pub from: Option<Value>,
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
    let world = World::of(data);
    let readings = world.readings()?;
    let pairs = pairs(&readings);
    world.ids_are_spoken_of(&pairs)?;
    let Some(mut becoming) = world.customers_to_be(&pairs)? else {
        return Ok(Verdict::Refused("a user's _id is of another type"));
    };
    let duplicates = becoming.duplicates;
    let equations = equations(&readings, &pairs, &becoming);
    let placeholders = world.placeholders(&readings, &mut becoming.made)?;
    let destinations: Vec<Option<Customer>> = readings
        .iter()
        .enumerate()
        .map(|(at, reading)| match (reading.business?, reading.user) {
            _ if reading.keeps.is_some() => reading.keeps.map(Customer::Existing),
            (business, Some(user)) => Some(becoming.goes_to[&(business, user)]),
            (_, None) => Some(Customer::Made(placeholders[&at])),
        })
        .collect();
    let links_of_existing = fill_links(&world, &readings, &destinations, &mut becoming.made);
    Ok(Verdict::Migrated(Box::new(Outcome {
        bookings: bookings_after(&world, &readings, &destinations),
        users: users_after(&world, &becoming),
        plain_email_index: world.plain_email_index(&becoming.made)?,
        existing: world.customers.iter().map(|c| c.id.clone()).collect(),
        links_of_existing,
        counts: counts::count(data, &world, &readings, &pairs, duplicates)?,
        equations,
        made: becoming.made,
    })))
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
    destinations: &[Option<Customer>],
) -> Vec<BookingAfter> {
    let fate = |booking: &[Field], reading: &Reading, to: Option<Customer>| match to {
        None => Fate::Quarantined,
        Some(_) if reading.keeps.is_some() => Fate::Kept(document(&world.without_user(booking))),
        Some(to) => Fate::Linked {
            put: world.put(booking),
            rest: without(&world.without_user(booking), &["customerId"]),
            to,
        },
    };
    let all = world.bookings.iter().zip(readings).zip(destinations);
    all.map(|((booking, reading), to)| BookingAfter {
        before: booking.bytes.clone(),
        fate: fate(&booking.fields, reading, *to),
    })
    .collect()
}

/// Users whose data went into a new customer lose their contact fields; all others stay as they are.
fn users_after(world: &World, becoming: &Becoming) -> Vec<Vec<u8>> {
    let copied: BTreeSet<usize> = becoming
        .goes_to
        .iter()
        .filter(|(_, to)| matches!(to, Customer::Made(_)))
        .map(|((_, user), _)| *user)
        .collect();
    let after = |(at, user): (usize, &join::Record)| {
        if copied.contains(&at) {
            document(&without(&user.fields, &CONTACT))
        } else {
            user.bytes.clone()
        }
    };
    world.users.iter().enumerate().map(after).collect()
}

/// Puts into each customer's link the users whose bookings point at it; returns those of the existing customers.
fn fill_links(
    world: &World,
    readings: &[Reading],
    destinations: &[Option<Customer>],
    made: &mut [Made],
) -> BTreeMap<usize, Link> {
    let mut of_existing: BTreeMap<usize, Link> = BTreeMap::new();
    for (reading, to) in readings.iter().zip(destinations) {
        let (Some(to), Some(business)) = (to, reading.business) else {
            continue;
        };
        let link = match *to {
            Customer::Made(at) => &mut made[at].link,
            Customer::Existing(at) => of_existing.entry(at).or_insert_with(|| Link {
                business: world.businesses[business].id.clone(),
                users: BTreeSet::new(),
                nobody: None,
            }),
        };
        let user = reading.user.map(|user| world.users[user].id.clone());
        link.users.extend(user);
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

/// The bytes of a document with these fields and this `customerId`, behind them or in its place.
pub fn with_customer(rest: &[Field], customer: &Value, put: Put) -> Vec<u8> {
    let mut all = rest.to_vec();
    let value = if put.listed {
        Value::array(std::slice::from_ref(customer))
    } else {
        customer.clone()
    };
    let at = put.at.unwrap_or(all.len());
    all.insert(at, field("customerId", value));
    document(&all)
}
