//! Which collection holds the bookings, and how a booking names its user.

use super::graph::Way;
use super::seen::{Seen, SeenCollection, SeenReference};
use super::words::{BOOKERS, BOOKINGS, OTHERS, as_neighbours, plain, says, when_rank, words};
use crate::domain::profile::{Field, Profile};

/// How bookings name their user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserOf {
    /// The path, or the filter of an e-mail, as it is written; none where several fit equally well.
    pub path: Option<String>,
    /// Why.
    pub why: String,
    /// The field of the booking.
    pub field: String,
    /// Other fields that lead to users, with why.
    pub others: Vec<(String, String)>,
}

fn has_time(profile: &Profile) -> bool {
    profile.fields().any(|(path, field)| {
        !path.contains("[]")
            && (when_rank(path, field).is_some()
                || field.dates > 0
                    && !plain(path).contains("created")
                    && !plain(path).contains("updated"))
    })
}

/// The collection of bookings, where one stands out.
pub fn collection(seen: &Seen, users: Option<&str>) -> Option<String> {
    let score = |name: &str, it: &SeenCollection| {
        let to_users = users.is_some_and(|users| !seen.ways(name, users, &[]).is_empty());
        let referenced = seen.collections.iter().any(|(other, it)| {
            other != name
                && it
                    .references
                    .iter()
                    .any(|it| it.to == name && it.is_clear())
        });
        let named = says(name, BOOKINGS);
        let history = words(name).iter().any(|it| {
            [
                "log", "history", "audit", "archive", "event", "note", "item",
            ]
            .contains(&it.as_str())
        });
        (if named { 6 } else { 0 })
            + (if has_time(&it.profile) { 2 } else { 0 })
            + usize::from(to_users)
            + usize::from(referenced)
            - (if history && named { 3 } else { 0 })
    };
    let others = seen
        .collections
        .iter()
        .filter(|(name, _)| Some(name.as_str()) != users);
    let mut all: Vec<_> = others.map(|(name, it)| (score(name, it), name)).collect();
    all.sort_by(|one, other| {
        other
            .0
            .cmp(&one.0)
            .then(one.1.len().cmp(&other.1.len()))
            .then(one.1.cmp(other.1))
    });
    let (best, name) = all.first()?;
    (*best >= 7).then(|| (*name).clone())
}

/// Arrays of documents that look like bookings inside other documents.
pub fn embedded(seen: &Seen, users: Option<&str>) -> Option<String> {
    let users = users?;
    for (name, it) in &seen.collections {
        for (path, _) in it
            .profile
            .fields()
            .filter(|(_, field)| field.list_of_documents)
        {
            let inside = format!("{path}[].");
            let of_user = it
                .references
                .iter()
                .any(|it| it.field.starts_with(&inside) && it.to == users && it.is_clear());
            let with_time = it.profile.fields().any(|(inner, field)| {
                inner.starts_with(&inside) && (field.dates > 0 || when_rank(inner, field).is_some())
            });
            if of_user && with_time {
                return Some(format!("{name}.{path}[]"));
            }
        }
    }
    None
}

/// How bookings name their user.
pub fn user(seen: &Seen, bookings: &str, users: Option<&str>) -> Option<UserOf> {
    let users = users?;
    let customers = as_neighbours(bookings, "customer");
    let not_over: Vec<&str> = [customers.as_str()]
        .into_iter()
        .filter(|it| *it != users)
        .collect();
    let ways = seen.ways(bookings, users, &not_over);
    let rank = |way: &Way| {
        let booker = says(&way.first, BOOKERS);
        let other = says(&way.first, OTHERS);
        let over_booker = way.over.is_empty()
            || way.over.iter().all(|it| {
                says(
                    it,
                    &[
                        "profile", "client", "customer", "patient", "guest", "member", "student",
                        "person", "contact",
                    ],
                )
            });
        // Where users say of what kind they are, that goes before the field's name.
        let mut reached = seen.references(bookings).filter(|it| it.field == way.first);
        let others = reached.next().map_or(1, SeenReference::reaches_others);
        (
            usize::from(seen.is_rare(bookings, &way.first)),
            others,
            usize::from(other && !booker && others != 0),
            usize::from(!over_booker),
            usize::from(!booker && way.over.is_empty()),
            way.over.len(),
        )
    };
    let mut ways: Vec<_> = ways.into_iter().map(|way| (rank(&way), way)).collect();
    // A way over the business or the service leads to its owner, not to the one who booked.
    ways.retain(|(rank, _)| rank.3 == 0);
    ways.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.found.cmp(&one.1.found)));
    let (best, way) = ways.first()?;
    let equal: Vec<_> = ways
        .iter()
        .skip(1)
        .filter(|it| it.0 == *best && it.1.first != way.first)
        .collect();
    let others = ways
        .iter()
        .skip(1)
        .map(|(_, way)| (way.path.clone(), way.why.clone()));
    let by_email = way.path.ends_with("email)._id") && way.over.is_empty();
    let path = if by_email {
        format!("{{ email = \"{}\" }}", way.first)
    } else {
        way.path.clone()
    };
    Some(UserOf {
        path: equal.is_empty().then_some(path),
        why: way.why.clone(),
        field: way.first.clone(),
        others: others.collect(),
    })
}

/// People without a user: the members of a guest, and where they stand in the booking.
pub fn guest(seen: &Seen, bookings: &str) -> Vec<(String, String)> {
    const OF: [&str; 8] = [
        "guest", "client", "customer", "contact", "booker", "patient", "visitor", "attendee",
    ];
    let Some(profile) = seen.profile(bookings) else {
        return Vec::new();
    };
    let mut guest = Vec::new();
    for member in ["name", "email", "phone"] {
        let fits = |path: &str, field: &Field| {
            let words = words(path);
            let Some(last) = words.last() else {
                return false;
            };
            let ends = match member {
                "name" => ["name"].contains(&last.as_str()),
                "email" => ["email", "mail"].contains(&last.as_str()),
                _ => ["phone", "mobile", "tel", "telephone"].contains(&last.as_str()),
            };
            let of = words.iter().any(|word| OF.contains(&word.as_str()));
            let holds = match member {
                "email" => field.set == 0 || field.mostly(field.addresses),
                _ => field.set == 0 || field.mostly(field.texts + field.numbers),
            };
            ends && of && holds && !path.contains("[]")
        };
        let found = profile.fields().find(|(path, field)| fits(path, field));
        guest.extend(found.map(|(path, _)| (member.to_owned(), path.to_owned())));
    }
    guest
}
