//! An application that writes through the cut-over: every write that was acknowledged is live, in the kept original and named, or in a named stray.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Document, doc};
use mongodb::options::ClientOptions;
use mongodb::{Client, ClientSession, Database};
use ringfence::demo::server::{Server, Topology};

use crate::support;
use crate::support::case::Case;
use crate::support::data::{self, SERVICE, USER, id};

async fn private() -> (Server, Case) {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    (server, case)
}

fn booking() -> Document {
    let id_of_its_own = ObjectId::new();
    doc! { "_id": id_of_its_own, "userId": id(USER, 10), "serviceId": id(SERVICE, 1), "status": "CONFIRMED", "reference": id_of_its_own.to_hex(), "notes": "under fire" }
}

async fn ids(database: &Database, name: &str) -> BTreeSet<String> {
    let all = crate::support::picture::documents(database, name).await;
    all.iter()
        .map(|it| format!("{:?}", it.get("_id").unwrap()))
        .collect()
}

/// Where acknowledged bookings may be found.
async fn everywhere(database: &Database) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in database.list_collection_names().await.unwrap() {
        if name == "Booking"
            || name.starts_with("_ringfence_stray_")
            || name == "_ringfence_before_Booking"
        {
            found.extend(ids(database, &name).await);
        }
    }
    found
}

/// The nth rename of ours waits for three seconds, and each one after it.
async fn hold_back_rename(case: &Case, nth: i32) {
    hold_back_renames_for(case, nth, 3_000).await;
}

/// The nth rename of ours waits, and each one after it.
async fn hold_back_renames_for(case: &Case, nth: i32, milliseconds: i32) {
    let hold = doc! {
        "configureFailPoint": "failCommand", "mode": { "skip": nth - 1 },
        "data": { "failCommands": ["renameCollection"], "appName": "ringfence", "blockConnection": true, "blockTimeMS": milliseconds },
    };
    data::run(&case.database.client().database("admin"), hold).await;
}

