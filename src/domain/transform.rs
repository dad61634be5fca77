//! The transform: a pure function per document, raw BSON in, raw BSON (or nothing) out. The run record keeps [`VERSION`] beside what was
//! prepared with it.

use crate::domain::rebuilt::Rebuilt;
use crate::domain::rebuilt::Role;
use bson::RawDocumentBuf;
use bson::raw::RawDocument;
use smallvec::{SmallVec, smallvec};

use super::blueprint::Blueprint;
pub use super::cleaned::user;
use super::conflict::Choice;
use super::id::Id;
use super::raw::Malformed;
use super::survey::facts::id_of;
use super::survey::{BusinessIx, Of, Standing, Survey};

/// Changes whenever the same input may give another output.
pub const VERSION: u32 = 1;

/// Where a document goes that was made of an original.
#[derive(Debug, Clone, PartialEq)]
pub enum Placed {
    /// Into the prepared copy.
    Copy(RawDocumentBuf),
    /// Into the side collection that belongs to it.
    Side(RawDocumentBuf),
}

/// A transform of one collection's documents.
pub type Transform<'a> = Box<dyn Fn(&RawDocument) -> Result<Placed, Malformed> + Send + Sync + 'a>;

/// The transform of a rebuilt collection; `None` where its documents are made of pairs.
pub fn of<'a>(
    which: &Rebuilt,
    survey: &'a Survey,
    blueprint: &'a Blueprint,
) -> Option<Transform<'a>> {
    match which.role() {
        Role::Customers => None,
        Role::Bookings => {
            let entries = survey.entries_of_bookings();
            Some(Box::new(move |document| {
                let fate = booking(survey, blueprint, document)?;
                placed(survey, blueprint, &entries, (document, fate))
            }))
        }
        Role::Reshaped => Some(Box::new(|document| Ok(Placed::Copy(document.to_owned())))),
        Role::Followed => {
            let entries = survey.mapping.entries_of(which.live());
            let entries: Vec<usize> = entries.map(|(at, _)| at).collect();
            Some(Box::new(move |document| {
                let made = document.to_owned();
                followed(survey, blueprint, &entries, (document, made))
            }))
        }
        Role::Users => Some(Box::new(|document| {
            let user = id_of(document).and_then(|id| survey.users.find(&id.canonical()));
            if user.is_some_and(|user| blueprint.sets_aside(user)) {
                return Ok(Placed::Side(document.to_owned()));
            }
            let cleaning =
                user.and_then(|user| blueprint.cleaning(survey, user, &survey.businesses_of(user)));
            Ok(Placed::Copy(self::user(
                &survey.mapping.user,
                cleaning,
                document,
            )?))
        })),
    }
}

/// What becomes of a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum BookingFate {
    /// It points at a customer.
    Linked {
        /// The customer; of several the first.
        customer: Id,
        /// The business.
        business: BusinessIx,
        /// The booking as it will be.
        document: RawDocumentBuf,
    },
    /// It goes to the quarantine as it is.
    Quarantined,
    /// It stays as it is.
    Left,
}

/// Customers that a document comes to point at; one at least.
pub type Targets = SmallVec<[Id; 1]>;

/// What becomes of a document that names a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// It points at these customers of this business: one, or where the mapping wants a list each user's.
    Customer(Targets, BusinessIx),
    /// It keeps this customer of this business, at which it points already.
    Kept(Id, BusinessIx),
    /// It goes to the quarantine as it is.
    Quarantined,
    /// It stays as it is.
    Left,
}

