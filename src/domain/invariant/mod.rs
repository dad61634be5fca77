//! The proof: claims about a migrated database, checked from the outside. Nothing here calls the transform; each term of an equation is
//! counted on its own.

mod accounts;
mod contact;
mod examined;
mod isolation;
pub mod merged;
mod names;
mod paths;
mod rows;
mod users;

use std::fmt::Write;

use bson::raw::RawDocument;

use super::id::Id;
use super::link::LinkKind;
use super::mapping::Mapping;
use super::raw::{elements, get, kind};
use super::rebuilt::{Rebuilt, Role};
use super::survey::facts::id_of;
use super::table::{Memory, Table};
pub use accounts::{Accounts, Whereabouts};
pub use contact::holds_contact;
use examined::Became;
pub use examined::Examined;
use names::{Names, Number};
use paths::Ways;
pub use paths::{Needed, ProofPaths, UserWay};
use rows::{Customer, Customers, Pair, pair_key};

/// Findings kept with their ids; the rest is only counted.
const KEPT: usize = 50;

/// Bookings that are taken at once.
const TOGETHER: usize = 64;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The document.
    pub id: Id,
    /// What is wrong, with the collection: "booking … is missing".
    pub says: String,
}

/// Which bookings a decision allows to stay without a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftAllowed {
    /// Those of account holders that get no customer.
    pub skipped: bool,
    /// Those without a user.
    pub without_user: bool,
    /// Those without a business.
    pub without_business: bool,
}

/// The account of a migration. Feed businesses, what [`ProofPaths::needed`] says, customers, users and links first, in this order, then
/// bookings. What is kept grows with users and customers, never with bookings.
#[derive(Debug)]
pub struct Ledger {
    mapping: Mapping,
    allowed: LeftAllowed,
    ways: Ways,
    users: Names,
    customers: Customers,
    pairs: Table<Pair>,
    memory: Memory,
    /// Bookings of the original.
    pub bookings: u64,
    /// Bookings with a customer.
    pub linked: u64,
    /// Bookings in the quarantine.
    pub quarantined: u64,
    /// Bookings left by decision.
    pub left: u64,
    /// Bookings that the mapping's filter keeps out of everything.
    pub outside: u64,
    /// Current users without a password that hold a name and an e-mail.
    pub holding: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How much is wrong, kept or not.
    pub wrong: u64,
}

/// The one business; none where there are several, for then nobody can say whose a booking is.
fn only(businesses: &[Number]) -> Option<Number> {
    match businesses {
        [one] => Some(*one),
        _ => None,
    }
}

fn reference(document: &RawDocument, field: &str) -> Option<Id> {
    get(document, field)
        .filter(|value| value.kind != kind::NULL)
        .map(Id::from_value)
}

impl Ledger {
    /// An empty ledger; `memory` is for what it keeps of users, pairs and customers.
    pub fn new(mapping: Mapping, allowed: LeftAllowed, memory: &Memory) -> Self {
        Self {
            ways: Ways::new(&mapping, memory),
            mapping,
            allowed,
            users: Names::new(memory),
            customers: Customers::new(memory),
            pairs: Table::new(memory),
            memory: memory.clone(),
            bookings: 0,
            linked: 0,
            quarantined: 0,
            left: 0,
            outside: 0,
            holding: 0,
            findings: Vec::new(),
            wrong: 0,
        }
    }

    /// Notes that something is wrong.
    pub fn wrong(&mut self, id: &Id, says: impl Into<String>) {
        self.wrong += 1;
        if self.findings.len() < KEPT {
            self.findings.push(Finding {
                id: id.clone(),
                says: says.into(),
            });
        }
    }

    /// Makes room for so many users, so that growing does not hold them twice.
    pub fn expect_users(&mut self, users: u64) {
        self.users.expect(usize::try_from(users).unwrap_or(0));
    }

    /// Makes room for so many customers.
    pub fn expect_customers(&mut self, customers: u64) {
        let rows = &mut self.customers.rows;
        rows.reserve(usize::try_from(customers).unwrap_or(0));
    }

    /// Takes a business.
    pub fn business(&mut self, document: &RawDocument) {
        self.ways.take(document);
    }

    /// How the proof follows a booking's references.
    pub fn paths(&self) -> &ProofPaths {
        self.ways.paths()
    }

    /// Takes a document through which bookings find their business.
    pub fn between(&mut self, needed: &Needed, document: &RawDocument) {
        self.ways.take_between(needed, document);
    }

