//! The planted conflicts: every code of the design's table at least twice, the same few cases in every size. What a survey must count is
//! added up here, case by case as it is planted; no survey is asked.

use std::collections::BTreeMap;

use bson::oid::ObjectId;
use bson::raw::RawDocumentBuf;
use unicode_normalization::UnicodeNormalization;

use super::bookings::{Booking, Reference, notes, service_document};
use super::people::{Field, User, customer, password};
use super::plan::{
    MEMBERS_WHO_BOOK, MEMBERS_WITH_CONTACT, OWNERS_WHO_BOOK, OWNERS_WITH_CONTACT,
    VISITORS_WITH_CONTACT,
};
use super::world::{DAY, Entity, MINUTE, World};
use crate::demo::names::Offer;
use crate::domain::conflict::Code;
use crate::domain::text::is_unsafe;

/// Shows as red text on a terminal that believes it, and then clears the line.
const ANSI: &str = "\u{1b}[31mSmith\u{1b}[0m\u{1b}[2K";
/// Reads backwards from the override on.
const BIDI: &str = "Anna \u{202e}gnp.eciovni\u{202c}";
const ZERO_WIDTH: &str = "Pa\u{200b}ul Ma\u{feff}y\u{200d}er";
const BELL: &str = "Nora\u{7}\u{9b}31m Berg";

/// How somebody writes an address.
type Spelling = fn(&str) -> String;

/// What was planted, beside what the world has without it.
#[derive(Debug)]
pub struct Planting<'w> {
    world: &'w World,
    pub users: Vec<User>,
    pub bookings: Vec<RawDocumentBuf>,
    pub services: Vec<RawDocumentBuf>,
    pub customers: Vec<RawDocumentBuf>,
    /// What a survey must count.
    pub expected: BTreeMap<Code, u64>,
    /// (user, business) pairs among the planted bookings that no other booking makes.
    pub pairs: u64,
    /// Users with a password among the planted.
    pub accounts: u64,
}

impl<'w> Planting<'w> {
    /// Plants everything.
    pub fn new(world: &'w World) -> Self {
        let mut planting = Self {
            world,
            users: Vec::new(),
            bookings: Vec::new(),
            services: Vec::new(),
            customers: Vec::new(),
            expected: BTreeMap::new(),
            pairs: 0,
            accounts: 0,
        };
        planting.duplicate_emails();
        planting.names_and_emails();
        planting.accounts();
        planting.without_user();
        planting.without_business();
        planting.idle_users();
        planting.existing_customers();
        planting.mismatches();
        planting.shared();
        planting.same_phones();
        planting.unsafe_texts();
        // Every review and every entry of the audit log names a guest, and every guest has bookings and no account.
        let references = world.numbers.audit + world.numbers.reviews;
        planting.expect(Code::ReferencedElsewhere, references);
        let odd = planting.users.iter().filter(|user| user.holds(is_unsafe));
        let odd = odd.count() as u64;
        planting.expect(Code::UnsafeText, odd);
        planting
    }

    fn expect(&mut self, code: Code, count: u64) {
        *self.expected.entry(code).or_default() += count;
    }

    /// Somebody without any conflict, to be spoiled and then added.
    fn somebody(&self) -> User {
        let index = self.users.len() as u64;
        let mut rng = self.world.rng(Entity::PlantedUser, index);
        let created = World::some_time(&mut rng);
        let id = self.world.id(Entity::PlantedUser, index, created);
        customer(id, self.world.planted_number(index), created, &mut rng)
    }

    /// Adds the user, with `count` bookings at a business: a pair.
    fn customer_of(&mut self, user: User, business: u64, count: u64) {
        if let Field::Text(email) = &user.email
            && !email.trim().is_empty()
            && email.trim().nfc().collect::<String>().to_lowercase() != *email
        {
            self.expect(Code::EmailSpelling, 1);
        }
        for _ in 0..count {
            self.book(Reference::Id(user.id), business, None);
        }
        self.pairs += 1;
        self.users.push(user);
    }

