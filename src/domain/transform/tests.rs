#![allow(clippy::unwrap_used)]
use bson::rawdoc;

use super::*;
use crate::domain::conflict::{Code, ConflictKey};
use crate::domain::customer_id::{IdKind, customer_id, placeholder_id};
use crate::domain::decision::{Contact, Decision, Decisions};
use crate::domain::mapping::{DEFAULT, Mapping};
use crate::domain::survey::tests::World;

fn text(id: &str) -> Id {
    Id::string(id)
}

/// The one booking's fate after a survey of `world`, `booking` among its bookings.
fn fate(world: World, decisions: &Decisions, booking: &RawDocument) -> BookingFate {
    let survey = world.booking(booking.to_owned()).survey();
    let blueprint = Blueprint::new(&survey, decisions);
    super::booking(&survey, &blueprint, booking).unwrap()
}

fn says(code: Code, choice: Choice) -> Decisions {
    let mut decisions = Decisions::defaults();
    decisions.policy.insert(code, choice);
    decisions
}

fn linked(customer: Id, document: RawDocumentBuf) -> BookingFate {
    BookingFate::Linked {
        customer,
        business: 0,
        document,
    }
}

/// `u1` at `b1`.
fn own() -> Id {
    customer_id(&text("b1"), &text("u1"), IdKind::String)
}

#[test]
fn a_booking_loses_its_user_and_ends_with_its_customer_every_other_byte_stays() {
    let booking = rawdoc! {
        "_id": 1, "price": 4.5, "userId": "u1", "note": { "userId": "u1" }, "serviceId": "s1", "tags": ["a", null],
    };
    let expected = rawdoc! {
        "_id": 1, "price": 4.5, "note": { "userId": "u1" }, "serviceId": "s1", "tags": ["a", null],
        "customerId": own().as_str().unwrap(),
    };
    let fate = fate(World::of_two(), &Decisions::default(), &booking);
    assert_eq!(fate, linked(own(), expected));
}

#[test]
fn a_new_booking_that_the_survey_has_not_seen_gets_the_same_customer() {
    let survey = World::of_two().survey();
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    let booking = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
    let fate = super::booking(&survey, &blueprint, &booking).unwrap();
    let expected = rawdoc! { "_id": 1, "serviceId": "s1", "customerId": own().as_str().unwrap() };
    assert_eq!(fate, linked(own(), expected));
}

#[test]
fn bookings_of_merged_users_go_to_one_customer() {
    let mut world = World::of_two();
    world.users[1] = rawdoc! { "_id": "u2", "name": "Guest", "email": " 1@A.ORG" };
    let first = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
    let second = rawdoc! { "_id": 2, "userId": "u2", "serviceId": "s1" };
    let survey = world.booking(first).booking(second.clone()).survey();
    let blueprint = Blueprint::new(&survey, &Decisions::defaults());
    let fate = super::booking(&survey, &blueprint, &second).unwrap();
    let expected = rawdoc! { "_id": 2, "serviceId": "s1", "customerId": own().as_str().unwrap() };
    assert_eq!(fate, linked(own(), expected));
}

#[test]
fn a_booking_without_a_user_goes_to_the_placeholder_of_what_it_names() {
    for (booking, names) in [
        (
            rawdoc! { "_id": 1, "userId": "gone", "serviceId": "s1" },
            Some(text("gone")),
        ),
        (
            rawdoc! { "_id": 1, "userId": null, "serviceId": "s1" },
            None,
        ),
        (rawdoc! { "_id": 1, "serviceId": "s1" }, None),
    ] {
        let customer = placeholder_id(&text("b1"), names.as_ref(), IdKind::String);
        let expected =
            rawdoc! { "_id": 1, "serviceId": "s1", "customerId": customer.as_str().unwrap() };
        let fate = fate(World::of_two(), &Decisions::defaults(), &booking);
        assert_eq!(fate, linked(customer, expected), "{booking:?}");
    }
}

#[test]
fn by_decision_a_booking_without_a_user_is_left_or_quarantined() {
    let booking = rawdoc! { "_id": 1, "userId": "gone", "serviceId": "s1" };
    for (choice, expected) in [
        (Choice::Leave, BookingFate::Left),
        (Choice::Quarantine, BookingFate::Quarantined),
    ] {
        let decisions = says(Code::BookingWithoutUser, choice);
        assert_eq!(fate(World::of_two(), &decisions, &booking), expected);
    }
}

