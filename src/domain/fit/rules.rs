//! What a mapping says that cannot be right in any database: roles that share a collection, one field under two keys, `_id` as a field that
//! leaves or comes.

use crate::domain::mapping::path::{FieldPath, ReferencePath};
use crate::domain::mapping::{
    BadMapping, BusinessReference, Evidence, Following, Mapping, UserReference,
};

/// Two roles of one collection, each with a filter: no document may pass both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The collection.
    pub collection: String,
    /// The keys of both roles.
    pub roles: [&'static str; 2],
}

impl Mapping {
    /// What is wrong whatever the data are.
    pub fn broken_rules(&self) -> Vec<BadMapping> {
        let mut found = self.shared_collections().1;
        self.same_fields(&mut found);
        self.ids_that_move(&mut found);
        found
    }

    /// Roles that share a collection: those that may where no document passes both filters, and those that never may.
    pub fn shared_collections(&self) -> (Vec<Shared>, Vec<BadMapping>) {
        let users = Some(self.user.collection.as_str()).filter(|it| !it.is_empty());
        let services = self.service.as_ref().map(|it| it.collection.as_str());
        let customers = Some(self.customer.collection.as_str());
        let (mut may, mut never) = (Vec::new(), Vec::new());
        let bookings = &self.booking.collection;
        if users == Some(bookings) {
            let both = self.user.filter.is_some() && self.booking.following.filter.is_some();
            if both {
                may.push(Shared {
                    collection: bookings.clone(),
                    roles: ["user", "booking"],
                });
            } else {
                never.push(self.share("booking", "user", bookings));
            }
        }
        if services == Some(bookings) {
            never.push(self.share("booking", "service", bookings));
        }
        let mut others: Vec<(String, &str)> = vec![("booking".to_owned(), bookings)];
        others.extend(users.map(|it| ("user".to_owned(), it)));
        others.extend(services.map(|it| ("service".to_owned(), it)));
        let businesses = self.business.collections.iter();
        others.extend(businesses.map(|it| ("business".to_owned(), it.as_str())));
        let accounts = self.accounts.iter().enumerate();
        others.extend(accounts.map(|(at, it)| (format!("accounts.{at}"), it.collection.as_str())));
        let follow = self.follow.iter().enumerate();
        others.extend(follow.map(|(at, it)| (format!("follow.{at}"), it.collection.as_str())));
        for (role, collection) in &others {
            if customers == Some(collection) {
                never.push(self.share("customer", role, collection));
            }
            if role.starts_with("follow.") && users == Some(collection) {
                never.push(self.share(role, "user", collection));
            }
        }
        (may, never)
    }

    fn share(&self, role: &str, other: &str, collection: &str) -> BadMapping {
        let key = format!("{role}.collection");
        self.bad(
            &key,
            format!(
                "{key}: `{collection}` is the collection of {other} too; each of them is another collection, or both have a `where` and no document passes both"
            ),
        )
    }

    fn same_fields(&self, found: &mut Vec<BadMapping>) {
        let booking = &self.booking;
        let mut of_bookings: Vec<(String, String)> = Vec::new();
        match &booking.following.user {
            Some(UserReference::Path(path)) => {
                of_bookings.push(("booking.user".to_owned(), path.to_string()));
            }
            Some(UserReference::Email(path)) => {
                of_bookings.push(("booking.user".to_owned(), path.to_string()));
            }
            None => {}
        }
        of_bookings.extend(
            booking
                .service
                .iter()
                .map(|path| ("booking.service".to_owned(), path.to_string())),
        );
        if let BusinessReference::Paths(paths) = &booking.following.business {
            let paths = paths
                .iter()
                .map(|path| ("booking.business".to_owned(), path.to_string()));
            of_bookings.extend(paths);
        }
        of_bookings.push(("booking.customer".to_owned(), booking.customer.clone()));
        of_bookings.extend(
            booking
                .created
                .iter()
                .map(|path| ("booking.created".to_owned(), path.to_string())),
        );
        let in_place = booking.following.in_place;
        self.equal_among(&of_bookings, found, |one, other| {
            in_place && one == "booking.user" && other == "booking.customer"
        });
        let guest = booking.following.guest.iter();
        for (member, path) in guest.flat_map(|guest| &guest.members) {
            let field = path.to_string();
            let mut others = of_bookings.iter().filter(|(key, _)| key != "booking.user");
            if let Some((other, _)) = others.find(|(_, other)| *other == field) {
                found.push(self.twice(&format!("booking.guest.{member}"), other, &field));
            }
        }
        let leaving = fields("booking.drop", &booking.following.drop);
        for (key, field) in &leaving {
            let other = of_bookings.iter().find(|(_, path)| path == field);
            if let Some((other, _)) = other {
                found.push(self.twice(key, other, field));
            }
        }
        self.same_fields_of_users(found);
    }

