//! A booking on its way back: its customer becomes its user again, everything else that changed is carried.

use std::collections::{HashMap, HashSet};

use bson::RawDocumentBuf;
use bson::raw::RawDocument;

use super::links::{Links, Origin};
use super::weave::{Fields, Turn, weave};
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::Decisions;
use crate::domain::id::Id;
use crate::domain::link::LinkKind;
use crate::domain::raw::{Builder, Malformed, Value, blank, elements, get, kind, with_member};
use crate::domain::reference::{
    BookingPaths, Form, GuestPaths, Reading, References, Way, as_named,
};
use crate::domain::survey::facts::naming_hash;

/// What a booking's way back rests on.
#[derive(Debug)]
pub struct Ground<'a> {
    /// How bookings find what they refer to.
    pub paths: &'a BookingPaths,
    /// The links.
    pub links: &'a Links,
    /// The decisions of the run.
    pub decisions: &'a Decisions,
    /// The code under which these documents have a customer already.
    pub already_linked: Code,
    /// The way to the user that a booking names.
    pub users: &'a Way<Id>,
    /// The ways to the business that a booking names, as it is now: one for each path.
    pub businesses: &'a [Way<Id>],
    /// What each user is named by in a booking, where that is not the user itself.
    pub named_by: &'a HashMap<Id, Id>,
    /// The users by their e-mails, where bookings name them so.
    pub by_email: &'a HashMap<u128, Id>,
    /// The form in which bookings name their users.
    pub form: Form,
    /// Users that the application deleted.
    pub gone: &'a HashSet<Id>,
    /// Customers of the application for whom a user is created, under the same `_id`.
    pub created: &'a HashSet<Id>,
    /// Customers, as they are live, whose bookings need them to say who their guest is: see [`Ground::needs_customer`].
    pub customers: HashMap<Id, RawDocumentBuf>,
    /// Bookings name users. Where they do not, whoever is new among the customers is a guest.
    pub has_users: bool,
}

/// A booking that comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Returned {
    /// The document.
    pub document: RawDocumentBuf,
    /// Whether the application changed it.
    pub changed: bool,
    /// Whether it was moved to a customer without a user, and so stays with the user that it had.
    pub stays: bool,
}

