//! What the survey must count, and in which unit.

use std::collections::{BTreeMap, BTreeSet};

use super::join::{Record, records, resolve};
use super::merge::{is_blank, normal_email};
use super::world::{Pair, Reading, World};
use super::{CONTACT, Unsaid};
use crate::oracle::bytes::{Value, tag};
use crate::oracle::form::{OfBusiness, OfUser};
use crate::oracle::generate::Database;

/// A count; from–to where the design leaves a little open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub from: usize,
    pub to: usize,
}

impl From<usize> for Range {
    fn from(exact: usize) -> Self {
        Self {
            from: exact,
            to: exact,
        }
    }
}

/// Everything that the survey counts.
pub struct Counts {
    pub users: usize,
    pub accounts: usize,
    pub services: usize,
    pub bookings: usize,
    pub pairs: usize,
    /// Bookings of each business, by the business's place in the data.
    pub bookings_of_business: Vec<(Value, usize)>,
    pub conflicts: BTreeMap<&'static str, Range>,
    pub blockers: bool,
}

const BLOCKERS: [&str; 6] = [
    "duplicate-email",
    "booking-without-user",
    "booking-without-business",
    "already-linked",
    "several-users",
    "customer-exists",
];

pub fn count(
    data: &Database,
    world: &World,
    readings: &[Reading],
    pairs: &[Pair],
    groups: usize,
) -> Result<Counts, Unsaid> {
    let accounts = accounts(data, world)?;
    let paired: BTreeSet<usize> = pairs.iter().map(|pair| pair.person).collect();
    let moving: BTreeSet<usize> = pairs.iter().filter(|p| p.moves).map(|p| p.person).collect();
    let of_paired = |test: &dyn Fn(usize, &Record) -> bool| -> Range {
        let counted = paired.iter().filter(|&&at| test(at, &world.people[at]));
        counted.count().into()
    };
    let of_known = |test: &dyn Fn(&Reading, &Record) -> bool| -> Range {
        let both = readings.iter().zip(&world.bookings);
        both.filter(|(reading, booking)| reading.business.is_some() && test(reading, booking))
            .count()
            .into()
    };
    let with_contact = |at: usize| {
        let user = &world.people[at];
        accounts.contains(&at) && CONTACT.iter().any(|name| !is_blank(user.get(name)))
    };
    let lonely = |among: &BTreeSet<usize>| {
        (0..world.users)
            .filter(|at| !among.contains(at) && with_contact(*at))
            .count()
    };
    let idle = (0..world.users).filter(|at| !paired.contains(at) && !accounts.contains(at));
    let invalid = |certain: bool| {
        let emails = paired.iter().map(|&at| world.people[at].get("email"));
        emails.filter(|email| is_invalid(*email, certain)).count()
    };
    let homeless = readings.iter().filter(|r| r.business.is_none()).count();
    let conflicts = BTreeMap::from([
        ("duplicate-email", groups.into()),
        (
            "missing-name",
            of_paired(&|_, user| is_blank(user.get("name"))),
        ),
        (
            "missing-email",
            of_paired(&|_, user| is_blank(user.get("email"))),
        ),
        (
            "invalid-email",
            Range {
                from: invalid(true),
                to: invalid(false),
            },
        ),
        (
            "email-spelling",
            of_paired(&|_, person| is_misspelt(person.get("email"))),
        ),
        (
            "account-also-customer",
            of_paired(&|at, _| accounts.contains(&at)),
        ),
        (
            "contact-shared",
            of_paired(&|at, _| pairs.iter().filter(|pair| pair.person == at).count() > 1),
        ),
        ("idle-user", idle.count().into()),
        (
            // Whether an account whose every booking keeps its customer "receives" one is left open.
            "contact-only-on-account",
            Range {
                from: lonely(&paired),
                to: lonely(&moving),
            },
        ),
        (
            "booking-without-user",
            of_known(&|reading, _| reading.people.is_empty() && reading.keeps.is_none()),
        ),
        ("booking-without-business", homeless.into()),
        (
            "already-linked",
            of_known(&|reading, booking| {
                let names_user = data.form.user == OfUser::InPlace && reading.keeps.is_none();
                booking.some("customerId").is_some() && !names_user
            }),
        ),
        (
            "several-users",
            of_known(&|reading, _| !data.form.listed && reading.people.len() > 1),
        ),
        ("customer-exists", world.customers.len().into()),
    ]);
    let bookings_of = |at: usize| readings.iter().filter(|r| r.business == Some(at)).count();
    Ok(Counts {
        users: world.users,
        accounts: accounts.len(),
        services: match data.form.business {
            OfBusiness::Direct => 0,
            _ => world.services.len(),
        },
        bookings: world.bookings.len(),
        pairs: pairs.len(),
        bookings_of_business: (0..world.businesses.len())
            .map(|at| (world.businesses[at].id.clone(), bookings_of(at)))
            .collect(),
        blockers: BLOCKERS.iter().any(|code| conflicts[code].from > 0),
        conflicts,
    })
}

/// Users who sign in: by a password, by owning a business, by being named as a member or by an account.
fn accounts(data: &Database, world: &World) -> Result<BTreeSet<usize>, Unsaid> {
    let mut accounts = BTreeSet::new();
    for (at, user) in world.users().iter().enumerate() {
        let password = user.some("hashedPassword");
        if password.is_some_and(|value| value.as_str() != Some("")) {
            accounts.insert(at);
        }
    }
    for business in &world.businesses {
        accounts.extend(resolve(business.some("ownerId"), world.users())?);
    }
    for name in ["TeamMember", "Account"] {
        for member in records(data, name) {
            accounts.extend(resolve(member.some("userId"), world.users())?);
        }
    }
    Ok(accounts)
}

/// Whether the e-mail is there but no address: for certain, or perhaps (white space around it, letters outside ASCII).
fn is_invalid(email: Option<&Value>, certain: bool) -> bool {
    let Some(email) = email.filter(|value| !is_blank(Some(value))) else {
        return false;
    };
    if email.tag != tag::STRING {
        return true;
    }
    let Some(text) = email.as_str() else {
        return true;
    };
    let shaped = text
        .trim()
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let doubtful = text.trim() != text || !text.is_ascii();
    !shaped || (doubtful && !certain)
}

/// Whether the e-mail says something in another spelling than the usual one: trimmed, composed, lower case.
fn is_misspelt(email: Option<&Value>) -> bool {
    let text = email.and_then(Value::as_str);
    normal_email(email).is_some_and(|normal| Some(normal.as_str()) != text)
}
