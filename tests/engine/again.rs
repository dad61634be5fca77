//! The same command again: nothing changes, whatever the step it was stopped after.

use bson::{Document, doc};
use futures_util::{StreamExt, stream};
use mongodb::options::IndexOptions;
use mongodb::{Collection, IndexModel};
use ringfence::domain::checklist::Step;
use ringfence::engine::Watcher;

use crate::support::case::Case;
use crate::support::data::{BOOKING, SERVICE, USER, booking, id};
use crate::support::picture;

fn bookings(case: &Case) -> Collection<Document> {
    case.database.collection("Booking")
}

async fn insert(case: &Case, document: Document) {
    bookings(case).insert_one(document).await.unwrap();
}

/// A further booking of a user who books at that business already.
fn further(n: u32, user: u32) -> Document {
    let mut new = booking(n);
    new.insert("userId", id(USER, user));
    new.insert("serviceId", id(SERVICE, user % 3));
    new
}

#[tokio::test]
async fn a_second_apply_changes_nothing() {
    let case = Case::seeded().await;
    case.migrate().await;
    let first = picture::but_runs(&case.picture().await);
    case.apply(&[]).await.code(0);
    let second = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&first, &second, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_proof_that_was_killed_before_it_was_recorded_loses_none_of_the_equations() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let runs: Collection<Document> = case.database.collection("_ringfence_runs");
    let equations = async || {
        let run = runs.find_one(doc! { "outcome": "open" }).await.unwrap();
        run.unwrap().get_array("equations").unwrap().clone()
    };
    let expected = equations().await;
    assert!(expected.len() > 3, "those of the users too: {expected:?}");
    let unset = doc! { "$unset": { "steps.prove": "" } };
    let open = doc! { "outcome": "open" };
    runs.update_one(open, unset).await.unwrap();
    case.apply(&["--through", "prove"]).await.code(0);
    assert_eq!(equations().await, expected);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_apply_that_stops_after_any_step_ends_like_one_that_never_stopped() {
    let whole = Case::seeded().await;
    whole.migrate().await;
    let expected = picture::but_runs(&whole.picture().await);
    let stopped = async |through: &Step| {
        let case = Case::seeded().await;
        let before = picture::application(&case.picture().await);
        case.plan().await;
        case.apply(&["--through", through.word()]).await.code(0);
        if *through < Step::CutOver {
            let now = picture::application(&case.picture().await);
            let changed = picture::differences(&before, &now, true);
            assert!(changed.is_empty(), "{}: {changed:#?}", through.word());
        }
        case.apply(&[]).await.code(0);
        let end = picture::but_runs(&case.picture().await);
        let other = picture::differences(&expected, &end, false);
        assert!(other.is_empty(), "{}: {other:#?}", through.word());
    };
    let steps = Step::ALL.iter().filter(|step| **step <= Step::Schema);
    let all = stream::iter(steps.map(stopped)).buffer_unordered(4);
    assert_eq!(all.collect::<Vec<()>>().await.len(), 12);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_apply_that_goes_step_by_step_ends_like_one_in_a_piece() {
    let whole = Case::seeded().await;
    whole.migrate().await;
    let case = Case::seeded().await;
    case.plan().await;
    for through in Step::ALL.iter().filter(|step| **step <= Step::Verify) {
        case.apply(&["--through", through.word()]).await.code(0);
    }
    let expected = picture::but_runs(&whole.picture().await);
    let end = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&expected, &end, false),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_booking_without_a_conflict_that_came_after_the_plan_is_taken_in() {
    let case = Case::seeded().await;
    case.plan().await;
    insert(&case, further(500, 21)).await;
    case.apply(&[]).await.code(0);
    let taken = bookings(&case)
        .find_one(doc! { "_id": id(BOOKING, 500) })
        .await
        .unwrap();
    assert!(taken.unwrap().get_object_id("customerId").is_ok());
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_is_written_after_the_copies_were_made_is_taken_in_and_backed_up_by_the_next_apply() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    insert(&case, further(500, 21)).await;
    let gone = doc! { "_id": id(BOOKING, 40) };
    bookings(&case).delete_one(gone.clone()).await.unwrap();
    let one = doc! { "_id": id(BOOKING, 41) };
    bookings(&case)
        .update_one(one.clone(), doc! { "$set": { "notes": "changed since" } })
        .await
        .unwrap();
    let before = case.picture().await;
    // The backup and the verdict of before are worth nothing now: both are taken again.
    case.apply(&[])
        .await
        .code(0)
        .says(&["Stop the application"]);
    let find = async |filter: Document| bookings(&case).find_one(filter).await.unwrap();
    assert!(
        find(doc! { "_id": id(BOOKING, 500) })
            .await
            .unwrap()
            .get_object_id("customerId")
            .is_ok()
    );
    assert_eq!(find(gone).await, None);
    assert_eq!(
        find(one).await.unwrap().get_str("notes").unwrap(),
        "changed since"
    );
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let back = picture::application(&case.picture().await);
    let changed = picture::differences(&picture::application(&before), &back, true);
    assert_eq!(changed, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn two_bookings_that_exchanged_a_unique_value_do_not_stand_in_each_others_way() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let (one, other) = (id(BOOKING, 50), id(BOOKING, 51));
    for (booking, reference) in [(one, "between"), (other, "R-0050"), (one, "R-0051")] {
        let set = doc! { "$set": { "reference": reference } };
        bookings(&case)
            .update_one(doc! { "_id": booking }, set)
            .await
            .unwrap();
    }
    case.apply(&[]).await.code(0);
    let now = bookings(&case).find_one(doc! { "_id": one }).await.unwrap();
    assert_eq!(now.unwrap().get_str("reference").unwrap(), "R-0051");
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn customers_that_a_unique_index_would_not_let_merge_are_kept_apart_by_the_suggestion() {
    let case = Case::seeded().await;
    // Users 12 and 15 become one customer.
    for (n, user) in [(600, 12), (601, 15)] {
        let mut new = further(n, user);
        new.insert("slot", 7);
        insert(&case, new).await;
    }
    let slots = IndexModel::builder()
        .keys(doc! { "userId": 1, "slot": 1 })
        .options(
            IndexOptions::builder()
                .name("Booking_userId_slot_key".to_owned())
                .unique(true)
                .partial_filter_expression(doc! { "slot": { "$exists": true } })
                .build(),
        )
        .build();
    bookings(&case).create_index(slots).await.unwrap();
    let before = picture::application(&case.picture().await);
    case.plan().await;
    case.apply(&[]).await.code(0);
    let live = &case.picture().await["Booking"].indexes["Booking_customerId_slot_key"];
    assert!(live.get_bool("unique").unwrap());
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &now, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_is_written_after_the_proof_is_compared_and_named_by_step_13_and_else_the_proof_stands()
 {
    let on_user = doc! { "$set": { "name": "Written late" } };
    let late = [
        ("", doc! {}, ""),
        ("User", on_user, "has other bytes than the original"),
        (
            "Booking",
            doc! { "$set": { "customerId": "nobody" } },
            "names customer",
        ),
        (
            "Booking",
            doc! { "$set": { "note": "late" } },
            "has other bytes than the original",
        ),
        (
            "_ringfence_links",
            doc! { "$set": { "users": [] } },
            "does not hold the user",
        ),
        (
            "_ringfence_before_Booking",
            doc! { "$set": { "note": "late" } },
            "has other bytes than the original",
        ),
        ("_ringfence_links", doc! { "dropped": 1 }, "has no link"),
    ];
    for (collection, update, finding) in late {
        let case = Case::seeded().await;
        case.plan().await;
        case.apply(&["--through", "schema"]).await.code(0);
        let written = case.database.collection::<Document>(collection);
        if update.contains_key("dropped") {
            written.drop().await.unwrap();
        } else if !collection.is_empty() {
            let id = written.find_one(doc! {}).await.unwrap().unwrap();
            let filter = doc! { "_id": id.get("_id").unwrap() };
            written.update_one(filter, update).await.unwrap();
        }
        let ended = case.apply(&["--through", "verify"]).await;
        if finding.is_empty() {
            ended.code(0).says(&[
                "live bookings 147 = with a customer of their own business 147 + left by decision 0",
                "no write in the oplog",
            ]);
            case.ringfence(&["verify"]).await.code(0);
        } else {
            ended.code(2).says(&["verification failed", finding]);
            case.ringfence(&["verify"]).await.code(2).says(&[finding]);
        }
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn step_11_counts_who_still_holds_a_name_and_an_e_mail_by_the_proof_or_anew() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "clean-users"]).await.code(0);
    let users = case.database.collection::<Document>("User");
    let filter = doc! {
        "hashedPassword": { "$in": [bson::Bson::Null, ""] }, "name": { "$gt": "" }, "email": { "$gt": "" },
    };
    let count = async || users.count_documents(filter.clone()).await.unwrap();
    let proved = count().await;
    assert!(proved > 0);
    let says = |count: u64| format!("{count} password-less users still hold");
    let ended = case.apply(&["--through", "retire-users"]).await;
    ended.code(0).says(&[&says(proved)]);
    let account = doc! { "name": "No password", "email": "none@example.org", "hashedPassword": "" };
    users.insert_one(account).await.unwrap();
    assert_eq!(count().await, proved + 1);
    let mut session = case.session().await;
    let watcher = Watcher::silent();
    let says_now = session
        .run_step(Step::RetireUsers, None, &watcher)
        .await
        .unwrap();
    assert!(says_now.contains(&says(proved + 1)), "{says_now}");
}
