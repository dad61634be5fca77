//! The mapped collections read as people, pairs, groups and customers-to-be.

use std::collections::{BTreeMap, BTreeSet};

use super::join::{Record, records, resolve};
use super::merge::{
    customer_fields, is_non_empty_string, normal_email, placeholder_fields, survivor_order,
};
use super::{Customer, IdRule, Link, Made, Unsaid, guests};
use crate::oracle::bytes::{Field, Value, first, hex, tag};
use crate::oracle::form::{Form, Named, OfBusiness, Put, Said, is_value};
use crate::oracle::generate::Database;

/// The mapped collections, taken apart.
pub struct World {
    /// Users in the order of the data, then the guests that bookings name.
    pub people: Vec<Record>,
    /// How many of the people have a document.
    pub users: usize,
    pub businesses: Vec<Record>,
    pub services: Vec<Record>,
    pub bookings: Vec<Record>,
    pub customers: Vec<Record>,
    /// What each booking says of user and business.
    pub said: Vec<Said>,
    pub form: Form,
}

/// What a booking says, with its references followed.
pub struct Reading {
    pub business: Option<usize>,
    /// Every user that it names, or its guest; the first one holds the booking.
    pub people: Vec<usize>,
    /// The existing customer of the same business that it names.
    pub keeps: Option<usize>,
}

/// Somebody at a business, and the bookings of the two.
#[derive(Default)]
pub struct Pair {
    /// Some booking gets a new reference for it, or it holds none and others' bookings name it.
    pub moves: bool,
    pub business: usize,
    pub person: usize,
    /// The existing customers at which its bookings stand already.
    pub stands_with: BTreeSet<usize>,
}

pub fn pairs(readings: &[Reading]) -> Vec<Pair> {
    let mut pairs: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
    let mut holds: BTreeSet<(usize, usize)> = BTreeSet::new();
    for reading in readings {
        let Some(business) = reading.business else {
            continue;
        };
        for (at, person) in reading.people.iter().enumerate() {
            let pair = pairs.entry((business, *person)).or_default();
            (pair.business, pair.person) = (business, *person);
            if at == 0 {
                holds.insert((business, *person));
                pair.moves |= reading.keeps.is_none();
                pair.stands_with.extend(reading.keeps);
            }
        }
    }
    for (key, pair) in &mut pairs {
        pair.moves |= !holds.contains(key);
    }
    pairs.into_values().collect()
}

/// People of one business who become one customer.
struct Group {
    business: usize,
    people: Vec<usize>,
}

/// What the pairs become.
#[derive(Default)]
pub struct Becoming {
    pub made: Vec<Made>,
    /// By business and person.
    pub goes_to: BTreeMap<(usize, usize), Customer>,
    /// Groups of several people with one e-mail.
    pub duplicates: usize,
    /// Groups that take over an existing customer.
    pub adopting: usize,
}

/// What a unique index on (businessId, email) sees of a customer.
struct Row {
    key: Value,
    business: Option<usize>,
    email: Option<Value>,
}

impl Row {
    /// Whether a plain index holds both.
    fn stands_beside(&self, other: &Self) -> Result<bool, Unsaid> {
        let same_number =
            self.key.as_halves().is_some() && self.key.as_halves() == other.key.as_halves();
        let same_key = self.key == other.key || same_number;
        let misspelt = !same_key && self.business.is_some() && self.business == other.business;
        let without = |row: &Self| !is_non_empty_string(row.email.as_ref());
        let both_without = without(self) && without(other);
        if both_without && (misspelt || (same_key && self.key.is_null())) {
            return Err(Unsaid(
                "customers without e-mail of no or of one misspelt business",
            ));
        }
        let text = text_of(self.email.as_ref()).filter(|text| !text.is_empty());
        if same_key && text.is_some() && text == text_of(other.email.as_ref()) {
            return Err(Unsaid("existing customers that no unique index can hold"));
        }
        Ok(!(same_key && both_without))
    }
}

