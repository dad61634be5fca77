//! References that are spelled otherwise than what they name, what refers to bookings that go to the quarantine, and what refers to users whom
//! an answer gives to a business.

use bson::{Bson, Document, doc};
use ringfence::domain::conflict::{Choice, Code};
use ringfence::domain::decision::Decision;
use ringfence::domain::history::Change;
use ringfence::domain::id::Id;

use crate::conflicts::world::{
    World, applied, apply, business, choose, customer_of, found, id, key, one, service, somebody,
    surveyed, user,
};

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn ids_with_white_space_or_capital_digits_are_joined_and_named() {
    let hex = user(3).to_hex();
    let spelled = [
        format!(" {hex}"),
        format!("{hex}\n"),
        hex.to_uppercase(),
        format!("\u{a0}{} ", hex.to_uppercase()),
    ];
    let mut world = World::new();
    world.add("User", somebody(3));
    let of: Vec<_> = spelled
        .iter()
        .map(|text| world.book(text.as_str(), service(1)))
        .collect();
    let spaced = format!(" {}", service(2).to_hex().to_uppercase());
    let service_of = world.book(user(2), spaced.as_str());
    let conflicts = [
        (
            key(
                Code::IdTypeMismatch,
                None,
                &[Id::string("Booking.serviceId")],
            ),
            1,
        ),
        (
            key(Code::IdTypeMismatch, None, &[Id::string("Booking.userId")]),
            4,
        ),
    ];
    assert_eq!(found(&surveyed(&world.seeded().await).await), conflicts);
    let before = world.seeded().await;
    let picture = before.picture().await;
    let changes = conflicts
        .iter()
        .map(|(key, _)| choose(key, Choice::JoinByValue));
    apply(&before, changes.collect()).await;
    let customer = customer_of(&before, of[0]).await;
    assert_eq!(customer.get_str("name").unwrap(), "Person 3");
    for of in &of[1..] {
        assert_eq!(customer_of(&before, *of).await, customer);
    }
    let second = customer_of(&before, service_of).await;
    assert_eq!(second.get_object_id("businessId").unwrap(), business(2));
    before.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = crate::support::picture::but_runs(&before.picture().await);
    let differs = crate::support::picture::differences(&picture, &now, true);
    assert_eq!(differs, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn users_services_and_businesses_whose_own_ids_are_odd_texts_are_found_by_plain_references() {
    let mut world = World::new();
    let odd = user(3).to_hex().to_uppercase();
    let mut person = somebody(3);
    person.insert("_id", odd.as_str());
    world.add("User", person);
    world.add("Business", doc! { "_id": "salon 3 ", "name": "Salon 3" });
    world.add("Service", doc! { "_id": " cut", "businessId": "salon 3" });
    let of = world.book(user(3), "cut");
    let fields = ["Booking.serviceId", "Booking.userId", "Service.businessId"];
    let conflicts = fields.map(|field| key(Code::IdTypeMismatch, None, &[Id::string(field)]));
    let case = world.seeded().await;
    assert_eq!(
        found(&surveyed(&case).await),
        conflicts.clone().map(|key| (key, 1))
    );
    let changes = conflicts.iter().map(|key| choose(key, Choice::JoinByValue));
    let case = applied(&world, changes.collect()).await;
    let customer = customer_of(&case, of).await;
    // What is written has the form of the document that it names.
    assert_eq!(customer.get_str("businessId").unwrap(), "salon 3 ");
    assert_eq!(customer.get_str("name").unwrap(), "Person 3");
}

#[tokio::test]
async fn two_users_whose_ids_only_capitals_or_white_space_tell_apart_are_twins() {
    for (one, other) in [
        (
            Bson::from(user(3)),
            Bson::from(user(3).to_hex().to_uppercase()),
        ),
        ("u3".into(), " u3".into()),
    ] {
        let mut world = World::new();
        for id in [&one, &other] {
            let mut person = somebody(if *id == one { 3 } else { 4 });
            person.insert("_id", id.clone());
            world.customer(person, 1);
        }
        let of = |id: &Bson| match id {
            Bson::ObjectId(id) => Id::object_id(id.bytes()),
            other => Id::string(other.as_str().unwrap()),
        };
        let twins = key(Code::IdTwins, None, &[of(&one), of(&other)]);
        let case = world.seeded().await;
        assert_eq!(found(&surveyed(&case).await), [(twins, 2)]);
    }
}

/// Two bookings without a business, and reviews and payments that refer to them and to others.
fn referred_to() -> (World, ringfence::domain::conflict::ConflictKey) {
    let mut world = World::new();
    let first = world.book(user(1), service(77));
    let second = world.book(user(2), service(77));
    let fine = crate::conflicts::world::booking(1);
    world.add("Review", doc! { "_id": 1, "bookingId": first, "text": "x" });
    world.add("Review", doc! { "_id": 2, "bookingId": second.to_hex() });
    world.add("Review", doc! { "_id": 3, "bookingId": fine });
    world.add("Payment", doc! { "_id": 1, "for": [{ "booking": first }, { "booking": second }, { "booking": fine }] });
    let lost = key(Code::BookingWithoutBusiness, None, &[id(service(77))]);
    (world, lost)
}

#[tokio::test]
async fn what_refers_to_a_booking_that_goes_to_the_quarantine_is_counted_and_named_with_the_answer()
{
    let (world, lost) = referred_to();
    let case = world.seeded().await;
    assert_eq!(found(&surveyed(&case).await), [(lost.clone(), 2)]);
    let named = ["Payment.for.booking 2", "Review.bookingId 2"];
    case.ringfence(&["survey"]).await.code(2).says(&named);
    let json = case.ringfence(&["--json", "survey"]).await.code(2);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let of = &json["leaving"]["referredToBy"]["booking-without-business"];
    assert_eq!(
        of,
        &serde_json::json!({ "Payment.for.booking": 2, "Review.bookingId": 2 })
    );
    case.plan().await.says(&named);
    case.apply(&["--accept-unknown"]).await.code(0);
    case.ringfence(&["report"]).await.code(0).says(&named);

    // Left where they are, nothing is said.
    let case = world.seeded().await;
    crate::conflicts::world::planned(&case, vec![choose(&lost, Choice::Leave)]).await;
    let plan: Document =
        serde_json::from_str(&std::fs::read_to_string(case.path("plan.json")).unwrap()).unwrap();
    assert!(plan.contains_key("leaving"), "{plan}");
    let report = case.apply(&["--accept-unknown"]).await.code(0);
    assert!(!report.out.contains("Review.bookingId"), "{}", report.out);
}

#[tokio::test]
async fn a_few_references_in_a_large_collection_are_counted_all() {
    let (world, _) = referred_to();
    let case = world.seeded().await;
    let many: Vec<_> = (0..21_000)
        .map(|n| doc! { "_id": n, "booking": crate::conflicts::world::booking(if n % 7_000 == 0 { 3 } else { 1 }) })
        .collect();
    case.database
        .collection("Event")
        .insert_many(many)
        .await
        .unwrap();
    case.ringfence(&["survey"])
        .await
        .code(2)
        .says(&["Event.booking 3"]);
}

#[tokio::test]
async fn references_to_a_user_whom_an_answer_gives_to_a_business_are_found_with_the_answer() {
    let mut world = World::new();
    world.add("User", somebody(3));
    world.add("Review", doc! { "_id": 1, "authorId": user(3) });
    world.add("Review", doc! { "_id": 2, "authorId": user(1) });
    let idle = key(Code::IdleUser, None, &[id(user(3))]);
    let referred = key(
        Code::ReferencedElsewhere,
        None,
        &[Id::string("Review.authorId")],
    );
    let case = world.seeded().await;
    let mut session = surveyed(&case).await;
    assert_eq!(found(&session), [(idle.clone(), 1), (referred.clone(), 1)]);
    let mut decision = Decision::new(Choice::Assign);
    decision
        .set
        .insert("business".to_owned(), "Salon 1".to_owned());
    let assign = Change::Answer(idle.clone(), Some(decision));
    session.decide(vec![assign.clone()]).unwrap();
    assert_eq!(found(&session), [(idle.clone(), 1), (referred.clone(), 2)]);
    session.decide(vec![choose(&idle, Choice::Keep)]).unwrap();
    assert_eq!(found(&session), [(idle, 1), (referred, 1)]);
    drop(session);
    apply(&case, vec![assign]).await;
    assert!(one(&case, "User", user(3)).await.is_some());
}
