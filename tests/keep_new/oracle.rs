//! What must come back, worked out anew and simply: from pictures of the originals, of what the migration made of them and of what the application
//! made of that. It knows nothing of links, digests or raw bytes: who is whose customer it reads off the bookings.

use std::collections::{BTreeMap, BTreeSet};

use bson::oid::ObjectId;
use bson::{Bson, Document};

use crate::support::data::{CONTACT, OTHER, USER, id};
use crate::support::picture::Picture;

type Table = BTreeMap<ObjectId, Document>;

/// One state of the three collections.
pub struct State {
    pub users: Table,
    pub bookings: Table,
    pub customers: Table,
}

impl State {
    pub fn of(picture: &Picture) -> Self {
        let table = |name: &str| -> Table {
            let all = picture[name].documents.iter();
            all.map(|it| Document::try_from(it).unwrap())
                .map(|it| (it.get_object_id("_id").unwrap(), it))
                .collect()
        };
        Self {
            users: table("User"),
            bookings: table("Booking"),
            customers: table("Customer"),
        }
    }
}

/// What must come back, and whether anything had to stay behind.
pub struct Back {
    pub state: State,
    pub complete: bool,
}

struct Oracle<'a> {
    /// Everyone who was there before.
    everyone: &'a Table,
    original: &'a State,
    made: &'a State,
    now: &'a State,
    create_users: bool,
    /// Users by customer, smallest first.
    users: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
    /// What the bookings of a placeholder named.
    named: BTreeMap<ObjectId, Option<Bson>>,
    complete: bool,
}

/// Works it out. Where users were not `swapped`, those that are live are the originals.
pub fn back(
    original: &State,
    made: &State,
    now: &State,
    (create_users, swapped): (bool, bool),
) -> Back {
    let with_users_of_now = |state: &State| State {
        users: if swapped { &state.users } else { &now.users }.clone(),
        bookings: state.bookings.clone(),
        customers: state.customers.clone(),
    };
    let mut oracle = Oracle {
        everyone: &original.users,
        original: &with_users_of_now(original),
        made: &with_users_of_now(made),
        now,
        create_users,
        users: BTreeMap::new(),
        named: BTreeMap::new(),
        complete: true,
    };
    oracle.read_whose();
    let bookings = oracle.bookings();
    let users = oracle.users(&bookings);
    let customers = oracle.customers();
    Back {
        state: State {
            users,
            bookings,
            customers,
        },
        complete: oracle.complete,
    }
}

/// Every change from `from` to `to`, made to `document`; `except` are left alone.
fn carry(document: &mut Document, from: &Document, to: &Document, except: &[&str]) {
    for (key, value) in to {
        if !except.contains(&key.as_str()) && from.get(key) != Some(value) {
            document.insert(key, value.clone());
        }
    }
    for key in from.keys() {
        if !except.contains(&key.as_str()) && !to.contains_key(key) {
            document.remove(key);
        }
    }
}

fn customer_of(booking: &Document) -> Option<ObjectId> {
    booking.get_object_id("customerId").ok()
}