/// Where a booking of a customer goes.
pub(super) enum Goes<'a> {
    /// To this user.
    User(&'a Id),
    /// To what the placeholder's bookings named: a user that does not exist, or nobody.
    Named(Option<&'a Id>),
    /// To a customer that was there before and comes back, and to its user where it has one.
    Existing(Option<&'a Id>),
    /// To nobody: the booking itself says who its guest is.
    Guest,
    /// To a user that is created for the application's customer.
    Created,
    /// Nowhere: the application made the customer, and it has no user.
    Nowhere,
}

impl Ground<'_> {
    pub(super) fn goes(&self, customer: &Id) -> Goes<'_> {
        let Some(origin) = self.links.origin(customer) else {
            let by_id = self.users.is_direct() && !self.paths.is_by_email();
            return if !self.has_users {
                Goes::Guest
            } else if by_id && self.created.contains(&customer.canonical()) {
                Goes::Created
            } else {
                Goes::Nowhere
            };
        };
        match (origin.kind, origin.first_user(|id| self.gone.contains(id))) {
            (LinkKind::Placeholder, _) => Goes::Named(origin.users.first()),
            (LinkKind::Created | LinkKind::Narrow, _) if origin.is_of_guests() => Goes::Guest,
            (LinkKind::Existing, user) => Goes::Existing(user.and_then(|it| self.name_of(it))),
            (LinkKind::Created | LinkKind::Narrow, user) => {
                let named = user.and_then(|user| self.name_of(user));
                named.map_or(Goes::Nowhere, Goes::User)
            }
        }
    }

    /// What a booking names so that it finds this user; none where no document between leads to them.
    fn name_of<'a>(&'a self, user: &'a Id) -> Option<&'a Id> {
        if self.users.is_direct() && !self.paths.is_by_email() {
            return Some(user);
        }
        let named = self.named_by.get(&user.canonical());
        named.or_else(|| self.named_by.get(&user.other_form()?.canonical()))
    }

    /// The user that a booking names, of several the first who has a customer; or the value that names nobody.
    pub fn user_of(&self, reading: &Reading) -> Option<Id> {
        if self.paths.is_by_email() {
            let hash = reading.named().and_then(|it| naming_hash(it.as_str()?));
            let user = hash.and_then(|hash| self.by_email.get(&hash));
            return user.or_else(|| reading.named()).cloned();
        }
        let reached = self.users.resolve(reading, as_named);
        let known = reached.ends().find(|user| self.links.knows(user)).cloned();
        known.or(reached.end).or_else(|| reading.named().cloned())
    }

    /// Whether a booking that says this names who stands behind a customer. Behind a placeholder stands the value itself: where a document between
    /// leads to a user who does not exist, that user is nobody's name.
    fn names_whom(&self, reading: &Reading, origin: &Origin) -> bool {
        if origin.kind == LinkKind::Placeholder {
            return match reading.named() {
                Some(named) => self.links.names_user_of(named.value(), origin),
                None => origin.users.is_empty(),
            };
        }
        let user = self.user_of(reading);
        user.is_some_and(|user| self.links.names_user_of(user.value(), origin))
    }

    /// Whether the migration itself can have given `customer` to a booking that said this before.
    pub(super) fn is_baseline(&self, customer: &Id, before: &References) -> bool {
        let Some(origin) = self.links.origin(customer) else {
            return false;
        };
        let stood_with = before.customer.as_ref();
        if stood_with.is_some_and(|it| self.links.is_merged_away(it, Some(customer))) {
            return true;
        }
        let named = if self.paths.is_list() {
            self.names_one_of(&before.user, origin)
        } else {
            self.names_whom(&before.user, origin)
        };
        let named = named || is_guest_of(before, origin);
        let ways = self.businesses.iter().zip(before.businesses());
        let known = ways.flat_map(|(way, reading)| {
            let reached = way.resolve(reading, as_named);
            reached.ends().cloned().collect::<Vec<_>>()
        });
        let known: Vec<Id> = known.collect();
        let of = origin.business.as_ref();
        let business = known.iter().find(|it| same(Some(it), of));
        let business = business.or(of.filter(|_| known.is_empty()));
        let customer_before = before.customer.as_ref();
        named
            && (business.is_some() || (of.is_none() && known.is_empty()))
            && !customer_before.is_some_and(|before| self.was_kept(before, business))
    }

    /// The customer that a booking needs, as it is live, to say who its guest is once it names no customer any more.
    pub fn needs_customer(
        &self,
        before: Option<&RawDocument>,
        current: &RawDocument,
    ) -> Option<Id> {
        self.paths.guests()?;
        let customer = self.paths.read(current).customer?;
        let is_of_guests = matches!(self.goes(&customer), Goes::Guest);
        let unmoved = before.is_some_and(|before| {
            let said = self.paths.read(before);
            said.customer.as_ref() == Some(&customer) || self.is_baseline(&customer, &said)
        });
        (is_of_guests && !unmoved).then_some(customer)
    }

    /// The booking with what it lacks of its guest, from its customer; or with all that the customer has, where it names somebody else. None where
    /// it says then of nobody who it is.
    pub(super) fn with_guest(
        &self,
        booking: RawDocumentBuf,
        customer: &Id,
    ) -> Option<RawDocumentBuf> {
        let paths = self.paths.guests()?;
        let mut filled = booking;
        if let Some(live) = self.customers.get(&customer.canonical()) {
            filled = filled_from(paths, filled, live, false);
            let said = paths.key(&filled);
            let of = self.links.origin(customer);
            let business = of.and_then(|origin| origin.business.as_ref());
            let is_other = of.zip(business).is_some_and(|(origin, business)| {
                !said
                    .as_ref()
                    .is_some_and(|said| origin.guests.contains(&said.at(business)))
            });
            if is_other {
                filled = filled_from(paths, filled, live, true);
            }
        }
        paths.key(&filled).is_some().then_some(filled)
    }

    /// The same, or the booking as it is where it belongs to no guest's customer, or says of nobody who it is.
    fn said_by_its_guest(&self, booking: RawDocumentBuf, customer: Option<&Id>) -> RawDocumentBuf {
        let named = customer.and_then(|customer| self.with_guest(booking.clone(), customer));
        named.unwrap_or(booking)
    }

    /// Whether a booking of `business` that named this customer before kept it through the migration.
    fn was_kept(&self, customer: &Id, business: Option<&Id>) -> bool {
        let origin = match customer.other_form() {
            Some(other) => self
                .links
                .origin(customer)
                .or_else(|| self.links.origin(&other)),
            None => self.links.origin(customer),
        };
        origin
            .filter(|origin| origin.kind == LinkKind::Existing)
            .and_then(|origin| origin.business.as_ref())
            .is_some_and(|of| same(business, Some(of)) && !self.relinks(of))
    }

    fn relinks(&self, business: &Id) -> bool {
        let key = ConflictKey {
            code: self.already_linked,
            business: Some(business.clone()),
            subjects: Vec::new(),
        };
        self.decisions.choice(&key) == Choice::Relink
    }

    /// A booking that was there before and is there now.
    ///
    /// # Errors
    /// A document that is not BSON.
    #[allow(clippy::too_many_lines)] // one booking, from what it was to what it is again
    pub fn back(&self, before: &RawDocument, current: &RawDocument) -> Result<Returned, Malformed> {
        let as_it_was = |changed| Returned {
            document: before.to_owned(),
            changed,
            stays: false,
        };
        if before == current {
            return Ok(as_it_was(false)); // the migration left it, and so did the application
        }
        let paths = self.paths;
        if paths.is_outside(before) {
            // The migration did nothing to it.
            return Ok(Returned {
                document: current.to_owned(),
                changed: true,
                stays: false,
            });
        }
        let (original, now) = (before, current);
        let (before, current) = (&*paths.lifted(original)?, &*paths.lifted(now)?);
        let (user_field, customer_field) = (paths.user_key(), paths.customer());
        let (user_key, customer_key) = (user_field.as_bytes(), customer_field.as_bytes());
        let (was, is) = (Fields::of(before)?, Fields::of(current)?);
        let (said, refers) = (paths.read(original), paths.read(now));
        let listed: Vec<Id> = refers.customers().cloned().collect();
        let customer = refers.customer;
        let same_customer = was.same(&is, customer_key);
        let unmoved = match &customer {
            Some(_) if paths.is_list() => same_customer || self.are_baseline(&listed, &said),
            Some(customer) => same_customer || self.is_baseline(customer, &said),
            None => same_customer && (is.has(user_key) || !was.has(user_key)),
        };
        if unmoved
            && (is_migrated(paths, original, now, true)?
                || is_migrated(paths, original, now, false)?)
        {
            return Ok(as_it_was(false));
        }
        let form = paths.form(original).unwrap_or_else(|| self.form.clone());
        let mut stays = false;
        let mut guest_of = None;
        let leaves = || Turn::Put(Vec::new());
        let (mut user_turn, customer_turn) = match &customer {
            _ if unmoved => (Turn::Before, Turn::Before),
            None => {
                // Taken from its customer: of nobody now, as its customer field says it.
                let nobody = if is.has(user_key) || !was.has(user_key) {
                    Turn::Before
                } else if is.has(customer_key) {
                    Turn::Put(paths.naming(NOBODY, &Form::Id))
                } else {
                    leaves()
                };
                let customer = if was.has(customer_key) || paths.is_in_place() {
                    Turn::Put(is.bytes(customer_key))
                } else {
                    leaves()
                };
                (nobody, customer)
            }
            Some(_) if paths.is_list() => {
                if let Some(to) = self.goes_to(&listed, &said.user) {
                    guest_of.clone_from(&to.guest);
                    let customers = self.staying(&to, &listed, is.bytes(customer_key));
                    (self.naming_again(&to, &said.user, &form), customers)
                } else {
                    stays = true;
                    (Turn::Before, Turn::Before)
                }
            }
            Some(customer) => {
                let put = |user: Option<&Id>| {
                    Turn::Put(user.map_or_else(Vec::new, |user| paths.naming(user.value(), &form)))
                };
                let origin = self.links.origin(customer);
                let keeps_user = origin.is_some_and(|it| self.names_whom(&said.user, it));
                let (to, its_customer) = match self.goes(customer) {
                    Goes::User(user) => (put(Some(user)), leaves()),
                    Goes::Named(names) => (put(names), leaves()),
                    Goes::Existing(user) => (put(user), Turn::Put(is.bytes(customer_key))),
                    Goes::Created => (put(Some(customer)), leaves()),
                    Goes::Guest => {
                        guest_of = Some(customer.clone());
                        (leaves(), leaves())
                    }
                    Goes::Nowhere => {
                        stays = true;
                        (Turn::Before, Turn::Before)
                    }
                };
                (if keeps_user { Turn::Before } else { to }, its_customer)
            }
        };
        if !paths.is_in_place() && is.has(user_key) && !is.same(&was, user_key) {
            user_turn = Turn::Put(is.bytes(user_key)); // the application named a user itself
        }
        let mut own = vec![(user_field, user_turn)];
        if !paths.is_in_place() {
            own.insert(0, (customer_field, customer_turn));
        } else if let Turn::Put(bytes) = customer_turn
            && !bytes.is_empty()
        {
            own = vec![(user_field, Turn::Put(bytes))]; // a customer that was there before, or nobody
        }
        own.extend(dropped(paths, (before, current), &is)?);
        let woven = paths.lowered(weave(before, [&was, &was, &is], &own)?, Some(original));
        Ok(Returned {
            document: self.said_by_its_guest(woven, guest_of.as_ref()),
            changed: true,
            stays,
        })
    }

    /// A booking that the application made; `None` where its customer has no user.
    ///
    /// # Errors
    /// A document that is not BSON.
    pub fn new_booking(&self, current: &RawDocument) -> Result<Option<RawDocumentBuf>, Malformed> {
        let paths = self.paths;
        let (user_key, customer_key) = (paths.user_key().as_bytes(), paths.customer().as_bytes());
        let said = paths.read(current);
        if paths.is_list() && said.customer.is_some() && !paths.is_outside(current) {
            return self.new_listed(current, &said);
        }
        let Some(customer) = said.customer.filter(|_| !paths.is_outside(current)) else {
            // A customer behind a broken element must not be passed over.
            elements(current).try_for_each(|element| element.map(drop))?;
            return Ok(Some(current.to_owned()));
        };
        let (user, keeps_customer) = match self.goes(&customer) {
            Goes::User(user) => (Some(user), false),
            Goes::Named(names) => (names, false),
            Goes::Existing(user) => (user, true),
            Goes::Created => (Some(&customer), false),
            Goes::Guest => (None, false),
            Goes::Nowhere => return Ok(None),
        };
        let is_of_guest = matches!(self.goes(&customer), Goes::Guest);
        let origin = self.links.origin(&customer);
        let named = origin.is_some_and(|origin| self.names_whom(&said.user, origin));
        if user.is_some() && !named && !paths.can_name_a_user() {
            return Ok(None);
        }
        let mut out = Builder::new(current.as_bytes().len() + 32);
        let lifted = paths.lifted(current)?;
        for element in elements(&lifted) {
            let element = element?;
            let leaves = (element.key == customer_key && !keeps_customer)
                || (element.key == user_key && !named && !paths.is_in_place());
            if leaves && paths.is_in_place() {
                if let Some(user) = user {
                    out.whole(&paths.naming(user.value(), &self.form));
                }
            } else if !leaves {
                out.element(&element);
            }
        }
        if let Some(user) = user.filter(|_| !named && !paths.is_in_place()) {
            out.whole(&paths.naming(user.value(), &self.form));
        }
        let back = paths.lowered(out.finish(), None);
        Ok(if is_of_guest {
            self.with_guest(back, &customer)
        } else {
            Some(back)
        })
    }
}

