//! What every sample document is derived from: the seed, the numbers of a size, and for each entity its own random numbers, times and
//! `_id`, by index. Nothing grows with the bookings: any of them can be made alone.

use bson::oid::ObjectId;
use fastrand::Rng;

use super::plan::BOOKINGS;
use super::size::Size;
use crate::demo::names::{self, Offer};

/// The first booking was made at about this time: 2 January 2023, 06:00 UTC, in milliseconds.
const FIRST: i64 = 1_672_639_200_000;
/// Bookings were made over this time: up to 31 October 2025.
const SPAN: i64 = 1_033 * DAY;
/// A minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// A day in milliseconds.
pub const DAY: i64 = 1_440 * MINUTE;
/// When the data was last touched.
pub const TODAY: i64 = FIRST + SPAN;

/// How many of each. What is planted comes on top.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    pub businesses: u64,
    /// Customers without any conflict, each with bookings at one business.
    pub guests: u64,
    /// People with a password who never booked.
    pub visitors: u64,
    /// Their bookings.
    pub bookings: u64,
    pub reviews: u64,
    pub audit: u64,
}

impl Numbers {
    /// The numbers of a size. With the planted bookings these make round totals.
    pub const fn of(size: Size) -> Self {
        match size {
            Size::Small => Self {
                businesses: 12,
                guests: 260,
                visitors: 22,
                bookings: 2_000 - BOOKINGS,
                reviews: 60,
                audit: 40,
            },
            Size::Medium => Self {
                businesses: 60,
                guests: 12_000,
                visitors: 7_700,
                bookings: 100_000 - BOOKINGS,
                reviews: 3_000,
                audit: 2_000,
            },
            Size::Large => Self {
                businesses: 250,
                guests: 120_000,
                visitors: 79_170,
                bookings: 1_000_000 - BOOKINGS,
                reviews: 20_000,
                audit: 10_000,
            },
            Size::Huge => Self {
                businesses: 1_000,
                guests: 600_000,
                visitors: 396_600,
                bookings: 5_000_000 - BOOKINGS,
                reviews: 20_000,
                audit: 10_000,
            },
        }
    }
}

/// What has random numbers and ids of its own.
#[derive(Debug, Clone, Copy)]
pub enum Entity {
    Business,
    Owner,
    Member,
    Membership,
    Service,
    Guest,
    Home,
    Visitor,
    Booking,
    Review,
    Audit,
    PlantedUser,
    PlantedBooking,
    PlantedService,
    PlantedCustomer,
    Nobody,
}

/// A business with what its documents share.
#[derive(Debug)]
pub struct Business {
    pub id: ObjectId,
    pub name: String,
    pub owner_id: ObjectId,
    pub created: i64,
    pub services: Vec<(ObjectId, Offer)>,
}

/// The seed and its numbers.
#[derive(Debug)]
pub struct World {
    seed: u64,
    pub numbers: Numbers,
    pub businesses: Vec<Business>,
}

