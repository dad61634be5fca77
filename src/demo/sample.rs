//! Sample data from a seed: a booking database as Prisma would have written it, of three sizes, with every kind of conflict planted a few
//! times and none by accident. The same seed gives the same bytes. Documents are made one by one, never all held.

mod audit;
mod bookings;
mod people;
mod plan;
mod planted;
mod size;
mod world;

use std::collections::BTreeMap;

use bson::raw::RawDocumentBuf;
use bson::{Document, doc};
use futures_util::{StreamExt, TryStreamExt, stream};
use mongodb::{Database, IndexModel, options::IndexOptions};

use crate::domain::conflict::Code;
use crate::store::StoreError;
use crate::store::raw_write;
use planted::Planting;
pub use size::Size;
use world::World;

/// Documents per write.
const BATCH: usize = 5_000;
/// Writes under way at a time.
const WRITERS: usize = 2;

/// What the sample holds, counted while it was planned; no survey was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// How many of each conflict a survey must count, in the unit of [`Code::counts`].
    pub conflicts: BTreeMap<Code, u64>,
    /// Users.
    pub users: u64,
    /// Users with a password, owners and team members.
    pub accounts: u64,
    /// Businesses.
    pub businesses: u64,
    /// Services.
    pub services: u64,
    /// Bookings.
    pub bookings: u64,
    /// (user, business) with at least one booking.
    pub pairs: u64,
}

/// Documents of one collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The collection.
    pub collection: &'static str,
    /// The documents.
    pub documents: Vec<RawDocumentBuf>,
}

/// A sample, ready to be written.
#[derive(Debug)]
pub struct Sample {
    world: World,
}

impl Sample {
    /// The sample of this seed and size.
    pub fn new(seed: u64, size: Size) -> Self {
        Self {
            world: World::new(seed, size),
        }
    }

    /// What a survey must find.
    pub fn planted(&self) -> Planted {
        let (world, planting) = (&self.world, Planting::new(&self.world));
        let numbers = world.numbers;
        let accounts = numbers.visitors + numbers.businesses + world.members();
        let services: usize = world
            .businesses
            .iter()
            .map(|business| business.services.len())
            .sum();
        Planted {
            users: numbers.guests + accounts + planting.users.len() as u64,
            accounts: accounts + planting.accounts,
            businesses: numbers.businesses,
            services: (services + planting.services.len()) as u64,
            bookings: numbers.bookings + planting.bookings.len() as u64,
            pairs: numbers.guests + planting.pairs,
            conflicts: planting.expected,
        }
    }

    /// All documents, collection by collection, in a fixed order.
    pub fn batches(&self) -> impl Iterator<Item = Batch> + '_ {
        let world = &self.world;
        let numbers = world.numbers;
        let planting = Planting::new(world);
        let businesses = (0..numbers.businesses).map(|at| world.business_document(at));
        let services = (0..numbers.businesses)
            .flat_map(|at| world.services_of(at))
            .chain(planting.services);
        let users = (0..numbers.businesses)
            .map(|at| world.owner(at))
            .chain((0..world.members()).map(|at| world.member(at)))
            .chain((0..numbers.visitors).map(|at| world.visitor(at)))
            .chain((0..numbers.guests).map(|at| world.guest(at)))
            .chain(planting.users)
            .map(|user| user.document());
        let bookings = (0..numbers.bookings)
            .map(|at| world.booking(at))
            .chain(planting.bookings);
        batched("Business", businesses)
            .chain(batched("Service", services))
            .chain(batched(
                "TeamMember",
                (0..world.members()).map(|at| world.membership(at)),
            ))
            .chain(batched("User", users))
            .chain(batched("Customer", planting.customers.into_iter()))
            .chain(batched("Booking", bookings))
            .chain(batched(
                "Review",
                (0..numbers.reviews).map(|at| world.review(at)),
            ))
            .chain(batched("AuditLog", world.audit_entries()))
    }
}

fn batched(
    collection: &'static str,
    mut documents: impl Iterator<Item = RawDocumentBuf>,
) -> impl Iterator<Item = Batch> {
    std::iter::from_fn(move || {
        let documents: Vec<_> = documents.by_ref().take(BATCH).collect();
        (!documents.is_empty()).then_some(Batch {
            collection,
            documents,
        })
    })
}

