//! What applications call things. A name is a hint; what stands in the data decides where the two disagree.

use crate::domain::profile::Field;

/// The words of a name in lower case: `stylistId` → stylist, id; `service_bookings` → service, bookings.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            lower_before = false;
            continue;
        }
        if words.is_empty() || c.is_uppercase() && lower_before {
            words.push(String::new());
        }
        lower_before = c.is_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn singular(word: &str) -> String {
    let ies = word.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let es = ["sses", "ches", "shes", "xes"];
    if let Some(word) = ies {
        return word;
    }
    if es.iter().any(|end| word.ends_with(end)) {
        return word[..word.len() - 2].to_owned();
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && stem.len() > 2 => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// True where a word of the name is one of these, in singular or plural.
pub fn says(name: &str, any: &[&str]) -> bool {
    words(name)
        .iter()
        .any(|word| any.contains(&word.as_str()) || any.contains(&singular(word).as_str()))
}

/// Collections of people.
pub const USERS: &[&str] = &[
    "user", "person", "people", "client", "customer", "member", "patient", "student", "guest",
    "login",
];
/// Collections of bookings.
pub const BOOKINGS: &[&str] = &[
    "booking",
    "reservation",
    "appointment",
    "visit",
    "termin",
    "rental",
    "enrollment",
    "registration",
];
/// Collections of businesses.
pub const BUSINESSES: &[&str] = &[
    "business",
    "salon",
    "shop",
    "company",
    "store",
    "tenant",
    "organization",
    "organisation",
    "org",
    "clinic",
    "studio",
    "garage",
    "venue",
    "branch",
    "hotel",
    "restaurant",
    "provider",
    "barbershop",
    "gym",
    "workspace",
    "merchant",
    "vendor",
    "school",
    "practice",
    "agency",
    "partner",
];
/// Collections of what is booked.
pub const SERVICES: &[&str] = &[
    "service",
    "treatment",
    "class",
    "course",
    "offer",
    "offering",
    "package",
    "product",
    "lesson",
    "session",
    "event",
    "activity",
    "tour",
    "procedure",
];
/// Collections of what is let, whose owner may be the business.
pub const LISTINGS: &[&str] = &[
    "listing",
    "property",
    "room",
    "space",
    "apartment",
    "house",
    "home",
    "place",
    "car",
    "vehicle",
    "accommodation",
    "boat",
    "desk",
    "court",
    "field",
    "villa",
    "camp",
    "campsite",
    "campground",
];
/// Collections whose rows name account holders.
pub const ACCOUNTS: &[&str] = &[
    "account",
    "session",
    "credential",
    "authenticator",
    "team",
    "staff",
    "employee",
    "admin",
    "token",
];
/// Fields that name the one who books.
pub const BOOKERS: &[&str] = &[
    "user", "customer", "client", "guest", "patient", "attendee", "booker", "booked", "renter",
    "tenant", "student", "member", "buyer", "visitor", "traveler",
];
/// Fields that name somebody else.
pub const OTHERS: &[&str] = &[
    "owner",
    "host",
    "provider",
    "stylist",
    "staff",
    "employee",
    "barber",
    "doctor",
    "teacher",
    "trainer",
    "creator",
    "admin",
    "manager",
    "worker",
    "agent",
    "driver",
    "seller",
    "mechanic",
    "therapist",
    "instructor",
    "technician",
    "cancelled",
    "canceled",
    "updated",
    "approved",
    "assigned",
    "artist",
    "business",
    "salon",
    "shop",
];
/// Contact fields.
pub const CONTACT: &[&str] = &[
    "phone",
    "phonenumber",
    "mobile",
    "telephone",
    "tel",
    "company",
    "country",
    "address",
    "street",
    "city",
    "state",
    "zip",
    "zipcode",
    "postcode",
    "postalcode",
    "postal",
];
/// When something was created.
const CREATED: &[&str] = &[
    "createdat",
    "created",
    "createdon",
    "createddate",
    "datecreated",
    "registeredat",
    "signupdate",
];
/// When a booking takes place.
const WHEN: &[&str] = &[
    "startsat",
    "startat",
    "starttime",
    "start",
    "startdate",
    "date",
    "when",
    "scheduledat",
    "scheduledfor",
    "datetime",
    "appointmentdate",
    "bookingdate",
    "time",
    "checkin",
    "from",
    "slot",
    "slottime",
];

/// The name without its case and signs.
pub fn plain(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// True for the creation date.
pub fn is_created(name: &str, field: &Field) -> bool {
    CREATED.contains(&plain(name).as_str())
        && (field.set == 0 || field.mostly(field.dates + field.numbers))
}

/// How well a field says when a booking takes place; smaller is better.
pub fn when_rank(name: &str, field: &Field) -> Option<usize> {
    let fits = field.set == 0 || field.mostly(field.dates + field.numbers);
    WHEN.iter()
        .position(|it| *it == plain(name))
        .filter(|_| fits)
}

/// The name of a thing as its neighbours are named: `Customer` beside `Booking`, `customers` beside `bookings`.
pub fn as_neighbours(collection: &str, one: &str) -> String {
    let plural = collection.ends_with('s') && !collection.ends_with("ss");
    let upper = collection.chars().next().is_some_and(char::is_uppercase);
    let snake = collection.contains('_');
    let mut parts: Vec<String> = one.split(' ').map(str::to_owned).collect();
    if plural && let Some(last) = parts.last_mut() {
        last.push('s');
    }
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(chars).collect()
        })
    };
    if snake && !upper {
        return parts.join("_");
    }
    let named = parts.iter().enumerate().map(|(at, part)| {
        if upper || at > 0 {
            capital(part)
        } else {
            part.clone()
        }
    });
    named.collect()
}

