//! The oracle on databases small enough to say the answer by hand: each rule of DESIGN §3 and §4 once.

use crate::oracle::bytes::{Field, Value, document, field, fields, show};
use crate::oracle::expected::{Customer, Fate, Outcome, Unsaid, Verdict, verdict, with_id};
use crate::oracle::generate::{Collection, Database};

fn text(value: &str) -> Value {
    Value::string(value)
}

fn id(n: u8) -> Value {
    Value::object_id([n; 12])
}

fn of(fields: &[(&str, Value)]) -> Vec<u8> {
    let fields: Vec<Field> = fields.iter().map(|(k, v)| field(k, v.clone())).collect();
    document(&fields)
}

/// One business (20) with one service (30), and these users, bookings and customers.
fn shop(users: &[Vec<u8>], bookings: &[Vec<u8>], customers: &[Vec<u8>]) -> Database {
    let business = of(&[("_id", id(20)), ("name", text("Salon"))]);
    let other = of(&[("_id", id(21)), ("name", text("Other"))]);
    let service = of(&[("_id", id(30)), ("businessId", id(20))]);
    let mut collections = vec![
        Collection::new("User", users.to_vec()),
        Collection::new("Business", vec![business, other]),
        Collection::new("Service", vec![service]),
        Collection::new("Booking", bookings.to_vec()),
    ];
    if !customers.is_empty() {
        collections.push(Collection::new("Customer", customers.to_vec()));
    }
    Database {
        collections,
        form: crate::oracle::form::Form::default(),
    }
}

/// A booking of the one service.
fn booking(n: u8, user: Value) -> Vec<u8> {
    of(&[("_id", id(n)), ("userId", user), ("serviceId", id(30))])
}

fn migrated(data: &Database) -> Box<Outcome> {
    match verdict(data) {
        Ok(Verdict::Migrated(outcome)) => outcome,
        Ok(Verdict::Refused(why) | Verdict::Asked(why)) => panic!("refused: {why}"),
        Err(Unsaid(why)) => panic!("left out: {why}"),
    }
}

/// Every new customer with its `_id` replaced by its place.
fn made(outcome: &Outcome) -> Vec<String> {
    let shown = outcome.made.iter().enumerate();
    shown
        .map(|(at, made)| {
            let place = Value::int(i32::try_from(at).unwrap());
            show(&with_id(&place, &made.rest))
        })
        .collect()
}

fn conflict(outcome: &Outcome, code: &str) -> usize {
    let range = outcome.counts.conflicts[code];
    assert_eq!(range.from, range.to, "{code} is certain here");
    range.from
}

const ID_20: &str = "ObjectId(141414141414141414141414)";

#[test]
fn a_user_with_a_booking_becomes_a_customer_in_the_order_of_the_schema() {
    let user = of(&[
        ("_id", id(1)),
        ("zipCode", text("2611")),
        ("createdAt", Value::date(5)),
        ("phone", Value::null()),
        ("nickname", text("A")),
        ("email", text("Ana@x.y")),
        ("name", text("Ana")),
    ]);
    let user_after = of(&[
        ("_id", id(1)),
        ("createdAt", Value::date(5)),
        ("nickname", text("A")),
        ("email", text("Ana@x.y")),
        ("name", text("Ana")),
    ]);
    let outcome = migrated(&shop(&[user], &[booking(40, id(1))], &[]));
    let expected = format!(
        "{{_id: 0, businessId: {ID_20}, name: \"Ana\", email: \"Ana@x.y\", phone: null, zipCode: \"2611\", createdAt: Date(5)}}"
    );
    assert_eq!(made(&outcome), [expected]);
    assert_eq!(outcome.users, [user_after]);
    assert!(outcome.plain_email_index);
    assert_eq!(outcome.equations.created, 1);
}