    fn book(&mut self, user: Reference, business: u64, customer: Option<ObjectId>) {
        let at = self.bookings.len();
        let services = &self.world.business_at(business).services;
        let (service, offer) = services[at % services.len()];
        self.push(user, Reference::Id(service), offer, customer, None);
    }

    fn push(
        &mut self,
        user: Reference,
        service: Reference,
        offer: Offer,
        customer: Option<ObjectId>,
        text: Option<&str>,
    ) {
        let index = self.bookings.len() as u64;
        let mut rng = self.world.rng(Entity::PlantedBooking, index);
        // After the user was entered, which an ObjectId tells.
        let created = match &user {
            Reference::Id(id) | Reference::Text(id) => {
                id.timestamp().timestamp_millis() + rng.i64(MINUTE..30 * DAY)
            }
            Reference::Null | Reference::Missing => World::some_time(&mut rng),
        };
        let notes = text.map_or_else(|| notes(&mut rng), Field::text);
        let booking = Booking {
            id: self.world.id(Entity::PlantedBooking, index, created),
            user,
            service,
            customer,
            offer,
            notes,
            created,
        };
        self.bookings.push(booking.document(&mut rng));
    }

    /// An offer for bookings whose service is gone.
    fn some_offer(&self, business: u64) -> Offer {
        self.world.business_at(business).services[0].1
    }

    /// The `_id` of something that does not exist.
    fn nobody(&self, number: u64) -> ObjectId {
        let created = World::some_time(&mut self.world.rng(Entity::Nobody, number));
        self.world.id(Entity::Nobody, number, created)
    }

    fn duplicate_emails(&mut self) {
        // Each group: a business, and how each member writes the one address.
        let groups: [(u64, &[Spelling]); 6] = [
            (1, &[str::to_owned, |it| it.to_uppercase()]),
            (2, &[|it| format!("  {it}"), |it| format!("{it}\u{a0}")]),
            (4, &[|it| accented(it), |it| accented(it).nfd().collect()]),
            (
                0,
                &[
                    str::to_owned,
                    |it| format!("{it} "),
                    |it| it[..1].to_uppercase() + &it[1..],
                ],
            ),
            (5, &[str::to_owned, str::to_owned]),
            (
                5,
                &[
                    |it| accented(it).to_uppercase().nfd().collect(),
                    |it| format!("\t{}\n", accented(it)),
                ],
            ),
        ];
        for (business, spellings) in groups {
            let first = self.somebody();
            let Field::Text(address) = &first.email else {
                continue;
            };
            let address = address.to_lowercase();
            let phone = format!("+44 555 {:03} {:04}", 700 + business, self.users.len());
            for (at, spelling) in spellings.iter().enumerate() {
                let mut user = self.somebody();
                user.email = Field::Text(spelling(&address));
                user.name.clone_from(&first.name);
                // The first one is bare, the second the most complete, the third has what the second lacks.
                user.contact = match at {
                    0 => std::array::from_fn(|_| Field::Missing),
                    1 => first.contact.clone(),
                    _ => {
                        let mut contact: [Field; 7] = std::array::from_fn(|_| Field::Null);
                        contact[1] = Field::text("Freelance");
                        contact
                    }
                };
                if at == 1 {
                    user.contact[0] = Field::text(phone.as_str());
                    user.contact[4] = Field::text("Łódź");
                }
                self.customer_of(user, business, 1 + at as u64 % 2);
            }
            self.expect(Code::DuplicateEmail, 1);
        }
    }

