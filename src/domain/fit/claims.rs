//! What a mapping says that must occur: collections and the fields of their documents.

use std::collections::BTreeSet;

use crate::domain::mapping::filter::{Filter, Test};
use crate::domain::mapping::path::{FieldPath, HopText, ReferencePath};
use crate::domain::mapping::{
    BusinessReference, Customers, Evidence, FieldSource, Following, Mapping, UserReference,
};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the mapping is refused.
    Required,
    /// Without it a line warns.
    Optional,
}

/// A field that the mapping names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldClaim {
    /// The key: "booking.service".
    pub key: String,
    /// It occurs in some document of one of these collections.
    pub collections: Vec<String>,
    /// Where.
    pub path: String,
    /// How much it matters.
    pub need: Need,
}

/// A collection that the mapping names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionClaim {
    /// The key.
    pub key: String,
    /// The collection.
    pub collection: String,
    /// How much it matters.
    pub need: Need,
}

/// A filter that the mapping names: it lets something in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterClaim {
    /// The key.
    pub key: String,
    /// The collection.
    pub collection: String,
    /// The filter.
    pub filter: Filter,
    /// How much it matters.
    pub need: Need,
}

/// All that a mapping claims of the data, apart from where references lead.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Collections.
    pub collections: Vec<CollectionClaim>,
    /// Fields.
    pub fields: Vec<FieldClaim>,
    /// Filters.
    pub filters: Vec<FilterClaim>,
}

impl Claims {
    /// Those of a mapping.
    pub fn of(mapping: &Mapping) -> Self {
        let mut claims = Self::default();
        claims.of_users(mapping);
        claims.of_businesses(mapping);
        claims.of_services(mapping);
        claims.of_documents("booking", &mapping.booking.following, Need::Required);
        claims.of_bookings(mapping);
        for (at, follow) in mapping.follow.iter().enumerate() {
            let key = format!("follow.{at}");
            claims.of_documents(&key, follow, Need::Required);
            claims.of_ways_to_businesses(&key, follow);
        }
        for (at, account) in mapping.accounts.iter().enumerate() {
            let key = format!("accounts.{at}");
            claims.collection(
                &format!("{key}.collection"),
                &account.collection,
                Need::Optional,
            );
            claims.way(
                &format!("{key}.user"),
                std::slice::from_ref(&account.collection),
                &account.user,
                Need::Optional,
            );
        }
        claims
    }

    /// Every collection that a claim is about.
    pub fn all_collections(&self) -> BTreeSet<String> {
        let own = self.collections.iter().map(|it| it.collection.clone());
        own.chain(self.fields.iter().flat_map(|it| it.collections.clone()))
            .collect()
    }

    fn collection(&mut self, key: &str, collection: &str, need: Need) {
        self.collections.push(CollectionClaim {
            key: key.to_owned(),
            collection: collection.to_owned(),
            need,
        });
    }

    fn field(&mut self, key: &str, collections: &[String], path: &FieldPath, need: Need) {
        self.fields.push(FieldClaim {
            key: key.to_owned(),
            collections: collections.to_vec(),
            path: path.to_string(),
            need,
        });
    }

    fn fields(&mut self, key: &str, collections: &[String], paths: &[FieldPath], need: Need) {
        for path in paths {
            self.field(key, collections, path, need);
        }
    }

    fn filter(&mut self, key: &str, collection: &str, filter: Option<&Filter>, need: Need) {
        let Some(filter) = filter else { return };
        let of = [collection.to_owned()];
        for (path, test) in filter.tests() {
            // What is to be absent may occur nowhere.
            let need = match test {
                Test::Set(false) => Need::Optional,
                _ => need,
            };
            self.field(key, &of, path, need);
        }
        self.filters.push(FilterClaim {
            key: key.to_owned(),
            collection: collection.to_owned(),
            filter: filter.clone(),
            need,
        });
    }

    /// The fields of a way: the first in its document, the others in the documents between.
    fn way(&mut self, key: &str, collections: &[String], path: &ReferencePath, need: Need) {
        self.field(key, collections, &path.start, need);
        for hop in &path.hops {
            self.collection(key, &hop.collection, need);
            let of = [hop.collection.clone()];
            self.fields(key, &of, hop.by.as_slice(), need);
            if hop.then.to_string() != "_id" {
                self.field(key, &of, &hop.then, need);
            }
        }
    }