#[test]
fn a_booking_loses_its_user_and_ends_with_its_customer() {
    let user = of(&[("_id", id(1))]);
    let before = of(&[
        ("_id", id(40)),
        ("b", text("1")),
        ("customerId", Value::null()),
        ("userId", id(1)),
        ("a", text("2")),
        ("serviceId", id(30)),
        ("userId", text("again")),
    ]);
    let outcome = migrated(&shop(&[user], &[before], &[]));
    let Fate::Linked { rest, to, .. } = &outcome.bookings[0].fate else {
        panic!("not linked");
    };
    let names: Vec<&str> = rest.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["_id", "b", "a", "serviceId"]);
    assert!(*to == [Customer::Made(0)]);
    assert_eq!(conflict(&outcome, "already-linked"), 0);
}

#[test]
fn a_blank_name_becomes_unknown_customer_and_a_number_stays() {
    let blank = of(&[("_id", id(1)), ("name", text("\u{2003} "))]);
    let number = of(&[("_id", id(2)), ("name", Value::int(7))]);
    let bookings = [booking(40, id(1)), booking(41, id(2))];
    let outcome = migrated(&shop(&[blank, number], &bookings, &[]));
    let expected = [
        format!("{{_id: 0, businessId: {ID_20}, name: \"Unknown Customer\"}}"),
        format!("{{_id: 1, businessId: {ID_20}, name: 7}}"),
    ];
    assert_eq!(made(&outcome), expected);
    assert_eq!(conflict(&outcome, "missing-name"), 1);
    assert_eq!(conflict(&outcome, "missing-email"), 2);
    assert!(!outcome.plain_email_index);
}

#[test]
fn equal_emails_merge_into_the_most_complete_and_its_blanks_are_filled() {
    let poor = of(&[
        ("_id", id(1)),
        ("email", text("jose\u{301}@x.y ")),
        ("phone", text("0")),
        ("createdAt", Value::date(-9)),
    ]);
    let rich = of(&[
        ("_id", id(2)),
        ("email", text("JOS\u{c9}@x.y")),
        ("name", text("José")),
        ("city", text("Ulm")),
        ("phone", text(" ")),
        ("state", text("")),
        ("createdAt", text("never")),
    ]);
    let bookings = [booking(40, id(1)), booking(41, id(2))];
    let outcome = migrated(&shop(&[poor, rich], &bookings, &[]));
    let expected = format!(
        "{{_id: 0, businessId: {ID_20}, name: \"José\", email: \"JOSÉ@x.y\", phone: \"0\", city: \"Ulm\", state: \"\", createdAt: Date(-9)}}"
    );
    assert_eq!(made(&outcome), [expected]);
    assert_eq!(
        outcome.made[0].id.from,
        Some(id(1)),
        "the smallest _id, not the survivor's"
    );
    assert_eq!(outcome.made[0].link.users.len(), 2);
    assert_eq!(conflict(&outcome, "duplicate-email"), 1);
    assert_eq!(
        (outcome.equations.created, outcome.equations.merged_away),
        (1, 1)
    );
}

#[test]
fn of_equally_complete_users_the_oldest_survives_then_the_smallest_id() {
    let user = |n: u8, city: &str, created: Value| {
        let email = ("email", text("a@x.y"));
        of(&[
            ("_id", id(n)),
            email,
            ("city", text(city)),
            ("createdAt", created),
        ])
    };
    let users = [
        user(1, "no date", Value::null()),
        user(3, "later id", Value::date(7)),
        user(2, "survivor", Value::date(7)),
        user(4, "young", Value::date(8)),
    ];
    let bookings: Vec<_> = (1..5).map(|n| booking(40 + n, id(n))).collect();
    let outcome = migrated(&shop(&users, &bookings, &[]));
    assert!(made(&outcome)[0].contains("city: \"survivor\""));
    assert_eq!(outcome.equations.merged_away, 3);
}