    /// The top-level fields of users that a proof looks at.
    pub fn fields_of_users(&self) -> Vec<String> {
        let filter = self.mapping.user.filter.iter();
        let filter = filter.flat_map(crate::domain::mapping::filter::Filter::fields);
        let paths = filter.chain(self.ways.of_users());
        let fields = paths.map(|path| path.top().to_owned());
        std::iter::once("_id".to_owned()).chain(fields).collect()
    }

    /// Takes a user of the original.
    pub fn user(&mut self, document: &RawDocument) {
        let filter = self.mapping.user.filter.as_ref();
        let is_one = filter.is_none_or(|filter| filter.lets_in(document));
        if let Some(id) = id_of(document).filter(|_| is_one) {
            self.ways.take_user(document);
            self.users.take(&id);
        }
    }

    /// Takes a customer.
    pub fn customer(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let business = reference(document, &self.mapping.customer.business);
        let business = business.map(|business| self.ways.named(&business));
        self.customers.change(id.canonical().as_bytes(), |row| {
            (row.here, row.business) = (true, business);
        });
    }

    /// Takes a link.
    pub fn link(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let users =
            get(document, "users").and_then(|users| RawDocument::from_bytes(users.bytes).ok());
        let users = users.into_iter().flat_map(elements).map_while(Result::ok);
        let users = users
            .map(|element| self.users.named(&Id::from_value(element.value)))
            .collect();
        let business = reference(document, &self.mapping.customer.business);
        let business = business.map(|business| self.ways.named(&business));
        let kind = match LinkKind::of(document) {
            Ok(kind) => kind,
            Err(unknown) => return self.wrong(&id, unknown.to_string()),
        };
        let customer = id.canonical();
        self.customers
            .take_link(customer.as_bytes(), (kind, business), users);
    }

    fn business_id(&self, business: Number) -> Id {
        let id = self.ways.id(business);
        id.unwrap_or_else(|| Id::string(""))
    }

    fn user_id(&self, user: Number) -> Id {
        let id = self.users.id(user);
        id.unwrap_or_else(|| Id::string(""))
    }

    /// Takes bookings of the original with what became of them.
    pub fn bookings(&mut self, examined: &[Examined]) {
        for some in examined.chunks(TOGETHER) {
            let names: Vec<_> = some.iter().filter_map(|it| it.names.first()).collect();
            self.users.prefetch(&names);
            let customers = some.iter().filter_map(|it| match &it.became {
                Became::Linked { customer, .. } => Some(customer.as_bytes()),
                _ => None,
            });
            self.customers.rows.prefetch(customers);
            for booking in some {
                self.booking(booking);
            }
        }
    }

    fn booking(&mut self, booking: &Examined) {
        self.bookings += 1;
        let id = &booking.id;
        if let Became::Outside { same } = booking.became {
            self.outside += 1;
            if !same {
                self.wrong(id, format!("booking {id}, which the mapping leaves out, has other bytes than the original"));
            }
            return;
        }
        let business = only(&self.ways.businesses(&booking.businesses));
        let names = booking.names.first();
        let users = self.ways.users(&booking.names, &self.users);
        let user = users.first().copied();
        match &booking.became {
            Became::Outside { .. } => {}
            Became::Unchanged { customer } => match customer {
                Some(customer) if self.is_here(customer) => {
                    self.linked_booking(id, (customer, true), (business, user, names));
                }
                _ => self.left_booking(id, (true, false), (business, user)),
            },
            Became::Nothing => self.wrong(id, format!("booking {id} is missing")),
            Became::Both => {
                self.wrong(id, format!("booking {id} is live and in the quarantine"));
            }
            Became::Quarantined { same } => {
                self.quarantined += 1;
                if !same {
                    self.wrong(
                        id,
                        format!("booking {id} in the quarantine has other bytes than the original"),
                    );
                }
                if business.is_some() && user.is_some() {
                    self.wrong(id, format!("booking {id} is in the quarantine though its user and business are known"));
                }
            }
            Became::Linked { customer, same } => {
                self.linked_booking(id, (customer, *same), (business, user, names));
            }
            Became::Left { same, half } => self.left_booking(id, (*same, *half), (business, user)),
        }
    }