/// The name of a reference to one thing in the style of one to another: `userId` → `customerId`, `user_id` → `customer_id`.
pub fn like(reference: &str, one: &str) -> String {
    let name = reference
        .rsplit('.')
        .next()
        .unwrap_or(reference)
        .trim_end_matches("[]");
    let id = ["Id", "ID", "_id", "Ref", "_ref"];
    let end = id.iter().find(|end| name.ends_with(**end));
    let list = ["Ids", "_ids"].iter().find(|end| name.ends_with(**end));
    let end = end
        .copied()
        .or_else(|| list.map(|end| end.trim_end_matches('s')));
    format!(
        "{one}{}",
        end.unwrap_or(if name.contains('_') { "_id" } else { "" })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_their_words_in_singular_or_plural() {
        for (name, any) in [
            ("Booking", BOOKINGS),
            ("service_bookings", BOOKINGS),
            ("businesses", BUSINESSES),
            ("Companies", BUSINESSES),
            ("branches", BUSINESSES),
            ("userId", BOOKERS),
            ("TeamMember", ACCOUNTS),
        ] {
            assert!(says(name, any), "{name}");
        }
        assert!(!says("AuditLog", BOOKINGS));
    }

    #[test]
    fn new_names_are_written_as_their_neighbours_are() {
        for (beside, name) in [
            ("Booking", "Customer"),
            ("bookings", "customers"),
            ("booking", "customer"),
            ("Bookings", "Customers"),
            ("service_bookings", "customers"),
        ] {
            assert_eq!(as_neighbours(beside, "customer"), name, "{beside}");
        }
        assert_eq!(
            as_neighbours("bookings", "business customer"),
            "businessCustomers"
        );
        assert_eq!(
            as_neighbours("service_bookings", "business customer"),
            "business_customers"
        );
        for (reference, new) in [
            ("userId", "customerId"),
            ("user_id", "customer_id"),
            ("user", "customer"),
            ("profileId", "customerId"),
            ("attendeeIds", "customerId"),
        ] {
            assert_eq!(like(reference, "customer"), new);
        }
    }
}