#[test]
fn blank_texts_group_by_themselves_and_missing_null_and_empty_emails_never() {
    let emails = [
        text("  "),
        text("  "),
        text(" "),
        text(""),
        text(""),
        Value::null(),
        Value::null(),
    ];
    let mut users = Vec::new();
    let mut bookings = Vec::new();
    for (n, email) in (1..).zip(emails) {
        users.push(of(&[("_id", id(n)), ("email", email)]));
        bookings.push(booking(40 + n, id(n)));
    }
    let outcome = migrated(&shop(&users, &bookings, &[]));
    assert_eq!(outcome.made.len(), 6);
    assert_eq!(conflict(&outcome, "duplicate-email"), 1);
    assert_eq!(conflict(&outcome, "missing-email"), 7);
    assert!(!outcome.plain_email_index);
}

#[test]
fn references_join_by_value_and_the_targets_own_id_is_written() {
    let user = of(&[("_id", text("010101010101010101010101"))]);
    let bookings = [
        booking(40, id(1)),
        booking(41, text("010101010101010101010101")),
        of(&[
            ("_id", id(42)),
            ("userId", id(1)),
            ("serviceId", text("1E1E1E1E1E1E1E1E1E1E1E1E")),
        ]),
    ];
    let outcome = migrated(&shop(&[user], &bookings, &[]));
    assert_eq!(outcome.made.len(), 1);
    assert_eq!(outcome.made[0].link.business, id(20));
    assert_eq!(
        outcome.made[0].id.tag,
        Some(crate::oracle::bytes::tag::STRING)
    );
    assert_eq!(outcome.equations.linked, 3);
}

#[test]
fn bookings_of_nobody_share_a_placeholder_per_exact_reference_and_one_without_any() {
    let missing = of(&[
        ("_id", id(40)),
        ("serviceId", id(30)),
        ("createdAt", Value::date(9)),
    ]);
    let null = of(&[
        ("_id", id(41)),
        ("serviceId", id(30)),
        ("userId", Value::null()),
        ("createdAt", Value::date(3)),
    ]);
    let bookings = [
        missing,
        null,
        booking(42, id(9)),
        booking(43, id(9)),
        booking(44, text("090909090909090909090909")),
    ];
    let outcome = migrated(&shop(&[], &bookings, &[]));
    let unknown = format!("businessId: {ID_20}, name: \"Unknown Customer\"");
    let expected = [
        format!("{{_id: 0, {unknown}, createdAt: Date(3)}}"),
        format!("{{_id: 1, {unknown}}}"),
        format!("{{_id: 2, {unknown}}}"),
    ];
    assert_eq!(made(&outcome), expected);
    assert_eq!(conflict(&outcome, "booking-without-user"), 5);
    assert_eq!((outcome.equations.pairs, outcome.equations.created), (0, 0));
}

#[test]
fn a_booking_of_no_business_is_quarantined_before_anything_else() {
    let user = of(&[("_id", id(1)), ("phone", text("0"))]);
    let lost = of(&[
        ("_id", id(40)),
        ("userId", id(1)),
        ("serviceId", id(99)),
        ("customerId", id(50)),
    ]);
    let customer = of(&[("_id", id(50)), ("businessId", id(20))]);
    let outcome = migrated(&shop(std::slice::from_ref(&user), &[lost], &[customer]));
    assert!(matches!(outcome.bookings[0].fate, Fate::Quarantined));
    assert_eq!(outcome.users, [user]);
    assert_eq!(conflict(&outcome, "booking-without-business"), 1);
    assert_eq!(conflict(&outcome, "already-linked"), 0);
    assert_eq!(conflict(&outcome, "idle-user"), 1);
    assert!(outcome.links_of_existing.is_empty());
}

