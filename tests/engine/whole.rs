//! The main job, whole: what an apply with the suggested decisions leaves behind, and what a rollback gives back.

use std::collections::{HashMap, HashSet};

use bson::oid::ObjectId;
use bson::raw::RawDocument;
use bson::{Document, RawDocumentBuf, doc};
use futures_util::{StreamExt, stream};
use ringfence::demo::sample::{self, Size};
use ringfence::domain::checklist::Step;
use ringfence::store::connect::connect;
use ringfence::store::identity;
use tokio_util::sync::CancellationToken;

use crate::support::case::Case;
use crate::support::data::{BOOKINGS, CONTACT, WITHOUT_BUSINESS, id};
use crate::support::picture::{self, Picture};
use crate::support::{self, data};

/// The document's bytes without these top-level fields, in order.
fn without(document: &RawDocument, fields: &[&str]) -> Vec<u8> {
    let mut rest = RawDocumentBuf::new();
    for element in document {
        let (key, value) = element.unwrap();
        if !fields.contains(&key.as_str()) {
            rest.append(key, value);
        }
    }
    rest.into_bytes()
}

fn by_id(picture: &Picture, collection: &str) -> HashMap<ObjectId, RawDocumentBuf> {
    let documents = picture.get(collection).map(|it| it.documents.clone());
    documents
        .unwrap_or_default()
        .into_iter()
        .map(|document| (document.get_object_id("_id").unwrap(), document))
        .collect()
}