/// A booking with members of its guest as its customer has them: those that it lacks, or all.
fn filled_from(
    paths: &GuestPaths,
    booking: RawDocumentBuf,
    customer: &RawDocument,
    all: bool,
) -> RawDocumentBuf {
    let mut filled = booking;
    for member in &paths.members {
        let lacks = blank(member.path.value(&filled));
        let value = get(customer, &member.field).filter(|value| !value.is_blank());
        if all && !lacks || lacks && value.is_some() {
            let steps = member.path.steps().iter();
            let names: Vec<&str> = steps.map(|it| it.name.as_str()).collect();
            filled = with_member(&filled, &names, value);
        }
    }
    filled
}

/// What left with the reference comes back, unless the application wrote it anew.
fn dropped<'p>(
    paths: &'p BookingPaths,
    (before, current): (&RawDocument, &RawDocument),
    is: &Fields<'_>,
) -> Result<Vec<(&'p str, Turn)>, Malformed> {
    let drops = paths.drops();
    let mut turns = Vec::new();
    for field in drops.whole() {
        let turn = if is.has(field.as_bytes()) {
            Turn::Put(is.bytes(field.as_bytes()))
        } else {
            Turn::Before
        };
        turns.push((field.as_str(), turn));
    }
    let holders = drops.holders();
    if !holders.is_empty() {
        let migrated = drops.without_members(before)?;
        let migrated = Fields::of(&migrated)?;
        for field in holders {
            let turn = if migrated.same(is, field.as_bytes()) {
                Turn::Before
            } else {
                Turn::Put(drops.put_back(field, before, current)?)
            };
            turns.push((field, turn));
        }
    }
    Ok(turns)
}

