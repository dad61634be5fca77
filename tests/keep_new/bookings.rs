//! Bookings that the application added, changed, moved or deleted.

use bson::{Bson, doc};

use crate::keep_new::expected::{Migrated, new_booking, of_user};
use crate::support::data::{BOOKING, CUSTOMER, SERVICE, USER, id};

/// The user of a usual booking.
fn usual(n: u32) -> u32 {
    7 + n % 33
}

#[tokio::test]
async fn a_new_booking_gets_its_customers_user_appended() {
    let mut world = Migrated::new().await;
    let booking = new_booking(700, world.customer_of(60).await);
    world.insert("Booking", booking.clone()).await;
    world.expect("Booking", &of_user(booking, usual(60)));
    world.comes_back(&[], 0).await.says(&[
        "carried back in Booking: 1 added",
        "_ringfence_rolled_back_",
    ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_new_booking_of_a_merged_customer_gets_the_first_of_its_users_by_id() {
    let mut world = Migrated::new().await;
    // Booking 8 is of user 15, who is one customer with user 12.
    let customer = world.customer_of(8).await;
    assert_eq!(customer, world.customer_of(5).await);
    let booking = new_booking(700, customer);
    world.insert("Booking", booking.clone()).await;
    world.expect("Booking", &of_user(booking, 12));
    world.comes_back(&[], 0).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_new_booking_of_a_placeholder_names_what_its_bookings_named() {
    let mut world = Migrated::new().await;
    let dangling = new_booking(700, world.customer_of(140).await);
    let nobody = new_booking(701, world.customer_of(143).await);
    world.insert("Booking", dangling.clone()).await;
    world.insert("Booking", nobody.clone()).await;
    world.expect("Booking", &of_user(dangling, 777));
    let mut nobodys = nobody;
    nobodys.remove("customerId");
    world.expect("Booking", &nobodys);
    world.comes_back(&[], 0).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_new_booking_of_a_customer_who_was_there_before_keeps_its_customer_and_gets_its_user() {
    let mut world = Migrated::new().await;
    let adopted = new_booking(700, id(CUSTOMER, 1)); // by user 17
    let alone = new_booking(701, id(CUSTOMER, 2));
    world.insert("Booking", adopted.clone()).await;
    world.insert("Booking", alone.clone()).await;
    let mut with_user = adopted;
    with_user.insert("userId", id(USER, 17));
    world.expect("Booking", &with_user);
    world.expect("Booking", &alone);
    world.comes_back(&[], 0).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn changed_fields_change_in_their_place_new_ones_follow_and_removed_ones_go() {
    let mut world = Migrated::new().await;
    let update = doc! { "$set": { "status": "moved", "room": 7 }, "$unset": { "price": "" } };
    world.update("Booking", id(BOOKING, 60), update).await;
    let mut expected = world.before("Booking", id(BOOKING, 60));
    expected.insert("status", "moved");
    expected.remove("price");
    expected.insert("room", 7);
    world.expect("Booking", &expected);
    world
        .comes_back(&[], 0)
        .await
        .says(&["carried back in Booking: 1 changed"]);
}

#[tokio::test]
async fn deleted_bookings_stay_deleted_and_the_quarantined_come_back() {
    let mut world = Migrated::new().await;
    for n in [60, 61, 140] {
        world.delete("Booking", id(BOOKING, n)).await;
        world.expect_gone("Booking", id(BOOKING, n));
    }
    world
        .comes_back(&[], 0)
        .await
        .says(&["carried back in Booking: 3 deleted"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_booking_moved_to_another_customer_gets_that_ones_user_in_the_place_of_its_own() {
    let mut world = Migrated::new().await;
    let placeholders = (world.customer_of(141).await, world.customer_of(142).await);
    // (booking, of whom it gets the customer): usual ones, one of a dangling user, one of nobody without and one with the field.
    for (n, of) in [(60, 63), (140, 63), (142, 66), (143, 66)] {
        let to = world.customer_of(of).await;
        world
            .update(
                "Booking",
                id(BOOKING, n),
                doc! { "$set": { "customerId": to } },
            )
            .await;
        let mut expected = world.before("Booking", id(BOOKING, n));
        expected.insert("userId", id(USER, usual(of)));
        world.expect("Booking", &expected);
    }
    // To the placeholder of a dangling user, and to the one of nobody.
    for (n, to, names) in [
        (69, placeholders.0, Some(id(USER, 777))),
        (72, placeholders.1, None),
    ] {
        world
            .update(
                "Booking",
                id(BOOKING, n),
                doc! { "$set": { "customerId": to } },
            )
            .await;
        let mut expected = world.before("Booking", id(BOOKING, n));
        match names {
            Some(user) => drop(expected.insert("userId", user)),
            None => drop(expected.remove("userId")),
        }
        world.expect("Booking", &expected);
    }
    world
        .comes_back(&[], 0)
        .await
        .says(&["carried back in Booking: 6 changed"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_booking_moved_to_or_from_a_customer_who_was_there_before_follows_both_references() {
    let mut world = Migrated::new().await;
    let usual_customer = world.customer_of(63).await;
    // 147 stood with customer 0 before the migration and kept it; 148 named one of another business and did not.
    for (n, to, user, customer) in [
        (60, id(CUSTOMER, 1), Some(17), Some(id(CUSTOMER, 1))),
        (69, id(CUSTOMER, 2), None, Some(id(CUSTOMER, 2))),
        (147, usual_customer, Some(usual(63)), None),
        (148, usual_customer, Some(usual(63)), None),
    ] {
        world
            .update(
                "Booking",
                id(BOOKING, n),
                doc! { "$set": { "customerId": to } },
            )
            .await;
        let mut expected = world.before("Booking", id(BOOKING, n));
        match user {
            Some(user) => drop(expected.insert("userId", id(USER, user))),
            None => drop(expected.remove("userId")),
        }
        match customer {
            Some(customer) => drop(expected.insert("customerId", customer)),
            None => drop(expected.remove("customerId")),
        }
        world.expect("Booking", &expected);
    }
    world.comes_back(&[], 0).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_booking_taken_from_its_customer_names_nobody() {
    let mut world = Migrated::new().await;
    let unset = doc! { "$unset": { "customerId": "" } };
    world.update("Booking", id(BOOKING, 60), unset).await;
    let null = doc! { "$set": { "customerId": Bson::Null } };
    world.update("Booking", id(BOOKING, 61), null).await;
    let mut expected = world.before("Booking", id(BOOKING, 60));
    expected.remove("userId");
    world.expect("Booking", &expected);
    let mut expected = world.before("Booking", id(BOOKING, 61));
    expected.insert("userId", Bson::Null);
    world.expect("Booking", &expected);
    world.comes_back(&[], 0).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn services_that_are_gone_and_accounts_that_came_since_change_nothing_of_what_comes_back() {
    let mut world = Migrated::new().await;
    world.delete("Service", id(SERVICE, 0)).await;
    let member = doc! { "_id": id(crate::support::data::OTHER, 950), "userId": id(USER, 20) };
    world.insert("TeamMember", member).await;
    world
        .update(
            "Booking",
            id(BOOKING, 60),
            doc! { "$set": { "status": "x" } },
        )
        .await;
    let mut expected = world.before("Booking", id(BOOKING, 60));
    expected.insert("status", "x");
    world.expect("Booking", &expected);
    // The live services and members stay as the application left them.
    let now = world.case.picture().await;
    for name in ["Service", "TeamMember"] {
        world.original.insert(name.to_owned(), now[name].clone());
    }
    world
        .comes_back(&[], 0)
        .await
        .says(&["carried back in Booking: 1 changed"]);
}
