//! The names of a customer's fields: the user's own field names, of a dotted one the last part, of a name in several fields `name`; what the
//! mapping says otherwise goes before.

use super::{BadMapping, FieldSource, Mapping};
use crate::domain::mapping::path::FieldPath;

impl Mapping {
    /// Gives the customer's fields their names.
    pub(super) fn name_fields(&mut self) -> Result<(), BadMapping> {
        let user = &self.user;
        let own = |path: &FieldPath| path.last().to_owned();
        let name = match user.names.as_slice() {
            [] => String::new(),
            [one] => own(one),
            _ => "name".to_owned(),
        };
        let email = user.emails.as_ref().map_or_else(String::new, own);
        let created = user.creation.as_ref().map_or_else(String::new, own);
        let name = self.renamed("name", &user.names, name);
        let email = self.renamed("email", user.emails.as_slice(), email);
        let created = self.renamed("created", user.creation.as_slice(), created);
        let contact: Vec<String> = user
            .contact_paths
            .iter()
            .map(|path| self.renamed("", std::slice::from_ref(path), own(path)))
            .collect();
        let of = |member: &str| {
            let at = user
                .contact_paths
                .iter()
                .position(|path| path.last() == member);
            at.and_then(|at| contact.get(at))
                .cloned()
                .unwrap_or_else(|| member.to_owned())
        };
        let (phone, country) = (of(&user.phone), of(&user.country));
        self.user.name = name;
        self.user.email = email;
        self.user.created = created;
        self.user.contact = contact;
        self.user.phone = phone;
        self.user.country = country;
        self.user.plain = self.users_are_plain();
        self.refuse_two_sources()
    }

    /// The name of the field that a role or a field of the user gives.
    fn renamed(&self, role: &str, paths: &[FieldPath], usual: String) -> String {
        let says = |source: &FieldSource| match source {
            FieldSource::Of(path) => {
                path.to_string() == role || (paths.len() == 1 && paths.contains(path))
            }
            FieldSource::Hop { .. } => false,
        };
        let found = self.customer.fields.iter().find(|(_, source)| says(source));
        found.map_or(usual, |(field, _)| field.clone())
    }

    /// True for a role, or a field, of the user that customers receive: `fields` gives it another name.
    pub(super) fn names_a_source(&self, source: &FieldPath) -> bool {
        let user = &self.user;
        let mut single = user.names.iter().filter(|_| user.names.len() == 1);
        ["name", "email", "created"].contains(&source.to_string().as_str())
            || single.any(|path| path == source)
            || user.emails.as_ref() == Some(source)
            || user.creation.as_ref() == Some(source)
            || user.contact_paths.contains(source)
    }

    fn refuse_two_sources(&self) -> Result<(), BadMapping> {
        let mut seen: Vec<&str> = vec!["_id", &self.customer.business];
        for field in self.user.copied() {
            if seen.contains(&field) {
                return Err(self.bad(
                    "user",
                    format!("two things would stand in `{field}` of a customer: give one of them another name with customer.fields"),
                ));
            }
            seen.push(field);
        }
        Ok(())
    }

    /// True where a user's own document has the customer's fields under their own names.
    pub(super) fn users_are_plain(&self) -> bool {
        let user = &self.user;
        let plain = |paths: &[FieldPath], name: &str| match paths {
            [] => name.is_empty(),
            [path] => path.is_top_level() && path.top() == name,
            _ => false,
        };
        let contact = user.contact_paths.iter().zip(&user.contact);
        plain(&user.names, &user.name)
            && plain(user.emails.as_slice(), &user.email)
            && plain(user.creation.as_slice(), &user.created)
            && contact
                .into_iter()
                .all(|(path, name)| plain(std::slice::from_ref(path), name))
    }
}
