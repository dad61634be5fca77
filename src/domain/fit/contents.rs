//! Whether fields hold what their keys say: addresses in the e-mail, no addresses in the name, dates in the creation date, ids in the
//! reference to a customer.

use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{BadMapping, Guest, Mapping};
use crate::domain::number::grouped;
use crate::domain::profile::{Field, Profile};

/// Fewer values say nothing.
const ENOUGH: u64 = 12;

/// What is named by a key of one value must not be a document.
const DOCUMENTS: &str = "documents; name a member of them";

/// What a field must not mostly hold, and how that is said.
struct Wrong {
    count: u64,
    words: &'static str,
}

/// What stands in users' fields and cannot be what their keys say.
pub fn of_users(mapping: &Mapping, users: &Profile) -> Vec<BadMapping> {
    let mut found = Vec::new();
    let user = &mapping.user;
    for path in &user.names {
        let of_name = |field: &Field| {
            vec![
                Wrong::new(field.addresses, "e-mail addresses"),
                Wrong::new(field.hashes, "hashes of passwords"),
                Wrong::new(field.digits, "numbers, as of telephones"),
                Wrong::new(field.ids, "ids"),
                Wrong::new(field.dates, "dates"),
                Wrong::new(field.truths, "true and false"),
                Wrong::new(field.numbers, "numbers"),
                Wrong::new(field.inner, DOCUMENTS),
            ]
        };
        found.extend(judge(mapping, "user.name", path, users, of_name, None));
    }
    if let Some(path) = &user.emails {
        let of_email = |field: &Field| {
            vec![Wrong::new(
                field.set - field.addresses.min(field.set),
                "something else than e-mail addresses, which stand elsewhere",
            )]
        };
        let better = best(users, |field| field.addresses);
        // Where nobody has an address, this may be what people are known by.
        let known = better.is_some();
        let bad = judge(mapping, "user.email", path, users, of_email, better);
        found.extend(bad.filter(|_| known));
    }
    for path in &user.passwords {
        let better = best(users, |field| field.hashes);
        let of_password = |field: &Field| {
            let mut wrong = vec![
                Wrong::new(field.addresses, "e-mail addresses"),
                Wrong::new(field.spaced, "texts of several words"),
                Wrong::new(field.ids, "ids"),
                Wrong::new(field.dates, "dates"),
                Wrong::new(field.truths, "true and false"),
                Wrong::new(field.numbers, "numbers"),
                Wrong::new(field.inner, DOCUMENTS),
            ];
            if field.hashes == 0 && better.is_some() {
                wrong.push(Wrong::new(
                    field.set,
                    "no hashes of passwords, which stand elsewhere",
                ));
            }
            wrong
        };
        let better = better.clone();
        found.extend(judge(
            mapping,
            "user.password",
            path,
            users,
            of_password,
            better,
        ));
    }
    found.extend(dates(
        mapping,
        "user.created",
        user.creation.as_slice(),
        users,
    ));
    found
}

/// The same for bookings.
pub fn of_bookings(mapping: &Mapping, bookings: &Profile) -> Vec<BadMapping> {
    let created = mapping.booking.created.as_slice();
    let mut found = dates(mapping, "booking.created", created, bookings);
    if let Some(guest) = &mapping.booking.following.guest {
        found.extend(of_guests(mapping, "booking", guest, bookings));
    }
    found
}

/// The same for what the documents of a section say of their guests.
pub fn of_guests(
    mapping: &Mapping,
    section: &str,
    guest: &Guest,
    documents: &Profile,
) -> Vec<BadMapping> {
    let mut found = Vec::new();
    for (member, path) in &guest.members {
        let key = format!("{section}.guest.{member}");
        let of_guest = |field: &Field| match member.as_str() {
            "name" => vec![
                Wrong::new(field.addresses, "e-mail addresses"),
                Wrong::new(field.digits, "numbers, as of telephones"),
                Wrong::new(field.ids, "ids"),
                Wrong::new(field.dates, "dates"),
                Wrong::new(field.truths, "true and false"),
                Wrong::new(field.numbers, "numbers"),
                Wrong::new(field.inner, DOCUMENTS),
            ],
            "email" => vec![Wrong::new(
                field.set - field.addresses.min(field.set),
                "something else than e-mail addresses",
            )],
            "phone" => vec![
                Wrong::new(field.addresses, "e-mail addresses"),
                Wrong::new(field.ids, "ids"),
                Wrong::new(field.dates, "dates"),
                Wrong::new(field.truths, "true and false"),
                Wrong::new(field.inner, DOCUMENTS),
                // Some may be written with words; where not one is a number, these are none.
                Wrong::new(
                    if field.digits + field.numbers == 0 {
                        field.texts
                    } else {
                        0
                    },
                    "texts, and none of all is a number as of telephones",
                ),
            ],
            _ => Vec::new(),
        };
        let better = match member.as_str() {
            "email" => best(documents, |field| field.addresses),
            _ => None,
        };
        found.extend(judge(mapping, &key, path, documents, of_guest, better));
    }
    found
}