#[test]
fn a_link_within_the_business_is_kept_where_it_stands_and_any_other_is_made_anew() {
    let user = of(&[("_id", id(1)), ("phone", text("0"))]);
    let with = |n: u8, customer: Value| {
        of(&[
            ("_id", id(n)),
            ("customerId", customer),
            ("userId", id(1)),
            ("serviceId", id(30)),
        ])
    };
    let here = of(&[
        ("_id", id(50)),
        ("businessId", id(20)),
        ("email", text("h@x.y")),
    ]);
    let elsewhere = of(&[("_id", id(51)), ("businessId", id(21))]);
    let spelt = text("323232323232323232323232");
    let kept = migrated(&shop(
        std::slice::from_ref(&user),
        &[with(40, spelt.clone())],
        &[here.clone(), elsewhere.clone()],
    ));
    let Fate::Kept(bytes) = &kept.bookings[0].fate else {
        panic!("not kept");
    };
    assert_eq!(fields(bytes)[1], field("customerId", spelt));
    assert_eq!(
        kept.users,
        std::slice::from_ref(&user),
        "adopted users keep their contact data"
    );
    assert_eq!((kept.equations.adopted, kept.made.len()), (1, 0));
    assert!(kept.links_of_existing[&0].users.contains(&id(1)));
    let anew = migrated(&shop(
        &[user],
        &[with(40, id(51)), with(41, text(""))],
        &[here, elsewhere],
    ));
    assert_eq!((anew.equations.created, anew.made.len()), (1, 1));
    assert_eq!(conflict(&anew, "already-linked"), 2);
}

#[test]
fn a_group_adopts_the_existing_customer_of_its_email_and_keeps_its_contact_data() {
    let user = |n: u8| {
        of(&[
            ("_id", id(n)),
            ("email", text("A@x.y")),
            ("phone", text("0")),
        ])
    };
    let existing = |n: u8, business: u8, email: &str| {
        of(&[
            ("_id", id(n)),
            ("businessId", id(business)),
            ("email", text(email)),
        ])
    };
    let customers = [
        existing(53, 20, "b@x.y"),
        existing(52, 20, " a@x.y"),
        existing(51, 21, "a@x.y"),
    ];
    let bookings = [booking(40, id(1)), booking(41, id(2))];
    let users = [user(1), user(2)];
    let outcome = migrated(&shop(&users, &bookings, &customers));
    let adopted = Customer::Existing(1);
    for booking in &outcome.bookings {
        assert!(matches!(&booking.fate, Fate::Linked { to, .. } if *to == [adopted]));
    }
    assert_eq!(outcome.users, users);
    assert_eq!(
        (outcome.equations.adopted, outcome.equations.merged_away),
        (1, 1)
    );
    assert_eq!(conflict(&outcome, "customer-exists"), 3);
}

#[test]
fn accounts_are_told_by_password_ownership_and_membership() {
    let with = |n: u8, password: Value| {
        of(&[
            ("_id", id(n)),
            ("hashedPassword", password),
            ("city", text("Ulm")),
        ])
    };
    let users = [
        with(1, text("")),
        with(2, Value::null()),
        with(3, text("hash")),
        of(&[("_id", id(4))]),
    ];
    let mut data = shop(&users, &[booking(40, id(3))], &[]);
    data.collections[1]
        .documents
        .push(of(&[("_id", id(22)), ("ownerId", id(1))]));
    let member = of(&[
        ("_id", id(60)),
        ("userId", text("040404040404040404040404")),
    ]);
    data.collections
        .push(Collection::new("TeamMember", vec![member]));
    let outcome = migrated(&data);
    assert_eq!(outcome.counts.accounts, 3);
    assert_eq!(conflict(&outcome, "account-also-customer"), 1);
    assert_eq!(conflict(&outcome, "contact-only-on-account"), 1);
    assert_eq!(conflict(&outcome, "idle-user"), 1);
}

#[test]
fn a_user_id_that_no_customer_id_can_be_made_from_is_refused() {
    let user = of(&[("_id", Value::boolean(true))]);
    let data = shop(&[user], &[booking(40, Value::boolean(true))], &[]);
    assert!(matches!(verdict(&data), Ok(Verdict::Refused(_))));
}
