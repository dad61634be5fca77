//! Who the users are, and which of their fields play which role.

use super::seen::{Seen, SeenCollection};
use super::words::{ACCOUNTS, CONTACT, USERS, is_created, plain, says};
use crate::domain::profile::{Field, Profile};
use crate::domain::toml_text::quoted;

/// A key's value as it is written, and why.
pub type Said = (String, String);

/// What users' fields play which role.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub name: Option<Said>,
    pub email: Option<Said>,
    pub password: Option<Said>,
    pub evidence: Option<Said>,
    pub created: Option<Said>,
    pub contact: Option<Said>,
    pub phone: Option<String>,
    pub country: Option<String>,
    pub deleted: Option<Said>,
    pub customers: Option<Said>,
}

/// The collection of users, where one stands out.
pub fn users(seen: &Seen) -> Option<String> {
    let score = |name: &str, it: &SeenCollection| {
        let profile = &it.profile;
        let mut score = 0;
        let has =
            |is: fn(&str, &Field) -> bool| profile.fields().any(|(path, field)| is(path, field));
        score += if says(name, USERS) && !says(name, ACCOUNTS) {
            4
        } else {
            0
        };
        score += if has(is_password) { 4 } else { 0 };
        score += if has(is_email) { 2 } else { 0 };
        let pointing = seen.collections.iter().filter(|(other, it)| {
            *other != name
                && it
                    .references
                    .iter()
                    .any(|it| it.to == name && it.is_clear())
        });
        score + pointing.count().min(3)
    };
    let mut all: Vec<_> = seen
        .collections
        .iter()
        .map(|(name, it)| (score(name, it), name))
        .collect();
    all.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    let (best, name) = all.first()?;
    (*best >= 5).then(|| (*name).clone())
}

fn last(path: &str) -> String {
    plain(path)
}

fn is_password(path: &str, field: &Field) -> bool {
    let name = last(path);
    let named = (name.contains("password")
        || name.contains("passwd")
        || name == "hash"
        || name == "passhash")
        && !name.contains("reset")
        && !name.contains("change")
        && !name.contains("expire");
    let holds = field.set == 0 || field.mostly(field.texts) && field.spaced * 2 < field.set.max(1);
    field.hashes > 0 && field.mostly(field.hashes) || named && holds && field.inner == 0
}

fn is_email(path: &str, field: &Field) -> bool {
    let named = last(path).ends_with("email") || last(path).ends_with("mail");
    field.addresses > 0 && field.mostly(field.addresses) || named && field.set == 0
}

fn whole(count: u64, of: u64) -> String {
    use crate::domain::number::grouped;
    format!(
        "in {} of {} documents that were looked at",
        grouped(count),
        grouped(of)
    )
}

/// The best of a profile's fields by a rank; smaller is better.
fn best(profile: &Profile, rank: impl Fn(&str, &Field) -> Option<usize>) -> Option<(&str, &Field)> {
    let ranked = profile
        .fields()
        .filter_map(|(path, field)| Some((rank(path, field)?, path, field)));
    let best = ranked.min_by_key(|(rank, path, _)| (*rank, path.matches('.').count(), path.len()));
    best.map(|(_, path, field)| (path, field))
}

fn list(paths: &[&str]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| quoted(path)).collect();
    format!("[{}]", paths.join(", "))
}

/// The roles of the fields of a profile of people.
pub fn fields(profile: &Profile) -> Fields {
    let of = profile.documents;
    let said = |(path, field): (&str, &Field)| (quoted(path), whole(field.documents, of));
    let plain_path = |path: &str| !path.contains("[]");
    let email = best(profile, |path, field| {
        (plain_path(path) && is_email(path, field)).then(|| usize::from(last(path) != "email"))
    });
    let passwords: Vec<&str> = profile
        .fields()
        .filter(|(path, field)| plain_path(path) && is_password(path, field))
        .map(|(path, _)| path)
        .collect();
    let password = match passwords.as_slice() {
        [] => None,
        [one] => profile.field(one).map(|field| said((one, field))),
        many => Some((
            list(many),
            "any of them that is set is a password".to_owned(),
        )),
    };
    let created = best(profile, |path, field| is_created(path, field).then_some(0));
    let mut contact: Vec<&str> = profile
        .fields()
        .filter(|(path, field)| {
            !path.contains('.') && CONTACT.contains(&last(path).as_str()) && field.lists == 0
        })
        .map(|(path, _)| path)
        .collect();
    contact.sort_by_key(|path| CONTACT.iter().position(|it| *it == last(path)));
    let member = |any: &[&str]| {
        let found = contact
            .iter()
            .find(|path| any.contains(&last(path).as_str()));
        found.map(|path| quoted(path))
    };
    Fields {
        name: name(profile),
        phone: member(&["phone", "phonenumber", "mobile", "telephone", "tel"]),
        country: member(&["country"]),
        contact: (!contact.is_empty()).then(|| {
            (
                list(&contact),
                "these go to the customer, and leave the user once they are copied".to_owned(),
            )
        }),
        email: email.map(said),
        password,
        evidence: evidence(profile),
        created: created.map(said),
        deleted: deleted(profile),
        customers: customers(profile),
    }
}

