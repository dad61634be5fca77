//! The names of a customer's fields: the user's own field names, of a dotted one the last part, of a name in several fields `name`; what the
//! mapping says otherwise goes before.

use super::{BadMapping, FieldSource, Guest, Mapping};
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

    /// How bookings, then the documents of each entry, say who their guest is.
    fn guests(&self) -> impl Iterator<Item = &Guest> {
        let entries = self.follow.iter().flat_map(|entry| &entry.guest);
        self.booking.following.guest.iter().chain(entries)
    }

    /// A guest's name, e-mail and phone number go where a user's go, and have the members' own names where no user has any.
    fn name_fields_of_guests(&mut self) {
        if self.guests().next().is_none() {
            return;
        }
        let has_name = !self.user.names.is_empty();
        let has_email = self.user.emails.is_some();
        let given_by = |member: &str| match member {
            "name" if has_name => self.user.name.clone(),
            "email" if has_email => self.user.email.clone(),
            "phone" if !self.user.phone.is_empty() => self.user.phone.clone(),
            other => self.renamed(other, &[], other.to_owned()),
        };
        let fields_of = |guest: &Guest| -> Vec<String> {
            let members = guest.members.iter();
            members.map(|(member, _)| given_by(member)).collect()
        };
        let of_bookings = self.booking.following.guest.as_ref().map(fields_of);
        let entries = self.follow.iter();
        let of_entries: Vec<_> = entries.map(|it| it.guest.as_ref().map(fields_of)).collect();
        let known = |member: &str| {
            let mut members = self.guests().flat_map(|guest| &guest.members);
            let is_known = members.any(|(name, _)| name == member);
            if is_known {
                given_by(member)
            } else {
                String::new()
            }
        };
        let (name, email, phone) = (known("name"), known("email"), known("phone"));
        if let (Some(guest), Some(fields)) = (&mut self.booking.following.guest, of_bookings) {
            guest.fields = fields;
        }
        for (entry, fields) in self.follow.iter_mut().zip(of_entries) {
            if let (Some(guest), Some(fields)) = (&mut entry.guest, fields) {
                guest.fields = fields;
            }
        }
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
            && self.booking.following.guest.is_some()
        {
            let usual = created.last().to_owned();
            self.user.created = self.renamed("created", &[], usual);
        }
        let copied: Vec<&str> = self.user.copied().collect();
        let mut more: Vec<String> = Vec::new();
        for field in self.guests().flat_map(|guest| &guest.fields) {
            if !copied.contains(&field.as_str()) && !more.contains(field) {
                more.push(field.clone());
            }
        }
        self.user.elsewhere = more;
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
        let mut members = self.guests().flat_map(|guest| &guest.members);
        members.any(|(member, _)| *member == source.to_string())
    }

    fn refuse_two_sources(&self) -> Result<(), BadMapping> {
        let entries = self.follow.iter().enumerate();
        let entries = entries.map(|(at, it)| (format!("follow.{at}.guest"), &it.guest));
        let own = ("booking.guest".to_owned(), &self.booking.following.guest);
        for (key, guest) in std::iter::once(own).chain(entries) {
            let fields: &[String] = guest.as_ref().map_or(&[], |guest| &guest.fields);
            for (at, field) in fields.iter().enumerate() {
                if fields[..at].contains(field) {
                    return Err(self.bad(
                        &key,
                        format!("two members of {key} would stand in `{field}` of a customer: give one of them another name with customer.fields"),
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
