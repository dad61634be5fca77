//! What the commands of the panes say when they cannot be done.

use super::commands::Refusal;
use super::fixture::{
    DONE, ENTER, at, empty, ended, ready, requests, review, running, standing, update,
};
use super::panes::{conflict, conflicts, decided, step, surveyed_nothing};
use crate::app::conflict_list::Filter;
use crate::app::key::Key;
use crate::app::message::Job;
use crate::app::{Answer, Message, Model};
use crate::domain::checklist::{State, Step};
use crate::domain::ending::Ended;

fn refusal(id: &'static str, before: fn() -> Model, why: &'static str) -> Refusal {
    Refusal { id, before, why }
}

const RUNS: &str = "Back up runs: wait for its end, or end it with x";
const NO_SURVEY: &str = "no business is known: run the survey (“Survey”)";
const NO_CONFLICT: &str = "no conflict is known: run the survey (“Survey”)";

pub fn refusals() -> Vec<Refusal> {
    let mut refusals = vec![
        refusal("run", empty, "the state of the steps has not been read yet"),
        refusal("run", || step(Step::Verify), "says"),
        refusal(
            "run",
            || {
                let mut model = step(Step::CutOver);
                model.shared.facts.statuses[DONE].state = State::Done;
                model
            },
            "it is done; < rolls back",
        ),
        refusal("run", || running(ready()), RUNS),
        refusal(
            "run",
            || ended(ready()),
            "the engine has ended: leave with q and start again",
        ),
        refusal("note", ready, "this step is run, not noted"),
        refusal(
            "note",
            empty,
            "the state of the steps has not been read yet",
        ),
        refusal(
            "take-note-back",
            || step(Step::Test),
            "there is no note on it",
        ),
        refusal("contact", empty, "the survey comes first (“Survey”)"),
        refusal(
            "contact",
            || {
                let mut model = ready();
                let at = Step::ALL.iter().position(|it| *it == Step::CutOver);
                model.shared.facts.statuses[at.unwrap()].state = State::Done;
                model
            },
            "“Cut over” is done, by a plan that says it",
        ),
        refusal("block-writes", empty, "the backup comes first (“Back up”)"),
        refusal(
            "push-schema",
            ready,
            "the cut-over comes first (“Cut over”)",
        ),
        refusal("take-strays-in", ready, "no stray stands in this database"),
        refusal(
            "set-strays-aside",
            ready,
            "no stray stands in this database",
        ),
        refusal(
            "put-indexes-back",
            ready,
            "the cut-over comes first (“Cut over”)",
        ),
        refusal(
            "block-writes",
            || {
                let mut model = ready();
                model.shared.facts.writes_blocked = Some("since".into());
                model
            },
            "writes are blocked already; a note on “Go live” releases them",
        ),
        refusal(
            "its-conflicts",
            || surveyed_nothing("businesses"),
            NO_SURVEY,
        ),
        refusal("its-bookings", || surveyed_nothing("businesses"), NO_SURVEY),
        refusal("take-back", conflicts, "it is undecided already"),
        refusal("accept-all", decided, "every conflict has an answer"),
        refusal(
            "other-answer",
            || conflict(2),
            "this kind of conflict has one answer: a accepts it",
        ),
        refusal("show-all", conflicts, "no filter is set"),
        refusal("show-all", || at("bookings"), "no filter is set"),
        refusal(
            "filter-business",
            || surveyed_nothing("conflicts"),
            NO_SURVEY,
        ),
        refusal(
            "filter-business",
            || surveyed_nothing("bookings"),
            NO_SURVEY,
        ),
        refusal(
            "accept",
            || {
                let mut model = conflicts();
                let nothing = Filter {
                    text: "zzzz".into(),
                    ..Default::default()
                };
                model.panes.conflicts.show(&model.shared.facts, nothing);
                model
            },
            "no conflict passes the filter: F shows all",
        ),
        refusal(
            "this-customer",
            || {
                let mut model = at("bookings");
                model.panes.bookings.pages.selected = 2;
                model
            },
            "this booking goes to no customer",
        ),
        refusal(
            "roll-back",
            empty,
            "the state of the steps has not been read yet",
        ),
        refusal(
            "roll-back",
            || {
                let mut model = empty();
                let opened = Answer::Standing(Ok(standing(1)), review(false), None);
                update(&mut model, Message::Answer(opened));
                model
            },
            "nothing to roll back: the live data is untouched by any run on record; nothing is prepared",
        ),
        refusal(
            "roll-back",
            || {
                let mut model = ready();
                for status in &mut model.shared.facts.statuses {
                    status.state = State::Done;
                }
                model
            },
            "the originals are deleted: only `ringfence restore` leads back",
        ),
        refusal("whole-message", ready, "there is no message"),
        refusal(
            "quit",
            || running(ready()),
            "Back up runs: end it with x first, then leave",
        ),
        refusal(
            "suspend",
            || running(ready()),
            "Back up runs: suspending would freeze it in the middle of a batch; end it with x first",
        ),
        refusal(
            "cancel",
            || {
                let mut model = running(ready());
                model.shared.running.as_mut().unwrap().cancelling = true;
                model
            },
            "it ends after this batch",
        ),
    ];
    for id in ["cancel", "pause", "slower", "faster"] {
        refusals.push(refusal(id, ready, "nothing runs"));
    }
    for id in [
        "accept",
        "accept-all",
        "other-answer",
        "edit",
        "survivor-rule",
        "take-back",
        "next-undecided",
        "sort-conflicts",
        "records",
        "kind",
        "only-undecided",
        "find",
    ] {
        refusals.push(refusal(id, || surveyed_nothing("conflicts"), NO_CONFLICT));
    }
    for id in ["accept", "undo", "redo", "edit", "survivor-rule"] {
        refusals.push(refusal(id, || running(conflicts()), RUNS));
    }
    refusals.push(refusal(
        "undo",
        nothing_decided,
        "nothing was decided since the console opened",
    ));
    refusals.push(refusal("redo", nothing_decided, "nothing was taken back"));
    for id in ["find-bookings", "unusual", "sort-bookings", "this-customer"] {
        refusals.push(refusal(id, || running(at("bookings")), RUNS));
    }
    for id in ["names", "export"] {
        refusals.push(refusal(id, || running(at("report")), RUNS));
    }
    refusals.push(refusal("run-to-the-gate", || running(ready()), RUNS));
    for id in ["drill-down", "find-business"] {
        refusals.push(refusal(id, || surveyed_nothing("businesses"), NO_SURVEY));
    }
    refusals
}

fn nothing_decided() -> Model {
    let mut model = conflicts();
    let mut review = review(false);
    (review.undo, review.redo) = (0, 0);
    model.shared.facts.set_review(review);
    model.facts_changed();
    super::fixture::look(&mut model);
    model
}

#[test]
fn no_step_runs_between_the_end_of_one_and_the_reading_of_what_is_true_then() {
    let mut model = running(ready());
    let answer = Answer::Ended(Job::Step(Step::BackUp), Ended::done("8 collections"));
    update(&mut model, Message::Answer(answer));
    for key in [ENTER, Key::char('>')] {
        let effects = update(&mut model, Message::Key(key));
        assert!(requests(&effects).is_empty(), "{effects:?}");
        assert_eq!(
            model
                .shared
                .notice
                .as_ref()
                .map(|it| it.text.contains("being read")),
            Some(true)
        );
    }
    let answer = Answer::Standing(Ok(standing(DONE)), review(true), None);
    update(&mut model, Message::Answer(answer));
    let effects = update(&mut model, Message::Key(ENTER));
    assert_eq!(requests(&effects).len(), 1);
}
