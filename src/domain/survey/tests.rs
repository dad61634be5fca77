#![allow(clippy::unwrap_used)]
use bson::{RawDocumentBuf, oid::ObjectId, rawdoc};

use super::*;
use crate::domain::mapping::DEFAULT;
use crate::domain::reference::End;
use crate::domain::table::tests::memory;

/// A small database of the default shape.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub businesses: Vec<RawDocumentBuf>,
    pub services: Vec<RawDocumentBuf>,
    /// Rows of the first account collection.
    pub members: Vec<RawDocumentBuf>,
    /// Customers of an earlier run.
    pub ours: Vec<RawDocumentBuf>,
    pub customers: Vec<RawDocumentBuf>,
    pub users: Vec<RawDocumentBuf>,
    pub bookings: Vec<RawDocumentBuf>,
    /// What replaces the way to the business in the default mapping.
    pub business: Option<&'static str>,
}

impl World {
    /// Businesses `b1` and `b2` with services `s1` and `s2`, and users `u1` and `u2` without a password.
    pub(crate) fn of_two() -> Self {
        let mut world = Self::default();
        for n in ["1", "2"] {
            let id = |kind: &str| format!("{kind}{n}");
            world.businesses.push(rawdoc! { "_id": id("b") });
            world
                .services
                .push(rawdoc! { "_id": id("s"), "businessId": id("b") });
            world.users.push(
                rawdoc! { "_id": id("u"), "name": id("Guest "), "email": format!("{n}@a.org") },
            );
        }
        world
    }

    pub(crate) fn booking(mut self, booking: RawDocumentBuf) -> Self {
        self.bookings.push(booking);
        self
    }

    pub(crate) fn mapping(&self) -> Mapping {
        let way = self
            .business
            .map(|way| format!("service = \"serviceId\"\nbusiness = {way}"));
        let text = match way {
            Some(way) => DEFAULT.replace("service = \"serviceId\"", &way),
            None => DEFAULT.to_owned(),
        };
        Mapping::parse(&text).unwrap()
    }

    pub(crate) fn survey(&self) -> Survey {
        let mapping = self.mapping();
        let accounts = AccountPath::rows(&mapping);
        let mut survey = Survey::new("shop", mapping, &memory(1 << 20));
        for business in &self.businesses {
            survey.take_business(business);
        }
        for hop in survey.hops(End::Business) {
            for service in &self.services {
                survey.take_hop(End::Business, &hop, service);
            }
        }
        for row in &self.members {
            survey.take_account(&accounts[0], row);
        }
        for customer in &self.ours {
            survey.take_ours(customer);
        }
        for customer in &self.customers {
            survey.take_existing(customer);
        }
        for user in &self.users {
            survey.take_user(user);
        }
        survey.close_users();
        for booking in &self.bookings {
            survey.take_booking(booking);
        }
        survey
    }
}

fn text(id: &str) -> Id {
    Id::string(id)
}

fn oid(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 12])
}

