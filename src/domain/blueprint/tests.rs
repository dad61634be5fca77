#![allow(clippy::unwrap_used)]
use bson::oid::ObjectId;
use bson::{RawDocumentBuf, rawdoc};

use super::*;
use crate::domain::decision::Decision;
use crate::domain::mapping::{DEFAULT, Mapping};
use crate::domain::reference::End;
use crate::domain::survivorship::Survivor;
use crate::domain::table::tests::memory;

const BUSINESS: u8 = 1;
const SERVICE: u8 = 2;
const USER: u8 = 3;
const CUSTOMER: u8 = 4;

fn oid(kind: u8, number: u8) -> ObjectId {
    let mut bytes = [kind; 12];
    bytes[11] = number;
    ObjectId::from_bytes(bytes)
}

fn id(kind: u8, number: u8) -> Id {
    Id::object_id(oid(kind, number).bytes())
}

fn user(number: u8, email: &str) -> RawDocumentBuf {
    rawdoc! { "_id": oid(USER, number), "name": format!("User {number}"), "email": email }
}

fn booking(number: u8, of: (u8, u8)) -> RawDocumentBuf {
    rawdoc! { "_id": oid(5, number), "userId": oid(USER, of.0), "serviceId": oid(SERVICE, of.1) }
}

/// Three businesses with one service each. Bookings are pairs of user and business.
fn survey(users: &[RawDocumentBuf], pairs: &[(u8, u8)], existing: &[RawDocumentBuf]) -> Survey {
    let bookings: Vec<_> = (0..).zip(pairs).map(|(at, of)| booking(at, *of)).collect();
    survey_of(users, &bookings, existing)
}

fn survey_of(
    users: &[RawDocumentBuf],
    bookings: &[RawDocumentBuf],
    existing: &[RawDocumentBuf],
) -> Survey {
    let mut survey = Survey::new("shop", Mapping::parse(DEFAULT).unwrap(), &memory(1 << 20));
    for number in 0..3 {
        survey.take_business(&rawdoc! { "_id": oid(BUSINESS, number) });
    }
    for hop in survey.hops(End::Business) {
        for number in 0..3 {
            let service =
                rawdoc! { "_id": oid(SERVICE, number), "businessId": oid(BUSINESS, number) };
            survey.take_hop(End::Business, &hop, &service);
        }
    }
    for customer in existing {
        survey.take_existing(customer);
    }
    for user in users {
        survey.take_user(user);
    }
    survey.close_users();
    for booking in bookings {
        survey.take_booking(booking);
    }
    survey
}

fn policy(answers: &[(Code, Choice)]) -> Decisions {
    Decisions {
        policy: answers.iter().copied().collect(),
        ..Decisions::default()
    }
}

fn key(code: Code, business: Option<u8>, users: &[u8]) -> ConflictKey {
    ConflictKey {
        code,
        business: business.map(|it| id(BUSINESS, it)),
        subjects: users.iter().map(|user| id(USER, *user)).collect(),
    }
}

fn derived(business: u8, user: u8) -> Id {
    let ids = (id(BUSINESS, business), id(USER, user));
    customer_id(&ids.0, &ids.1, IdKind::ObjectId)
}

#[test]
fn a_user_gets_one_customer_at_each_business_whatever_the_number_of_bookings() {
    let users = [user(0, "ann@a.org"), user(1, "bob@a.org")];
    let survey = survey(&users, &[(0, 0), (0, 1), (0, 0), (1, 0)], &[]);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    assert_eq!(
        blueprint.counts,
        PairCounts {
            pairs: 3,
            created: 3,
            ..PairCounts::default()
        }
    );
    assert_eq!(blueprint.customers, [2, 1, 0]);
    assert_eq!(blueprint.customer_of(&survey, 0, 0), Some(derived(0, 0)));
    assert_eq!(blueprint.customer_of(&survey, 0, 1), Some(derived(1, 0)));
    assert_ne!(derived(0, 0), derived(1, 0));
    assert_eq!(blueprint.email_index, EmailIndex::Plain);
    assert!(blueprint.obstacles.is_empty() && blueprint.clashes.is_empty());
}

