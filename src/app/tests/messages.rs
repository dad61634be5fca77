//! The messages that are neither keys nor answers.

use std::time::Duration;

use super::fixture::update;
use super::fixture::{at, ended, gate, ready, requests, review, running, standing, typing};
use crate::app::layer::{Layer, Question};
use crate::app::message::{ExitReason, TERMINAL_GONE};
use crate::app::{Answer, Effect, Message, Request, begin};
use crate::domain::checklist::{Progress, Step};
use crate::domain::gate::Destructive;

#[test]
fn a_console_that_opens_asks_where_the_steps_stand_and_surveys() {
    let mut model = super::fixture::empty();
    let effects = begin(&mut model, true);
    let (step, confirmed) = (Step::Survey, None);
    assert_eq!(
        requests(&effects),
        [&Request::Standing, &Request::Run { step, confirmed }]
    );
    assert!(!model.shared.may_write);
}

#[test]
fn a_signal_ends_what_runs_between_two_batches_and_a_second_one_leaves_at_once() {
    let mut model = running(ready());
    let effects = update(&mut model, Message::Signal("SIGTERM"));
    assert!(matches!(effects[..], [Effect::Cancel, Effect::Close]));
    assert_eq!(model.shared.leaving, Some(ExitReason::Signal("SIGTERM")));
    for same_event in ["SIGHUP", TERMINAL_GONE] {
        assert!(update(&mut model, Message::Signal(same_event)).is_empty());
    }
    let effects = update(&mut model, Message::Signal("SIGTERM"));
    assert!(matches!(effects[..], [Effect::LeaveNow]));
}

#[test]
fn when_the_engine_ends_a_question_about_its_job_goes_and_leaving_needs_nobody() {
    let mut model = running(ready());
    typing(&mut model, "x");
    assert!(matches!(
        model.shared.layers[..],
        [Layer::Question(Question::Cancel)]
    ));
    let model = ended(model);
    assert!(model.shared.layers.is_empty() && model.shared.running.is_none());
    let banner = model.shared.banner.as_ref().unwrap();
    assert!(banner.text.contains("Leave with q and start again"));
}

#[test]
fn pasted_text_goes_into_the_field_on_top_or_is_said_to_have_no_place() {
    let mut model = at("conflicts");
    update(&mut model, Message::Paste("email\n".into()));
    let notice = model.shared.notice.take().unwrap();
    assert_eq!(notice.text, "nothing here takes pasted text");
    typing(&mut model, "/");
    update(&mut model, Message::Paste("email\n".into()));
    assert_eq!(model.panes.conflicts.list.filter.text, "email");
}

#[test]
fn progress_belongs_to_the_job_that_runs() {
    let progress = || Progress {
        doing: "copying".into(),
        done: 1,
        total: 2,
        slow: String::new(),
    };
    let mut model = running(ready());
    update(&mut model, Message::Progress(progress()));
    assert_eq!(model.shared.running.as_ref().unwrap().percent(), Some(50));
    let mut model = ready();
    update(&mut model, Message::Progress(progress()));
    assert!(model.shared.running.is_none());
}

#[test]
fn the_time_is_what_the_runtime_said_last() {
    let mut model = ready();
    let now = Message::Now {
        since_start: Duration::from_secs(7),
        clock: "01:02:03".into(),
        wall: 5,
    };
    assert!(update(&mut model, now).is_empty());
    model.shared.alarm("a", "b");
    let line = model.shared.log.lines().back().unwrap();
    assert_eq!(
        (model.shared.now.as_secs(), line.clock.as_str()),
        (7, "01:02:03")
    );
}

#[test]
fn a_gate_that_arrives_under_a_layer_waits_for_its_key() {
    let mut model = ready();
    super::fixture::typing(&mut model, "?");
    let answer = Answer::Gate(Box::new(Ok(gate(Destructive::CutOver))));
    update(&mut model, Message::Answer(answer));
    assert!(matches!(model.shared.layers[..], [Layer::Help(_)]));
}

#[test]
fn a_banner_about_foreign_writes_goes_once_the_database_shows_none() {
    let mut model = ready();
    let writes = Answer::ForeignWrites("3 writes to Booking".into());
    update(&mut model, Message::Answer(writes));
    assert!(model.shared.banner.is_some());
    let read = |writes: Option<&str>| {
        let mut standing = standing(3);
        standing.situation.writes = writes.map(str::to_owned);
        Message::Answer(Answer::Standing(Ok(standing), review(true), None))
    };
    update(&mut model, read(Some("3 writes to Booking")));
    assert!(model.shared.banner.is_some(), "they are still there");
    update(&mut model, read(None));
    assert!(model.shared.banner.is_none());
}