    fn linked_booking(
        &mut self,
        id: &Id,
        (customer, same): (&Id, bool),
        (business, user, names): (Option<Number>, Option<Number>, Option<&Id>),
    ) {
        self.linked += 1;
        if !same {
            self.wrong(
                id,
                format!("booking {id} has other bytes than the original"),
            );
        }
        let Some(business) = self.business_for(id, business) else {
            return;
        };
        let Some((place, found)) = self.customer_for(id, customer) else {
            return;
        };
        let link = found.link.map(|link| {
            let users = self.customers.users(place, &link);
            let dangling = |names| self.users.dangling(names);
            let holds = match (user, names) {
                (Some(user), _) => users.contains(&user),
                (None, _) if link.kind == LinkKind::Existing => true,
                (None, Some(names)) => {
                    let holds = dangling(names).is_some_and(|it| users.contains(&it));
                    !link.kind.is_created() && holds
                }
                (None, None) => !link.kind.is_created() && users.is_empty(),
            };
            (link.kind, holds)
        });
        self.same_business(id, customer, &found, business);
        let Some((kind, holds)) = link else {
            self.wrong(
                id,
                format!("booking {id} names customer {customer}, which has no link"),
            );
            return;
        };
        if !holds {
            self.wrong(
                customer,
                format!("the link of customer {customer} does not hold the user of booking {id}"),
            );
        }
        if let Some(user) = user {
            let made = (kind != LinkKind::Existing).then_some(place);
            self.pair(
                id,
                (user, business),
                made.and_then(|it| Number::try_from(it).ok()),
            );
        }
    }

    /// The business of a booking that has a customer; says so where it is unknown.
    fn business_for(&mut self, booking: &Id, business: Option<Number>) -> Option<Number> {
        if business.is_none() {
            self.wrong(
                booking,
                format!("booking {booking} has a customer though its business is unknown"),
            );
        }
        business
    }

    /// True for a customer that is there.
    fn is_here(&self, customer: &Id) -> bool {
        let place = self.customers.rows.find(customer.canonical().as_bytes());
        place.is_some_and(|place| self.customers.rows.value(place).here)
    }

    /// The customer that a booking names, and its place; says so where there is none.
    fn customer_for(&mut self, booking: &Id, customer: &Id) -> Option<(usize, Customer)> {
        let customers = &self.customers.rows;
        let place = customers.find(customer.canonical().as_bytes());
        let place = place.or_else(|| customers.find(customer.other_form()?.as_bytes()));
        let found = place.map(|place| (place, customers.value(place)));
        let found = found.filter(|(_, found)| found.here);
        if found.is_none() {
            self.wrong(
                booking,
                format!("booking {booking} names customer {customer}, which does not exist"),
            );
        }
        found
    }

    /// Says so where the customer of a booking is not of its business.
    fn same_business(&mut self, booking: &Id, customer: &Id, found: &Customer, business: Number) {
        if found.business != Some(business) {
            let business = self.business_id(business);
            self.wrong(booking, format!("booking {booking} names customer {customer} of another business than its own, {business}"));
        }
    }

    fn pair(&mut self, booking: &Id, of: (Number, Number), customer: Option<Number>) {
        let unseen = Pair {
            customer,
            linked: true,
        };
        let (at, new) = self.pairs.insert(&pair_key(of), &unseen);
        if new {
            return;
        }
        let known = self.pairs.value(at);
        let pair = Pair {
            customer: known.customer.or(customer),
            linked: true,
        };
        match (known.customer, customer) {
            (Some(one), Some(other)) if one != other => {
                let (user, business) = (self.user_id(of.0), self.business_id(of.1));
                let (one, other) = (self.customer_id(one), self.customer_id(other));
                let says = format!(
                    "user {user} has two customers at business {business}: {one} and {other} (booking {booking})"
                );
                self.wrong(booking, says);
            }
            _ => self.pairs.set(at, &pair),
        }
    }

    fn customer_id(&self, place: Number) -> Id {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        Id::from_bytes(&self.customers.rows.key(place))
    }

    fn left_booking(
        &mut self,
        id: &Id,
        (same, half): (bool, bool),
        known: (Option<Number>, Option<Number>),
    ) {
        if !same {
            let says = if half {
                format!("booking {id} still has its {}", self.paths().changing()[0])
            } else {
                format!("booking {id} has no customer and other bytes than the original")
            };
            self.wrong(id, says);
            return;
        }
        self.left += 1;
        let allowed = match known {
            (None, _) => self.allowed.without_business,
            (Some(_), None) => self.allowed.without_user,
            (Some(business), Some(user)) => {
                let key = pair_key((user, business));
                self.pairs.insert(&key, &Pair::default());
                self.allowed.skipped
            }
        };
        if !allowed {
            self.wrong(
                id,
                format!("booking {id} has no customer, and no decision left it so"),
            );
        }
    }

