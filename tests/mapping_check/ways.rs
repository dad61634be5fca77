//! Ways over other documents that are mistaken for one another: what the application needs does not leave with a user, those who work there are
//! not taken for customers, and what is no reference is not replaced.

use bson::doc;
use ringfence::domain::mapping::DEFAULT;

use crate::mapping_check::world::{USERS, World, id};
use crate::support::case::{Case, Ended};

/// Bookings that name a profile of the customer, one of who works there, and items; payments that name a booking.
async fn case() -> Case {
    let mut world = World::clean();
    for (at, booking) in world.bookings.iter_mut().enumerate() {
        let user = booking.get_object_id("userId").unwrap();
        let number = u32::from_be_bytes(user.bytes()[8..].try_into().unwrap());
        let place = u32::try_from(at).unwrap();
        booking.insert("profileId", id(b'q', number));
        booking.insert("workerId", id(b'q', place % 3));
        booking.insert("staffId", id(b'u', place % 3));
        booking.insert("items", vec![doc! { "serviceId": id(b's', place % 6) }]);
    }
    let profiles = (0..USERS).map(|n| doc! { "_id": id(b'q', n), "userId": id(b'u', n) });
    let payments = (0..60).map(|n| {
        let booking = &world.bookings[n as usize];
        doc! { "_id": id(b'p', n), "bookingId": booking.get_object_id("_id").unwrap(), "amount": 1 }
    });
    let payments = payments.collect();
    world.others.push(("Profile", profiles.collect()));
    world.others.push(("Payment", payments));
    world.case().await
}

async fn plan(case: &Case, text: &str) -> Ended {
    std::fs::write(case.path("ringfence.toml"), text).unwrap();
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan).await
}

/// The default mapping with something else in place of the bookings' user, or behind it.
fn booking(line: &str) -> String {
    let user = "user = \"userId\"\n";
    let (head, rest) = DEFAULT.split_once("[booking]").unwrap();
    assert!(rest.contains(user));
    let rest = if line.starts_with("user") {
        rest.replacen(user, &format!("{line}\n"), 1)
    } else {
        let key = line.split(" = ").next().unwrap();
        let rest: Vec<_> = rest.lines().collect();
        let customer = rest.iter().position(|it| it.starts_with("[customer]"));
        let is_it = |(at, it): &(usize, &&str)| {
            it.starts_with(&format!("{key} = ")) && Some(*at) < customer
        };
        let at = rest.iter().enumerate().find(is_it).map(|it| it.0);
        let kept = rest.iter().enumerate().filter(|it| Some(it.0) != at);
        let kept: Vec<_> = kept.map(|it| *it.1).collect();
        format!("\n{line}{}\n", kept.join("\n"))
    };
    format!("{head}[booking]{rest}")
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_the_application_needs_does_not_leave_and_nobody_is_taken_for_a_customer() {
    let case = case().await;
    let before = case.picture().await;
    for (line, says) in [
        (
            "user = \"serviceId > Service.businessId > Business.ownerId\"",
            "`serviceId` is a reference to a service",
        ),
        (
            "user = \"workerId > Profile.userId\"",
            "`profileId > Profile.userId` would fit",
        ),
        ("user = \"staffId\"", "`userId` names"),
        (
            "customer = \"items\"",
            "something else than ids of Customer",
        ),
    ] {
        let ended = plan(&case, &booking(line)).await.code(1);
        drop(ended.says(&["ringfence.toml:", says]));
    }
    for (line, says) in [
        (
            "drop = [\"staffId\"]",
            "`staffId` would leave Booking, and what stands there are ids of User who are no customers",
        ),
        (
            "drop = [\"items[].serviceId\"]",
            "`items[].serviceId` would leave Booking, and what stands there are ids of Service",
        ),
    ] {
        let ended = plan(&case, &booking(line)).await.code(0);
        let warned = ended.err.lines().find(|it| it.contains(says));
        let warned = warned.is_some_and(|it| it.starts_with("warning: mapping ringfence.toml:"));
        assert!(warned, "{}", ended.err);
    }
    // Copies of the customer may leave without a word.
    let ended = plan(&case, &booking("drop = [\"profileId\"]")).await;
    assert!(ended.err.contains("are ids of Profile"), "{}", ended.err);
    case.assert_same(&before).await;
    let hop = "user = \"profileId > Profile.userId\"";
    plan(&case, &booking(hop)).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_payment_keeps_its_booking_though_its_user_is_found_over_it() {
    let case = case().await;
    let entry = "\n[[follow]]\ncollection = \"Payment\"\nuser = \"bookingId > Booking.userId\"\n\
                 business = \"bookingId > Booking.serviceId > Service.businessId\"\nto = \"customerId\"\n";
    let text = format!("{DEFAULT}{entry}");
    let ended = plan(&case, &text).await.code(1);
    drop(ended.says(&[
        "ringfence.toml:",
        "is a reference to a booking",
        "keep = true",
    ]));
    let ended = plan(&case, &(text + "keep = true\n")).await.code(0);
    drop(ended.says(&[
        "warning: mapping ringfence.toml:",
        "documents of Payment keep bookingId",
    ]));
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    let payments = case.database.collection::<bson::Document>("Payment");
    let both = doc! { "bookingId": { "$ne": null }, "customerId": { "$ne": null } };
    assert_eq!(payments.count_documents(both).await.unwrap(), 60);
}

#[tokio::test]
async fn a_plan_says_how_many_bookings_the_filter_leaves_out() {
    let mut world = World::clean();
    for (at, booking) in world.bookings.iter_mut().enumerate() {
        booking.insert("state", if at < 150 { "gone" } else { "done" });
    }
    let case = world.case().await;
    let line = "where = { state = \"done\" }";
    let ended = plan(&case, &booking(line)).await.code(0);
    drop(ended.says(&["150 bookings are outside booking.where: they stay as they are"]));
}
