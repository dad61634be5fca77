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
        self.name_fields_of_guests();
        let of_hops = self.customer.fields.iter();
        let of_hops = of_hops.filter(|(_, source)| matches!(source, FieldSource::Hop { .. }));
        let of_hops: Vec<String> = of_hops.map(|(field, _)| field.clone()).collect();
        self.user.elsewhere.extend(of_hops);
        self.user.plain = self.users_are_plain();
        self.refuse_two_sources()
    }

    /// A guest's name, e-mail and phone number go where a user's go, and have the members' own names where no user has any.
    fn name_fields_of_guests(&mut self) {
        let Some(mut guest) = self.booking.following.guest.clone() else {
            return;
        };
        let has_name = !self.user.names.is_empty();
        let has_email = self.user.emails.is_some();
        guest.fields = guest
            .members
            .iter()
            .map(|(member, _)| match member.as_str() {
                "name" if has_name => self.user.name.clone(),
                "email" if has_email => self.user.email.clone(),
                "phone" if !self.user.phone.is_empty() => self.user.phone.clone(),
                other => self.renamed(other, &[], other.to_owned()),
            })
            .collect();
        let field_of = |member: &str| {
            let members = guest.members.iter().zip(&guest.fields);
            let mut found = members.filter(|((name, _), _)| name == member);
            found
                .next()
                .map_or_else(String::new, |(_, field)| field.clone())
        };
        let (name, email, phone) = (field_of("name"), field_of("email"), field_of("phone"));
        if !has_name {
            self.user.name = name;
        }
        if !has_email {
            self.user.email = email;
        }
        if self.user.phone.is_empty() {
            self.user.phone = phone;
        }
        if let Some(created) = &self.booking.created
            && self.user.creation.is_none()
        {
            let usual = created.last().to_owned();
            self.user.created = self.renamed("created", &[], usual);
        }
        let known: Vec<&str> = self.user.copied().collect();
        let mut more: Vec<String> = Vec::new();
        for field in &guest.fields {
            if !known.contains(&field.as_str()) && !more.contains(field) {
                more.push(field.clone());
            }
        }
        self.user.elsewhere = more;
        self.booking.following.guest = Some(guest);
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
            || self.names_a_member(source)
    }

    /// True for a member of a booking's guest.
    pub(in crate::domain) fn names_a_member(&self, source: &FieldPath) -> bool {
        let guest = self.booking.following.guest.iter();
        let mut members = guest.flat_map(|guest| &guest.members);
        members.any(|(member, _)| *member == source.to_string())
    }

    fn refuse_two_sources(&self) -> Result<(), BadMapping> {
        if let Some(guest) = &self.booking.following.guest {
            let fields = guest.fields.iter().enumerate();
            for (at, field) in fields {
                if guest.fields[..at].contains(field) {
                    return Err(self.bad(
                        "booking.guest",
                        format!("two members of booking.guest would stand in `{field}` of a customer: give one of them another name with customer.fields"),
                    ));
                }
            }
        }
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
