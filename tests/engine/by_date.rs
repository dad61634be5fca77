//! The bookings sorted by date, page by page, forwards and back: each once, whatever type its date has.

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt;
use ringfence::domain::id::Id;
use ringfence::domain::view::{DiffCursor, DiffFilter, Order};
use ringfence::engine::Watcher;
use ringfence::engine::session::Session;

use crate::support::case::Case;

const PAGE: usize = 70;

/// The ids of all pages, from the first on.
async fn walked(session: &Session, order: Order) -> Vec<Id> {
    let filter = DiffFilter::in_order(order);
    let mut all = Vec::new();
    let mut cursor = DiffCursor::Start;
    loop {
        let page = session.diff_page(&filter, &cursor, PAGE).await.unwrap();
        all.extend(page.entries.iter().map(|it| it.booking.clone()));
        if !page.more {
            return all;
        }
        cursor = DiffCursor::After(all.last().unwrap().clone());
    }
}

/// The last of the bookings with dates of one moment, some as text, some as numbers, some with none.
async fn odd_dates(case: &Case) {
    let bookings = case.database.collection::<Document>("Booking");
    let ids: Vec<Document> = bookings
        .find(doc! {})
        .projection(doc! { "_id": 1 })
        .sort(doc! { "_id": -1 })
        .limit(80)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    for (at, document) in ids.iter().enumerate() {
        let key = doc! { "_id": document.get("_id").cloned().unwrap() };
        let change = match at % 7 {
            0 => doc! { "$set": { "startTime": "2025-03-14T10:00" } },
            1 => doc! { "$set": { "startTime": 1_700_000_000_000_i64 } },
            2 => doc! { "$unset": { "startTime": "" } },
            3 => doc! { "$set": { "startTime": Bson::Null } },
            _ => doc! { "$set": { "startTime": bson::DateTime::from_millis(1_700_000_000_000) } },
        };
        bookings.update_one(key, change).await.unwrap();
    }
}

#[tokio::test]
async fn bookings_come_by_date_each_once_and_the_way_back_is_the_same_way() {
    let case = Case::seeded().await;
    let field = "startTime";
    let bookings = case.database.collection::<Document>("Booking");
    let later = doc! { "$add": [{ "$ifNull": ["$createdAt", "$$NOW"] }, 3_600_000] };
    bookings
        .update_many(doc! {}, vec![doc! { "$set": { field: later } }])
        .await
        .unwrap();
    odd_dates(&case).await;
    let mut session = case.session().await;
    session.survey(&Watcher::silent()).await.unwrap();
    let sorted = |sign: i32| {
        let found = bookings
            .find(doc! {})
            .sort(doc! { field: sign, "_id": sign })
            .projection(doc! { "_id": 1 });
        async move {
            let all: Vec<Document> = found.await.unwrap().try_collect().await.unwrap();
            let id = |it: &Document| match it.get("_id") {
                Some(Bson::ObjectId(id)) => Id::object_id(id.bytes()),
                other => unreachable!("{other:?}"),
            };
            all.iter().map(id).collect::<Vec<_>>()
        }
    };
    for (order, sign) in [(Order::Oldest, 1), (Order::Newest, -1)] {
        let wanted = sorted(sign).await;
        assert_eq!(walked(&session, order).await, wanted, "{order:?}");
        let back = session
            .diff_page(
                &DiffFilter::in_order(order),
                &DiffCursor::Before(wanted[PAGE].clone()),
                PAGE,
            )
            .await
            .unwrap();
        let back: Vec<_> = back.entries.into_iter().map(|it| it.booking).collect();
        assert_eq!(back, wanted[..PAGE], "the page before, {order:?}");
    }
}
