//! ENGINE's rules that were seen on a real server, each on a whole apply and rollback.

use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, RawDocumentBuf, doc, rawdoc};
use mongodb::Collection;
use ringfence::demo::server::Topology;
use ringfence::store::raw_write::insert_batch;

use crate::support::case::Case;
use crate::support::data::{BOOKING, BUSINESS, SERVICE, USER, id, run};
use crate::support::{self, data, picture};

/// Businesses, services and users of the plain kind, and no booking.
async fn without_bookings() -> Case {
    let case = Case::seeded().await;
    of(&case, "Booking").drop().await.unwrap();
    of(&case, "Customer").drop().await.unwrap();
    case
}

fn of(case: &Case, name: &str) -> Collection<Document> {
    case.database.collection(name)
}

/// Applies, checks that bookings kept all but their users, rolls back, and checks that all is as it was.
async fn there_and_back(case: &Case) {
    let before = case.picture().await;
    case.migrate().await;
    case.ringfence(&["verify"]).await.code(0);
    let after = case.picture().await;
    let rest = |documents: &[RawDocumentBuf]| -> Vec<Vec<u8>> {
        let rest = documents.iter().map(|document| {
            let mut rest = RawDocumentBuf::new();
            for element in &**document {
                let (key, value) = element.unwrap();
                if key != "userId" && key != "customerId" {
                    rest.append(key, value);
                }
            }
            rest.into_bytes()
        });
        rest.collect()
    };
    let (was, now) = (&before["Booking"], &after["Booking"]);
    assert!(rest(&was.documents) == rest(&now.documents));
    let linked = |document: &RawDocumentBuf| document.get("customerId").unwrap().is_some();
    assert!(now.documents.iter().all(linked));
    assert_eq!(before["Booking"].options, now.options);
    case.roll_back(&[]).await.code(0);
    let back = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &back, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn bookings_with_ids_of_every_type_in_more_than_one_page_are_all_walked() {
    let case = without_bookings().await;
    let uuid = |n: u32| {
        let mut bytes = vec![7; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        Bson::Binary(Binary {
            subtype: BinarySubtype::Uuid,
            bytes,
        })
    };
    let mut bookings = Vec::new();
    for n in 0..2_500_u32 {
        let mixed = match n % 6 {
            0 => Bson::Int32(n.cast_signed()),
            1 => Bson::Double(f64::from(n) + 0.5),
            2 => Bson::String(format!("booking {n}")),
            3 => Bson::ObjectId(id(BOOKING, n)),
            4 => uuid(n),
            _ => Bson::Document(doc! { "day": n, "seat": "a" }),
        };
        bookings.push(mixed);
    }
    bookings.extend([
        Bson::MinKey,
        Bson::MaxKey,
        Bson::Null,
        Bson::Boolean(true),
        Bson::Boolean(false),
        Bson::DateTime(bson::DateTime::from_millis(-1)),
        Bson::Timestamp(bson::Timestamp {
            time: 5,
            increment: 6,
        }),
        Bson::Int64(i64::MAX),
        Bson::Double(f64::NEG_INFINITY),
        Bson::String(String::new()),
        Bson::Document(Document::new()),
    ]);
    let bookings = bookings.into_iter().zip(0_u32..).map(|(mixed, n)| {
        doc! { "_id": mixed, "userId": id(USER, 20 + n % 3), "serviceId": id(SERVICE, n % 3), "n": n }
    });
    of(&case, "Booking").insert_many(bookings).await.unwrap();
    there_and_back(&case).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_collection_whose_collation_orders_strings_unlike_bytes_is_walked_and_keeps_it() {
    let case = without_bookings().await;
    let german = doc! { "locale": "de", "strength": 1, "numericOrdering": true };
    run(
        &case.database,
        doc! { "create": "Booking", "collation": german },
    )
    .await;
    let indexes = [
        doc! { "key": { "code": 1 }, "name": "folded", "unique": true },
        doc! { "key": { "code": 1, "n": 1 }, "name": "plain", "collation": { "locale": "simple" } },
    ];
    run(
        &case.database,
        doc! { "createIndexes": "Booking", "indexes": indexes.to_vec() },
    )
    .await;
    let names = |n: u32| match n % 4 {
        0 => format!("ä{n}"),
        1 => format!("Z{n}"),
        2 => format!("a{n}"),
        _ => format!("{n}"),
    };
    let bookings = (0..2_300).map(|n| {
        doc! { "_id": names(n), "userId": id(USER, 20 + n % 3), "serviceId": id(SERVICE, n % 3), "code": names(n) }
    });
    // Equal but for case and accent would be one id: none are, as every number is used once.
    of(&case, "Booking").insert_many(bookings).await.unwrap();
    there_and_back(&case).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn documents_that_an_insert_would_change_or_refuse_keep_their_bytes() {
    let case = without_bookings().await;
    let (user, service) = (id(USER, 20), id(SERVICE, 2));
    let zero = bson::Timestamp {
        time: 0,
        increment: 0,
    };
    let mut twice = rawdoc! { "_id": 1, "userId": user, "serviceId": service, "a": 1 };
    twice.append(bson::raw::cstr!("a"), 2);
    twice.append(bson::raw::cstr!("serviceId"), service);
    let bookings = [
        twice,
        rawdoc! { "_id": 2, "stamp": zero, "userId": user, "serviceId": service },
        rawdoc! { "_id": 3, "$set": { "a": 1 }, "userId": user, "serviceId": service },
        rawdoc! { "_id": 4, "a.b": { "$c": [{ "d.e": 1 }] }, "userId": user, "serviceId": service },
        rawdoc! { "userId": user, "serviceId": service, "": "no name", "_id": 5 },
        rawdoc! { "_id": 6, "userId": user, "serviceId": service, "nan": f64::NAN, "minus": -0.0 },
    ];
    let outcome = insert_batch(&case.database, "Booking", None, &bookings).await;
    assert_eq!(outcome.unwrap().inserted, bookings.len());
    there_and_back(&case).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_validator_is_put_on_only_after_the_proof_and_documents_that_break_it_come_over() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let prepared = case.picture().await;
    let next = &prepared["_ringfence_next_Booking"];
    assert!(next.options.get("validator").unwrap().is_none());
    assert!(
        prepared["Booking"]
            .options
            .get("validator")
            .unwrap()
            .is_some()
    );
    case.apply(&[]).await.code(0);
    let after = case.picture().await;
    for name in ["Booking", "User"] {
        assert_eq!(after[name].options, prepared[name].options, "{name}");
        let kept = &after[&format!("_ringfence_before_{name}")];
        assert_eq!(kept.options, prepared[name].options, "{name}");
    }
    // Number 7 has no status; a new booking without one is refused.
    let seven = doc! { "_id": id(BOOKING, 7) };
    assert!(
        of(&case, "Booking")
            .find_one(seven)
            .await
            .unwrap()
            .is_some()
    );
    let new = doc! { "_id": ObjectId::new(), "reference": "new" };
    let refused = of(&case, "Booking").insert_one(new).await.unwrap_err();
    assert!(refused.to_string().contains("121"), "{refused}");
}

#[tokio::test]
async fn a_validator_or_partial_index_that_names_a_field_that_leaves_is_refused_before_anything_is_prepared()
 {
    let case = Case::seeded().await;
    let needs =
        doc! { "collMod": "Booking", "validator": { "$jsonSchema": { "required": ["userId"] } } };
    run(&case.database, needs).await;
    let before = case.picture().await;
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    case.ringfence(&plan)
        .await
        .code(1)
        .says(&["validator of Booking", "userId", "collMod"]);
    run(
        &case.database,
        doc! { "collMod": "Booking", "validator": {} },
    )
    .await;
    let partial = doc! { "key": { "city": 1 }, "name": "far", "partialFilterExpression": { "phone": { "$exists": true } } };
    run(
        &case.database,
        doc! { "createIndexes": "User", "indexes": [partial] },
    )
    .await;
    case.ringfence(&plan)
        .await
        .code(1)
        .says(&["far", "User", "phone"]);
    of(&case, "User").drop_index("far").await.unwrap();
    let now = case.picture().await;
    assert_eq!(
        now.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
}

fn expiry(picture: &picture::Picture, collection: &str) -> f64 {
    let index = &picture[collection].indexes["Booking_expiresAt_idx"];
    match index.get("expireAfterSeconds").unwrap().unwrap() {
        bson::RawBsonRef::Int32(seconds) => seconds.into(),
        bson::RawBsonRef::Double(seconds) => seconds,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_expiry_is_off_in_the_copy_and_in_the_kept_original_and_true_in_what_is_live() {
    // The sweep comes every second here, so this server is not for other tests.
    let sweeping = ["--setParameter", "ttlMonitorSleepSecs=1"];
    let server = support::private(Topology::ReplicaSet(1), &sweeping).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    let (truth, off) = (86_400.0, 2_147_483_647.0);
    let before = case.picture().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let now = case.picture().await;
    assert_eq!(
        expiry(&now, "_ringfence_next_Booking").total_cmp(&off),
        std::cmp::Ordering::Equal
    );
    assert_eq!(now["Booking"].indexes, before["Booking"].indexes);
    case.apply(&[]).await.code(0);
    let now = case.picture().await;
    assert_eq!(
        expiry(&now, "Booking").total_cmp(&truth),
        std::cmp::Ordering::Equal
    );
    assert_eq!(
        expiry(&now, "_ringfence_before_Booking").total_cmp(&off),
        std::cmp::Ordering::Equal
    );
    // The server's own sweep takes what is due in the live one, and nothing in the original.
    let due = bson::DateTime::from_millis(1_000);
    let of_two = |name: &str| of(&case, name);
    for name in ["Booking", "_ringfence_before_Booking"] {
        let new = doc! { "_id": id(BOOKING, 9_000), "status": "due", "reference": "due", "expiresAt": due };
        of_two(name).insert_one(new).await.unwrap();
    }
    let one = doc! { "_id": id(BOOKING, 9_000) };
    let deadline = Instant::now() + Duration::from_secs(20);
    while of_two("Booking")
        .find_one(one.clone())
        .await
        .unwrap()
        .is_some()
    {
        assert!(Instant::now() < deadline, "the live expiry does not act");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        of_two("_ringfence_before_Booking")
            .find_one(one.clone())
            .await
            .unwrap()
            .is_some()
    );
    of_two("_ringfence_before_Booking")
        .delete_one(one)
        .await
        .unwrap();
    case.roll_back(&[]).await.code(0);
    let back = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&before, &back, true),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_delayed_batch_does_not_make_a_renamed_copy_anew() {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--through", "customers"]).await.code(0);
    let admin = case.database.client().database("admin");
    let namespace = format!("{}._ringfence_next_Booking", case.name);
    let block = doc! { "failCommands": ["insert"], "blockConnection": true, "blockTimeMS": 1_500, "namespace": &namespace, "appName": "ringfence" };
    run(
        &admin,
        doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": block },
    )
    .await;
    let applying = case.apply(&["--through", "bookings"]);
    let moving = async {
        let sent = doc! { "aggregate": 1, "cursor": {}, "pipeline": [
            { "$currentOp": {} },
            { "$match": { "command.insert": "_ringfence_next_Booking", "command.$db": &case.name } },
        ] };
        let deadline = Instant::now() + Duration::from_secs(20);
        while run(&admin, sent.clone())
            .await
            .get_document("cursor")
            .unwrap()
            .get_array("firstBatch")
            .unwrap()
            .is_empty()
        {
            assert!(Instant::now() < deadline, "no batch was sent");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let aside = format!("{}.aside", case.name);
        run(&admin, doc! { "renameCollection": &namespace, "to": aside }).await;
        of(&case, "_ringfence_next_Booking")
    };
    let (ended, copy) = tokio::join!(applying, moving);
    run(
        &admin,
        doc! { "configureFailPoint": "failCommand", "mode": "off" },
    )
    .await;
    let made_anew = copy.count_documents(doc! {}).await.unwrap();
    assert_eq!(made_anew, 0, "{ended:?}");
    ended.code(1).says(&["361"]);
    of(&case, "aside").drop().await.unwrap();
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_unique_email_index_is_plain_where_no_business_has_two_customers_without_one_and_else_partial()
 {
    let case = Case::seeded().await;
    case.migrate().await;
    let names: Vec<_> = picture::indexes(&case.database, "Customer")
        .await
        .into_keys()
        .collect();
    assert!(
        names.contains(&"Customer_businessId_email_present_key".to_owned()),
        "{names:?}"
    );
    // Two empty strings may stand side by side, two equal addresses may not.
    let new = |email: &str| doc! { "_id": ObjectId::new(), "businessId": id(BUSINESS, 0), "email": email };
    for _ in 0..2 {
        of(&case, "Customer").insert_one(new("")).await.unwrap();
    }
    of(&case, "Customer")
        .insert_one(new("twice@example.com"))
        .await
        .unwrap();
    of(&case, "Customer")
        .insert_one(new("twice@example.com"))
        .await
        .unwrap_err();
    let other = without_bookings().await;
    let booking = doc! { "_id": 1, "userId": id(USER, 9), "serviceId": id(SERVICE, 0) };
    of(&other, "Booking").insert_one(booking).await.unwrap();
    other.migrate().await;
    let names: Vec<_> = picture::indexes(&other.database, "Customer")
        .await
        .into_keys()
        .collect();
    assert!(
        names.contains(&"Customer_businessId_email_key".to_owned()),
        "{names:?}"
    );
}