#[test]
fn users_with_one_e_mail_are_merged_at_the_business_that_they_share_and_nowhere_else() {
    // The smallest id is not the survivor: the third user's record is the most complete.
    let mut full = user(2, "ANN@a.org ");
    full.append(bson::raw::cstr!("phone"), "+44 20 7946 0018");
    let users = [user(0, "ann@a.org"), user(1, " Ann@A.org"), full];
    let survey = survey(&users, &[(0, 0), (1, 0), (2, 0), (1, 1)], &[]);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    assert_eq!(
        blueprint.counts,
        PairCounts {
            pairs: 4,
            created: 2,
            merged_away: 2,
            ..PairCounts::default()
        }
    );
    for user in 0..3 {
        assert_eq!(blueprint.customer_of(&survey, user, 0), Some(derived(0, 0)));
    }
    assert_eq!(blueprint.groups[0].members, [2, 0, 1]);
    assert_eq!(blueprint.role(&survey, 1, 1), Role::Own);
    assert_eq!(blueprint.customer_of(&survey, 1, 1), Some(derived(1, 1)));
    assert!(blueprint.clashes.is_empty(), "{:?}", blueprint.clashes);
}

#[test]
fn the_survivor_follows_the_rule_and_what_was_typed_goes_before_what_it_has() {
    let users = [user(0, "ann@a.org"), user(1, "ann@a.org")];
    let survey = survey(&users, &[(0, 0), (1, 0), (1, 0)], &[]);
    let mut decision = Decision::new(Choice::Merge);
    decision.survivor = Some(Survivor::MostBookings);
    decision.set.insert("name".to_owned(), "Ann".to_owned());
    decision.pick.insert("name".to_owned(), id(USER, 0));
    decision.pick.insert("phone".to_owned(), id(USER, 0));
    let mut decisions = Decisions::default();
    let key = key(Code::DuplicateEmail, Some(0), &[0, 1]);
    decisions.single.insert(key, decision);
    let blueprint = Blueprint::new(&survey, &decisions);
    assert_eq!(blueprint.groups[0].members, [1, 0]);
    let rules = blueprint.rules(&survey, 1, 0);
    assert_eq!(rules.set.get("name").map(String::as_str), Some("Ann"));
    assert_eq!(rules.pick.keys().collect::<Vec<_>>(), ["phone"]);
}

#[test]
fn users_that_are_kept_apart_leave_the_e_mail_to_the_first_of_them() {
    let users = [0, 1, 2].map(|number| user(number, "ann@a.org"));
    let decisions = policy(&[(Code::DuplicateEmail, Choice::KeepApart)]);
    let two = survey(&users[..2], &[(0, 0), (1, 0)], &[]);
    let blueprint = Blueprint::new(&two, &decisions);
    assert_eq!(blueprint.counts.created, 2);
    let without = |survey: &Survey, blueprint: &Blueprint, count| -> Vec<bool> {
        let rules = (0..count).map(|user| blueprint.rules(survey, user, 0));
        rules.map(|rules| rules.without_email).collect()
    };
    assert_eq!(without(&two, &blueprint, 2), [false, true]);
    assert_eq!(blueprint.email_index, EmailIndex::Plain);
    // Two customers without an e-mail are more than a plain unique index holds.
    let three = survey(&users, &[(0, 0), (1, 0), (2, 0)], &[]);
    let blueprint = Blueprint::new(&three, &decisions);
    assert_eq!(without(&three, &blueprint, 3), [false, true, true]);
    assert_eq!(blueprint.email_index, EmailIndex::Partial);
    assert!(blueprint.clashes.is_empty(), "{:?}", blueprint.clashes);
}

#[test]
fn a_plain_index_holds_one_customer_without_an_e_mail_at_each_business() {
    let users = [user(0, ""), user(1, "")];
    for (pairs, index) in [
        ([(0, 0), (1, 1)], EmailIndex::Plain),
        ([(0, 0), (1, 0)], EmailIndex::Partial),
    ] {
        let survey = survey(&users, &pairs, &[]);
        let blueprint = Blueprint::new(&survey, &Decisions::default());
        assert_eq!(blueprint.email_index, index, "{pairs:?}");
        assert!(blueprint.clashes.is_empty());
    }
}