/// The finaliser of splitmix64: neighbouring inputs give unrelated outputs.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl World {
    pub fn new(seed: u64, size: Size) -> Self {
        let numbers = Numbers::of(size);
        let mut world = Self {
            seed,
            numbers,
            businesses: Vec::new(),
        };
        world.businesses = (0..numbers.businesses)
            .map(|index| world.business(index))
            .collect();
        world
    }

    fn hash(&self, kind: Entity, index: u64) -> u64 {
        mix(mix(mix(self.seed) ^ kind as u64) ^ index)
    }

    /// The random numbers of one entity.
    pub fn rng(&self, kind: Entity, index: u64) -> Rng {
        Rng::with_seed(self.hash(kind, index))
    }

    /// The `_id` of one entity made at `created`: time, five bytes that stand for a process, a counter, as drivers do it.
    pub fn id(&self, kind: Entity, index: u64, created: i64) -> ObjectId {
        let process = self.hash(kind, u64::MAX).to_be_bytes();
        let first = self.hash(kind, u64::MAX - 1) >> 40;
        let counter = (first + index).to_be_bytes();
        let seconds = (created / 1_000).to_be_bytes();
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&seconds[4..]);
        bytes[4..9].copy_from_slice(&process[..5]);
        bytes[9..].copy_from_slice(&counter[5..]);
        ObjectId::from_bytes(bytes)
    }

    fn business(&self, index: u64) -> Business {
        let mut rng = self.rng(Entity::Business, index);
        let created = FIRST - rng.i64(20 * DAY..700 * DAY);
        let owner = names::person(&mut self.rng(Entity::Owner, index));
        let (name, trade) = names::business(&owner, &mut rng);
        let offered = trade.services.len() - rng.usize(..2);
        let services = (0_u64..)
            .zip(&trade.services[..offered])
            .map(|(at, offer)| {
                let made = created + rng.i64(1..60) * MINUTE;
                (self.id(Entity::Service, index * 8 + at, made), *offer)
            })
            .collect();
        Business {
            id: self.id(Entity::Business, index, created),
            name,
            owner_id: self.id(Entity::Owner, index, created - 5 * MINUTE),
            created,
            services,
        }
    }

    /// A business by a number that may be too big.
    pub fn business_at(&self, number: u64) -> &Business {
        let index = number % self.numbers.businesses;
        &self.businesses[usize::try_from(index).unwrap_or_default()]
    }

    /// When a booking was made; later ones have greater indexes.
    pub fn booked(&self, index: u64) -> i64 {
        let count = self.numbers.bookings.cast_signed();
        let jitter = self.hash(Entity::Booking, index) % (SPAN / count).cast_unsigned();
        FIRST + SPAN / count * index.cast_signed() + jitter.cast_signed()
    }

    /// How many customers were entered before a booking's own: a tenth come with the first bookings, the rest evenly over time.
    fn known(&self, booking: u64) -> u64 {
        let Numbers {
            guests, bookings, ..
        } = self.numbers;
        let early = guests / 10;
        match booking.checked_sub(early) {
            None => booking,
            Some(later) => early + later * (guests - early) / (bookings - early),
        }
    }

    /// A customer's first booking: the inverse of [`Self::known`].
    fn first_booking(&self, guest: u64) -> u64 {
        let Numbers {
            guests, bookings, ..
        } = self.numbers;
        let early = guests / 10;
        match guest.checked_sub(early) {
            None => guest,
            Some(later) => early + (later * (bookings - early)).div_ceil(guests - early),
        }
    }

    /// Who made a booking: somebody new, or one of those who did before; the early ones come back most.
    pub fn guest_of(&self, booking: u64, rng: &mut Rng) -> u64 {
        let newest = self.known(booking);
        if self.first_booking(newest) == booking {
            newest
        } else {
            rng.u64(..=newest).min(rng.u64(..=newest))
        }
    }

    /// When a customer was entered: shortly before the first booking.
    pub fn guest_since(&self, guest: u64) -> i64 {
        let minutes = 1 + self.hash(Entity::Guest, guest) % 20;
        self.booked(self.first_booking(guest)) - minutes.cast_signed() * MINUTE
    }

    /// The `_id` of a customer.
    pub fn guest_id(&self, guest: u64) -> ObjectId {
        self.id(Entity::Guest, guest, self.guest_since(guest))
    }

    /// The one business where a customer books. Every business has at least one; the first ones have most.
    pub fn home(&self, guest: u64) -> &Business {
        let count = self.numbers.businesses;
        if guest < count {
            return self.business_at(guest);
        }
        let mut rng = self.rng(Entity::Home, guest);
        self.business_at(rng.u64(..count).min(rng.u64(..count)))
    }

    /// Some time between the first and the last booking.
    pub fn some_time(rng: &mut Rng) -> i64 {
        FIRST + rng.i64(DAY..SPAN - 30 * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_customer_has_a_first_booking_after_being_entered() {
        let world = World::new(5, Size::Small);
        let mut seen = std::collections::HashSet::new();
        for index in 0..world.numbers.bookings {
            let guest = world.guest_of(index, &mut world.rng(Entity::Booking, index));
            seen.insert(guest);
            assert!(world.guest_since(guest) < world.booked(index), "{index}");
        }
        assert_eq!(seen.len() as u64, world.numbers.guests);
    }
}