impl World {
    pub fn of(data: &Database) -> Self {
        let people = if data.form.has_users() {
            records(data, "User")
        } else {
            Vec::new()
        };
        Self {
            users: people.len(),
            people,
            businesses: records(data, "Business"),
            services: records(data, "Service"),
            bookings: records(data, "Booking"),
            customers: records(data, "Customer"),
            said: records(data, "Booking")
                .iter()
                .map(|booking| data.form.said(data, &booking.fields))
                .collect(),
            form: data.form,
        }
    }

    /// How the customer comes into a booking.
    pub fn put(&self, booking: &[Field]) -> Put {
        self.form.put(booking)
    }

    /// A booking's fields without its reference.
    pub fn without_user(&self, booking: &[Field]) -> Vec<Field> {
        self.form.without_user(booking)
    }

    /// What every booking leads to; guests become people.
    pub fn readings(&mut self) -> Result<Vec<Reading>, Unsaid> {
        let bookings = self.bookings.iter().zip(&self.said);
        let readings: Result<Vec<Reading>, Unsaid> = bookings
            .map(|(booking, said)| self.read(booking, said))
            .collect();
        let mut readings = readings?;
        guests::take(self, &mut readings)?;
        Ok(readings)
    }

    /// True where the id of one user is the text of another's.
    pub fn has_twins(&self) -> bool {
        let ids = || self.users().iter().map(|user| &user.id);
        let texts: BTreeSet<&str> = ids().filter_map(Value::as_str).collect();
        ids().any(|id| {
            id.as_object_id()
                .is_some_and(|id| texts.contains(&hex(&id)[..]))
        })
    }

    /// Those of the people who have a document.
    pub fn users(&self) -> &[Record] {
        &self.people[..self.users]
    }

    /// The design refuses unsupported user ids that become customers, and leaves open those that keep or adopt one.
    pub fn ids_are_spoken_of(&self, pairs: &[Pair]) -> Result<(), Unsaid> {
        let silent = |pair: &Pair| !pair.moves && !can_carry(&self.people[pair.person].id);
        if pairs.iter().any(silent) {
            return Err(Unsaid("an unsupported user id whose bookings are all kept"));
        }
        Ok(())
    }

    /// New customers and adoptions; nothing when an `_id` cannot be made.
    pub fn customers_to_be(&self, pairs: &[Pair]) -> Result<Option<Becoming>, Unsaid> {
        self.no_two_share()?;
        let mut becoming = Becoming::default();
        for mut group in self.groups(pairs) {
            becoming.duplicates += usize::from(group.people.len() > 1);
            survivor_order(&self.people, &mut group.people);
            let business = &self.businesses[group.business].id;
            let rest = customer_fields(business, &self.people, &group.people);
            let id = self.id_rule(&group.people)?;
            let can = group
                .people
                .iter()
                .all(|&person| can_carry(&self.people[person].id));
            let to = match (self.adopted(group.business, &rest)?, can) {
                (Some(_), false) => {
                    return Err(Unsaid("an unsupported user id that adopts a customer"));
                }
                (None, false) => return Ok(None),
                (Some(existing), _) => {
                    becoming.adopting += 1;
                    Customer::Existing(existing)
                }
                (None, _) => {
                    becoming.made.push(Made {
                        rest,
                        id,
                        link: Link::of(business),
                    });
                    Customer::Made(becoming.made.len() - 1)
                }
            };
            let members = group.people.iter().map(|&person| (group.business, person));
            becoming.goes_to.extend(members.map(|member| (member, to)));
        }
        Ok(Some(becoming))
    }

    /// Which of several existing customers with one e-mail stays is told by tests/conflicts.
    fn no_two_share(&self) -> Result<(), Unsaid> {
        let mut seen = BTreeSet::new();
        for at in 0..self.customers.len() {
            let email = normal_email(self.customers[at].get("email"));
            if let (Some(business), Some(email)) = (self.business_of_customer(at)?, email)
                && !seen.insert((business, email))
            {
                return Err(Unsaid("existing customers that share an e-mail"));
            }
        }
        Ok(())
    }