    fn names_and_emails(&mut self) {
        let names = [
            Field::Missing,
            Field::Null,
            Field::text(""),
            Field::text("   "),
            Field::text("\u{3000}\u{a0}"),
        ];
        for (business, name) in (0..).zip(names) {
            let mut user = self.somebody();
            user.name = name;
            self.customer_of(user, business, 2);
            self.expect(Code::MissingName, 1);
        }
        // Two of them at one business: its index on e-mails cannot be a plain one.
        let emails = [
            (6, Field::Missing),
            (6, Field::Null),
            (7, Field::text("")),
            (8, Field::text("  ")),
        ];
        for (business, email) in emails {
            let mut user = self.somebody();
            user.email = email;
            self.customer_of(user, business, 2);
            self.expect(Code::MissingEmail, 1);
        }
        let emails = [
            "walk-in, no mail",
            "anna.at.home",
            "peter@@postbox.example",
            "@inbox.example",
        ];
        for (business, email) in (7..).zip(emails) {
            let mut user = self.somebody();
            user.email = Field::text(email);
            self.customer_of(user, business, 2);
            self.expect(Code::InvalidEmail, 1);
        }
    }

    fn accounts(&mut self) {
        for business in 8..11 {
            let mut user = self.somebody();
            let index = self.users.len() as u64;
            user.password = password(&mut self.world.rng(Entity::PlantedUser, index + 1_000));
            self.accounts += 1;
            self.customer_of(user, business, 2);
            self.expect(Code::AccountAlsoCustomer, 1);
        }
        let owners = OWNERS_WHO_BOOK.map(|owner| self.world.business_at(owner).owner_id);
        let members = MEMBERS_WHO_BOOK.map(|member| self.world.member_id(member).0);
        for (business, user) in (9..).zip(owners.into_iter().chain(members)) {
            self.book(Reference::Id(user), business, None);
            self.book(Reference::Id(user), business, None);
            self.pairs += 1;
            self.expect(Code::AccountAlsoCustomer, 1);
        }
        let holders =
            OWNERS_WITH_CONTACT.len() + MEMBERS_WITH_CONTACT.len() + VISITORS_WITH_CONTACT.len();
        self.expect(Code::ContactOnlyOnAccount, holders as u64);
    }

    fn without_user(&mut self) {
        let (one, other) = (self.nobody(0), self.nobody(1));
        for (business, user) in [
            (0, Reference::Missing),
            (0, Reference::Null),
            (2, Reference::Missing),
            (3, Reference::Null),
            (1, Reference::Id(one)),
            (1, Reference::Id(one)),
            (4, Reference::Id(one)),
            (5, Reference::Id(other)),
        ] {
            self.book(user, business, None);
            self.expect(Code::BookingWithoutUser, 1);
        }
    }

    fn without_business(&mut self) {
        let offer = self.some_offer(0);
        let (gone, also_gone) = (self.nobody(10), self.nobody(11));
        // Two services that are left of deleted businesses.
        let orphans = [0, 1].map(|at| {
            let created = self.world.businesses[0].created;
            let id = self.world.id(Entity::PlantedService, at, created);
            let business = match at {
                0 => Reference::Id(self.nobody(12)),
                _ => Reference::Missing,
            };
            self.services
                .push(service_document(id, &business, offer, created));
            id
        });
        let services = [
            Reference::Id(gone),
            Reference::Id(gone),
            Reference::Id(also_gone),
            Reference::Null,
            Reference::Id(orphans[0]),
            Reference::Id(orphans[1]),
        ];
        // All of customers who have other bookings, so that none of them becomes idle.
        for (guest, service) in (20..).zip(services) {
            let user = Reference::Id(self.world.guest_id(guest));
            self.push(user, service, offer, None, None);
            self.expect(Code::BookingWithoutBusiness, 1);
        }
    }

    fn idle_users(&mut self) {
        for _ in 0..6 {
            let user = self.somebody();
            self.users.push(user);
            self.expect(Code::IdleUser, 1);
        }
    }