#[test]
fn an_existing_customer_is_adopted_where_business_and_e_mail_are_equal() {
    let users = [user(0, "ann@a.org")];
    let there =
        rawdoc! { "_id": oid(CUSTOMER, 9), "businessId": oid(BUSINESS, 0), "email": " ANN@a.org" };
    let survey = survey(&users, &[(0, 0), (0, 1)], &[there]);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    assert_eq!(blueprint.role(&survey, 0, 0), Role::Adopted(0));
    assert_eq!(
        blueprint.customer_of(&survey, 0, 0),
        Some(id(CUSTOMER, 9)),
        "its own id"
    );
    assert_eq!(blueprint.role(&survey, 0, 1), Role::Own);
    let counts = blueprint.counts;
    assert_eq!((counts.adopted, counts.created, counts.existing), (1, 1, 1));
    assert_eq!(blueprint.customers, [1, 1, 0]);

    let beside = policy(&[(Code::CustomerExists, Choice::KeepBeside)]);
    let blueprint = Blueprint::new(&survey, &beside);
    assert_eq!(blueprint.role(&survey, 0, 0), Role::Own);
    assert_eq!(blueprint.clashes.len(), 1, "both have the same e-mail");
    assert!(blueprint.clashes[0].contains("share an e-mail"));

    let stop = policy(&[(Code::CustomerExists, Choice::Stop)]);
    let obstacles = Blueprint::new(&survey, &stop).obstacles;
    assert!(obstacles[0].contains("customer-exists: stop"));
}

#[test]
fn a_merged_group_adopts_by_the_survivors_e_mail() {
    let users = [user(0, "ann@a.org"), user(1, "ann@a.org")];
    let there =
        rawdoc! { "_id": oid(CUSTOMER, 9), "businessId": oid(BUSINESS, 0), "email": "ann@a.org" };
    let survey = survey(&users, &[(0, 0), (1, 0)], &[there]);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    assert_eq!(blueprint.groups[0].adopts, Some(0));
    for user in 0..2 {
        assert_eq!(
            blueprint.customer_of(&survey, user, 0),
            Some(id(CUSTOMER, 9))
        );
        assert!(!blueprint.cleans(&survey, user, &[0]), "nothing was copied");
    }
    let counts = blueprint.counts;
    assert_eq!(
        (counts.created, counts.adopted, counts.merged_away),
        (0, 1, 1)
    );
}

#[test]
fn two_existing_customers_with_one_e_mail_at_one_business_are_an_obstacle_unless_they_are_merged() {
    let there = |number, business, email: &str| {
        rawdoc! { "_id": oid(CUSTOMER, number), "businessId": oid(BUSINESS, business), "email": email }
    };
    for (second, obstacles) in [
        (there(1, 0, "ann@a.org"), 1),
        (there(1, 1, "ann@a.org"), 0),
        // The index compares bytes.
        (there(1, 0, "Ann@a.org"), 0),
    ] {
        let survey = survey(&[], &[], &[there(0, 0, "ann@a.org"), second]);
        let apart = policy(&[(Code::DuplicateEmail, Choice::KeepApart)]);
        let blueprint = Blueprint::new(&survey, &apart);
        assert_eq!(
            blueprint.obstacles.len(),
            obstacles,
            "{:?}",
            blueprint.obstacles
        );
        let merged = Blueprint::new(&survey, &Decisions::default());
        assert!(merged.obstacles.is_empty(), "{:?}", merged.obstacles);
    }
}

