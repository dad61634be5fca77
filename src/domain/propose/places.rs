//! Where the businesses are, and how bookings find theirs.

use super::graph::{Way, written};
use super::seen::{Seen, SeenReference};
use super::words::{ACCOUNTS, BUSINESSES, LISTINGS, SERVICES, USERS, as_neighbours, says};

/// What was found of businesses and services.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The collection of businesses, and why.
    pub business: Option<(String, String)>,
    /// Collections that may be it as well.
    pub others: Vec<String>,
    /// The way of bookings to them; the first of several stands for the rest where it is set in every booking.
    pub ways: Vec<Way>,
    /// The collection of what is booked, and the booking's path to it.
    pub service: Option<(String, SeenReference)>,
    /// How a service finds its business.
    pub service_business: Option<SeenReference>,
    /// A listing, or its owner, is the business.
    pub by_listing: bool,
    /// How a business names its owner.
    pub owner: Option<SeenReference>,
}

/// Finds them.
pub fn find(seen: &Seen, bookings: &str, users: Option<&str>) -> Places {
    let mut places = Places::default();
    // Customers that are there already are made of users, and lead nowhere by themselves.
    let customers = as_neighbours(bookings, "customer");
    let not_over = users.into_iter().chain([bookings, customers.as_str()]);
    let not_over: Vec<&str> = not_over.collect();
    let reachable = |to: &str| {
        let mut ways = seen.ways(bookings, to, &not_over);
        ways.sort_by_key(|way| (seen.is_rare(bookings, &way.first), way.over.len()));
        ways
    };
    let mut named: Vec<(usize, &String, Vec<Way>)> = seen
        .collections
        .keys()
        .filter(|name| Some(name.as_str()) != users && *name != bookings)
        .filter(|name| says(name, BUSINESSES) && !says(name, ACCOUNTS))
        .map(|name| (name, reachable(name)))
        .filter(|(_, ways)| !ways.is_empty())
        .map(|(name, ways)| {
            // Branches of a business are reached on the way to it; the one that others lead to is the business.
            let on_the_way = seen.leading(name, name).count();
            let leads_on = seen
                .references(name)
                .filter(|it| says(&it.to, BUSINESSES) && it.to != *name)
                .count();
            (leads_on + on_the_way, name, ways)
        })
        .collect();
    named.sort_by(|one, other| {
        one.0
            .cmp(&other.0)
            .then(one.2[0].over.len().cmp(&other.2[0].over.len()))
    });
    if let Some((rank, name, ways)) = named.first() {
        places.others = named
            .iter()
            .skip(1)
            .filter(|it| it.0 == *rank && it.2[0].over.len() == ways[0].over.len())
            .map(|it| it.1.clone())
            .collect();
        places.business = Some((
            (*name).clone(),
            format!("bookings lead there: {}", ways[0].why),
        ));
        places.ways.clone_from(ways);
    } else {
        by_listing(seen, bookings, users, &mut places);
    }
    if !places.by_listing {
        find_service(seen, bookings, users, &mut places);
    }
    if let (Some((business, _)), Some(users)) = (&places.business, users) {
        let mut owners: Vec<_> = seen.leading(business, users).collect();
        owners.sort_by_key(|it| {
            (
                !says(&it.field, &["owner", "user", "admin", "manager"]),
                it.field.clone(),
            )
        });
        places.owner = owners.first().map(|it| (*it).clone());
    }
    places
}

/// Without a collection of businesses: what is let, or its owner.
fn by_listing(seen: &Seen, bookings: &str, users: Option<&str>, places: &mut Places) {
    let booked = seen
        .references(bookings)
        .filter(|it| Some(it.to.as_str()) != users && it.to != bookings);
    let mut booked: Vec<_> = booked.filter(|it| !says(&it.to, USERS)).collect();
    booked.sort_by_key(|it| (!says(&it.to, LISTINGS), it.field.clone()));
    for reference in booked {
        let listing = &reference.to;
        let owner = users.and_then(|users| {
            let mut owners: Vec<_> = seen.leading(listing, users).collect();
            owners.sort_by_key(|it| {
                (
                    !says(&it.field, &["owner", "host", "user", "provider", "seller"]),
                    it.field.clone(),
                )
            });
            owners.first().map(|it| (*it).clone())
        });
        let Some(owner) = owner else { continue };
        let field = seen
            .profile(listing)
            .and_then(|profile| profile.field(&owner.field));
        let (set, distinct) =
            field.map_or((0, 0), |field| (field.set, field.values().count() as u64));
        places.by_listing = true;
        let own_each = set > 0 && distinct * 10 >= set.min(400) * 9;
        let way = Way {
            path: reference.field.clone(),
            why: reference.words(),
            over: Vec::new(),
            first: reference.field.clone(),
            tried: reference.tried,
            found: reference.found,
        };
        if own_each {
            let why = format!(
                "nearly every document of {listing} has an owner of its own ({distinct} owners of {set}), so it is the business"
            );
            places.business = Some((listing.clone(), why));
            places.ways = vec![way];
        } else {
            let why = format!(
                "owners have several documents of {listing} each ({distinct} owners of {set}), so the owner is the business"
            );
            places.business = Some((owner.to.clone(), why));
            places.ways = vec![Way {
                path: format!("{} > {}.{}", reference.field, written(listing), owner.field),
                why: format!("{}; there {}", reference.words(), owner.words()),
                over: vec![listing.clone()],
                ..way
            }];
        }
        return;
    }
}

fn find_service(seen: &Seen, bookings: &str, users: Option<&str>, places: &mut Places) {
    let business = places.business.as_ref().map(|(name, _)| name.as_str());
    let candidates = seen.references(bookings).filter(|it| {
        let to = Some(it.to.as_str());
        to != users && to != business && it.to != bookings && it.by.is_none()
    });
    let mut candidates: Vec<_> = candidates
        .filter(|it| {
            says(&it.to, SERVICES)
                || says(&it.to, LISTINGS)
                || business.is_some_and(|business| {
                    !says(&it.to, USERS)
                        && seen.leading(&it.to, business).next().is_some()
                        && says(&it.field, SERVICES)
                })
        })
        .collect();
    candidates.sort_by_key(|it| (!says(&it.to, SERVICES), it.field.clone()));
    let Some(reference) = candidates.first() else {
        return;
    };
    places.service = Some((reference.to.clone(), (*reference).clone()));
    if let Some(business) = business {
        places.service_business = seen.leading(&reference.to, business).next().cloned();
    }
}
