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
        self.fields_that_change_places(&mut found);
        self.customers_called_as_a_field(&mut found);
        self.ids_that_move(&mut found);
        self.ways_that_leave(&mut found);
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
            let follows = role.starts_with("follow.");
            if customers == Some(collection) {
                never.push(if follows {
                    self.share(role, "customer", collection)
                } else {
                    self.share("customer", role, collection)
                });
            }
            if follows && users == Some(collection) {
                never.push(self.share(role, "user", collection));
            }
        }
        (may, never)
    }

    /// The customers' collection under the name of a reference: two keys changed places.
    fn customers_called_as_a_field(&self, found: &mut Vec<BadMapping>) {
        let name = self.customer.collection.as_str();
        let booking = &self.booking.following;
        let mut fields = vec!["_id", booking.user_top(), booking.customer.as_str()];
        fields.push(&self.customer.business);
        if let BusinessReference::Paths(paths) = &booking.business {
            fields.extend(paths.iter().map(|path| path.start.top()));
        }
        fields.extend(self.booking.service.iter().map(|path| path.start.top()));
        if !name.is_empty() && fields.contains(&name) {
            found.push(self.bad(
                "customer.collection",
                format!("customer.collection: `{name}` is the name of a field; name the collection that customers are to stand in"),
            ));
        }
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
        let mut own = Vec::new();
        own.extend(
            booking
                .service
                .iter()
                .map(|path| ("booking.service".to_owned(), path.to_string())),
        );
        let created = booking.created.iter();
        let created = created.map(|path| ("booking.created".to_owned(), path.to_string()));
        let following = (&booking.following, "customer");
        self.same_fields_of_documents("booking", following, [own, created.collect()], found);
        for (at, entry) in self.follow.iter().enumerate() {
            let none = [Vec::new(), Vec::new()];
            self.same_fields_of_documents(&format!("follow.{at}"), (entry, "to"), none, found);
        }
        self.same_fields_of_users(found);
    }

    /// Of what a document refers to; `own` stands before the business and after the new reference.
    fn same_fields_of_documents(
        &self,
        section: &str,
        (following, to): (&Following, &str),
        [before, after]: [Vec<(String, String)>; 2],
        found: &mut Vec<BadMapping>,
    ) {
        let (user, to) = (format!("{section}.user"), format!("{section}.{to}"));
        let mut all: Vec<(String, String)> = Vec::new();
        match &following.user {
            Some(UserReference::Path(path)) => all.push((user.clone(), path.to_string())),
            Some(UserReference::Email(path)) => all.push((user.clone(), path.to_string())),
            None => {}
        }
        all.extend(before);
        if let BusinessReference::Paths(paths) = &following.business {
            let itself = paths.iter().any(|path| path.as_field() == Some("_id"));
            if itself && paths.len() > 1 {
                let key = format!("{section}.business");
                found.push(self.bad(
                    &key,
                    format!("{key}: `_id` says that the document itself is the business, so another path beside it says nothing: remove one of the two"),
                ));
            }
            let paths = paths.iter();
            all.extend(paths.map(|path| (format!("{section}.business"), path.to_string())));
        }
        all.push((to.clone(), following.customer.clone()));
        all.extend(after);
        self.equal_among(&all, found, |one, other| {
            following.in_place && one == user && other == to
        });
        let guest = following.guest.iter();
        for (member, path) in guest.flat_map(|guest| &guest.members) {
            let field = path.to_string();
            let mut others = all.iter().filter(|(key, _)| *key != user);
            if let Some((other, _)) = others.find(|(_, other)| *other == field) {
                found.push(self.twice(&format!("{section}.guest.{member}"), other, &field));
            }
        }
        self.replaced_whole(section, (following, &to), found);
        let key = format!("{section}.drop");
        for (_, field) in fields(&key, &following.drop) {
            let other = all.iter().find(|(_, path)| *path == field);
            if let Some((other, _)) = other {
                found.push(self.twice(&key, other, &field));
            }
        }
        // What leads somewhere must not leave, in part or whole.
        let mut starts = vec![(to, FieldPath::field(&following.customer))];
        if let Some(UserReference::Path(path)) = &following.user
            && (following.keep || following.in_place)
        {
            starts.push((user, path.start.clone()));
        }
        if let BusinessReference::Paths(paths) = &following.business {
            let business = paths.iter().map(|path| path.start.clone());
            starts.extend(business.map(|start| (format!("{section}.business"), start)));
        }
        for drop in &following.drop {
            let is_part = |start: &FieldPath| drop.is_within(start) || start.is_within(drop);
            let other = starts.iter().find(|(_, start)| is_part(start));
            let said = found
                .iter()
                .any(|bad| bad.why.starts_with(&format!("{key}: `{drop}` ")));
            if let Some((other, start)) = other.filter(|_| !said) {
                found.push(self.bad(
                    &key,
                    format!(
                        "{key}: `{drop}` would take `{start}` away, which is {other} ({}); leave it where it is",
                        self.place(other)
                    ),
                ));
            }
        }
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
        self.filters_that_leave(found);
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
            moving.extend(fields(&format!("follow.{at}.drop"), &follow.drop));
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