#[test]
fn bookings_of_one_user_at_one_business_make_one_pair() {
    let survey = World::of_two()
        .booking(rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" })
        .booking(rawdoc! { "_id": 2, "userId": "u1", "serviceId": "s1" })
        .booking(rawdoc! { "_id": 3, "userId": "u1", "serviceId": "s2" })
        .booking(rawdoc! { "_id": 4, "userId": "u2", "serviceId": "s2" })
        .survey();
    let pairs: Vec<_> = survey
        .pairs
        .iter()
        .map(|(of, it)| (of, it.bookings))
        .collect();
    assert_eq!(pairs.len(), 3);
    for pair in [((0, 0), 2), ((0, 1), 1), ((1, 1), 1)] {
        assert!(pairs.contains(&pair), "{pair:?} of {pairs:?}");
    }
    let of_business: Vec<_> = survey.businesses.values().map(|it| it.bookings).collect();
    assert_eq!(of_business, [2, 2]);
    assert_eq!((survey.bookings, survey.services()), (4, 2));
    assert_eq!(survey.businesses_of(0).as_slice(), [0, 1]);
    assert_eq!(survey.without_user.len() + survey.without_business.len(), 0);
}

#[test]
fn bookings_without_a_user_are_kept_apart_by_business_and_by_the_value_that_names_nobody() {
    let at = bson::DateTime::from_millis;
    let survey = World::of_two()
        .booking(rawdoc! { "_id": 1, "userId": "gone", "serviceId": "s1", "createdAt": at(9) })
        .booking(rawdoc! { "_id": 2, "userId": "gone", "serviceId": "s1", "createdAt": at(5) })
        .booking(rawdoc! { "_id": 3, "userId": "gone", "serviceId": "s2" })
        .booking(rawdoc! { "_id": 4, "userId": null, "serviceId": "s1", "createdAt": "text" })
        .booking(rawdoc! { "_id": 5, "serviceId": "s1" })
        .survey();
    let found: Vec<_> = survey
        .without_user
        .iter()
        .map(|((at, names), it)| (*at, names.clone(), it.bookings, it.created))
        .collect();
    let expected = [
        (0, None, 2, None),
        (0, Some(text("gone")), 2, Some(5)),
        (1, Some(text("gone")), 1, None),
    ];
    assert_eq!(found, expected);
    assert!(survey.pairs.is_empty());
}

#[test]
fn bookings_without_a_business_are_kept_apart_by_what_leads_to_none() {
    let mut world = World::of_two();
    world
        .services
        .push(rawdoc! { "_id": "of nobody", "businessId": "gone" });
    world
        .services
        .push(rawdoc! { "_id": "null", "businessId": null });
    world.services.push(rawdoc! { "_id": "missing" });
    let lost = ["of nobody", "null", "missing", "gone"];
    for (at, service) in (0_i32..).zip(lost) {
        world = world.booking(rawdoc! { "_id": at, "userId": "u1", "serviceId": service });
    }
    let survey = world
        .booking(rawdoc! { "_id": 8, "userId": "u1", "serviceId": null })
        .booking(rawdoc! { "_id": 9, "userId": "u1" })
        .survey();
    let mut found: Vec<_> = survey
        .without_business
        .iter()
        .map(|(names, it)| (names.clone(), it.bookings))
        .collect();
    let mut expected: Vec<_> = lost.iter().map(|lost| (Some(text(lost)), 1)).collect();
    expected.push((None, 2));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert!(survey.pairs.is_empty() && survey.without_user.is_empty());
    assert_eq!(survey.services(), 5);
}

#[test]
fn references_of_another_type_are_joined_and_counted_by_their_field() {
    let hex = |byte| oid(byte).to_hex();
    let mut world = World::default();
    world.businesses.push(rawdoc! { "_id": oid(1) });
    for (service, business) in [(2, hex(1)), (3, hex(9))] {
        world
            .services
            .push(rawdoc! { "_id": oid(service), "businessId": business });
    }
    world
        .customers
        .push(rawdoc! { "_id": oid(4), "businessId": hex(1) });
    world.users.push(rawdoc! { "_id": oid(5) });
    let survey = world
        .booking(rawdoc! { "_id": 1, "userId": hex(5), "serviceId": oid(2) })
        .booking(rawdoc! { "_id": 2, "userId": hex(5), "serviceId": hex(2) })
        // Its service has no business; its reference to it has the wrong type all the same.
        .booking(rawdoc! { "_id": 3, "userId": oid(5), "serviceId": hex(3) })
        .survey();
    let found: Vec<_> = survey
        .mismatches
        .iter()
        .map(|(field, it)| (field.as_str(), it.bookings))
        .collect();
    let expected = [
        ("Booking.serviceId", 2),
        ("Booking.userId", 2),
        ("Customer.businessId", 1),
        ("Service.businessId", 1),
    ];
    assert_eq!(found, expected);
    assert_eq!(survey.pairs.get(0, 0).unwrap().bookings, 2);
    let read = |booking: RawDocumentBuf| survey.paths().read(&booking);
    assert!(survey.is_mismatched(&read(rawdoc! { "userId": hex(5), "serviceId": oid(2) })));
    assert!(!survey.is_mismatched(&read(rawdoc! { "userId": oid(5), "serviceId": oid(2) })));
}

#[test]
fn owners_and_members_are_account_holders_by_whatever_type_they_are_named() {
    let mut world = World::default();
    world
        .businesses
        .push(rawdoc! { "_id": 1, "ownerId": oid(1) });
    world.businesses.push(rawdoc! { "_id": 2, "ownerId": null });
    world
        .members
        .push(rawdoc! { "_id": 1, "userId": oid(2).to_hex() });
    world.members.push(rawdoc! { "_id": 2, "userId": "nobody" });
    for user in 1..=4 {
        world.users.push(rawdoc! { "_id": oid(user) });
    }
    world
        .users
        .push(rawdoc! { "_id": oid(5), "hashedPassword": "secret" });
    let survey = world.survey();
    let accounts: Vec<_> = survey.users.iter().map(|(_, it)| it.account).collect();
    assert_eq!(accounts, [true, true, false, false, true]);
    assert_eq!(survey.accounts(), 3);
}

#[test]
fn a_missing_a_null_and_an_empty_password_are_counted_apart() {
    let world = World {
        users: vec![
            rawdoc! { "_id": 0 },
            rawdoc! { "_id": 1, "hashedPassword": null },
            rawdoc! { "_id": 2, "hashedPassword": null },
            rawdoc! { "_id": 3, "hashedPassword": "" },
            rawdoc! { "_id": 4, "hashedPassword": "secret" },
        ],
        ..World::default()
    };
    assert_eq!(world.survey().without_password, [1, 2, 1]);
}

#[test]
fn a_customer_id_counts_as_linked_only_within_its_business() {
    let mut world = World::of_two();
    for (customer, business) in [("c1", "b1"), ("c2", "b2"), ("c3", "gone")] {
        world
            .customers
            .push(rawdoc! { "_id": customer, "businessId": business });
    }
    for (at, customer) in (0_i32..).zip(["c1", "c2", "c3", "other"]) {
        world = world.booking(
            rawdoc! { "_id": at, "userId": "u1", "serviceId": "s1", "customerId": customer },
        );
    }
    let survey = world
        .booking(rawdoc! { "_id": 8, "serviceId": "s1", "customerId": "c1" })
        .booking(rawdoc! { "_id": 9, "serviceId": "s2", "customerId": "c1" })
        .survey();
    let pair = survey.pairs.get(0, 0).unwrap();
    assert_eq!((pair.bookings, pair.linked), (4, 1));
    assert_eq!(survey.linked_users.iter().collect::<Vec<_>>(), [&(0, 0)]);
    assert_eq!(survey.linked_without_user, 1);
    let without_user: Vec<_> = survey.without_user.keys().collect();
    assert_eq!(without_user, [&(1, None)]);
    let linked: Vec<_> = survey
        .already_linked
        .iter()
        .map(|(at, it)| (*at, it.bookings))
        .collect();
    assert_eq!(linked, [(0, 5), (1, 1)]);
    assert_eq!(survey.existing[2].business, None);
    assert_eq!(survey.existing[2].names, Some(text("gone")));
}

#[test]
fn a_booking_that_an_earlier_run_migrated_is_counted_and_takes_part_in_nothing() {
    let mut world = World::of_two();
    world.ours.push(rawdoc! { "_id": "made" });
    let survey = world
        .booking(rawdoc! { "_id": 1, "serviceId": "s1", "customerId": "made" })
        // This one names a user again.
        .booking(rawdoc! { "_id": 2, "userId": "u1", "serviceId": "s1", "customerId": "made" })
        .survey();
    assert_eq!((survey.bookings, survey.businesses[0].bookings), (2, 1));
    assert_eq!(survey.pairs.len(), 1);
    assert!(survey.without_user.is_empty());
}

#[test]
fn a_booking_that_its_new_field_would_make_too_large_is_named() {
    const LIMIT: usize = 16 * 1024 * 1024;
    let of_size = |id: i32, size: usize| {
        let empty = rawdoc! { "_id": id, "serviceId": "s1", "filler": "" };
        let filler = "x".repeat(size - empty.as_bytes().len());
        rawdoc! { "_id": id, "serviceId": "s1", "filler": filler }
    };
    let survey = World::of_two()
        .booking(of_size(1, LIMIT - 64))
        .booking(of_size(2, LIMIT - 63))
        .survey();
    let large: Vec<_> = survey.oversize.iter().map(Id::to_extended_json).collect();
    assert_eq!(large, [2]);
}

#[test]
fn conflicts_do_not_depend_on_the_order_in_which_bookings_come() {
    let mut world = World::of_two();
    world.users[1] = rawdoc! { "_id": "u2", "name": " ", "email": "1@A.org" };
    for (at, (user, service)) in (0_i32..).zip([
        ("u1", "s1"),
        ("u2", "s1"),
        ("gone", "s1"),
        ("gone", "s1"),
        ("u1", "gone"),
        ("u2", "gone"),
        ("u2", "s2"),
    ]) {
        world = world.booking(rawdoc! { "_id": at, "userId": user, "serviceId": service });
    }
    let conflicts = world.survey().conflicts();
    let codes: BTreeSet<_> = conflicts.iter().map(|it| it.key.code.word()).collect();
    for code in [
        "duplicate-email",
        "missing-name",
        "booking-without-user",
        "booking-without-business",
        "contact-shared",
    ] {
        assert!(codes.contains(code), "{code} of {codes:?}");
    }
    world.bookings.reverse();
    assert_eq!(world.survey().conflicts(), conflicts);
}

#[test]
fn an_id_without_a_user_takes_the_type_that_most_users_have() {
    let of = |users: &[RawDocumentBuf]| {
        let world = World {
            users: users.to_vec(),
            ..World::default()
        };
        world.survey().usual_kind()
    };
    let (id, uuid) = (oid(1), bson::Binary::from(bson::Uuid::from_bytes([1; 16])));
    let string = |text: &str| rawdoc! { "_id": text };
    assert_eq!(of(&[]), IdKind::ObjectId);
    assert_eq!(
        of(&[string("a"), string("b"), rawdoc! { "_id": id }]),
        IdKind::String
    );
    assert_eq!(of(&[string("a"), rawdoc! { "_id": uuid }]), IdKind::Uuid);
    assert_eq!(of(&[rawdoc! { "_id": 1 }, string("a")]), IdKind::String);
}
