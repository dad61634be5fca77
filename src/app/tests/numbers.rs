//! Answers that take many bookings out of the application: the number is typed, and nothing else keeps them.

use super::commands::Case;
use super::fixture::{ENTER, ESC, at, press, requests, sources, typing};
use crate::app::layer::{Layer, LayerKind};
use crate::app::message::AskedNumber;
use crate::app::{Answer, Effect, Message, Model, Request, update};
use crate::domain::accepted::Accepted;
use crate::domain::conflict::{Choice, Code, ConflictKey};
use crate::domain::decision::Decision;
use crate::domain::history::Change;

const CODE: Code = Code::BookingWithoutBusiness;

fn answers() -> Vec<Change> {
    let key = ConflictKey {
        code: CODE,
        business: None,
        subjects: Vec::new(),
    };
    vec![Change::Answer(key, Some(Decision::new(Choice::Quarantine)))]
}

fn asks(model: &mut Model) {
    let asked = AskedNumber {
        code: CODE,
        bookings: 1_044,
        words: "1,044 bookings".into(),
        changes: answers(),
    };
    update(
        model,
        Message::Answer(Answer::AsksForNumber(Box::new(asked))),
    );
    assert_eq!(model.top(), Some(LayerKind::Number));
}

fn typed() -> Model {
    let mut model = at("conflicts");
    asks(&mut model);
    typing(&mut model, "1044");
    model
}

/// The transitions of the commands that hold here.
pub fn cases() -> Vec<Case> {
    vec![
        Case {
            id: "save",
            before: typed,
            after: |model, effects| {
                assert!(matches!(requests(effects)[..], [Request::Decide(_)]));
                assert!(model.shared.layers.is_empty());
            },
        },
        Case {
            id: "close",
            before: typed,
            after: |model, effects| {
                assert!(effects.is_empty() && model.shared.layers.is_empty());
            },
        },
    ]
}

fn enter(model: &mut Model) -> Vec<Effect> {
    update(model, Message::Key(ENTER))
}

#[test]
fn answers_are_kept_with_their_number_once_exactly_that_was_typed() {
    let mut model = at("conflicts");
    asks(&mut model);
    for wrong in ["", "1043", "all"] {
        typing(&mut model, wrong);
        assert!(enter(&mut model).is_empty(), "{wrong}");
        let Some(Layer::Number(open)) = model.shared.layers.last_mut() else {
            panic!("the field closed");
        };
        assert!(open.complaint.is_some());
        open.editor.clear();
    }
    typing(&mut model, "1,044");
    let effects = enter(&mut model);
    let mut expected = answers();
    expected.push(Change::Accepted(Accepted::Bookings(CODE), Some(1_044)));
    assert_eq!(requests(&effects), [&Request::Decide(expected)]);
    assert!(model.shared.layers.is_empty());
}

#[test]
fn going_back_keeps_nothing() {
    let mut model = at("conflicts");
    asks(&mut model);
    typing(&mut model, "1044");
    press(&mut model, ESC);
    assert!(model.shared.layers.is_empty());
    assert!(model.shared.facts.review().asks.is_empty());
}

#[test]
fn an_answer_of_the_editor_waits_under_the_number_and_closes_with_it() {
    let mut model = at("conflicts");
    let key = model.panes.conflicts.key(&model.shared.facts).unwrap();
    let answer = Answer::Sources(Box::new(Ok(sources(key))));
    update(&mut model, Message::Answer(answer));
    if let Some(Layer::Decision(open)) = model.shared.layers.last_mut() {
        open.sent = true;
    }
    asks(&mut model);
    press(&mut model, ESC);
    assert!(matches!(model.shared.layers.last(), Some(Layer::Decision(open)) if !open.sent));
    if let Some(Layer::Decision(open)) = model.shared.layers.last_mut() {
        open.sent = true;
    }
    asks(&mut model);
    typing(&mut model, "1044");
    press(&mut model, ENTER);
    assert!(model.shared.layers.is_empty());
}
