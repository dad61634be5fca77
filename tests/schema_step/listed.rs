//! The console's list of indexes, against what apply then does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bson::doc;
use futures_util::TryStreamExt as _;
use ringfence::domain::pace::Limits;
use ringfence::domain::schema_view::{Fate, IndexLine, SchemaView};
use ringfence::engine::Watcher;
use ringfence::engine::session::{Session, SessionOptions};

use crate::schema_step::world::{self, AFTER};
use crate::support::case::Case;
use crate::support::data::run;

/// The list as the console reads it, with all suggestions accepted.
async fn listed(case: &Case) -> SchemaView {
    let options = SessionOptions {
        uri: case.uri.clone(),
        uri_source: "the test".to_owned(),
        database: Some(case.name.clone()),
        config: Some(case.path("ringfence.toml")),
        run_root: case.path("ringfence-runs"),
        watch: Duration::ZERO,
        limits: Limits::default(),
        memory: 56 << 20,
    };
    let mut session = Session::open(options).await.unwrap();
    session.take_suggestions();
    session.accept_schema();
    session.retire_users(true);
    session.survey(&Watcher::silent()).await.unwrap();
    session.schema_view(&Watcher::silent()).await.unwrap()
}

fn fate(view: &SchemaView, collection: &str, name: &str) -> Fate {
    let found = view
        .indexes
        .iter()
        .find(|it| it.collection == collection && it.name == name);
    found
        .unwrap_or_else(|| panic!("{collection} {name}: {:#?}", view.indexes))
        .fate
}

/// The names of the indexes that stand, without that of `_id`; none where there is no such collection.
async fn standing(case: &Case, collection: &str) -> BTreeSet<String> {
    let indexes = case.database.collection::<bson::Document>(collection);
    let Ok(indexes) = indexes.list_indexes().await else {
        return BTreeSet::new();
    };
    let all: Vec<_> = indexes.try_collect().await.unwrap();
    let names = all.into_iter().map(|it| it.options.unwrap().name.unwrap());
    names.filter(|name| name != "_id_").collect()
}

/// What stands in each collection of the list once all is done, as the list says.
fn promised(indexes: &[IndexLine]) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in indexes {
        let of = all.entry(line.collection.clone()).or_default();
        if matches!(line.fate, Fate::Stands | Fate::Made | Fate::PushDrops) {
            of.insert(line.name.clone());
        }
    }
    all
}

#[tokio::test]
#[allow(clippy::too_many_lines)] // one world from its list to its end
async fn the_list_of_indexes_says_what_apply_then_does() {
    let case = world::seeded().await;
    let by_price = doc! { "key": { "price": 1 }, "name": "services_price_idx" };
    run(
        &case.database,
        doc! { "createIndexes": "Service", "indexes": [by_price] },
    )
    .await;
    let end = "  @@index([businessId])\n  @@map(\"services\")";
    let with_price = AFTER.replace(
        end,
        "  @@index([price])\n  @@index([businessId])\n  @@map(\"services\")",
    );
    assert_ne!(with_price, AFTER);
    // A unique that two services break: it cannot be made, and all else waits.
    let broken = with_price.replace(
        "  @@index([price])",
        "  @@index([price])\n  @@unique([name])",
    );
    let services = case.database.collection::<bson::Document>("Service");
    services
        .update_many(doc! {}, doc! { "$set": { "name": "Cut" } })
        .await
        .unwrap();
    world::write(&case, &broken);
    let view = listed(&case).await;
    let at = |collection, name| fate(&view, collection, name);
    assert_eq!(at("Service", "services_name_key"), Fate::Forbidden);
    assert_eq!(
        at("Service", "services_businessId_idx"),
        Fate::MadeOnceSettled
    );
    assert_eq!(
        at("Service", "services by business"),
        Fate::ReplacedOnceSettled
    );
    assert_eq!(at("Service", "services_price_idx"), Fate::Stands);
    assert_eq!(at("Booking", "by hand"), Fate::PushDrops);
    assert_eq!(
        at("Booking", "bookings_customerId_idx"),
        Fate::MadeOnceSettled
    );
    let before = case.picture().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(2);
    case.assert_same(&before).await;

    // Without it nothing waits, and apply does what the list says, no more and no less.
    world::write(&case, &with_price);
    let view = listed(&case).await;
    let waits = |it: &&IndexLine| {
        matches!(
            it.fate,
            Fate::MadeOnceSettled | Fate::ReplacedOnceSettled | Fate::Forbidden
        )
    };
    assert_eq!(
        view.indexes.iter().filter(waits).count(),
        0,
        "{:#?}",
        view.indexes
    );
    let at = |collection, name| fate(&view, collection, name);
    assert_eq!(at("Service", "services_businessId_idx"), Fate::Made);
    assert_eq!(at("Service", "services by business"), Fate::Replaced);
    assert_eq!(at("Service", "services_price_idx"), Fate::Stands);
    assert_eq!(at("Booking", "by hand"), Fate::PushDrops);
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    let names = [
        ("User", "users"),
        ("Business", "businesses"),
        ("Service", "services"),
        ("Customer", "customers"),
        ("Booking", "bookings"),
        ("Room", "rooms"),
    ];
    let promised = promised(&view.indexes);
    assert!(promised.len() >= 4, "{promised:#?}");
    for (live, to) in names {
        let said = promised.get(live).cloned().unwrap_or_default();
        assert_eq!(standing(&case, to).await, said, "{to}");
    }

    // The list of a run under way says the same of what stands.
    let after = listed(&case).await;
    assert!(after.locked.is_some());
    for line in &after.indexes {
        assert!(
            matches!(line.fate, Fate::Stands | Fate::PushDrops),
            "{line:?}"
        );
        assert!(promised[&line.collection].contains(&line.name), "{line:?}");
    }
    let stand = |it: &[IndexLine]| {
        let kept = it.iter().filter(|it| it.fate != Fate::Replaced);
        kept.map(|it| (it.collection.clone(), it.name.clone()))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(stand(&after.indexes), stand(&view.indexes));
    case.roll_back(&[]).await.code(0);
    for (live, of) in [
        ("Service", "services by business"),
        ("Booking", "Booking_userId_idx"),
    ] {
        assert!(standing(&case, live).await.contains(of), "{live} {of}");
    }
}
