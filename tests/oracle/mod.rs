//! Random small ugly databases through the product, on a real server, against a plain oracle of DESIGN §3 and §4.
//!
//! `RINGFENCE_ORACLE_CASES` says how many (10), `RINGFENCE_ORACLE_SEED` the seed of the first (1): a failure prints its
//! seed, and that seed with one case runs it again alone.

mod bytes;
mod case;
mod compare;
mod expected;
mod form;
mod generate;
mod hand_made;
mod planted;
mod product;
mod shrink;
mod state;
mod survey;

use crate::support;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use futures_util::{StreamExt, stream};

use case::Ended;

/// Cases that run at the same time.
const AT_ONCE: usize = 6;
/// Runs spent on making a failing database smaller.
const TRIES: usize = 150;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_database_is_migrated_as_the_oracle_says_and_comes_back_as_it_was() {
    let full = support::full();
    let cases = setting("RINGFENCE_ORACLE_CASES", if full { 2_000 } else { 10 });
    let first = setting("RINGFENCE_ORACLE_SEED", 1);
    let uri = &support::shared().uri("");
    let client = &mongodb::Client::with_uri_str(uri).await.expect("a client");
    let begun = Instant::now();
    let one = |seed: u64| async move {
        let data = generate::database(seed);
        let name = format!("oracle_{seed}");
        let mut ended = case::run(client, uri, &name, &data).await;
        // Now and then the same in another database, inserted the other way round: the same ids must come out.
        if let Ended::Right(ids) = &mut ended
            && seed.is_multiple_of(10)
        {
            let name = format!("oracle_{seed}_again");
            match case::run(client, uri, &name, &data.clone().reversed()).await {
                Ended::Right(again) => ids.extend(again),
                other => ended = other,
            }
        }
        (seed, ended)
    };
    // Some databases are skipped; so many more seeds are there to be drawn from.
    let mut running = stream::iter(first..).map(one).buffered(AT_ONCE);
    let mut customer_ids = HashMap::new();
    let mut skipped: BTreeMap<&str, u64> = BTreeMap::new();
    let mut done = 0;
    let mut failed = Vec::new();
    while done < cases
        && failed.len() < 5
        && let Some((seed, ended)) = running.next().await
    {
        match ended {
            Ended::Skipped(why) => *skipped.entry(why).or_default() += 1,
            Ended::Wrong(differences) => {
                done += 1;
                failed.push((seed, differences));
            }
            Ended::Right(ids) => {
                done += 1;
                for (source, id) in ids {
                    let earlier = customer_ids.insert(source.clone(), id.clone());
                    if earlier.is_some_and(|earlier| earlier != id) {
                        failed.push((
                            seed,
                            vec![format!("{source:?} gets another _id now: {id:?}")],
                        ));
                    }
                }
            }
        }
    }
    drop(running);
    eprintln!(
        "{done} databases in {:.1?}; left out: {skipped:?}",
        begun.elapsed()
    );
    let Some((seed, differences)) = failed.first() else {
        return;
    };
    // A smaller database must fail in the same way, or nothing at all would be the smallest.
    let kind = |difference: &String| difference.split(' ').next().map(str::to_owned);
    let kinds: Vec<_> = differences.iter().map(kind).collect();
    let kinds = &kinds;
    let smallest = shrink::shrink(generate::database(*seed), TRIES, |data| async move {
        match case::run(client, uri, "oracle_small", &data).await {
            Ended::Wrong(now) => now
                .first()
                .is_some_and(|first| kinds.contains(&kind(first))),
            _ => false,
        }
    })
    .await;
    let Ended::Wrong(still) = case::run(client, uri, "oracle_small", &smallest).await else {
        panic!("seed {seed} failed, and did not when run again: {failed:#?}");
    };
    panic!(
        "{} of {done} databases: {failed:#?}\n\nseed {seed}, made small:\n{}\n\n{}",
        failed.len(),
        shrink::describe(&smallest),
        still.join("\n")
    );
}