#[test]
fn pairs_whose_bookings_have_a_customer_already_keep_it_unless_they_are_relinked() {
    let there =
        rawdoc! { "_id": oid(CUSTOMER, 9), "businessId": oid(BUSINESS, 0), "email": "x@a.org" };
    let mut linked = booking(0, (0, 0));
    linked.append(bson::raw::cstr!("customerId"), oid(CUSTOMER, 9));
    // A customer of another business is no link.
    let mut stray = booking(1, (0, 1));
    stray.append(bson::raw::cstr!("customerId"), oid(CUSTOMER, 9));
    let survey = survey_of(&[user(0, "ann@a.org")], &[linked, stray], &[there]);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    assert_eq!(blueprint.role(&survey, 0, 0), Role::Linked);
    assert_eq!(blueprint.customer_of(&survey, 0, 0), None);
    assert_eq!(blueprint.role(&survey, 0, 1), Role::Own);
    assert_eq!((blueprint.counts.adopted, blueprint.counts.created), (1, 1));

    let relink = policy(&[(Code::AlreadyLinked, Choice::Relink)]);
    let blueprint = Blueprint::new(&survey, &relink);
    assert!(blueprint.relinks(0));
    assert_eq!(blueprint.role(&survey, 0, 0), Role::Own);
    assert_eq!(blueprint.counts.created, 2);
}

#[test]
fn a_skipped_account_gets_no_customer_and_keeps_its_contact_fields() {
    let account = rawdoc! { "_id": oid(USER, 0), "name": "Ann", "email": "ann@a.org", "hashedPassword": "x", "phone": "1" };
    let survey = survey(&[account], &[(0, 0)], &[]);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    assert_eq!(blueprint.counts.created, 1);
    assert!(blueprint.cleans(&survey, 0, &[0]));
    let skip = policy(&[(Code::AccountAlsoCustomer, Choice::Skip)]);
    let blueprint = Blueprint::new(&survey, &skip);
    assert_eq!(blueprint.role(&survey, 0, 0), Role::Skipped);
    assert_eq!(blueprint.customer_of(&survey, 0, 0), None);
    assert_eq!((blueprint.counts.skipped, blueprint.counts.created), (1, 0));
    assert!(!blueprint.cleans(&survey, 0, &[0]));
}

#[test]
fn contact_fields_of_an_account_without_bookings_go_only_by_decision() {
    let account = rawdoc! { "_id": oid(USER, 0), "hashedPassword": "x", "phone": "1" };
    let survey = survey(&[account], &[], &[]);
    assert!(!Blueprint::new(&survey, &Decisions::default()).cleans(&survey, 0, &[]));
    let wipe = policy(&[(Code::ContactOnlyOnAccount, Choice::Wipe)]);
    assert!(Blueprint::new(&survey, &wipe).cleans(&survey, 0, &[]));
}

#[test]
fn one_narrow_member_narrows_its_whole_group() {
    let users = [user(0, "ann@a.org"), user(1, "ann@a.org")];
    let survey = survey(&users, &[(0, 0), (1, 0), (1, 1)], &[]);
    let mut decisions = Decisions::default();
    let shared = key(Code::ContactShared, None, &[1]);
    decisions
        .single
        .insert(shared, Decision::new(Choice::NameAndEmail));
    let blueprint = Blueprint::new(&survey, &decisions);
    assert!(blueprint.rules(&survey, 0, 0).narrow && blueprint.rules(&survey, 1, 0).narrow);
    assert!(blueprint.rules(&survey, 1, 1).narrow);
    assert!(
        !blueprint.cleans(&survey, 0, &[0]),
        "its fields were not copied"
    );
}

#[test]
fn every_missing_user_gets_a_placeholder_of_its_own_at_each_business() {
    let gone = |number, user: u8, business: u8| booking(number, (user, business));
    let nobody = |number| rawdoc! { "_id": oid(5, number), "serviceId": oid(SERVICE, 0) };
    let bookings = [
        gone(0, 8, 0),
        gone(1, 8, 0),
        gone(2, 9, 0),
        gone(3, 8, 1),
        nobody(4),
    ];
    let survey = survey_of(&[], &bookings, &[]);
    let blueprint = Blueprint::new(&survey, &Decisions::default());
    assert_eq!(blueprint.counts.placeholders, 4);
    assert_eq!(blueprint.customers, [3, 1, 0]);
    assert_eq!(
        blueprint.email_index,
        EmailIndex::Partial,
        "none has an e-mail"
    );
    let of = |business, user: Option<u8>| {
        let names = user.map(|user| id(USER, user));
        blueprint.placeholder_of(&survey, business, names.as_ref())
    };
    let all = [of(0, Some(8)), of(0, Some(9)), of(1, Some(8)), of(0, None)];
    let all: std::collections::BTreeSet<_> = all.into_iter().collect();
    assert_eq!(all.len(), 4);

    let away = policy(&[(Code::BookingWithoutUser, Choice::Quarantine)]);
    let blueprint = Blueprint::new(&survey, &away);
    assert_eq!(blueprint.counts.placeholders, 0);
    assert_eq!(blueprint.without_user(0, &None), Choice::Quarantine);
}

