//! The proof: claims about a migrated database, checked from the outside. Nothing here calls the transform; each term of an equation is
//! counted on its own.

mod accounts;
mod bookings;
mod contact;
mod dated;
mod dates;
mod examined;
mod followed;
mod guests;
mod isolation;
mod listed;
pub mod merged;
mod names;
mod paths;
mod rows;
mod user_way;
mod users;

use bson::raw::RawDocument;

use super::id::Id;
use super::link::{LinkKind, SeveralUsers};
use super::map::{Map, Set};
use super::mapping::Mapping;
use super::number::grouped;
use super::raw::{elements, get, kind};
use super::rebuilt::{Rebuilt, Role};
use super::survey::facts::id_of;
use super::table::{Memory, Table};
pub use accounts::{Accounts, Whereabouts};
pub use contact::holds_contact;
use dates::Dated;
pub use examined::Examined;
pub use guests::{guest_known_as, guests_of};
use names::{Names, Number};
use paths::Ways;
pub use paths::{Needed, ProofPaths};
use rows::{Customers, Pair, pair_key};
pub use user_way::{UserWay, first_hop, hop_names};

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
    /// For bookings, then for each followed entry.
    allowed: Vec<LeftAllowed>,
    /// Likewise.
    ways: Vec<Ways>,
    /// Whose documents are taken now: 0 for bookings.
    of: usize,
    /// What such a document is called.
    what: String,
    /// Equations of the documents that were taken, closed.
    closed: Vec<String>,
    /// Users who are no customers by nature, where followed documents ask for that.
    not_by_nature: Set<Number>,
    /// Documents that named several users, with the others.
    several: Map<(String, Id), Vec<Id>>,
    /// Pairs of whom some document's list has no customer, with the document.
    unlisted: Map<[u8; 8], Id>,
    users: Names,
    customers: Customers,
    pairs: Table<Pair>,
    /// Users and the businesses that they name themselves.
    homes: Table<()>,
    /// Pairs of users who were given to a business; true once their customer was seen.
    assigned: Table<bool>,
    dated: Dated,
    contact_is_null: bool,
    /// Another type than that of the id is wrong in a reference.
    exact: bool,
    memory: Memory,
    /// What is taken is live, and an application may have written since.
    live: bool,
    /// Live documents that the original does not hold, with nothing wrong.
    since: u64,
    /// What is not wrong, and worth saying.
    pub notes: Vec<String>,
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
    /// Followed documents that stay with an account.
    pub with_account: u64,
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
    /// An empty ledger; `allowed` is for bookings, then for each followed entry, `memory` for what it keeps of users, pairs and customers.
    pub fn new(mapping: Mapping, allowed: Vec<LeftAllowed>, memory: &Memory) -> Self {
        let entries = mapping.follow.iter();
        let entries = entries.map(|entry| ProofPaths::entry(&mapping, entry));
        let paths = std::iter::once(ProofPaths::of(&mapping)).chain(entries);
        Self {
            ways: paths
                .map(|paths| Ways::new(&mapping, paths, memory))
                .collect(),
            of: 0,
            what: "booking".to_owned(),
            closed: Vec::new(),
            not_by_nature: Set::default(),
            several: Map::default(),
            unlisted: Map::default(),
            with_account: 0,
            mapping,
            allowed,
            users: Names::new(memory),
            customers: Customers::new(memory),
            pairs: Table::new(memory),
            assigned: Table::new(memory),
            homes: Table::new(memory),
            dated: Dated::new(memory),
            contact_is_null: false,
            exact: false,
            memory: memory.clone(),
            live: false,
            since: 0,
            notes: Vec::new(),
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

    /// Holds references to customers, and theirs to businesses, to the very type of the ids: where nobody linked before the migration, all of
    /// them were written in it, and an application finds nothing by another.
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// Takes what is live, so that an application may have made more since.
    #[must_use]
    pub fn live(mut self, live: bool) -> Self {
        self.live = live;
        self
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
        for ways in &mut self.ways {
            ways.take(document);
        }
    }

    /// The ways of the documents that are taken now.
    fn way(&self) -> &Ways {
        &self.ways[self.of]
    }

    /// How the proof follows the references of the documents that are taken now.
    pub fn paths(&self) -> &ProofPaths {
        self.way().paths()
    }

    /// What must be read before documents are taken.
    pub fn needed(&self) -> Vec<Needed> {
        let mut all = Vec::new();
        for (of, ways) in self.ways.iter().enumerate() {
            let needed = ways.paths().needed().into_iter();
            all.extend(needed.map(|it| it.for_documents(of)));
        }
        all
    }

    /// Takes a document of what is needed.
    pub fn between(&mut self, needed: &Needed, document: &RawDocument) {
        if let Some(ways) = self.ways.get_mut(needed.of) {
            ways.take_between(needed, document);
        }
    }

    /// The top-level fields of users that a proof looks at.
    pub fn fields_of_users(&self) -> Vec<String> {
        let filter = self.mapping.user.filter.iter();
        let filter = filter.flat_map(crate::domain::mapping::filter::Filter::fields);
        let paths = filter.chain(self.ways.iter().flat_map(Ways::of_users));
        let fields = paths.map(|path| path.top().to_owned());
        let signs = self.signs_of_nature();
        std::iter::once("_id".to_owned())
            .chain(fields)
            .chain(signs)
            .collect()
    }

    /// Takes a user of the original.
    pub fn user(&mut self, document: &RawDocument) {
        let filter = self.mapping.user.filter.as_ref();
        let is_one = filter.is_none_or(|filter| filter.lets_in(document));
        if let Some(id) = id_of(document).filter(|_| is_one) {
            for ways in &mut self.ways {
                ways.take_user(document);
            }
            self.users.take(&id);
            self.take_nature(&id, document);
            if let Some(user) = self.users.known(&id) {
                for business in self.ways[0].homes(document) {
                    self.homes.insert(&pair_key((user, business)), &());
                }
            }
        }
    }

    /// Takes a customer.
    pub fn customer(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let business = reference(document, &self.mapping.customer.business);
        if let Some(said) = business.as_ref().filter(|_| self.exact) {
            let number = self.ways[0].named(said);
            let is = self.business_id(number);
            if is.canonical() != said.canonical() {
                let says = format!(
                    "customer {id} names its business {is} in another type than its _id has"
                );
                self.wrong(&id, says);
            }
        }
        let business = business.map(|business| self.ways[0].named(&business));
        self.customers.change(id.canonical().as_bytes(), |row| {
            (row.here, row.business) = (true, business);
        });
    }

    /// Takes a link.
    pub fn link(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        if let Some(note) = SeveralUsers::of(document) {
            let of = (note.of, note.document.canonical());
            self.several.insert(of, note.others);
            return;
        }
        let users =
            get(document, "users").and_then(|users| RawDocument::from_bytes(users.bytes).ok());
        let users = users.into_iter().flat_map(elements).map_while(Result::ok);
        let mut users: rows::Users = users
            .map(|element| self.users.named(&Id::from_value(element.value)))
            .collect();
        let guests = get(document, "guests");
        let guests = guests.and_then(|it| RawDocument::from_bytes(it.bytes).ok());
        for guest in guests.into_iter().flat_map(elements).map_while(Result::ok) {
            users.push(self.named_guest(&Id::from_value(guest.value)));
        }
        let business = reference(document, &self.mapping.customer.business);
        let business = business.map(|business| self.ways[0].named(&business));
        let kind = match LinkKind::of(document) {
            Ok(kind) => kind,
            Err(unknown) => return self.wrong(&id, unknown.to_string()),
        };
        self.dated.said(&id, document);
        let customer = id.canonical();
        self.customers
            .take_link(customer.as_bytes(), (kind, business), users);
    }

    /// Takes a guest that a link names.
    fn named_guest(&mut self, guest: &Id) -> Number {
        self.users.take(guest);
        self.users.named(guest)
    }

    fn business_id(&self, business: Number) -> Id {
        let id = self.ways[0].id(business);
        id.unwrap_or_else(|| Id::string(""))
    }

    fn user_id(&self, user: Number) -> Id {
        let id = self.users.id(user);
        id.unwrap_or_else(|| Id::string(""))
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
            Role::Reshaped => self.same_pair(which, before, current),
            Role::Customers | Role::Bookings | Role::Followed => {
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
            let live = which.live();
            self.wrong(
                &id,
                format!("{live} {id} stands in {place} and not in the original"),
            );
        }
    }

    /// Checks customers against links, and closes the account. Returns the equations, in words: of bookings, of pairs, of followed documents.
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
                self.has_customer(pair);
            }
        }
        let (mut created, mut merged, mut since) = (0_u64, 0_u64, 0_u64);
        for (at, (id, customer)) in customers.rows.iter().enumerate() {
            let id = &Id::from_bytes(&id);
            match &customer.link {
                // The new application makes customers of its own; a booking of the original never names one of them.
                None if self.live
                    && customer.business.is_some_and(|it| self.ways[0].stands(it)) =>
                {
                    since += 1;
                }
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
            if let Some(link) = customer.link.filter(|it| it.kind == LinkKind::Placeholder) {
                created += self.stands_for(&customers, at, &link);
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
                self.has_customer(pair);
            }
        }
        let adopted = adopted.iter().filter(|(_, created)| !created).count() as u64;
        self.check_dates(&customers);
        drop(customers);
        self.note_since(since, ["customer", "customers"]);
        self.nobody_is_missing_from_a_list();
        self.every_assigned_has_a_customer();
        let skipped = self.pairs.iter().filter(|(_, pair)| !pair.linked).count() as u64;
        let pairs = self.pairs.len() as u64;
        self.close_documents();
        self.every_note_is_of_a_document();
        let of_pairs = format!(
            "pairs {} = customers created {} + adopted {} + merged away {} + skipped {}",
            grouped(pairs),
            grouped(created),
            grouped(adopted),
            grouped(merged),
            grouped(skipped)
        );
        self.equation(&of_pairs, pairs, created + adopted + merged + skipped);
        let mut equations = std::mem::take(&mut self.closed);
        equations.insert(1.min(equations.len()), of_pairs);
        equations
    }

    /// How many pairs a placeholder stands for: that of a user who exists, by decision; else none.
    fn stands_for(&mut self, customers: &Customers, at: usize, link: &rows::Link) -> u64 {
        let mut pairs = 0;
        for pair in customers.pairs(at, link) {
            if self.pairs.find(&pair_key(pair)).is_some() {
                pairs += 1;
                self.has_customer(pair);
            }
        }
        pairs
    }

    pub(super) fn equation(&mut self, words: &str, left: u64, right: u64) {
        if left != right {
            self.wrong(
                &Id::string("equation"),
                format!("the counts do not add up: {words}"),
            );
        }
    }
}