fn reference(document: &RawDocument, field: &str) -> Option<ObjectId> {
    document.get_object_id(field).ok()
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn after_an_apply_every_booking_is_with_a_customer_of_its_own_business_and_else_the_same_bytes()
 {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let after = case.picture().await;
    let (old, live) = (by_id(&before, "Booking"), by_id(&after, "Booking"));
    let quarantine = by_id(&after, "_ringfence_quarantine");
    let services = by_id(&before, "Service");
    let customers = by_id(&after, "Customer");
    assert_eq!(live.len() + quarantine.len(), BOOKINGS as usize);
    for (booking, was) in &old {
        let Some(now) = live.get(booking) else {
            assert_eq!(quarantine.get(booking), Some(was), "{booking}");
            continue;
        };
        assert!(now.get("userId").unwrap().is_none(), "{booking}");
        let both = ["userId", "customerId"];
        assert_eq!(without(now, &both), without(was, &both), "{booking}");
        let customer = customers
            .get(&reference(now, "customerId").unwrap())
            .unwrap();
        let service = services.get(&reference(was, "serviceId").unwrap()).unwrap();
        assert_eq!(
            reference(customer, "businessId"),
            reference(service, "businessId"),
            "{booking}"
        );
        let last = now.iter().last().unwrap().unwrap().0;
        let kept = reference(was, "customerId") == reference(now, "customerId");
        assert!(kept || last == "customerId", "{booking}: {now:?}");
    }
    let expected: HashSet<_> = WITHOUT_BUSINESS
        .iter()
        .map(|n| id(data::BOOKING, *n))
        .collect();
    assert_eq!(quarantine.keys().copied().collect::<HashSet<_>>(), expected);
    case.ringfence(&["verify"]).await.code(0).says(&[
        "nothing wrong",
        "bookings 150 = linked 147 + quarantined 3 + left by decision 0",
    ]);
}

#[tokio::test]
async fn after_an_apply_the_contact_fields_are_gone_from_users_exactly_where_a_new_customer_holds_them()
 {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let after = case.picture().await;
    let (old, live) = (by_id(&before, "Booking"), by_id(&after, "Booking"));
    let there_before = by_id(&before, "Customer");
    let (was, now) = (by_id(&before, "User"), by_id(&after, "User"));
    let customers = by_id(&after, "Customer");
    let mut copies: HashMap<ObjectId, HashSet<ObjectId>> = HashMap::new();
    for (booking, now) in &live {
        let user = reference(&old[booking], "userId").filter(|user| was.contains_key(user));
        let customer = reference(now, "customerId").unwrap();
        if let Some(user) = user
            && !there_before.contains_key(&customer)
        {
            copies.entry(user).or_default().insert(customer);
        }
    }
    let sharing = |customer: &ObjectId| copies.values().filter(|it| it.contains(customer)).count();
    assert_eq!(was.len(), now.len());
    let mut compared = 0;
    for (user, was) in &was {
        let Some(copies) = copies.get(user) else {
            assert_eq!(&now[user], was, "{user} was copied nowhere");
            continue;
        };
        assert_eq!(now[user].as_bytes(), without(was, &CONTACT), "{user}");
        for customer in copies.iter().filter(|customer| sharing(customer) == 1) {
            let (was, copy) = (
                Document::try_from(&**was).unwrap(),
                Document::try_from(&*customers[customer]).unwrap(),
            );
            for field in CONTACT.iter().chain(&["email", "createdAt"]) {
                assert_eq!(was.get(*field), copy.get(*field), "{field} of {user}");
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
    // What a merge lost stands in the link.
    let holds = |document: &RawDocumentBuf, text: &str| {
        let mut windows = document.as_bytes().windows(text.len());
        windows.any(|bytes| bytes == text.as_bytes())
    };
    for lost in ["+49 30 15", "ann@example.com "] {
        let links = by_id(&after, "_ringfence_links");
        let kept = links.values().chain(customers.values());
        assert!(kept.into_iter().any(|it| holds(it, lost)), "{lost}");
    }
}

#[tokio::test]
async fn an_apply_leaves_collections_of_no_role_and_those_it_only_reads_byte_for_byte() {
    let case = Case::seeded().await;
    let before = case.picture().await;
    case.migrate().await;
    let untouched =
        |name: &str| ["Business", "Service", "TeamMember", "Invoice", "AuditLog"].contains(&name);
    let after = picture::only(&case.picture().await, untouched);
    let before = picture::only(&before, untouched);
    assert_eq!(before.len(), 5);
    assert_eq!(
        picture::differences(&before, &after, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_rollback_gives_back_the_same_bytes_indexes_and_options_and_leaves_only_the_run_record() {
    let case = Case::seeded().await;
    let connection = connect(&case.uri, "the test", None).await.unwrap();
    let never = CancellationToken::new();
    let fingerprints = identity::database(&connection, &never).await.unwrap();
    let before = case.picture().await;
    case.migrate().await;
    assert_ne!(
        identity::database(&connection, &never).await.unwrap(),
        fingerprints
    );
    case.roll_back(&[]).await.code(0).says(&["byte for byte"]);
    let after = case.picture().await;
    let names: Vec<_> = after
        .keys()
        .filter(|name| name.starts_with("_ringfence_"))
        .collect();
    assert_eq!(names, ["_ringfence_runs"]);
    assert_eq!(
        picture::differences(&before, &picture::application(&after), true),
        Vec::<String>::new()
    );
    assert_eq!(
        identity::database(&connection, &never).await.unwrap(),
        fingerprints
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_apply_after_a_rollback_gives_the_same_end_state_as_the_first() {
    let case = Case::seeded().await;
    case.migrate().await;
    let first = picture::but_runs(&case.picture().await);
    case.roll_back(&[]).await.code(0);
    case.apply(&[]).await.code(0);
    let second = picture::but_runs(&case.picture().await);
    assert_eq!(
        picture::differences(&first, &second, false),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_rollback_after_any_step_leaves_the_database_as_it_was() {
    let back = async |through: &Step| {
        let case = Case::seeded().await;
        let before = case.picture().await;
        case.plan().await;
        case.apply(&["--through", through.word()]).await.code(0);
        case.roll_back(&[]).await.code(0);
        let after = case.picture().await;
        let ours: Vec<_> = after.keys().filter(|it| it.starts_with('_')).collect();
        assert_eq!(ours, ["_ringfence_runs"], "{}", through.word());
        let changed = picture::differences(&before, &picture::application(&after), true);
        assert!(changed.is_empty(), "{}: {changed:#?}", through.word());
    };
    let steps = [
        Step::BackUp,
        Step::Review,
        Step::CreateCustomers,
        Step::ReassignBookings,
        Step::Prove,
        Step::CutOver,
        Step::CleanUsers,
    ];
    let all = stream::iter(steps.iter().map(back)).buffer_unordered(4);
    assert_eq!(all.collect::<Vec<()>>().await.len(), steps.len());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn empty_collections_migrate_to_empty_collections_and_back() {
    let (uri, name) = support::fresh_database();
    let case = Case::at(uri, name).await;
    for name in ["User", "Business", "Service", "Booking"] {
        case.database.create_collection(name).await.unwrap();
    }
    let before = case.picture().await;
    case.migrate().await;
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let after = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &after, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_apply_says_what_the_copies_take_and_its_report_holds_the_run_against_the_forecast() {
    let case = Case::empty().await;
    sample::seed(&case.database, 1, Size::Small, &|_, _| {})
        .await
        .unwrap();
    case.plan().await;
    case.apply(&[])
        .await
        .code(0)
        .says(&["all copies together take about "]);
    case.ringfence(&["report"]).await.code(0).says(&[
        "Create customers to Verify took",
        "; the forecast was",
        "estimated from a trial on 1,000 bookings; the copies took",
    ]);
    let json = case.ringfence(&["report", "--json"]).await.code(0).out;
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    for number in ["seconds", "tookSeconds", "diskBytes", "diskTookBytes"] {
        let number = &report["forecast"][number];
        assert!(number.as_f64().is_some_and(|it| it > 0.0), "{json}");
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_copy_that_somebody_changed_after_its_proof_is_mended_before_it_goes_live() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let copies = case
        .database
        .collection::<Document>("_ringfence_next_Booking");
    let forged = doc! { "$set": { "status": "forged" } };
    let changed = copies.update_many(doc! {}, forged).await.unwrap();
    assert!(changed.modified_count > 100);
    case.apply(&[]).await.code(0);
    let live = case.database.collection::<Document>("Booking");
    let forged = live.count_documents(doc! { "status": "forged" }).await;
    assert_eq!(forged.unwrap(), 0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn copies_that_somebody_dropped_after_their_proof_are_made_again_before_they_go_live() {
    let whole = Case::seeded().await;
    whole.migrate().await;
    let expected = picture::application(&whole.picture().await);
    for name in ["Customer", "Booking", "User"] {
        let case = Case::seeded().await;
        case.plan().await;
        case.apply(&["--through", "prove"]).await.code(0);
        let copy = format!("_ringfence_next_{name}");
        let copy = case.database.collection::<Document>(&copy);
        copy.drop().await.unwrap();
        case.apply(&[]).await.code(0);
        let end = picture::application(&case.picture().await);
        let other = picture::differences(&expected, &end, false);
        assert!(other.is_empty(), "{name}: {other:#?}");
    }
}

#[tokio::test]
async fn a_disk_without_room_for_backup_or_export_is_said_before_anything_is_written() {
    let case = Case::seeded().await;
    // A file system that has no room at all.
    let nowhere = "/proc/ringfence";
    for verb in ["backup", "export"] {
        let refused = case.ringfence(&[verb, "--out", nowhere]).await.code(1);
        refused.says(&[
            &format!("the {verb} needs about"),
            "0 MB are free",
            "Nothing was changed",
        ]);
    }
}
