//! The proof's own resolver: how a booking finds its user and its business. It shares no code with [`crate::domain::reference`], on
//! purpose: what builds the copies must not be what proves them. A kind of path that the mapping gains is read here a second time, by other
//! code, and both must come to the same. No other file of the proof knows how a booking finds anything.

use bson::raw::RawDocument;

use super::names::{Names, Number};
use crate::domain::id::Id;
use crate::domain::map::Map;
use crate::domain::mapping::path::ReferencePath;
use crate::domain::mapping::{BusinessReference, Mapping, UserReference};
use crate::domain::raw::{Value, elements, get, kind};
use crate::domain::survey::facts::id_of;
use crate::domain::table::Memory;

/// How a booking finds its business.
#[derive(Debug, Clone)]
enum ToBusiness {
    /// Its field names a document of a collection, whose field names the business.
    Over {
        field: String,
        collection: String,
        then: String,
    },
}

impl ToBusiness {
    fn over(path: Option<&ReferencePath>) -> Self {
        let hop = path.and_then(|path| path.hops.first());
        Self::Over {
            field: path.map_or("", |path| path.start.top()).to_owned(),
            collection: hop.map_or("", |hop| &hop.collection).to_owned(),
            then: hop.map_or("", |hop| hop.then.top()).to_owned(),
        }
    }
}

/// What the proof knows of a booking's references.
#[derive(Debug, Clone)]
pub struct ProofPaths {
    user: String,
    customer: String,
    business: ToBusiness,
}

/// A collection that must be read before the bookings, and the reference that is needed of it, beside `_id`.
#[derive(Debug, Clone)]
pub struct Needed {
    /// The collection.
    pub collection: String,
    /// Its reference.
    pub field: String,
}

/// What a booking names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) id: Option<Id>,
    pub(super) user: Option<Id>,
    pub(super) customer: Option<Id>,
    /// What leads to its business.
    pub(super) business: Option<Id>,
}

/// The businesses, and how bookings find them and their users.
#[derive(Debug)]
pub(super) struct Ways {
    paths: ProofPaths,
    businesses: Names,
    /// Documents between bookings and businesses: the business of each, where it exists.
    between: Map<Id, Option<Number>>,
}

fn not_null(value: Value<'_>) -> Option<Id> {
    (value.kind != kind::NULL).then(|| Id::from_value(value))
}

impl ProofPaths {
    /// Those of a mapping.
    pub fn of(mapping: &Mapping) -> Self {
        Self {
            user: match &mapping.booking.following.user {
                Some(UserReference::Path(path)) => path.start.top().to_owned(),
                _ => String::new(),
            },
            customer: mapping.booking.customer.clone(),
            business: match &mapping.booking.following.business {
                BusinessReference::Paths(paths) => ToBusiness::over(paths.first()),
                BusinessReference::Constant(_) => ToBusiness::over(None),
            },
        }
    }

    /// What must be read after the businesses and before the bookings.
    pub fn needed(&self) -> Vec<Needed> {
        match &self.business {
            ToBusiness::Over {
                collection, then, ..
            } => vec![Needed {
                collection: collection.clone(),
                field: then.clone(),
            }],
        }
    }

    /// The fields of a booking that are looked at.
    pub fn fields(&self) -> [&str; 4] {
        let ToBusiness::Over { field, .. } = &self.business;
        ["_id", field, &self.customer, &self.user]
    }

    /// The two fields that a migration changes: the user's, the customer's.
    pub fn changing(&self) -> [&str; 2] {
        [&self.user, &self.customer]
    }

