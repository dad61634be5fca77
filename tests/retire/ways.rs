//! The ways out once users have retired.

use bson::{Document, doc};

use crate::retire::world;
use crate::support::data::{USER, id};
use crate::support::picture;

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_after_users_retired_gives_the_same_bytes_and_collections() {
    let case = world::seeded().await;
    let before = case.picture().await;
    world::retire(&case).await;
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn keeping_what_was_written_brings_retired_users_back_whole_and_a_taken_email_is_reported() {
    let case = world::seeded().await;
    let before = case.picture().await;
    world::retire(&case).await;
    let users = case.database.collection::<Document>("User");
    let new = [
        doc! { "_id": id(USER, 70), "email": "user35@example.com", "hashedPassword": "x", "createdAt": bson::DateTime::from_millis(3) },
        doc! { "_id": id(USER, 71), "email": "fresh@example.com", "hashedPassword": "x", "createdAt": bson::DateTime::from_millis(3) },
    ];
    users.insert_many(new).await.unwrap();
    let ended = case.roll_back(&[]).await.code(2);
    ended.says(&["User: 2 documents added, 0 changed, 0 deleted"]);
    let ended = case.roll_back(&["--keep-new"]).await.code(2);
    ended.says(&[&id(USER, 70).to_hex()]);
    let now = case.picture().await;
    let (was, is) = (&before["User"].documents, &now["User"].documents);
    for row in was {
        assert!(is.contains(row), "{row:?}");
    }
    assert_eq!(is.len(), was.len() + 1);
    // What was left behind keeps nobody from going the whole way again.
    assert!(!now.contains_key("_ringfence_retired"), "{:?}", now.keys());
    world::retire(&case).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn finish_drops_the_users_between_and_purge_the_retired_rows_and_both_gates_say_so() {
    let case = world::seeded().await;
    world::retire(&case).await;
    {
        let mut session = case.session().await;
        let gate = session
            .gate(ringfence::domain::gate::Destructive::Finish)
            .await
            .unwrap();
        let says = gate.will_do.join("\n");
        for word in ["_ringfence_old_1_User", "13 users", "preferences 13"] {
            assert!(says.contains(word), "{word}: {says}");
        }
    }
    case.ringfence(&["finish", "--confirm", &case.name])
        .await
        .code(0);
    let names: Vec<String> = case.picture().await.into_keys().collect();
    assert!(names.contains(&"_ringfence_retired".to_owned()));
    assert!(
        !names
            .iter()
            .any(|it| it.contains("_old_") || it.contains("_before_")),
        "{names:?}"
    );
    case.ringfence(&["purge", "--confirm", &case.name])
        .await
        .code(0);
    let names: Vec<String> = case.picture().await.into_keys().collect();
    assert!(
        !names.iter().any(|it| it.starts_with("_ringfence_")),
        "{names:?}"
    );
}
