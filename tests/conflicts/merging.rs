//! People who may be one: equal e-mails, equal phones, survivors, picks, typed values, and taking a merge back.

use std::collections::BTreeMap;

use bson::{DateTime, Document, doc};
use ringfence::domain::conflict::{Choice, Code, ConflictKey};
use ringfence::domain::decision::Decision;
use ringfence::domain::history::Change;
use ringfence::domain::survivorship::Survivor;

use crate::conflicts::world::{
    World, applied, apply, booking, business, choose, count, customer_of, finds_only, id, key, one,
    service, somebody, surveyed, user, with,
};

/// Users 3, 4 and 5 share an e-mail at business 1; 3 is the oldest, 4 the most complete, 5 the newest and has the most bookings.
fn three() -> World {
    let mut world = World::new();
    let at = |millis| DateTime::from_millis(millis);
    let people = [
        doc! { "_id": user(3), "name": "Ann", "email": "ann@example.org", "createdAt": at(10) },
        doc! { "_id": user(4), "name": "Anne", "email": " ANN@example.org", "phone": "+44 20 7946 4444", "city": "Bath", "createdAt": at(20) },
        doc! { "_id": user(5), "name": "A. Smith", "email": "ann@example.org", "company": "Smith", "createdAt": at(30) },
    ];
    for person in people {
        world.customer(person, 1);
    }
    world.book(user(5), service(1));
    world
}

fn three_key() -> ConflictKey {
    key(
        Code::DuplicateEmail,
        Some(business(1)),
        &[id(user(3)), id(user(4)), id(user(5))],
    )
}

fn answer(change: impl FnOnce(&mut Decision)) -> Vec<Change> {
    let mut decision = Decision::new(Choice::Merge);
    change(&mut decision);
    vec![Change::Answer(three_key(), Some(decision))]
}