    fn of_users(&mut self, mapping: &Mapping) {
        use Need::{Optional, Required};
        if !mapping.has_users() {
            return;
        }
        let user = &mapping.user;
        let of = [user.collection.clone()];
        self.collection("user.collection", &user.collection, Required);
        self.filter(
            "user.where",
            &user.collection,
            user.filter.as_ref(),
            Required,
        );
        self.fields("user.name", &of, &user.names, Required);
        self.fields("user.email", &of, user.emails.as_slice(), Required);
        self.fields("user.password", &of, &user.passwords, Required);
        self.fields("user.created", &of, user.creation.as_slice(), Optional);
        self.fields("user.contact", &of, &user.contact_paths, Optional);
        self.fields("user.drop", &of, &user.drop, Optional);
        for evidence in &user.evidence {
            match evidence {
                Evidence::Field(path) => self.field("user.evidence", &of, path, Optional),
                Evidence::Filter(filter) => {
                    self.fields(
                        "user.evidence",
                        &of,
                        &filter.fields().cloned().collect::<Vec<_>>(),
                        Optional,
                    );
                }
            }
        }
        for filter in &user.deleted {
            let paths: Vec<_> = filter.fields().cloned().collect();
            self.fields("user.deleted", &of, &paths, Optional);
        }
        if let Customers::Filter(filter) = &user.customers {
            self.filter("user.customers", &user.collection, Some(filter), Required);
        }
        if let Some(path) = &user.business {
            self.way("user.business", &of, path, Optional);
        }
        for (_, source) in &mapping.customer.fields {
            match source {
                FieldSource::Hop { collection, field } => {
                    self.collection("customer.fields", collection, Optional);
                    self.field(
                        "customer.fields",
                        std::slice::from_ref(collection),
                        field,
                        Optional,
                    );
                }
                FieldSource::Of(path) => {
                    let role = ["name", "email", "created", "phone", "country"];
                    let of_guest = mapping.names_a_member(path);
                    if !role.contains(&path.to_string().as_str()) && !of_guest {
                        self.field("customer.fields", &of, path, Optional);
                    }
                }
            }
        }
    }

    fn of_businesses(&mut self, mapping: &Mapping) {
        let business = &mapping.business;
        for collection in &business.collections {
            self.collection("business.collection", collection, Need::Required);
            self.filter(
                "business.where",
                collection,
                business.filter.as_ref(),
                Need::Required,
            );
        }
        if !business.collections.is_empty() {
            let of = &business.collections;
            self.fields(
                "business.name",
                of,
                business.name.as_slice(),
                Need::Optional,
            );
            if let Some(owner) = &business.owner {
                self.way("business.owner", of, owner, Need::Optional);
            }
        }
    }

    fn of_services(&mut self, mapping: &Mapping) {
        let Some(service) = &mapping.service else {
            return;
        };
        let used = mapping.booking.service.is_some();
        let need = if used { Need::Required } else { Need::Optional };
        let of = [service.collection.clone()];
        self.collection("service.collection", &service.collection, need);
        self.fields("service.name", &of, service.name.as_slice(), Need::Optional);
        if let Some(path) = &service.business {
            let need = if mapping.goes_over_services() {
                need
            } else {
                Need::Optional
            };
            self.way("service.business", &of, path, need);
        }
    }

    fn of_documents(&mut self, key: &str, following: &Following, need: Need) {
        let of = [following.collection.clone()];
        self.collection(&format!("{key}.collection"), &following.collection, need);
        let filter = following.filter.as_ref();
        self.filter(&format!("{key}.where"), &following.collection, filter, need);
        match &following.user {
            Some(UserReference::Path(path)) => self.way(&format!("{key}.user"), &of, path, need),
            Some(UserReference::Email(path)) => {
                self.field(&format!("{key}.user"), &of, path, need);
            }
            None => {}
        }
        let drop = &following.drop;
        self.fields(&format!("{key}.drop"), &of, drop, Need::Optional);
        if let Some(guest) = &following.guest {
            for (member, path) in &guest.members {
                // Whom nobody is known by may be absent; without the others guests would be taken for one another.
                let known_by = guest.identity.contains(member);
                let need = if known_by { need } else { Need::Optional };
                self.field(&format!("{key}.guest.{member}"), &of, path, need);
            }
        }
    }

    fn of_ways_to_businesses(&mut self, key: &str, following: &Following) {
        let BusinessReference::Paths(paths) = &following.business else {
            return;
        };
        let of = [following.collection.clone()];
        // One of several paths may lead nowhere; all of them together are judged as a reference.
        let need = if paths.len() == 1 {
            Need::Required
        } else {
            Need::Optional
        };
        for path in paths {
            self.way(&format!("{key}.business"), &of, path, need);
        }
    }

    fn of_bookings(&mut self, mapping: &Mapping) {
        let booking = &mapping.booking;
        let of = [booking.collection.clone()];
        if let Some(service) = &booking.service {
            self.way("booking.service", &of, service, Need::Required);
        }
        if !mapping.goes_over_services() {
            self.of_ways_to_businesses("booking", &booking.following);
        }
        self.fields(
            "booking.created",
            &of,
            booking.created.as_slice(),
            Need::Optional,
        );
        self.fields("booking.when", &of, booking.when.as_slice(), Need::Optional);
    }
}

impl Mapping {
    /// True where bookings find their business over their service, because no other way is said.
    pub fn goes_over_services(&self) -> bool {
        let (Some(start), Some(service)) = (&self.booking.service, &self.service) else {
            return false;
        };
        let BusinessReference::Paths(paths) = &self.booking.following.business else {
            return false;
        };
        let ([path], Some(then)) = (paths.as_slice(), &service.business) else {
            return false;
        };
        let mut way = start.clone();
        way.hops.push(HopText {
            collection: service.collection.clone(),
            by: None,
            then: then.start.clone(),
        });
        way.hops.extend(then.hops.iter().cloned());
        *path == way
    }
}