#[test]
fn bookings_of_a_lost_service_stay_only_by_decision() {
    let survey = survey_of(&[], &[booking(0, (0, 9))], &[]);
    let service = Some(id(SERVICE, 9));
    assert!(!Blueprint::new(&survey, &Decisions::default()).leaves(&service));
    let leave = policy(&[(Code::BookingWithoutBusiness, Choice::Leave)]);
    let blueprint = Blueprint::new(&survey, &leave);
    assert!(blueprint.leaves(&service));
    assert!(
        !blueprint.leaves(&None),
        "no booking lacks a service altogether"
    );
}

#[test]
fn e_mails_that_were_typed_by_hand_are_checked_against_the_unique_index() {
    let users = [user(0, "ann@a.org"), user(1, "")];
    let survey = survey(&users, &[(0, 0), (1, 0)], &[]);
    let mut decision = Decision::new(Choice::Keep);
    decision
        .set
        .insert("email".to_owned(), "Ann@a.org".to_owned());
    let mut decisions = Decisions::default();
    let missing = key(Code::MissingEmail, None, &[1]);
    decisions.single.insert(missing.clone(), decision);
    let blueprint = Blueprint::new(&survey, &decisions);
    assert_eq!(blueprint.clashes.len(), 1);
    if let Some(decision) = decisions.single.get_mut(&missing) {
        decision
            .set
            .insert("email".to_owned(), "bob@a.org".to_owned());
    }
    let blueprint = Blueprint::new(&survey, &decisions);
    assert!(blueprint.clashes.is_empty(), "{:?}", blueprint.clashes);
    assert_eq!(blueprint.rules(&survey, 1, 0).set["email"], "bob@a.org");
}

#[test]
fn two_answers_that_keep_a_user_apart_and_merge_it_clash() {
    let phone = |number, email: &str| {
        rawdoc! { "_id": oid(USER, number), "email": email, "phone": "+44 20 7946 0018" }
    };
    let users = [
        phone(0, "ann@a.org"),
        phone(1, "ann@a.org"),
        phone(2, "b@a.org"),
    ];
    let mut survey = survey(&users, &[(0, 0), (1, 0), (2, 0)], &[]);
    for user in &users {
        survey.take_candidate(user);
    }
    let decisions = policy(&[
        (Code::DuplicateEmail, Choice::KeepApart),
        (Code::SamePhone, Choice::Merge),
    ]);
    let blueprint = Blueprint::new(&survey, &decisions);
    assert!(
        blueprint
            .clashes
            .iter()
            .any(|it| it.contains("kept apart from others")),
        "{:?}",
        blueprint.clashes
    );
}

#[test]
fn a_user_id_that_can_carry_no_customer_id_is_an_obstacle_once_it_has_a_booking() {
    let odd = rawdoc! { "_id": 7.5, "email": "ann@a.org" };
    let booked = rawdoc! { "_id": oid(5, 0), "userId": 7.5, "serviceId": oid(SERVICE, 0) };
    let with = survey_of(std::slice::from_ref(&odd), &[booked], &[]);
    let obstacles = Blueprint::new(&with, &Decisions::default()).obstacles;
    assert!(obstacles[0].contains("bson:01"), "{obstacles:?}");
    let without = survey_of(&[odd], &[], &[]);
    assert!(
        Blueprint::new(&without, &Decisions::default())
            .obstacles
            .is_empty()
    );
}