    fn read(&self, booking: &Record, said: &Said) -> Result<Reading, Unsaid> {
        let service = booking.some("serviceId").filter(|it| is_value(it));
        let service = resolve(service, &self.services)?;
        let by_service = match service {
            Some(at) => resolve(self.services[at].some("businessId"), &self.businesses)?,
            None => None,
        };
        let direct = resolve(said.shop.as_ref(), &self.businesses)?;
        let business = match self.form.business {
            OfBusiness::Service => by_service,
            OfBusiness::Direct => direct,
            OfBusiness::Either => {
                if direct.is_some() && by_service.is_some() && direct != by_service {
                    return Err(Unsaid("a booking of two businesses"));
                }
                direct.or(by_service)
            }
        };
        let customer = resolve(booking.some("customerId"), &self.customers)?;
        let keeps = match (business, customer) {
            (Some(business), Some(customer))
                if self.business_of_customer(customer)? == Some(business) =>
            {
                Some(customer)
            }
            _ => None,
        };
        let mut people = Vec::new();
        for named in &said.users {
            let found = match named {
                Named::Id(id) => resolve(id.as_ref(), self.users())?.into_iter().collect(),
                Named::Email(email) => self.users_with(email),
            };
            for user in found {
                if !people.contains(&user) {
                    people.push(user);
                }
            }
        }
        Ok(Reading {
            business,
            people,
            keeps,
        })
    }

    /// The users with this e-mail, however it is spelled, in the order of their ids.
    fn users_with(&self, email: &Value) -> Vec<usize> {
        let Some(email) = normal_email(Some(email)) else {
            return Vec::new();
        };
        let same =
            |at: &usize| normal_email(self.people[*at].get("email")).as_ref() == Some(&email);
        let mut found: Vec<usize> = (0..self.users).filter(same).collect();
        found.sort_by(|&a, &b| self.people[a].id.server_order(&self.people[b].id));
        found
    }

    fn business_of_customer(&self, customer: usize) -> Result<Option<usize>, Unsaid> {
        resolve(
            self.customers[customer].some("businessId"),
            &self.businesses,
        )
    }

    /// People of one business by what their e-mails are compared by; a blank text by itself.
    fn groups(&self, pairs: &[Pair]) -> Vec<Group> {
        let mut groups: BTreeMap<(usize, String), Group> = BTreeMap::new();
        for pair in pairs.iter().filter(|pair| pair.moves) {
            let email = self.people[pair.person].get("email");
            let key = match (normal_email(email), email.and_then(Value::as_str)) {
                (Some(normal), _) => format!("e-mail {normal}"),
                (None, Some(blank)) if !blank.is_empty() => format!("blank {blank}"),
                _ => format!("alone {}", pair.person),
            };
            groups
                .entry((pair.business, key))
                .or_insert_with(|| Group {
                    business: pair.business,
                    people: Vec::new(),
                })
                .people
                .push(pair.person);
        }
        groups.into_values().collect()
    }

    /// The existing customer of that business with the same e-mail; of several the one with the smallest `_id`.
    fn adopted(&self, business: usize, rest: &[Field]) -> Result<Option<usize>, Unsaid> {
        let Some(email) = normal_email(first(rest, "email")) else {
            return Ok(None);
        };
        let mut alike = Vec::new();
        for (at, customer) in self.customers.iter().enumerate() {
            if self.business_of_customer(at)? == Some(business)
                && normal_email(customer.get("email")).as_ref() == Some(&email)
            {
                alike.push(at);
            }
        }
        alike.sort_by(|&a, &b| self.customers[a].id.server_order(&self.customers[b].id));
        Ok(alike.first().copied())
    }

    /// By the smallest user; by a guest where there is no user.
    fn id_rule(&self, members: &[usize]) -> Result<IdRule, Unsaid> {
        let users = members.iter().filter(|&&member| member < self.users);
        let mut ids: Vec<&Value> = users.map(|&user| &self.people[user].id).collect();
        if ids.is_empty() {
            let guests = members.iter().map(|&guest| &self.people[guest].id);
            let smallest = guests.min_by(|a, b| a.server_order(b));
            return Ok(IdRule {
                tag: self.common_id_tag()?,
                from: smallest.cloned(),
                of_guest: true,
            });
        }
        ids.sort_by(|a, b| a.server_order(b));
        if members.len() > 1 && ids.iter().any(|id| !can_carry(id)) {
            return Err(Unsaid("an unsupported user id merged with others"));
        }
        Ok(IdRule {
            tag: id_tag(ids[0]),
            from: Some(ids[0].clone()),
            of_guest: false,
        })
    }