const NOBODY: Value<'_> = Value {
    kind: kind::NULL,
    bytes: &[],
};

/// Whether `current` is, byte for byte, what the migration makes of `before`: without its user and, unless it kept its customer, with
/// the customer of today appended.
fn is_migrated(
    paths: &BookingPaths,
    before: &RawDocument,
    current: &RawDocument,
    kept: bool,
) -> Result<bool, Malformed> {
    if paths.is_in_place()
        && !kept
        && let Some(customer) = get(current, paths.customer())
    {
        return Ok(*paths.pointed_at(before, customer)? == *current);
    }
    let mut out = paths.without_user(before, !kept)?;
    if !kept {
        let fields = Fields::of(current)?;
        out.whole(&fields.bytes(paths.customer().as_bytes()));
    }
    Ok(*out.finish() == *current)
}

fn same(one: Option<&Id>, other: Option<&Id>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let other = other.canonical();
            one.canonical() == other
                || one.other_form().is_some_and(|it| it.canonical() == other)
                || one.loose() == other.loose()
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Whether a booking that said this is of one of the guests behind a customer.
fn is_guest_of(said: &References, origin: &Origin) -> bool {
    let guest = said.guest.as_ref().zip(origin.business.as_ref());
    guest.is_some_and(|(guest, business)| origin.guests.contains(&guest.at(business)))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod path_tests;
