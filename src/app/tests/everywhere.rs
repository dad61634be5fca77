//! The commands that hold in every pane.

use super::commands::Case;
use super::fixture::{DONE, ended, ready, running};
use super::panes::{asked, case, conflicts};
use crate::app::layer::{Layer, Question};
use crate::app::panes::TABLE;
use crate::app::shared::Banner;
use crate::app::{Effect, Model, Request};
use crate::domain::checklist::Step;
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
            assert_eq!(model.panes.checklist.selected, DONE - 1);
        }),
        case("down", ready, |model, _| {
            assert_eq!(model.panes.checklist.selected, DONE + 1);
            assert!(!model.shared.follows);
        }),
        case("page-up", ready, |model, _| {
            assert_eq!(model.panes.checklist.selected, DONE - 2);
        }),
        case("page-down", ready, |model, _| {
            assert_eq!(model.panes.checklist.selected, DONE + 2);
        }),
        case("first", ready, |model, _| {
            assert_eq!(model.panes.checklist.selected, 0);
        }),
        case("last", ready, |model, _| {
            assert_eq!(model.panes.checklist.selected, Step::ALL.len() - 1);
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
            assert!(matches!(model.shared.layers.last(), Some(Layer::Whole(0))));
        }),
        case("help", ready, |model, _| {
            assert!(matches!(model.shared.layers.last(), Some(Layer::Help(0))));
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
        case("suspend", ready, |_, effects| {
            assert!(matches!(effects, [Effect::Suspend]));
        }),
    ]
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