    /// The user as the booking holds it, null included.
    pub fn user<'a>(&self, booking: &'a RawDocument) -> Option<Value<'a>> {
        get(booking, &self.user)
    }

    /// The customer as the booking holds it, null included.
    pub fn customer<'a>(&self, booking: &'a RawDocument) -> Option<Value<'a>> {
        get(booking, &self.customer)
    }

    /// What a booking names; of a repeated field the first, as for the server.
    pub(super) fn named(&self, booking: &RawDocument) -> Named {
        let ToBusiness::Over { field, .. } = &self.business;
        let fields = [
            b"_id",
            self.user.as_bytes(),
            self.customer.as_bytes(),
            field.as_bytes(),
        ];
        let mut first: [Option<Value<'_>>; 4] = [None; 4];
        for element in elements(booking).map_while(Result::ok) {
            if let Some(at) = fields.iter().position(|field| *field == element.key) {
                first[at] = first[at].or(Some(element.value));
            }
        }
        let [id, user, customer, business] = first;
        Named {
            id: id.map(Id::from_value),
            user: user.and_then(not_null),
            customer: customer.and_then(not_null),
            business: business.and_then(not_null),
        }
    }
}

impl Ways {
    pub(super) fn new(mapping: &Mapping, memory: &Memory) -> Self {
        Self {
            paths: ProofPaths::of(mapping),
            businesses: Names::new(memory),
            between: Map::default(),
        }
    }

    pub(super) fn paths(&self) -> &ProofPaths {
        &self.paths
    }

    /// Takes a business. First of all.
    pub(super) fn take(&mut self, document: &RawDocument) {
        if let Some(id) = id_of(document) {
            self.businesses.take(&id);
        }
    }

    /// Takes a document of what is needed.
    pub(super) fn take_between(&mut self, needed: &Needed, document: &RawDocument) {
        let Some(id) = id_of(document) else { return };
        let business = get(document, &needed.field).and_then(not_null);
        let business = business.and_then(|business| self.businesses.known(&business));
        self.between.insert(id.canonical(), business);
    }

    /// The user of a booking that names this, where one of `users` is.
    #[allow(clippy::unused_self)] // a way to a user over other documents is known here
    pub(super) fn user(&self, named: &Id, users: &Names) -> Option<Number> {
        users.known(named)
    }

    /// The business of a booking that names this, where it exists.
    pub(super) fn business(&self, named: &Id) -> Option<Number> {
        match &self.paths.business {
            ToBusiness::Over { .. } => {
                let business = self.between.get(&named.canonical());
                *business.or_else(|| self.between.get(&named.other_form()?))?
            }
        }
    }

    /// The number of a business, whether or not it exists.
    pub(super) fn named(&mut self, id: &Id) -> Number {
        self.businesses.named(id)
    }

