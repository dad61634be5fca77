//! The commands that hold in every pane.

use super::commands::Case;
use super::fixture::{DONE, ended, ready, review, running, standing, update};
use super::panes::{asked, case, conflicts};
use crate::app::key::Key;
use crate::app::layer::{Layer, Question};
use crate::app::panes::TABLE;
use crate::app::panes::checklist::Row;
use crate::app::shared::Banner;
use crate::app::{Answer, Effect, Message, Model, Request};
use crate::domain::checklist::{Phase, Step};
use crate::domain::gate::{Destructive, New};

pub fn cases() -> Vec<Case> {
    let job = || running(ready());
    vec![
        case("next-pane", ready, |model, _| {
            assert_eq!(model.shared.pane, TABLE[1].id);
        }),
        case("previous-pane", ready, |model, _| {
            assert_eq!(model.shared.pane, TABLE[TABLE.len() - 1].id);
        }),
        case("pane", ready, |model, _| {
            // Each digit is pressed once; the first one leads to where we are.
            assert!(TABLE.iter().any(|row| row.id == model.shared.pane));
        }),
        case("up", ready, |model, _| {
            assert_eq!(model.panes.checklist.step(), Step::ALL[DONE - 1]);
        }),
        case("down", ready, |model, _| {
            assert_eq!(model.panes.checklist.step(), Step::ALL[DONE + 1]);
            assert!(!model.shared.follows);
        }),
        case("page-up", ready, |model, _| {
            assert_eq!(model.panes.checklist.step(), Step::ALL[DONE - 2]);
        }),
        case("page-down", ready, |model, _| {
            assert_eq!(model.panes.checklist.step(), Step::ALL[DONE + 2]);
        }),
        case("first", ready, |model, _| {
            assert_eq!(model.panes.checklist.row, Row::Phase(Phase::Preparation));
        }),
        case("last", ready, |model, _| {
            assert_eq!(model.panes.checklist.row, Row::Phase(Phase::After));
        }),
        case("cancel", job, |model, effects| {
            assert!(effects.is_empty(), "it asks first");
            assert!(matches!(
                model.shared.layers.last(),
                Some(Layer::Question(Question::Cancel))
            ));
        }),
        case("pause", job, |model, effects| {
            assert!(model.shared.limits.paused);
            assert!(matches!(effects, [Effect::Pace(limits)] if limits.paused));
        }),
        case("slower", job, |_, effects| {
            assert!(matches!(effects, [Effect::Pace(limits)] if limits.rate == Some(10_000)));
        }),
        case(
            "faster",
            || {
                let mut model = running(ready());
                model.shared.limits.rate = Some(100);
                model
            },
            |_, effects| {
                assert!(matches!(effects, [Effect::Pace(limits)] if limits.rate == Some(200)));
            },
        ),
        case("roll-back", ready, |model, effects| {
            asked(effects, &Request::Gate(Destructive::RollBack(New::Refuse)));
            assert!(
                model.shared.running.is_none(),
                "nothing runs before its gate"
            );
        }),
        case("whole-message", alarmed, |model, _| {
            assert!(
                matches!(model.shared.layers.last(), Some(Layer::Whole(whole)) if whole.text == "b")
            );
        }),
        case("help", ready, |model, _| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Help(_))));
        }),
        case("quit", ready, |model, effects| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Leave)));
            assert!(effects.is_empty() && model.shared.leaving.is_none());
        }),
        case(
            "quit",
            || ended(ready()),
            |model, effects| {
                assert!(matches!(effects, [Effect::LeaveNow]));
                assert!(model.shared.leaving.is_some());
            },
        ),
        case("back", alarmed, |model, _| {
            assert!(model.shared.banner.is_none());
        }),
        case(
            "back",
            || {
                let mut model = conflicts();
                model.panes.conflicts.open = true;
                model.shared.alarm("a", "b");
                model
            },
            |model, _| {
                assert!(!model.panes.conflicts.open, "the detail closes first");
                assert!(model.shared.banner.is_some());
            },
        ),
        case("interrupt", job, |model, effects| {
            assert!(effects.is_empty());
            assert!(matches!(
                model.shared.layers.last(),
                Some(Layer::Question(Question::Cancel))
            ));
        }),
        case("interrupt", ready, |model, _| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Leave)));
        }),
        case("interrupt", leaving, |model, effects| {
            assert!(model.shared.leaving.is_some(), "twice at rest leaves");
            assert!(matches!(effects, [Effect::Close]));
        }),
        case("run-to-the-gate", surveyed_only, |model, effects| {
            assert!(effects.is_empty(), "the first write asks");
            assert!(model.shared.goes_on);
            assert!(matches!(
                model.shared.layers.last(),
                Some(Layer::Question(Question::FirstWrite(_)))
            ));
        }),
        case("palette", ready, |model, _| {
            let Some(Layer::Palette(list, called)) = model.shared.layers.last() else {
                panic!("no palette");
            };
            assert_eq!(list.visible().len(), called.len());
            assert!(called.len() > 40);
        }),
        case("read-again", ready, |model, effects| {
            asked(effects, &Request::Standing);
            assert!(matches!(model.shared.layers.last(), Some(Layer::Truth(0))));
        }),
        case("read-again", job, |model, effects| {
            assert!(effects.is_empty(), "it is read when the step ends");
            assert!(matches!(model.shared.layers.last(), Some(Layer::Truth(0))));
        }),
        case("ids", ready, |model, _| assert!(model.shared.ids)),
        case("copy", ready, |_, effects| {
            assert!(matches!(effects, [Effect::Copy(text)] if text == "says"));
        }),
        case("mouse", ready, |model, effects| {
            assert!(!model.shared.mouse);
            assert!(matches!(effects, [Effect::Mouse(false)]));
        }),
        case("theme", ready, |model, _| {
            assert_eq!(model.shared.theme, "light");
        }),
        case("suspend", ready, |_, effects| {
            assert!(matches!(effects, [Effect::Suspend]));
        }),
    ]
}

/// The survey alone is done.
fn surveyed_only() -> Model {
    let mut model = ready();
    let standing = Answer::Standing(Ok(standing(1)), review(true), None);
    update(&mut model, Message::Answer(standing));
    model
}

fn leaving() -> Model {
    let mut model = ready();
    model.shared.layers.push(Layer::Leave);
    model
}

fn alarmed() -> Model {
    let mut model = ready();
    model.shared.banner = Some(Banner {
        title: "a".into(),
        text: "b".into(),
    });
    model
}

#[test]
fn an_answer_to_an_older_question_does_not_end_the_run_up_to_the_gate() {
    let late = |model: &mut Model| {
        let standing = super::fixture::standing(1);
        let answer = Answer::Standing(Ok(standing), super::fixture::review(false), None);
        update(model, Message::Answer(answer));
    };
    let mut model = ready();
    late(&mut model);
    update(&mut model, Message::Key(Key::char('>')));
    assert!(matches!(
        model.shared.layers.last(),
        Some(Layer::Question(_))
    ));
    late(&mut model);
    assert!(
        model.shared.goes_on,
        "it waits for the answer of the operator"
    );
    update(&mut model, Message::Key(Key::char('Y')));
    assert!(model.shared.running.is_some());
    late(&mut model);
    assert!(model.shared.goes_on, "it waits for the end of the step");
}
