//! What a mapping takes away or writes over, although another of its keys goes by it: filters, ways, parts of what users sign in with, members of
//! a field that the new reference replaces.

use crate::domain::mapping::filter::Filter;
use crate::domain::mapping::path::FieldPath;
use crate::domain::mapping::{
    BadMapping, BusinessReference, Customers, Evidence, FieldSource, Following, Mapping,
    UserReference,
};

impl Mapping {
    /// What tells who is a person of the application, or may sign in, must not leave: a filter would let others in after it.
    pub(super) fn filters_that_leave(&self, found: &mut Vec<BadMapping>) {
        let user = &self.user;
        let by_nature = match &user.customers {
            Customers::Filter(filter) => Some(filter),
            Customers::NoPassword | Customers::Everybody => None,
        };
        let evidence = user.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Filter(filter) => Some(filter),
            Evidence::Field(_) => None,
        });
        let of = |key: &'static str| {
            move |filter: &Filter| {
                let fields = filter.fields().cloned();
                fields
                    .map(|field| (key.to_owned(), field))
                    .collect::<Vec<_>>()
            }
        };
        let mut tested: Vec<(String, FieldPath)> = Vec::new();
        tested.extend(user.filter.iter().flat_map(of("user.where")));
        tested.extend(evidence.flat_map(of("user.evidence")));
        tested.extend(by_nature.into_iter().flat_map(of("user.customers")));
        if self.business.collections.contains(&user.collection) {
            tested.extend(self.business.filter.iter().flat_map(of("business.where")));
        }
        self.ways_over_users(&mut tested);
        self.known_by_a_part(&mut tested);
        self.tested_and_leaving(&tested, "user.drop", &user.drop, found);
        self.tested_and_leaving(&tested, "user.contact", &user.contact_paths, found);
        self.filter_that_leaves("booking", "customer", &self.booking.following, found);
        for (at, entry) in self.follow.iter().enumerate() {
            self.filter_that_leaves(&format!("follow.{at}"), "to", entry, found);
        }
    }

    /// What users sign in with or are known by, where no key of what leaves names it whole: that is said apart.
    fn known_by_a_part(&self, tested: &mut Vec<(String, FieldPath)>) {
        let user = &self.user;
        let evidence = user.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Field(path) => Some(path),
            Evidence::Filter(_) => None,
        });
        let evidence: Vec<FieldPath> = evidence.cloned().collect();
        for (key, paths) in [
            ("user.name", user.names.as_slice()),
            ("user.email", user.emails.as_slice()),
            ("user.password", user.passwords.as_slice()),
            ("user.created", user.creation.as_slice()),
            ("user.evidence", evidence.as_slice()),
        ] {
            let parts = paths
                .iter()
                .filter(|path| user.leaving().all(|it| it != *path));
            tested.extend(parts.map(|path| (key.to_owned(), path.clone())));
        }
    }

    /// The new reference takes the place of a field that is there: it must not hold what another key names a member of.
    pub(super) fn replaced_whole(
        &self,
        section: &str,
        (following, to): (&Following, &str),
        found: &mut Vec<BadMapping>,
    ) {
        let new = FieldPath::field(&following.customer);
        let mut inside: Vec<(String, &FieldPath)> = Vec::new();
        let user = following.user_start().into_iter();
        inside.extend(user.map(|path| (format!("{section}.user"), path)));
        if let BusinessReference::Paths(paths) = &following.business {
            let paths = paths.iter();
            inside.extend(paths.map(|path| (format!("{section}.business"), &path.start)));
        }
        let guest = following.guest.iter().flat_map(|guest| &guest.members);
        inside.extend(guest.map(|(member, path)| (format!("{section}.guest.{member}"), path)));
        if section == "booking" {
            let booking = &self.booking;
            let service = booking.service.iter();
            inside.extend(service.map(|path| ("booking.service".to_owned(), &path.start)));
            let created = booking.created.iter();
            inside.extend(created.map(|path| ("booking.created".to_owned(), path)));
        }
        let held = |(_, path): &&(String, &FieldPath)| path.is_within(&new) && **path != new;
        if let Some((other, path)) = inside.iter().find(held) {
            found.push(self.bad(
                to,
                format!(
                    "{to}: `{new}` holds `{path}`, which is {other} ({}), and the new reference would replace all of it; give it a name of its own",
                    self.place(other)
                ),
            ));
        }
    }

    /// A customer's field that is called as users call another of their own.
    pub(super) fn fields_that_change_places(&self, found: &mut Vec<BadMapping>) {
        const ROLES: [&str; 3] = ["name", "email", "created"];
        let user = &self.user;
        let last = |path: &FieldPath| path.steps().last().map(|it| it.name.clone());
        let usual = |role: &str| match role {
            "name" if user.names.len() > 1 => Some("name".to_owned()),
            "name" => user.names.first().and_then(last),
            "email" => user.emails.as_ref().and_then(last),
            _ => user.creation.as_ref().and_then(last),
        };
        for (field, source) in &self.customer.fields {
            let FieldSource::Of(path) = source else {
                continue;
            };
            let source = path.to_string();
            let mut others = ROLES.iter().filter(|role| **role != source);
            let other = others.find(|role| usual(role).as_ref() == Some(field));
            if let (true, Some(other)) = (ROLES.contains(&source.as_str()), other) {
                found.push(self.bad(
                    "customer.fields",
                    format!(
                        "customer.fields: `{field}` would hold what is user.{source}, and is what users call what is user.{other}: give it another name"
                    ),
                ));
            }
        }
    }

    /// The fields of users over which a business is found, and by which documents that keep their reference name people.
    fn ways_over_users(&self, tested: &mut Vec<(String, FieldPath)>) {
        let followed = self.follow.iter().enumerate();
        let followed = followed.map(|(at, it)| (format!("follow.{at}"), it));
        let bookings = ("booking".to_owned(), &self.booking.following);
        for (section, following) in std::iter::once(bookings).chain(followed) {
            if let BusinessReference::Paths(paths) = &following.business {
                let hops = paths.iter().flat_map(|path| &path.hops);
                let hops = hops.filter(|hop| hop.collection == self.user.collection);
                let fields = hops.flat_map(|hop| hop.by.iter().chain([&hop.then]));
                let key = format!("{section}.business");
                tested.extend(fields.map(|field| (key.clone(), field.clone())));
            }
            if let (Some(UserReference::Path(path)), true) = (&following.user, following.keep) {
                let hops = path.hops.iter();
                let hops = hops.filter(|hop| hop.collection == self.user.collection);
                let fields = hops.flat_map(|hop| &hop.by);
                let key = format!("{section}.user");
                tested.extend(fields.map(|field| (key.clone(), field.clone())));
            }
        }
    }

    /// The same of documents whose reference is replaced: neither what leaves nor what comes tells them apart afterwards.
    fn filter_that_leaves(
        &self,
        section: &str,
        to: &str,
        following: &Following,
        found: &mut Vec<BadMapping>,
    ) {
        let Some(filter) = &following.filter else {
            return;
        };
        let key = format!("{section}.where");
        let tested: Vec<_> = filter
            .fields()
            .map(|it| (key.clone(), it.clone()))
            .collect();
        self.tested_and_leaving(&tested, &format!("{section}.drop"), &following.drop, found);
        if following.in_place {
            return;
        }
        let user = following.user_start().filter(|_| !following.keep).cloned();
        let user = user.map(|it| (format!("{section}.user"), it));
        let new = (
            format!("{section}.{to}"),
            FieldPath::field(&following.customer),
        );
        for (other, changing) in user.into_iter().chain([new]) {
            let overlaps = |(_, field): &&(String, FieldPath)| {
                field.is_within(&changing) || changing.is_within(field)
            };
            if let Some((_, field)) = tested.iter().find(overlaps) {
                found.push(self.bad(
                    &key,
                    format!(
                        "{key}: `{field}` is {other} ({}), which the migration changes, so that afterwards other documents would pass; tell them apart by another field, or leave `where` out and decide what becomes of those without a user",
                        self.place(&other)
                    ),
                ));
            }
        }
    }

    fn tested_and_leaving(
        &self,
        tested: &[(String, FieldPath)],
        key: &str,
        leaving: &[FieldPath],
        found: &mut Vec<BadMapping>,
    ) {
        for path in leaving {
            let overlaps =
                |(_, field): &&(String, FieldPath)| field.is_within(path) || path.is_within(field);
            if let Some((other, field)) = tested.iter().find(overlaps) {
                found.push(self.bad(
                    key,
                    format!(
                        "{key}: `{path}` would take `{field}` away, which {other} ({}) goes by; leave it where it is",
                        self.place(other)
                    ),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::domain::mapping::{DEFAULT, Mapping};

    #[test]
    fn what_another_key_goes_by_must_not_leave_nor_be_replaced() {
        let booking = "customer = \"customerId\"";
        let user = "evidence = [\"emailVerified\"]";
        let customer = "[customer]\n";
        for (from, to, says) in [
            (
                booking,
                "customer = \"customerId\"\nwhere = { userId = { set = true } }",
                "`userId` is booking.user",
            ),
            (
                booking,
                "customer = \"customerId\"\nwhere = { customerId = { set = false } }",
                "`customerId` is booking.customer",
            ),
            (
                booking,
                "customer = \"customerId\"\nbusiness = \"staffId > User.city\"",
                "which booking.business",
            ),
            (
                booking,
                "customer = \"customerId\"\nkeep = true\nbusiness = \"roomId > Room(no).shop\"\nguest = { name = \"customerId.name\" }",
                "`customerId` holds `customerId.name`",
            ),
            (
                user,
                "evidence = [\"auth.provider\"]\ndrop = [\"auth\"]",
                "`auth` would take `auth.provider` away",
            ),
            (
                customer,
                "[customer]\nfields = { email = \"name\", name = \"email\" }\n",
                "`email` would hold what is user.name",
            ),
        ] {
            let text = DEFAULT.replacen(from, to, 1);
            let mapping = Mapping::parse(&text).unwrap();
            let found = mapping.broken_rules();
            assert!(
                found.iter().any(|bad| bad.why.contains(says)),
                "{says}: {found:?}"
            );
        }
        assert_eq!(Mapping::parse(DEFAULT).unwrap().broken_rules(), []);
    }
}
