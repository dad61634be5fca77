//! kill -9 while a rollback gives up what the application wrote, and while one makes users for the application's customers.

use bson::oid::ObjectId;
use bson::{DateTime, doc};

use crate::keep_new::expected::{Migrated, new_booking};
use crate::support::case::Case;
use crate::support::data::{BOOKING, BUSINESS, CUSTOMER, USER, id};
use crate::support::picture::{self, Picture};
use crate::support::{data, nth};

/// A migrated database to which the application wrote in each collection; a customer of its own among it.
async fn written_to(case: Case) -> Migrated {
    let world = Migrated::of_case(case, "verify").await;
    let own = ObjectId::from_bytes([9; 12]);
    let customer = doc! {
        "_id": own, "businessId": id(BUSINESS, 1), "name": "New", "email": "new@example.org", "createdAt": DateTime::from_millis(9),
    };
    world.insert("Customer", customer).await;
    world.insert("Booking", new_booking(700, own)).await;
    world.delete("Booking", id(BOOKING, 61)).await;
    let set = doc! { "$set": { "name": "Changed" } };
    world.update("Customer", id(CUSTOMER, 1), set).await;
    let set = doc! { "$set": { "last": 1 } };
    world.update("User", id(USER, 20), set).await;
    world
}

async fn end(world: &Migrated) -> Picture {
    picture::without_run_ids(&picture::but_runs(&world.case.picture().await))
}

/// Kills at every `step`th of each command, and compares with one that was never stopped. Returns how often it was killed.
async fn killed_at_each(options: &[&str], commands: &[(&str, usize)]) -> u32 {
    let server = nth::server().await;
    let fresh = async |name: &str| {
        let case = Case::at(server.uri(name), name.to_owned()).await;
        data::seed(&case.database).await;
        written_to(case).await
    };
    let whole = fresh("whole").await;
    let code = whole.case.roll_back(options).await.code;
    assert!([0, 2].contains(&code), "{code}");
    let expected = end(&whole).await;
    let mut kills = 0;
    for (command, step) in commands {
        for at in (0..60).step_by(*step) {
            let name = format!("k{command}{at}");
            let world = fresh(&name).await;
            let mut words = vec!["rollback", "--confirm", &name];
            words.extend(options);
            let killed = nth::kill_or_end(&world.case, &words, command, at).await;
            if killed {
                world.case.roll_back(options).await;
                kills += 1;
            }
            let other = picture::differences(&expected, &end(&world).await, false);
            assert!(other.is_empty(), "killed at {command} {at}: {other:#?}");
            let again = world.case.roll_back(&[]).await.code(0);
            again.says(&["rolled back already"]);
            world.case.database.drop().await.unwrap();
            if !killed {
                break;
            }
        }
    }
    eprintln!("{options:?}: killed {kills} times");
    kills
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_discards_ends_alike_wherever_it_is_killed() {
    let commands = [("renameCollection", 1), ("drop", 1), ("update", 2)];
    assert!(killed_at_each(&["--discard-new"], &commands).await >= 8);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_that_makes_users_ends_alike_wherever_it_is_killed() {
    let commands = [
        ("renameCollection", 1),
        ("insert", 1),
        ("createIndexes", 1),
        ("drop", 2),
        ("update", 3),
    ];
    assert!(killed_at_each(&["--keep-new", "--create-users"], &commands).await >= 8);
}
