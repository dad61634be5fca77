//! Fields that hold a choice from a few words, under keys whose values should differ from person to person: a role as the name, a state as
//! the password. What is certainly wrong is refused; what is right in some database is a warning.

use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{BadMapping, Guest, Mapping};
use crate::domain::number::grouped;
use crate::domain::profile::Profile;
use crate::domain::propose::{is_called_a_name, names_in};

/// What was found under keys that hold a few words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Nobody is called so, and names stand elsewhere.
    pub refusals: Vec<BadMapping>,
    /// It may be right.
    pub warnings: Vec<BadMapping>,
}

/// The doubts about users' names and passwords.
pub fn about_users(mapping: &Mapping, users: &Profile) -> Doubts {
    let mut doubts = Doubts::default();
    let user = &mapping.user;
    let key = "user.name";
    let few: Vec<_> = user
        .names
        .iter()
        .filter_map(|path| few_words(key, path, users))
        .collect();
    // A name of several fields may have a title among them.
    if let Some(says) = few.first().filter(|_| few.len() == user.names.len()) {
        let called = |path: &FieldPath| is_called_a_name(&path.to_string());
        let better = names_in(users).map(|(names, _)| names);
        match better.filter(|_| !user.names.iter().any(called)) {
            Some(better) => {
                let why = format!("{says}, and no name; `name = {better}` would fit");
                doubts.refusals.push(mapping.bad(key, why));
            }
            None => doubts.warnings.push(mapping.bad(key, says)),
        }
    }
    let key = "user.password";
    for path in &user.passwords {
        let hashes = users
            .field(&path.to_string())
            .is_some_and(|it| it.hashes > 0);
        if let Some(says) = few_words(key, path, users).filter(|_| !hashes) {
            let why = format!("{says}; whoever has one counts as somebody who may sign in");
            doubts.warnings.push(mapping.bad(key, why));
        }
    }
    doubts
}

/// The doubts about what tells guests apart, who stand in the documents of a section: few values are those of staff, or of hosts.
pub fn about_guests(
    mapping: &Mapping,
    section: &str,
    guest: &Guest,
    documents: &Profile,
) -> Doubts {
    let mut doubts = Doubts::default();
    let tells = |member: &str| ["name", "email", "phone"].contains(&member);
    for (member, path) in guest.members.iter().filter(|(member, _)| tells(member)) {
        let key = format!("{section}.guest.{member}");
        let says = few_words(&key, path, documents);
        doubts
            .warnings
            .extend(says.map(|says| mapping.bad(&key, says)));
    }
    doubts
}

fn few_words(key: &str, path: &FieldPath, documents: &Profile) -> Option<String> {
    let field = documents.field(&path.to_string())?;
    let (set, words) = (grouped(field.set), field.few_words()?);
    Some(if words == 1 {
        format!("{key}: all {set} values of `{path}` that were looked at are the same")
    } else {
        format!(
            "{key}: the {set} values of `{path}` that were looked at are {words} different words, as of a list to choose from"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::rawdoc;

    use super::*;
    use crate::domain::mapping::DEFAULT;

    fn users(with_names: bool) -> Profile {
        let mut profile = Profile::new(60);
        for number in 0..60 {
            let mut user =
                rawdoc! { "role": if number % 5 == 0 { "OWNER" } else { "USER" }, "state": "new" };
            if with_names {
                user.append(bson::raw::cstr!("name"), format!("Ann Lee {number}"));
            }
            profile.take(&user);
        }
        profile
    }

    fn with(from: &str, to: &str) -> Mapping {
        Mapping::parse(&DEFAULT.replacen(from, to, 1)).unwrap()
    }

    #[test]
    fn a_role_is_no_name_where_names_stand_elsewhere_and_a_warning_where_they_do_not() {
        let mapping = with("name = \"name\"", "name = \"role\"");
        let found = about_users(&mapping, &users(true));
        assert_eq!(found.warnings, []);
        let why = &found.refusals[0].why;
        assert!(
            why.contains("2 different words") && why.contains("`name = \"name\"` would fit"),
            "{why}"
        );
        let found = about_users(&mapping, &users(false));
        assert_eq!((found.refusals.len(), found.warnings.len()), (0, 1));
    }

    #[test]
    fn names_that_are_few_stay_with_a_warning_and_different_ones_with_none() {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        assert_eq!(about_users(&mapping, &users(true)), Doubts::default());
        let mut same = Profile::new(60);
        for _ in 0..60 {
            same.take(&rawdoc! { "name": "Guest", "nickname": "x" });
        }
        let found = about_users(&mapping, &same);
        assert_eq!((found.refusals.len(), found.warnings.len()), (0, 1));
        assert!(found.warnings[0].why.contains("are the same"));
    }

    #[test]
    fn a_state_as_the_password_is_a_warning() {
        let mapping = with("password = \"hashedPassword\"", "password = \"state\"");
        let found = about_users(&mapping, &users(true));
        assert_eq!(found.refusals, []);
        assert!(found.warnings[0].why.contains("may sign in"));
    }
}
