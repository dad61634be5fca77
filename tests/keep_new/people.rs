//! Customers and users that the application added, changed or deleted.

use crate::support::picture;
use bson::{DateTime, Document, doc};

use crate::keep_new::expected::{Migrated, new_booking, of_user};
use crate::support::data::{BOOKING, BUSINESS, CUSTOMER, USER, id};

/// A user of the old application's.
fn user(n: u32, email: &str) -> Document {
    doc! { "_id": id(USER, n), "email": email, "hashedPassword": "$2b$", "createdAt": DateTime::from_millis(1) }
}

/// A customer that the new application makes.
fn customer(n: u32) -> Document {
    doc! {
        "_id": id(CUSTOMER, n), "businessId": id(BUSINESS, 0), "phone": "+1", "name": "Walk-in", "email": format!("walk{n}@in.com"),
        "createdAt": DateTime::from_millis(2),
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn edits_of_a_customer_go_back_to_its_user_in_place() {
    let mut world = Migrated::new().await;
    // Booking 61 is of user 35 % … 7 + 61 % 33 = 35, who has one customer.
    let of = world.customer_of(67).await; // user 8, without a name
    let update = doc! { "$set": { "name": "Now named", "phone": "+2", "state": "BE" }, "$unset": { "zipCode": "" } };
    world.update("Customer", of, update).await;
    let mut expected = world.before("User", id(USER, 8));
    expected.insert("phone", "+2");
    expected.remove("zipCode");
    // What a user did not have follows, in the order of the customer's fields.
    expected.insert("name", "Now named");
    expected.insert("state", "BE");
    world.expect("User", &expected);
    world.comes_back(&[], 0).await.says(&[
        "carried back in Customer: 1 changed",
        "_ringfence_rolled_back_",
    ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn edits_of_a_merged_customer_go_to_the_first_of_its_users_by_id() {
    let mut world = Migrated::new().await;
    let of = world.customer_of(8).await; // users 12 and 15
    world
        .update("Customer", of, doc! { "$set": { "city": "Rome" } })
        .await;
    let mut expected = world.before("User", id(USER, 12));
    expected.insert("city", "Rome");
    world.expect("User", &expected);
    world.comes_back(&[], 0).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn edits_that_fit_no_user_are_reported_and_stay_aside() {
    let world = Migrated::new().await;
    // User 31 (booking 57) books at two businesses; the placeholder has no user; a user has no such field.
    let shared = world.customer_of(57).await;
    let placeholder = world.customer_of(140).await;
    let foreign = world.customer_of(67).await;
    for of in [shared, placeholder] {
        world
            .update("Customer", of, doc! { "$set": { "city": "Rome" } })
            .await;
    }
    world
        .update("Customer", foreign, doc! { "$set": { "role": "ADMIN" } })
        .await;
    let ended = world.comes_back(&[], 2).await.says(&[
        "carried back in Customer: 0 of 3 changed",
        "other customers too",
        "a placeholder customer",
        "(role)",
    ]);
    for of in [shared, placeholder, foreign] {
        assert!(ended.out.contains(&of.to_hex()), "{}", ended.out);
    }
    let names = world.case.picture().await;
    let aside = picture::put_aside(names.keys(), "Customer").unwrap();
    let aside = world.one(&aside, doc! { "_id": foreign });
    assert_eq!(aside.await.get_str("role").unwrap(), "ADMIN");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn where_user_and_customer_were_both_changed_the_users_own_value_stays_and_that_is_said() {
    let mut world = Migrated::new().await;
    let of = world.customer_of(67).await; // user 8
    world
        .update(
            "User",
            id(USER, 8),
            doc! { "$set": { "email": "own@example.com", "phone": "own" } },
        )
        .await;
    world
        .update(
            "Customer",
            of,
            doc! { "$set": { "email": "her@example.com", "phone": "own", "city": "Rome" } },
        )
        .await;
    let mut expected = world.before("User", id(USER, 8));
    expected.insert("email", "own@example.com");
    expected.insert("phone", "own");
    expected.insert("city", "Rome");
    world.expect("User", &expected);
    world.comes_back(&[], 2).await.says(&[
        "the user's own stays",
        "(email)",
        "carried back in User: 1 changed",
    ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_customer_of_the_applications_stays_aside_with_its_bookings() {
    let mut world = Migrated::new().await;
    world.insert("Customer", customer(50)).await;
    world
        .insert("Booking", new_booking(700, id(CUSTOMER, 50)))
        .await;
    let moved = doc! { "$set": { "customerId": id(CUSTOMER, 50), "status": "x" } };
    world.update("Booking", id(BOOKING, 60), moved).await;
    let mut expected = world.before("Booking", id(BOOKING, 60));
    expected.insert("status", "x");
    world.expect("Booking", &expected);
    world.comes_back(&[], 2).await.says(&[
        "carried back in Customer: 0 of 1 added",
        "carried back in Booking: 0 of 1 added, 0 of 1 changed",
        "--create-users",
        "back with the user that it had",
    ]);
    let names = world.case.picture().await;
    let aside = |name: &str, of| {
        let name = picture::put_aside(names.keys(), name).unwrap();
        let of = doc! { "_id": of };
        async move { world.one(&name, of).await }
    };
    assert_eq!(aside("Customer", id(CUSTOMER, 50)).await, customer(50));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn with_create_users_a_customer_of_the_applications_becomes_a_user_without_a_password() {
    let mut world = Migrated::new().await;
    world.insert("Customer", customer(50)).await;
    world
        .insert("Booking", new_booking(700, id(CUSTOMER, 50)))
        .await;
    let moved = doc! { "$set": { "customerId": id(CUSTOMER, 50) } };
    world.update("Booking", id(BOOKING, 60), moved).await;
    let mut made = customer(50);
    made.remove("businessId");
    world.expect("User", &made);
    let mut booking = of_user(new_booking(700, id(CUSTOMER, 50)), 0);
    booking.insert("userId", id(CUSTOMER, 50));
    world.expect("Booking", &booking);
    let mut expected = world.before("Booking", id(BOOKING, 60));
    expected.insert("userId", id(CUSTOMER, 50));
    world.expect("Booking", &expected);
    world.comes_back(&["--create-users"], 0).await;
}

#[tokio::test]
async fn new_changed_and_deleted_users_come_back_as_such_with_the_contact_fields_that_were_cleaned()
{
    let mut world = Migrated::new().await;
    world.insert("User", user(800, "new@example.com")).await;
    world.expect("User", &user(800, "new@example.com"));
    let update =
        doc! { "$set": { "hashedPassword": "reset", "last": 1 }, "$unset": { "preferences": "" } };
    world.update("User", id(USER, 20), update).await;
    let mut expected = world.before("User", id(USER, 20));
    expected.remove("preferences");
    expected.insert("hashedPassword", "reset");
    expected.insert("last", 1);
    world.expect("User", &expected);
    world.delete("User", id(USER, 6)).await; // has no booking
    world.expect_gone("User", id(USER, 6));
    world
        .comes_back(&[], 0)
        .await
        .says(&["carried back in User: 1 added, 1 changed, 1 deleted"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_deleted_user_whose_customer_lives_comes_back() {
    let mut world = Migrated::new().await;
    let of = world.customer_of(67).await; // user 8
    world.delete("User", id(USER, 8)).await;
    world
        .update("Customer", of, doc! { "$set": { "phone": "+3" } })
        .await;
    let mut expected = world.before("User", id(USER, 8));
    expected.insert("phone", "+3");
    world.expect("User", &expected);
    world.comes_back(&[], 2).await.says(&[
        "carried back in User: 0 of 1 deleted",
        "so the user is back",
    ]);
}

#[tokio::test]
async fn a_deleted_customer_takes_its_user_along_unless_that_is_more_than_this_customer() {
    let mut world = Migrated::new().await;
    let bookings = world.of("Booking");
    // User 8 is nobody else; user 4 is a team member; user 9 still has a booking.
    for (booking, user) in [(67, 8), (139, 4), (68, 9)] {
        let of = world.customer_of(booking).await;
        world.delete("Customer", of).await;
        if user == 9 {
            continue;
        }
        let mine = doc! { "customerId": of };
        for gone in bookings.distinct("_id", mine.clone()).await.unwrap() {
            world.expect_gone("Booking", gone.as_object_id().unwrap());
        }
        bookings.delete_many(mine).await.unwrap();
    }
    world.expect_gone("User", id(USER, 8));
    world.comes_back(&[], 2).await.says(&[
        "carried back in Customer: 1 of 3 deleted",
        "the deleted customer's user stays",
    ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn customers_who_were_there_before_come_back_in_their_collection_with_their_changes() {
    let mut world = Migrated::new().await;
    let update = doc! { "$set": { "name": "Changed", "city": "Rome" } };
    world.update("Customer", id(CUSTOMER, 1), update).await;
    let mut expected = world.before("Customer", id(CUSTOMER, 1));
    expected.insert("name", "Changed");
    expected.insert("city", "Rome");
    world.expect("Customer", &expected);
    world.delete("Customer", id(CUSTOMER, 2)).await;
    world.expect_gone("Customer", id(CUSTOMER, 2));
    world
        .comes_back(&[], 0)
        .await
        .says(&["carried back in Customer: 1 changed, 1 deleted"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_a_unique_index_of_the_originals_forbids_stays_behind_and_the_rest_is_carried() {
    let mut world = Migrated::new().await;
    // Customers of two businesses may share an e-mail; their users may not.
    let one = world.customer_of(67).await; // user 8
    let taken = world.before("User", id(USER, 21));
    let email = doc! { "$set": { "email": taken.get_str("email").unwrap() } };
    world.update("Customer", one, email).await;
    let mut new = new_booking(700, world.customer_of(60).await);
    world.insert("Booking", new.clone()).await;
    new.remove("customerId");
    world.expect("Booking", &of_user(new, 34));
    world.comes_back(&[], 2).await.says(&[
        "carried back in Customer: 0 of 1 changed",
        "a unique index",
        &one.to_hex(),
        "carried back in Booking: 1 added",
    ]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn before_the_users_are_cleaned_edits_of_customers_reach_the_users_too() {
    let mut world = Migrated::through("cut-over").await;
    let of = world.customer_of(67).await; // user 8
    world
        .update("Customer", of, doc! { "$set": { "phone": "+4" } })
        .await;
    // Users are the originals still: what the application writes there stays as it is.
    world
        .update("User", id(USER, 20), doc! { "$set": { "last": 1 } })
        .await;
    let mut expected = world.before("User", id(USER, 20));
    expected.insert("last", 1);
    world.expect("User", &expected);
    let mut expected = world.before("User", id(USER, 8));
    expected.insert("phone", "+4");
    world.expect("User", &expected);
    world.comes_back(&[], 0).await;
}