impl Oracle<'_> {
    fn read_whose(&mut self) {
        for (of, made) in &self.made.bookings {
            let Some(customer) = customer_of(made) else {
                continue;
            };
            let named = self.original.bookings[of].get("userId");
            match named.and_then(Bson::as_object_id) {
                Some(user) if self.everyone.contains_key(&user) => {
                    self.users.entry(customer).or_default().insert(user);
                }
                _ => {
                    let named = named.filter(|named| **named != Bson::Null);
                    self.named.insert(customer, named.cloned());
                }
            }
        }
    }

    fn first_user(&self, customer: ObjectId) -> Option<ObjectId> {
        let users = self.users.get(&customer)?;
        let here = users.iter().find(|user| self.now.users.contains_key(*user));
        here.or_else(|| users.first()).copied()
    }

    /// (its user, whether the customer's id stays); `None` where there is no way back.
    fn goes(&self, customer: ObjectId) -> Option<(Option<Bson>, bool)> {
        let user = self.first_user(customer).map(Bson::ObjectId);
        if self.original.customers.contains_key(&customer) {
            Some((user, true))
        } else if user.is_some() {
            Some((user, false))
        } else if let Some(named) = self.named.get(&customer) {
            Some((named.clone(), false))
        } else {
            let made = self.create_users && self.now.customers.contains_key(&customer);
            made.then_some((Some(Bson::ObjectId(customer)), false))
        }
    }

    /// Gives a booking that has another customer now that one's user.
    fn moved(&mut self, document: &mut Document, original: &Document, now: &Document) {
        let Some(customer) = customer_of(now) else {
            document.remove("userId");
            document.remove("customerId");
            return;
        };
        let Some((user, stays)) = self.goes(customer) else {
            self.complete = false;
            return;
        };
        if stays {
            document.insert("customerId", customer);
        } else {
            document.remove("customerId");
        }
        let mine = original.get_object_id("userId").ok();
        let same = self.users.get(&customer).zip(mine);
        if !same.is_some_and(|(users, mine)| users.contains(&mine)) {
            match user {
                Some(user) => drop(document.insert("userId", user)),
                None => drop(document.remove("userId")),
            }
        }
    }

    fn bookings(&mut self) -> Table {
        const OWN: [&str; 2] = ["userId", "customerId"];
        let mut back = Table::new();
        for (of, original) in &self.original.bookings {
            let mut document = original.clone();
            let Some(made) = self.made.bookings.get(of) else {
                back.insert(*of, document); // quarantined
                continue;
            };
            let Some(now) = self.now.bookings.get(of) else {
                continue;
            };
            carry(&mut document, made, now, &OWN);
            if made.get("customerId") != now.get("customerId") {
                self.moved(&mut document, original, now);
            }
            back.insert(*of, document);
        }
        for (of, now) in &self.now.bookings {
            if self.original.bookings.contains_key(of) {
                continue;
            }
            let mut document = now.clone();
            if let Some(customer) = customer_of(now) {
                let Some((user, stays)) = self.goes(customer) else {
                    self.complete = false;
                    continue;
                };
                if !stays {
                    document.remove("customerId");
                }
                if let Some(user) = user {
                    document.insert("userId", user);
                }
            }
            back.insert(*of, document);
        }
        back
    }

    fn is_created(&self, customer: ObjectId) -> bool {
        !self.original.customers.contains_key(&customer) && self.users.contains_key(&customer)
    }

    fn customers_of(&self, user: ObjectId) -> Vec<ObjectId> {
        let all = self.users.iter().filter(|(_, users)| users.contains(&user));
        all.map(|(customer, _)| *customer).collect()
    }

    /// Edits of customers by their user: the customer as it was made and as it is now.
    fn edits(&mut self) -> BTreeMap<ObjectId, (Document, Document)> {
        let mut edits = BTreeMap::new();
        for (of, made) in &self.made.customers {
            let now = self.now.customers.get(of);
            let Some(now) = now.filter(|now| *now != made) else {
                continue;
            };
            if self.original.customers.contains_key(of) {
                continue;
            }
            let foreign = |key: &&String| !shared(key) && made.get(key) != now.get(key);
            let keys: BTreeSet<&String> = made.keys().chain(now.keys()).collect();
            self.complete &= !keys.iter().any(foreign);
            if !keys
                .iter()
                .any(|key| shared(key) && made.get(key) != now.get(key))
            {
                continue;
            }
            match self.first_user(*of) {
                Some(user) if self.customers_of(user).len() == 1 => {
                    self.complete &= self.original.users.contains_key(&user);
                    edits.insert(user, (made.clone(), now.clone()));
                }
                _ => self.complete = false,
            }
        }
        edits
    }

    fn users(&mut self, bookings: &Table) -> Table {
        let named: BTreeSet<ObjectId> = bookings
            .values()
            .filter_map(|it| it.get_object_id("userId").ok())
            .collect();
        let edits = self.edits();
        let mut back = Table::new();
        let mut stayed: BTreeSet<ObjectId> = BTreeSet::new();
        let gone = |customer: &ObjectId| !self.now.customers.contains_key(customer);
        for (of, original) in &self.original.users {
            let made = &self.made.users[of];
            let customers = self.customers_of(*of);
            let deleted: Vec<_> = customers
                .iter()
                .filter(|customer| self.is_created(**customer) && gone(customer))
                .collect();
            let now = self.now.users.get(of);
            match now {
                Some(now) if !deleted.is_empty() => {
                    let password = now.get_str("hashedPassword").unwrap_or_default();
                    let holder = (0..5).any(|n| id(USER, n) == *of)
                        || named.contains(of)
                        || !password.is_empty()
                        || customers.iter().any(|customer| !gone(customer));
                    if !holder {
                        continue;
                    }
                    stayed.extend(deleted);
                }
                None => {
                    let lives = |customer: &&ObjectId| {
                        self.is_created(**customer)
                            && !gone(customer)
                            && self.first_user(**customer) == Some(*of)
                    };
                    if !named.contains(of) && !customers.iter().any(|it| lives(&it)) {
                        continue;
                    }
                    self.complete = false;
                    stayed.extend(deleted);
                }
                Some(_) => {}
            }
            let now = now.unwrap_or(made);
            let mut document = original.clone();
            carry(&mut document, made, now, &[]);
            if let Some((was, is)) = edits.get(of) {
                for field in ["name", "email"]
                    .iter()
                    .chain(&CONTACT)
                    .chain(&["createdAt"])
                {
                    if was.get(field) == is.get(field) {
                        continue;
                    }
                    if made.get(field) != now.get(field) {
                        self.complete &= is.get(field) == now.get(field);
                        continue;
                    }
                    match is.get(field) {
                        Some(value) => drop(document.insert(*field, value.clone())),
                        None => drop(document.remove(field)),
                    }
                }
            }
            back.insert(*of, document);
        }
        self.complete &= stayed.is_empty();
        let original = &self.original.users;
        let new = self
            .now
            .users
            .iter()
            .filter(|(of, _)| !original.contains_key(*of));
        back.extend(new.map(|(of, user)| (*of, user.clone())));
        for (of, customer) in &self.now.customers {
            if self.made.customers.contains_key(of) {
                continue;
            }
            if self.create_users {
                let mut user = customer.clone();
                user.remove("businessId");
                let foreign = |key: &&String| !shared(key);
                let foreign: Vec<String> = user.keys().filter(foreign).cloned().collect();
                for key in foreign {
                    user.remove(&key);
                    self.complete = false;
                }
                back.insert(*of, user);
            } else {
                self.complete = false;
            }
        }
        back
    }

    fn customers(&self) -> Table {
        let now = |of: &ObjectId| Some((*of, self.now.customers.get(of)?));
        let mut back = Table::new();
        for (of, now) in self.original.customers.keys().filter_map(now) {
            let mut document = self.original.customers[&of].clone();
            carry(&mut document, &self.made.customers[&of], now, &[]);
            back.insert(of, document);
        }
        back
    }
}

fn shared(key: &str) -> bool {
    ["_id", "name", "email", "createdAt"].contains(&key) || CONTACT.contains(&key)
}

/// An `_id` that no test data has.
pub fn fresh(n: u32) -> ObjectId {
    id(OTHER, 10_000 + n)
}