/// Inserts as soon as there is no `Booking`, and lets the renames go on.
async fn inserted_between_renames(case: &Case, new: &Document) {
    let is_there = async || {
        let names = case.database.list_collection_names().await.unwrap();
        names.contains(&"Booking".to_owned())
    };
    while is_there().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let bookings = case.database.collection::<Document>("Booking");
    bookings.insert_one(new).await.unwrap();
    let off = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    data::run(&case.database.client().database("admin"), off).await;
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_an_application_makes_between_two_renames_is_moved_aside_and_named_and_the_run_goes_on()
 {
    let (_server, case) = private().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    // Customer's two renames and Booking's first one pass.
    hold_back_rename(&case, 4).await;
    let new = booking();
    let (ended, ()) = tokio::join!(case.apply(&[]), inserted_between_renames(&case, &new));
    ended.code(2).says(&[
        "_ringfence_stray_1_Booking (1 document)",
        "Nothing of it is lost",
    ]);
    let stray = case
        .database
        .collection::<Document>("_ringfence_stray_1_Booking");
    assert_eq!(stray.find_one(doc! {}).await.unwrap(), Some(new.clone()));
    // The same command never passes it over.
    case.apply(&[])
        .await
        .code(2)
        .says(&["_ringfence_stray_1_Booking (1 document)"]);
    // Nothing is taken in unasked, or for another database.
    case.ringfence(&["strays", "--take-in"]).await.code(3);
    assert_eq!(
        ids(&case.database, "_ringfence_stray_1_Booking")
            .await
            .len(),
        1
    );
    let take_in = ["strays", "--take-in", "--confirm", &case.name];
    case.ringfence(&take_in)
        .await
        .code(0)
        .says(&["1 document read back, live in Booking"]);
    let bookings = case.database.collection::<Document>("Booking");
    let id = new.get("_id").unwrap();
    let taken = bookings
        .find_one(doc! { "_id": id })
        .await
        .unwrap()
        .unwrap();
    assert!(taken.contains_key("customerId") && !taken.contains_key("userId"));
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.ringfence(&["report"])
        .await
        .code(0)
        .says(&["read back, live in Booking"]);
    // It is new since the cut-over, and goes back as it was written.
    case.roll_back(&[]).await.code(2);
    case.roll_back(&["--keep-new"]).await.code(0);
    let back = bookings
        .find_one(doc! { "_id": id })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(back.get("userId"), new.get("userId"));
    let purge = ["purge", "--confirm", &case.name];
    case.ringfence(&purge).await.code(0);
    let names = case.database.list_collection_names().await.unwrap();
    assert!(
        !names.iter().any(|name| name.contains("taken_in")),
        "{names:?}"
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_an_application_makes_between_the_renames_of_a_rollback_is_moved_aside_and_named() {
    for keep in [&[][..], &["--keep-new"]] {
        let (_server, case) = private().await;
        let before = case.picture().await;
        case.migrate().await;
        if !keep.is_empty() {
            let mut late = booking();
            late.remove("userId");
            late.insert("customerId", id(data::CUSTOMER, 90));
            let bookings = case.database.collection::<Document>("Booking");
            bookings.insert_one(late).await.unwrap();
        }
        // User's two renames and Booking's first one pass.
        hold_back_rename(&case, 4).await;
        let new = booking();
        let (ended, ()) = tokio::join!(case.roll_back(keep), inserted_between_renames(&case, &new));
        ended.code(2).says(&[
            "_ringfence_stray_1_Booking (1 document)",
            "Nothing of it is lost",
        ]);
        let name = "_ringfence_stray_1_Booking";
        let stray = case.database.collection::<Document>(name);
        assert_eq!(stray.find_one(doc! {}).await.unwrap(), Some(new));
        if keep.is_empty() {
            let mut now = crate::support::picture::application(&case.picture().await);
            now.remove(name);
            let differences = crate::support::picture::differences(&before, &now, true);
            assert_eq!(differences, Vec::<String>::new());
        }
    }
}

/// An application's transaction that has written a booking and goes on.
async fn open_transaction(case: &Case) -> ClientSession {
    let mut options = ClientOptions::parse(&case.uri).await.unwrap();
    options.app_name = Some("the application".to_owned());
    let client = Client::with_options(options).unwrap();
    let mut session = client.start_session().await.unwrap();
    session.start_transaction().await.unwrap();
    let bookings = client
        .database(&case.name)
        .collection::<Document>("Booking");
    bookings
        .insert_one(booking())
        .session(&mut session)
        .await
        .unwrap();
    session
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_open_transaction_in_the_way_of_a_rename_is_named_and_the_same_command_goes_on_once_it_ended()
 {
    let (_server, case) = private().await;
    let before = case.picture().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let mut transaction = open_transaction(&case).await;
    case.apply(&[]).await.code(1).says(&[
        "another operation held the collection",
        "a transaction, open for",
        "of the application at 127.0.0.1",
        "run the same command again",
    ]);
    transaction.abort_transaction().await.unwrap();
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
    let now = crate::support::picture::application(&case.picture().await);
    let differences = crate::support::picture::differences(&before, &now, true);
    assert_eq!(differences, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_a_transaction_commits_while_the_cut_over_waits_for_it_stops_it_and_is_taken_in_by_the_next()
 {
    let (_server, case) = private().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let mut transaction = open_transaction(&case).await;
    let application = async {
        let runs = case.database.collection::<Document>("_ringfence_runs");
        let began = doc! { "collections.booking.swap_began": true };
        while runs.find_one(began.clone()).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        transaction.commit_transaction().await.unwrap();
    };
    let (ended, ()) = tokio::join!(case.apply(&[]), application);
    ended
        .code(1)
        .says(&["1 write to Booking", "What is live is unchanged"]);
    case.apply(&[]).await.code(0);
    let bookings = case.database.collection::<Document>("Booking");
    let written = doc! { "notes": "under fire", "customerId": { "$exists": true }, "userId": null };
    assert_eq!(bookings.count_documents(written).await.unwrap(), 1);
}

#[tokio::test]
async fn no_write_of_a_tight_loop_through_the_cut_over_is_lost() {
    let (_server, case) = private().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    // Each of Booking's two renames comes late, so that the loop is in full swing.
    hold_back_renames_for(&case, 3, 300).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (flag, uri) = (Arc::clone(&stop), case.uri.clone());
    let application = tokio::spawn(async move {
        let database = Client::with_uri_str(uri).await.unwrap().database("shop");
        // From the first rename on; before it the watch would stop the run.
        let moved = "_ringfence_before_Customer".to_owned();
        while !database
            .list_collection_names()
            .await
            .unwrap()
            .contains(&moved)
        {
            if flag.load(Ordering::Relaxed) {
                return BTreeSet::new();
            }
        }
        let mut acknowledged = BTreeSet::new();
        let bookings = database.collection::<Document>("Booking");
        while !flag.load(Ordering::Relaxed) {
            let new = booking();
            if bookings.insert_one(&new).await.is_ok() {
                let raw = bson::RawDocumentBuf::try_from(&new).unwrap();
                acknowledged.insert(format!("{:?}", raw.get("_id").unwrap()));
            }
        }
        acknowledged
    });
    let ended = case.apply(&[]).await;
    stop.store(true, Ordering::Relaxed);
    let acknowledged = application.await.unwrap();
    assert!(acknowledged.len() > 5, "{}", acknowledged.len());
    // The run sees it and says so; whatever it says, nothing is gone.
    assert_ne!(ended.code, 0, "{}", ended.err);
    let found = everywhere(&case.database).await;
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "{lost:?}\n{}", ended.err);
}