#[tokio::test]
async fn duplicate_email() {
    let world = three();
    let spelled = key(Code::EmailSpelling, None, &[id(user(4))]);
    let case = world.seeded().await;
    let expected = [(three_key(), 1), (spelled, 1)];
    assert_eq!(
        crate::conflicts::world::found(&surveyed(&case).await),
        expected
    );

    let case = applied(&world, answer(|_| {})).await;
    let merged = customer_of(&case, booking(3)).await;
    for of in [4, 5, 6] {
        assert_eq!(customer_of(&case, booking(of)).await, merged);
    }
    let text = |field: &str| merged.get_str(field).unwrap_or("none").to_owned();
    assert_eq!(
        [text("name"), text("company"), text("city")],
        ["Anne", "Smith", "Bath"]
    );
    assert_eq!(
        merged.get_datetime("createdAt").unwrap(),
        &DateTime::from_millis(10)
    );
    let link = one(
        &case,
        "_ringfence_links",
        merged.get_object_id("_id").unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(link.get_array("users").unwrap().len(), 3);
    assert_eq!(link.get_array("lost").unwrap().len(), 3, "{link}");

    let case = applied(&world, vec![choose(&three_key(), Choice::KeepApart)]).await;
    assert_eq!(count(&case, "Customer").await, 5);
    let mut with_email = Vec::new();
    for of in [3, 4, 5] {
        if customer_of(&case, booking(of)).await.contains_key("email") {
            with_email.push(of);
        }
    }
    assert_eq!(with_email, [4], "only the most complete keeps it");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_survivor_rule_decides_whose_values_come_first() {
    let expected = [
        (Survivor::MostComplete, "Anne"),
        (Survivor::Oldest, "Ann"),
        (Survivor::Newest, "A. Smith"),
        (Survivor::MostBookings, "A. Smith"),
    ];
    for (rule, name) in expected {
        // Said for one conflict, for a business, or for all, in turn.
        let changes = match rule {
            Survivor::MostComplete | Survivor::Oldest => {
                answer(|decision| decision.survivor = Some(rule))
            }
            Survivor::Newest => vec![Change::Survivor(Some(id(business(1))), Some(rule))],
            Survivor::MostBookings => vec![Change::Survivor(None, Some(rule))],
        };
        let case = applied(&three(), changes).await;
        let merged = customer_of(&case, booking(3)).await;
        assert_eq!(merged.get_str("name").unwrap(), name, "{rule:?}");
        // Blanks are filled from the others, whoever survives.
        assert_eq!(merged.get_str("city").unwrap(), "Bath", "{rule:?}");
    }
}

#[tokio::test]
async fn a_merge_of_three_with_picked_and_typed_fields_comes_out_so_and_rolls_back_to_the_same_bytes()
 {
    let world = three();
    let case = world.seeded().await;
    let before = case.picture().await;
    let changes = answer(|decision| {
        decision.pick.insert("name".into(), id(user(3)));
        decision.pick.insert("city".into(), id(user(5))); // who has none
        decision.set.insert("phone".into(), " 020 1 ".into());
        decision.note = "asked".into();
    });
    apply(&case, changes).await;
    let merged = customer_of(&case, booking(3)).await;
    let expected = doc! {
        "_id": merged.get_object_id("_id").unwrap(), "businessId": business(1), "name": "Ann", "email": " ANN@example.org",
        "phone": "020 1", "company": "Smith", "createdAt": DateTime::from_millis(10),
    };
    assert_eq!(merged, expected);
    case.roll_back(&[]).await.code(0);
    let side = |name: &String| !name.starts_with("_ringfence_");
    let now: BTreeMap<_, _> = case
        .picture()
        .await
        .into_iter()
        .filter(|(name, _)| side(name))
        .collect();
    assert_eq!(now, before);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_merge_is_taken_back_before_the_cut_over_and_leaves_nothing_behind() {
    let world = three();
    let case = world.seeded().await;
    crate::conflicts::world::planned(&case, answer(|_| {})).await;
    case.apply(&["--accept-unknown", "--through", "prove"])
        .await
        .code(0);
    assert_eq!(count(&case, "_ringfence_next_Customer").await, 3);
    apply(&case, vec![choose(&three_key(), Choice::KeepApart)]).await;
    let other = applied(&world, vec![choose(&three_key(), Choice::KeepApart)]).await;
    for collection in ["Customer", "Booking", "User", "_ringfence_links"] {
        assert_eq!(
            case.picture().await[collection].documents,
            other.picture().await[collection].documents,
            "{collection}"
        );
    }
    let names = |case: &crate::support::case::Case| {
        let customers = case.database.collection::<Document>("Customer");
        async move {
            let mut names = customers.list_index_names().await.unwrap();
            names.sort();
            names
        }
    };
    assert_eq!(names(&case).await, names(&other).await);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn same_phone() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "phone": "+49 30 901820" }), 1);
    world.customer(
        with(
            somebody(4),
            doc! { "phone": "030/90 18 20", "country": "Germany" },
        ),
        1,
    );
    world.customer(
        with(
            somebody(5),
            doc! { "phone": "030 901820", "country": "France" },
        ),
        1,
    );
    world.customer(with(somebody(6), doc! { "phone": "+49 30 901820" }), 2);
    let conflict = key(
        Code::SamePhone,
        Some(business(1)),
        &[id(user(3)), id(user(4))],
    );
    finds_only(&world, &conflict, 1).await;
    let case = applied(&world, vec![choose(&conflict, Choice::KeepApart)]).await;
    assert_eq!(count(&case, "Customer").await, 6);
    let case = applied(&world, vec![choose(&conflict, Choice::Merge)]).await;
    assert_eq!(count(&case, "Customer").await, 5);
    let merged = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(4)).await, merged);
    let link = one(
        &case,
        "_ringfence_links",
        merged.get_object_id("_id").unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(
        link.get_array("lost").unwrap().len(),
        2,
        "the other's e-mail is kept: {link}"
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn groups_that_share_a_user_become_one_customer_or_are_refused_when_they_contradict() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "x@example.org" }), 1);
    world.customer(
        with(
            somebody(4),
            doc! { "email": "X@example.org", "phone": "+49 30 901820" },
        ),
        1,
    );
    world.customer(with(somebody(5), doc! { "phone": "+49 30 901820" }), 1);
    let email = key(
        Code::DuplicateEmail,
        Some(business(1)),
        &[id(user(3)), id(user(4))],
    );
    let phone = key(
        Code::SamePhone,
        Some(business(1)),
        &[id(user(4)), id(user(5))],
    );
    let both = vec![choose(&email, Choice::Merge), choose(&phone, Choice::Merge)];
    let case = applied(&world, both).await;
    assert_eq!(count(&case, "Customer").await, 3);
    let merged = customer_of(&case, booking(3)).await;
    assert_eq!(customer_of(&case, booking(5)).await, merged);

    let case = world.seeded().await;
    let mut session = surveyed(&case).await;
    session.decide(vec![choose(&phone, Choice::Merge)]).unwrap();
    let refused = session
        .decide(vec![choose(&email, Choice::KeepApart)])
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("change one of the two answers"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_typed_email_that_another_customer_has_is_refused_at_once_and_nothing_is_kept() {
    let mut world = World::new();
    world.customer(with(somebody(3), doc! { "email": "nobody" }), 1);
    let conflict = key(Code::InvalidEmail, None, &[id(user(3))]);
    let case = world.seeded().await;
    let mut session = surveyed(&case).await;
    let mut decision = Decision::new(Choice::Keep);
    let refusals = [
        ("Person1@Example.org", "share an e-mail"),
        ("person1", "not an e-mail address"),
    ];
    for (email, says) in refusals {
        decision.set.insert("email".into(), email.into());
        let tried = session.try_out(&conflict, decision.clone()).unwrap_err();
        let change = Change::Answer(conflict.clone(), Some(decision.clone()));
        let refused = session.decide(vec![change]).unwrap_err();
        for error in [tried, refused] {
            assert!(error.to_string().contains(says), "{error}");
        }
    }
    assert!(session.decisions().single.is_empty());
    assert!(!session.decisions_path().exists());
    // Elsewhere the same e-mail is fine.
    decision
        .set
        .insert("email".into(), "person2@example.org".into());
    session
        .decide(vec![Change::Answer(conflict, Some(decision))])
        .unwrap();
}

#[tokio::test]
async fn decisions_are_taken_back_and_done_again_in_the_file_too() {
    let case = three().seeded().await;
    let mut session = surveyed(&case).await;
    let path = session.decisions_path();
    let text = || std::fs::read_to_string(&path).unwrap_or_default();
    session.decide(answer(|_| {})).unwrap();
    let first = text();
    session
        .decide(vec![choose(&three_key(), Choice::KeepApart)])
        .unwrap();
    let second = text();
    assert_ne!(first, second);
    assert_eq!(session.undo().unwrap(), 1);
    assert_eq!(text(), first);
    assert_eq!(session.redo().unwrap(), 1);
    assert_eq!(text(), second);
    assert_eq!((session.undo().unwrap(), session.undo().unwrap()), (1, 1));
    assert_eq!(session.undo().unwrap(), 0);
    assert!(session.decisions().single.is_empty());
}
