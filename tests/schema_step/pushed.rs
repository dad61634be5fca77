//! A push of the schema after the renames, and a text index of the schema.

use bson::{Document, doc};

use crate::push::shop::push;
use crate::push::stand_in::{drops, makes};
use crate::schema_step::whole::migrated;
use crate::schema_step::world::{self, AFTER, ROOM, id};
use crate::support::picture::{self, Picture};

const PLAN: [&str; 5] = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];

fn own(picture: &Picture) -> Picture {
    let mut own = picture.clone();
    own.retain(|name, _| !name.starts_with("_ringfence_"));
    own
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_takes_what_a_push_made_under_the_new_names_and_gives_back_what_it_dropped() {
    let before = world::seeded().await;
    let before = own(&before.picture().await);
    let case = migrated().await;
    // The schema got an index of a collection that was only renamed.
    let more = AFTER.replace(
        "  @@map(\"rooms\")",
        "  @@index([name])\n  @@map(\"rooms\")",
    );
    world::write(&case, &more);
    let commands = [
        doc! { "create": "coupons" },
        doc! { "createIndexes": "coupons", "indexes": [{ "key": { "code": 1 }, "name": "coupons_code_key", "unique": true }] },
        makes("rooms", "rooms_name_idx", doc! { "name": 1 }),
        drops("bookings", "by hand"),
        drops("users", "User_email_idx"),
    ];
    // What it dropped of rebuilt collections can be put back, so that is no end without a word.
    push(&case, &commands)
        .await
        .code(2)
        .says(&["index by hand of bookings is missing"]);
    case.roll_back(&[]).await.code(0).says(&[
        "byte for byte",
        "rooms is called Room again, unchanged",
        "indexes that a push had made are dropped: rooms_name_idx of Room",
        "empty collections that a push had made are dropped: coupons",
    ]);
    let after = own(&case.picture().await);
    let differences = picture::differences(&before, &after, false);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_text_index_of_the_schema_is_made_and_leaves_with_a_rollback() {
    let case = world::seeded().await;
    let before = own(&case.picture().await);
    let text = AFTER.replace(
        "  @@map(\"rooms\")",
        "  @@fulltext([name])\n  @@map(\"rooms\")",
    );
    world::write(&case, &text);
    case.ringfence(&PLAN)
        .await
        .code(0)
        .says(&["Room: made: rooms_name_idx"]);
    case.apply(&[]).await.code(0);
    let rooms = case.database.collection::<Document>("rooms");
    let found = rooms
        .find_one(doc! { "$text": { "$search": "red" } })
        .await
        .unwrap();
    let found = found.unwrap();
    assert_eq!(found.get_object_id("_id").unwrap(), id(ROOM, 0));
    let conform = ["conform", "--schema", "after.prisma"];
    case.ringfence(&conform).await.code(0);
    case.roll_back(&[]).await.code(0);
    let after = own(&case.picture().await);
    let differences = picture::differences(&before, &after, true);
    assert!(differences.is_empty(), "{differences:#?}");
}