    fn same_fields_of_users(&self, found: &mut Vec<BadMapping>) {
        let user = &self.user;
        let mut of_users = fields("user.name", &user.names);
        of_users.extend(fields("user.email", user.emails.as_slice()));
        of_users.extend(fields("user.password", &user.passwords));
        of_users.extend(fields("user.created", user.creation.as_slice()));
        self.equal_among(&of_users, found, |_, _| false);
        // What leaves a user must not be what the user signs in with, or is known by.
        for evidence in &user.evidence {
            if let Evidence::Field(path) = evidence {
                of_users.push(("user.evidence".to_owned(), path.to_string()));
            }
        }
        let mut leaving = fields("user.contact", &user.contact_paths);
        leaving.extend(fields("user.drop", &user.drop));
        for (key, field) in &leaving {
            let other = of_users.iter().find(|(_, path)| path == field);
            if let Some((other, _)) = other {
                found.push(self.twice(key, other, field));
            }
        }
        let mut contact = fields("user.contact", &user.contact_paths);
        contact.extend(fields("user.drop", &user.drop));
        self.equal_among(&contact, found, |_, _| false);
        if !user.phone.is_empty() && user.phone == user.country {
            found.push(self.twice("user.country", "user.phone", &user.phone));
        }
    }

    fn equal_among(
        &self,
        among: &[(String, String)],
        found: &mut Vec<BadMapping>,
        may: impl Fn(&str, &str) -> bool,
    ) {
        for (at, (key, field)) in among.iter().enumerate() {
            let before = among.iter().take(at).find(|(_, other)| other == field);
            if let Some((other, _)) = before.filter(|(other, _)| !may(other, key)) {
                found.push(self.twice(key, other, field));
            }
        }
    }

    fn twice(&self, key: &str, other: &str, field: &str) -> BadMapping {
        self.bad(
            key,
            format!(
                "{key}: `{field}` is {other} too ({}); one field cannot be both",
                self.place(other)
            ),
        )
    }

    fn ids_that_move(&self, found: &mut Vec<BadMapping>) {
        let user = &self.user;
        let mut moving: Vec<(String, String)> = Vec::new();
        for (key, paths) in [
            ("user.name", &user.names),
            ("user.password", &user.passwords),
            ("user.contact", &user.contact_paths),
            ("user.drop", &user.drop),
            ("booking.drop", &self.booking.following.drop),
        ] {
            moving.extend(fields(key, paths));
        }
        moving.extend(fields("user.email", user.emails.as_slice()));
        moving.extend(fields("user.created", user.creation.as_slice()));
        moving.extend(fields("booking.created", self.booking.created.as_slice()));
        moving.extend(reference("booking.user", &self.booking.following));
        moving.push(("booking.customer".to_owned(), self.booking.customer.clone()));
        moving.push((
            "customer.business".to_owned(),
            self.customer.business.clone(),
        ));
        for (at, follow) in self.follow.iter().enumerate() {
            moving.extend(reference(&format!("follow.{at}.user"), follow));
            moving.push((format!("follow.{at}.to"), follow.customer.clone()));
        }
        let named = self.customer.fields.iter().map(|(field, _)| field);
        let given = self.customer.defaults.iter().map(|(field, _)| field);
        let fields = named.chain(given).chain(&self.customer.nulls);
        moving.extend(fields.map(|field| ("customer.fields".to_owned(), field.clone())));
        for (key, field) in moving {
            if field == "_id" {
                found.push(self.bad(
                    &key,
                    format!("{key}: `_id` stays what it is; it cannot be removed or written. Name another field"),
                ));
            }
        }
    }
}

fn fields(key: &str, paths: &[FieldPath]) -> Vec<(String, String)> {
    paths
        .iter()
        .map(|path| (key.to_owned(), path.to_string()))
        .collect()
}

/// The field of a document that leaves with its reference to a user.
fn reference(key: &str, following: &Following) -> Option<(String, String)> {
    if following.keep {
        return None;
    }
    let start = |path: &ReferencePath| path.start.to_string();
    let field = match following.user.as_ref()? {
        UserReference::Path(path) => start(path),
        UserReference::Email(path) => path.to_string(),
    };
    Some((key.to_owned(), field))
}
