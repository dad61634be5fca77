//! The proposal, section by section: each line says why, and what is unsure stands as comments.

use std::fmt::Write;

use super::bookings::UserOf;
use super::people::{self, Said};
use super::places::Places;
use super::seen::Seen;
use super::words::{ACCOUNTS, BUSINESSES, as_neighbours, is_created, like, plain, says, when_rank};
use super::written::{Written, one_line, quoted, valued};
use crate::domain::number::grouped;

/// All that a mapping is made of.
pub struct Proposal<'s> {
    /// What was seen.
    pub seen: &'s Seen,
    /// The database's name.
    pub database: &'s str,
    /// The collection of users.
    pub users: Option<String>,
    /// The collection of bookings.
    pub bookings: String,
    /// How bookings name their user.
    pub reference: Option<UserOf>,
    /// How bookings name people who are no users.
    pub guest: Vec<(String, String)>,
    /// Businesses and services.
    pub places: Places,
}

const HEAD: &str = "# Which collections and fields play which role, as `ringfence init` found them in the data. Look through it: each line says why.
# `ringfence survey` checks it against the data before anything else.";

/// Without a collection of bookings nothing can be said of the rest.
pub fn without_bookings(seen: &Seen, database: &str, users: Option<&str>) -> Written {
    let mut out = begin(database);
    if let Some(users) = users {
        out.section("user");
        of_users(&mut out, seen, users, None);
    }
    out.section("booking");
    let candidates = seen
        .collections
        .iter()
        .filter(|(name, it)| Some(name.as_str()) != users && !it.references.is_empty());
    let candidates: Vec<_> = candidates
        .map(|(name, it)| {
            (
                quoted(name),
                format!("{} documents", grouped(it.profile.total)),
            )
        })
        .collect();
    out.leave_open("booking", "collection", &candidates);
    out
}

fn begin(database: &str) -> Written {
    let mut out = Written {
        text: format!(
            "{HEAD}\n# Made for the database {}.\n\n",
            one_line(database)
        ),
        ..Written::default()
    };
    out.key("version", "2", "");
    out.found = 0;
    out
}

fn of_users(out: &mut Written, seen: &Seen, users: &str, filter: Option<&Said>) {
    let Some(profile) = seen.profile(users) else {
        return;
    };
    let fields = people::fields(profile);
    out.key(
        "collection",
        &quoted(users),
        &format!("{} documents", grouped(profile.total)),
    );
    out.said("where", filter);
    out.said("name", fields.name.as_ref());
    out.said("email", fields.email.as_ref());
    out.said("password", fields.password.as_ref());
    out.said("evidence", fields.evidence.as_ref());
    out.said("created", fields.created.as_ref());
    out.said("contact", fields.contact.as_ref());
    if let Some(phone) = &fields.phone {
        out.key("phone", phone, "");
    }
    if let Some(country) = &fields.country {
        out.key("country", country, "");
    }
    out.said("deleted", fields.deleted.as_ref());
    if filter.is_none()
        && let Some((value, why)) = &fields.customers
    {
        let by_password = fields.password.is_some();
        let line = format!("customers = {value} # {why}");
        if by_password {
            out.comment(
                "who has no password is a customer by nature; to go by another field instead:",
            );
            out.comment(&line);
        } else {
            out.key("customers", value, why);
        }
    }
}

