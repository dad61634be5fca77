//! Bookings that leave the application: more than 1 % of them is never a default.

use crate::mapping_check::world::{World, booking, id};
use crate::support::case::{Case, Ended};

async fn plan(case: &Case, more: &[&str]) -> Ended {
    let mut all = vec!["plan", "--out", "plan.json"];
    all.extend(more);
    case.ringfence(&all).await
}

/// The plan is refused, says these words, and leaves neither a plan nor anything else.
async fn refused(case: &Case, more: &[&str], words: &[&str]) {
    let before = case.picture().await;
    plan(case, more).await.code(2).says(words);
    assert!(!case.path("plan.json").exists());
    case.assert_same(&before).await;
}

fn decisions(case: &Case, text: &str) {
    let head = format!("version = 1\ndatabase = \"{}\"\n", case.name);
    std::fs::write(case.path("d.toml"), format!("{head}{text}")).unwrap();
}

const DECIDED: [&str; 2] = ["--decisions", "d.toml"];

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn defaults_take_no_more_than_one_in_a_hundred_bookings_out_of_the_application() {
    let case = World::clean().without_business(44).case().await;
    refused(
        &case,
        &["--defaults"],
        &[
            "booking-without-business takes 44 of 400 bookings out",
            "44 to the quarantine",
            "--accept booking-without-business=44",
        ],
    )
    .await;
    for wrong in ["43", "45", "400"] {
        let number = format!("booking-without-business={wrong}");
        refused(&case, &["--defaults", "--accept", &number], &["44 of 400"]).await;
    }
    let accepted = ["--defaults", "--accept", "booking-without-business=44"];
    let said = "44 of 400 bookings leave the application: 44 to the quarantine";
    plan(&case, &accepted).await.code(0).says(&[said]);
    case.apply(&[]).await.code(0);
    case.ringfence(&["report"]).await.code(0).says(&[said]);
    case.ringfence(&["verify"]).await.code(0);
    case.roll_back(&[]).await.code(0);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn placeholders_and_bookings_that_are_left_count_as_well() {
    let case = World::clean().without_user(12).case().await;
    let asks = "--accept booking-without-user=12";
    refused(&case, &["--defaults"], &[asks, "placeholder"]).await;
    for choice in ["quarantine", "leave", "placeholder"] {
        decisions(
            &case,
            &format!("[policy]\nbooking-without-user = \"{choice}\"\n"),
        );
        refused(&case, &DECIDED, &[asks]).await;
    }
    // Each conflict answered by itself is no number either.
    let single = |business| {
        format!(
            "[[decision]]\ncode = \"booking-without-user\"\nbusiness = \"{}\"\nsubjects = [\"{}\"]\nchoice = \"leave\"\n",
            id(b'b', business),
            id(b'u', 900)
        )
    };
    decisions(&case, &(0..3).map(single).collect::<String>());
    refused(&case, &DECIDED, &[asks, "left without a customer"]).await;
    let accepted = [
        "--decisions",
        "d.toml",
        "--accept",
        "booking-without-user=12",
    ];
    plan(&case, &accepted).await.code(0);
}

#[tokio::test]
async fn bookings_of_an_account_holder_whom_a_decision_skips_count() {
    let case = World::clean().of_an_owner(20).case().await;
    plan(&case, &["--defaults"]).await.code(0);
    std::fs::remove_file(case.path("plan.json")).unwrap();
    decisions(&case, "[policy]\naccount-also-customer = \"skip\"\n");
    refused(&case, &DECIDED, &["--accept account-also-customer=20"]).await;
    let accepted = [
        "--decisions",
        "d.toml",
        "--accept",
        "account-also-customer=20",
    ];
    plan(&case, &accepted)
        .await
        .code(0)
        .says(&["20 of 400 bookings leave the application: 20 left without a customer"]);
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn kinds_that_pass_one_in_a_hundred_only_together_are_each_confirmed() {
    let case = World::clean()
        .without_business(8)
        .without_user(7)
        .case()
        .await;
    let (business, user) = ("booking-without-business=8", "booking-without-user=7");
    refused(&case, &["--defaults"], &[business, user]).await;
    refused(&case, &["--defaults", "--accept", business], &[user]).await;
    refused(&case, &["--defaults", "--accept", user], &[business]).await;
    let both = ["--defaults", "--accept", business, "--accept", user];
    plan(&case, &both).await.code(0);
    case.apply(&[]).await.code(0);
}

#[tokio::test]
async fn ten_bookings_or_one_in_a_hundred_need_no_number() {
    let case = World::clean().without_business(10).case().await;
    plan(&case, &["--defaults"])
        .await
        .code(0)
        .says(&["10 of 400 bookings leave the application"]);
    // A number that is said must be right all the same.
    refused_beside(&case, "booking-without-business=9").await;
}

/// As [`refused`], where a plan stands already.
async fn refused_beside(case: &Case, number: &str) {
    let old = std::fs::read(case.path("plan.json")).unwrap();
    plan(case, &["--defaults", "--accept", number])
        .await
        .code(2);
    assert_eq!(std::fs::read(case.path("plan.json")).unwrap(), old);
}

#[tokio::test]
async fn the_survey_ends_with_2_until_the_number_is_confirmed() {
    let case = World::clean().without_business(44).case().await;
    decisions(&case, "[policy]\nbooking-without-business = \"leave\"\n");
    let mut survey = vec!["survey", "--decisions", "d.toml"];
    let asks = "--accept booking-without-business=44";
    case.ringfence(&survey).await.code(2).says(&[asks]);
    survey.extend(["--accept", "booking-without-business=40"]);
    case.ringfence(&survey).await.code(2);
    survey.pop();
    survey.push("booking-without-business=44");
    case.ringfence(&survey).await.code(0);
    survey.pop();
    survey.push("booking-without-everything=44");
    case.ringfence(&survey).await.code(1);
}

#[tokio::test]
async fn the_decisions_file_keeps_the_number_for_as_many_bookings_and_no_others() {
    let staging = World::clean().without_business(44).case().await;
    let text = "[policy]\nbooking-without-business = \"quarantine\"\n[accepted]\nbooking-without-business = 44\n";
    decisions(&staging, text);
    plan(&staging, &DECIDED).await.code(0);
    // On production there are others: the number is asked for again.
    let production = World::clean().without_business(60).case().await;
    decisions(&production, text);
    let asks = "--accept booking-without-business=60";
    refused(&production, &DECIDED, &[asks, "44 were accepted"]).await;
    let check = ["decisions", "check", "--decisions", "d.toml"];
    production.ringfence(&check).await.code(2).says(&[asks]);
    staging.ringfence(&check).await.code(0);
    let few = World::clean().without_business(4).case().await;
    decisions(&few, text);
    plan(&few, &DECIDED).await.code(0);
}

#[tokio::test]
async fn more_bookings_than_were_confirmed_are_drift() {
    let case = World::clean().of_an_owner(20).case().await;
    decisions(&case, "[policy]\naccount-also-customer = \"skip\"\n");
    let accepted = [
        "--decisions",
        "d.toml",
        "--accept",
        "account-also-customer=20",
    ];
    plan(&case, &accepted).await.code(0);
    let mut late = booking(700);
    late.insert("userId", id(b'u', 0));
    case.database
        .collection("Booking")
        .insert_one(late)
        .await
        .unwrap();
    let before = case.picture().await;
    let drift = ["account-also-customer", "21 of 401", "the plan accepts 20"];
    case.apply(&[]).await.code(4).says(&drift);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn bookings_that_were_few_when_planned_and_are_many_now_are_drift() {
    let case = World::clean().of_an_owner(10).case().await;
    decisions(&case, "[policy]\naccount-also-customer = \"skip\"\n");
    plan(&case, &DECIDED).await.code(0);
    for number in 700..703 {
        let mut late = booking(number);
        late.insert("userId", id(b'u', 0));
        let bookings = case.database.collection("Booking");
        bookings.insert_one(late).await.unwrap();
    }
    let before = case.picture().await;
    let drift = ["13 of 403", "the plan counted 10 and accepts none"];
    case.apply(&[]).await.code(4).says(&drift);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn a_plan_whose_number_was_changed_by_hand_is_refused() {
    let case = World::clean().without_business(44).case().await;
    let accepted = ["--defaults", "--accept", "booking-without-business=44"];
    plan(&case, &accepted).await.code(0);
    let path = case.path("plan.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = text.replacen(
        "\"booking-without-business\": 44",
        "\"booking-without-business\": 45",
        1,
    );
    assert_ne!(text, changed);
    std::fs::write(&path, changed).unwrap();
    let before = case.picture().await;
    case.apply(&[]).await.code(1).says(&["changed by hand"]);
    case.assert_same(&before).await;
}

#[tokio::test]
async fn a_session_keeps_an_answer_only_with_its_number_and_takes_both_back() {
    use ringfence::domain::accepted::Accepted;
    use ringfence::domain::conflict::Code;
    use ringfence::domain::decision::Alike;
    use ringfence::domain::history::Change;
    use ringfence::engine::{StepError, Watcher};

    let case = World::clean()
        .without_business(44)
        .without_user(2)
        .case()
        .await;
    let mut session = case.session().await;
    session.survey(&Watcher::silent()).await.unwrap();
    // All of every kind answers the kinds that need no number.
    assert_eq!(session.decide_alike(&Alike::default()).unwrap(), 2);
    assert_eq!(session.review().asks, [(Code::BookingWithoutBusiness, 44)]);
    let refused = session.decide_alike(&Alike::default()).unwrap_err();
    let StepError::AsksForNumber {
        code,
        bookings,
        mut changes,
        ..
    } = refused
    else {
        panic!("{refused}");
    };
    assert_eq!(
        (code, bookings, changes.len()),
        (Code::BookingWithoutBusiness, 44, 3)
    );
    let what = Accepted::Bookings(code);
    let mut wrong = changes.clone();
    wrong.push(Change::Accepted(what.clone(), Some(45)));
    assert!(session.decide(wrong).is_err());
    changes.push(Change::Accepted(what, Some(44)));
    session.decide(changes).unwrap();
    assert_eq!(session.review().asks, []);
    session.require_decided().unwrap();
    let file = std::fs::read_to_string(session.decisions_path()).unwrap();
    assert!(file.contains("booking-without-business = 44"), "{file}");
    session.undo().unwrap();
    assert!(session.require_decided().is_err());
    let file = std::fs::read_to_string(session.decisions_path()).unwrap();
    assert!(!file.contains("[accepted]"), "{file}");
}
