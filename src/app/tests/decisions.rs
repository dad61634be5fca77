//! The commands of the decision editor.

use super::commands::Case;
use super::fixture::{ended, requests, typing};
use super::layers::{case, editor, open};
use crate::app::Request;
use crate::app::layer::decision_editor::Typing;
use crate::domain::conflict::Choice;

pub fn decisions() -> Vec<Case> {
    let lower = || {
        let mut model = editor();
        typing(&mut model, "j");
        model
    };
    let picked = || {
        let mut model = editor();
        typing(&mut model, "l");
        model
    };
    vec![
        case("field-up", lower, |model, _| {
            assert_eq!(open(model).field, 0);
        }),
        case("field-down", editor, |model, _| {
            assert_eq!(open(model).field, 1);
        }),
        case("take-left", editor, |model, _| {
            let user = &open(model).decision.pick["name"];
            assert_eq!(user.as_str(), Some("a"));
        }),
        case("take-right", editor, |model, _| {
            let user = &open(model).decision.pick["name"];
            assert_eq!(user.as_str(), Some("b"));
        }),
        case("type-value", editor, |model, _| {
            assert!(matches!(open(model).typing, Some(Typing::Value(_))));
        }),
        case("clear-field", picked, |model, _| {
            assert!(open(model).decision.pick.is_empty());
        }),
        case("turn-right", editor, |model, _| {
            assert_eq!(open(model).right, 2);
        }),
        case("turn-left", editor, |model, _| {
            assert_eq!(open(model).left, 2);
        }),
        case("next-answer", editor, |model, _| {
            assert_eq!(open(model).decision.choice, Choice::KeepApart);
        }),
        case("next-survivor-rule", editor, |model, _| {
            assert!(open(model).decision.survivor.is_some());
        }),
        case("type-note", editor, |model, _| {
            assert!(matches!(open(model).typing, Some(Typing::Note(_))));
        }),
        case("keep-answer", editor, |model, effects| {
            assert!(matches!(requests(effects)[..], [Request::Decide(_)]));
            assert!(open(model).sent, "open until it is kept");
        }),
        case(
            "keep-answer",
            || ended(editor()),
            |model, effects| {
                assert!(effects.is_empty());
                let complaint = open(model).complaint.as_deref().unwrap();
                assert!(complaint.starts_with("the engine has ended"));
            },
        ),
    ]
}
