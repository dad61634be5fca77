//! An application that writes through the cut-over: every write that was acknowledged is live, in the kept original and named, or in a named stray.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bson::oid::ObjectId;
use bson::{Document, doc};
use mongodb::{Client, Database};
use ringfence::demo::server::{Server, Topology};

use crate::case::Case;
use crate::data::{self, SERVICE, USER, id};
use crate::support;

async fn private() -> (Server, Case) {
    let arguments = ["--setParameter", "enableTestCommands=1"];
    let server = support::private(Topology::ReplicaSet(1), &arguments).await;
    let case = Case::at(server.uri("shop"), "shop".to_owned()).await;
    data::seed(&case.database).await;
    (server, case)
}

fn booking() -> Document {
    doc! { "_id": ObjectId::new(), "userId": id(USER, 10), "serviceId": id(SERVICE, 1), "notes": "under fire" }
}

async fn ids(database: &Database, name: &str) -> BTreeSet<String> {
    let all = crate::picture::documents(database, name).await;
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

#[tokio::test]
async fn what_an_application_makes_between_two_renames_is_moved_aside_and_named_and_the_run_goes_on()
 {
    let (_server, case) = private().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    // Customer's two renames and Booking's first one pass; the fourth is held back.
    let hold = doc! {
        "configureFailPoint": "failCommand", "mode": { "skip": 3 },
        "data": { "failCommands": ["renameCollection"], "appName": "ringfence", "blockConnection": true, "blockTimeMS": 3_000 },
    };
    let admin = case.database.client().database("admin");
    data::run(&admin, hold).await;
    let new = booking();
    let application = async {
        while case
            .database
            .list_collection_names()
            .await
            .unwrap()
            .contains(&"Booking".to_owned())
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        case.database
            .collection::<Document>("Booking")
            .insert_one(&new)
            .await
            .unwrap();
        data::run(
            &admin,
            doc! { "configureFailPoint": "failCommand", "mode": "off" },
        )
        .await;
    };
    let (ended, ()) = tokio::join!(case.apply(&[]), application);
    ended.code(2).says(&[
        "_ringfence_stray_1_Booking (1 document)",
        "Nothing of it is lost",
    ]);
    let stray = case
        .database
        .collection::<Document>("_ringfence_stray_1_Booking");
    assert_eq!(stray.find_one(doc! {}).await.unwrap(), Some(new));
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
    case.ringfence(&["report"])
        .await
        .code(0)
        .says(&["stray", "holds 1 documents"]);
    case.roll_back(&[]).await.code(0);
    assert_eq!(
        ids(&case.database, "_ringfence_stray_1_Booking")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn no_write_of_a_tight_loop_through_the_cut_over_is_lost() {
    let (_server, case) = private().await;
    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let stop = Arc::new(AtomicBool::new(false));
    let (flag, uri) = (Arc::clone(&stop), case.uri.clone());
    let application = tokio::spawn(async move {
        let database = Client::with_uri_str(uri).await.unwrap().database("shop");
        let runs = database.collection::<Document>("_ringfence_runs");
        // From the journal on; before it the watch would stop the run.
        while runs
            .find_one(doc! { "collections.booking.swap_began": true })
            .await
            .unwrap()
            .is_none()
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
