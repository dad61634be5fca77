//! The copies are built while an application goes on writing; after its stop the next apply takes in what changed, and a rollback with
//! `--keep-new` loses nothing of what it wrote, before or after the cut-over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bson::{Document, doc};
use mongodb::{Client, Collection};

use crate::support::case::Case;
use crate::support::data::{BOOKING, SERVICE, USER, booking, id};
use crate::support::picture;

/// Bookings and users of the application begin here.
const FIRST: u32 = 2_000;

/// An application that adds, changes and deletes bookings and users until it is told to end.
struct Application {
    end: Arc<AtomicBool>,
    rounds: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Application {
    fn starts(case: &Case, first: u32) -> Self {
        let (end, rounds) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let (uri, name) = (case.uri.clone(), case.name.clone());
        let (ends, counts) = (Arc::clone(&end), Arc::clone(&rounds));
        let task = tokio::spawn(async move {
            let database = Client::with_uri_str(uri).await.unwrap().database(&name);
            let (users, bookings) = (database.collection("User"), database.collection("Booking"));
            let mut n = first;
            while !ends.load(Ordering::SeqCst) {
                round(&users, &bookings, n).await;
                n += 1;
                counts.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { end, rounds, task }
    }

    async fn has_gone_on(&self, rounds: u32) {
        let from = self.rounds.load(Ordering::SeqCst);
        while self.rounds.load(Ordering::SeqCst) < from + rounds {
            tokio::task::yield_now().await;
        }
    }

    async fn ends(self) -> u32 {
        self.end.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
        self.rounds.load(Ordering::SeqCst)
    }
}

/// A user who books twice; one of the bookings is changed, one goes; now and then the user's phone changes, or an idle user goes.
async fn round(users: &Collection<Document>, bookings: &Collection<Document>, n: u32) {
    let user = doc! { "_id": id(USER, n), "name": format!("Guest {n}"), "email": format!("guest{n}@example.org"), "phone": "+44 20 7946 0018" };
    users.insert_one(user).await.unwrap();
    for twice in [0, 10_000] {
        let mut new = booking(n);
        new.insert("_id", id(BOOKING, n + twice));
        new.insert("userId", id(USER, n));
        new.insert("serviceId", id(SERVICE, 0));
        new.insert("reference", format!("A-{}", n + twice));
        bookings.insert_one(new).await.unwrap();
    }
    let one = doc! { "_id": id(BOOKING, n) };
    bookings
        .update_one(one, doc! { "$set": { "notes": format!("moved {n}") } })
        .await
        .unwrap();
    let other = doc! { "_id": id(BOOKING, n + 10_000) };
    bookings.delete_one(other).await.unwrap();
    if n.is_multiple_of(3) {
        let of = doc! { "_id": id(USER, n) };
        let set = doc! { "$set": { "city": "Leeds" } };
        users.update_one(of, set).await.unwrap();
    }
    if n.is_multiple_of(5) {
        let booked = doc! { "userId": id(USER, n) };
        bookings.delete_many(booked).await.unwrap();
        users.delete_one(doc! { "_id": id(USER, n) }).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_an_application_writes_while_the_copies_are_built_is_migrated_and_comes_back() {
    let case = Case::seeded().await;
    case.plan().await;
    let application = Application::starts(&case, FIRST);
    application.has_gone_on(5).await;
    case.apply(&["--build-ahead"])
        .await
        .code(0)
        .says(&["Reassign bookings"]);
    application.has_gone_on(5).await;
    let rounds = application.ends().await;
    assert!(rounds >= 10, "{rounds}");
    let held = picture::application(&case.picture().await);

    // The same data migrated in one piece elsewhere says what must come out.
    let whole = Case::empty().await;
    for name in case.database.list_collection_names().await.unwrap() {
        if !name.starts_with('_') {
            copy(&case, &whole, &name).await;
        }
    }
    whole.migrate().await;
    case.apply(&[])
        .await
        .code(0)
        .says(&["writers stand still since"]);
    case.ringfence(&["verify"]).await.code(0);
    let built = picture::application(&case.picture().await);
    let expected = picture::application(&whole.picture().await);
    for name in ["User", "Booking", "Customer"] {
        assert_eq!(built[name].documents, expected[name].documents, "{name}");
    }

    // It goes on after the cut-over, and a rollback keeps all of it.
    let bookings = case.database.collection::<Document>("Booking");
    let customers = case.database.collection::<Document>("Customer");
    let customer = customers
        .find_one(doc! { "email": "guest2001@example.org" })
        .await
        .unwrap()
        .unwrap();
    let late = doc! { "_id": id(BOOKING, 30_000), "serviceId": id(SERVICE, 0), "notes": "late", "status": "CONFIRMED", "reference": "late", "customerId": customer.get_object_id("_id").unwrap() };
    bookings.insert_one(&late).await.unwrap();
    case.roll_back(&["--keep-new"]).await.code(0);
    let mut back = picture::application(&case.picture().await);
    let carried = bookings
        .find_one(doc! { "_id": id(BOOKING, 30_000) })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(carried.get_object_id("userId").unwrap(), id(USER, 2_001));
    let all = back.get_mut("Booking").unwrap();
    all.documents
        .retain(|document| document.get_str("notes").ok() != Some("late"));
    assert_eq!(
        picture::differences(&held, &back, false),
        Vec::<String>::new()
    );
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_conflict_that_an_application_makes_while_the_copies_are_built_stops_before_the_cut_over_for_a_decision()
 {
    let case = Case::seeded().await;
    case.plan().await;
    case.apply(&["--build-ahead"]).await.code(0);
    let users = case.database.collection::<Document>("User");
    let bookings = case.database.collection::<Document>("Booking");
    // The same person twice at one business.
    for (n, email) in [(900, "twice@example.org"), (901, "Twice@Example.org")] {
        let user = doc! { "_id": id(USER, n), "name": "Twice", "email": email };
        users.insert_one(user).await.unwrap();
        let mut new = booking(n);
        new.insert("userId", id(USER, n));
        new.insert("serviceId", id(SERVICE, 0));
        bookings.insert_one(new).await.unwrap();
    }
    let held = picture::application(&case.picture().await);
    let named = ["duplicate-email", "no longer fits"];
    case.apply(&["--build-ahead"]).await.code(4).says(&named);
    case.apply(&[]).await.code(4).says(&named);
    let now = picture::application(&case.picture().await);
    assert_eq!(
        picture::differences(&held, &now, true),
        Vec::<String>::new()
    );
    case.plan().await;
    case.apply(&[]).await.code(0);
    case.ringfence(&["verify"]).await.code(0);
}

/// Copies documents, options left out, and indexes, on the server.
async fn copy(from: &Case, to: &Case, name: &str) {
    let documents = picture::documents(&from.database, name).await;
    let into = to.database.collection::<bson::RawDocumentBuf>(name);
    if !documents.is_empty() {
        into.insert_many(documents).await.unwrap();
    }
}