    /// Takes a live booking that the original does not hold.
    pub fn extra_booking(&mut self, document: &RawDocument, place: &str) {
        if let Some(id) = id_of(document) {
            self.wrong(
                &id,
                format!("booking {id} stands in {place} and not in the original"),
            );
        }
    }

    /// Takes a document of a collection that is proved alone, before and after.
    pub fn document(
        &mut self,
        which: &Rebuilt,
        before: &RawDocument,
        current: Option<&RawDocument>,
    ) {
        match which.role() {
            Role::Users => self.user_pair(before, current),
            Role::Customers | Role::Bookings => {
                let id = id_of(before).unwrap_or_else(|| Id::string(""));
                self.wrong(
                    &id,
                    format!("{} {id} has no proof of its own", which.live()),
                );
            }
        }
    }

    /// Takes a current document of a collection that is proved alone, which the original does not hold.
    pub fn extra(&mut self, which: &Rebuilt, document: &RawDocument, place: &str) {
        if let Some(id) = id_of(document) {
            let key = which.key();
            self.wrong(
                &id,
                format!("{key} {id} stands in {place} and not in the original"),
            );
        }
    }

    /// Checks customers against links, and closes the account. Returns the two equations, in words.
    pub fn close(&mut self) -> Vec<String> {
        let customers = std::mem::replace(&mut self.customers, Customers::new(&self.memory));
        // Users at a business for whom an existing customer is there; true where a link to a created one speaks for them.
        let mut adopted: Table<bool> = Table::new(&self.memory);
        for (at, (_, customer)) in customers.rows.iter().enumerate() {
            let Some(link) = customer.link.filter(|link| link.kind == LinkKind::Existing) else {
                continue;
            };
            for pair in customers.pairs(at, &link) {
                adopted.insert(&pair_key(pair), &false);
            }
        }
        let (mut created, mut merged) = (0_u64, 0_u64);
        for (at, (id, customer)) in customers.rows.iter().enumerate() {
            let id = &Id::from_bytes(&id);
            match &customer.link {
                None => self.wrong(id, format!("customer {id} has no link")),
                Some(link) if customer.here => {
                    let agrees = link.business == customer.business && link.business.is_some()
                        || link.business.is_none() && link.kind == LinkKind::Existing;
                    if !agrees {
                        self.wrong(
                            id,
                            format!("customer {id} is of another business than its link says"),
                        );
                    }
                }
                Some(link) if link.kind.is_created() => {
                    self.wrong(id, format!("customer {id} is missing, its link is there"));
                }
                Some(_) => {}
            }
            let Some(link) = customer.link.as_ref().filter(|it| it.kind.is_created()) else {
                continue;
            };
            created += 1;
            merged += (customers.users(at, link).len() as u64).saturating_sub(1);
            for pair in customers.pairs(at, link) {
                if let Some(place) = adopted.find(&pair_key(pair)) {
                    adopted.set(place, &true);
                }
            }
        }
        let adopted = adopted.iter().filter(|(_, created)| !created).count() as u64;
        drop(customers);
        let skipped = self.pairs.iter().filter(|(_, pair)| !pair.linked).count() as u64;
        let pairs = self.pairs.len() as u64;
        let (bookings, linked, quarantined, left) =
            (self.bookings, self.linked, self.quarantined, self.left);
        let mut of_bookings = format!(
            "bookings {bookings} = linked {linked} + quarantined {quarantined} + left by decision {left}"
        );
        let outside = self.outside;
        if self.mapping.booking.following.filter.is_some() {
            let _ = write!(of_bookings, " + outside the filter {outside}"); // writing to a String cannot fail
        }
        self.equation(
            &of_bookings,
            bookings,
            linked + quarantined + left + outside,
        );
        let of_pairs = format!(
            "pairs {pairs} = customers created {created} + adopted {adopted} + merged away {merged} + skipped {skipped}"
        );
        self.equation(&of_pairs, pairs, created + adopted + merged + skipped);
        vec![of_bookings, of_pairs]
    }

    fn equation(&mut self, words: &str, left: u64, right: u64) {
        if left != right {
            self.wrong(
                &Id::string("equation"),
                format!("the account does not close: {words}"),
            );
        }
    }
}
