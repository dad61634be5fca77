//! Two collections side by side, read from a real server: whatever their orders, each original is met with what the companions hold.

use std::collections::{BTreeMap, BTreeSet};

use bson::{RawDocumentBuf, rawdoc};
use mongodb::Database;
use ringfence::domain::fingerprint::Fingerprint;
use ringfence::store::side_by_side::{Hashes, SideBySide, Source};

use crate::support::case::Case;

const ORIGINALS: &str = "originals";
const COMPANIONS: [&str; 2] = ["many", "few"];

/// Documents of a collection, in the order of insertion; which collection it is stands in each.
async fn fill(database: &Database, name: &str, ids: &[i32]) -> Vec<RawDocumentBuf> {
    let documents: Vec<_> = ids
        .iter()
        .map(|id| rawdoc! { "_id": *id, "of": name })
        .collect();
    let collection = database.collection::<RawDocumentBuf>(name);
    if !documents.is_empty() {
        collection.insert_many(&documents).await.unwrap();
    }
    documents
}

/// What a walk meets: of each original the companions that hold it, how often it came, and what has no original.
#[derive(Debug, Default, PartialEq, Eq)]
struct Walked {
    partners: BTreeMap<i32, [bool; 2]>,
    times: BTreeMap<i32, u32>,
    alone: BTreeSet<(usize, i32)>,
}

async fn walk(database: &Database, hashes: Hashes) -> (Walked, String) {
    let originals = Source {
        name: ORIGINALS,
        most: 0,
    };
    let mut pages = SideBySide::of(database, originals, &COMPANIONS, hashes).unwrap();
    let mut walked = Walked::default();
    while let Some(page) = pages.next().await.unwrap() {
        for met in page.rows() {
            let id = met.original.get_i32("_id").unwrap();
            assert_eq!(met.original.get_str("of").unwrap(), ORIGINALS);
            let held = walked.partners.entry(id).or_default();
            *walked.times.entry(id).or_default() += 1;
            for (which, partner) in met.partners.iter().enumerate() {
                let Some(partner) = partner else { continue };
                assert_eq!(partner.get_i32("_id").unwrap(), id);
                assert_eq!(partner.get_str("of").unwrap(), COMPANIONS[which]);
                held[which] = true;
            }
        }
        for (which, document) in page.unmatched() {
            assert_eq!(document.get_str("of").unwrap(), COMPANIONS[which]);
            let new = walked
                .alone
                .insert((which, document.get_i32("_id").unwrap()));
            assert!(new, "{document:?} came twice");
        }
    }
    (walked, pages.fingerprint())
}

fn fingerprint(documents: &[RawDocumentBuf]) -> String {
    let mut fingerprint = Fingerprint::default();
    for document in documents {
        fingerprint.add(document);
    }
    fingerprint.text()
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn whatever_the_orders_each_original_is_met_with_what_the_companions_hold() {
    let mut random = fastrand::Rng::with_seed(11);
    // How many of the originals stand in each companion, of 100; and how many others do.
    for (many, few, extra) in [
        (100, 0, 0),
        (0, 0, 0),
        (0, 100, 3_000),
        (50, 50, 10),
        (97, 5, 4_000),
    ] {
        for order in ["same", "reversed", "any", "blocks"] {
            let case = Case::empty().await;
            let database = &case.database;
            let ids: Vec<i32> = (0..6_500).collect();
            let originals = fill(database, ORIGINALS, &ids).await;
            let mut expected = Walked::default();
            let mut held: Vec<Vec<i32>> = Vec::new();
            for (which, part) in [many, few].into_iter().enumerate() {
                let mut some = ids.clone();
                some.retain(|_| random.i32(0..100) < part);
                for id in &some {
                    expected.partners.entry(*id).or_default()[which] = true;
                }
                for id in 10_000..10_000 + extra {
                    some.insert(random.usize(0..=some.len()), id);
                    expected.alone.insert((which, id));
                }
                match order {
                    "reversed" => some.reverse(),
                    "any" => random.shuffle(&mut some),
                    // As several writers leave them.
                    "blocks" => some.chunks_mut(1_200).for_each(|block| {
                        let middle = block.len() / 2;
                        block.rotate_left(middle);
                    }),
                    _ => {}
                }
                held.push(some);
            }
            let companion = fill(database, COMPANIONS[0], &held[0]).await;
            fill(database, COMPANIONS[1], &held[1]).await;
            for id in &ids {
                let both = *expected.partners.entry(*id).or_default() == [true; 2];
                expected.times.insert(*id, 1 + u32::from(both));
            }
            for (hashes, of) in [
                (Hashes::Originals, &originals),
                (Hashes::Companion, &companion),
            ] {
                let (mut walked, says) = walk(database, hashes).await;
                assert_eq!(says, fingerprint(of), "{many} {few} {extra} {order}");
                for (id, times) in &mut walked.times {
                    // Looked up with both at once, or met with one and found in the other later.
                    let most = expected.times[id];
                    assert!((1..=most).contains(times), "{id}: {times} times");
                    *times = most;
                }
                assert!(walked == expected, "{many} {few} {extra} {order}");
            }
        }
    }
}