    fn existing_customers(&mut self) {
        // Two that were entered by hand and have meanwhile booked online, two that never did.
        for (at, business) in (0..).zip([0, 1, 0, 2]) {
            let user = self.somebody();
            let created = user.created - 3 * DAY;
            let mut entered = User {
                id: self.world.id(Entity::PlantedCustomer, at, created),
                created,
                ..user.clone()
            };
            if at == 1
                && let Field::Text(email) = &user.email
            {
                entered.email = Field::Text(format!(" {}", email.to_uppercase()));
            }
            if at == 3 {
                entered.email = Field::Missing;
            }
            let entered_id = entered.id;
            self.customers
                .push(entered.as_customer(self.world.business_at(business).id));
            self.expect(Code::CustomerExists, 1);
            if at < 2 {
                self.customer_of(user, business, 2);
            } else {
                // Its bookings stand with the customer already; of the second one there is also a booking that does not.
                let mut user = user;
                user.email = self.somebody_else().email;
                let linked = Reference::Id(user.id);
                self.book(linked, business, Some(entered_id));
                self.expect(Code::AlreadyLinked, 1);
                self.customer_of(user, business, at - 2);
            }
        }
        for (number, business) in [(20, 0), (21, 3)] {
            let user = self.somebody();
            let gone = self.nobody(number);
            self.book(Reference::Id(user.id), business, Some(gone));
            self.expect(Code::AlreadyLinked, 1);
            self.customer_of(user, business, 1);
        }
    }

    /// Somebody whose address nobody else has: numbered far beyond the planted users.
    fn somebody_else(&self) -> User {
        let index = self.users.len() as u64 + 1_000;
        let mut rng = self.world.rng(Entity::PlantedUser, index);
        let id = self.world.id(Entity::PlantedUser, index, 0);
        customer(id, self.world.planted_number(index), 0, &mut rng)
    }

    fn mismatches(&mut self) {
        for guest in [30, 31] {
            let user = self.world.guest_id(guest);
            let (service, offer) = self.world.home(guest).services[0];
            self.push(
                Reference::Text(user),
                Reference::Id(service),
                offer,
                None,
                None,
            );
            self.push(
                Reference::Id(user),
                Reference::Text(service),
                offer,
                None,
                None,
            );
            self.expect(Code::IdTypeMismatch, 2);
        }
    }

    fn shared(&mut self) {
        for at in 0..30 {
            let user = self.somebody();
            let id = user.id;
            self.customer_of(user, at, 2);
            for further in 1..=1 + u64::from(at % 6 == 0) {
                self.book(Reference::Id(id), at + 3 * further, None);
                self.pairs += 1;
            }
            self.expect(Code::ContactShared, 1);
        }
    }

    /// People of one household.
    fn same_phones(&mut self) {
        for business in [3, 5] {
            let phone = format!("+353 555 700 {:04}", 9_000 + business);
            for _ in 0..2 {
                let mut user = self.somebody();
                user.contact[0] = Field::text(phone.as_str());
                self.customer_of(user, business, 2);
            }
            self.expect(Code::SamePhone, 1);
        }
    }

    /// Text that a screen must not believe.
    fn unsafe_texts(&mut self) {
        for (business, name) in (2..).zip([ANSI, BIDI, ZERO_WIDTH, BELL]) {
            let mut user = self.somebody();
            user.name = Field::text(name);
            self.customer_of(user, business, 2);
        }
        let long = "The customer writes: ".to_owned() + &"please ring twice. ".repeat(400);
        let texts = [ANSI, BIDI, "paid\r\u{1b}]0;owned\u{7}", long.as_str()];
        for (guest, text) in (32..).zip(texts) {
            let (service, offer) = self.world.home(guest).services[0];
            let user = Reference::Id(self.world.guest_id(guest));
            self.push(user, Reference::Id(service), offer, None, Some(text));
        }
    }
}

/// An address with an accent in it, composed.
fn accented(address: &str) -> String {
    format!("zoë.{address}")
}