impl Proposal<'_> {
    /// The file, and the new reference's name.
    pub fn written(&self) -> (Written, String) {
        let mut out = begin(self.database);
        self.accounts(&mut out);
        let shared = self.shared();
        if let Some(users) = &self.users {
            out.section("user");
            of_users(&mut out, self.seen, users, shared.as_ref().map(|it| &it.0));
        }
        self.businesses(&mut out, shared.as_ref().map(|it| &it.1));
        if let Some((service, _)) = &self.places.service {
            out.section("service");
            let total = self.seen.profile(service).map_or(0, |it| it.total);
            out.key(
                "collection",
                &quoted(service),
                &format!("{} documents", grouped(total)),
            );
            self.named(&mut out, service);
            if let Some(reference) = &self.places.service_business {
                out.key("business", &quoted(&reference.field), &reference.words());
            }
        }
        out.section("booking");
        let customer = self.of_bookings(&mut out);
        out.section("customer");
        self.of_customers(&mut out);
        (out, customer)
    }

    fn accounts(&self, out: &mut Written) {
        let Some(users) = &self.users else { return };
        let mut rows = Vec::new();
        for name in self
            .seen
            .collections
            .keys()
            .filter(|name| says(name, ACCOUNTS))
        {
            if name == users || *name == self.bookings {
                continue;
            }
            if let Some(reference) = self.seen.leading(name, users).next() {
                rows.push((name.clone(), reference.clone()));
            }
        }
        if rows.is_empty() {
            return;
        }
        out.comment("rows that make the user they name an account holder");
        let _ = writeln!(out.text, "accounts = [");
        for (name, reference) in rows {
            out.found += 1;
            let (name, field) = (quoted(&name), quoted(&reference.field));
            let _ = writeln!(
                out.text,
                "  {{ collection = {name}, user = {field} }}, # {}",
                reference.words()
            );
        }
        let _ = writeln!(out.text, "]");
    }

    /// Filters for users and for businesses, where both stand in one collection.
    fn shared(&self) -> Option<(Said, Said)> {
        let (business, _) = self.places.business.as_ref()?;
        let users = self.users.as_ref().filter(|users| *users == business)?;
        let profile = self.seen.profile(users)?;
        for (path, field) in profile.fields() {
            if path.contains('.')
                || !["kind", "type", "role", "usertype", "accounttype"]
                    .contains(&plain(path).as_str())
            {
                continue;
            }
            let values: Vec<&str> = field.values().filter_map(|it| it.as_str()).collect();
            let one = |any: &[&str]| values.iter().find(|value| says(value, any)).copied();
            let business = one(BUSINESSES);
            let person = one(&["client", "customer", "user", "person", "guest", "patient"]);
            if let (Some(business), Some(person)) = (business, person) {
                let filter = |value: &str| {
                    let why = format!("{path} holds {} different words", values.len());
                    (format!("{{ {path} = {} }}", quoted(value)), why)
                };
                return Some((filter(person), filter(business)));
            }
        }
        None
    }

    fn named(&self, out: &mut Written, collection: &str) {
        let Some(profile) = self.seen.profile(collection) else {
            return;
        };
        let names = ["name", "title", "displayname", "label"];
        let mut found = profile.fields().filter(|(path, field)| {
            !path.contains('.')
                && names.contains(&plain(path).as_str())
                && (field.set == 0 || field.mostly(field.texts))
        });
        if let Some((path, _)) = found.next() {
            out.key("name", &quoted(path), "");
        }
    }

    fn businesses(&self, out: &mut Written, filter: Option<&Said>) {
        let Some((business, why)) = &self.places.business else {
            return;
        };
        out.section("business");
        if !self.places.others.is_empty() {
            let all = std::iter::once(business).chain(&self.places.others);
            let all: Vec<_> = all
                .map(|it| (quoted(it), "bookings lead there".to_owned()))
                .collect();
            out.leave_open("business", "collection", &all);
            return;
        }
        out.key("collection", &quoted(business), why);
        out.said("where", filter);
        self.named(out, business);
        if let Some(owner) = &self.places.owner {
            out.key("owner", &quoted(&owner.field), &owner.words());
        }
    }

    /// `[booking]`; returns the new reference's name.
    fn of_bookings(&self, out: &mut Written) -> String {
        let bookings = &self.bookings;
        let profile = self.seen.profile(bookings);
        let total = profile.map_or(0, |it| it.total);
        out.key(
            "collection",
            &quoted(bookings),
            &format!("{} documents", grouped(total)),
        );
        let field = self
            .reference
            .as_ref()
            .map_or("userId", |it| it.field.as_str());
        match &self.reference {
            Some(UserOf {
                path: Some(path),
                why,
                others,
                ..
            }) => {
                out.key("user", &valued(path), why);
                for (path, why) in others.iter().take(3) {
                    out.comment(&format!(
                        "not the one who booked, or another way to it: {path} # {why}"
                    ));
                }
            }
            Some(UserOf {
                path: None,
                others,
                field,
                why,
            }) => {
                let all = std::iter::once((quoted(field), why.clone()));
                let others = others.iter().map(|(path, why)| (quoted(path), why.clone()));
                out.leave_open("booking", "user", &all.chain(others).collect::<Vec<_>>());
            }
            None if self.guest.is_empty() => out.leave_open("booking", "user", &[]),
            None => {}
        }
        self.way_to_business(out);
        let customer = self.new_reference(field);
        let in_place = customer == last(field) && self.reference.is_some();
        let why = if in_place {
            "the old reference has this name; the new one takes its place"
        } else {
            "the new reference, which the tool makes"
        };
        out.key("customer", &quoted(&customer), why);
        if in_place {
            out.key("in_place", "true", "");
        }
        if let Some(profile) = profile {
            let created = profile
                .fields()
                .find(|(path, field)| !path.contains('.') && is_created(path, field));
            if let Some((path, _)) = created {
                out.key("created", &quoted(path), "");
            }
            let when = profile.fields().filter(|(path, _)| !path.contains("[]"));
            let when = when
                .filter_map(|(path, field)| Some((when_rank(path, field)?, path)))
                .min();
            if let Some((_, path)) = when {
                out.key("when", &quoted(path), "");
            }
        }
        if !self.guest.is_empty() {
            let members: Vec<_> = self
                .guest
                .iter()
                .map(|(member, path)| format!("{member} = {}", quoted(path)))
                .collect();
            let guest = format!("{{ {} }}", members.join(", "));
            out.key(
                "guest",
                &guest,
                "people who are no users stand in the booking itself",
            );
        }
        customer
    }

    fn way_to_business(&self, out: &mut Written) {
        if let Some((_, reference)) = &self.places.service {
            out.key("service", &quoted(&reference.field), &reference.words());
        }
        let over_service = |path: &str| {
            let (Some((service, reference)), Some(business)) =
                (&self.places.service, &self.places.service_business)
            else {
                return false;
            };
            path == format!(
                "{} > {}.{}",
                reference.field,
                super::graph::written(service),
                business.field
            )
        };
        let direct: Vec<_> = self
            .places
            .ways
            .iter()
            .filter(|way| way.over.is_empty())
            .collect();
        let others: Vec<_> = self
            .places
            .ways
            .iter()
            .filter(|way| !way.over.is_empty())
            .collect();
        let everywhere = |first: &str| {
            let profile = self.seen.profile(&self.bookings);
            let field = profile.and_then(|it| it.field(first));
            field
                .is_some_and(|field| profile.is_some_and(|it| field.set * 100 >= it.documents * 97))
        };
        match (direct.as_slice(), others.as_slice()) {
            ([], []) if self.places.business.is_none() => {
                let why = "no collection holds businesses, so there is one alone; every customer gets this text as its business";
                out.key("business", "{ constant = \"main\" }", why);
            }
            ([], []) => out.leave_open("booking", "business", &[]),
            ([], [first, ..]) if over_service(&first.path) => {
                out.comment("the business is that of the service");
                for way in others.iter().skip(1) {
                    out.comment(&format!("another way: {} # {}", way.path, way.why));
                }
            }
            ([], [first, rest @ ..]) => {
                out.key("business", &quoted(&first.path), &first.why);
                for way in rest {
                    out.comment(&format!("another way: {} # {}", way.path, way.why));
                }
            }
            ([first, ..], rest) => {
                if everywhere(&first.first) || rest.is_empty() {
                    out.key("business", &quoted(&first.path), &first.why);
                    for way in rest {
                        out.comment(&format!("another way: {} # {}", way.path, way.why));
                    }
                } else {
                    let paths = [*first].into_iter().chain(rest.iter().copied().take(2));
                    let paths: Vec<_> = paths.map(|way| quoted(&way.path)).collect();
                    let why = format!("in this order, the first that leads to one; {}", first.why);
                    out.key("business", &format!("[{}]", paths.join(", ")), &why);
                }
            }
        }
    }

    /// The name of the new reference: as the old one is written, and not taken.
    fn new_reference(&self, field: &str) -> String {
        let wanted = like(field, "customer");
        if wanted == last(field) {
            return wanted;
        }
        let taken = self
            .seen
            .profile(&self.bookings)
            .is_some_and(|it| it.has(&wanted));
        let existing = as_neighbours(&self.bookings, "customer");
        let ours = self
            .seen
            .leading(&self.bookings, &existing)
            .any(|it| it.field == wanted);
        if taken && !ours {
            like(field, "businessCustomer")
        } else {
            wanted
        }
    }

    fn of_customers(&self, out: &mut Written) {
        let business = self.places.business.as_ref().map(|(name, _)| name.as_str());
        let usual = as_neighbours(&self.bookings, "customer");
        let exists = self.seen.collections.contains_key(&usual);
        let of_business = business.and_then(|business| self.seen.leading(&usual, business).next());
        if exists && of_business.is_none() {
            let other = as_neighbours(&self.bookings, "business customer");
            out.key(
                "collection",
                &quoted(&other),
                &format!("{usual} is something else already"),
            );
        } else {
            let why = if exists {
                "there already; its customers are adopted or kept beside"
            } else {
                "the tool makes it"
            };
            out.key("collection", &quoted(&usual), why);
        }
        let direct = self.places.ways.iter().find(|way| way.over.is_empty());
        let name = of_business
            .map(|it| it.field.clone())
            .or_else(|| direct.map(|way| last(&way.path)))
            .or_else(|| {
                self.places
                    .service_business
                    .as_ref()
                    .map(|it| last(&it.field))
            })
            .filter(|name| says(name, BUSINESSES) && !name.is_empty());
        let field = self
            .reference
            .as_ref()
            .map_or("userId", |it| it.field.as_str());
        let name = name.unwrap_or_else(|| like(field, "business"));
        out.key(
            "business",
            &quoted(&name),
            "the business of a customer, which the tool writes",
        );
    }
}

/// The last name of a path.
pub(super) fn last(path: &str) -> String {
    let start = path.split(" > ").last().unwrap_or(path);
    start
        .rsplit('.')
        .next()
        .unwrap_or(start)
        .trim_end_matches("[]")
        .to_owned()
}