/// What a whole name is called.
const WHOLE: [&str; 5] = ["name", "fullname", "displayname", "realname", "nickname"];
/// What its first part is called.
const FIRST: [&str; 3] = ["firstname", "givenname", "forename"];
/// What its last part is called.
const FAMILY: [&str; 3] = ["lastname", "surname", "familyname"];

/// True where a field is called as names are: also `clientName`, `login_name`, `first`.
pub fn is_called_a_name(path: &str) -> bool {
    let plain = last(path);
    let known = [&WHOLE[..], &FIRST, &FAMILY].concat();
    known.contains(&plain.as_str())
        || says(path, &["name", "first", "last", "nick", "label", "title"])
        || plain.ends_with("name")
}

/// The field or fields that hold people's names.
pub fn name(profile: &Profile) -> Option<Said> {
    let is_text = |field: &Field| {
        field.set == 0 || field.mostly(field.texts) && !field.mostly(field.addresses)
    };
    let one = |any: &[&str]| {
        best(profile, |path, field| {
            let at = any.iter().position(|it| *it == last(path))?;
            (is_text(field) && !path.contains("[]")).then_some(at)
        })
    };
    let first = one(&FIRST);
    let family = one(&FAMILY);
    let of = profile.documents;
    match (one(&WHOLE), first, family) {
        (Some((path, field)), ..) if field.set > 0 || first.is_none() => {
            Some((quoted(path), whole(field.documents, of)))
        }
        (_, Some((first, field)), Some((family, _))) => {
            Some((list(&[first, family]), whole(field.documents, of)))
        }
        (_, Some((path, field)), None) => Some((quoted(path), whole(field.documents, of))),
        _ => None,
    }
}

fn evidence(profile: &Profile) -> Option<Said> {
    const FIELDS: [&str; 14] = [
        "emailverified",
        "emailverifiedat",
        "clerkid",
        "clerkuserid",
        "auth0id",
        "googleid",
        "facebookid",
        "githubid",
        "appleid",
        "firebaseuid",
        "firebaseid",
        "supabaseid",
        "oauthid",
        "externalid",
    ];
    let found: Vec<&str> = profile
        .fields()
        .filter(|(path, _)| !path.contains("[]") && FIELDS.contains(&last(path).as_str()))
        .map(|(path, _)| path)
        .collect();
    let why = "a user in whom one of these is set may sign in, though without a password";
    (!found.is_empty()).then(|| (list(&found), why.to_owned()))
}

fn deleted(profile: &Profile) -> Option<Said> {
    let mut filters = Vec::new();
    for (path, _) in profile.fields().filter(|(path, _)| !path.contains('.')) {
        match last(path).as_str() {
            "deletedat" | "deletedon" => filters.push(format!("{{ {path} = {{ set = true }} }}")),
            "isdeleted" | "deleted" => filters.push(format!("{{ {path} = true }}")),
            "isactive" | "active" => filters.push(format!("{{ {path} = false }}")),
            _ => {}
        }
    }
    let why = "users that are soft-deleted";
    (!filters.is_empty()).then(|| (format!("[{}]", filters.join(", ")), why.to_owned()))
}

/// Where a field says who is a customer, by the value that says so.
fn customers(profile: &Profile) -> Option<Said> {
    const ROLES: [&str; 6] = ["role", "roles", "type", "usertype", "kind", "accounttype"];
    const VALUES: [&str; 8] = [
        "customer", "client", "guest", "patient", "member", "student", "user", "renter",
    ];
    for (path, field) in profile.fields() {
        if path.contains('.') || !ROLES.contains(&last(path).as_str()) {
            continue;
        }
        let values: Vec<&str> = field.values().filter_map(|it| it.as_str()).collect();
        if values.len() < 2 || values.len() > 12 {
            continue;
        }
        let found = VALUES.iter().find_map(|word| {
            let same = |value: &&&str| value.to_lowercase() == *word;
            values.iter().find(same)
        });
        if let Some(value) = found {
            let filter = if field.lists > 0 {
                format!("{{ {path} = {{ has = \"{value}\" }} }}")
            } else {
                format!("{{ {path} = \"{value}\" }}")
            };
            return Some((
                filter,
                format!(
                    "{path} holds {} different words, and this one names customers",
                    values.len()
                ),
            ));
        }
    }
    None
}
