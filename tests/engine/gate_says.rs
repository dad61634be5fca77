//! What a gate says of writers, backup and proof: a mark only where that was looked at and holds.

use bson::{Document, doc};
use ringfence::domain::gate::{Destructive, Gate, New};
use ringfence::engine::Watcher;

use crate::support::case::Case;
use crate::support::data::{BOOKING, id};

async fn gate(case: &Case, action: Destructive) -> Gate {
    let mut session = case.session().await;
    session.survey(&Watcher::silent()).await.unwrap();
    session.gate(action).await.unwrap()
}

async fn write(case: &Case) {
    let bookings = case.database.collection::<Document>("Booking");
    let one = doc! { "_id": id(BOOKING, 10) };
    let set = doc! { "$set": { "status": "changed" } };
    bookings.update_one(one, set).await.unwrap();
}

#[tokio::test]
async fn a_gate_says_since_when_nobody_writes_and_takes_the_mark_back_when_somebody_did() {
    let case = Case::seeded().await;
    let before = gate(&case, Destructive::BlockWrites).await;
    assert_eq!(before.backup.words(), "none");
    assert!(before.proof.iter().all(|line| !line.holds));
    assert!(!before.missing.is_empty() || before.writers.is_none_or(|it| !it.holds));

    case.plan().await;
    case.apply(&["--through", "prove"]).await.code(0);
    let ready = gate(&case, Destructive::CutOver).await;
    let writers = ready.writers.unwrap().words();
    assert!(
        writers.starts_with("✓ quiet since ") && writers.ends_with("; no write seen since"),
        "{writers}"
    );
    let backup = ready.backup.words();
    assert!(
        backup.starts_with("✓ ") && backup.contains(", read back "),
        "{backup}"
    );
    assert!(ready.proof.iter().all(|line| line.holds));
    assert!(ready.way_back.holds, "{:?}", ready.way_back);
    let swaps = ready.will_do.join("\n");
    for words in [
        "rename Booking → _ringfence_before_Booking",
        ", kept), then rename _ringfence_next_Booking → Booking",
    ] {
        assert!(swaps.contains(words), "{words}: {swaps}");
    }

    write(&case).await;
    let late = gate(&case, Destructive::CutOver).await;
    let writers = late.writers.unwrap();
    assert!(!writers.holds, "{writers:?}");
    assert!(writers.says.contains("1 write to Booking"), "{writers:?}");
    assert!(late.now.contains("1 write to Booking"), "{}", late.now);
    assert!(late.proof.iter().all(|line| !line.holds));
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn the_gate_to_roll_back_says_what_was_written_since_the_proof_and_marks_no_proof_of_it() {
    let case = Case::seeded().await;
    case.migrate().await;
    let quiet = gate_of_rollback(&case).await;
    let writers = quiet.writers.unwrap().words();
    assert!(writers.starts_with("✓ no write seen since "), "{writers}");
    write(&case).await;
    let gate = gate_of_rollback(&case).await;
    let writers = gate.writers.unwrap();
    assert!(
        !writers.holds && writers.says.contains("1 write to Booking"),
        "{writers:?}"
    );
    assert!(gate.proof[0].says.contains("before the application wrote"));
    assert!(gate.proof.iter().all(|line| !line.holds));
}

async fn gate_of_rollback(case: &Case) -> Gate {
    let mut session = case.session().await;
    session
        .gate(Destructive::RollBack(New::Refuse))
        .await
        .unwrap()
}