fn dates(mapping: &Mapping, key: &str, paths: &[FieldPath], profile: &Profile) -> Vec<BadMapping> {
    let of_date = |field: &Field| {
        let dates = field.dates + field.numbers;
        vec![Wrong::new(
            field.set - dates.min(field.set),
            "something else than dates",
        )]
    };
    paths
        .iter()
        .filter_map(|path| judge(mapping, key, path, profile, of_date, None))
        .collect()
}

impl Wrong {
    fn new(count: u64, words: &'static str) -> Self {
        Self { count, words }
    }
}

/// More than half of the values are wrong.
fn judge(
    mapping: &Mapping,
    key: &str,
    path: &FieldPath,
    profile: &Profile,
    wrong: impl Fn(&Field) -> Vec<Wrong>,
    better: Option<String>,
) -> Option<BadMapping> {
    let field = profile.field(&path.to_string())?;
    if field.set < ENOUGH {
        return None;
    }
    let wrong = wrong(field);
    let found = wrong.iter().find(|wrong| wrong.count * 2 > field.set)?;
    let better = better.filter(|better| *better != path.to_string());
    let better = better.map_or_else(String::new, |better| format!("; `{better}` would fit"));
    Some(mapping.bad(
        key,
        format!(
            "{key}: {} of {} values of `{path}` that were looked at are {}{better}",
            grouped(found.count),
            grouped(field.set),
            found.words
        ),
    ))
}

/// The field with the most values of a kind.
fn best(profile: &Profile, count: impl Fn(&Field) -> u64) -> Option<String> {
    let fields = profile
        .fields()
        .filter(|(_, field)| field.mostly(count(field)));
    let best = fields.max_by_key(|(_, field)| count(field))?;
    (count(best.1) > 0).then(|| best.0.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;
    use crate::domain::mapping::DEFAULT;

    fn users() -> Profile {
        let mut profile = Profile::new(20);
        for number in 0..20 {
            let mut user = rawdoc! { "name": "Ann Lee", "email": "a@b.org", "createdAt": bson::DateTime::from_millis(number) };
            if number < 3 {
                user.append(bson::raw::cstr!("hashedPassword"), "$2b$10$abc");
            }
            profile.take(&user);
        }
        profile
    }

    #[test]
    fn fields_that_hold_what_their_keys_say_are_found_right() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        assert_eq!(of_users(&mapping, &users()), []);
    }

    #[test]
    fn swapped_fields_are_told_by_what_they_hold() {
        for (swapped, says) in [
            (
                DEFAULT.replace(
                    "name = \"name\"\nemail = \"email\"",
                    "name = \"email\"\nemail = \"name\"",
                ),
                "e-mail addresses",
            ),
            (
                DEFAULT.replace(
                    "email = \"email\"\npassword = \"hashedPassword\"",
                    "email = \"hashedPassword\"\npassword = \"email\"",
                ),
                "e-mail addresses",
            ),
            (
                DEFAULT
                    .replace("password = \"hashedPassword\"", "password = \"name\"")
                    .replace("name = \"name\"\nemail", "name = \"hashedPassword\"\nemail"),
                "texts of several words",
            ),
            (
                DEFAULT
                    .replace("password = \"hashedPassword\"", "password = \"createdAt\"")
                    .replace(
                        "created = \"createdAt\"\ncontact",
                        "created = \"hashedPassword\"\ncontact",
                    ),
                "dates",
            ),
        ] {
            let mapping = Mapping::parse(&swapped).unwrap();
            let found = of_users(&mapping, &users());
            assert!(
                found.iter().any(|bad| bad.why.contains(says)),
                "{says}: {found:?}"
            );
        }
    }
}