#[test]
fn a_booking_without_a_business_is_quarantined_or_left_where_a_decision_names_its_service() {
    let leave = ConflictKey {
        code: Code::BookingWithoutBusiness,
        business: None,
        subjects: vec![text("left")],
    };
    let mut decisions = Decisions::defaults();
    decisions.single.insert(leave, Decision::new(Choice::Leave));
    for (booking, expected) in [
        (
            rawdoc! { "_id": 1, "userId": "u1", "serviceId": "left" },
            BookingFate::Left,
        ),
        (
            rawdoc! { "_id": 1, "userId": "u1", "serviceId": "gone" },
            BookingFate::Quarantined,
        ),
        (
            rawdoc! { "_id": 1, "userId": "u1" },
            BookingFate::Quarantined,
        ),
    ] {
        let fate = fate(World::of_two(), &decisions, &booking);
        assert_eq!(fate, expected, "{booking:?}");
    }
}

#[test]
fn bookings_of_an_account_holder_whom_a_decision_skips_are_left() {
    let mut world = World::of_two();
    world.users[0] = rawdoc! { "_id": "u1", "name": "Owner", "hashedPassword": "secret" };
    let booking = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
    let skip = says(Code::AccountAlsoCustomer, Choice::Skip);
    assert_eq!(fate(world.clone(), &skip, &booking), BookingFate::Left);
    let linked_anyway = fate(world, &Decisions::defaults(), &booking);
    assert!(matches!(linked_anyway, BookingFate::Linked { customer, .. } if customer == own()));
}

#[test]
fn a_booking_keeps_its_customer_in_its_place_until_a_decision_relinks_it() {
    let mut world = World::of_two();
    world.customers = vec![
        rawdoc! { "_id": "c1", "businessId": "b1" },
        rawdoc! { "_id": "c2", "businessId": "b2" },
    ];
    let keep = says(Code::AlreadyLinked, Choice::Keep);
    let relink = says(Code::AlreadyLinked, Choice::Relink);
    let of = |customer: &str| rawdoc! { "_id": 1, "customerId": customer, "userId": "u1", "serviceId": "s1" };
    let kept = rawdoc! { "_id": 1, "customerId": "c1", "serviceId": "s1" };
    let fated = fate(world.clone(), &keep, &of("c1"));
    assert_eq!(fated, linked(text("c1"), kept.clone()));
    let own_last = rawdoc! { "_id": 1, "serviceId": "s1", "customerId": own().as_str().unwrap() };
    let fated = fate(world.clone(), &relink, &of("c1"));
    assert_eq!(fated, linked(own(), own_last.clone()));
    // A customer of another business is none.
    let fated = fate(world.clone(), &keep, &of("c2"));
    assert_eq!(fated, linked(own(), own_last));
    // And one without a user stays with its customer whatever was decided.
    let nobody = rawdoc! { "_id": 1, "customerId": "c1", "userId": "gone", "serviceId": "s1" };
    for decisions in [keep, relink] {
        let fated = fate(world.clone(), &decisions, &nobody);
        assert_eq!(fated, linked(text("c1"), kept.clone()));
    }
}

#[test]
fn a_booking_that_is_no_bson_is_an_error() {
    let whole = rawdoc! { "_id": 1, "userId": "u1", "serviceId": "s1" };
    let mut bytes = whole.as_bytes().to_vec();
    bytes.pop();
    bytes.extend_from_slice(&[0x66, b'x', 0, 0]); // a type that does not exist
    let length = u32::try_from(bytes.len()).unwrap();
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    let broken = RawDocumentBuf::from_bytes(bytes).unwrap();
    let survey = World::of_two().survey();
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    let at = whole.as_bytes().len() - 1;
    assert_eq!(
        super::booking(&survey, &blueprint, &broken),
        Err(Malformed(at))
    );
}

#[test]
fn contact_fields_leave_a_user_that_is_cleaned_and_no_other() {
    let role = Mapping::parse(DEFAULT).unwrap().user;
    let user_before = rawdoc! {
        "_id": 1, "phone": "1", "name": "Ann", "city": null, "address": { "phone": "2" }, "more": { "city": "Rome" },
    };
    let cleaned = rawdoc! { "_id": 1, "name": "Ann", "more": { "city": "Rome" } };
    let removed = user(&role, Some(Contact::Remove), &user_before);
    assert_eq!(removed.unwrap(), cleaned);
    assert_eq!(user(&role, None, &user_before).unwrap(), user_before);
    // Null in its place; what was not there does not come.
    let nulls = rawdoc! {
        "_id": 1, "phone": null, "name": "Ann", "city": null, "address": null, "more": { "city": "Rome" },
    };
    let nulled = user(&role, Some(Contact::Null), &user_before);
    assert_eq!(nulled.unwrap(), nulls);
}
