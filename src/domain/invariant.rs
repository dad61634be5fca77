//! The proof: claims about a migrated database, checked from the outside. Nothing here calls the transform; each term of an equation is
//! counted on its own.

use std::collections::HashSet;

use bson::raw::RawDocument;

use super::id::Id;
use super::map::{Map, Ordered};
use super::mapping::Mapping;
use super::raw::{Element, elements, get, kind};
use super::survey::facts::{hash128, id_of};

/// Findings kept with their ids; the rest is only counted.
const KEPT: usize = 50;

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

#[derive(Debug, Clone)]
struct LinkFacts {
    users: Vec<Id>,
    business: Option<Id>,
    created: bool,
    existing: bool,
}

/// The account of a migration. Feed services, businesses, users, customers and links first, then bookings.
#[derive(Debug)]
pub struct Ledger {
    mapping: Mapping,
    allowed: LeftAllowed,
    businesses: Ordered<Id, ()>,
    services: Map<Id, Id>,
    users: Ordered<Id, ()>,
    customers: Map<Id, Option<Id>>,
    links: Map<Id, LinkFacts>,
    pairs: Map<(usize, usize), PairFacts>,
    /// Bookings of the original.
    pub bookings: u64,
    /// Bookings with a customer.
    pub linked: u64,
    /// Bookings in the quarantine.
    pub quarantined: u64,
    /// Bookings left by decision.
    pub left: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How much is wrong, kept or not.
    pub wrong: u64,
}

#[derive(Debug, Default)]
struct PairFacts {
    customer: Option<Id>,
    linked: bool,
}

/// The key that stands for `id` and its other form.
fn found<'m, V>(map: &'m Map<Id, V>, id: &Id) -> Option<(&'m Id, &'m V)> {
    map.get_key_value(&id.canonical())
        .or_else(|| map.get_key_value(&id.other_form()?))
}

fn same(one: &Id, other: &Id) -> bool {
    one == other
        || one.canonical() == other.canonical()
        || one.other_form().as_ref() == Some(other)
        || other.other_form().as_ref() == Some(one)
}

fn reference(document: &RawDocument, field: &str) -> Option<Id> {
    get(document, field)
        .filter(|value| value.kind != kind::NULL)
        .map(Id::from_value)
}

