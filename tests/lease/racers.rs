//! Many at once: one takes the lease.

use bson::{Document, doc};
use futures_util::future::join_all;
use ringfence::store::connect::{Connection, connect};
use ringfence::store::lease::Taking;

use crate::lease::field::{is_free, lease, leases};
use crate::support::case::Case;

async fn connections(case: &Case, count: usize) -> Vec<Connection> {
    let connecting = (0..count).map(|_| connect(&case.uri, "the test", None));
    join_all(connecting)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

/// All try at once; returns who took it, and in how many ways.
async fn race(racers: &[Connection]) -> (Vec<usize>, usize, usize) {
    let takings = join_all(racers.iter().map(|racer| racer.lease.take())).await;
    let (mut won, mut taken_over, mut held) = (Vec::new(), 0, 0);
    for (at, taking) in takings.into_iter().enumerate() {
        match taking.unwrap() {
            Taking::Taken => won.push(at),
            Taking::TookOver(_) => {
                won.push(at);
                taken_over += 1;
            }
            Taking::Held(_) => held += 1,
        }
    }
    (won, taken_over, held)
}

async fn document(case: &Case) -> Document {
    lease(case).await.unwrap()
}

#[tokio::test]
async fn of_thirty_racers_one_takes_the_lease_each_time_and_each_taking_raises_the_token() {
    let case = Case::seeded().await;
    let racers = connections(&case, 30).await;
    let mut last = None;
    for round in 0..5 {
        let (won, taken_over, held) = race(&racers).await;
        assert_eq!((won.len(), taken_over, held), (1, 0, 29), "round {round}");
        let token = document(&case).await.get_i64("token").unwrap();
        assert!(
            last.is_none_or(|last| token == last + 1),
            "{last:?} {token}"
        );
        last = Some(token);
        assert_eq!(racers[won[0]].lease.token(), last);
        racers[won[0]].lease.release().await.unwrap();
        assert!(is_free(&document(&case).await));
    }
}

#[tokio::test]
async fn of_thirty_racers_one_takes_over_from_a_process_whose_number_another_one_has_now() {
    let case = Case::seeded().await;
    let racers = connections(&case, 31).await;
    let (dead, racers) = racers.split_first().unwrap();
    assert!(matches!(dead.lease.take().await.unwrap(), Taking::Taken));
    assert_eq!(race(racers).await.2, 30);
    // Its number is ours, and its start was another.
    let earlier = doc! { "$set": { "holder.process.started": 1_i64 } };
    leases(&case).update_one(doc! {}, earlier).await.unwrap();
    let (won, taken_over, held) = race(racers).await;
    assert_eq!((won.len(), taken_over, held), (1, 1, 29));
    // Whoever it was taken from writes no more, and is told why.
    assert!(racers[won[0]].lease.confirm().await.is_ok());
    let error = dead.lease.confirm().await.unwrap_err().to_string();
    assert!(
        error.contains("was lost") && error.contains("held by"),
        "{error}"
    );
    assert!(dead.lease.check().await.is_err());
    assert!(dead.lease.take().await.is_err());
    dead.lease.release().await.unwrap();
    assert!(racers[won[0]].lease.confirm().await.is_ok());
}

#[tokio::test]
async fn a_holder_of_a_lease_that_was_dropped_and_made_anew_does_not_meet_its_own_token_again() {
    let case = Case::seeded().await;
    let sessions = connections(&case, 2).await;
    assert!(matches!(
        sessions[0].lease.take().await.unwrap(),
        Taking::Taken
    ));
    let first = sessions[0].lease.token().unwrap();
    leases(&case).drop().await.unwrap();
    assert!(matches!(
        sessions[1].lease.take().await.unwrap(),
        Taking::Taken
    ));
    assert!(sessions[1].lease.token().unwrap() > first);
    assert!(sessions[0].lease.confirm().await.is_err());
    sessions[1].lease.end().await.unwrap();
    assert_eq!(lease(&case).await, None);
    assert!(!sessions[1].lease.is_held());
}

#[tokio::test]
async fn nothing_is_renamed_dropped_or_made_without_the_lease() {
    use ringfence::store::{collection_spec, swap};
    let case = Case::seeded().await;
    let before = case.picture().await;
    let connection = connections(&case, 1).await.remove(0);
    for refused in [
        swap::rename(&connection, "Booking", "x").await,
        collection_spec::drop(&connection, "Booking").await,
        collection_spec::create(&connection, "x", None).await,
        collection_spec::set_ttl(&connection, "Booking", "x", None).await,
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("without holding the lease"), "{error}");
    }
    case.assert_same(&before).await;
}