    /// Adds a placeholder per business and reference to nobody; returns which one each such booking gets. Nothing where one could not be told
    /// from a user's customer.
    pub fn placeholders(
        &self,
        readings: &[Reading],
        made: &mut Vec<Made>,
    ) -> Result<Option<BTreeMap<usize, usize>>, Unsaid> {
        let mut of_nobody: BTreeMap<(usize, Option<Value>), Vec<usize>> = BTreeMap::new();
        for (at, reading) in readings.iter().enumerate() {
            if let (Some(business), [], None) =
                (reading.business, &reading.people[..], reading.keeps)
            {
                let nobody = self.said[at].named.clone();
                of_nobody.entry((business, nobody)).or_default().push(at);
            }
        }
        let mut placeholder_of = BTreeMap::new();
        for ((business, nobody), bookings) in of_nobody {
            // What names nobody as an e-mail or over a profile may be a user's id.
            if resolve(nobody.as_ref(), self.users())?.is_some() {
                return Ok(None);
            }
            let business = &self.businesses[business].id;
            let records = bookings.iter().map(|&at| &self.bookings[at]);
            placeholder_of.extend(bookings.iter().map(|&at| (at, made.len())));
            made.push(Made {
                rest: placeholder_fields(business, records),
                id: IdRule {
                    tag: self.common_id_tag()?,
                    from: nobody.clone(),
                    of_guest: false,
                },
                link: Link {
                    nobody,
                    ..Link::of(business)
                },
            });
        }
        Ok(Some(placeholder_of))
    }

    /// The type of all user ids, when they are of one.
    fn common_id_tag(&self) -> Result<Option<u8>, Unsaid> {
        let odd = |user: &Record| !can_carry(&user.id);
        if !self.form.has_users() {
            return Ok(Some(tag::OBJECT_ID));
        }
        let tags: BTreeSet<Option<u8>> = self.users().iter().map(|u| id_tag(&u.id)).collect();
        match tags.first() {
            Some(None) if !self.users().iter().any(odd) => Ok(None),
            Some(None) => Err(Unsaid("a placeholder beside unsupported user ids")),
            Some(one) if tags.len() == 1 => Ok(*one),
            _ => Ok(None),
        }
    }

    /// Whether a plain unique index on (businessId, email) holds for all customers, existing and new.
    pub fn plain_email_index(&self, made: &[Made]) -> Result<bool, Unsaid> {
        let mut rows = Vec::new();
        for one in made {
            let business = &one.link.business;
            rows.push(Row {
                key: business.clone(),
                business: resolve(Some(business), &self.businesses)?,
                email: first(&one.rest, "email").cloned(),
            });
        }
        for (at, customer) in self.customers.iter().enumerate() {
            rows.push(Row {
                key: customer.get("businessId").cloned().unwrap_or(Value::null()),
                business: self.business_of_customer(at)?,
                email: customer.get("email").cloned(),
            });
        }
        let mut plain = true;
        for (at, one) in rows.iter().enumerate() {
            for other in &rows[..at] {
                plain &= one.stands_beside(other)?;
            }
        }
        Ok(plain)
    }
}

/// The text of a string or of a symbol: an index does not tell the two apart.
fn text_of(value: Option<&Value>) -> Option<&[u8]> {
    let value = value.filter(|v| matches!(v.tag, tag::STRING | tag::SYMBOL))?;
    Some(&value.bytes[4..value.bytes.len() - 1])
}

/// Whether a customer's `_id` can be made of a user's: a whole number gives one of another type.
fn can_carry(id: &Value) -> bool {
    id_tag(id).is_some() || id.as_halves().is_some_and(|halves| halves % 2 == 0)
}

/// The type of a customer's `_id` by that of a user's: itself, when it is one of the three that can be made.
fn id_tag(id: &Value) -> Option<u8> {
    match id.tag {
        tag::OBJECT_ID | tag::STRING => Some(id.tag),
        tag::BINARY => id.as_uuid().map(|_| tag::BINARY),
        _ => None,
    }
}