impl Ledger {
    /// An empty ledger.
    pub fn new(mapping: Mapping, allowed: LeftAllowed) -> Self {
        Self {
            mapping,
            allowed,
            businesses: Ordered::default(),
            services: Map::default(),
            users: Ordered::default(),
            customers: Map::default(),
            links: Map::default(),
            pairs: Map::default(),
            bookings: 0,
            linked: 0,
            quarantined: 0,
            left: 0,
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

    /// Takes a business.
    pub fn business(&mut self, document: &RawDocument) {
        self.businesses
            .extend(id_of(document).map(|id| (id.canonical(), ())));
    }

    /// Takes a service.
    pub fn service(&mut self, document: &RawDocument) {
        let business = reference(document, &self.mapping.service.business);
        if let (Some(id), Some(business)) = (id_of(document), business) {
            self.services.insert(id.canonical(), business);
        }
    }

    /// Takes a user of the original.
    pub fn user(&mut self, document: &RawDocument) {
        self.users
            .extend(id_of(document).map(|id| (id.canonical(), ())));
    }

    /// Takes a customer.
    pub fn customer(&mut self, document: &RawDocument) {
        if let Some(id) = id_of(document) {
            let business = reference(document, &self.mapping.customer.business);
            self.customers.insert(id.canonical(), business);
        }
    }

    /// Takes a link.
    pub fn link(&mut self, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let users = document
            .get_array("users")
            .map(|users| {
                elements(RawDocument::from_bytes(users.as_bytes()).unwrap_or(document))
                    .map_while(Result::ok)
                    .map(|element| Id::from_value(element.value))
                    .collect()
            })
            .unwrap_or_default();
        let kind = document.get_str("kind").unwrap_or_default();
        self.links.insert(
            id.canonical(),
            LinkFacts {
                users,
                business: reference(document, &self.mapping.customer.business),
                created: kind.starts_with("created"),
                existing: kind == "existing",
            },
        );
    }

    /// The business of a booking, by its service.
    fn business_of(&self, booking: &RawDocument) -> Option<Id> {
        let service = reference(booking, &self.mapping.booking.service)?;
        let (_, business) = found(&self.services, &service)?;
        let canonical = business.canonical();
        if self.businesses.contains_key(&canonical) {
            return Some(canonical);
        }
        business
            .other_form()
            .filter(|other| self.businesses.contains_key(other))
    }

    fn known_user(&self, id: &Id) -> Option<Id> {
        let canonical = id.canonical();
        if self.users.contains_key(&canonical) {
            return Some(canonical);
        }
        id.other_form()
            .filter(|other| self.users.contains_key(other))
    }

    /// Stands for a known user and a known business.
    fn pair_of(&self, user: &Id, business: &Id) -> (usize, usize) {
        let place = |of: &Ordered<Id, ()>, id| of.get_index_of(id).unwrap_or(usize::MAX);
        (place(&self.users, user), place(&self.businesses, business))
    }

    /// Takes a booking of the original with what became of it.
    pub fn booking(
        &mut self,
        before: &RawDocument,
        current: Option<&RawDocument>,
        quarantined: Option<&RawDocument>,
    ) {
        self.bookings += 1;
        let Some(id) = id_of(before) else { return };
        let business = self.business_of(before);
        let names = reference(before, &self.mapping.booking.user);
        let user = names.as_ref().and_then(|user| self.known_user(user));
        match (current, quarantined) {
            (None, None) => self.wrong(&id, format!("booking {id} is missing")),
            (Some(_), Some(_)) => {
                self.wrong(&id, format!("booking {id} is live and in the quarantine"));
            }
            (None, Some(quarantined)) => {
                self.quarantined += 1;
                if quarantined.as_bytes() != before.as_bytes() {
                    self.wrong(
                        &id,
                        format!("booking {id} in the quarantine has other bytes than the original"),
                    );
                }
                if business.is_some() && user.is_some() {
                    self.wrong(&id, format!("booking {id} is in the quarantine though its user and business are known"));
                }
            }
            (Some(current), None) => {
                self.live_booking(&id, before, current, (business, user, names));
            }
        }
    }

    fn live_booking(
        &mut self,
        id: &Id,
        before: &RawDocument,
        current: &RawDocument,
        (business, user, names): (Option<Id>, Option<Id>, Option<Id>),
    ) {
        let customer = reference(current, &self.mapping.booking.customer);
        let leftover = get(current, &self.mapping.booking.user).is_some();
        let (Some(customer), false) = (customer, leftover) else {
            self.left_booking(id, before, current, (business.as_ref(), user.as_ref()));
            return;
        };
        self.linked += 1;
        if !self.same_but_for_the_link(before, current) {
            self.wrong(
                id,
                format!("booking {id} has other bytes than the original"),
            );
        }
        let Some(business) = business else {
            self.wrong(
                id,
                format!("booking {id} has a customer though its business is unknown"),
            );
            return;
        };
        let Some((key, of)) = found(&self.customers, &customer) else {
            self.wrong(
                id,
                format!("booking {id} names customer {customer}, which does not exist"),
            );
            return;
        };
        let key = key.clone();
        if !of.as_ref().is_some_and(|of| same(of, &business)) {
            self.wrong(id, format!("booking {id} names customer {customer} of another business than its own, {business}"));
        }
        let Some(link) = self.links.get(&key) else {
            self.wrong(
                id,
                format!("booking {id} names customer {customer}, which has no link"),
            );
            return;
        };
        let (existing, created) = (link.existing, link.created);
        let holds = match (&user, &names) {
            (Some(user), _) => link.users.iter().any(|it| same(it, user)),
            (None, _) if existing => true,
            (None, Some(names)) => !created && link.users.iter().any(|it| it == names),
            (None, None) => !created && link.users.is_empty(),
        };
        if !holds {
            self.wrong(
                &key,
                format!("the link of customer {key} does not hold the user of booking {id}"),
            );
        }
        if let Some(user) = user {
            self.pair(id, &user, &business, (!existing).then_some(key));
        }
    }

    fn pair(&mut self, booking: &Id, user: &Id, business: &Id, customer: Option<Id>) {
        let pair = self.pairs.entry(self.pair_of(user, business)).or_default();
        pair.linked = true;
        match (&pair.customer, customer) {
            (Some(one), Some(other)) if *one != other => {
                let says = format!(
                    "user {user} has two customers at business {business}: {one} and {other} (booking {booking})"
                );
                self.wrong(booking, says);
            }
            (None, Some(customer)) => pair.customer = Some(customer),
            _ => {}
        }
    }

    fn left_booking(
        &mut self,
        id: &Id,
        before: &RawDocument,
        current: &RawDocument,
        known: (Option<&Id>, Option<&Id>),
    ) {
        if before.as_bytes() != current.as_bytes() {
            let says = if get(current, &self.mapping.booking.user).is_some()
                && get(current, &self.mapping.booking.customer).is_some()
            {
                format!("booking {id} still has its {}", self.mapping.booking.user)
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
                self.pairs.entry(self.pair_of(user, business)).or_default();
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

    /// Equal in every byte but for userId before, and customerId on both sides.
    fn same_but_for_the_link(&self, before: &RawDocument, current: &RawDocument) -> bool {
        let role = &self.mapping.booking;
        let rest = |document| {
            elements(document)
                .map_while(Result::ok)
                .filter(|element: &Element<'_>| {
                    element.key != role.user.as_bytes() && element.key != role.customer.as_bytes()
                })
                .map(|element| element.whole)
        };
        let once = elements(current)
            .map_while(Result::ok)
            .filter(|element| element.key == role.customer.as_bytes())
            .count()
            == 1;
        once && rest(before).eq(rest(current))
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

    /// Takes a current user that the original does not hold.
    pub fn extra_user(&mut self, document: &RawDocument, place: &str) {
        if let Some(id) = id_of(document) {
            self.wrong(
                &id,
                format!("user {id} stands in {place} and not in the original"),
            );
        }
    }

    /// Takes a user before and after; `wiped` are users whose contact fields a decision removes without a copy.
    pub fn user_pair(
        &mut self,
        before: &RawDocument,
        current: Option<&RawDocument>,
        cleaned: &HashSet<Id>,
    ) {
        let Some(id) = id_of(before) else { return };
        let Some(current) = current else {
            self.wrong(&id, format!("user {id} is missing"));
            return;
        };
        let cleaned = cleaned.contains(&id.canonical());
        let contact = &self.mapping.user.contact;
        let is_contact =
            |element: &Element<'_>| contact.iter().any(|field| field.as_bytes() == element.key);
        let rest = |document, drop: bool| {
            elements(document)
                .map_while(Result::ok)
                .filter(move |element| !(drop && is_contact(element)))
                .map(|element| element.whole)
        };
        if cleaned
            && elements(current)
                .map_while(Result::ok)
                .any(|element| is_contact(&element))
        {
            self.wrong(
                &id,
                format!("user {id} still has contact fields that were copied to its customers"),
            );
        } else if !rest(before, cleaned).eq(rest(current, cleaned)) {
            self.wrong(&id, format!("user {id} has other bytes than the original"));
        }
    }

    /// The users whose contact fields were copied, by the links.
    pub fn copied_users(&self, links_of_kind_created: &HashSet<Id>) -> HashSet<Id> {
        self.links
            .iter()
            .filter(|(customer, _)| links_of_kind_created.contains(*customer))
            .flat_map(|(_, link)| link.users.iter().filter_map(|user| self.known_user(user)))
            .collect()
    }

    /// Checks customers against links, and closes the account. Returns the two equations, in words.
    pub fn close(&mut self) -> Vec<String> {
        let customers = std::mem::take(&mut self.customers);
        let links = std::mem::take(&mut self.links);
        for (id, business) in &customers {
            match links.get(id) {
                None => self.wrong(id, format!("customer {id} has no link")),
                Some(link) => {
                    let agree = match (&link.business, business) {
                        (Some(one), Some(other)) => same(one, other),
                        (None, _) => link.existing,
                        _ => false,
                    };
                    if !agree {
                        self.wrong(
                            id,
                            format!("customer {id} is of another business than its link says"),
                        );
                    }
                }
            }
        }
        let mut by_link: HashSet<u128> = HashSet::new();
        let (mut created, mut merged, mut adopted) = (0_u64, 0_u64, 0_u64);
        for (id, link) in links.iter().filter(|(_, link)| link.created) {
            if !customers.contains_key(id) {
                self.wrong(id, format!("customer {id} is missing, its link is there"));
            }
            created += 1;
            merged += (link.users.len() as u64).saturating_sub(1);
            if let Some(business) = &link.business {
                by_link.extend(
                    link.users
                        .iter()
                        .map(|user| pair_key(&user.canonical(), &business.canonical())),
                );
            }
        }
        for link in links.values().filter(|link| link.existing) {
            if let Some(business) = &link.business {
                let keys = link
                    .users
                    .iter()
                    .map(|user| pair_key(&user.canonical(), &business.canonical()));
                adopted += keys.filter(|key| by_link.insert(*key)).count() as u64;
            }
        }
        let skipped = self.pairs.values().filter(|pair| !pair.linked).count() as u64;
        let pairs = self.pairs.len() as u64;
        let (bookings, linked, quarantined, left) =
            (self.bookings, self.linked, self.quarantined, self.left);
        let of_bookings = format!(
            "bookings {bookings} = linked {linked} + quarantined {quarantined} + left by decision {left}"
        );
        self.equation(&of_bookings, bookings, linked + quarantined + left);
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

fn pair_key(user: &Id, business: &Id) -> u128 {
    let mut bytes = (user.as_bytes().len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(user.as_bytes());
    bytes.extend_from_slice(business.as_bytes());
    hash128(&bytes)
}