    /// The id that a number stands for.
    pub(super) fn id(&self, number: Number) -> Option<Id> {
        self.businesses.id(number)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bson::{RawBson, RawDocumentBuf, oid::ObjectId, rawdoc};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::mapping::DEFAULT;
    use crate::domain::raw::Builder;
    use crate::domain::survey::Standing;
    use crate::domain::survey::tests::World;
    use crate::domain::table::tests::memory;

    fn ways(world: &World) -> Ways {
        let mapping = Mapping::parse(DEFAULT).unwrap();
        let mut ways = Ways::new(&mapping, &memory(1 << 20));
        for business in &world.businesses {
            ways.take(business);
        }
        for needed in ways.paths().needed() {
            for service in &world.services {
                ways.take_between(&needed, service);
            }
        }
        ways
    }

    #[test]
    fn a_booking_finds_its_business_over_its_service_alone() {
        let mut world = World::of_two();
        world
            .services
            .push(rawdoc! { "_id": "lost", "businessId": "gone" });
        world.services.push(rawdoc! { "_id": "bare" });
        let ways = ways(&world);
        let of = |service: &str| {
            let found = ways.business(&Id::string(service));
            found.and_then(|number| ways.id(number))
        };
        assert_eq!(of("s2"), Some(Id::string("b2")));
        for service in ["lost", "bare", "unknown", "b1"] {
            assert_eq!(of(service), None, "{service}");
        }
    }

    #[test]
    fn of_a_repeated_field_the_first_one_counts_and_null_names_nothing() {
        let paths = ProofPaths::of(&Mapping::parse(DEFAULT).unwrap());
        let mut booking = Builder::new(0);
        for part in [
            rawdoc! { "_id": 1, "userId": null, "customerId": "c" },
            rawdoc! { "userId": "u", "customerId": "d", "serviceId": "s" },
        ] {
            for element in elements(&part) {
                booking.element(&element.unwrap());
            }
        }
        let booking = booking.finish();
        let named = paths.named(&booking);
        assert_eq!(named.user, None);
        assert_eq!(named.customer, Some(Id::string("c")));
        assert_eq!(named.business, Some(Id::string("s")));
        assert_eq!(paths.user(&booking).map(|it| it.kind), Some(kind::NULL));
    }

    /// An id of a few that often meet, as ObjectId or as its text; null; or no field.
    fn value() -> impl Strategy<Value = Option<RawBson>> {
        let id = |byte: u8| ObjectId::from_bytes([byte; 12]);
        prop_oneof![
            4 => (0_u8..4).prop_map(move |byte| Some(RawBson::ObjectId(id(byte)))),
            3 => (0_u8..4).prop_map(move |byte| Some(RawBson::String(id(byte).to_hex()))),
            1 => Just(Some(RawBson::Null)),
            1 => Just(None),
        ]
    }

    fn document(fields: [(&str, Option<RawBson>); 3]) -> RawDocumentBuf {
        let mut document = RawDocumentBuf::new();
        for (key, value) in fields {
            if let Some(value) = value {
                let key = bson::raw::CString::try_from(key).unwrap();
                document.append(key, value);
            }
        }
        document
    }

    proptest! {
        #[test]
        fn the_proof_and_the_survey_find_the_same_business_and_user(
            businesses_of in proptest::collection::vec(value(), 0..4),
            services in proptest::collection::vec((value(), value()), 0..5),
            users in proptest::collection::vec(value(), 0..4),
            bookings in proptest::collection::vec((value(), value()), 1..6),
        ) {
            let ids = |values: Vec<Option<RawBson>>| {
                let ids = values.into_iter().filter(|id| !matches!(id, None | Some(RawBson::Null)));
                let ids = ids.map(|id| document([("_id", id), ("", None), ("", None)]));
                ids.collect::<Vec<_>>()
            };
            let world = World {
                businesses: ids(businesses_of),
                users: ids(users),
                services: services
                    .into_iter()
                    .filter(|(id, _)| !matches!(id, None | Some(RawBson::Null)))
                    .map(|(id, business)| document([("_id", id), ("businessId", business), ("", None)]))
                    .collect(),
                ..World::default()
            };
            let (survey, proof) = (world.survey(), ways(&world));
            let mut known = Names::new(&memory(1 << 20));
            for user in &world.users {
                known.take(&id_of(user).unwrap());
            }
            for (user, service) in bookings {
                let id = Some(RawBson::Int32(1));
                let booking = document([("_id", id), ("userId", user), ("serviceId", service)]);
                let named = proof.paths().named(&booking);
                let business = named.business.as_ref().and_then(|named| proof.business(named));
                let business = business.and_then(|number| proof.id(number));
                let user = named.user.as_ref().and_then(|user| proof.user(user, &known));
                let user = user.and_then(|number| known.id(number));
                let found = match survey.standing(&survey.paths().read(&booking)) {
                    Standing::WithoutBusiness { .. } => (None, user.clone()),
                    Standing::WithoutUser { business, .. } => {
                        (Some(survey.business_id(business).clone()), None)
                    }
                    Standing::Paired { user, business, .. } => {
                        (Some(survey.business_id(business).clone()), Some(survey.user_id(user)))
                    }
                };
                prop_assert_eq!(found, (business, user), "{:?}", booking);
            }
        }
    }
}
