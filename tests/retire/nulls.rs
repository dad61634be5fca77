//! Contact fields that leave the users by null instead of removal.

use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Document, doc};

use crate::retire::world;
use crate::support::case::Case;
use crate::support::data::{CONTACT, USER, id};
use crate::support::picture;

async fn plan(case: &Case, more: &[&str]) {
    let words = ["plan", "--defaults", "--null-contact", "--out", "plan.json"];
    case.ringfence(&[&words, more].concat()).await.code(0);
}

/// The document with null in every contact field that it has.
fn nulled(document: &RawDocument) -> RawDocumentBuf {
    let mut out = RawDocumentBuf::new();
    for element in document {
        let (key, value) = element.unwrap();
        if CONTACT.contains(&key.as_str()) {
            out.append(key, bson::RawBson::Null);
        } else {
            out.append(key, bson::RawBson::from(value));
        }
    }
    out
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn contact_fields_keep_their_places_with_null_in_them_and_a_rollback_gives_all_back() {
    let case = world::seeded().await;
    let before = case.picture().await;
    plan(&case, &[]).await;
    case.apply(&[])
        .await
        .code(0)
        .says(&["contact fields that were copied are null in User"]);
    let now = case.picture().await;
    let mut changed = 0;
    for (was, is) in before["User"].documents.iter().zip(&now["User"].documents) {
        if was != is {
            assert_eq!(*is, nulled(was));
            changed += 1;
        }
    }
    assert!(changed > 25, "{changed}");
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong"]);
    // A field that holds a value again is no clean-up.
    let users = case.database.collection::<Document>("User");
    let one = doc! { "_id": id(USER, 33) };
    let set = |phone: bson::Bson| doc! { "$set": { "phone": phone } };
    users
        .update_one(one.clone(), set("+1".into()))
        .await
        .unwrap();
    case.ringfence(&["verify"])
        .await
        .code(2)
        .says(&["still has contact fields"]);
    users
        .update_one(one.clone(), set(bson::Bson::Null))
        .await
        .unwrap();
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_is_written_since_is_carried_back_and_null_is_no_change_of_the_application() {
    let case = world::seeded().await;
    plan(&case, &[]).await;
    case.apply(&[]).await.code(0);
    let users = case.database.collection::<Document>("User");
    let one = doc! { "_id": id(USER, 33) };
    users
        .update_one(one.clone(), doc! { "$set": { "name": "Own" } })
        .await
        .unwrap();
    case.roll_back(&[])
        .await
        .code(2)
        .says(&["User: 0 documents added, 1 changed, 0 deleted"]);
    case.roll_back(&["--keep-new"]).await.code(0);
    let back = users.find_one(one).await.unwrap().unwrap();
    assert_eq!(back.get_str("name").unwrap(), "Own");
    assert_eq!(back.get_str("phone").unwrap(), "+49 30 33");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn wiping_and_retiring_go_with_null_too() {
    let case = world::seeded().await;
    let before = case.picture().await;
    let text = format!(
        "version = 1\ndatabase = \"{}\"\ncontact = \"null\"\n\n[policy]\nidle-user = \"wipe\"\n",
        case.name
    );
    std::fs::write(case.path("decisions.toml"), text).unwrap();
    let words = ["--decisions", "decisions.toml", "--retire-users"];
    plan(&case, &words).await;
    case.apply(&[]).await.code(0).says(&["13 users retired"]);
    let users = case.database.collection::<Document>("User");
    let idle = users.find_one(doc! { "_id": id(USER, 60) }).await.unwrap();
    assert_eq!(idle.unwrap().get("phone"), Some(&bson::Bson::Null));
    case.ringfence(&["verify"])
        .await
        .code(0)
        .says(&["nothing wrong"]);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_sparse_unique_index_that_would_meet_null_twice_is_found_by_the_survey() {
    let case = world::seeded().await;
    let users = case.database.collection::<Document>("User");
    let each = vec![doc! { "$set": { "address": { "$toString": "$_id" } } }];
    users.update_many(doc! {}, each).await.unwrap();
    let index = |name: &str, more: Document| {
        let mut index = doc! { "key": { "address": 1 }, "name": name, "unique": true };
        index.extend(more);
        index
    };
    let there = doc! { "address": { "$exists": true } };
    let indexes = [
        index("sparse", doc! { "sparse": true }),
        index("there", doc! { "partialFilterExpression": there }),
    ];
    for index in indexes {
        let create = doc! { "createIndexes": "User", "indexes": [&index] };
        case.database.run_command(create).await.unwrap();
        let name = index.get_str("name").unwrap();
        // Fields that leave are no matter to such an index; null in them is.
        let out = ["plan", "--out", "plan.json", "--defaults"];
        let removed = case.ringfence(&out).await.code(0);
        assert!(!removed.out.contains("user-unique"), "{removed:?}");
        let words = [&out[..], &["--null-contact"]].concat();
        let null = case.ringfence(&words).await.code(0);
        let plan = std::fs::read_to_string(case.path("plan.json")).unwrap();
        let found = plan.contains("user-unique") && plan.contains(&format!("User.{name}"));
        assert!(found, "{null:?}\n{plan}");
        users.drop_index(name).await.unwrap();
    }
    let create =
        doc! { "createIndexes": "User", "indexes": [index("sparse", doc! { "sparse": true })] };
    case.database.run_command(create).await.unwrap();
    let before = case.picture().await;
    plan(&case, &[]).await;
    case.apply(&[])
        .await
        .code(0)
        .says(&["index sparse of User is left out by decision"]);
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let now = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}