/// The indexes, named as Prisma names them.
fn indexes() -> [(&'static str, &'static str, Document, bool); 7] {
    [
        ("User", "User_email_idx", doc! { "email": 1 }, false),
        (
            "Business",
            "Business_ownerId_idx",
            doc! { "ownerId": 1 },
            false,
        ),
        (
            "Service",
            "Service_businessId_idx",
            doc! { "businessId": 1 },
            false,
        ),
        ("Booking", "Booking_userId_idx", doc! { "userId": 1 }, false),
        (
            "Booking",
            "Booking_serviceId_idx",
            doc! { "serviceId": 1 },
            false,
        ),
        (
            "TeamMember",
            "TeamMember_businessId_userId_key",
            doc! { "businessId": 1, "userId": 1 },
            true,
        ),
        (
            "Review",
            "Review_bookingId_key",
            doc! { "bookingId": 1 },
            true,
        ),
    ]
}

/// Writes a sample into an empty database, and says what it planted. `progress` hears how many of how many bookings are written.
///
/// # Errors
/// A database that is not empty (nothing is written then), or the server's refusal (what was written so far stays).
pub async fn seed(
    database: &Database,
    seed: u64,
    size: Size,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Planted, StoreError> {
    let name = database.name();
    let there = database
        .list_collection_names()
        .await
        .map_err(|error| StoreError::from_driver(format!("listing {name}"), &error))?;
    if !there.is_empty() {
        return Err(StoreError::Refused(format!(
            "the database {name} is not empty: it has {}. Nothing was written; sample data goes into an empty database only",
            there.join(", ")
        )));
    }
    let sample = Sample::new(seed, size);
    let planted = sample.planted();
    progress(0, planted.bookings);
    let mut written = 0;
    let mut writes = stream::iter(sample.batches())
        .map(|batch| write(database, batch))
        .buffered(WRITERS);
    while let Some((collection, count)) = writes.try_next().await? {
        if collection == "Booking" {
            written += count;
            progress(written, planted.bookings);
        }
    }
    for (collection, name, keys, unique) in indexes() {
        let options = IndexOptions::builder()
            .name(name.to_owned())
            .unique(unique.then_some(true))
            .build();
        let index = IndexModel::builder().keys(keys).options(options).build();
        database
            .collection::<Document>(collection)
            .create_index(index)
            .await
            .map_err(|error| StoreError::from_driver(format!("indexing {collection}"), &error))?;
    }
    Ok(planted)
}

async fn write(database: &Database, batch: Batch) -> Result<(&'static str, u64), StoreError> {
    let Batch {
        collection,
        documents,
    } = batch;
    let outcome = raw_write::insert_batch(database, collection, None, &documents).await?;
    if outcome.inserted == documents.len() {
        return Ok((collection, outcome.inserted as u64));
    }
    Err(StoreError::Refused(format!(
        "{} documents of the sample were already in {collection}: something else writes into this database. The sample is incomplete; drop the database and begin again",
        documents.len() - outcome.inserted
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conflicts that need what the sample's application does not have, such as a unique index or a second path to the business.
    const NOT_PLANTED: [Code; 9] = [
        Code::CustomerUnique,
        Code::UserUnique,
        Code::SameMailbox,
        Code::BookingUnique,
        Code::BusinessDisagrees,
        Code::IdTwins,
        Code::MaySignIn,
        Code::DeletedUser,
        Code::SeveralUsers,
    ];

    #[test]
    fn totals_are_round_and_every_code_is_planted_twice() {
        for (size, bookings) in [
            (Size::Small, 2_000),
            (Size::Medium, 100_000),
            (Size::Large, 1_000_000),
        ] {
            let planted = Sample::new(1, size).planted();
            assert_eq!(planted.bookings, bookings);
            for code in Code::ALL.iter().filter(|it| !NOT_PLANTED.contains(it)) {
                assert!(planted.conflicts[code] >= 2, "{code}");
            }
        }
    }
}