/// The goal of a document.
pub fn goal(survey: &Survey, blueprint: &Blueprint, of: Of, document: &RawDocument) -> Goal {
    let paths = survey.paths_of(of);
    if paths.is_outside(document) {
        return Goal::Left;
    }
    let refs = paths.read(document);
    let kept = |business, existing: usize| {
        let customer = survey.existing[blueprint.goes_on_in(existing)].id.clone();
        if blueprint.is_merged_away(existing) {
            Goal::Customer(smallvec![customer], business)
        } else {
            Goal::Kept(customer, business)
        }
    };
    let left = |leaves| {
        if leaves {
            Goal::Left
        } else {
            Goal::Quarantined
        }
    };
    match survey.standing_in(of, &refs) {
        Standing::WithoutBusiness { names } => left(blueprint.leaves_in(of, &names)),
        Standing::Disagrees { businesses } => left(blueprint.leaves_between_in(of, &businesses)),
        Standing::Paired {
            business,
            linked: Some(existing),
            ..
        } if !blueprint.relinks_in(of, business) => kept(business, existing),
        Standing::Paired { user, business, .. } => {
            let others = if paths.is_list() {
                survey.users_named(of, &refs)
            } else {
                Vec::new()
            };
            let mut customers = Targets::new();
            let others = others.into_iter().filter(|other| *other != user);
            for user in std::iter::once(user).chain(others) {
                // With an account alone, a followed document stays with the account.
                let stays = of != Of::Bookings
                    && !survey.is_pair(user, business)
                    && !blueprint.is_customer_by_nature(survey, user);
                let customer = (!stays).then(|| blueprint.customer_of(survey, user, business));
                let customer = customer.flatten();
                customers.extend(customer.filter(|it| !customers.contains(it)));
            }
            if customers.is_empty() {
                Goal::Left
            } else {
                Goal::Customer(customers, business)
            }
        }
        Standing::WithoutUser {
            business,
            linked: Some(existing),
            ..
        } => kept(business, existing),
        Standing::WithoutUser {
            business,
            names,
            linked: None,
        } => match blueprint.without_user_in(of, business, &names) {
            Choice::Quarantine => Goal::Quarantined,
            Choice::Leave => Goal::Left,
            _ => {
                let customer = blueprint.placeholder_of(survey, business, names.as_ref());
                Goal::Customer(smallvec![customer], business)
            }
        },
    }
}

/// The fate of a booking.
///
/// # Errors
/// A document that is not BSON.
pub fn booking(
    survey: &Survey,
    blueprint: &Blueprint,
    document: &RawDocument,
) -> Result<BookingFate, Malformed> {
    let paths = survey.paths();
    Ok(match goal(survey, blueprint, Of::Bookings, document) {
        Goal::Customer(customers, business) => {
            let document = paths.pointed_at_all(document, &customers)?;
            let customer = customers.into_iter().next();
            BookingFate::Linked {
                customer: customer.ok_or(Malformed(0))?,
                business,
                document,
            }
        }
        Goal::Kept(customer, business) => BookingFate::Linked {
            customer,
            business,
            document: paths.without_user(document, false)?.finish(),
        },
        Goal::Quarantined => BookingFate::Quarantined,
        Goal::Left => BookingFate::Left,
    })
}

/// Where a booking of this fate goes, once each entry that follows the bookings' own collection replaced its reference, too.
///
/// # Errors
/// A document that is not BSON.
pub fn placed(
    survey: &Survey,
    blueprint: &Blueprint,
    entries: &[usize],
    (booking, fate): (&RawDocument, BookingFate),
) -> Result<Placed, Malformed> {
    let made = match fate {
        BookingFate::Linked { document, .. } => document,
        BookingFate::Left => booking.to_owned(),
        BookingFate::Quarantined => return Ok(Placed::Side(booking.to_owned())),
    };
    followed(survey, blueprint, entries, (booking, made))
}

/// Where a followed document goes: each entry of its collection replaces its own reference in what was made of it so far. What one entry
/// quarantines is quarantined for all.
///
/// # Errors
/// A document that is not BSON.
pub fn followed(
    survey: &Survey,
    blueprint: &Blueprint,
    entries: &[usize],
    (document, made): (&RawDocument, RawDocumentBuf),
) -> Result<Placed, Malformed> {
    let mut made = made;
    for entry in entries {
        let of = Of::Entry(*entry);
        let paths = survey.paths_of(of);
        match goal(survey, blueprint, of, document) {
            Goal::Customer(customers, _) => made = paths.pointed_at_all(&made, &customers)?,
            Goal::Kept(..) => made = paths.without_user(&made, false)?.finish(),
            Goal::Quarantined => return Ok(Placed::Side(document.to_owned())),
            Goal::Left => {}
        }
    }
    Ok(Placed::Copy(made))
}

#[cfg(test)]
mod tests;
