//! The proof and the survey come to the same by code of their own.
#![allow(clippy::unwrap_used)]
use bson::{RawBson, RawDocumentBuf, oid::ObjectId, rawdoc};
use proptest::prelude::*;

use super::*;
use crate::domain::mapping::DEFAULT;
use crate::domain::raw::Builder;
use crate::domain::raw::kind;
use crate::domain::survey::Standing;
use crate::domain::survey::tests::World;
use crate::domain::table::tests::memory;

fn ways(world: &World) -> Ways {
    let mut ways = Ways::new(
        &world.mapping(),
        ProofPaths::of(&world.mapping()),
        &memory(1 << 20),
    );
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
        let found = ways.businesses(&[(0, Id::string(service))]);
        found.first().and_then(|number| ways.id(*number))
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
    assert_eq!(named.users[..], []);
    assert_eq!(named.customers[..], [Id::string("c")]);
    assert_eq!(named.businesses[..], [(0, Id::string("s"))]);
    assert_eq!(paths.user(&booking).map(|it| it.kind), Some(kind::NULL));
}

/// Ways to a business: the default one, and others over the same documents.
const WAYS: [Option<&str>; 6] = [
    None,
    Some("[\"serviceId > Service.businessId\", \"businessId\"]"),
    Some("[\"businessId\", \"items[].serviceId > Service.businessId\"]"),
    Some("\"serviceId > Service(code).businessId\""),
    Some("\"serviceId > Service(code).next > Service.businessId\""),
    Some("\"at.businessId\""),
];

/// As [`value`], or several of them in a list, or a DBRef.
fn values() -> impl Strategy<Value = Option<RawBson>> {
    let list = proptest::collection::vec(value(), 0..3).prop_map(|values| {
        let mut list = bson::raw::RawArrayBuf::new();
        values
            .into_iter()
            .flatten()
            .for_each(|value| list.push(value));
        Some(RawBson::Array(list))
    });
    let dbref = value().prop_map(|value| {
        let fields = [
            ("$ref", Some(RawBson::String("x".to_owned()))),
            ("$id", value),
        ];
        Some(RawBson::Document(document(fields)))
    });
    prop_oneof![4 => value(), 2 => list, 1 => dbref, 1 => Just(Some(RawBson::String(String::new())))]
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

fn document<const N: usize>(fields: [(&str, Option<RawBson>); N]) -> RawDocumentBuf {
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
        services in proptest::collection::vec((value(), values(), values(), values()), 0..5),
        users in proptest::collection::vec(value(), 0..4),
        bookings in proptest::collection::vec((value(), [values(), values(), values(), values()]), 1..6),
        way in 0..WAYS.len(),
    ) {
        let ids = |values: Vec<Option<RawBson>>| {
            let ids = values.into_iter().filter(|id| !matches!(id, None | Some(RawBson::Null)));
            ids.map(|id| document([("_id", id)])).collect::<Vec<_>>()
        };
        let mut seen = Vec::new();
        let world = World {
            businesses: ids(businesses_of),
            users: ids(users),
            services: services
                .into_iter()
                .filter(|(id, ..)| !matches!(id, None | Some(RawBson::Null)))
                .filter(|(id, ..)| !seen.contains(id) && { seen.push(id.clone()); true })
                .map(|(id, business, code, next)| {
                    document([("_id", id), ("businessId", business), ("code", code), ("next", next)])
                })
                .collect(),
            business: WAYS[way],
            ..World::default()
        };
        let (survey, proof) = (world.survey(), ways(&world));
        let mut known = Names::new(&memory(1 << 20));
        for user in &world.users {
            known.take(&id_of(user).unwrap());
        }
        for (user, [service, business, item, at]) in bookings {
            let id = Some(RawBson::Int32(1));
            let mut items = bson::raw::RawArrayBuf::new();
            items.push(document([("serviceId", item)]));
            items.push(5);
            let booking = document([
                ("_id", id),
                ("userId", user),
                ("serviceId", service),
                ("businessId", business),
                ("items", Some(RawBson::Array(items))),
                ("at", Some(RawBson::Document(document([("businessId", at)])))),
            ]);
            let named = proof.paths().named(&booking);
            let business = proof.businesses(&named.businesses);
            let business = crate::domain::invariant::only(&business).and_then(|number| proof.id(number));
            let user = proof.users(&named.users, &known);
            let user = user.first().and_then(|number| known.id(*number));
            let found = match survey.standing(&survey.paths().read(&booking)) {
                Standing::WithoutBusiness { .. } | Standing::Disagrees { .. } => (None, user.clone()),
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
